"""The classes of faults, and that a run which had one says nothing of changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.stats import binom

from edgetpu_ci import history, validity
from edgetpu_ci.judging import answers, compare, interleaved, judge
from edgetpu_ci.loads import faults
from edgetpu_ci.model import Base, Measurement, Rounds, Rule
from edgetpu_ci.world import Ran
from tests.fakes import reports

RULES = (Rule(match="*/throughput_sustained_fps", worse_by_percent=1, unknown="warn"),)
WHY = "invalid: USB transfer error 2 [LibUsbDataOutCallback]: the USB link broke"


@given(st.integers(-64, -1) | st.none(), st.binary(max_size=80))
def test_every_end_of_a_process_is_one_printable_sentence(status: int | None, said: bytes) -> None:
    fault = faults.of_process(Ran(status=status, stdout=b"", stderr=said), 3)
    assert fault
    assert fault.text.isprintable()
    assert (fault.attempted, fault.failed) == (1, 1)


@pytest.mark.parametrize("status", [0, 1, 127])
def test_a_process_that_ended_by_itself_had_no_fault(status: int) -> None:
    assert faults.of_process(Ran(status=status, stdout=b"", stderr=b"USB transfer error 2 [Some]"), 3) is None


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (-6, b"USB transfer error 1 [LibUsbDataOutCallback]", "usb"),
        (None, b"E HIB Error. hib_error_status = 0000000000002200, x", "hib"),
        (None, b"", "hang"),
        (-9, b"", "memory"),
        (-11, b"", "signal"),
    ],
)
def test_the_class_of_a_fault(status: int | None, said: bytes, kind: str) -> None:
    fault = faults.of_process(Ran(status=status, stdout=b"", stderr=said), 3)
    assert fault
    assert fault.kind == kind


def test_a_failed_inference_of_a_model_is_no_fault_of_the_device() -> None:
    assert faults.of_requests("Node number 3 (DIV) failed to invoke.", 10, 10) is None
    fault = faults.of_requests("Failed to execute request. Deadline exceeded.Node number 1", 20, 10)
    assert fault
    assert (fault.kind, fault.attempted, fault.failed) == ("invokes", 20, 10)


# What is made of a run that had one.


def broken(subject: str = "m") -> Measurement:
    return Measurement(subject=subject, metric="failures_per_million", value=9.0, reason=WHY, failed=True, n=100)


def model(ms: float, seed: int = 1) -> tuple[Measurement, ...]:
    return reports.model("m", ms, seed=seed)


def test_only_what_failed_with_a_value_is_invalid() -> None:
    crashed = Measurement(subject="other", metric="latency_p10_ms", reason="crashed", failed=True)
    assert validity.invalid([*model(2), crashed, broken()]) == {"m": WHY}


def test_of_an_invalid_run_only_what_the_file_is_counts() -> None:
    counted = {m.metric for m in validity.counted([*model(2), broken()])}
    assert counted == {"model_bytes", "macs_millions", "ops", "ops_on_cpu"}


@pytest.mark.parametrize("ms", [1.0, 2.0, 4.0])
def test_an_invalid_run_is_unknown_and_neither_slower_nor_faster(ms: float) -> None:
    said = reports.report([*model(ms, seed=2), broken()], model(2), rules=RULES)
    measured = [c for c in said.comparisons if c.metric not in {"model_bytes", "macs_millions", "ops", "ops_on_cpu"}]
    assert {(c.finding, c.because) for c in measured} == {("inconclusive", WHY)}
    assert {(v.status, v.because) for v in said.verdicts if v.metric != "ops_on_cpu"} == {("unknown", WHY)}
    assert judge.overall(said.verdicts) == "unknown"


@pytest.mark.parametrize("unknown", ["warn", "pass"])
def test_no_rule_lets_an_invalid_run_pass(unknown: str) -> None:
    rules = [Rule(match="*/throughput_sustained_fps", worse_by_percent=1, unknown=unknown)]  # type: ignore[arg-type]
    assert judge.overall(judge.judge([*model(2), broken()], [], rules)) == "unknown"


def test_a_band_holds_of_what_was_measured_before() -> None:
    rules = [Rule(match="*/latency_p99_ms", max=1), Rule(match="*/latency_p50_ms", max=99)]
    said = judge.judge([*model(2), broken()], [], rules)
    assert [(v.metric, v.status) for v in said] == [
        ("latency_p99_ms", "failed"),
        ("latency_p50_ms", "passed"),
        ("failures_per_million", "unknown"),
    ]


@pytest.mark.parametrize("side", ["head", "base"])
def test_beside_a_base_either_side_makes_it_inconclusive(side: str) -> None:
    head, base = model(4, seed=2), model(2)
    head, base = ((*head, broken()), base) if side == "head" else (head, (*base, broken()))
    rounds = {"m": Rounds(orders=("AB", "BA") * 5, disturbed=("",) * 10, looks=((False,) * 10,))}
    beside = Base(kind="base commit", label="", measurements=base, rounds=rounds)
    found = interleaved.compare_rounds(head, beside, RULES, frozenset({"m/throughput_sustained_fps"}))
    (speed,) = [c for c in found.comparisons if c.metric == "throughput_sustained_fps"]
    assert (speed.finding, speed.because) == ("inconclusive", WHY if side == "head" else f"its base: {WHY}")
    assert (speed.ratio, speed.interval, speed.pairs) == (None, None, ())


def test_an_invalid_run_is_no_point_of_history_and_nothing_to_compare_with() -> None:
    report = reports.report([*model(2), broken()])
    on_main = replace(report, run=replace(report.run, pull_request=None))
    points = {one.metric for one in history.points([on_main])}
    assert points == {"model_bytes", "macs_millions", "ops", "ops_on_cpu"}
    base = history.previous([report], report.run)
    assert base
    assert {m.metric for m in base.measurements} == points
    assert compare.sequential(reports.report(model(4, seed=2)).run, base, RULES)


# Answers.


def test_what_is_demanded_of_answers() -> None:
    metrics = ("output_steps_max", "output_steps_mean", "top1_agreement_percent", "outputs_stuck")
    found = [Measurement(subject="a[1]", metric=metric, value=1, n=8) for metric in metrics]
    assert [(rule.match, rule.max, rule.worse_by_percent) for rule in answers.rules((), found)] == [
        ("a[[]1]/top1_agreement_percent", None, 25),
        ("a[[]1]/outputs_stuck", 0, None),
    ]
    of_the_same_file = answers.rules((), found, frozenset({"a[1]"}))
    assert [(rule.max, rule.worse_by_percent) for rule in of_the_same_file] == [(None, 0)] * 3 + [(0, None)]
    assert list(answers.rules((Rule(match="*/outputs_stuck", max=1), Rule(match="*/top1*", min=90)), found)) == []


@pytest.mark.parametrize(("examples", "turned"), [(8, 2), (32, 5), (1000, 67)])
def test_what_a_harmless_change_turns_over_is_no_fall(examples: int, turned: int) -> None:
    assert answers.by_chance(examples) == turned
    assert binom.sf(turned, examples, answers.ON_THE_EDGE) < answers.BY_CHANCE
    assert binom.sf(turned - 1, examples, answers.ON_THE_EDGE) >= answers.BY_CHANCE


@pytest.mark.parametrize(("now", "status"), [(100.0, "passed"), (75, "passed"), (62.5, "failed"), (None, "unknown")])
def test_agreement_with_the_cpu_may_not_fall(now: float | None, status: str) -> None:
    was = Measurement(subject="m", metric="top1_agreement_percent", value=100, n=8)
    found = Measurement(subject="m", metric="top1_agreement_percent", value=now, reason="none", n=8)
    run = reports.report([found], [was], rules=list(answers.rules((), [found])))
    assert [v.status for v in run.verdicts] == [status]
