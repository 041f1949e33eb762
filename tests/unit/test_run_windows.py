"""Windows of workflow runs: every run once, however they crowd, in few requests more than there are full pages."""

from datetime import timedelta
from math import ceil
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from edgetpu_ci.github_rows import runs, spans
from edgetpu_ci.github_rows.spans import Span
from tests.fakes.small_github import START, Run, SmallGitHub

DAYS = 60
WHOLE = Span(START, START + timedelta(days=DAYS))


def crowded(bursts: list[tuple[int, int, int]]) -> SmallGitHub:
    """Bursts of (second of its beginning, how many runs, how many seconds it lasts)."""
    github = SmallGitHub()
    number = 0
    for begins, count, seconds in bursts:
        for place in range(count):
            number += 1
            created = START + timedelta(seconds=begins + place * seconds // count)
            github.add(Run(id=number, created=created, updated=created))
    return github


BURSTS = st.lists(
    st.tuples(st.integers(0, (DAYS - 11) * 86_400), st.integers(1, 900), st.integers(900, 10 * 86_400)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(BURSTS)
def test_every_run_comes_once_and_the_windows_are_the_whole_time(bursts: list[tuple[int, int, int]]) -> None:
    github = crowded(bursts)
    found = list(runs.windows(github, [WHOLE]))
    assert all(window.is_whole and window.total < runs.CAP for window in found)
    assert spans.union(window.span for window in found) == (WHOLE,)
    assert sum(window.span.seconds for window in found) == WHOLE.seconds
    assert sorted(run.id for window in found for run in window.runs) == sorted(github.runs)
    assert [window.span for window in found] == sorted((window.span for window in found), key=lambda s: s.low)[::-1]


def test_an_even_stream_costs_hardly_more_than_its_full_pages() -> None:
    github = crowded([(0, 9000, DAYS * 86_400)])
    windows = list(runs.windows(github, [WHOLE]))
    full = ceil(9000 / runs.PAGE)
    assert len(github.asked) <= full + len(windows) + 1
    assert len(windows) <= ceil(9000 / runs.AIM) + 1


def test_days_without_work_cost_a_request_or_two() -> None:
    github = crowded([(0, 950, 86_400), (50 * 86_400, 950, 86_400)])
    assert sum(len(window.runs) for window in runs.windows(github, [WHOLE])) == 1900
    assert len(github.asked) <= 20 + 14


def test_a_second_with_more_than_is_listed_is_not_whole_and_its_neighbours_are() -> None:
    github = crowded([(100, 1200, 1), (101, 5, 1), (99, 5, 1)])
    found = list(runs.windows(github, [Span(START, START + timedelta(seconds=600))]))
    (short,) = [window for window in found if not window.is_whole]
    assert (short.span.seconds, len(short.runs), short.total) == (1, 1000, 1200)
    assert sum(len(window.runs) for window in found) == 1010


class CutOff(SmallGitHub):
    """GitHub whose counts end at the cap as its lists do."""

    def get(self, path: str, into: Any, *, needs: str, query: Any = None) -> Any:
        found = SmallGitHub.get(self, path, into, needs=needs, query=query)
        return structs.replace(found, total_count=min(found.total_count, runs.CAP))


def test_counts_that_are_cut_off_at_the_cap_cost_few_tries() -> None:
    whole = crowded([(0, 40_000, 86_400)])
    github = CutOff()
    github.add(*whole.runs.values())
    found = list(runs.windows(github, [WHOLE]))
    assert {run.id for window in found for run in window.runs} == set(github.runs)
    # 400 full pages, and for some windows one that is not, or a try that was too long.
    assert len(github.asked) <= 400 + len(found) // 2


class Moving(SmallGitHub):
    """A new run comes to be while the pages of the others are read."""

    def __init__(self) -> None:
        SmallGitHub.__init__(self, before=self.one_more)

    def one_more(self, asked: int, _what: str) -> None:
        if asked == 2:
            self.add(Run(id=10_000, created=WHOLE.high, updated=WHOLE.high))


def test_a_run_that_comes_to_be_meanwhile_moves_none_out_of_sight() -> None:
    github = Moving()
    github.add(*crowded([(0, 300, 86_400)]).runs.values())
    (window,) = runs.windows(github, [WHOLE])
    assert {run.id for run in window.runs} >= set(range(1, 301))
    assert window.is_whole


def test_how_many_are_still_to_be_read_is_known_on_the_way() -> None:
    github = crowded([(0, 3000, DAYS * 86_400)])
    left = [window.of - window.before - window.total for window in runs.windows(github, [WHOLE])]
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0
