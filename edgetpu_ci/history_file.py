"""The history of all series as one file: a page to look through, or a plot."""

from collections.abc import Iterable
from pathlib import Path

from edgetpu_ci import history
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.files import write_whole
from edgetpu_ci.model import Report, Series
from edgetpu_ci.render import history_plot, page, plot


def write(path: Path, reports: Iterable[Report]) -> tuple[Series, ...]:
    """Draw the series of some reports; which they are. ConfigError for a suffix we cannot draw."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("html", *plot.KINDS):
        raise ConfigError(f"{path} cannot be drawn; name a file that ends in .html, .png or .svg.")
    series = history.series(reports)
    write_whole(path, page.page(series).encode() if kind == "html" else _plot(series, kind))
    return series


def _plot(series: tuple[Series, ...], kind: str) -> bytes:
    try:
        return plot.image(lambda: history_plot.figure(series), kind)
    except ModuleNotFoundError as error:
        raise ConfigError('Drawing needs matplotlib; install "edgetpu-ci[chart]".') from error
