"""The dashboards of Grafana: the document's, panel by panel, and what holds of every one."""

import json
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import msgspec
import pytest
import yaml

from edgetpu_ci.config import Config
from edgetpu_ci.config.observability import Observability, Stack
from edgetpu_ci.stack import dashboards, runbooks
from edgetpu_ci.stack.place import Place
from tests.fakes import grafana

PUSH = Config(observability=Observability(stack=Stack(flavour="push")))
RECORDED = '{repo=~"$repo",branch=~"$branch"}'
MEASURED = '{repo=~"$repo",branch=~"$branch",machine=~"$machine",subject=~"$subject"}'


def _rendered(settings: Config = Config()) -> dict[str, str]:  # noqa: B008 - frozen
    return {
        PurePath(path).stem.removeprefix("edgetpu-ci-"): text
        for path, text in dashboards.files(settings, Place()).items()
        if path.endswith(".json")
    }


def _panel(dashboard: str, title: str) -> dict[str, Any]:
    document = json.loads(_rendered()[dashboard])
    return next(panel for panel in document["panels"] if panel["title"] == title)


def _exprs(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


def _steps(panel: dict[str, Any]) -> list[tuple[float | None, str]]:
    return [(step["value"], step["color"]) for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]


def test_build_success_is_a_number_in_the_documents_colours() -> None:
    panel = _panel("development", "Build Success Rate")
    assert panel["type"] == "stat"
    assert _exprs(panel) == [f"github_actions_success_rate{RECORDED}"]
    assert _steps(panel) == [(None, "dark-red"), (90, "red"), (95, "yellow"), (98, "green")]
    assert panel["fieldConfig"]["defaults"]["unit"] == "percent"


def test_coverage_is_a_line_over_thirty_days() -> None:
    panel = _panel("development", "Test Coverage Trend")
    assert (panel["type"], panel["timeFrom"]) == ("timeseries", "30d")
    assert _exprs(panel) == [f"test_coverage_percentage{RECORDED}"]


def test_the_security_score_is_a_gauge_from_0_to_100() -> None:
    panel = _panel("development", "Security Score")
    defaults = panel["fieldConfig"]["defaults"]
    assert (panel["type"], defaults["min"], defaults["max"]) == ("gauge", 0, 100)
    assert _exprs(panel) == [f"security_scan_score{RECORDED}"]
    assert _steps(panel) == [(None, "dark-red"), (70, "red"), (85, "yellow"), (95, "green")]


def test_dependencies_are_a_table_of_four_columns() -> None:
    panel = _panel("development", "Dependency Health")
    assert panel["type"] == "table"
    assert [next(iter(step["options"].items())) for step in panel["transformations"][:1]] == [
        ("include", {"names": ["package", "current", "latest", "severity"]})
    ]
    assert [expr.partition(" and ")[2] for expr in _exprs(panel)] == [
        f"on (repo, branch) {count}{RECORDED} > 0" for count in ("vulnerable_dependencies", "outdated_dependencies")
    ]


def test_throughput_is_a_line_over_seven_days_of_each_model_named() -> None:
    panel = _panel("performance", "Benchmark Throughput")
    assert (panel["type"], panel["timeFrom"]) == ("timeseries", "7d")
    assert _exprs(panel) == [f"benchmark_fps_{model}{MEASURED}" for model in ("mobilenet", "yolo")]
    assert panel["fieldConfig"]["defaults"]["unit"] == "suffix: fps"


def test_power_efficiency_is_a_number_with_one_decimal() -> None:
    panel = _panel("performance", "Power Efficiency")
    defaults = panel["fieldConfig"]["defaults"]
    assert (panel["type"], defaults["unit"], defaults["decimals"]) == ("stat", "suffix: TOPS/W", 1)
    assert _exprs(panel) == [f"max by (subject) (power_efficiency_tops_per_watt{MEASURED})"]


def test_the_error_rate_has_a_line_at_one_percent() -> None:
    panel = _panel("performance", "Error Rate")
    defaults = panel["fieldConfig"]["defaults"]
    assert (panel["type"], defaults["unit"]) == ("timeseries", "percent")
    assert _exprs(panel) == [f"benchmark_error_rate{MEASURED}"]
    assert defaults["custom"]["thresholdsStyle"] == {"mode": "line"}
    assert _steps(panel)[-1] == (1.0, "red")


@pytest.mark.parametrize("settings", [Config(), PUSH], ids=["scraped", "pushed"])
def test_every_dashboard_is_as_grafana_wants_it(settings: Config) -> None:
    for name, text in _rendered(settings).items():
        assert grafana.faults(msgspec.json.decode(text, type=grafana.Dashboard)) == [], name


def test_grafana_is_told_where_the_dashboards_are() -> None:
    files = dashboards.files(Config(), Place())
    told = yaml.safe_load(files["grafana/provisioning/dashboards/edgetpu-ci.yml"])
    assert told["providers"][0]["options"]["path"] == "/etc/grafana/dashboards"
    source = yaml.safe_load(files["grafana/provisioning/datasources/edgetpu-ci.yml"])["datasources"][0]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)


def test_dashboards_keep_their_addresses() -> None:
    assert {name: json.loads(text)["uid"] for name, text in _rendered().items()} == {
        name: f"edgetpu-ci-{name}"
        for name in ("development", "performance", "devices", "regressions", "alerts", "cost")
    }


def _links(place: Place) -> list[str | None]:
    text = dashboards.files(Config(), place)["grafana/dashboards/edgetpu-ci-cost.json"]
    return [link.get("url") for link in json.loads(text)["links"]]


def test_links_lead_to_the_repository_that_is_chosen_and_to_our_runbooks() -> None:
    place = Place(repository="o/r", url="https://github.example/o/r", runbooks={"slow": "runbooks/slow.md"})
    assert _links(place) == [None, "https://github.example/${repo}", "https://github.example/o/r/tree/HEAD/runbooks"]


@pytest.mark.parametrize("there", [{}, {"slow": "https://wiki.example/slow"}])
def test_there_is_no_link_to_runbooks_where_there_are_none(there: dict[str, str]) -> None:
    place = Place(repository="o/r", url="https://github.example/o/r", runbooks=there)
    assert _links(place) == [None, "https://github.example/${repo}"]


def test_a_firing_alert_has_its_runbook_beside_it() -> None:
    panel = _panel("alerts", "Firing Rules")
    (read,) = [one for one in panel["fieldConfig"]["overrides"] if one["matcher"]["options"] == "runbook"]
    assert read["properties"][0]["value"][0]["url"] == "${__value.raw:raw}"


def test_a_number_that_is_neither_good_nor_bad_is_not_green() -> None:
    defaults = _panel("cost", "Month to Date")["fieldConfig"]["defaults"]
    assert (defaults["color"], [step["color"] for step in defaults["thresholds"]["steps"]]) == (
        {"mode": "thresholds"},
        ["blue"],
    )


def test_the_key_figures_are_no_machine() -> None:
    assert 'machine!="repository"' in _exprs(_panel("devices", "Age of the Newest Run"))[0]


def test_what_was_pushed_once_is_looked_back_for() -> None:
    asked = [
        expr for text in _rendered(PUSH).values() for panel in json.loads(text)["panels"] for expr in _exprs(panel)
    ]
    ours = [expr for expr in asked if "edgetpu_ci_" in expr and runbooks.NAME not in expr]
    assert ours
    assert all("last_over_time(edgetpu_ci_" in expr for expr in ours)


@pytest.mark.parametrize(
    ("settings", "before"), [(Config(), "} offset $__interval"), (PUSH, "[30d] offset $__interval")]
)
def test_a_commit_is_marked_where_it_was_not_known_a_step_before(settings: Config, before: str) -> None:
    (marks,) = json.loads(_rendered(settings)["performance"])["annotations"]["list"]
    assert before in marks["expr"].partition(" unless ")[2]


def _unknown_key(dashboard: dict[str, Any]) -> None:
    dashboard["panles"] = []


def _unknown_panel_key(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["tittle"] = "x"


def _unknown_query_key(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["targets"][0]["exprr"] = "up"


def _no_such_panel(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["type"] = "graph"


def _wrong_type(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["gridPos"]["w"] = "12"


def _no_promql(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["targets"][0]["expr"] = 'max by (x) (up{repo=~"$repo"}'


def _no_unit(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["fieldConfig"]["defaults"]["unit"] = "fsp"


def _fixed_source(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["targets"][0]["datasource"]["uid"] = "prometheus"


def _over_another(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][1]["gridPos"]["x"] = 0


def _twice(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][1]["id"] = 1


def _no_refid(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["targets"][0]["refId"] = ""


def _no_description(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["description"] = ""


def _falling(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["fieldConfig"]["defaults"]["thresholds"]["steps"].reverse()


def _no_variable(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["targets"][0]["expr"] = 'up{repo=~"$repo",zone="$zone"}'


def _of_anybody(dashboard: dict[str, Any]) -> None:
    dashboard["panels"][0]["targets"][0]["expr"] = 'up{branch=~"$branch"}'


@pytest.mark.parametrize(
    "fault",
    [
        _unknown_key, _unknown_panel_key, _unknown_query_key, _no_such_panel, _wrong_type, _no_promql, _no_unit,
        _fixed_source, _over_another, _twice, _no_refid, _no_description, _falling, _no_variable, _of_anybody,
    ],
)  # fmt: skip
def test_a_fault_is_found(fault: Callable[[dict[str, Any]], None]) -> None:
    spoilt = json.loads(_rendered()["development"])
    fault(spoilt)
    try:
        found = grafana.faults(msgspec.convert(spoilt, grafana.Dashboard))
    except msgspec.ValidationError as error:
        found = [str(error)]
    assert found
