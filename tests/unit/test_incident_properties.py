"""Whatever runs observe, in whatever order: an incident is opened once, never ends for want of a value, and ends."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.incidents.incident import firing
from edgetpu_ci.incidents.machine import advance
from edgetpu_ci.incidents.record import Book, Observation, Sighting, Standing
from tests.fakes.alerting import LABELS, at

SUBJECTS = ("a", "b", "c")

RULES = st.builds(
    AlertRule,
    name=st.just("x"),
    match=st.just("*/x"),
    above=st.just(0.0),
    for_=st.sampled_from(["", "2 runs", "3 runs", "25 min"]),
    streak_above=st.sampled_from([None, 1, 2]),
    resolve_after=st.integers(1, 3),
)
RUNS = st.dictionaries(st.sampled_from(SUBJECTS), st.sampled_from(["good", "bad", "bad", "unknown"]))
ORDER = st.lists(st.tuples(st.integers(0, 11), RUNS), max_size=25)
"""Runs as they are evaluated, by number: some twice, some late, some never."""

Delivered = Sequence[tuple[int, dict[str, Standing]]]


def observed(number: int, standings: dict[str, Standing]) -> list[Observation]:
    """A run each ten minutes; in which two groups have alerts."""
    seen = Sighting(at=at(10 * number), report=f"run-{number:02}")
    return [
        Observation(rule="x", labels=labels(subject), standing=standing, seen=seen)
        for subject, standing in standings.items()
    ]


def labels(subject: str) -> dict[str, str]:
    branch = "dev" if subject == "c" else "main"
    return LABELS | {"branch": branch, "alertname": "x", "severity": "warning", "subject": subject}


def once(order: Delivered) -> Delivered:
    """The same with one content for each run."""
    known: dict[int, dict[str, Standing]] = {}
    return [(number, known.setdefault(number, standings)) for number, standings in order]


def books(rule: AlertRule, order: Delivered) -> Iterator[Book]:
    book = Book()
    newest = 0
    for number, standings in order:
        newest = max(newest, number)
        book = advance(book, observed(number, standings), [rule], at(10 * newest))
        yield book


@dataclass
class Plain:
    """What the rule says in words, of one alert."""

    rule: AlertRule
    newest: int = -1
    bad: int = 0
    good: int = 0
    began: datetime | None = None
    fires: bool = False

    def hear(self, number: int, standing: Standing) -> None:
        if standing == "unknown" or number <= self.newest:
            return
        self.newest = number
        if standing == "bad":
            self.good = 0
            self.bad += 1
            self.began = self.began or at(10 * number)
            self.fires = self.fires or self.has_lasted(at(10 * number))
        else:
            self.good += 1
            if not self.fires or self.good >= self.rule.resolve_after:
                self.fires, self.bad, self.began = False, 0, None

    def has_lasted(self, now: datetime) -> bool:
        least = {"2 runs": 2, "3 runs": 3}.get(self.rule.for_, 1)
        least = max(least, (self.rule.streak_above or 0) + 1)
        long = timedelta(minutes=25 if self.rule.for_ == "25 min" else 0)
        return self.bad >= least and self.began is not None and now - self.began >= long


@settings(max_examples=100)
@given(RULES, ORDER)
def test_it_fires_exactly_when_the_rule_says_so_in_words(rule: AlertRule, order: Delivered) -> None:
    order = once(order)
    plain = {subject: Plain(rule) for subject in SUBJECTS}
    for (number, standings), book in zip(order, books(rule, order), strict=True):
        for subject, standing in standings.items():
            plain[subject].hear(number, standing)
        fires = Counter(alert.labels["subject"] for one in book.incidents for alert in firing(one))
        assert fires == Counter(subject for subject in SUBJECTS if plain[subject].fires)
        pending = {alert.labels["subject"] for alert in book.alerts}
        assert pending == {subject for subject in SUBJECTS if plain[subject].bad and not plain[subject].fires}


@settings(max_examples=60)
@given(RULES, ORDER)
def test_a_group_has_one_open_incident_while_any_of_its_alerts_fires(rule: AlertRule, order: Delivered) -> None:
    for book in books(rule, once(order)):
        open_ = [one for one in book.incidents if one.is_open]
        assert len({one.key for one in open_}) == len(open_)
        assert all(bool(firing(one)) == one.is_open for one in book.incidents)
        assert [one.number for one in book.incidents] == [*range(1, book.opened + 1)]
        for one in book.incidents:
            assert one.change == len(one.timeline)
            assert len({alert.labels["branch"] for alert in one.alerts}) == 1
            assert [line.kind for line in one.timeline].count("resolved") == (not one.is_open)
            assert all(alert.good is None or alert.good.at < alert.bad.at for alert in one.alerts)


@settings(max_examples=60)
@given(RULES, ORDER, st.integers(0, 11))
def test_nothing_changes_by_what_is_unknown_known_already_or_missing(
    rule: AlertRule, order: Delivered, number: int
) -> None:
    order = once(order)
    *_, book = Book(), *books(rule, order)
    for again, standings in order:
        assert advance(book, observed(again, standings), [rule], at(110)) == book
    nothing: dict[str, Standing] = dict.fromkeys(SUBJECTS, "unknown")
    assert advance(book, observed(number, nothing), [rule], at(110)) == book
    assert advance(book, (), [rule], at(110)) == book


@settings(max_examples=60)
@given(RULES, ORDER)
def test_it_is_over_after_enough_good_runs_in_a_row_and_not_before(rule: AlertRule, order: Delivered) -> None:
    *_, book = Book(), *books(rule, once(order))
    # Whatever came before, they may already have been good.
    left = max((rule.resolve_after - alert.good_runs for one in book.incidents for alert in firing(one)), default=0)
    well: dict[str, Standing] = dict.fromkeys(SUBJECTS, "good")
    for n in range(left):
        assert any(one.is_open for one in book.incidents)
        book = advance(book, observed(12 + n, well), [rule], at(10 * (12 + n)))
    assert not any(one.is_open for one in book.incidents)


@settings(max_examples=60)
@given(RULES, ORDER, st.lists(st.integers(-12, 12), min_size=25, max_size=25))
def test_clocks_that_jump_open_nothing_twice(rule: AlertRule, order: Delivered, jumps: list[int]) -> None:
    book = Book()
    for (number, standings), jump in zip(order, jumps, strict=False):
        before, now = book, at(10 * number + 60 * jump)
        book = advance(before, observed(number, standings), [rule], now)
        open_ = [one.key for one in book.incidents if one.is_open]
        assert len(set(open_)) == len(open_)
        assert advance(book, observed(number, standings), [rule], now) == book
        if "good" not in standings.values():
            assert {one.number for one in before.incidents if one.is_open} <= {
                one.number for one in book.incidents if one.is_open
            }


@settings(max_examples=40)
@given(RULES, st.permutations(range(6)), st.lists(RUNS, min_size=6, max_size=6))
def test_runs_evaluated_together_are_taken_in_their_order(
    rule: AlertRule, order: list[int], runs: list[dict[str, Standing]]
) -> None:
    shuffled = [one for number in order for one in observed(number, runs[number])]
    together = advance(Book(), shuffled, [rule], at(50))
    one_by_one = Book()
    for number, standings in enumerate(runs):
        one_by_one = advance(one_by_one, observed(number, standings), [rule], at(50))
    assert together == replace(one_by_one, incidents=together.incidents)
    assert [(one.key, one.is_open) for one in together.incidents] == [
        (one.key, one.is_open) for one in one_by_one.incidents
    ]
