"""The section `alerting:`: the short forms of monitoring documents, and the sentences when something is wrong."""

import re
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edgetpu_ci import codec, config, metrics, notify, schema
from edgetpu_ci.config import checking, matrix
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.config.step import Step
from edgetpu_ci.errors import ConfigError

NOW = datetime(2026, 11, 25, tzinfo=UTC)

DOCUMENT = """
alerting:
  critical_alerts:
    - security_vulnerability_detected:
        threshold: "critical_severity"
        response_time: "< 1 hour"
        escalation: "security_team"

    - build_failure_streak:
        threshold: "> 3 consecutive failures"
        response_time: "< 30 minutes"
        escalation: "development_team"

    - package_unavailable:
        threshold: "PyPI download failure"
        response_time: "< 2 hours"
        escalation: "infrastructure_team"
  warning_alerts:
    - test_coverage_drop:
        threshold: "< 80%"
        response_time: "< 4 hours"
        channel: "#dev-quality"

    - performance_regression:
        threshold: "> 10% throughput decrease"
        response_time: "< 2 hours"
        channel: "#dev-performance"

    - dependency_vulnerability:
        threshold: "medium_severity"
        response_time: "< 24 hours"
        channel: "#dev-security"
  notify: [{use: slack}]
  contacts:
    security_team: {slack: "#security"}
    development_team: {slack: "#dev"}
    infrastructure_team: {slack: "#infra"}
"""


def load(folder: Path, text: str) -> config.Config:
    path = folder / "edgetpu-ci.yml"
    path.write_text(text, encoding="utf-8")
    return config.load(path)


def section(folder: Path, **alerting: Any) -> config.Config:
    return load(folder, codec.encode_yaml({"alerting": alerting}))


RULE = {"name": "slow", "match": "*/build_time", "above": 300}
SLACK = [{"use": "slack"}]


def demand(rule: AlertRule) -> tuple[str, str, float]:
    names = ("above", "below", "worse_by_percent", "streak_above", "missing_above")
    ((name, value),) = [(name, getattr(rule, name)) for name in names if getattr(rule, name) is not None]
    return rule.match.removeprefix("*/"), name, value


def test_the_alerts_of_the_document_are_rules_as_they_are_written(tmp_path: Path) -> None:
    rules = config.alert_rules(load(tmp_path, DOCUMENT))
    assert {rule.name: demand(rule) for rule in rules} == {
        "security_vulnerability_detected": ("critical_vuln*", "above", 0),
        "build_failure_streak": ("build_failure_streak", "above", 3),
        "package_unavailable": ("package_available", "below", 1),
        "test_coverage_drop": ("test_coverage", "below", 80),
        "performance_regression": ("throughput_sustained_fps", "worse_by_percent", 10),
        "dependency_vulnerability": ("medium_or_graver_vulnerable_dependencies", "above", 0),
    }
    assert [(rule.severity, rule.priority) for rule in rules] == [("critical", "p0")] * 3 + [("warning", "p2")] * 3
    assert [rule.response_time for rule in rules[:2]] == ["< 1 hour", "< 30 minutes"]
    assert [rule.escalation for rule in rules] == [
        "security_team",
        "development_team",
        "infrastructure_team",
        "",
        "",
        "",
    ]
    assert [rule.channel for rule in rules[3:]] == ["#dev-quality", "#dev-performance", "#dev-security"]


def test_rules_written_out_come_first(tmp_path: Path) -> None:
    known = section(tmp_path, rules=[RULE], critical_alerts=[{"error_rate": {"threshold": "> 1%"}}])
    assert [rule.name for rule in config.alert_rules(known)] == ["slow", "error_rate"]


@pytest.mark.parametrize(
    ("name", "threshold", "expected"),
    [
        ("error_rate", "> 1.0", ("error_rate_percent", "above", 1)),
        ("high_error_rate", "> 5%", ("error_rate_percent", "above", 5)),
        ("performance_regression", ">10 %", ("throughput_sustained_fps", "worse_by_percent", 10)),
        ("security_vulnerability_detected", "high_severity", ("high_or_graver_vuln*", "above", 0)),
        ("dependency_vulnerability", "low_severity", ("low_or_graver_vulnerable_dependencies", "above", 0)),
        ("build_failure_streak", "> 5", ("build_failure_streak", "above", 5)),
    ],
)
def test_other_thresholds(tmp_path: Path, name: str, threshold: str, expected: tuple[str, str, float]) -> None:
    (rule,) = config.alert_rules(section(tmp_path, warning_alerts=[{name: {"threshold": threshold}}]))
    assert demand(rule) == expected


def read_by(rule: AlertRule) -> set[str]:
    return {name for name in metrics.names() if fnmatchcase(f"repository/{name}", rule.match)}


@pytest.mark.parametrize("severity", ["critical", "high", "medium", "low"])
def test_a_weakness_is_one_wherever_it_was_found(tmp_path: Path, severity: str) -> None:
    grade = severity if severity == "critical" else f"{severity}_or_graver"
    both = {
        name: {"threshold": f"{severity}_severity"}
        for name in ("security_vulnerability_detected", "dependency_vulnerability")
    }
    everywhere, dependencies = config.alert_rules(section(tmp_path, warning_alerts=[both]))
    assert read_by(everywhere) == {f"{grade}_vulnerabilities", f"{grade}_vulnerable_dependencies"}
    assert read_by(dependencies) == {f"{grade}_vulnerable_dependencies"}


def test_every_short_form_reads_a_metric_of_the_catalogue(tmp_path: Path) -> None:
    assert all(map(read_by, config.alert_rules(load(tmp_path, DOCUMENT))))


def test_the_priority_of_a_short_form_can_be_another(tmp_path: Path) -> None:
    form = {"threshold": "> 1%", "priority": "p1"}
    (rule,) = config.alert_rules(section(tmp_path, warning_alerts=[{"error_rate": form}]))
    assert rule.priority == "p1"


def test_a_matrix_need_not_have_rows_that_nobody_names(tmp_path: Path) -> None:
    forms = [{"error_rate": {"threshold": "> 1%"}}]
    known = section(tmp_path, warning_alerts=forms, escalation_matrix={"p0_critical": {}}, notify=SLACK).alerting
    assert matrix.ladder(known, "p2") == ()


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown short form": (
        {"critical_alerts": [{"build_failure_streaks": {"threshold": "> 3"}}]},
        r'critical_alerts\[0\]\.build_failure_streaks: no short form .*; did you mean "build_failure_streak"\?',
    ),
    "a threshold that says nothing": (
        {"warning_alerts": [{"test_coverage_drop": {"threshold": "less than 80"}}]},
        r'warning_alerts\[0\]\.test_coverage_drop\.threshold: "less than 80" is not understood; write it as "< 80%"',
    ),
    "a key that no short form has": (
        {"warning_alerts": [{"error_rate": {"threshold": "> 1%", "chanel": "#a"}}]},
        r'unknown key "alerting\.warning_alerts\[0\]\.error_rate\.chanel"; did you mean "channel"\?',
    ),
    "no demand": (
        {"rules": [{"name": "a", "match": "*"}]},
        r"alerting\.rules\[0\] \(a\) must demand exactly one of: above",
    ),
    "a silence that lasts": (
        {"rules": [{"name": "a", "match": "*", "silent_above_hours": 48, "for": "2 runs"}]},
        r"rules\[0\] \(a\): silence lasts for `silent_above_hours`, however long that is; leave out `for`",
    ),
    "two demands": ({"rules": [RULE | {"below": 1}]}, r"rules\[0\] \(slow\) must demand exactly one of"),
    "the same name twice": (
        {"rules": [RULE | {"name": "error_rate"}], "warning_alerts": [{"error_rate": {"threshold": "> 1%"}}]},
        "two alerts are called error_rate",
    ),
    "a time": (
        {"rules": [RULE | {"for": "soon"}]},
        r'rules\[0\] \(slow\)\.for: "soon" is no length of time; write it as "15 min", "2 days" or "3 runs"',
    ),
    "a level": (
        {"notify": SLACK, "routing": {"fatal": ["slack"]}},
        r'routing: "fatal" is none of: info, warning, error, ',
    ),
    "a silence that ends before it starts": (
        {"silences": [{"reason": "a", "starts": NOW, "until": NOW - timedelta(days=1)}]},
        r"alerting\.silences\[0\] would end before it starts",
    ),
    "a key in place of its variable": (
        {"notify": [{"use": "pagerduty"}], "contacts": {"cto": {"pagerduty": "c0ffee" * 5 + "00"}}},
        r"alerting\.contacts\.cto\.pagerduty: expected the name of the environment variable that holds it",
    ),
    "a response time": ({"rules": [RULE | {"response_time": "3 runs"}]}, r"response_time: \"3 runs\" is no length"),
    "an escalation to nobody": (
        {
            "rules": [RULE | {"response_time": "1 h", "escalation": "dev_tem"}],
            "notify": SLACK,
            "contacts": {"dev_team": {"slack": "#dev"}},
        },
        r'rules\[0\] \(slow\)\.escalation: contacts has no dev_tem; did you mean "dev_team"\?',
    ),
    "an escalation that never comes": (
        {"rules": [RULE | {"escalation": "a"}], "notify": SLACK, "contacts": {"a": {"slack": "#dev"}}},
        "a would never hear of it; give it a response_time",
    ),
    "an address for no way": (
        {"notify": SLACK, "contacts": {"cto": {"slak": "#c"}}},
        r'alerting\.contacts\.cto: notify lists no slak; did you mean "slack"\?',
    ),
    "a contact without an address": ({"contacts": {"cto": {}}}, r"alerting\.contacts\.cto has no address"),
    "a contact with an empty address": (
        {"notify": SLACK, "contacts": {"cto": {"slack": " "}}},
        r"alerting\.contacts\.cto\.slack is empty; give an address, or leave slack out",
    ),
    "a contact called like a way": (
        {"notify": SLACK, "contacts": {"slack": {"slack": "#c"}}},
        r"alerting\.contacts\.slack has the name of a way",
    ),
    "a way listed twice": ({"notify": SLACK * 2}, r"alerting\.notify lists twice: slack"),
    "nobody in the matrix": (
        {"notify": SLACK, "contacts": {"cto": {"slack": "#c"}}, "escalation_matrix": {"p0": {"15_min": ["boss"]}}},
        r"alerting\.escalation_matrix\.p0\.15_min: contacts has no boss; there are: cto\.",
    ),
    "no time in the matrix": (
        {"escalation_matrix": {"p0": {"at_once": []}}},
        r'alerting\.escalation_matrix\.p0\.at_once: "at_once" is no length of time',
    ),
    "no row of a priority": (
        {"rules": [RULE | {"priority": "p9"}], "escalation_matrix": {"p0_critical": {}}},
        r"priority: escalation_matrix has no row p9; there are: p0_critical\.",
    ),
    "no row of a priority in short form": (
        {
            "warning_alerts": [{"error_rate": {"threshold": "> 1%", "priority": "p9"}}],
            "escalation_matrix": {"p0_critical": {}},
        },
        r"warning_alerts\[0\]\.error_rate\.priority: escalation_matrix has no row p9",
    ),
    "two rows of a priority": (
        {"rules": [RULE | {"priority": "p0"}], "escalation_matrix": {"p0_critical": {}, "p0_other": {}}},
        r'"p0" may mean any of: p0_critical, p0_other',
    ),
    "a route to nobody": (
        {"notify": SLACK, "routing": {"warning": ["slak"]}},
        r'alerting\.routing\.warning: neither notify nor contacts has slak; did you mean "slack"\?',
    ),
    "what routing would say by itself, written out": (
        {"notify": SLACK, "routing": {"critical": ["all_channels", "emergency_contacts"]}},
        r"alerting\.routing\.critical: neither notify nor contacts has emergency_contacts; there are",
    ),
    "a contact of a runbook in short form": (
        {"runbooks": {"errors": {"trigger": "error_rate > 5%", "actions": ["notify_oncall_engineer"]}}},
        r"alerting\.runbooks\.errors: notify_oncall_engineer: contacts has no oncall_engineer",
    ),
    "a label that no alert has": (
        {"inhibit": [{"source": {"alertname": "a"}, "target": {"severty": "warning"}}]},
        r'alerting\.inhibit\[0\]\.target: no alert has a label severty; did you mean "severity"\?',
    ),
    "a group of nothing": ({"group_by": ["workflow"]}, r"alerting\.group_by\[0\]: no alert has a label workflow"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, fault: str) -> None:
    alerting, sentence = FAULTS[fault]
    with pytest.raises(ConfigError, match=sentence) as caught:
        section(tmp_path, **alerting)
    assert "edgetpu-ci.yml" in str(caught.value)


def test_what_routing_says_by_itself_needs_no_way_that_is_not_listed(tmp_path: Path) -> None:
    known = section(tmp_path, rules=[RULE], notify=SLACK)
    assert known.alerting.routing == {}


@pytest.mark.parametrize(
    ("alerting", "doubt"),
    [
        ({"rules": [RULE]}, "alerting.notify lists nothing, so that nobody is told of anything"),
        (
            {"silences": [{"reason": "move", "until": NOW - timedelta(days=40)}]},
            "alerting.silences[0] expired on 2026-10-16; take it out",
        ),
        (
            {
                "silences": [{"reason": "a", "until": NOW, "match": {"alertname": "slo"}}],
                "rules": [RULE],
                "notify": SLACK,
            },
            'alerting.silences[0].match: no alert is called "slo"; did you mean "slow"?',
        ),
        (
            {"rules": [RULE | {"channel": "#dev"}], "notify": [{"use": "issue"}]},
            "alerting.rules[0] (slow): notify lists no slack, so that nothing is said in #dev",
        ),
        (
            {"rules": [RULE], "notify": [{"use": "pagerduty"}]},
            (
                "alerting.rules[0] (slow): warning goes to issue, slack, of which notify lists none, "
                "so that nobody is told of it"
            ),
        ),
        (
            {"rules": [RULE | {"owner": "dev_tem"}], "notify": SLACK, "contacts": {"dev_team": {"slack": "#d"}}},
            'alerting.rules[0] (slow).owner: no contact is called "dev_tem"; did you mean "dev_team"?',
        ),
        (
            {"rules": [RULE | {"match": "*/build_tim"}], "notify": SLACK},
            'alerting.rules[0] (slow): no metric of ours is called build_tim; did you mean "build_time"?',
        ),
    ],
)
def test_what_is_probably_not_meant_is_said(tmp_path: Path, alerting: dict[str, Any], doubt: str) -> None:
    assert config.doubts(section(tmp_path, **alerting), NOW) == (doubt,)


@pytest.mark.parametrize(
    ("use", "name", "secret"),
    [
        ("slack", "token", "xoxb-1-planted"),
        ("slack", "webhook", "https://hooks.example.org/planted"),
        ("pagerduty", "routing_keys", {"default": "p1anted" * 4 + "0000"}),
        ("webhook", "url", "https://example.org/planted"),
        ("webhook", "secret", "planted-" * 3),
    ],
)
def test_a_secret_in_place_of_its_variable_is_refused_and_never_repeated(use: str, name: str, secret: object) -> None:
    with pytest.raises(ConfigError) as caught:
        notify.bind(Step(use=use, with_={name: secret}), "alerting.notify[0]")
    assert f"{name}" in str(caught.value)
    assert "expected the name of the environment variable that holds it, and not what it holds" in str(caught.value)
    assert "anted" not in str(caught.value)


def test_what_makes_sense_raises_no_doubt(tmp_path: Path) -> None:
    assert config.doubts(load(tmp_path, DOCUMENT), NOW) == ()


def test_a_priority_means_the_row_that_begins_with_it(tmp_path: Path) -> None:
    known = section(
        tmp_path,
        notify=SLACK,
        contacts={name: {"slack": f"#{name}"} for name in ("lead", "cto", "external")},
        escalation_matrix={"p0_critical": {"30_min": ["external"], "immediate": ["lead"], "15_min": ["cto"]}},
    ).alerting
    rungs = [(rung.after.total_seconds(), rung.contacts) for rung in matrix.ladder(known, "p0")]
    assert rungs == [(0, ("lead",)), (900, ("cto",)), (1800, ("external",))]
    assert matrix.ladder(known, "p0_critical") == matrix.ladder(known, "p0")
    assert matrix.ladder(known, "p1") == matrix.ladder(known, "") == ()


BESIDE = """
alerting:
  rules: [{name: slow, match: "*/build_time", above: 300, channel: "#speed"}]
  notify: [{use: issue}]
  routing: {warning: [issue, slack], critical: [cto]}
  contacts: {cto: {slack: "#cto"}}
"""
ITS_OWN = """
observability:
  stack: {notify: [{use: slack}]}
"""


def test_names_may_be_those_of_ways_that_alertmanager_has_to_itself(tmp_path: Path) -> None:
    assert config.doubts(load(tmp_path, BESIDE + ITS_OWN), NOW) == ()
    with pytest.raises(ConfigError, match=r"contacts\.cto: notify lists no slack; there are: issue\."):
        load(tmp_path, BESIDE)


@pytest.mark.parametrize(
    ("ways", "fault"),
    [
        ("[{use: slack}, {use: slack}]", r"observability\.stack\.notify lists slack twice; once is enough\."),
        ("[{use: issue}]", r"observability\.stack\.notify\[0\]\.use"),
    ],
)
def test_alertmanager_tells_only_by_what_it_has_a_receiver_for(tmp_path: Path, ways: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        load(tmp_path, f"observability: {{stack: {{notify: {ways}}}}}")


@pytest.mark.parametrize("name", ["alerts", "escalation"])
def test_what_the_docs_show_can_be_copied(name: str) -> None:
    text = (Path(__file__).parents[2] / f"docs/{name}.md").read_text()
    for block in re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL):
        whole = block if block.startswith("alerting:") else f"alerting:\n{block}"
        settings = codec.decode_yaml(whole.encode(), config.Config, name).alerting
        named = [who for row in settings.escalation_matrix.values() for rung in row.values() for who in rung]
        named += [rule.escalation for _, rule in checking.rules(settings) if rule.escalation]
        given = replace(
            settings,
            notify=settings.notify or (config.Step(use="slack"),),
            contacts=settings.contacts or {who: {"slack": "#a"} for who in named},
        )
        checking.check(given)


def test_what_the_docs_show_of_ways_of_alertmanagers_own_can_be_copied(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs/alertmanager.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    assert config.doubts(load(tmp_path, block), NOW) == ()


def test_editors_know_alerts_and_the_options_of_each_way() -> None:
    import jsonschema

    known = {"use": "pagerduty", "with": {"routing_keys": {"default": "KEY"}}}
    short = {"error_rate": {"threshold": "> 1%", "channel": "#a"}}
    given = {"notify": [known], "warning_alerts": [short], "rules": [RULE], "contacts": {"cto": {"pagerduty": "KEY"}}}
    told = {"stack": {"notify": [known]}}
    jsonschema.validate({"alerting": given, "observability": told}, document := schema.document())
    misspelt: list[dict[str, Any]] = [
        {"notify": [{"use": "pagerduty", "with": {"keys": {}}}]},
        {"warning_alerts": [{"error_rate": {}}]},
    ]
    for wrong in misspelt:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"alerting": given | wrong}, document)
