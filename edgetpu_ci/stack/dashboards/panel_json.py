"""A panel as Grafana's JSON: its queries, how values are written and coloured, how it is drawn. Pure.

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ has the model.
"""

from collections.abc import Mapping
from typing import Any, Final

from edgetpu_ci.stack import runbooks
from edgetpu_ci.stack.dashboards.record import Colour, Panel, Query, Threshold

Json = dict[str, Any]
"""What Grafana's model is made of; its own schema is TypeScript."""

SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}

_OURS: Final = frozenset({"fps", "TOPS/W", "points", "min", "runs", "per week"})
_LAST: Final = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def of(panel: Panel, number: int, place: Mapping[str, int]) -> Json:
    """The panel with this number, in its place on the grid."""
    return {
        "id": number,
        "type": panel.drawn,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "gridPos": place,
        "targets": [_target(panel, query, place) for place, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": _overrides(panel)},
        "options": _OPTIONS[panel.drawn],
        **({"timeFrom": panel.last} if panel.last else {}),
        **({"transformations": _columns(panel)} if panel.columns else {}),
    }


def _overrides(panel: Panel) -> list[Json]:
    return [override for name, override in _BY_COLUMN.items() if name in panel.columns]


def _target(panel: Panel, query: Query, place: int) -> Json:
    over_time = panel.drawn in {"timeseries", "state-timeline", "stat"}
    return {
        "refId": chr(ord("A") + place),
        "datasource": SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend,
        "range": over_time,
        "instant": not over_time,
        "format": "table" if panel.drawn == "table" else "time_series",
    }


def _defaults(panel: Panel) -> Json:
    # Lines are told apart by their colours. A number without thresholds is neither good nor bad: green would be.
    by_threshold = panel.drawn != "timeseries"
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

_READ: Final[Json] = {
    "matcher": {"id": "byName", "options": runbooks.LABEL},
    "properties": [
        {"id": "links", "value": [{"title": "Read it", "url": "${__value.raw:raw}", "targetBlank": True}]},
    ],
}
_BY_COLUMN: Final[Mapping[str, Json]] = {"severity": _GRAVE, runbooks.LABEL: _READ}

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
