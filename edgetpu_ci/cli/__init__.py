"""The command line: the only place that parses arguments, prints and decides the exit status.

Everything else is imported by the verb that needs it, so that `--help` stays instant.
"""

import argparse
import re
import signal
import traceback
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, NoReturn

from edgetpu_ci import __version__, spelling
from edgetpu_ci.cli import (
    alerts,
    backtest,
    baseline,
    checklist,
    devices,
    digest,
    fleet,
    health,
    importing,
    incidents,
    kpis,
    logs,
    measuring,
    metrics,
    output,
    pictures,
    render,
    reports,
    repository,
    runbooks,
    serve,
    statistics,
    store,
    upkeep,
)
from edgetpu_ci.cli.observing import PROCESS
from edgetpu_ci.cli.surroundings import config_option, no_options
from edgetpu_ci.errors import EdgeTpuCiError

INTERRUPTED, BUG = 130, 70

_EPILOG = """\
exit status:
  0 passed   1 a rule or a check failed   2 configuration or usage   3 nothing could be measured
  4 publish, alerts, digest or metrics could not deliver   5 inconclusive or unknown, where the policy says that fails
  70 a bug   130 interrupted
"""


class Verb(NamedTuple):
    """A command: what it is for, its options, and what it does; no `act` when each of its actions has its own."""

    summary: str
    options: Callable[[argparse.ArgumentParser], None]
    act: Callable[[argparse.Namespace], int] | None


VERBS: Final[dict[str, Verb]] = {
    "run": Verb("Measure, judge, save and publish; what the Action calls.", measuring.run_options, measuring.run),
    "compare": Verb(
        "Measure a base and the head in turns, and say what changed.", measuring.compare_options, measuring.compare
    ),
    "selftest": Verb(
        "Measure models against themselves: what changes this runner can tell, and whether it may decide.",
        measuring.selftest_options,
        measuring.selftest,
    ),
    "bisect": Verb(
        "Find the commit that made something worse, measuring over git.", measuring.bisect_options, measuring.bisect
    ),
    "judge": Verb("Judge saved reports by the rules and baselines of today.", reports.judge_options, reports.judge),
    "publish": Verb("Say a saved report where the configuration names.", reports.publish_options, reports.publish),
    "show": Verb("Show a saved report again: table, chart or comment.", reports.show_options, reports.show),
    "page": Verb("Draw the history of all series into one HTML file.", pictures.page_options, pictures.page),
    "badge": Verb("Draw the badge of a report for a README.", pictures.badge_options, pictures.badge),
    "table": Verb(
        "Write every value of the reports into one long table, CSV or Parquet.", pictures.table_options, pictures.table
    ),
    "inspect": Verb(
        "Tell what a model file holds: operators, MACs, tensors.", repository.inspect_options, repository.inspect
    ),
    "devices": Verb("List the Corals of this host, and who uses them; opens none.", devices.options, devices.run),
    "baseline": Verb("Accept, show or suggest the baseline of this machine.", baseline.options, None),
    "ab": Verb("Decide from rounds of base and head what became worse.", statistics.ab_options, statistics.ab),
    "detect": Verb("Find the changes of level in series of numbers.", statistics.detect_options, statistics.detect),
    "backtest": Verb(
        "Say what an alert would have done over the reports of the store.", backtest.options, backtest.run
    ),
    "fleet": Verb(
        "Lay the reports of several devices beside each other: suspect the code, or a device?", fleet.options, fleet.run
    ),
    "kpi": Verb("Show, list and explain the key figures of the repository.", kpis.options, None),
    "alerts": Verb("Look at what is new in the store, and tell whoever is to hear of it.", alerts.options, alerts.run),
    "incidents": Verb("List incidents, show, take on or close one, and silence alerts.", incidents.options, None),
    "health": Verb(
        "Tell whether what CI depends on answers, and how old its newest benchmark is.", health.options, health.run
    ),
    "metrics": Verb(
        "Push what is known to where it is watched, or bring the history of the store there.", metrics.options, None
    ),
    "digest": Verb(
        "Tell what became of the repository in a week: in Slack, as Markdown or as a page.", digest.options, digest.run
    ),
    "import": Verb(
        "Take over the history that github-action-benchmark kept in a data.js.", importing.options, importing.run
    ),
    "serve": Verb(
        "Serve metrics, health and a page over HTTP, from the store and this host.", serve.options, serve.run
    ),
    "store": Verb("Pack what the store holds of past months.", store.options, None),
    "erase": Verb(
        "Erase what is kept for key figures: of a time, of a pull request or issue, or all of it.",
        upkeep.erase_options,
        upkeep.erase,
    ),
    "review": Verb(
        "Show who and what may reach the repository, and record that a role has looked at it.",
        upkeep.review_options,
        None,
    ),
    "render": Verb(
        "Write the configuration of Prometheus, Alertmanager and Grafana, or check that it is up to date.",
        render.options,
        render.run,
    ),
    "runbook": Verb("List and check runbooks, and do what one says.", runbooks.options, None),
    "logs": Verb("List and remove files of logs, and check the audit log.", logs.options, None),
    "init": Verb("Write an edgetpu-ci.yml and a workflow for this repository.", no_options, repository.init),
    "doctor": Verb("Check configuration, runtimes, permissions and token.", config_option, repository.doctor),
    "checklist": Verb(
        "Try what only hardware can show, and write the result down to be sent.", checklist.options, checklist.run
    ),
    "schema": Verb("Print the JSON Schema of edgetpu-ci.yml, for editors.", no_options, repository.schema),
}


def run(argv: Sequence[str]) -> int:
    """Run one command; its exit status. Expected failures are one sentence, bugs a traceback."""
    arguments = _parser().parse_args(argv)
    # A cancelled job gets SIGTERM: leave as after Ctrl-C, so that no child stays behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return int(arguments.verb(arguments))
    except EdgeTpuCiError as error:
        output.fail(str(error))
        PROCESS.failed(error)
        return error.exit_status
    except KeyboardInterrupt:
        output.fail("Interrupted; nothing half-written was left behind.")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort: a bug must not look like a verdict
        output.warn(traceback.format_exc())
        output.fail("This is a bug in edgetpu-ci. Please report it with the lines above.")
        PROCESS.failed(error)
        return BUG
    finally:
        PROCESS.end()


class _Parser(argparse.ArgumentParser):
    """One that can be called with the name of any file."""

    def error(self, message: str) -> NoReturn:
        super().error(output.usage(message + _guess(message)))


def _guess(message: str) -> str:
    """What a word may have meant that is none of those to choose from."""
    chosen = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
    return spelling.meant(chosen[1], re.findall(r"'([^']*)'", chosen[2])) if chosen else ""


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="edgetpu-ci",
        description="Benchmark TFLite and Coral Edge TPU models in CI, and say honestly what changed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"edgetpu-ci {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, verb in VERBS.items():
        command = commands.add_parser(name, help=verb.summary, description=verb.summary, allow_abbrev=False)
        command.set_defaults(verb=verb.act)
        verb.options(command)
    return parser
