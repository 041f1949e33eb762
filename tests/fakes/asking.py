"""Asking a Prometheus by its API."""

import json
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode
from urllib.request import urlopen


class Series(NamedTuple):
    """One of an answer: its labels, and (seconds since 1970, value) of each of its points."""

    labels: dict[str, str]
    points: list[tuple[float, float]]


class Asking:
    """The one at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def series(self, expr: str) -> list[Series]:
        """What a query has now, a point each."""
        found = self._get("query", query=expr)["result"]
        return [Series(one["metric"], [_point(one["value"])]) for one in found]

    def over_time(self, expr: str, start: datetime, end: datetime, step: float) -> list[Series]:
        """What it had from `start` to `end`, each `step` seconds."""
        asked = {"query": expr, "start": f"{start.timestamp()}", "end": f"{end.timestamp()}", "step": f"{step}"}
        found = self._get("query_range", **asked)["result"]
        return [Series(one["metric"], [_point(point) for point in one["values"]]) for one in found]

    def values(self, label: str, selector: str) -> list[str]:
        """Those of a label."""
        return list(self._get(f"label/{label}/values", **{"match[]": selector}))

    def _get(self, what: str, **asked: str) -> Any:
        with urlopen(f"{self._url}/api/v1/{what}?{urlencode(asked)}", timeout=20) as response:  # noqa: S310 - loopback
            return json.load(response)["data"]


def _point(found: tuple[float, str]) -> tuple[float, float]:
    return found[0], float(found[1])
