"""The noise floor, and who may not decide because of it."""

import random
from collections.abc import Sequence
from itertools import pairwise
from math import exp
from pathlib import Path
from statistics import NormalDist, median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.stats import binom

from edgetpu_ci import noise, stats
from edgetpu_ci.judging import demand, judge
from edgetpu_ci.model import Comparison, Finding, Measurement, Rule
from edgetpu_ci.noise import Gauge, SelfTest
from edgetpu_ci.stats import paired
from tests.fakes.world import AT

Pairs = tuple[tuple[float, float], ...]
KEY = f"m/{noise.METRIC}"
CALM = (False,) * 30


def rounds(spread: float, count: int = 30, seed: int = 1) -> Pairs:
    """Slots of both arms of unchanged code: normal noise, the logarithm of their ratio has deviation `spread`."""
    draw = random.Random(seed)  # noqa: S311 - noise, not a secret
    return tuple((500.0, 500.0 * exp(draw.gauss(0, spread))) for _ in range(count))


def gauge(pairs: Pairs, disturbed: Sequence[bool] = ()) -> Gauge:
    found = noise.gauge("m", pairs, disturbed or (False,) * len(pairs))
    assert found
    return found


def made(floor: float, *, p: float = 0.5, models: int = 1) -> SelfTest:
    one = Gauge(subject="m", ratio=1.0, interval=(0.99, 1.01), floor=floor, p=p, rounds=30, dropped=0)
    return SelfTest(at=AT, gauges=(one,) * models)


GOOD, BAD = made(0.004), made(0.032)


def compared(finding: Finding, ratio: float = 0.95, half: float = 0.005) -> Comparison:
    interval = (ratio * (1 - half), ratio * (1 + half))
    return Comparison(
        subject="m",
        metric=noise.METRIC,
        base=100,
        head=100 * ratio,
        finding=finding,
        ratio=ratio,
        interval=interval,
        rounds=20,
        pairs=((100.0, 100 * ratio),) * 20,
        against="base commit",
    )


def said(finding: Comparison, tests: Sequence[SelfTest], percent: float = 1) -> Comparison:
    (found,) = noise.quarantined([finding], {KEY: demand.Least(percent / 100, 0.001)}, tests)
    return found


# The floor


def test_the_floor_is_half_the_interval_of_thirty_rounds() -> None:
    floors = [gauge(rounds(0.015, seed=seed)).floor for seed in range(60)]
    assert median(floors) == pytest.approx(NormalDist().inv_cdf(0.995) * 0.015 / 30**0.5, rel=0.1)


def test_fewer_rounds_are_reckoned_up_to_thirty() -> None:
    ten = median(gauge(rounds(0.015, 10, seed)).floor for seed in range(60))
    thirty = median(gauge(rounds(0.015, 30, seed)).floor for seed in range(60))
    assert ten == pytest.approx(thirty, rel=0.25)


@given(st.integers(0, 999), st.floats(0.0005, 0.1))
def test_the_floor_does_not_see_which_arm_is_which(seed: int, spread: float) -> None:
    pairs = rounds(spread, seed=seed)
    one, other = gauge(pairs), gauge(tuple((head, base) for base, head in pairs))
    assert one.floor == pytest.approx(other.floor, rel=1e-3)
    assert one.ratio == pytest.approx(1 / other.ratio, rel=1e-3)
    assert one.p == other.p


def test_disturbed_rounds_are_left_out() -> None:
    pairs = rounds(0.002)
    burst = (*pairs[:5], (250.0, 250.0), *pairs[6:])
    assert gauge(burst).dropped == 1
    assert gauge(pairs, (True, *CALM[1:])).dropped == 1


def test_a_host_that_is_always_disturbed_is_as_noisy_as_its_rounds() -> None:
    found = gauge(rounds(0.05), (True, False) * 15)
    assert (found.dropped, found.rounds) == (0, 30)
    assert found.floor > 0.015


def test_too_few_rounds_say_nothing() -> None:
    assert noise.gauge("m", rounds(0.01, 7), (False,) * 7) is None
    assert noise.gauge("m", (), ()) is None


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.01, 0.99))
def test_the_binomial_tail_is_the_one_of_scipy(least: int, n: int, p: float) -> None:
    assert stats.binomial_tail(least, n, p) == pytest.approx(float(binom.sf(least - 1, n, p)), rel=1e-6, abs=1e-12)


def test_twice_the_floor_is_found_by_the_rule_on_real_noise(labelled: Path) -> None:
    windows = real_windows(labelled)
    found = {times: share_found(windows, times) for times in (0, 1, 2, 3)}
    # Printed in docs/selftest.md.
    assert found[0] <= 0.01
    assert 0.1 <= found[1] <= 0.45
    assert 0.75 <= found[2] <= 0.95
    assert found[3] >= 0.94


def real_windows(labelled: Path) -> list[Pairs]:
    """Thirty rounds after thirty others of two models, each arm by its slot statistic, as sustained throughput."""
    from pyarrow import parquet

    table = parquet.read_table(labelled / "data/own_aa_tflite/slots.parquet").to_pylist()
    slots = {(row["model"], row["round"], row["arm"]): 1 / paired.slot(row["latency_us"]) for row in table}
    starts = range(0, 1200, 30)
    return [
        tuple((slots[model, at, "A"], slots[model, at, "B"]) for at in range(start, start + 30))
        for model in sorted({row["model"] for row in table})
        for start in starts
    ]


def share_found(windows: Sequence[Pairs], times: float) -> float:
    """How often the rule, in a family of one, finds a slowdown of so many floors of the rounds before."""
    draw = random.Random(1)  # noqa: S311 - signs, not secrets
    hits = [
        slower_is_found(window, times * gauge(past).floor, draw) for past, window in pairwise(windows) for _ in range(2)
    ]
    return sum(hits) / len(hits)


def slower_is_found(window: Pairs, by: float, draw: random.Random) -> bool:
    arms = [pair if draw.random() < 0.5 else pair[::-1] for pair in window]
    slower = tuple((base, head / (1 + by)) for base, head in arms)
    (decision,) = paired.decide([paired.Paired(id="m", pairs=slower, better="higher", effect=0.0)], 1)
    return decision.finding == "regressed"


@pytest.mark.parametrize(("fraction", "said"), [(0.0043, "0.43 %"), (0.032, "3.2 %"), (1.5, "150 %"), (99, "9,900 %")])
def test_a_floor_in_words(fraction: float, said: str) -> None:
    assert noise.percent(fraction) == said


# Out of gating, and back


def test_without_a_record_nobody_is_out() -> None:
    runner = noise.standing([], 0.01)
    assert (runner.quarantine, runner.floor, runner.tests) == ("", None, 0)


def test_a_floor_above_what_is_demanded_puts_a_runner_out() -> None:
    runner = noise.standing([BAD], 0.01)
    assert runner.quarantine == "noisy runner (floor 3.2 %, allowed 1 %)"
    assert noise.way_back(runner) == "5 clean self-tests in a row bring it back: `edgetpu-ci selftest`"


def test_who_is_too_noisy_for_one_percent_may_tell_five() -> None:
    assert not noise.standing([BAD], 0.05).quarantine


def test_one_bad_self_test_among_good_ones_is_no_bad_runner() -> None:
    assert not noise.standing([GOOD, GOOD, GOOD, BAD, GOOD], 0.01).quarantine


def test_five_clean_self_tests_in_a_row_bring_it_back_and_four_do_not() -> None:
    four = noise.standing([BAD, *[GOOD] * 4], 0.01)
    assert four.quarantine
    assert noise.way_back(four) == "1 more clean self-test brings it back: `edgetpu-ci selftest`"
    assert not noise.standing([BAD, *[GOOD] * 5], 0.01).quarantine


def test_a_bad_self_test_on_the_way_back_begins_the_count_anew() -> None:
    assert noise.standing([BAD, *[GOOD] * 4, BAD, *[GOOD] * 4], 0.01).quarantine
    assert not noise.standing([BAD, *[GOOD] * 4, BAD, *[GOOD] * 5], 0.01).quarantine


def test_a_runner_that_came_back_is_not_put_out_by_one_bad_self_test() -> None:
    assert not noise.standing([BAD, *[GOOD] * 5, BAD], 0.01).quarantine


def test_changes_found_too_often_where_there_are_none_put_a_runner_out() -> None:
    rejecting = made(0.004, p=0.01)
    assert not noise.standing([GOOD] * 10 + [rejecting], 0.01).quarantine
    runner = noise.standing([GOOD, rejecting, rejecting], 0.01)
    assert runner.quarantine == "noisy runner (it found a change in 2 of 3 unchanged models)"


def test_one_chance_finding_of_many_models_is_clean() -> None:
    one = SelfTest(at=AT, gauges=(*made(0.004, models=23).gauges, *made(0.004, p=0.03).gauges))
    assert not noise.standing([BAD, *[one] * 5], 0.01).quarantine


@given(st.lists(st.sampled_from([GOOD, BAD]), max_size=20))
def test_nobody_is_out_after_five_clean_ones_whatever_was_before(before: list[SelfTest]) -> None:
    assert not noise.standing([*before, *[GOOD] * 5], 0.01).quarantine


# What follows for verdicts


@pytest.mark.parametrize("finding", ["regressed", "unchanged", "improved", "inconclusive"])
def test_a_noisy_runner_neither_fails_nor_passes(finding: Finding) -> None:
    found = said(compared(finding), [BAD])
    assert found.finding == "inconclusive"
    assert found.because.startswith("noisy runner (floor 3.2 %, allowed 1 %); 5 clean self-tests in a row")


@pytest.mark.parametrize(("unknown", "status"), [("fail", "unknown"), ("warn", "warned"), ("pass", "passed")])
def test_what_a_noisy_runner_says_weighs_as_the_rule_says(unknown: str, status: str) -> None:
    rule = Rule(match="*", worse_by_percent=1, unknown=unknown)  # type: ignore[arg-type]
    measured = [Measurement(subject="m", metric=noise.METRIC, value=95.0)]
    verdicts = judge.judge(measured, [said(compared("unchanged"), [BAD])], [rule])
    assert judge.overall(verdicts) == status
    assert "noisy runner" in verdicts[0].because


def test_a_change_beyond_three_floors_is_one_on_any_runner() -> None:
    assert said(compared("regressed", 0.6), [BAD]).finding == "regressed"
    # Its interval reaches below three floors.
    assert said(compared("regressed", 0.6, half=0.6), [BAD]).finding == "inconclusive"
    assert said(compared("improved", 1.6), [BAD]).finding == "improved"
    assert said(compared("unchanged", 0.6), [BAD]).finding == "inconclusive"


def test_each_comparison_is_held_against_its_own_demand() -> None:
    assert said(compared("regressed"), [BAD], percent=5).finding == "regressed"


def test_one_noisy_model_of_a_quiet_runner_is_not_decided() -> None:
    def gauged(subject: str, floor: float) -> Gauge:
        return Gauge(subject=subject, ratio=1.0, interval=(0.99, 1.01), floor=floor, p=0.5, rounds=30, dropped=0)

    test = SelfTest(at=AT, gauges=(gauged("m", 0.03), gauged("b", 0.004), gauged("c", 0.004)))
    one = replace(compared("regressed"), min_effect=0.01)
    (found,) = noise.quarantined([one], {one.key: demand.Least(0.01, 0.001)}, [test])
    assert found.because == "this model is too noisy on this runner (its floor 3 %, allowed 1 %)"
    # A floor in milliseconds that a rule gives a small model is part of what is allowed.
    small = replace(one, min_effect=0.05)
    assert noise.quarantined([small], {one.key: demand.Least(0.01, 0.02)}, [test]) == (small,)
    surely = replace(one, ratio=0.7, interval=(0.69, 0.71))
    assert noise.quarantined([surely], {one.key: demand.Least(0.01, 0.001)}, [test]) == (surely,)


def test_a_demand_of_nothing_is_held_to_the_usual_one() -> None:
    assert said(compared("regressed"), [GOOD], percent=0).finding == "regressed"


def test_what_was_not_measured_in_turns_is_left_alone() -> None:
    fact = Comparison(subject="m", metric="macs_millions", base=1, head=2, finding="regressed")
    assert noise.quarantined([fact], {fact.key: demand.Least(0.01, 0)}, [BAD]) == (fact,)


def test_the_strictest_rule_about_throughput_says_what_is_demanded() -> None:
    known = [Measurement(subject="m", metric=noise.METRIC), Measurement(subject="m", metric="first_inference_ms")]
    loose = Rule(match="*/throughput_*", worse_by_percent=5)
    strict = Rule(match="*/throughput_fps", worse_by_percent=2)
    other = Rule(match="*/first_inference_ms", worse_by_percent=0.1)
    assert noise.demanded(known, [loose, other]) == 0.05
    assert noise.demanded([*known, Measurement(subject="m", metric="throughput_fps")], [loose, strict]) == 0.02
    assert noise.demanded(known, [other]) == 0.01
