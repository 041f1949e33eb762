"""The gate on facts that nobody wrote: alone, against a baseline, beside a base commit, after a previous run."""

import pytest

from edgetpu_ci import assess, derive, measure
from edgetpu_ci.baselines import Accepted, Baseline, Level
from edgetpu_ci.config import Config
from edgetpu_ci.judging import judge
from edgetpu_ci.model import Base, Machine, Measurement, Report, Rule, Run, Verdict
from tests.fakes.world import AT

HISTOGRAMS = {0: (), 1: (("SOFTMAX", "1"),), 3: (("RESIZE_BILINEAR", "2"), ("SOFTMAX", "1"))}


def on_cpu(count: int, metric: str = "ops_on_cpu") -> Measurement:
    return Measurement(subject="m[1]", metric=metric, value=count, details=HISTOGRAMS[count])


def run(*measurements: Measurement, name: str = "now") -> Run:
    return Run(
        id=name, at=AT.replace(hour=4 if name == "before" else 5), machine=Machine(key="pi"), measurements=measurements
    )


def baseline(count: int, metric: str = "ops_on_cpu") -> Baseline:
    accepted = Accepted(by="Ada", at=AT, report="r")
    return Baseline(device="pi", accepted=accepted, models={"m[1]": {metric: Level(value=count)}})


def report(
    taken: measure.Taken, *known: Baseline, rules: tuple[Rule, ...] = (), past: tuple[Report, ...] = ()
) -> Report:
    return assess.report(taken, Config(collect=(), rules=rules), known, assess.Past(reports=past))


def only(found: Report) -> Verdict:
    (verdict,) = found.verdicts
    return verdict


def beside(head: int, base: int) -> measure.Taken:
    before = Base(kind="base commit", label="merge base", measurements=(on_cpu(base),))
    return measure.Taken(run=run(on_cpu(head)), base=before)


def test_alone_nothing_is_demanded() -> None:
    found = report(measure.Taken(run=run(on_cpu(3))))
    assert found.verdicts == ()
    assert judge.overall(found.verdicts) == "passed"


@pytest.mark.parametrize(("was", "now", "status"), [(1, 3, "failed"), (1, 1, "passed"), (3, 1, "passed")])
def test_no_operator_more_on_the_cpu_than_the_baseline(was: int, now: int, status: str) -> None:
    said = only(report(measure.Taken(run=run(on_cpu(now))), baseline(was)))
    assert (said.status, said.demand) == (status, "no worse")


def test_no_byte_more_is_uploaded_at_a_switch_than_by_the_baseline() -> None:
    metric = "switch_upload_bytes"
    said = only(report(measure.Taken(run=run(on_cpu(3, metric))), baseline(0, metric)))
    assert (said.status, said.because) == ("failed", "3 B more than the baseline")


def test_streamed_bytes_are_shown_and_fail_nothing() -> None:
    metric = "streamed_parameter_bytes"
    found = report(measure.Taken(run=run(on_cpu(3, metric))), baseline(0, metric))
    assert found.verdicts == ()
    assert [c.finding for c in found.comparisons] == ["regressed"]


def test_beside_a_base_the_operators_that_fell_back_are_named_and_a_reviewer_may_accept_them() -> None:
    said = only(report(beside(3, base=1)))
    assert (said.status, said.worse_than) == ("failed", "base commit")
    assert said.because == "2 more than the base commit: 2 RESIZE_BILINEAR more"


def test_operators_that_left_the_cpu_are_named_too() -> None:
    (comparison,) = report(beside(1, base=3)).comparisons
    assert comparison.because == "2 RESIZE_BILINEAR fewer"


def test_a_previous_run_only_informs() -> None:
    past = (Report(run=run(on_cpu(1), name="before")),)
    assert only(report(measure.Taken(run=run(on_cpu(3))), past=past)).status == "warned"


def test_judged_again_the_same_is_said() -> None:
    first = report(beside(3, base=1))
    again = report(measure.Taken(run=first.run, before=first))
    assert again.verdicts == first.verdicts


def test_a_rule_that_names_it_stands_in_its_place() -> None:
    said = only(report(measure.Taken(run=run(on_cpu(3))), baseline(1), rules=(Rule(match="*/ops_on_cpu", max=4),)))
    assert (said.status, said.demand) == ("passed", "max 4")


def test_what_a_switch_uploads_is_not_passed_where_it_cannot_be_read() -> None:
    missing = Measurement(subject="m", metric="switch_upload_bytes", reason="its options are no map")
    said = only(report(measure.Taken(run=run(missing))))
    assert (said.status, said.weight, said.because) == ("unknown", "warn", "its options are no map")


def test_operations_per_second_can_be_demanded() -> None:
    measured = (
        Measurement(subject="m", metric="macs_on_tpu_millions", value=300.0),
        Measurement(subject="m", metric="throughput_sustained_fps", value=400.0),
    )
    said = only(report(measure.Taken(run=run(*derive.of(measured))), rules=(Rule(match="*/tops", min=0.2),)))
    assert said.status == "passed"
    assert said.value == pytest.approx(0.24)
