"""Rounds of a file: as many are read as can decide."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from edgetpu_ci import rounds
from edgetpu_ci.stats import paired

slots = st.tuples(st.sampled_from([1.0, 1.0, 1.5]), st.floats(0.995, 1.005), st.floats(0.99, 1.03))


def read(pairs: list[tuple[float, float]]) -> paired.Paired:
    each = [{"base": [base], "head": [head], "order": "AB"} for base, head in pairs]
    document: dict[str, Any] = {"metrics": [{"id": "m", "rounds": each}]}
    ((metric,), _) = rounds.read(json.dumps(document).encode(), "it", None)
    return metric


def test_no_more_rounds_are_read_than_can_decide() -> None:
    given_ = [(1.0, float(number)) for number in range(1, 301)]
    metric = read(given_)
    assert (metric.pairs, len(metric.orders)) == (tuple(given_[:45]), 45)


@settings(max_examples=60, deadline=None)
@given(st.lists(slots, min_size=60, max_size=70))
def test_those_that_are_not_read_would_change_no_finding(drawn: list[tuple[float, float, float]]) -> None:
    """After 45 either 30 count, or more than a third does not: then nothing is found."""
    pairs = [(level * noise, level * change) for level, noise, change in drawn]
    every = paired.Paired(id="m", pairs=tuple(pairs))
    read_, all_ = (paired.decide([metric], 1)[0] for metric in (read(pairs), every))
    assert (read_.finding, read_.rounds + read_.dropped <= 45) == (all_.finding, True)
