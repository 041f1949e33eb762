"""Reading a list from what changed last: whole, whatever was read before, and to an end."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.github_rows import spans
from edgetpu_ci.github_rows.spans import EPOCH, Span
from edgetpu_ci.github_rows.walk import Page, walk
from tests.fakes.small_github import START

Item = tuple[int, int]
"""When it changed last, in minutes, and its number."""

SIZE = 3


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


class Listing:
    """A list in pages of three; the place where it goes on is an item, after which older ones come."""

    def __init__(self, items: set[Item]) -> None:
        self.items = items
        self.asked = 0
        self.forgotten = ""

    def ask(self, after: str) -> Page[Item]:
        self.asked += 1
        assert self.asked < 200, "it does not end"
        ordered = sorted(self.items, reverse=True)
        if after:
            minute, number = map(int, after.split())
            ordered = [item for item in ordered if item < (minute, number)]
        if after and after == self.forgotten:
            raise DeliveryError(f"GitHub answered with: `{after}` does not appear to be a valid cursor.")
        shown = tuple(ordered[:SIZE])
        times = [at(minute) for minute, _ in shown] or [EPOCH]
        more = f"{shown[-1][0]} {shown[-1][1]}" if len(ordered) > SIZE else ""
        return Page(shown, max(times), min(times), more, len(self.items))


ITEMS = st.sets(st.tuples(st.integers(0, 60), st.integers(1, 12)), max_size=30)


@given(ITEMS, st.lists(st.tuples(ITEMS, st.integers(1, 6)), max_size=4))
def test_however_often_it_broke_off_and_whatever_changed_meanwhile_all_is_read(
    first: set[Item], jobs: list[tuple[set[Item], int]]
) -> None:
    listing, kept = Listing(set(first)), set[Item]()
    known: tuple[Span, ...] = ()
    newest = 60
    for changed, pages in jobs:
        for page, step in enumerate(walk(listing.ask, known, START - timedelta(days=1))):
            kept |= set(step.page.rows)
            known = spans.union(step.known)
            if page + 1 == pages:
                break
        newest += 70
        listing.items |= {(newest + minute, number) for minute, number in changed}
    for step in walk(listing.ask, known, START - timedelta(days=1)):
        kept |= set(step.page.rows)
    assert kept == listing.items


@given(st.integers(1, 40))
def test_many_that_changed_in_one_second_are_read_to_the_end(count: int) -> None:
    listing = Listing({(5, number) for number in range(count)})
    first = next(walk(listing.ask, (), START))
    rest = [row for step in walk(listing.ask, first.known, START) for row in step.page.rows]
    assert {*first.page.rows, *rest} == listing.items


def test_what_is_older_than_wanted_is_not_read() -> None:
    listing = Listing({(minute, 1) for minute in range(0, 600, 10)})
    read = [row for step in walk(listing.ask, (), at(480)) for row in step.page.rows]
    assert min(read) <= (480, 1)
    assert listing.asked <= 5


def test_a_list_that_is_known_costs_one_page() -> None:
    listing = Listing({(minute, 1) for minute in range(0, 600, 10)})
    *_, last = walk(listing.ask, (), START)
    # Nothing is older than its end, however far back one asks.
    assert last.known == (Span(EPOCH, at(590)),)
    listing.asked = 0
    assert len(list(walk(listing.ask, last.known, START))) == listing.asked == 1


def test_what_the_index_shows_late_is_found_the_next_time() -> None:
    listing = Listing({(minute, 1) for minute in range(0, 600, 10)})
    *_, last = walk(listing.ask, (), START)
    late = {(585 + second, 2) for second in range(4)}
    listing.items |= late
    read = {row for step in walk(listing.ask, last.known, START) for row in step.page.rows}
    assert read >= late


def test_a_place_that_github_forgot_is_read_again_from_above() -> None:
    listing = Listing({(minute, 1) for minute in range(0, 600, 10)})
    steps = walk(listing.ask, (), START)
    known = [next(steps).known for _ in range(8)][-1]
    listing.items |= {(620 + minute, 1) for minute in range(5)}
    listing.forgotten = known[-1].after
    read = {row for step in walk(listing.ask, known, START) for row in step.page.rows}
    assert read == listing.items


def test_another_failure_at_such_a_place_is_one() -> None:
    listing = Listing({(minute, 1) for minute in range(0, 600, 10)})
    known = (Span(at(500), at(595), "500 1"),)

    def ask(after: str) -> Page[Item]:
        if after:
            raise DeliveryError("GitHub answered 502.")
        return listing.ask(after)

    with pytest.raises(DeliveryError, match="502"):
        list(walk(ask, known, START))
