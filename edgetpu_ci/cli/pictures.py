"""`page`, `badge`, `table`: what reports look like elsewhere."""

import argparse
from pathlib import Path

from edgetpu_ci.cli import output, surroundings
from edgetpu_ci.errors import ConfigError


def page_options(command: argparse.ArgumentParser) -> None:
    """The options of `page`."""
    surroundings.config_option(command)
    command.add_argument("reports", metavar="REPORT", nargs="*", type=Path, help="default: all reports of the store")
    command.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        default=Path("history.html"),
        help="an .html page of all series, or a .png or .svg plot of those that changed last; default: %(default)s",
    )


def page(arguments: argparse.Namespace) -> int:
    """Draw the history of every series into one file."""
    from edgetpu_ci import app, history_file

    world = surroundings.world()
    if arguments.reports:
        reports = tuple(map(app.read_report, arguments.reports))
    else:
        reports = app.stored_reports(surroundings.settings_if_any(arguments), world)
    series = history_file.write(arguments.output, reports)
    output.say(f"history  {arguments.output}   # {len(series):,} series of {len(reports):,} reports")
    return 0


def badge_options(command: argparse.ArgumentParser) -> None:
    """The options of `badge`."""
    command.add_argument("report", metavar="REPORT", type=Path)
    command.add_argument("--output", metavar="FILE", type=Path, help="an .svg file (default: print it)")


def badge(arguments: argparse.Namespace) -> int:
    """Draw the badge of a report."""
    from edgetpu_ci import app
    from edgetpu_ci.files import write_whole
    from edgetpu_ci.render import badge

    drawn = badge.of(app.read_report(arguments.report))
    if arguments.output is None:
        output.write(drawn, end="")
        return 0
    if arguments.output.suffix.lower() != ".svg":
        raise ConfigError(f"{arguments.output} cannot be drawn; name a file that ends in .svg.")
    write_whole(arguments.output, drawn.encode())
    output.say(f"badge  {arguments.output}")
    return 0


def table_options(command: argparse.ArgumentParser) -> None:
    """The options of `table`."""
    surroundings.config_option(command)
    command.add_argument("reports", metavar="REPORT", nargs="*", type=Path, help="default: all reports of the store")
    command.add_argument(
        "--output", metavar="FILE", default="-", help="a .csv or .parquet file, or - to print CSV; default: %(default)s"
    )


def table(arguments: argparse.Namespace) -> int:
    """Write every value of some reports, or of all, into one long table."""
    from edgetpu_ci import app, export
    from edgetpu_ci.files import write_whole

    printed = arguments.output == "-"
    kind = "csv" if printed else export.kind(Path(arguments.output))
    if arguments.reports:
        reports = tuple(map(app.read_report, arguments.reports))
    else:
        reports = app.stored_reports(surroundings.settings_if_any(arguments), surroundings.world())
    data = export.table(reports, kind)
    if printed:
        output.write(data.decode(), end="")
    else:
        write_whole(Path(arguments.output), data)
        output.say(f"table  {arguments.output}   # {len(reports):,} reports")
    return 0
