"""The folder a run leaves behind: the report, how it reads, its chart and its raw samples."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgetpu_ci import codec
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.files import write_whole
from edgetpu_ci.model import Report
from edgetpu_ci.render import chart, markdown, plot


@dataclass(frozen=True)
class Saved:
    """Where the report and its chart are; no chart when matplotlib is not installed, or it could not be written."""

    report: Path
    chart: Path | None = None


def save(folder: Path, report: Report, samples: Mapping[str, Sequence[float]]) -> Path:
    """Write what a person or a later job may want of a run; where the report is. StoreError when that fails."""
    path = folder / "report.json"
    write_whole(path, codec.encode_json(report))
    write_whole(folder / "report.md", markdown.comment(report).encode())
    if samples:
        write_whole(folder / "samples.json.gz", gzip.compress(codec.encode_json(samples), mtime=0))
    return path


def draw(path: Path, report: Report) -> Path | None:
    """Draw the chart, if matplotlib is there. ConfigError for a suffix we cannot draw, StoreError as above."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in plot.KINDS:
        raise ConfigError(f"{path} cannot be drawn; name a file that ends in .png or .svg.")
    try:
        picture = chart.image(report, kind)
    except ModuleNotFoundError:
        return None
    write_whole(path, picture)
    return path
