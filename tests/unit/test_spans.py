"""Spans of time: what is known, what is not, and the newest piece of what is to be read."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.github_rows import spans
from edgetpu_ci.github_rows.spans import SECOND, Span
from tests.fakes.small_github import START

LONGEST = 40


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def span(low: int, high: int) -> Span:
    return Span(at(low), at(high))


SPANS = st.builds(lambda low, length: span(low, low + length), st.integers(0, LONGEST), st.integers(0, LONGEST))


def seconds(some: Iterable[Span]) -> set[int]:
    return {
        second
        for one in some
        for second in range(int((one.low - START) / SECOND), int((one.high - START) / SECOND) + 1)
    }


def pairs(some: Iterable[Span]) -> list[tuple[Span, Span]]:
    known = list(some)
    return [(one, other) for one in known for other in known if one != other]


@given(st.lists(SPANS, max_size=6))
def test_the_union_has_the_same_seconds_in_order_and_none_twice(some: list[Span]) -> None:
    together = spans.union(some)
    assert seconds(together) == seconds(some)
    assert sum(one.seconds for one in together) == len(seconds(some))
    assert list(together) == sorted(together, key=lambda one: one.low)
    assert spans.union([*together, *some]) == together
    assert all(seconds([one]).isdisjoint({second + 1 for second in seconds([other])}) for one, other in pairs(together))


@given(SPANS, st.lists(SPANS, max_size=6))
def test_what_is_missing_is_what_is_wanted_without_what_is_known(wanted: Span, known: list[Span]) -> None:
    assert seconds(spans.missing(wanted, known)) == seconds([wanted]) - seconds(known)


@given(SPANS, st.floats(0.01, 100), st.floats(0, 100) | st.none())
def test_the_newest_piece_and_the_rest_are_the_whole(whole: Span, items: float, density: float | None) -> None:
    piece, rest = spans.newest(whole, items, density)
    assert piece.high == whole.high
    assert seconds([piece, *([rest] if rest else [])]) == seconds([whole])
    if density and rest:
        assert piece.seconds == 1 or piece.seconds * density <= items


def test_a_list_goes_on_where_its_oldest_part_did() -> None:
    older, newer = Span(at(0), at(10), "old"), Span(at(5), at(20), "new")
    assert spans.union([newer, older]) == (Span(at(0), at(20), "old"),)
