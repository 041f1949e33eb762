"""Reports as one long table for other tools: a row for each value, as CSV or Parquet."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgetpu_ci import metrics
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.model import Earlier, Measurement, Report, Run
from edgetpu_ci.render import words

if TYPE_CHECKING:
    from pandas import DataFrame

KINDS: Final = ("csv", "parquet")

_COLUMNS: Final[dict[str, str]] = {
    "report": "string",
    "at": "datetime64[us, UTC]",
    "commit": "string",
    "branch": "string",
    "pull_request": "Int64",
    "machine": "string",
    "device": "string",
    "subject": "string",
    "metric": "string",
    "value": "float64",
    "unit": "string",
    "n": "Int64",
    "low": "float64",
    "high": "float64",
    "reason": "string",
    "failed": "boolean",
    "earlier": "float64",
    "earlier_n": "Int64",
    "moved": "boolean",
}
"""Each with its type: a missing number is empty, never 0."""

_FORMULA: Final = ("=", "+", "-", "@")


def kind(path: Path) -> str:
    """What a file is to hold, by its suffix; ConfigError for one we do not write."""
    found = path.suffix.lower().removeprefix(".")
    if found not in KINDS:
        raise ConfigError(f"{path} cannot be written; name a file that ends in .csv or .parquet, or - for CSV.")
    return found


def table(reports: Iterable[Report], form: str) -> bytes:
    """All measurements of some reports as a file of one of `KINDS`; ConfigError where pandas is not installed."""
    frame = _frame(reports)
    if form == "csv":
        return bytes(_tame(frame).to_csv(index=False, lineterminator="\n").encode())
    file = BytesIO()
    frame.to_parquet(file, index=False)
    return file.getvalue()


def _frame(reports: Iterable[Report]) -> "DataFrame":
    try:
        import pandas as pd
        import pyarrow as pa  # noqa: F401 - what writes Parquet
    except ModuleNotFoundError as error:
        raise ConfigError(f"A table needs {error.name}; `pip install 'edgetpu-ci[table]'` has it.") from error
    rows = [row for report in reports for row in _rows(report.run)]
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)


def _rows(run: Run) -> Iterator[dict[str, Any]]:
    of_run = {
        "report": run.id,
        "at": run.at,
        "commit": run.commit,
        "branch": run.branch,
        "pull_request": run.pull_request,
        "machine": run.machine.key,
    }
    return ({**of_run, **_row(measurement)} for measurement in run.measurements)


def _row(measured: Measurement) -> dict[str, Any]:
    low, high = measured.interval or (None, None)
    return {
        "device": measured.device,
        "subject": measured.subject,
        "metric": measured.metric,
        "value": measured.value,
        "unit": metrics.find(measured.metric).unit,
        "n": measured.n or None,
        "low": low,
        "high": high,
        "reason": measured.reason,
        "failed": measured.failed,
        **_before(measured.earlier),
    }


def _before(earlier: Earlier | None) -> dict[str, Any]:
    if earlier is None:
        return {"earlier": None, "earlier_n": None, "moved": None}
    return {"earlier": earlier.value, "earlier_n": earlier.n or None, "moved": earlier.moved}


def _tame(frame: "DataFrame") -> "DataFrame":
    """The same with texts that neither a terminal, a runner nor a spreadsheet obeys: names are anybody's."""
    texts = [name for name, form in _COLUMNS.items() if form == "string"]
    return frame.assign(**{name: frame[name].map(_plain) for name in texts})


def _plain(text: str) -> str:
    plain = words.tame(words.plain(text, words.SENTENCE))
    return f"'{plain}" if plain.startswith(_FORMULA) else plain
