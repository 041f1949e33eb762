"""From what is logged to who is told: once, however often it is logged, and that it is over."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgetpu_ci import audit_log, config
from edgetpu_ci.alerting import evaluating
from edgetpu_ci.alerting.evaluating import Told, Watch
from edgetpu_ci.config import logged
from edgetpu_ci.config.alerting import Alerting
from edgetpu_ci.config.observability import Logs, Observability
from edgetpu_ci.config.step import Step
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.event import Event
from edgetpu_ci.incidents.record import Acknowledged
from edgetpu_ci.model import Machine
from edgetpu_ci.observed import Observed
from edgetpu_ci.world import World
from tests.fakes.world import world
from tests.integration.test_alerts import Shop, kinds, names, report

NOTIFY = Alerting(notify=(Step(use="slack"), Step(use="pagerduty")))
SECRET = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"  # noqa: S105 - of nobody


@dataclass
class Logging(Shop):
    """A shop whose runs log something, and whose only alerts are on that."""

    told: Observed | None = None

    def world(self) -> World:
        assert self.told
        return World(**{**vars(super().world()), "observed": self.told})

    def watch(self) -> Watch:
        return replace(super().watch(), alerting=NOTIFY, rules=logged.rules(Logs(), NOTIFY))

    def logs(self, *events: tuple[str, str], machine: str = "pi5") -> Told | None:
        """A run on a machine that logs events of a level and a name."""
        self.hour += 1
        self.told = Observed()
        for level, name in events:
            self.told.tell(level, name, self.world().now(), reason=f"refused {SECRET}")  # type: ignore[arg-type]
        one = self.keep(report(self.hour, 90, machine=Machine(key=machine)))
        return evaluating.after_run(self.watch(), one, Event())


@pytest.fixture
def shop(tmp_path: Path) -> Logging:
    return Logging(tmp_path)


def test_five_hundred_equal_errors_are_one_page_and_it_ends_after_good_runs(shop: Logging) -> None:
    told = shop.logs(*[("error", "report_unsaved")] * 500)
    assert told
    assert names(told.opened) == ["logged_error"]
    assert (kinds(shop.pager), kinds(shop.slack)) == (["opened"], [])
    alert = shop.incident.alerts[0]
    assert alert.labels["subject"] == "report_unsaved"
    assert alert.because == "report_unsaved was logged 500 times, last: refused ***"
    shop.logs(*[("error", "report_unsaved")] * 300)
    shop.logs()
    assert kinds(shop.pager) == ["opened"]
    told = shop.logs()
    assert told
    assert names(told.resolved) == ["logged_error"]
    assert kinds(shop.pager) == ["opened", "resolved"]


def test_warnings_go_to_slack_and_what_is_critical_everywhere(shop: Logging) -> None:
    shop.logs(("warning", "delivery_failed"))
    assert (kinds(shop.slack), kinds(shop.pager)) == (["opened"], [])
    shop.logs(("critical", "bug"), ("info", "run_started"), ("debug", "store_conflict"))
    assert (kinds(shop.slack), kinds(shop.pager)) == (["opened", "opened"], ["opened"])


def test_another_machine_ends_nothing(shop: Logging) -> None:
    shop.logs(("error", "report_unsaved"))
    for _ in range(3):
        shop.logs(machine="pi4")
    assert shop.incident.is_open


def test_each_name_is_an_alert_of_the_same_incident(shop: Logging) -> None:
    shop.logs(("warning", "delivery_failed"), ("warning", "rule_failed"))
    assert [alert.labels["subject"] for alert in shop.incident.alerts] == ["delivery_failed", "rule_failed"]
    assert kinds(shop.slack) == ["opened"]


def settings(**parts: object) -> config.Config:
    return config.Config(
        alerting=NOTIFY,
        observability=Observability(logs=Logs()),
        store=Step(use="folder"),
        **parts,  # type: ignore[arg-type]
    )


def job(folder: Path, told: Observed, **env: str) -> World:
    payload = folder / "event.json"
    payload.write_text(json.dumps({"repository": {"full_name": "o/r", "default_branch": "main"}}))
    known = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(payload), "GITHUB_EVENT_NAME": "push"}
    named = {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": "c0ffee", "GITHUB_REPOSITORY": "o/r"}
    return world(folder, env={**known, **named, **env}, observed=told)


def pull_request(folder: Path, head: str) -> World:
    """A job of a pull request that comes from the repository `head`."""
    here = job(folder, failed(), GITHUB_EVENT_NAME="pull_request", GITHUB_REF="refs/pull/7/merge")
    sides = ({"sha": "c0ffee", "ref": "main", "repo": {"full_name": name}} for name in (head, "o/r"))
    change = {"number": 7, **dict(zip(("head", "base"), sides, strict=True))}
    known = {"full_name": "o/r", "default_branch": "main"}
    Path(here.env["GITHUB_EVENT_PATH"]).write_text(json.dumps({"repository": known, "pull_request": change}))
    return here


def failed() -> Observed:
    told = Observed()
    told.broke("bug", world(Path()).now(), KeyError("x"))
    return told


def test_a_command_that_broke_in_a_job_of_main_opens_an_incident(tmp_path: Path) -> None:
    told = evaluating.after_failure(settings(), "session", job(tmp_path, failed()))
    assert told
    assert names(told.opened) == ["logged_critical"]
    assert told.opened[0].alerts[0].because == "bug was logged once: KeyError"
    # Neither service has what it needs here: that is said, and nothing else.
    assert len(told.problems) >= 1


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({"GITHUB_ACTIONS": ""}, failed()),
        ({"GITHUB_REF": "refs/heads/feature"}, failed()),
        ({}, Observed()),
    ],
    ids=["by hand", "another branch", "nothing was logged"],
)
def test_else_nobody_is_told(env: dict[str, str], told: Observed, tmp_path: Path) -> None:
    assert evaluating.after_failure(settings(), "session", job(tmp_path, told, **env)) is None


@pytest.mark.parametrize("head", ["o/r", "stranger/r"])
def test_a_change_to_be_merged_tells_nobody_though_its_branch_is_called_main(head: str, tmp_path: Path) -> None:
    assert evaluating.after_failure(settings(), "session", pull_request(tmp_path, head)) is None


def written(folder: Path, logs: str, alerting: str = "{}") -> config.Config:
    path = folder / "edgetpu-ci.yml"
    path.write_text(f"kpis: [{{use: compliance}}]\nalerting: {alerting}\nobservability: {{logs: {logs}}}\n")
    return config.load(path)


@pytest.mark.parametrize(
    ("destination", "said"),
    [
        ("slack_webhook", "`alerting.notify` has no slack; list one"),
        ("pagerduty", "`alerting.notify` has no pagerduty; list"),
        ("emergency_contacts", "`alerting.contacts` has no emergency_contacts; give it addresses"),
        ("all_channels", "`alerting.notify` lists none"),
        ("remote_aggregator", "`observability.logs` has no `aggregator`"),
    ],
)
def test_a_destination_that_nothing_leads_to_is_said_with_the_next_step(
    destination: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=f"observability.logs.levels.ERROR goes to {destination}, and ") as fault:
        written(tmp_path, f"{{levels: {{ERROR: {{destinations: [{destination}], retention_days: 9}}}}}}")
    assert said in str(fault.value)


def test_a_default_that_leads_to_nobody_is_left_out(tmp_path: Path) -> None:
    loaded = written(tmp_path, "{}", "{notify: [{use: webhook}, {use: pagerduty}]}")
    told = [(rule.name, rule.to) for rule in config.watched_rules(loaded) if isinstance(rule, logged.LoggedRule)]
    assert told == [("logged_error", ("pagerduty",)), ("logged_critical", ("all_channels",))]


def test_logging_alone_needs_nobody_who_is_told(tmp_path: Path) -> None:
    assert config.watched_rules(written(tmp_path, "{}")) == ()


def test_days_of_the_table_are_those_that_compliance_is_told_of(tmp_path: Path) -> None:
    loaded = written(
        tmp_path, "{aggregator: {use: otlp}, levels: {ERROR: {destinations: [local_file], retention_days: 9}}}"
    )
    assert loaded.kpis[0].with_ == {
        "log_retention_days": {"DEBUG": 7, "INFO": 30, "WARNING": 90, "ERROR": 9, "CRITICAL": 365},
        "elsewhere": ["INFO", "WARNING", "CRITICAL"],
    }


def test_an_alert_may_not_have_the_name_of_one_on_what_is_logged(tmp_path: Path) -> None:
    rule = "{rules: [{name: logged_error, match: 'x/y', above: 1}]}"
    with pytest.raises(ConfigError, match="has the name of the alert on what is logged"):
        written(tmp_path, "{}", rule)


def test_what_somebody_acknowledged_or_closed_elsewhere_stands_in_the_audit_log(shop: Logging) -> None:
    shop.logs(("error", "report_unsaved"))
    known = {"key": shop.incident.key, "number": shop.incident.number, "how": "a comment on #17"}
    shop.pager.answers = [Acknowledged(**known, by="mona", at=shop.world().now())]  # type: ignore[arg-type]
    shop.logs(("error", "report_unsaved"))
    shop.pager.answers = [Acknowledged(**known, by="mona", at=shop.world().now(), over="mended")]  # type: ignore[arg-type]
    shop.logs(("error", "report_unsaved"))
    lines = audit_log.lines(shop.store)
    assert [(one.line.what, one.line.by, one.line.text[:10]) for one in lines] == [
        ("configured", "by hand", "its digest"),
        ("acknowledged", "mona", ""),
        ("closed", "mona", "mended"),
    ]
