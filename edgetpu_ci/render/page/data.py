"""Series as columns: what many points share is written once, and numbers as the step from the one before."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, Literal

from edgetpu_ci import metrics
from edgetpu_ci.judging import phrases
from edgetpu_ci.model import Change, Metric, Point, Series
from edgetpu_ci.render import words

Kind = Literal["worse", "better", "changed"]

_NAME = 200
_HTTPS: Final = re.compile(r"https://[\w.-]+(:\d+)?(/[\w./?=&%#-]*)?", re.ASCII)
_EXACT: Final = 1e15
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def columns(series: Sequence[Series]) -> dict[str, object]:
    """Everything the page shows, the newest change first.

    `runs` has the columns of all runs; a series names its runs as (first, count) pairs and has one value for each.
    """
    known = ordered(series)
    runs = _runs(known)
    place = {run: number for number, run in enumerate(runs)}
    found = {one.metric: metrics.find(one.metric) for one in known}
    return {
        "metrics": {words.plain(name, _NAME): _metric(metric) for name, metric in found.items()},
        "runs": _run_columns([point for _, point in runs]),
        "series": [_series(one, place) for one in known],
    }


def ordered(series: Iterable[Series]) -> list[Series]:
    """Those that have points, the newest change first, then by name."""
    return sorted((one for one in series if one.points), key=_newest_change_first)


def _newest_change_first(series: Series) -> tuple[float, str, str, str]:
    changes = standing(series)
    newest = series.points[changes[-1].index].at if changes else _NEVER
    return -newest.timestamp(), series.subject, series.metric, series.device


def standing(series: Series) -> list[Change]:
    """The changes of a series that still stand, oldest first; one beyond its points is none."""
    valid = (c for c in series.changes if c.withdrawn_at is None and 0 < c.index < len(series.points))
    return sorted(valid, key=lambda change: change.index)


def _runs(series: Iterable[Series]) -> list[tuple[str, Point]]:
    """A point without its value for each run of a device, the series of one device beside each other."""
    shared = {_run(one.device, point) for one in series for point in one.points}
    return sorted(shared, key=lambda run: (run[0], run[1].at, run[1].commit, run[1].report, run[1].url))


def _run(device: str, point: Point) -> tuple[str, Point]:
    return device, Point(at=point.at, value=0.0, commit=point.commit, report=point.report, url=point.url)


def _run_columns(runs: Sequence[Point]) -> dict[str, object]:
    commits = _Words([words.plain(run.commit, _NAME) for run in runs])
    reports = _Words([words.plain(run.report, _NAME) for run in runs])
    urls = _Words([run.url if _HTTPS.fullmatch(run.url) else "" for run in runs])
    return {
        "at": _steps([int(run.at.timestamp()) for run in runs]),
        "commit": commits.columns(),
        "report": reports.columns(),
        "url": urls.columns(),
    }


class _Words:
    """Texts of which many are the same: each once, and where each stands."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.known = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        self.places = [self.known[text] for text in texts]

    def columns(self) -> dict[str, object]:
        return {"texts": list(self.known), "places": _steps(self.places)}


def _steps(numbers: Sequence[int]) -> list[int]:
    """The first number, then the step to each: small numbers, which are short to write."""
    return [*numbers[:1], *(after - before for before, after in pairwise(numbers))]


def _metric(metric: Metric) -> dict[str, object]:
    return {
        "label": words.label(metric.name),
        "unit": metric.unit,
        "better": metric.better or "",
        "meaning": metric.meaning,
        **({"states": metric.states} if metric.states else {}),
    }


def _series(series: Series, place: dict[tuple[str, Point], int]) -> dict[str, object]:
    return {
        "device": words.plain(series.device, _NAME),
        "subject": words.plain(series.subject, _NAME),
        "metric": words.plain(series.metric, _NAME),
        "runs": _ranges([place[_run(series.device, point)] for point in series.points]),
        "values": [_short(point.value) for point in series.points],
        "changes": [_change(series, change) for change in standing(series)],
    }


def _ranges(numbers: Sequence[int]) -> list[int]:
    """First and count of each stretch of numbers that follow each other."""
    found: list[int] = []
    for number in numbers:
        if found and found[-2] + found[-1] == number:
            found[-1] += 1
        else:
            found += [number, 1]
    return found


def _short(value: float) -> float:
    """Facts as they are; of what is measured, more digits than are shown."""
    return int(value) if value % 1 == 0 and abs(value) < _EXACT else float(f"{value:.6g}")


def _change(series: Series, change: Change) -> dict[str, object]:
    return {
        "index": change.index,
        "tier": change.tier,
        "before": _short(change.before),
        "after": _short(change.after),
        "kind": kind(series.metric, change),
        "said": sentence(series.metric, change),
    }


def kind(metric: str, change: Change) -> Kind:
    """Whether a change is for the worse; of facts nobody can say."""
    better = metrics.find(metric).better
    if better not in ("lower", "higher"):
        return "changed"
    return "worse" if (change.after > change.before) == (better == "lower") else "better"


def sentence(metric: str, change: Change) -> str:
    """A change in words: `▲ 11 % slower`."""
    return words.change(phrases.levels(metric, change.before, change.after, "regressed"))
