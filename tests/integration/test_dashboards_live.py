"""Every panel of every dashboard has data, of a Prometheus that scraped us and has our rules."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from edgetpu_ci import config, stack
from edgetpu_ci.exposition import families, text
from edgetpu_ci.stack import prometheus
from edgetpu_ci.stack.place import Place
from tests.fakes import engines, grafana, loopback, monitored
from tests.fakes.loopback import Reply

ROOT = Path(__file__).parents[2]
SETTINGS = config.load(ROOT / "examples/alerts/edgetpu-ci.yml")
DAYS = monitored.SLOWER + 2
ALERTS = 'ALERTS{alertstate="firing",alertname="performance_regression"}'

pytestmark = pytest.mark.skipif(not engines.find("prometheus"), reason="there is no Prometheus here")


class Asking:
    """A Prometheus by its API."""

    def __init__(self, url: str) -> None:
        self._url = url

    def labels(self, expr: str) -> list[dict[str, str]]:
        """Of each series that a query has now."""
        return [series["metric"] for series in self._get("query", query=expr)["result"]]

    def values(self, label: str, selector: str) -> list[str]:
        """Those of a label."""
        return list(self._get(f"label/{label}/values", **{"match[]": selector}))

    def _get(self, what: str, **asked: str) -> Any:
        with urlopen(f"{self._url}/api/v1/{what}?{urlencode(asked)}", timeout=5) as response:  # noqa: S310 - loopback
            return json.load(response)["data"]


@pytest.fixture(scope="module")
def files() -> Mapping[str, str]:
    return stack.files(SETTINGS, Place())


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
        engines.until(lambda: found.labels(ALERTS) and found.labels("vulnerable_dependencies"))
        yield found


def _fast(written: str, port: int) -> str:
    for place in (prometheus.EXPORTER, prometheus.ALERTMANAGER):
        written = written.replace(place, f"127.0.0.1:{port}")
    return written.replace("_interval: 1m", "_interval: 1s")


def _dashboards(files: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    return (json.loads(written) for path, written in files.items() if path.endswith(".json"))


def test_every_query_of_every_panel_has_data(files: Mapping[str, str], asking: Asking) -> None:
    empty = [
        (panel["title"], target["expr"])
        for dashboard in _dashboards(files)
        for panel in dashboard["panels"]
        for target in panel["targets"]
        if not asking.labels(grafana.substituted(target["expr"], repo=monitored.REPO))
    ]
    assert not empty


def test_every_label_that_is_shown_is_there(files: Mapping[str, str], asking: Asking) -> None:
    missing = []
    for dashboard in _dashboards(files):
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                found = {name for one in asking.labels(grafana.substituted(target["expr"])) for name in one}
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
            assert asking.labels(grafana.substituted(annotation["expr"])), annotation["name"]


def test_a_panel_of_another_repository_has_none(files: Mapping[str, str], asking: Asking) -> None:
    expr = next(_dashboards(files))["panels"][0]["targets"][0]["expr"]
    assert not asking.labels(grafana.substituted(expr, repo="some/other"))
