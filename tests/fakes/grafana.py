"""Grafana's dashboard as strictly as we write it, and the rules a good one keeps: those of its dashboard-linter, ours.

Decoding finds unknown keys, wrong types and panels there are none of; `faults` says what else is wrong.
https://github.com/grafana/dashboard-linter/blob/main/docs/index.md has the rules. Left out are job and instance as
variables: our series are told apart by repository, branch and machine.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import Any, Literal

import promql_parser
from msgspec import Struct

UNITS = frozenset({"none", "percent", "percentunit", "s", "celsius", "watt", "joule", "decbytes", "currencyUSD"})
"""Those of Grafana's that we use; `suffix:` is for words of ours."""

Colour = Literal["dark-red", "red", "orange", "yellow", "green", "blue"]


class _Strict(Struct, forbid_unknown_fields=True, rename="camel"):
    pass


class Source(_Strict):
    type: Literal["prometheus"]
    uid: str


class Place(_Strict):
    x: int
    y: int
    w: int
    h: int


class Target(_Strict):
    ref_id: str
    datasource: Source
    expr: str
    legend_format: str
    range: bool
    instant: bool
    format: Literal["table", "time_series"]


class Step(_Strict):
    color: Colour
    value: float | None


class Thresholds(_Strict):
    mode: Literal["absolute"]
    steps: list[Step]


class Color(_Strict):
    mode: Literal["thresholds", "palette-classic"]


class Said(_Strict):
    text: str
    index: int


class Mapping(_Strict):
    type: Literal["value"]
    options: dict[str, Said]


class LineStyle(_Strict):
    mode: Literal["line", "off"]


class Custom(_Strict):
    draw_style: Literal["line"] | None = None
    line_interpolation: Literal["linear", "stepAfter"] | None = None
    line_width: int | None = None
    fill_opacity: int | None = None
    show_points: Literal["auto", "always", "never"] | None = None
    point_size: int | None = None
    span_nulls: bool | None = None
    thresholds_style: LineStyle | None = None


class Defaults(_Strict):
    unit: str
    color: Color
    thresholds: Thresholds
    mappings: list[Mapping]
    custom: Custom
    min: float | None = None
    max: float | None = None
    decimals: int | None = None


class Matcher(_Strict):
    id: Literal["byName"]
    options: str


class Property(_Strict):
    id: Literal["custom.cellOptions", "links", "mappings"]
    value: Any


class Override(_Strict):
    matcher: Matcher
    properties: list[Property]


class Fields(_Strict):
    defaults: Defaults
    overrides: list[Override]


class Transformation(_Strict):
    id: Literal["filterFieldsByName", "merge", "organize"]
    options: dict[str, Any]


class Panel(_Strict):
    id: int
    type: Literal["timeseries", "stat", "gauge", "state-timeline", "table"]
    title: str
    description: str
    datasource: Source
    grid_pos: Place
    targets: list[Target]
    field_config: Fields
    options: dict[str, Any]
    time_from: str = ""
    transformations: list[Transformation] = []


class Asked(_Strict):
    query: str
    ref_id: str


class Variable(_Strict):
    type: Literal["datasource", "query"]
    name: str
    label: str
    query: Asked | str
    refresh: Literal[1, 2]
    datasource: Source | None = None
    definition: str = ""
    sort: int = 0
    multi: bool = False
    include_all: bool = False
    all_value: str = ""
    current: dict[str, str] = {}


class Templating(_Strict):
    list: list[Variable]


class Annotation(_Strict):
    name: str
    datasource: Source
    enable: bool
    icon_color: Colour
    expr: str
    step: str
    title_format: str
    text_format: str
    tag_keys: str


class Annotations(_Strict):
    list: list[Annotation]


class Link(_Strict):
    type: Literal["dashboards", "link"]
    title: str
    url: str = ""
    icon: str = ""
    target_blank: bool = False
    tags: list[str] = []
    as_dropdown: bool = False
    include_vars: bool = False
    keep_time: bool = False


class Dashboard(_Strict):
    uid: str
    title: str
    description: str
    tags: list[str]
    schema_version: int
    editable: Literal[False]
    graph_tooltip: Literal[0, 1, 2]
    refresh: str
    time: dict[Literal["from", "to"], str]
    timezone: Literal["browser", "utc"]
    templating: Templating
    annotations: Annotations
    links: list[Link]
    panels: list[Panel]


def substituted(expr: str, **chosen: str) -> str:
    """A query as Grafana sends it, with what is chosen of each variable; a variable without a choice is all."""
    return re.sub(r"\$(\w+)", lambda found: {"__interval": "1h", **chosen}.get(found[1], ".*"), expr)


def faults(dashboard: Dashboard) -> list[str]:
    """What a reviewer would send back."""
    return [
        *_of_variables(dashboard),
        *_of_grid(dashboard.panels),
        *(f for p in dashboard.panels for f in _of_panel(p)),
    ]


def _of_variables(dashboard: Dashboard) -> Iterator[str]:
    first, *queried = dashboard.templating.list
    if (first.name, first.label, first.query) != ("datasource", "Data source", "prometheus"):
        yield "the first variable is not the data source"
    for one in queried:
        if one.refresh != 2 or one.datasource is None or one.datasource.uid != "${datasource}":
            yield f"variable {one.name} is not asked again of the data source"
    known = {one.name for one in dashboard.templating.list}
    exprs = [target.expr for panel in dashboard.panels for target in panel.targets]
    used = {name for expr in exprs for name in re.findall(r"\$(\w+)", expr)}
    yield from (f"${name} is used, and no variable" for name in used - known)
    yield from (f"${name} is a variable, and not used" for name in known - used - {"datasource"})


def _of_grid(panels: Sequence[Panel]) -> Iterator[str]:
    if len({panel.id for panel in panels}) < len(panels):
        yield "an id is given twice"
    if len({panel.title for panel in panels}) < len(panels):
        yield "a title is given twice"
    for panel in panels:
        if panel.grid_pos.x + panel.grid_pos.w > 24:
            yield f"{panel.title} is outside the grid"
    for one, other in combinations(panels, 2):
        if _overlap(one.grid_pos, other.grid_pos):
            yield f"{one.title} lies over {other.title}"


def _overlap(one: Place, other: Place) -> bool:
    beside = one.x + one.w <= other.x or other.x + other.w <= one.x
    below = one.y + one.h <= other.y or other.y + other.h <= one.y
    return not beside and not below


def _of_panel(panel: Panel) -> Iterator[str]:
    unit = panel.field_config.defaults.unit
    if not panel.title or not panel.description:
        yield f"panel {panel.id} has no title or no description"
    if unit not in UNITS and not re.fullmatch(r"suffix: \S.*", unit):
        yield f"{panel.title}: {unit!r} is no unit"
    if not panel.targets or len({target.ref_id for target in panel.targets} - {""}) < len(panel.targets):
        yield f"{panel.title}: no query, or one without a refId of its own"
    for source in (panel.datasource, *(target.datasource for target in panel.targets)):
        if source.uid != "${datasource}":
            yield f"{panel.title}: the data source is no variable"
    steps = [step.value for step in panel.field_config.defaults.thresholds.steps]
    if steps[0] is not None or any(
        low is not None and high is not None and low >= high for low, high in pairwise(steps)
    ):
        yield f"{panel.title}: thresholds do not rise from the lowest value"
    yield from (f"{panel.title}: {fault}" for target in panel.targets for fault in _of_expr(target.expr))


def _of_expr(expr: str) -> Iterator[str]:
    try:
        promql_parser.parse(substituted(expr))
    except ValueError as error:
        yield f"{expr} is no PromQL: {error}"
    for duration in re.findall(r"(?:rate|increase)\([^)]*\[([^\]]+)\]", expr):
        if duration != "$__rate_interval":
            yield f"{expr} looks back {duration}, not $__rate_interval"
    for selector in re.findall(r"[a-zA-Z_:][\w:]*\{([^}]*)\}", expr):
        if not re.search(r'repo=~"\$repo\|?"', selector):
            yield f"{expr} is not narrowed to the repository"
