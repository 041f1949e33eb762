"""The A/B rule on real rounds of unchanged code: it stays quiet, and finds what is put in."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edgetpu_ci.stats import paired
from edgetpu_ci.stats.paired import Decision, Paired

FAMILY, ROUNDS = 24, 30


@pytest.fixture(scope="module")
def windows(labelled: Path) -> list[Paired]:
    """Disjoint windows of 30 rounds, 40 of each model, arm A as base."""
    import pyarrow.parquet as pq

    slots: dict[str, dict[tuple[int, str], Any]] = {}
    for row in pq.read_table(labelled / "data/own_aa_tflite/slots.parquet").to_pylist():
        slots.setdefault(row["model"], {})[row["round"], row["arm"]] = paired.slot(row["latency_us"])
    return [
        Paired(id=f"{model} {start}", pairs=tuple((of[r, "A"], of[r, "B"]) for r in range(start, start + ROUNDS)))
        for model, of in slots.items()
        for start in range(0, len(of) // 2 - ROUNDS + 1, ROUNDS)
    ]


def alone(metric: Paired) -> Decision:
    return paired.decide([metric], FAMILY)[0]


def test_unchanged_code_does_not_fail_and_soon_leaves(windows: list[Paired]) -> None:
    for effect in (0.01, 0.0):
        found = [alone(replace(window, effect=effect)) for window in windows]
        assert len(found) == 80
        assert not any(decision.finding == "regressed" for decision in found)
        assert sum(decision.rounds for decision in found) / len(found) <= 12


def test_slowdowns_are_found(windows: list[Paired]) -> None:
    least = {1.02: 76, 1.05: 78}
    for factor, enough in least.items():
        slowed = [replace(w, pairs=tuple((base, factor * head) for base, head in w.pairs)) for w in windows]
        assert sum(alone(window).finding == "regressed" for window in slowed) >= enough


def test_five_pairs_decide_nothing_and_say_how_many_would(labelled: Path) -> None:
    import pyarrow.parquet as pq

    slots: dict[str, list[float]] = {}
    for row in pq.read_table(labelled / "data/jmh_aa/forks.parquet").to_pylist():
        slots.setdefault(row["benchmark"], []).append(paired.slot(row["ns_per_op"]))
    metrics = [Paired(id=name, pairs=tuple(zip(of[::2], of[1::2], strict=True))) for name, of in slots.items()]
    found = paired.decide(metrics, len(metrics))
    assert {decision.finding for decision in found} == {"inconclusive"}
    assert all(decision.rounds_needed and decision.rounds_needed >= 10 for decision in found)
