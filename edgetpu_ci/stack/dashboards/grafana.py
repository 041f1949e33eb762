"""A dashboard as Grafana's JSON: variables, links, marks of commits, and panels in their places. Pure.

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ has the model.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import quote

from edgetpu_ci.config.alerting import Alerting
from edgetpu_ci.exposition import names
from edgetpu_ci.runbooks import reading
from edgetpu_ci.stack import document
from edgetpu_ci.stack.dashboards import panel_json
from edgetpu_ci.stack.dashboards.panel_json import Json
from edgetpu_ci.stack.dashboards.record import COLUMNS, Dashboard, Panel, Variable
from edgetpu_ci.stack.dashboards.series import RUNS
from edgetpu_ci.stack.place import Place

TAG: Final = "edgetpu-ci"
SCHEMA_VERSION: Final = 39


class Home(NamedTuple):
    """On which server repositories lie, and where our runbooks; empty where there are none, or nobody knows."""

    server: str
    runbooks: str

    @classmethod
    def of(cls, place: Place, alerting: Alerting) -> "Home":
        """By where we are, and what the configuration says of runbooks."""
        server = place.url.removesuffix(place.repository) if place.url and place.repository else "https://github.com/"
        folder = reading.folder_of(alerting).removeprefix("./").rstrip("/")
        is_there = any(file.removeprefix("./").startswith(f"{folder}/") for file in place.runbooks.values())
        return cls(server, f"{place.url}/tree/HEAD/{quote(folder)}" if is_there and place.url else "")


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
    yield _variable("repo", f"label_values({RUNS}, repo)", several=False)
    for name in also:
        yield _variable(name, _LABELS[name], several=True)


_LABELS: Final[Mapping[Variable, str]] = {
    "branch": f'label_values({RUNS}{{repo=~"$repo"}}, branch)',
    "machine": f'label_values({RUNS}{{repo=~"$repo",machine!="repository"}}, machine)',
    "subject": f'label_values({names.find("throughput_fps").name}{{repo=~"$repo"}}, subject)',
}


def _variable(name: str, query: str, *, several: bool) -> Json:
    return {
        "type": "query",
        "name": name,
        "label": "Repository" if name == "repo" else name.capitalize(),
        "datasource": panel_json.SOURCE,
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
        "datasource": panel_json.SOURCE,
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
    for title, url in (("Repository", f"{home.server}${{repo}}"), ("Runbooks", home.runbooks)):
        if url:
            yield {"type": "link", "title": title, "url": url, "icon": "external link", "targetBlank": True}


def _panels(panels: Sequence[Panel]) -> Iterator[Json]:
    """Left to right, a new row where the next has no room."""
    x = y = tallest = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > COLUMNS:
            x, y, tallest = 0, y + tallest, 0
        yield panel_json.of(panel, number, {"x": x, "y": y, "w": panel.width, "h": panel.height})
        x, tallest = x + panel.width, max(tallest, panel.height)
