"""The alerts of the users' document, as examples/alerts has them: who is told of a report, and who a while later."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgetpu_ci import collect, config, notify
from edgetpu_ci.alerting import keeper
from edgetpu_ci.alerting.evaluating import Watch
from edgetpu_ci.incidents.record import Context, Incident
from edgetpu_ci.model import Report
from edgetpu_ci.store.folder import Folder
from tests.fakes.incidents import acknowledged, changed
from tests.fakes.kpi_reports import figure, report
from tests.fakes.notifier import Recording
from tests.fakes.world import AT, world

SETTINGS = config.load(Path(__file__).parents[2] / "examples/alerts/edgetpu-ci.yml")
ADDRESSES: dict[str, Callable[[dict[str, str], str], str]] = {
    "pagerduty": lambda labels, _channel: "PAGERDUTY_P0" if labels["priority"] == "p0" else "PAGERDUTY_ROUTING_KEY",
    "issue": lambda labels, _channel: labels["repo"],
    "slack": lambda _labels, channel: channel or "#ci",
}
WELL: dict[str, float | None] = {
    "failure_streak": 0.0,
    "test_coverage": 91.0,
    "critical_vulnerabilities": 0.0,
    "critical_vulnerable_dependencies": 0.0,
    "medium_or_graver_vulnerable_dependencies": 0.0,
    "package_available": 1.0,
}
AT_ONCE = [
    "pagerduty PAGERDUTY_P0",
    "issue octo/models",
    "slack #ci",
    "slack #emergency",
    "slack #security",
    "slack #leads",
]


@dataclass
class Repository:
    """A store, and services that write down what they are told."""

    folder: Path
    start: datetime = AT
    ways: dict[str, Recording] = field(default_factory=lambda: {use: Recording(use) for use in ADDRESSES})
    tokens: int = 0

    def looked(self, minutes: float = 0, **values: float | None) -> list[str]:
        """What a run at that time, with these values, says to whom."""
        now = self.start + timedelta(minutes=minutes)
        told = self.watch(now).evaluate(self.report(now, **values))
        assert told.problems == ()
        return [f"{one.kind} {one.target}" for one in told.said]

    def report(self, now: datetime, **values: float | None) -> Report:
        """A run of main."""
        measured = [figure(name, value, reason="not known: x") for name, value in {**WELL, **values}.items()]
        made = report(measured)
        return replace(made, run=replace(made.run, id=f"{now:%Y%m%dT%H%M%SZ}-0", at=now))

    def watch(self, now: datetime) -> Watch:
        """As a job has it."""
        self.tokens += 1
        return Watch(
            alerting=SETTINGS.alerting,
            rules=config.alert_rules(SETTINGS),
            bound={use: way.bound()._replace(address=ADDRESSES[use]) for use, way in self.ways.items()},
            store=self.store,
            repository="octo/models",
            context=lambda _: Context(),
            world=world(self.folder, now=lambda: now, token=lambda: f"{self.tokens:016x}"),
        )

    @property
    def store(self) -> Folder:
        """Where the book is."""
        return Folder(self.folder / "store")

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """What is known of incidents."""
        return keeper.load(self.store).incidents


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def opened(targets: list[str]) -> list[str]:
    return [f"opened {target}" for target in targets]


def test_it_collects_what_its_alerts_read() -> None:
    for number, one in enumerate(SETTINGS.kpis):
        assert collect.bind(one, f"kpis[{number}]").is_of_repository, one.use


def test_its_ways_of_telling_are_there_and_say_where_an_alert_goes() -> None:
    labels = {"repo": "octo/models", "priority": "p0"}
    bound = [notify.bind(step, f"notify[{number}]") for number, step in enumerate(SETTINGS.alerting.notify)]
    assert {one.use: one.address(labels, "") for one in bound} == {
        use: address(labels, "") for use, address in ADDRESSES.items()
    }


def test_it_raises_no_doubt() -> None:
    assert config.doubts(SETTINGS, AT) == ()


def test_a_fourth_failing_build_is_told_where_the_document_says(repository: Repository) -> None:
    assert repository.looked(0, failure_streak=3) == []
    assert repository.looked(1, failure_streak=4) == opened(AT_ONCE)
    (incident,) = repository.incidents
    assert (incident.severity, incident.priority) == ("critical", "p0")
    assert repository.looked(2, failure_streak=5) == []


def test_who_is_told_later_is_told_when_the_document_says(repository: Repository) -> None:
    said = {}
    for minutes in (0, 14, 15, 29, 30, 31):
        heard = repository.looked(minutes, failure_streak=4)
        said[minutes] = [one for one in heard if one.startswith("escalated")]
    assert said == {
        0: [],
        14: [],
        15: ["escalated slack #management"],
        29: [],
        30: ["escalated slack #development", "escalated pagerduty PAGERDUTY_EXTERNAL"],
        31: [],
    }


def test_acknowledged_stops_it(repository: Repository) -> None:
    repository.looked(0, failure_streak=4)
    (incident,) = repository.incidents
    now = world(repository.folder)
    keeper.change(repository.store, lambda book: changed(book, incident.key, acknowledged), now)
    assert not [one for one in repository.looked(60, failure_streak=4) if one.startswith("escalated")]
    assert repository.incidents[0].steps == ()


def test_a_warning_goes_to_its_channel_and_to_an_issue(repository: Repository) -> None:
    assert repository.looked(0, test_coverage=79.9) == opened(["issue octo/models", "slack #dev-quality"])
    weak = {"test_coverage": 79.9, "medium_or_graver_vulnerable_dependencies": 1.0}
    assert repository.looked(5, **weak) == opened(["issue octo/models", "slack #dev-security"])
    assert "escalated slack #development" in repository.looked(125, **weak)


@pytest.mark.parametrize("found_by", ["critical_vulnerabilities", "critical_vulnerable_dependencies"])
def test_a_critical_weakness_is_one_whichever_collector_found_it(repository: Repository, found_by: str) -> None:
    assert repository.looked(0, **{found_by: 1}) == opened(AT_ONCE)
    assert [one.labels["alertname"] for one in repository.incidents] == ["security_vulnerability_detected"]


def test_a_broken_build_explains_the_rest(repository: Repository) -> None:
    assert repository.looked(0, failure_streak=4, test_coverage=10) == opened(AT_ONCE)
    assert len(repository.incidents) == 2


def test_what_could_not_be_read_is_nothing_good_and_nothing_bad(repository: Repository) -> None:
    unknown = dict.fromkeys(WELL)
    assert repository.looked(0, **unknown) == []
    repository.looked(1, failure_streak=4)
    repository.looked(1440, **unknown)
    assert repository.incidents[0].is_open


def test_a_silence_of_the_configuration_is_kept(tmp_path: Path) -> None:
    repository = Repository(tmp_path, datetime.fromisoformat("2027-01-04T09:00:00Z"))
    assert repository.looked(0, package_available=0) == []
    assert [one.told_at for one in repository.incidents] == [None]
    assert repository.looked(240, package_available=0) == opened(AT_ONCE)
