"""What a dashboard is: panels in the order they are read, each with what it asks and how it is drawn."""

from typing import Final, Literal, NamedTuple

from msgspec import Struct

COLUMNS: Final = 24
"""Of Grafana's grid."""

Drawn = Literal["timeseries", "stat", "gauge", "state-timeline", "table"]
Colour = Literal["dark-red", "red", "orange", "yellow", "green", "blue"]
Variable = Literal["branch", "machine", "subject"]


class Threshold(NamedTuple):
    """From this value on values have this colour; None is from below all others."""

    value: float | None
    colour: Colour


class Query(Struct, frozen=True, kw_only=True):
    """PromQL, and how each of its series is called: words with labels as `{{subject}}`."""

    expr: str
    legend: str = ""


class Panel(Struct, frozen=True, kw_only=True):
    """One picture of one matter.

    `unit` is an identifier of Grafana's, or a word of ours that stands behind the number. `limit` draws the thresholds
    as lines. `last` is a time range of its own ("30d"). `states` names the values 0, 1, 2 and so on. A table shows the
    labels in `columns`, and the value where `value` says what it is called.
    """

    title: str
    description: str
    drawn: Drawn
    queries: tuple[Query, ...]
    unit: str
    width: int = 12
    height: int = 8
    thresholds: tuple[Threshold, ...] = ()
    limit: bool = False
    min: float | None = None
    max: float | None = None
    decimals: int | None = None
    last: str = ""
    states: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    value: str = ""


class Dashboard(Struct, frozen=True, kw_only=True):
    """Panels that are read together.

    `name` is the end of its address and of its file; `last` how far it looks back, `variables` what it can be narrowed
    to beside the repository; `commits` has a series for each commit
    when it was measured for the first time, empty where they are not marked.
    """

    name: str
    title: str
    description: str
    last: str
    panels: tuple[Panel, ...]
    variables: tuple[Variable, ...] = ("branch",)
    commits: str = ""
