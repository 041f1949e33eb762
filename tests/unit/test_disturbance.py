"""What disturbed rounds is found, named, and found without seeing which arm was slower."""

import random

from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.stats import disturbance

CALM = [0.001 * ((7 * i) % 5) for i in range(30)]


def lifted(*places: int, by: float = 0.2) -> list[float]:
    return [level + by * (place in places) for place, level in enumerate(CALM)]


def test_bursts_stand_out_alone_in_clusters_and_at_the_edges() -> None:
    for places in ((4,), (0,), (29,), (10, 11, 12, 13, 14), (0, 1, 2)):
        marked = {place for place, out in enumerate(disturbance.contended(lifted(*places))) if out}
        assert marked == set(places)


def test_a_calm_host_one_that_drifts_and_a_fast_round_lose_nothing() -> None:
    assert not any(disturbance.contended(CALM))
    assert not any(disturbance.contended([level + 0.004 * place for place, level in enumerate(CALM)]))
    assert not any(disturbance.contended(lifted(12, by=-0.3)))


def test_a_host_that_stays_slower_loses_a_few_rounds_only() -> None:
    assert sum(disturbance.contended([level + 0.2 * (place >= 15) for place, level in enumerate(CALM)])) <= 4


@given(st.lists(st.integers(-64, 64).map(lambda n: n / 64), max_size=12), st.integers(-50, 50))
def test_the_unit_of_a_metric_changes_nothing(levels: list[float], moved: int) -> None:
    assert disturbance.contended([level + moved for level in levels]) == disturbance.contended(levels)


def test_drift_is_named_with_its_size_and_its_way() -> None:
    assert disturbance.drift([level + 0.01 * place for place, level in enumerate(CALM)]) == (
        "over the rounds both arms became 33.6 % slower (heat or other work); those of a round met it alike"
    )
    assert "faster (warming up" in disturbance.drift([level - 0.01 * place for place, level in enumerate(CALM)])
    assert disturbance.drift(CALM) == ""
    assert disturbance.drift([0.1]) == disturbance.drift([]) == ""


def test_what_the_order_costs_is_named_with_what_it_does_to_the_estimate() -> None:
    rng = random.Random(1)  # noqa: S311 - no secret
    orders = ["AB", "AB", "BA"] * 8
    differences = [(0.05 if order == "AB" else -0.05) + rng.gauss(0, 0.005) for order in orders]
    assert disturbance.order(differences, orders) == (
        "the arm measured second was 5.1 % slower; with 16 rounds AB and 8 BA that makes head look 1.7 % slower"
    )
    assert disturbance.order(differences[1:], orders[1:])  # 15 and 8
    assert disturbance.order(differences, ["AB", "BA"] * 12) == ""
    assert disturbance.order(differences, []) == ""


def test_equal_counts_cancel_and_one_order_alone_is_said() -> None:
    orders = ["AB", "BA"] * 10
    differences = [0.05 + 0.001 * i if order == "AB" else -0.05 - 0.001 * i for i, order in enumerate(orders)]
    assert disturbance.order(differences, orders).endswith("with 10 rounds AB and 10 BA that cancels out")
    assert "looks like a change" in disturbance.order(differences, ["AB"] * 20)
