"""Earlier reports: what a run is compared with, and what is passed over with a word."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgetpu_ci import codec, history, series_index
from edgetpu_ci.baselines import Accepted, Baseline, Level
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.model import REPOSITORY, SCHEMA, History, Machine, Measurement, Report, Rule, Run
from edgetpu_ci.store.folder import Folder
from tests.fakes.world import AT, Said, world


def run(
    number: int,
    *,
    device: str = "pi",
    subject: str = "m",
    value: float | None = 1.0,
    contended: str = "",
    commit: str = "",
) -> Run:
    return Run(
        id=f"r{number}",
        commit=commit,
        at=AT + timedelta(days=number),
        machine=Machine(key=device),
        measurements=(Measurement(subject=subject, metric="throughput_sustained_fps", value=value),),
        contended=contended,
    )


def keep(folder: Path, *runs: Run) -> Folder:
    store = Folder(folder)
    for one in runs:
        store.append(history.REPORTS, one.id, codec.encode_json(Report(run=one)))
    return store


def test_the_previous_run_is_the_newest_of_this_device_that_measured_the_same(tmp_path: Path) -> None:
    store = keep(tmp_path, run(1), run(2, value=2.0), run(3, subject="other"), run(4, device="other"))
    reports = history.recent(store, "pi", world(tmp_path))
    base = history.previous(reports, run(5))
    assert base
    assert base.kind == "previous run"
    assert base.label == "previous run of 2026-03-06 05:06 UTC, not a baseline"
    assert [m.value for m in base.measurements] == [2.0]


FPS = "m/throughput_sustained_fps"


def test_without_a_base_build_the_newest_ancestor_that_has_every_series_stands_in(tmp_path: Path) -> None:
    """That is the newest by its commit, not by when it was measured."""
    store = keep(
        tmp_path,
        run(1, commit="b" * 40, value=2.0),
        run(2, commit="c" * 40, value=3.0),
        run(3, commit="a" * 40, subject="other"),
        run(4, commit="d" * 40),
    )
    reports = history.recent(store, "pi", world(tmp_path))
    base = history.of_ancestor(reports, ["a" * 40, "b" * 40, "c" * 40], [FPS])
    assert base
    assert base.label == "report of the ancestor bbbbbbb, measured at another time"
    assert [m.value for m in base.measurements] == [2.0]
    assert history.of_ancestor(reports, ["a" * 40], [FPS]) is None
    assert history.of_ancestor(reports, [], [FPS]) is None


def test_a_busy_previous_run_is_known_as_such(tmp_path: Path) -> None:
    base = history.previous(history.recent(keep(tmp_path, run(1, contended="x")), "pi", world(tmp_path)), run(2))
    assert base
    assert base.contended


def test_the_first_run_has_nothing_before_it(tmp_path: Path) -> None:
    assert history.previous(history.recent(Folder(tmp_path), "pi", world(tmp_path)), run(1)) is None


def test_the_trend_goes_from_old_to_new_and_leaves_out_what_was_not_measured(tmp_path: Path) -> None:
    store = keep(tmp_path, run(1), run(2, value=None), run(3, value=3.0), run(4, device="other", value=9.0))
    (trend,) = history.trend(series_index.load(store, "pi", world(tmp_path), keep=False), run(4, value=4.0))
    assert trend.values == (1.0, 3.0, 4.0)
    assert trend.since == run(1, value=1.0).at


def test_key_figures_of_the_whole_have_a_trend_and_those_of_parts_have_none() -> None:
    measured = (
        Measurement(subject="repository", metric="build_success_rate", value=90.0),
        # Neither better nor worse.
        Measurement(subject="repository", metric="commits_per_week", value=9.0),
        Measurement(subject="ci.yml", metric="workflow_success_rate", value=80.0),
    )
    found = history.trend((), replace(run(1), measurements=measured))
    assert [(one.subject, one.metric, one.values) for one in found] == [("repository", "build_success_rate", (90.0,))]


@pytest.mark.parametrize("data", [b"", b"not json", b"[]", b'{"format": "another"}', b'{"schema": "x"}'])
def test_a_corrupt_or_foreign_report_is_passed_over_by_name_and_kept(tmp_path: Path, data: bytes) -> None:
    store = keep(tmp_path, run(1))
    store.append(history.REPORTS, "r2", data)
    said = Said()
    assert [report.run.id for report in history.recent(store, "pi", world(tmp_path, warn=said.append))] == ["r1"]
    assert len(said) == 1
    assert "report r2" in said[0]
    assert store.read(history.REPORTS, "r2") == data


def test_a_report_from_a_newer_schema_is_refused_with_the_next_step() -> None:
    data = codec.encode_json({"format": "edgetpu-ci report", "schema": SCHEMA + 1, "run": "of another shape"})
    with pytest.raises(DocumentError, match=f"new.json has schema {SCHEMA + 1}, newer than .* update edgetpu-ci"):
        history.decode(data, "new.json")


def test_unknown_fields_of_a_later_version_are_tolerated() -> None:
    data = codec.encode_json(Report(run=run(1))).replace(b'"schema": 1', b'"schema": 1, "from_the_future": {}')
    assert b"from_the_future" in data
    assert history.decode(data, "f").run.id == "r1"


def reports(*values: float, metric: str = "throughput_sustained_fps", first: int = 100) -> Iterator[Report]:
    for number, value in enumerate(values, first):
        yield measured(number, Measurement(subject="m", metric=metric, value=value))


def measured(number: int, *measurements: Measurement, device: str = "pi") -> Report:
    return Report(run=replace(run(number, device=device), measurements=measurements, commit=f"c{number}", url="u"))


def noisy(level: float, count: int) -> list[float]:
    """Around a level, within 0.6 %."""
    return [level * (1 + (n * 7 % 5 - 2) / 333) for n in range(count)]


RULE = Rule(match="*/throughput_sustained_fps", no_change_point=True)


def judged(values: list[float], baseline: Baseline | None = None, rule: Rule = RULE) -> History:
    *past, now = reports(*values)
    (found,) = history.judged(history.points(past), now.run, [rule], baseline, lambda _good, _bad: 4)
    return found


def test_a_series_is_one_metric_of_one_subject_on_one_device_oldest_first() -> None:
    def speed(value: float, device: str) -> Measurement:
        return Measurement(subject="m", metric="latency_p10_ms", value=value, device=device)

    found = history.series(
        [
            measured(2, speed(2.0, "usb:0")),
            measured(1, speed(1.0, "usb:0"), speed(9.0, "cpu")),
            measured(3, speed(3.0, "usb:0"), device="other"),
        ]
    )
    assert {one.device: [point.value for point in one.points] for one in found} == {
        "pi · usb:0": [1.0, 2.0],
        "pi · cpu": [9.0],
        "other · usb:0": [3.0],
    }
    point = found[0].points[0]
    assert (point.at, point.commit, point.report, point.url) == (AT + timedelta(days=1), "c1", "r1", "u")


def test_what_a_pull_request_measured_is_no_point_of_history() -> None:
    (report,) = reports(1.0)
    assert history.series([replace(report, run=replace(report.run, pull_request=7))]) == ()


def test_a_report_that_comes_twice_or_late_is_one_point_in_its_place() -> None:
    first, second, third = reports(1.0, 2.0, 3.0)
    known = history.points([third, first])
    (found,) = history.points([second, first], known)
    assert [point.value for point in found.points] == [1.0, 2.0, 3.0]


def test_changes_are_looked_for_where_other_work_disturbs_least() -> None:
    values = [*noisy(100, 20), *noisy(80, 20)]
    (calm,) = history.series(reports(*values))
    (disturbed,) = history.series(reports(*values, metric="throughput_fps"))
    assert [(change.index, change.tier) for change in calm.changes] == [(20, "confirmed")]
    assert disturbed.changes == ()


def test_a_fact_changes_at_once() -> None:
    (found,) = history.series(reports(5, 5, 6, metric="ops"))
    assert [(change.index, change.before, change.after) for change in found.changes] == [(2, 5, 6)]


def test_a_lasting_change_is_told_with_the_commits_that_were_measured_around_it() -> None:
    found = judged([*noisy(100, 20), *noisy(90, 8)])
    (shift,) = found.shifts
    assert (shift.tier, shift.finding, shift.good.commit, shift.bad.commit) == (
        "confirmed",
        "regressed",
        "c119",
        "c120",
    )
    assert (shift.good.report, shift.bad.report, shift.runs, shift.commits) == ("r119", "r120", 8, 4)
    assert (round(shift.before), round(shift.after)) == (100, 90)
    assert found.runs == 28


def test_a_rule_on_a_disturbed_metric_watches_its_calm_one() -> None:
    both = [
        measured(
            number,
            Measurement(subject="m", metric="latency_p99_ms", value=5.0),
            Measurement(subject="m", metric="latency_p10_ms", value=1.0),
        )
        for number in range(3)
    ]
    rule = Rule(match="*/latency_p99_ms", no_change_point=True)
    (found,) = history.judged(history.points(both[:2]), both[2].run, [rule], None, lambda _good, _bad: None)
    assert (found.metric, found.runs) == ("latency_p10_ms", 3)


@pytest.mark.parametrize("accepted", ["r124", "r127"])
def test_an_accepted_report_ends_what_was_said_of_its_level(accepted: str) -> None:
    values = [*noisy(100, 20), *noisy(90, 8)]
    assert judged(values, baseline(accepted, 90.1)).shifts == ()


def test_an_accepted_level_is_what_later_ones_are_held_against() -> None:
    values = [*noisy(100, 20), *noisy(90, 10), *noisy(80, 10)]
    (shift,) = judged(values, baseline("r128", 90.1)).shifts
    assert (shift.bad.report, round(shift.before)) == ("r130", 90)


def test_a_change_right_after_what_was_accepted_is_told() -> None:
    values = [*noisy(100, 20), *noisy(90, 10)]
    (shift,) = judged(values, baseline("r119", 100.1)).shifts
    assert shift.bad.report == "r120"


def test_what_was_accepted_of_another_model_accepts_nothing_here() -> None:
    values = [*noisy(100, 20), *noisy(90, 8)]
    other = replace(baseline("r127", 90.1), models={"other": {}})
    assert len(judged(values, other).shifts) == 1


def baseline(report: str, value: float) -> Baseline:
    return Baseline(
        device="pi",
        accepted=Accepted(by="Reviewer", at=AT, report=report),
        models={"m": {"throughput_sustained_fps": Level(value=value)}},
    )


@pytest.mark.parametrize(("value", "side"), [(100.2, 0), (97.0, -1), (103.0, 1), (99.3, 0)])
def test_a_newest_point_is_held_against_the_level_before_it(value: float, side: int) -> None:
    *past, now = reports(*noisy(50, 20), *noisy(100, 20), value)
    strays = history.strays(history.points(past), now.run, [RULE])
    assert [stray.side for stray in strays] == ([side] if side else [])


def test_a_level_of_four_points_has_no_range_yet() -> None:
    *past, now = reports(*noisy(100, 4), 300.0)
    assert history.strays(history.points(past), now.run, [RULE]) == ()


def test_a_series_has_neither_what_was_not_measured_nor_what_has_no_better_direction() -> None:
    missing = Measurement(subject="m", metric="latency_p10_ms", reason="crashed")
    shown = Measurement(subject="m", metric="run_queue_wait_percent", value=1.0)
    assert history.series([measured(1, missing, shown)]) == ()


def test_an_alias_belongs_to_the_series_of_its_metric_and_a_report_counts_once() -> None:
    old = measured(1, Measurement(subject="m", metric="p99_latency_ms", value=1.0))
    new = measured(2, Measurement(subject="m", metric="latency_p99_ms", value=2.0))
    (found,) = history.series([new, old, new])
    assert (found.metric, [point.value for point in found.points]) == ("latency_p99_ms", [1.0, 2.0])


def test_a_series_has_its_changes_of_facts_at_once_and_of_what_is_noisy_when_they_last() -> None:
    def one(number: int, speed: float, size: float) -> Report:
        return measured(
            number,
            Measurement(subject="m", metric="latency_p10_ms", value=speed * (1 + number % 5 / 1000)),
            Measurement(subject="m", metric="model_bytes", value=size),
        )

    found = history.series(one(n, 2.0 if n < 20 else 2.4, 100 if n < 39 else 110) for n in range(40))
    speed, size = ([(c.index, c.tier) for c in one.changes] for one in found)
    assert speed == [(20, "confirmed")]
    assert size == [(39, "confirmed")]
    assert (found[1].changes[0].before, found[1].changes[0].after) == (100, 110)


def test_what_may_never_be_merged_is_no_point_of_main() -> None:
    aside = replace(run(1), aside="it is not of main")
    assert history.series([Report(run=aside)]) == ()
    assert history.series([Report(run=replace(run(1), pull_request=7))]) == ()
    assert len(history.series([Report(run=run(1))])) == 1


def test_reports_of_the_repository_are_not_in_the_way_of_a_benchmark(tmp_path: Path) -> None:
    assert history.kind(REPOSITORY) != history.kind("pi")
    store = keep(tmp_path, run(1), run(2))
    of_repository = replace(run(3), machine=Machine(key=REPOSITORY))
    store.append(history.kind(REPOSITORY), of_repository.id, codec.encode_json(Report(run=of_repository)))
    assert [report.run.id for report in history.recent(store, "pi", world(tmp_path))] == ["r2", "r1"]
    assert [report.run.id for report in history.recent(store, REPOSITORY, world(tmp_path))] == ["r3"]
    assert [report.run.id for report in history.every(store, world(tmp_path))] == ["r3", "r2", "r1"]
