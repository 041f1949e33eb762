"""`kpi`: what the key figures of the repository are now, which there are, and how each comes about."""

import argparse
from pathlib import Path

from edgetpu_ci.cli import output, reports, surroundings


def options(command: argparse.ArgumentParser) -> None:
    """The actions of `kpi`, and their options."""
    actions = command.add_subparsers(required=True, metavar="ACTION")
    showing = actions.add_parser("show", help="show the newest figures, or those of a report")
    surroundings.config_option(showing)
    showing.add_argument(
        "report", metavar="REPORT", nargs="?", type=Path, help="default: the newest report of KPIs in the store"
    )
    showing.add_argument(
        "--json", action="store_true", help="print the five groups of operational monitoring, with what benchmarks say"
    )
    showing.set_defaults(verb=_show)
    listing = actions.add_parser("list", help="list every key figure, by group")
    listing.set_defaults(verb=_list)
    explaining = actions.add_parser("explain", help="print the definition of a key figure, or of any other metric")
    explaining.add_argument("name", metavar="NAME", help="a name or an alias, such as test_coverage")
    explaining.set_defaults(verb=_explain)


def _show(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import app, codec, monitoring

    settings, world = surroundings.settings_if_any(arguments), surroundings.world()
    report = app.read_report(arguments.report) if arguments.report else app.newest_kpis(settings, world)
    if arguments.json:
        known = monitoring.document(report, app.newest_benchmark(settings, world))
        output.write(codec.encode_json(known).decode(), end="")
    else:
        reports.tell(app.Outcome(report=report))
    return 0


def _list(_arguments: argparse.Namespace) -> int:
    from edgetpu_ci import metrics
    from edgetpu_ci.render import definitions

    names = max(len(one.metric.name) for one in metrics.KPIS)
    units = max(len(one.metric.unit) for one in metrics.KPIS)
    for group, kpis in definitions.by_group(metrics.KPIS).items():
        output.say(definitions.GROUPS[group])
        for one in kpis:
            output.say(f"  {one.metric.name:<{names}}  {one.metric.unit:<{units}}  {one.metric.meaning}")
    return 0


def _explain(arguments: argparse.Namespace) -> int:
    from edgetpu_ci.render import definitions

    output.say(definitions.text(definitions.find(arguments.name)))
    return 0
