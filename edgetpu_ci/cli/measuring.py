"""`run`, `compare`, `bisect` and `selftest`: the commands that measure."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edgetpu_ci.cli import alerts, output, reports, surroundings
from edgetpu_ci.errors import ConfigError, EdgeTpuCiError

if TYPE_CHECKING:
    from edgetpu_ci.app import Outcome
    from edgetpu_ci.base import Files
    from edgetpu_ci.config import Config
    from edgetpu_ci.world import World

_REPORT = Path("edgetpu-ci-report")


def run_options(command: argparse.ArgumentParser) -> None:
    """The options of `run`."""
    _models_options(command)
    command.add_argument(
        "--device", metavar="DEVICE", nargs="+", default=[], help="run on each of these, such as usb:0; one report each"
    )
    command.add_argument("--side-by-side", action="store_true", help="measure on all devices at the same time")
    command.add_argument("--kpis", action="store_true", help="collect `kpis` of the configuration, not `collect`")
    _output_option(command)


def selftest_options(command: argparse.ArgumentParser) -> None:
    """The options of `selftest`."""
    _models_options(command)


def compare_options(command: argparse.ArgumentParser) -> None:
    """The options of `compare`."""
    with_what = command.add_mutually_exclusive_group(required=True)
    with_what.add_argument(
        "--base",
        metavar="REF|FILE",
        nargs="+",
        help="a commit, branch or tag; or a file for each --head",
    )
    with_what.add_argument(
        "--published",
        metavar="REPORT",
        nargs="?",
        const=_REPORT,
        type=Path,
        help="measure nothing: show what others published of Coral devices beside a report (default: %(const)s)",
    )
    command.add_argument(
        "--head", metavar="FILE", nargs="+", default=[], help="models, instead of what the configuration says"
    )
    surroundings.config_option(command)
    _output_option(command)


def _models_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "models", metavar="MODEL", nargs="*", help="measure these instead of what the configuration says"
    )
    command.add_argument("--reference", action="store_true", help="measure the built-in reference model")
    surroundings.config_option(command)


def _output_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--output", metavar="FOLDER", type=Path, default=_REPORT, help="default: %(default)s")


def run(arguments: argparse.Namespace) -> int:
    """Measure, judge, save and publish."""
    from edgetpu_ci import app, config

    if arguments.kpis and (arguments.models or arguments.reference or arguments.device):
        raise ConfigError("--kpis measures no model and no device; name it without either.")
    settings = _models_or_settings(arguments)
    if arguments.kpis:
        settings = config.of_kpis(settings)
    if arguments.device:
        return surroundings.traced(settings, "run", lambda world: _on_devices(settings, arguments, world))
    if arguments.side_by_side:
        raise ConfigError("--side-by-side needs several devices; name them with --device.")
    return surroundings.traced(settings, "run", lambda world: _told(app.run(settings, arguments.output, world)))


def _on_devices(settings: "Config", arguments: argparse.Namespace, world: "World") -> int:
    from edgetpu_ci import on_devices

    results = on_devices.run(settings, arguments.device, arguments.output, world, side_by_side=arguments.side_by_side)
    for device, result in results.items():
        output.say(f"\ndevice  {device}\n")
        if isinstance(result, EdgeTpuCiError):
            output.fail(f"{device}: {result}")
        else:
            _told(result)
    return on_devices.exit_status(results)


def compare(arguments: argparse.Namespace) -> int:
    """Measure base and head in turns, then as `run`; or show what others published."""
    from msgspec.structs import replace

    from edgetpu_ci import app

    if arguments.published:
        return _beside_published(arguments)
    settings = _models_or_settings(argparse.Namespace(**vars(arguments), models=arguments.head, reference=False))
    files = _files(arguments.base, arguments.head)
    if files is None:
        settings = replace(settings, compare=replace(settings.compare, base=arguments.base[0]))
    return surroundings.traced(
        settings, "compare", lambda world: _told(app.run(settings, arguments.output, world, against=files))
    )


def _beside_published(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import app, published
    from edgetpu_ci.render import published as said

    if arguments.head or arguments.config:
        raise ConfigError("--published measures nothing: it takes a REPORT alone, without --head and --config.")
    known = published.load()
    output.say(said.text(published.standings(app.read_report(arguments.published), known), known))
    return 0


def selftest(arguments: argparse.Namespace) -> int:
    """Measure models against themselves; 5 when this runner is too noisy."""
    settings = _models_or_settings(arguments)
    return surroundings.traced(settings, "selftest", lambda world: _selftested(settings, world))


def _selftested(settings: "Config", world: "World") -> int:
    from edgetpu_ci import selftest
    from edgetpu_ci.render import selftest as said

    outcome = selftest.run(settings, world)
    output.say(said.text(outcome.machine, outcome.tests, outcome.runner, simulated=outcome.simulated))
    return outcome.exit_status


def bisect_options(command: argparse.ArgumentParser) -> None:
    """The options of `bisect`."""
    command.add_argument("models", metavar="MODEL", nargs="*", help="models, instead of what the configuration says")
    command.add_argument("--good", metavar="REF", required=True, help="a commit that was as it should be")
    command.add_argument("--bad", metavar="REF", required=True, help="a later commit that is worse")
    surroundings.config_option(command)


def bisect(arguments: argparse.Namespace) -> int:
    """Find the commit that made something worse."""
    settings = _models_or_settings(argparse.Namespace(**vars(arguments), reference=False))
    return surroundings.traced(settings, "bisect", lambda world: _bisected(settings, arguments, world))


def _bisected(settings: "Config", arguments: argparse.Namespace, world: "World") -> int:
    from edgetpu_ci import bisection

    answer = bisection.search(settings, arguments.good, arguments.bad, output.say, world)
    output.say(bisection.text(answer, world))
    return answer.exit_status


def _files(bases: list[str], heads: list[str]) -> "Files | None":
    """The files that were named as bases; None where a commit was."""
    from edgetpu_ci.base import Files

    if not all(Path(base).is_file() for base in bases):
        if len(bases) == 1:
            return None
        raise ConfigError(
            f"{next(base for base in bases if not Path(base).is_file())} is no file; --base takes one REF or files."
        )
    if len(bases) != len(heads):
        raise ConfigError(f"--base names {len(bases)} files and --head {len(heads)}; name one base for each head.")
    return Files({Path(head).resolve(): Path(base).resolve() for base, head in zip(bases, heads, strict=True)})


def _told(outcome: "Outcome") -> int:
    reports.tell(outcome)
    _say_places(outcome)
    if outcome.exit_status == 3:  # noqa: PLR2004 - what `Outcome` calls nothing measured
        output.fail("Nothing could be measured; the reasons are in the table above.")
    if outcome.told and (line := alerts.line(outcome.told)):
        output.say(f"alerts  {line}")
    for problem in outcome.problems:
        output.fail(str(problem))
    return outcome.exit_status


def _models_or_settings(arguments: argparse.Namespace) -> "Config":
    from edgetpu_ci import embedded, reference

    if (arguments.models or arguments.reference) and arguments.config:
        raise ConfigError("Name either models or --config, not both: the configuration has its own list of models.")
    if arguments.reference:
        return embedded.settings([*arguments.models, str(reference.write(Path(".edgetpu-ci", reference.NAME)))])
    return embedded.settings(arguments.models) if arguments.models else surroundings.settings(arguments)


def _say_places(outcome: "Outcome") -> None:
    from edgetpu_ci import validity

    if saved := outcome.saved:
        output.say(f"\nreport  {saved.report}")
        if saved.chart:
            output.say(f"chart   {saved.chart}")
        run = outcome.report.run
        measured = any(measurement.slots for measurement in run.measurements)
        if (
            measured
            and not run.is_simulated
            and not validity.invalid(run.measurements)
            and all(comparison.against == "previous run" for comparison in outcome.report.comparisons)
        ):
            output.say(f"accept  {_program()} baseline accept {saved.report}   # makes it the baseline of this machine")


def _program() -> str:
    """How to call us again from the same shell: a checkout's scripts put nothing on the PATH."""
    import shlex
    import shutil
    import sys

    return "edgetpu-ci" if shutil.which("edgetpu-ci") else shlex.join([sys.executable, sys.argv[0]])
