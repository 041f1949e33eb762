"""What is said of a head and a base that were measured in the same rounds."""

import random
from collections.abc import Sequence
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from edgetpu_ci.judging import interleaved
from edgetpu_ci.model import Base, Collected, Comparison, Measurement, Rounds, Rule

FPS, P10, WAIT = "throughput_sustained_fps", "latency_p10_ms", "run_queue_wait_percent"
ONE_PERCENT = (Rule(match=f"*/{FPS}", worse_by_percent=1),)


def slots(ms: float, rounds: int, seed: int) -> tuple[float, ...]:
    noise = random.Random(seed)  # noqa: S311 - noise, not a secret
    return tuple(ms * (1 + noise.uniform(0, 0.01)) for _ in range(rounds))


def measured(subject: str, ms: Sequence[float], waits: Sequence[float] = ()) -> list[Measurement]:
    found = [
        Measurement(subject=subject, metric=P10, value=ms[0], slots=tuple(ms)),
        Measurement(subject=subject, metric=FPS, value=1000 / ms[0], slots=tuple(1000 / each for each in ms)),
        Measurement(subject=subject, metric="macs_millions", value=300.0),
    ]
    return [*found, *([Measurement(subject=subject, metric=WAIT, value=0.0, slots=tuple(waits))] if waits else [])]


def rounds(count: int, disturbed: Sequence[int] = ()) -> Rounds:
    return Rounds(
        orders=tuple("AB" if n % 2 else "BA" for n in range(count)),
        disturbed=tuple("3% was stolen by the hypervisor" if n in disturbed else "" for n in range(count)),
    )


def taken(slower: float = 1.0, count: int = 20, subjects: Sequence[str] = ("m",), **parts: Rounds) -> Collected:
    return Collected(
        measurements=tuple(m for n, s in enumerate(subjects) for m in measured(s, slots(2.0 * slower, count, n))),
        base=tuple(m for n, s in enumerate(subjects) for m in measured(s, slots(2.0, count, 100 + n))),
        rounds={subject: parts.get(subject, rounds(count)) for subject in subjects},
    )


def compare(found: Collected, rules: Sequence[Rule] = ONE_PERCENT, **parts: object) -> interleaved.Compared:
    base = Base(kind="base commit", label="", measurements=found.base, rounds=found.rounds, **parts)  # type: ignore[arg-type]
    family = interleaved.demanded([m.key for m in found.measurements], rules)
    return interleaved.compare_rounds(found.measurements, base, rules, family)


def of(found: interleaved.Compared, metric: str = FPS) -> Comparison:
    return next(comparison for comparison in found.comparisons if comparison.metric == metric)


@pytest.mark.parametrize(
    ("slower", "finding", "rounds_taken"),
    [(1.0, "unchanged", 10), (1.05, "regressed", 20), (1 / 1.05, "improved", 20)],
)
def test_a_change_is_found_in_twenty_rounds_and_none_in_ten(slower: float, finding: str, rounds_taken: int) -> None:
    comparison = of(compare(taken(slower)))
    assert (comparison.finding, comparison.rounds, comparison.against) == (finding, rounds_taken, "base commit")
    assert comparison.ratio == pytest.approx(1 / slower, rel=0.005)
    assert comparison.interval is not None
    assert comparison.interval[0] < 1 / slower < comparison.interval[1]


def test_what_is_inconclusive_says_how_many_rounds_would_decide() -> None:
    comparison = of(compare(taken(1.004), [Rule(match="*", worse_by_percent=0.6)]))
    assert comparison.finding == "inconclusive"
    assert comparison.rounds_needed is not None
    assert f"about {comparison.rounds_needed} rounds would decide" in comparison.because


def test_ten_rounds_never_fail() -> None:
    assert of(compare(taken(2.0, count=10))).finding == "inconclusive"


def test_the_rounds_that_count_stand_in_the_comparison() -> None:
    comparison = of(compare(taken(1.05, count=22, m=rounds(22, disturbed=(0,)))))
    assert len(comparison.pairs) == comparison.rounds == 20
    assert comparison.base == median(base for base, _ in comparison.pairs)


@pytest.mark.parametrize(("floor_ms", "finding"), [(0.001, "regressed"), (0.2, "unchanged")])
def test_a_change_below_the_floor_is_none_however_many_percent_it_is(floor_ms: float, finding: str) -> None:
    for metric in (FPS, P10):
        rule = Rule(match=f"*/{metric}", worse_by_percent=1, floor_ms=floor_ms)
        assert of(compare(taken(1.05), [rule]), metric).finding == finding


def test_facts_are_compared_exactly_and_outside_the_family() -> None:
    found = taken()
    fewer = tuple(
        m if m.metric != "macs_millions" else Measurement(subject="m", metric=m.metric, value=299.0) for m in found.base
    )
    comparison = of(
        compare(Collected(measurements=found.measurements, base=fewer, rounds=found.rounds)), "macs_millions"
    )
    assert (comparison.finding, comparison.p, comparison.base, comparison.head) == ("regressed", None, 299.0, 300.0)


@pytest.mark.parametrize(
    ("was", "now", "finding"), [(80, 79.5, "regressed"), (80, 80, "unchanged"), (79.5, 80, "improved")]
)
def test_accuracy_is_a_fact_with_a_direction(was: float, now: float, finding: str) -> None:
    before, after = (Measurement(subject="m", metric="accuracy_top1_percent", value=v) for v in (was, now))
    found = compare(Collected(measurements=(after,), base=(before,)))
    assert of(found, "accuracy_top1_percent").finding == finding


def test_without_a_rule_about_changes_one_percent_of_what_a_user_waits_for_is_demanded() -> None:
    band = Rule(match="*", max=1)
    assert interleaved.rules([band], ["m/throughput_sustained_fps", "m/model_load_ms", "c/time_ms"]) == (
        band,
        Rule(match="*/throughput_sustained_fps", worse_by_percent=1, unknown="warn"),
        Rule(match="*/time_ms", worse_by_percent=1, unknown="warn"),
    )
    assert interleaved.rules(ONE_PERCENT, ["m/throughput_sustained_fps"]) == ONE_PERCENT


def test_the_family_is_what_is_demanded_of_what_can_be_measured_in_rounds() -> None:
    series = [f"{subject}/{metric}" for subject in "mn" for metric in (P10, FPS)]
    assert interleaved.demanded(series, [Rule(match="n/*", worse_by_percent=5)]) == {f"n/{P10}", f"n/{FPS}"}
    assert interleaved.demanded(series, [Rule(match="*/macs_millions", worse_by_percent=5)]) == set()
    assert interleaved.demanded(series, [Rule(match="*", max=5)]) == set()


def test_what_other_work_disturbs_is_looked_for_in_its_calm_metric() -> None:
    series = [f"m/{metric}" for metric in (P10, FPS)]
    assert interleaved.demanded(series, [Rule(match="*/latency_p99_ms", worse_by_percent=5)]) == {f"m/{P10}"}
    assert interleaved.demanded(series, [Rule(match="*/throughput_fps", worse_by_percent=5)]) == {f"m/{FPS}"}


def test_a_subject_is_settled_when_all_of_it_is_and_counts_its_least_known_metric() -> None:
    found = taken(count=10, subjects=("m", "n"))
    family = interleaved.demanded([m.key for m in found.measurements], ONE_PERCENT)
    slow = taken(1.05, count=10)
    mixed = Collected(
        measurements=(*slow.measurements, *(m for m in found.measurements if m.subject == "n")),
        base=(*slow.base, *(m for m in found.base if m.subject == "n")),
        rounds=found.rounds,
    )
    assert interleaved.standing(mixed, ONE_PERCENT, family) == {"m": (10, False), "n": (10, True)}
    burst = {"n": rounds(10, disturbed=(2,))}
    with_burst = structs.replace(mixed, rounds={**mixed.rounds, **burst})
    assert interleaved.standing(with_burst, ONE_PERCENT, family)["n"].counted == 9


def test_what_nothing_is_demanded_of_is_settled() -> None:
    assert interleaved.standing(taken(count=10), [], frozenset()) == {"m": (10, True)}


def test_a_round_of_zero_makes_a_metric_inconclusive_and_not_silent() -> None:
    found = taken()
    zero = tuple(structs.replace(m, slots=(0.0, *m.slots[1:])) if m.metric == FPS else m for m in found.measurements)
    comparison = of(compare(structs.replace(found, measurements=zero)))
    assert comparison.finding == "inconclusive"
    assert "not above zero" in comparison.because


def test_errors_in_most_rounds_of_the_head_are_told_though_some_rounds_had_none() -> None:
    rates = (0.0, *(50.0,) * 9)
    before, after = (
        Measurement(subject="m", metric="error_rate_percent", value=0, slots=s) for s in ((0.0,) * 10, rates)
    )
    found = compare(Collected(measurements=(after,), base=(before,), rounds={"m": rounds(10)}))
    assert of(found, "error_rate_percent").finding == "regressed"


@pytest.mark.parametrize(
    ("metric", "base", "head", "because"),
    [
        (WAIT, 0.1, 8.0, "waits longer for a CPU than the base"),
        ("error_rate_percent", 0.0, 2.0, "fails more often than the base"),
        ("cpu_clock_mhz", 1800.0, 1500.0, "clocked lower under the head"),
    ],
)
def test_what_burdens_the_head_more_than_its_base_is_a_finding_of_its_own(
    metric: str, base: float, head: float, because: str
) -> None:
    before, after = (Measurement(subject="m", metric=metric, value=v, slots=(v,) * 20) for v in (base, head))
    comparison = of(compare(Collected(measurements=(after,), base=(before,), rounds={"m": rounds(20)})), metric)
    assert (comparison.finding, comparison.base, comparison.head) == ("regressed", base, head)
    assert because in comparison.because
    assert compare(Collected(measurements=(before,), base=(after,))).comparisons == ()


def test_disturbed_rounds_do_not_count_and_are_said() -> None:
    found = compare(taken(1.05, count=22, m=rounds(22, disturbed=(3, 4))))
    assert (of(found).rounds, of(found).dropped) == (20, 2)
    assert found.notes == ("m: 2 of 22 rounds were disturbed (3% was stolen by the hypervisor) and do not count.",)


def test_the_same_file_on_both_sides_is_unchanged_without_a_test() -> None:
    head = tuple(measured("m", slots(2.0, 10, 1)))
    found = compare(Collected(measurements=head), alike=frozenset({"m"}))
    assert (of(found).finding, of(found).p, of(found).because) == (
        "unchanged",
        None,
        "the model is the same file on both sides",
    )


def test_the_same_file_that_was_measured_must_answer_the_same() -> None:
    base = Base(
        kind="base commit", label="", measurements=(), rounds={"a[1]": rounds(10)}, alike=frozenset({"a[1]", "b"})
    )
    assert interleaved.alike(base) == (Rule(match="a[[]1]/output_mismatch_percent", max=0),)


@given(st.integers(0, 25), st.integers(0, 25))
def test_rounds_that_do_not_belong_together_are_not_compared(base: int, head: int) -> None:
    found = Collected(
        measurements=tuple(measured("m", slots(2, head, 1))) if head else (),
        base=tuple(measured("m", slots(2, base, 2))) if base else (),
        rounds={"m": rounds(min(base, head))},
    )
    speeds = [c for c in compare(found).comparisons if c.metric == FPS]
    assert bool(speeds) == (base > 0 and head > 0)
    assert all("missing on one side" in c.because for c in speeds if base != head)
