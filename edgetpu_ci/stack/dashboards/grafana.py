"""A dashboard as Grafana's JSON: places on the grid, identifiers, data source and variables. Pure.

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ has the model.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from edgetpu_ci.exposition import names
from edgetpu_ci.stack import document
from edgetpu_ci.stack.dashboards.record import COLUMNS, Colour, Dashboard, Panel, Query, Threshold, Variable
from edgetpu_ci.stack.place import Place

Json = dict[str, Any]
"""What Grafana's model is made of; its own schema is TypeScript."""

TAG: Final = "edgetpu-ci"
SCHEMA_VERSION: Final = 39
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_RUNS: Final = f"{names.PREFIX}last_run_info"
_OURS: Final = frozenset({"fps", "TOPS/W", "points", "min", "runs", "per week"})
_LAST: Final = {"calcs": ["lastNotNull"], "fields": "", "values": False}


class Home(NamedTuple):
    """On which server repositories lie, and in which of their folders the runbooks."""

    server: str
    runbooks: str

    @classmethod
    def of(cls, place: Place, runbooks: object) -> "Home":
        """By where we are; `runbooks` as the configuration has it."""
        server = place.url.removesuffix(place.repository) if place.url and place.repository else "https://github.com/"
        return cls(server, runbooks if isinstance(runbooks, str) else "runbooks")


def model(dashboard: Dashboard, home: Home) -> Json:
    """The whole document."""
    return {
        "uid": uid(dashboard),
        "title": dashboard.title,
        "description": f"{dashboard.description} {document.MARK}",
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": f"now-{dashboard.last}", "to": "now"},
        "timezone": "browser",
        "templating": {"list": list(_variables(dashboard.variables))},
        "annotations": {"list": [_commits(dashboard.commits, home)] if dashboard.commits else []},
        "links": list(_links(home)),
        "panels": list(_panels(dashboard.panels)),
    }


def uid(dashboard: Dashboard) -> str:
    """The identifier that addresses hold on to."""
    return f"{TAG}-{dashboard.name}"


def _variables(also: Sequence[Variable]) -> Iterator[Json]:
    yield {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "refresh": 1}
    yield _variable("repo", f"label_values({_RUNS}, repo)", several=False)
    for name in also:
        yield _variable(name, _LABELS[name], several=True)


_LABELS: Final[Mapping[Variable, str]] = {
    "branch": f'label_values({_RUNS}{{repo=~"$repo"}}, branch)',
    "machine": f'label_values({_RUNS}{{repo=~"$repo",machine!="repository"}}, machine)',
    "subject": f'label_values({names.find("throughput_fps").name}{{repo=~"$repo"}}, subject)',
}


def _variable(name: str, query: str, *, several: bool) -> Json:
    return {
        "type": "query",
        "name": name,
        "label": "Repository" if name == "repo" else name.capitalize(),
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "multi": several,
        "includeAll": several,
        **({"allValue": ".*", "current": {"text": "All", "value": "$__all"}} if several else {}),
    }


def _commits(expr: str, home: Home) -> Json:
    """A mark where a commit was measured for the first time."""
    return {
        "name": "Commits",
        "datasource": _SOURCE,
        "enable": True,
        "iconColor": "blue",
        "expr": expr,
        "step": "5m",
        "titleFormat": "{{commit}}",
        "textFormat": f"{home.server}{{{{repo}}}}/commit/{{{{commit}}}}",
        "tagKeys": "branch",
    }


def _links(home: Home) -> Iterator[Json]:
    others = {"asDropdown": True, "includeVars": True, "keepTime": True}
    yield {"type": "dashboards", "title": "Dashboards", "tags": [TAG], **others}
    repository = f"{home.server}${{repo}}"
    for title, url in (("Repository", repository), ("Runbooks", f"{repository}/tree/HEAD/{home.runbooks}")):
        yield {"type": "link", "title": title, "url": url, "icon": "external link", "targetBlank": True}


def _panels(panels: Sequence[Panel]) -> Iterator[Json]:
    """Left to right, a new row where the next has no room."""
    x = y = tallest = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > COLUMNS:
            x, y, tallest = 0, y + tallest, 0
        yield _panel(panel, number, {"x": x, "y": y, "w": panel.width, "h": panel.height})
        x, tallest = x + panel.width, max(tallest, panel.height)


def _panel(panel: Panel, number: int, place: Mapping[str, int]) -> Json:
    return {
        "id": number,
        "type": panel.drawn,
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "gridPos": place,
        "targets": [_target(panel, query, place) for place, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": [_GRAVE] if "severity" in panel.columns else []},
        "options": _OPTIONS[panel.drawn],
        **({"timeFrom": panel.last} if panel.last else {}),
        **({"transformations": _columns(panel)} if panel.columns else {}),
    }


def _target(panel: Panel, query: Query, place: int) -> Json:
    over_time = panel.drawn in {"timeseries", "state-timeline", "stat"}
    return {
        "refId": chr(ord("A") + place),
        "datasource": _SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend,
        "range": over_time,
        "instant": not over_time,
        "format": "table" if panel.drawn == "table" else "time_series",
    }


def _defaults(panel: Panel) -> Json:
    by_threshold = panel.thresholds and panel.drawn != "timeseries"
    given = {"min": panel.min, "max": panel.max, "decimals": panel.decimals}
    return {
        "unit": f"suffix: {panel.unit}" if panel.unit in _OURS else panel.unit,
        "color": {"mode": "thresholds" if by_threshold else "palette-classic"},
        "thresholds": {
            "mode": "absolute",
            "steps": [_step(one) for one in panel.thresholds or (Threshold(None, "blue"),)],
        },
        "mappings": [_mapping(panel)] if panel.states else [],
        "custom": _custom(panel),
        **{name: value for name, value in given.items() if value is not None},
    }


def _step(threshold: Threshold) -> Json:
    return {"color": threshold.colour, "value": threshold.value}


def _mapping(panel: Panel) -> Json:
    """The words of values that are states."""
    return {
        "type": "value",
        "options": {str(place): {"text": state, "index": place} for place, state in enumerate(panel.states)},
    }


def _custom(panel: Panel) -> Json:
    if panel.drawn != "timeseries":
        return {}
    return {
        "drawStyle": "line",
        "lineInterpolation": "stepAfter",
        "lineWidth": 2,
        "fillOpacity": 0,
        "showPoints": "auto",
        "pointSize": 5,
        "spanNulls": True,
        "thresholdsStyle": {"mode": "line" if panel.limit else "off"},
    }


def _columns(panel: Panel) -> list[Json]:
    """A table of these labels, in this order, and what is in several queries but once."""
    shown = [*panel.columns, *(["Value"] if panel.value else [])]
    called = {"renameByName": {"Value": panel.value}} if panel.value else {}
    return [
        {"id": "filterFieldsByName", "options": {"include": {"names": shown}}},
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"indexByName": {name: place for place, name in enumerate(shown)}, **called}},
    ]


_SEVERITIES: Final[Mapping[str, Colour]] = {
    "critical": "dark-red",
    "high": "red",
    "error": "red",
    "medium": "orange",
    "warning": "orange",
    "low": "yellow",
    "info": "blue",
}
_GRAVE: Final[Json] = {
    "matcher": {"id": "byName", "options": "severity"},
    "properties": [
        {"id": "custom.cellOptions", "value": {"type": "color-text"}},
        {
            "id": "mappings",
            "value": [
                {
                    "type": "value",
                    "options": {
                        name: {"text": name, "color": colour, "index": place}
                        for place, (name, colour) in enumerate(_SEVERITIES.items())
                    },
                }
            ],
        },
    ],
}

_LEGEND: Final = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
_OPTIONS: Final[Mapping[str, Json]] = {
    "timeseries": {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}},
    "stat": {
        "reduceOptions": _LAST,
        "colorMode": "value",
        "graphMode": "area",
        "textMode": "auto",
        "justifyMode": "auto",
        "orientation": "auto",
    },
    "gauge": {
        "reduceOptions": _LAST,
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
        "orientation": "auto",
    },
    "state-timeline": {
        "legend": _LEGEND,
        "tooltip": {"mode": "single", "sort": "none"},
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "left",
        "rowHeight": 0.8,
    },
    "table": {
        "showHeader": True,
        "cellHeight": "sm",
        "footer": {"show": False, "reducer": ["sum"], "countRows": False},
    },
}
