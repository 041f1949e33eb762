"""The command line: the only place that parses arguments, prints and decides the exit status.

Everything else is imported by the verb that needs it, so that `--help` stays instant.
"""

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from edgetpu_ci import __version__
from edgetpu_ci.errors import ConfigError, EdgeTpuCiError, StoreError

if TYPE_CHECKING:
    from edgetpu_ci.app import Outcome
    from edgetpu_ci.config import Config
    from edgetpu_ci.world import World

INTERRUPTED, BUG = 130, 70
_LONGEST = 2000

_EPILOG = """\
exit status:
  0 passed   1 a rule failed   2 configuration or usage   3 nothing could be measured
  4 publish could not deliver   5 inconclusive or unknown, where the policy says that fails
  70 a bug   130 interrupted
"""


def run(argv: Sequence[str]) -> int:
    """Run one command; its exit status. Expected failures are one sentence, bugs a traceback."""
    arguments = _parser().parse_args(argv)
    # A cancelled job gets SIGTERM: leave as after Ctrl-C, so that no child stays behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return int(arguments.verb(arguments))
    except EdgeTpuCiError as error:
        _fail(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        _fail("Interrupted; nothing half-written was left behind.")
        return INTERRUPTED
    except Exception:  # noqa: BLE001 - the last resort: a bug must not look like a verdict
        _warn(traceback.format_exc())
        _fail("This is a bug in edgetpu-ci. Please report it with the lines above.")
        return BUG


def _fail(sentence: str) -> None:
    from edgetpu_ci.render import words

    _warn(f"edgetpu-ci: {words.plain(sentence, _LONGEST)}")


def _say(text: str) -> None:
    """Print prose. It may hold the name of a file or a tensor, and a name may be anything."""
    from edgetpu_ci.render import words

    _print(words.prose(text))


def _warn(text: str) -> None:
    """The same on standard error."""
    from edgetpu_ci.render import words

    _print(words.prose(text), sys.stderr)


def _print(text: str, stream: TextIO | None = None, end: str = "\n") -> None:
    """Print data, or what is harmless already. A reader who leaves early, as `head` does, changes no verdict."""
    stream = stream or sys.stdout
    try:
        print(text, file=stream, end=end, flush=True)
    except OSError as error:
        # What is still to come, also from Python itself at the end, must meet somebody.
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, stream.fileno())
        os.close(nobody)
        if not isinstance(error, BrokenPipeError):
            raise StoreError(f"The output could not be written: {os.strerror(error.errno or 0).lower()}.") from error


class _Parser(argparse.ArgumentParser):
    """One that can be called with the name of any file."""

    def error(self, message: str) -> NoReturn:
        from edgetpu_ci.render import words

        super().error(words.tame(words.plain(message, _LONGEST)))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="edgetpu-ci",
        description="Benchmark TFLite and Coral Edge TPU models in CI, and say honestly what changed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"edgetpu-ci {__version__}")
    verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, (verb, summary, configure) in _VERBS.items():
        command = verbs.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        command.set_defaults(verb=verb)
        configure(command)
    return parser


def _config_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", metavar="FILE", type=Path, help="the configuration (default: edgetpu-ci.yml)")


def _run_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "models", metavar="MODEL", nargs="*", help="measure these instead of what the configuration says"
    )
    command.add_argument("--reference", action="store_true", help="measure the built-in reference model")
    _config_option(command)
    command.add_argument(
        "--output", metavar="FOLDER", type=Path, default=Path("edgetpu-ci-report"), help="default: %(default)s"
    )


def _judge_options(command: argparse.ArgumentParser) -> None:
    _config_option(command)
    command.add_argument("reports", metavar="REPORT", nargs="+", type=Path)


def _publish_options(command: argparse.ArgumentParser) -> None:
    _config_option(command)
    command.add_argument("report", metavar="REPORT", nargs="?", type=Path)
    command.add_argument(
        "--from-workflow-run",
        action="store_true",
        help="take the report from the artifact of the workflow run that started this job",
    )


def _show_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("report", metavar="REPORT", type=Path)
    command.add_argument("--markdown", action="store_true", help="print the comment instead of the table")
    command.add_argument("--chart", metavar="FILE", type=Path, help="draw the chart into a .png or .svg file")


def _inspect_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", metavar="MODEL", type=Path)
    command.add_argument("--json", action="store_true", help="print JSON")


def _baseline_options(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(required=True, metavar="ACTION")
    accepting = actions.add_parser("accept", help="take the levels of a report as the baseline of its device")
    _config_option(accepting)
    accepting.add_argument(
        "report", metavar="REPORT", nargs="?", type=Path, default=Path("edgetpu-ci-report/report.json")
    )
    accepting.add_argument("--by", default="", help="who accepts (default: git's user.name)")
    accepting.add_argument("--reason", default="", help="why")
    accepting.set_defaults(verb=_accept)
    showing = actions.add_parser("show", help="print the baseline of this machine")
    _config_option(showing)
    showing.set_defaults(verb=_show_baseline)


def _no_options(_command: argparse.ArgumentParser) -> None:
    """A command without options."""


def _settings(arguments: argparse.Namespace) -> "Config":
    from edgetpu_ci import config

    return config.load(arguments.config or Path(config.FILE))


def _settings_if_any(arguments: argparse.Namespace) -> "Config":
    """For verbs that work without a configuration: the default one, unless a file is named or there."""
    from edgetpu_ci import config, embedded

    return _settings(arguments) if arguments.config or Path(config.FILE).exists() else embedded.settings(())


def _world(arguments: argparse.Namespace) -> "World":
    from dataclasses import replace

    from edgetpu_ci.render import progress
    from edgetpu_ci.world import real_world

    del arguments
    show = progress.bar if _watched(sys.stderr) else progress.lines
    return replace(
        real_world(),
        out=_print,
        warn=_warn,
        progress=show(lambda text: _print(text, sys.stderr, end="")),
    )


def _watched(stream: TextIO | None) -> bool:
    """Whether a person looks at it: some runners hand a terminal to their jobs and keep what is written as a log."""
    return stream is not None and stream.isatty() and "CI" not in os.environ


def _run(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import app

    outcome = app.run(_models_or_settings(arguments), arguments.output, _world(arguments))
    _tell(outcome)
    _say_places(outcome)
    if outcome.exit_status == 3:  # noqa: PLR2004 - what `Outcome` calls nothing measured
        _fail("Nothing could be measured; the reasons are in the table above.")
    for problem in outcome.problems:
        _fail(str(problem))
    return outcome.exit_status


def _models_or_settings(arguments: argparse.Namespace) -> "Config":
    from edgetpu_ci import embedded, reference

    if (arguments.models or arguments.reference) and arguments.config:
        raise ConfigError("Name either models or --config, not both: the configuration has its own list of models.")
    if arguments.reference:
        return embedded.settings([*arguments.models, str(reference.write(Path(".edgetpu-ci", reference.NAME)))])
    return embedded.settings(arguments.models) if arguments.models else _settings(arguments)


def _tell(outcome: "Outcome") -> None:
    import shutil

    from edgetpu_ci.render import table

    _print(table.text(outcome.report, shutil.get_terminal_size((100, 24)).columns, colour=_watched(sys.stdout)))


def _say_places(outcome: "Outcome") -> None:
    if saved := outcome.saved:
        _say(f"\nreport  {saved.report}")
        if saved.chart:
            _say(f"chart   {saved.chart}")
        measured = any(measurement.slots for measurement in outcome.report.run.measurements)
        if measured and not any(comparison.against == "baseline" for comparison in outcome.report.comparisons):
            _say(f"accept  {_program()} baseline accept {saved.report}   # makes it the baseline of this machine")


def _program() -> str:
    """How to call us again from the same shell: a checkout's scripts put nothing on the PATH."""
    import shlex
    import shutil

    return "edgetpu-ci" if shutil.which("edgetpu-ci") else shlex.join([sys.executable, sys.argv[0]])


def _judge(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import app

    statuses = []
    for path in arguments.reports:
        outcome = app.judge_again(_settings_if_any(arguments), path, _world(arguments))
        _say(f"{path}")
        _tell(outcome)
        statuses.append(outcome.exit_status)
    return next((status for status in (1, 5, 3) if status in statuses), 0)


def _publish(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import app

    if bool(arguments.report) == arguments.from_workflow_run:
        raise ConfigError("`publish` needs either a REPORT or --from-workflow-run.")
    world = _world(arguments)
    report = app.foreign_report(world) if arguments.from_workflow_run else app.read_report(arguments.report)
    app.publish_report(_publish_settings(arguments), report, world)
    return 0


def _publish_settings(arguments: argparse.Namespace) -> "Config":
    """Without a configuration, as in a job that must not check out foreign code: summary and comment."""
    from msgspec.structs import replace

    from edgetpu_ci import config

    if arguments.config or Path(config.FILE).exists():
        return _settings(arguments)
    return replace(_settings_if_any(arguments), publish=(config.Step(use="job"), config.Step(use="pull_request")))


def _show(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import app, report_folder
    from edgetpu_ci.render import markdown

    report = app.read_report(arguments.report)
    if arguments.markdown:
        _print(markdown.comment(report))
    else:
        _tell(app.Outcome(report=report))
    if arguments.chart:
        if not report_folder.draw(arguments.chart, report):
            raise ConfigError('Drawing needs matplotlib; install "edgetpu-ci[chart]".')
        _say(f"\nchart   {arguments.chart}")
    return 0


def _inspect(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import inspection

    show = _print if arguments.json else _say
    show(inspection.text(arguments.model, as_json=arguments.json))
    return 0


def _accept(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import app

    world = _world(arguments)
    folder = Path(_settings_if_any(arguments).baselines)
    place = app.accept(folder, arguments.report, arguments.by, arguments.reason, world)
    _say(f"baseline  {place}   # review and commit it")
    return 0


def _show_baseline(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import app

    _say(app.show_baseline(Path(_settings_if_any(arguments).baselines), _world(arguments)))
    return 0


def _init(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import starter

    for path in starter.write(_world(arguments)):
        _say(f"wrote  {path}")
    _say("ignore .edgetpu-ci/ and edgetpu-ci-report/ in .gitignore: runs here leave them behind")
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import doctor

    findings = doctor.examine(arguments.config or Path("edgetpu-ci.yml"), _world(arguments))
    _say(doctor.text(findings))
    return 2 if any(finding.state == "bad" for finding in findings) else 0


def _schema(_arguments: argparse.Namespace) -> int:
    from edgetpu_ci import schema

    _print(schema.text(), end="")
    return 0


_Verb = tuple[Callable[[argparse.Namespace], int], str, Callable[[argparse.ArgumentParser], None]]

_VERBS: dict[str, _Verb] = {
    "run": (_run, "Measure, judge, save and publish; what the Action calls.", _run_options),
    "judge": (_judge, "Judge saved reports by the rules and baselines of today.", _judge_options),
    "publish": (_publish, "Say a saved report where the configuration names.", _publish_options),
    "show": (_show, "Show a saved report again: table, chart or comment.", _show_options),
    "inspect": (_inspect, "Tell what a model file holds: operators, MACs, tensors.", _inspect_options),
    "baseline": (_no_options, "Accept or show the baseline of this machine.", _baseline_options),  # type: ignore[dict-item]
    "init": (_init, "Write an edgetpu-ci.yml and a workflow for this repository.", _no_options),
    "doctor": (_doctor, "Check configuration, runtimes, permissions and token.", _config_option),
    "schema": (_schema, "Print the JSON Schema of edgetpu-ci.yml, for editors.", _no_options),
}
