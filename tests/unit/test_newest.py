"""What is known of a store now: of each series the newest value that may be believed, whatever happens to the store."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edgetpu_ci import codec, history, memory, newest
from edgetpu_ci.alerting.looking import Looking
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.exposition import families
from edgetpu_ci.exposition.computed import Gathered
from edgetpu_ci.exposition.record import Known, Labels
from edgetpu_ci.incidents import evaluate, keys
from edgetpu_ci.incidents.record import STORED, Book, Watched
from edgetpu_ci.model import Comparison, Dependency, Measurement, Report, Verdict
from edgetpu_ci.newest import Newest
from edgetpu_ci.store.folder import Folder
from tests.fakes import alerting
from tests.fakes.alerting import COVERAGE, LABELS, PACKAGE, REGRESSION, START, at, shifted, value
from tests.fakes.incidents import acknowledged, incident
from tests.fakes.world import Said, world

REPO: Labels = (("repo", "o/r"), ("branch", "main"))
OF_REPOSITORY: Labels = (*REPO, ("subject", "repository"))
ON_PI: Labels = (*REPO, ("subject", "mobilenet"), ("device", "cpu"), ("machine", "pi5"))


def report(*measurements: Measurement, minutes: float = 0, **parts: object) -> Report:
    found = alerting.report(*measurements, minutes=minutes, **parts)  # type: ignore[arg-type]
    return replace(found, run=replace(found.run, id=f"{at(minutes):%Y%m%dT%H%M%SZ}-{found.run.machine.key}"))


@dataclass
class Kept:
    """A store, and who reads it."""

    folder: Path
    rules: tuple[AlertRule, ...] = ()
    pause: float = 0
    minutes: float = 60
    said: Said = field(default_factory=Said)

    def __post_init__(self) -> None:
        self.store = Folder(self.folder / "store")
        outside = world(
            self.folder,
            now=lambda: at(self.minutes),
            monotonic=lambda: self.minutes * 60,
            warn=self.said.append,
        )
        looking = Looking(rules=self.rules, group_by=("alertname",), repository="o/r")
        self.reader = Newest(self.store, looking, outside, self.pause)

    def add(self, *reports: Report) -> None:
        for one in reports:
            self.store.append(history.kind(one.run.machine.key), one.run.id, codec.encode_json(one))

    def known(self, *reports: Report) -> Known:
        self.add(*reports)
        return self.reader.refresh()

    def values(self, *reports: Report) -> dict[Labels, float]:
        return {reading.labels: reading.value for reading in self.known(*reports).readings if _is_measured(reading)}

    def text(self, name: str) -> dict[Labels, float]:
        found = {family.name: family for family in families.of(self.reader.refresh())}
        samples = found[f"edgetpu_ci_{name}"].samples if f"edgetpu_ci_{name}" in found else ()
        by_labels = {sample.labels: sample.value for sample in samples}
        assert len(by_labels) == len(samples), "a series stands there twice"
        return by_labels


def _is_measured(reading: object) -> bool:
    return not getattr(reading, "metric", "").startswith("incidents_")


@pytest.fixture
def kept(tmp_path: Path) -> Callable[..., Kept]:
    return lambda *rules, **parts: Kept(tmp_path, rules, **parts)


def fps(found: float | None, **parts: object) -> Measurement:
    return value("throughput_fps", found, "mobilenet", device="cpu", **parts)


def coverage(found: float | None) -> Measurement:
    return value("test_coverage", found)


def test_the_newest_known_value_has_the_labels_of_alerts(kept: Callable[..., Kept]) -> None:
    found = kept().values(
        report(coverage(80)),
        report(coverage(85), minutes=1),
        report(coverage(None), minutes=2),
        report(fps(700), value("test_coverage", 1, "mobilenet"), machine="pi5"),
    )
    assert found == {OF_REPOSITORY: 85, ON_PI: 700, (*REPO, ("subject", "mobilenet")): 1}


def test_what_belongs_to_a_pull_request_or_was_put_aside_is_not_known(kept: Callable[..., Kept]) -> None:
    store = kept()
    aside, change = report(coverage(1), minutes=1), report(coverage(2), minutes=2)
    aside = replace(aside, run=replace(aside.run, aside="measured again"))
    change = replace(change, run=replace(change.run, pull_request=7))
    assert store.values(report(coverage(80)), aside, change) == {OF_REPOSITORY: 80}
    assert store.known().runs[0].at == START


def test_each_document_is_read_once_and_one_that_comes_late_replaces_nothing(kept: Callable[..., Kept]) -> None:
    store = kept()
    assert store.values(report(coverage(80), minutes=5)) == {OF_REPOSITORY: 80}
    next((store.folder / "store/documents/kpis").glob("*")).write_bytes(b"not read again")
    assert store.values(report(coverage(70), minutes=1)) == {OF_REPOSITORY: 80}
    assert store.values(report(coverage(90), minutes=6)) == {OF_REPOSITORY: 90}
    assert store.said == []


def test_a_corrupt_document_is_named_once_and_counted_until_it_is_whole(kept: Callable[..., Kept]) -> None:
    store = kept()
    store.add(report(coverage(80)))
    whole = report(coverage(90), minutes=1)
    store.store.append("kpis", whole.run.id, b"{")
    file = store.folder / f"store/documents/kpis/{whole.run.id}.json"
    assert [store.values(), store.values()] == [{OF_REPOSITORY: 80}] * 2
    assert store.text("store_passed_over") == {(("repo", "o/r"),): 1}
    (said,) = store.said
    assert said.startswith(f"Passed over: report {whole.run.id} in the store")
    file.write_bytes(codec.encode_json(whole))
    assert store.values() == {OF_REPOSITORY: 90}
    assert store.text("store_passed_over") == {(("repo", "o/r"),): 0}


def test_a_corrupt_book_costs_what_is_known_of_incidents_and_nothing_else(kept: Callable[..., Kept]) -> None:
    store = kept()
    assert store.store.swap(STORED, None, b"{")
    assert store.values(report(coverage(80))) == {OF_REPOSITORY: 80}
    assert store.text("incidents") == store.text("incidents_open") == {}
    assert store.text("store_passed_over") == {(("repo", "o/r"),): 1}


def test_a_store_that_cannot_be_read_leaves_what_was_known(kept: Callable[..., Kept]) -> None:
    store = kept()
    assert store.values(report(coverage(80))) == {OF_REPOSITORY: 80}
    root = store.folder / "store"
    root.rename(store.folder / "away")
    root.write_text("a file where a folder was")
    assert store.values() == store.values() == {OF_REPOSITORY: 80}
    assert store.text("store_readable") == {(("repo", "o/r"),): 0}
    (said,) = store.said
    assert said.startswith("The store cannot be read: ")
    root.unlink()
    (store.folder / "away").rename(root)
    store.add(report(coverage(90), minutes=1))
    assert store.values() == {OF_REPOSITORY: 90}
    assert store.text("store_readable") == {(("repo", "o/r"),): 1}


def test_what_a_report_said_that_somebody_erased_is_not_known_any_more(kept: Callable[..., Kept]) -> None:
    store = kept(COVERAGE)
    first, second = report(coverage(70)), report(coverage(60), value("bus_factor", 3), minutes=1)
    store.store.append(STORED, "20261125T120000Z-1", codec.encode_json(incident(resolved_at=START)))
    assert store.store.swap(STORED, None, memory.pack(Book()))
    assert len(store.known(first, second).readings) > 2
    assert list(store.text("alert_bad_runs").values()) == [2]
    assert store.text("incidents_opened") == {OF_REPOSITORY: 1}
    store.store.drop("kpis", [second.run.id])
    store.store.drop(STORED, ["20261125T120000Z-1"])
    assert store.values() == {OF_REPOSITORY: 70}
    assert list(store.text("alert_bad_runs").values()) == [1]
    assert store.text("incidents_opened") == {OF_REPOSITORY: 0}
    store.store.append("erasures", "20261125T130000Z-1", b"{}")
    store.store.drop("kpis", [first.run.id])
    assert (store.values(), store.text("last_run_info")) == ({}, {})


def test_a_store_that_lost_all_and_knows_of_no_erasure_was_not_read(kept: Callable[..., Kept]) -> None:
    store = kept()
    assert store.values(report(coverage(80))) == {OF_REPOSITORY: 80}
    (store.folder / "store").rename(store.folder / "not mounted")
    known = store.known()
    assert known.fault.startswith("The store cannot be read: it has none of the documents that were there; see that")
    assert store.values() == {OF_REPOSITORY: 80}
    (store.folder / "not mounted").rename(store.folder / "store")
    assert store.known().is_readable


def test_what_is_older_than_a_month_is_not_known_but_when_the_last_run_was(kept: Callable[..., Kept]) -> None:
    store = kept(minutes=40 * 24 * 60)
    assert store.values(report(coverage(70)), report(coverage(80), minutes=1)) == {}
    assert store.text("last_run_timestamp_seconds") == {(*REPO, ("machine", "repository")): at(1).timestamp()}


def test_what_a_clock_that_jumped_called_yet_to_come_is_not_read(kept: Callable[..., Kept]) -> None:
    early, yet_to_come = report(coverage(80), minutes=61), report(coverage(1), minutes=24 * 60)
    assert kept(minutes=60).values(early, yet_to_come) == {OF_REPOSITORY: 80}


def test_a_store_that_lies_elsewhere_is_looked_at_once_a_minute(kept: Callable[..., Kept]) -> None:
    store = kept(pause=newest.PAUSE)
    assert store.values(report(coverage(80))) == {OF_REPOSITORY: 80}
    store.add(report(coverage(90), minutes=1))
    store.minutes += 0.9
    assert store.values() == {OF_REPOSITORY: 80}
    store.minutes += 0.1
    assert store.values() == {OF_REPOSITORY: 90}


def test_several_who_ask_at_once_read_nothing_twice(kept: Callable[..., Kept]) -> None:
    store = kept(COVERAGE)
    store.add(*(report(coverage(70), minutes=n) for n in range(20)))
    asking = [threading.Thread(target=store.reader.refresh) for _ in range(4)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert list(store.text("alert_bad_runs").values()) == [20]


@dataclass(frozen=True)
class Slow(Folder):
    """A store that does not answer until it may."""

    may: threading.Event = field(default_factory=threading.Event)

    def snapshot(self) -> Folder:
        self.may.wait(20)
        return self


@dataclass(frozen=True)
class Broken(Folder):
    """A store on a disk that is broken."""

    def snapshot(self) -> Folder:
        raise OSError(5, "whatever the system says", "/mnt/store")


def test_what_the_system_says_of_a_store_is_a_sentence_with_the_next_step(kept: Callable[..., Kept]) -> None:
    store = kept()
    known = Newest(Broken(store.folder), store.reader.looking, store.reader.world).refresh()
    said = "The store cannot be read: /mnt/store: input/output error; see that it can be reached and read, or name"
    assert known.fault == f"{said} another with `store:` in the configuration."


def test_a_scrape_does_not_wait_for_a_store_that_hangs(kept: Callable[..., Kept]) -> None:
    store = kept()
    store.add(report(coverage(80)))
    slow = Slow(store.store.root)
    reader = Newest(slow, store.reader.looking, store.reader.world)
    before = threading.active_count()
    asked = [reader.promptly(0.01) for _ in range(3)]
    assert [(one.is_readable, list(one.readings)) for one in asked] == [(False, [])] * 3
    assert asked[0].fault == "The store has not been read yet; ask again in a few seconds."
    assert threading.active_count() == before + 1
    slow.may.set()
    known = reader.promptly()
    assert (known.is_readable, known.runs[0].at) == (True, START)


def test_a_look_that_does_not_end_is_said_beside_what_was_known(kept: Callable[..., Kept]) -> None:
    store = kept()
    store.add(report(coverage(80)))
    slow = Slow(store.store.root)
    slow.may.set()
    reader = Newest(slow, store.reader.looking, store.reader.world)
    assert reader.promptly().is_readable
    slow.may.clear()
    assert reader.promptly(0.01).is_readable
    store.minutes += 2
    known = reader.promptly(0.01)
    said = "The store has not answered for 120 s; see that it can be reached and read"
    assert (known.fault.partition(",")[0], known.runs[0].at) == (said, START)
    slow.may.set()
    assert reader.promptly().is_readable


@pytest.mark.parametrize(("broken", "known"), [(600.0, 600.0), (800.0, 700.0)])
def test_of_a_run_that_broke_only_what_is_worse_counts(kept: Callable[..., Kept], broken: float, known: float) -> None:
    fault = value("error_rate_percent", 50, "mobilenet", failed=True, reason="the USB stick is gone")
    found = kept().known(report(fps(700), machine="pi5"), report(fps(broken), fault, machine="pi5", minutes=1))
    assert {
        one.metric: one.value for one in found.readings if one.metric in {"throughput_fps", "error_rate_percent"}
    } == {
        "throughput_fps": known,
        "error_rate_percent": 50,
    }


@pytest.mark.parametrize(("hot", "known"), [(600.0, 700.0), (800.0, 800.0)])
def test_of_what_heat_spoilt_only_what_is_better_counts(kept: Callable[..., Kept], hot: float, known: float) -> None:
    heat = value("throttled_percent", 90, "mobilenet")
    found = kept().values(report(fps(700), machine="pi5"), report(fps(hot), heat, machine="pi5", minutes=1))
    assert found[ON_PI] == known


def test_what_neither_a_fault_nor_heat_touches_counts_and_a_hot_speed_alone_is_not_known(
    kept: Callable[..., Kept],
) -> None:
    size, memory_ = value("model_bytes", 7, "mobilenet"), value("memory_peak_mb", 9, "mobilenet")
    fault = value("error_rate_percent", 50, "mobilenet", failed=True, reason="the USB stick is gone")
    heat = value("throttled_percent", 90, "mobilenet")
    store = kept()
    store.add(report(fps(700), size, memory_, machine="pi5"))
    now = [replace(size, value=5), replace(memory_, value=5), fps(800)]
    known = store.known(report(*now, fault, machine="pi5", minutes=1), report(*now, heat, machine="new", minutes=2))
    found = {(one.metric, dict(one.labels).get("machine")): one.value for one in known.readings}
    assert [found[name, "pi5"] for name in ("model_bytes", "memory_peak_mb", "throughput_fps")] == [5, 9, 700]
    assert found["memory_peak_mb", "new"] == 5
    assert ("throughput_fps", "new") not in found


def test_bad_runs_are_counted_in_a_row_and_end_as_the_alert_does(kept: Callable[..., Kept]) -> None:
    rule = replace(COVERAGE, for_="2 runs", resolve_after=2)
    store = kept(rule)
    counted: list[float] = []
    for minutes, found in enumerate([90, 70, 90, 70, None, 60, 90, 50, 90, None, 90, 90]):
        store.add(report(coverage(found), minutes=minutes))
        counted += store.text("alert_bad_runs").values()
    # One good run ends what is pending, two what fires; what is unknown counts neither way.
    assert counted == [0, 1, 0, 1, 1, 2, 2, 3, 3, 3, 0, 0]


def test_what_became_worse_is_a_fraction_and_zero_once_it_is_back(kept: Callable[..., Kept]) -> None:
    store = kept()
    shift = shifted(700, 560)
    store.add(replace(report(*shift.run.measurements, machine="pi5"), history=shift.history))
    name = (*ON_PI, ("metric", "throughput_fps"))
    assert store.text("regression_ratio") == {name: pytest.approx(0.2)}
    store.add(report(fps(700), machine="pi5", minutes=1))
    calm = Comparison(
        subject="mobilenet", metric="throughput_sustained_fps", base=700, head=700, finding="unchanged", ratio=1.0
    )
    store.add(report(fps(700), machine="pi5", minutes=-1, comparisons=(calm,)))
    assert store.text("regression_ratio") == {name: pytest.approx(0.2)}
    store.add(report(replace(fps(700), metric="average_throughput_fps"), machine="pi5", minutes=2, comparisons=(calm,)))
    assert store.text("regression_ratio") == {name: 0}


def test_the_newest_run_of_each_machine_with_its_verdicts(kept: Callable[..., Kept]) -> None:
    verdict = Verdict(subject="repository", metric="test_coverage", status="failed", weight="fail", because="70 %")
    store = kept()
    store.known(report(coverage(70), minutes=1, verdicts=(verdict,), version="0.7.0"))
    store.add(report(coverage(80)))
    machine = (*REPO, ("machine", "repository"))
    run = (("commit", "c000001"), ("report", "20261125T120100Z-repository"), ("url", ""), ("version", "0.7.0"))
    assert store.text("last_run_info") == {(*machine, *run): 1}
    assert store.text("rules") == {
        (*machine, ("status", status)): float(status == "failed")
        for status in ("passed", "warned", "failed", "unknown")
    }


def test_when_something_was_last_heard_of_is_known_by_the_book_too(kept: Callable[..., Kept]) -> None:
    silent = AlertRule(name="silent", match="*/test_coverage", silent_above_hours=1)
    store = kept(silent)
    (seen,) = evaluate.observe((silent,), report(coverage(80)), LABELS)
    watched = Watched(fingerprint="x", rule="silent", labels=seen.labels, last=seen.seen, good=seen.seen)
    assert store.store.swap(STORED, None, memory.pack(Book(watched=(watched,))))
    assert list(store.text("alert_heard_timestamp_seconds").values()) == [START.timestamp()]


def test_dependencies_are_those_of_the_newest_run_that_looked(kept: Callable[..., Kept]) -> None:
    store = kept()
    looked = report(value("outdated_dependencies", 1))
    old = Dependency(package="numpy", current="1.0", latest="2.0", severity="high")
    looked = replace(looked, run=replace(looked.run, dependencies=(old, old)))
    store.add(looked, report(coverage(80), minutes=1))
    ((labels, one),) = store.text("dependency_info").items()
    assert (dict(labels)["package"], dict(labels)["severity"], one) == ("numpy", "high", 1)
    late = replace(looked.run, id="20261125T115900Z-repository", at=at(-1), dependencies=())
    store.add(report(value("outdated_dependencies", None), minutes=2), replace(looked, run=late))
    assert len(store.text("dependency_info")) == 1
    store.add(report(value("outdated_dependencies", 0), minutes=3))
    assert store.text("dependency_info") == {}


def test_incidents_are_those_of_the_store_now_not_of_the_last_run_that_counted(kept: Callable[..., Kept]) -> None:
    store = kept()
    store.add(report(value("incidents_open", 7)))
    taken, open_, over = acknowledged(incident()), incident(number=2), incident(number=3, resolved_at=START)
    book = Book(incidents=(taken, open_, over), opened=3)
    assert store.store.swap(STORED, None, memory.pack(book))
    assert store.text("incidents_open") == {OF_REPOSITORY: 2}
    assert store.text("incidents") == {
        (("repo", "o/r"), ("state", "open")): 2,
        (("repo", "o/r"), ("state", "unacknowledged")): 1,
    }
    assert store.text("outbox_waiting") == {(("repo", "o/r"),): 0}


def test_figures_of_incidents_are_of_one_branch_and_the_book_goes_before_what_was_put_away(
    kept: Callable[..., Kept],
) -> None:
    store, elsewhere = kept(), report(fps(700), machine="pi5", minutes=1)
    store.add(report(coverage(80)), replace(elsewhere, run=replace(elsewhere.run, branch="dev")))
    store.store.append(STORED, "20261125T120000Z-1", codec.encode_json(incident(resolved_at=START)))
    assert store.store.swap(STORED, None, memory.pack(Book(incidents=(incident(),), opened=1)))
    assert store.text("incidents_open") == {OF_REPOSITORY: 1}


SLOW = AlertRule(name="slow", match="*/throughput_fps", below=50, by=("subject", "device"))
MEASURED = st.builds(
    value,
    st.sampled_from(["test_coverage", "throughput_fps", "package_available", "p99_latency_ms"]),
    st.sampled_from([1.0, 99.0]),
    st.sampled_from(["mobilenet", "repository", 'a "model"']),
    device=st.sampled_from(["", "cpu"]),
)


@settings(max_examples=40)
@given(st.lists(MEASURED, min_size=1, max_size=6), st.sampled_from(["pi5", "repository"]))
def test_the_labels_of_a_series_and_a_rule_are_those_of_our_alert(measured: list[Measurement], machine: str) -> None:
    rules = (COVERAGE, PACKAGE, SLOW)
    one, gathered = report(*measured, machine=machine), Gathered(rules)
    gathered.take(one, LABELS, at(1))
    counted = {keys.fingerprint(_renamed(dict(sample.labels))) for sample in gathered.streaks.samples()}
    for seen in evaluate.observe(rules, one, LABELS):
        rule = next(rule for rule in rules if rule.name == seen.rule)
        # As `max by (repo, branch, ..., machine)` and the rule's own labels make them.
        added = {"alertname": rule.name, "severity": rule.severity, "priority": rule.priority}
        kept = {"repo", "branch", "machine", *rule.by}
        series = [dict(labels) for metric, labels in gathered.values if metric == rule.match.removeprefix("*/")]
        by = [{name: text for name, text in labels.items() if name in kept} for labels in series]
        assert keys.fingerprint(seen.labels) in {keys.fingerprint(labels | added) for labels in by} & counted


def _renamed(labels: dict[str, str]) -> dict[str, str]:
    return {"alertname" if name == "rule" else name: text for name, text in labels.items()}


def test_a_rule_on_what_is_missing_counts_what_earlier_runs_had(kept: Callable[..., Kept]) -> None:
    store = kept(AlertRule(name="gone", match="*/throughput_fps", missing_above=1))
    store.add(report(fps(700), machine="pi5"), report(value("model_bytes", 1, "mobilenet"), machine="pi5", minutes=1))
    assert list(store.text("alert_bad_runs").values()) == [1]


def test_a_regression_is_watched_by_its_rule_too(kept: Callable[..., Kept]) -> None:
    store = kept(REGRESSION)
    shift = shifted(700, 560)
    store.add(replace(report(*shift.run.measurements, machine="pi5"), history=shift.history))
    assert list(store.text("alert_bad_runs").values()) == [1]
