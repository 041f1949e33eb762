"""The folder a run leaves behind: the report, how it reads, its chart and its raw samples."""

import gzip
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgetpu_ci import codec
from edgetpu_ci.errors import ConfigError, StoreError
from edgetpu_ci.files import write_whole
from edgetpu_ci.model import Report
from edgetpu_ci.render import chart, markdown, plot


@dataclass(frozen=True)
class Saved:
    """Where the report and its chart are; no chart when matplotlib is not installed, or it could not be written."""

    report: Path
    chart: Path | None = None


def check(folder: Path) -> None:
    """Whether a report could be written there, before anything is measured for it. StoreError when not."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir():
        raise StoreError(f"{there} is no folder; name one for the report with --output.")
    if not os.access(there, os.W_OK):
        raise StoreError(f"{there} cannot be written; name another folder for the report with --output.")


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
