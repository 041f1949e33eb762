"""From a run to its report: what each measurement is compared with."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from edgetpu_ci import assess, measure
from edgetpu_ci.base import UNTRACKED
from edgetpu_ci.baselines import Accepted, Baseline, Level
from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.judging import judge
from edgetpu_ci.model import Base, Machine, Measurement, Point, Report, Rounds, Rule, Run, Series
from tests.fakes.world import AT

FPS = "throughput_sustained_fps"
RULE = Rule(match=f"*/{FPS}", worse_by_percent=10)
DEVICE = "pi"


def measured(subject: str, ms: float) -> Measurement:
    slots = tuple(1000 / (ms * (1 + n / 1000)) for n in range(10))
    return Measurement(subject=subject, metric=FPS, value=slots[5], slots=slots)


def run(*measurements: Measurement, commit: str = "") -> Run:
    return Run(id=commit or "now", at=AT, machine=Machine(key=DEVICE), measurements=measurements, commit=commit)


def accepted(*subjects: str) -> Baseline:
    levels = {
        subject: {FPS: Level(value=measured(subject, 1).value, slots=measured(subject, 1).slots)}
        for subject in subjects
    }
    return Baseline(device=DEVICE, accepted=Accepted(by="Reviewer", at=AT, report="r"), models=levels)


def beside(*subjects: str, **without: str) -> Base:
    return Base(
        kind="base commit",
        label="merge base with main (9f8e7d6)",
        measurements=tuple(measured(subject, 1) for subject in subjects),
        rounds={subject: Rounds(orders=("AB",) * 10, disturbed=("",) * 10) for subject in subjects},
        without=without,
    )


def report(taken: measure.Taken, *known: Baseline, past: tuple[Report, ...] = ()) -> Report:
    return assess.report(taken, Config(collect=(), rules=(RULE,)), known, assess.Past(reports=past))


def statuses(found: Report) -> dict[str, str]:
    return {verdict.subject: verdict.status for verdict in found.verdicts}


@pytest.mark.parametrize("why", [{}, {"built": UNTRACKED}])
def test_what_no_base_was_beside_is_held_against_the_accepted_level(why: dict[str, str]) -> None:
    taken = measure.Taken(
        run=run(measured("m", 1), measured("built", 2)),
        base=beside("m", **why),
        rules=(RULE,),
        family=frozenset({f"m/{FPS}"}),
    )
    found = report(taken, accepted("m", "built"))
    assert statuses(found)["built"] == "failed"
    assert found.bases == (
        "merge base with main (9f8e7d6)",
        "baseline accepted by Reviewer on 2026-03-04 from report r",
    )
    assert [c.against for c in found.comparisons if c.subject == "m"] == ["base commit"]


def test_a_base_that_broke_is_not_made_good_by_another_run() -> None:
    """Neither passes nor fails: nobody knows what the base would have been."""
    why = "the base cannot run it: it ended with status 1: kaputt"
    taken = measure.Taken(run=run(measured("m", 1)), base=beside(m=why), rules=(RULE,))
    found = report(taken, accepted("m"), past=(Report(run=run(measured("m", 1), commit="b" * 40)),))
    (verdict,) = found.verdicts
    assert (verdict.status, verdict.because, found.comparisons) == ("unknown", why, ())


def test_what_is_new_is_compared_with_nothing() -> None:
    taken = measure.Taken(run=run(measured("m", 1), measured("new", 2)), base=beside("m", new=judge.NEW), rules=(RULE,))
    found = report(taken, past=(Report(run=run(measured("new", 1), commit="b" * 40)),))
    assert [c.subject for c in found.comparisons if c.subject == "new"] == []
    assert found.bases == ("merge base with main (9f8e7d6)",)


def test_a_new_model_does_not_hide_the_ancestor_that_has_all_the_others() -> None:
    earlier = Report(run=run(measured("built", 1), commit="a" * 40))
    other = Report(run=replace(run(measured("built", 1.5), commit="c" * 40), at=AT + timedelta(days=1)))
    taken = measure.Taken(
        run=run(measured("built", 2), measured("new", 2)),
        base=beside(built=UNTRACKED, new=judge.NEW),
        rules=(RULE,),
        ancestors=("a" * 40,),
    )
    found = report(taken, past=(other, earlier))
    assert found.bases[1] == "report of the ancestor aaaaaaa, measured at another time"


def test_what_was_compared_in_rounds_is_kept_when_it_is_judged_again() -> None:
    taken = measure.Taken(
        run=run(measured("m", 1), measured("new", 2)),
        base=beside("m", new=judge.NEW),
        rules=(RULE,),
        family=frozenset({f"m/{FPS}"}),
    )
    first = report(taken)
    again = report(measure.Taken(run=first.run, before=first), accepted("m"))
    assert (again.comparisons, again.bases, statuses(again)) == (first.comparisons, first.bases, statuses(first))


def test_a_model_that_must_answer_as_its_base_must_do_so_when_it_is_judged_again() -> None:
    otherwise = Measurement(subject="m", metric="output_mismatch_percent", value=50.0)
    base = replace(beside("m"), alike=frozenset({"m"}))
    taken = measure.Taken(
        run=run(measured("m", 1), otherwise), base=base, rules=(RULE,), family=frozenset({f"m/{FPS}"})
    )
    first = report(taken)
    again = report(measure.Taken(run=first.run, before=first))
    assert [judge.status(found) for found in (first, again)] == ["failed", "failed"]


def test_simulated_and_real_runs_are_never_held_against_each_other() -> None:
    simulated = replace(measured("m", 1), device="simulated edgetpu")
    real = replace(measured("m", 1), device="usb at 2-1")
    past = (Report(run=run(simulated, commit="b" * 40)), Report(run=run(real, commit="c" * 40)))
    (same,) = report(measure.Taken(run=run(real)), past=past).comparisons
    assert same.finding == "unchanged"
    alone = report(measure.Taken(run=run(simulated)), past=past[1:])
    assert (alone.comparisons, alone.bases) == (
        (),
        ("nothing, since what a simulated Edge TPU measures is no baseline of any device",),
    )


def test_an_alert_on_a_change_hears_what_the_history_says_and_makes_no_verdict() -> None:
    alert = AlertRule(name="slower", match="*/throughput_fps", worse_by_percent=10)
    points = tuple(Point(at=AT - timedelta(hours=n), value=1000, report=f"r{20 - n}") for n in range(12, 0, -1))
    past = assess.Past(series=(Series(device=DEVICE, subject="m", metric=FPS, points=points),))
    taken = measure.Taken(run=run(measured("m", 1), Measurement(subject="m", metric="throughput_fps", value=900)))
    found = assess.report(taken, Config(alerting=Alerting(rules=(alert,))), (), past)
    assert [(one.key, one.runs) for one in found.history] == [(f"m/{FPS}", 13)]
    assert found.verdicts == ()
