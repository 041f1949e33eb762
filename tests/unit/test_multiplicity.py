"""Many tests at once agree with scipy's, and count the members that are absent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from edgetpu_ci.stats import multiplicity

ps = st.dictionaries(st.text(max_size=3), st.floats(1e-9, 1), min_size=1, max_size=8)


@given(ps, st.integers(0, 20))
def test_likely_are_those_of_benjamini_and_hochberg_with_the_absent_as_1(tests: dict[str, float], absent: int) -> None:
    adjusted = oracle.false_discovery_control([*tests.values(), *[1.0] * absent])
    expected = {name for name, q in zip(tests, adjusted, strict=False) if q <= 0.1}
    assert multiplicity.likely(tests, len(tests) + absent, 0.1) == expected


@given(ps, st.integers(0, 20), st.sampled_from([0.001, 0.05, 0.3]))
def test_holm_rejects_step_by_step_with_the_absent_as_1(tests: dict[str, float], absent: int, alpha: float) -> None:
    rejected = set()
    for place, name in enumerate(sorted(tests, key=tests.__getitem__)):
        if tests[name] * (len(tests) + absent - place) > alpha:
            break
        rejected.add(name)
    adjusted = multiplicity.holm(tests, len(tests) + absent)
    assert {name for name, p in adjusted.items() if p <= alpha} == rejected


def test_holm_by_hand() -> None:
    assert multiplicity.holm({"a": 0.01, "b": 0.04, "c": 0.03}, 4) == pytest.approx({"a": 0.04, "c": 0.09, "b": 0.09})
