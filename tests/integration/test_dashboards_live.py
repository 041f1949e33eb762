"""Every panel of every dashboard has data, of a Prometheus that scraped us and has our rules."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edgetpu_ci import config, stack
from edgetpu_ci.config.observability import Flavour, Observability, Stack
from edgetpu_ci.exposition import families, text
from edgetpu_ci.stack import dashboards, prometheus
from edgetpu_ci.stack.place import Place
from tests.fakes import dashboard_drawing, engines, grafana, loopback, monitored
from tests.fakes.asking import Asking
from tests.fakes.loopback import Reply

ROOT = Path(__file__).parents[2]
SETTINGS = config.load(ROOT / "examples/alerts/edgetpu-ci.yml")
DAYS = monitored.SLOWER + 2
RUNBOOK = 'https://wiki.example/it\'s%20"slow"?a={{b}}'
PLACE = Place(runbooks={"performance_regression": RUNBOOK})
ALERTS = 'ALERTS{alertstate="firing",alertname="performance_regression"}'

pytestmark = pytest.mark.skipif(not engines.find("prometheus"), reason="there is no Prometheus here")


@pytest.fixture(scope="module")
def files() -> Mapping[str, str]:
    return stack.files(SETTINGS, PLACE)


@pytest.fixture(scope="module")
def asking(files: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """One for all: it scrapes each second, and has evaluated the rules."""
    folder = tmp_path_factory.mktemp("prometheus")
    *_, (_, known) = monitored.known(DAYS, config.alert_rules(SETTINGS))
    page = Reply(
        status=200, body=text.prometheus(families.of(known)).encode(), headers={"content-type": text.PROMETHEUS}
    )
    for path, written in files.items():
        if path.startswith("prometheus/rules/"):
            place = folder / path.removeprefix("prometheus/")
            place.parent.mkdir(exist_ok=True)
            place.write_text(written, encoding="utf-8")
    with ExitStack() as until:
        port = until.enter_context(loopback.serve(lambda _: page))
        found = Asking(until.enter_context(engines.prometheus(folder, _fast(files[prometheus.FILE], port))))
        engines.until(lambda: found.series(ALERTS) and found.series("vulnerable_dependencies"))
        yield found


def _fast(written: str, port: int) -> str:
    for place in (prometheus.EXPORTER, prometheus.ALERTMANAGER):
        written = written.replace(place, f"127.0.0.1:{port}")
    return written.replace("_interval: 1m", "_interval: 1s")


def _dashboards(files: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    return (json.loads(written) for path, written in files.items() if path.endswith(".json"))


@pytest.mark.parametrize("flavour", ["scrape", "push"])
def test_every_query_of_every_panel_has_data(flavour: Flavour, asking: Asking) -> None:
    settings = replace(SETTINGS, observability=Observability(stack=Stack(flavour=flavour)))
    empty = [
        (panel["title"], target["expr"])
        for dashboard in _dashboards(dashboards.files(settings, Place()))
        for panel in dashboard["panels"]
        for target in panel["targets"]
        if not asking.series(grafana.substituted(target["expr"], repo=monitored.REPO))
    ]
    assert not empty


def test_every_label_that_is_shown_is_there(files: Mapping[str, str], asking: Asking) -> None:
    missing = []
    for dashboard in _dashboards(files):
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                found = {name for one in asking.series(grafana.substituted(target["expr"])) for name in one.labels}
                missing += [(panel["title"], name) for name in _shown(panel, target) - found]
    # A severity, and a step of escalation, are labels of some only.
    assert {name for _, name in missing} <= {"severity", "escalation"}, missing


def _shown(panel: dict[str, Any], target: dict[str, Any]) -> set[str]:
    named = [
        step["options"]["include"]["names"] for step in panel.get("transformations", ()) if "include" in step["options"]
    ]
    columns = {name for names in named for name in names} - {"Value"}
    return columns or set(re.findall(r"{{(\w+)}}", target["legendFormat"]))


def test_every_variable_and_annotation_has_values(files: Mapping[str, str], asking: Asking) -> None:
    for dashboard in _dashboards(files):
        for variable in dashboard["templating"]["list"][1:]:
            asked = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"])
            assert asked
            assert asking.values(asked[2], grafana.substituted(asked[1], repo=monitored.REPO)), variable["name"]
        for annotation in dashboard["annotations"]["list"]:
            assert asking.series(grafana.substituted(annotation["expr"])), annotation["name"]


def test_what_fires_is_listed_with_its_runbook_and_what_fires_always_is_not(
    files: Mapping[str, str], asking: Asking
) -> None:
    panels = [panel for dashboard in _dashboards(files) for panel in dashboard["panels"]]
    (expr,) = [panel["targets"][0]["expr"] for panel in panels if panel["title"] == "Firing Rules"]
    found = asking.series(grafana.substituted(expr, repo=monitored.REPO, branch="main"))
    listed = {one.labels["alertname"]: one.labels.get("runbook") for one in found}
    assert listed == {"performance_regression": RUNBOOK, "dependency_vulnerability": None}
    # It stands for an alert on silence, which has no repository either, and is listed.
    every = asking.series(grafana.substituted(expr.replace(',severity!="none"', ""), repo=monitored.REPO))
    assert "Watchdog" in {one.labels["alertname"] for one in every}


def test_a_panel_of_another_repository_has_none(files: Mapping[str, str], asking: Asking) -> None:
    expr = next(_dashboards(files))["panels"][0]["targets"][0]["expr"]
    assert not asking.series(grafana.substituted(expr, repo="some/other"))


def test_pictures_of_each_kind_of_panel_can_be_drawn(files: Mapping[str, str], asking: Asking, tmp_path: Path) -> None:
    """As scripts/dashboard-pictures does for all of them."""
    drawn = [one for one in _dashboards(files) if one["uid"] in {"edgetpu-ci-development", "edgetpu-ci-devices"}]
    kinds = {panel["type"] for dashboard in drawn for panel in dashboard["panels"]}
    assert kinds == {"stat", "timeseries", "gauge", "table", "state-timeline"}
    for dashboard in drawn:
        dashboard_drawing.draw(dashboard, asking, tmp_path / "one.png")
        assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
