"""Decisions of asking a service: how long to wait, whether there is budget, how much to ask for at once."""

from datetime import timedelta
from pathlib import Path
from tempfile import gettempdir

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from edgetpu_ci.errors import BudgetError, DeliveryError, TooHeavyError
from edgetpu_ci.ledger import Account, Ledger
from edgetpu_ci.transport import budget, graphql, patience, refusal
from edgetpu_ci.transport.access import Access
from edgetpu_ci.transport.adaptive import PageSize, fitting
from edgetpu_ci.transport.answer import Answer, Request
from edgetpu_ci.transport.asking import Asking
from tests.fakes.clock import Clock
from tests.fakes.world import AT, Said, world

REQUEST = Request(verb="GET", url="https://api.github.com/x", path="/x", resource="core")

headers = st.fixed_dictionaries(
    {},
    optional={
        "retry-after": st.sampled_from(["0", "1", "59", "600", "901", "99999999999999", "-1", "soon", ""]),
        "x-ratelimit-limit": st.sampled_from(["60", "1000", "x"]),
        "x-ratelimit-remaining": st.sampled_from(["0", "1", "900", ""]),
        "x-ratelimit-reset": st.integers(-10, 5000).map(lambda late: str(int(AT.timestamp()) + late)),
    },
)
answers = st.builds(
    Answer,
    status=st.sampled_from([0, 200, 202, 401, 403, 404, 429, 500, 502, 503]),
    at=st.just(AT),
    headers=headers,
    data=st.sampled_from([b"", b'{"message": "You have exceeded a secondary rate limit"}']),
    said=st.sampled_from(["", "limited", "heavy"]),
)


@given(st.lists(answers, min_size=1, max_size=40), st.floats(1, 2000), st.floats(0, 30), st.booleans())
def test_no_wait_goes_beyond_the_deadline(given_: list[Answer], seconds: float, each: float, divides: bool) -> None:  # noqa: FBT001
    clock, waiting = Clock(), list(given_)

    def send(_request: Request, _left: object) -> Answer:
        clock.at += each
        return waiting.pop(0)

    env = {"EDGETPU_CI_DEADLINE_SECONDS": str(seconds)}
    parts = {"sleep": clock.sleep, "monotonic": clock.monotonic, "warn": Said().append}
    asking = Asking(send, world(Path(gettempdir()), env=env, **parts))
    while waiting:
        before = len(waiting)
        try:
            asking.ask(structs.replace(REQUEST, divides=divides))
        except (BudgetError, IndexError):
            break
        assert before - len(waiting) <= patience.RETRIES + 1
    assert sum(clock.slept) <= seconds
    assert clock.at <= seconds + each


@given(answers, st.integers(0, 5), st.floats(0, 1), st.booleans())
def test_a_wait_is_at_least_what_was_asked_for(answer: Answer, attempt: int, drawn: float, divides: bool) -> None:  # noqa: FBT001
    wait = patience.pause(answer, attempt, drawn, divides=divides)
    if wait is None:
        assert attempt >= patience.RETRIES or not answer.limited
    elif answer.limited and (asked := answer.number("retry-after")) is not None:
        assert wait == max(asked, 1)
    else:
        assert wait >= (1 if answer.limited else 0.75)


class Server:
    """Counts as GitHub does: when a request reaches it, which may be long before its answer reaches us."""

    def __init__(self, limit: int, remaining: int) -> None:
        self.limit, self.remaining = limit, remaining
        self.under_way: list[tuple[int, Answer | None]] = []
        self.account = Account()

    def start(self) -> None:
        """Send one more, if we may."""
        if self.under_way and not self.account.heard:
            return
        if budget.why_not("core", self.account, 0):
            return
        self.under_way.append((self.account.dearest, None))
        self.account = budget.begun(self.account)

    def arrive(self, place: int) -> None:
        """One reaches the server."""
        if self.under_way and self.under_way[place % len(self.under_way)][1] is None:
            self.remaining -= 1
            told = {
                "x-ratelimit-limit": str(self.limit),
                "x-ratelimit-remaining": str(self.remaining),
                "x-ratelimit-reset": str(int((AT + timedelta(hours=1)).timestamp())),
            }
            held, _ = self.under_way[place % len(self.under_way)]
            self.under_way[place % len(self.under_way)] = held, Answer(status=200, at=AT, headers=told)

    def end(self, place: int, *, lost: bool) -> None:
        """Its answer reaches us, or does not."""
        if self.under_way:
            self.arrive(place)
            held, answer = self.under_way.pop(place % len(self.under_way))
            answer = Answer(status=0, at=AT) if lost or answer is None else answer
            self.account = budget.answered(budget.released(self.account, held), answer, 0)


steps = st.lists(
    st.tuples(st.sampled_from(["start", "start", "arrive", "end", "lose"]), st.integers(0, 3)), max_size=120
)


OVERTAKEN = [("start", 0), ("end", 0), ("start", 0), ("start", 0), ("arrive", 0), ("arrive", 1), ("end", 1), ("end", 0)]


@settings(max_examples=400)
@example(10, 3, [*OVERTAKEN, ("start", 0)])
@given(st.integers(10, 60), st.integers(0, 8), steps)
def test_the_reserve_is_never_spent(limit: int, spare: int, steps: list[tuple[str, int]]) -> None:
    server = Server(limit, budget.kept(limit) + spare)
    for what, place in steps:
        before = server.account.allowance
        if what == "start":
            sent = len(server.under_way)
            server.start()
            if before is not None and len(server.under_way) > sent:
                waiting = sum(answer is None for _, answer in server.under_way)
                assert 5 * (server.remaining - waiting) >= limit
        elif what == "arrive":
            server.arrive(place)
        else:
            server.end(place, lost=what == "lose")


def test_a_new_hour_is_a_new_budget() -> None:
    told = {
        "x-ratelimit-limit": "1000",
        "x-ratelimit-remaining": "200",
        "x-ratelimit-reset": str(int(AT.timestamp()) + 9),
    }
    account = budget.answered(Account(), Answer(status=200, at=AT, headers=told), 100)
    assert "has 200 of 1,000 left until 05:06 UTC" in budget.why_not("core", account, 108.9)
    assert budget.why_not("core", account, 109) == ""
    told |= {"x-ratelimit-remaining": "999", "x-ratelimit-reset": str(int(AT.timestamp()) + 3609)}
    assert budget.why_not("core", budget.answered(account, Answer(status=200, at=AT, headers=told), 108), 108.9) == ""


def test_what_was_lost_in_one_hour_is_not_held_against_the_next() -> None:
    def told(remaining: int, seconds: int) -> Answer:
        reset = str(int(AT.timestamp()) + seconds)
        left = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": str(remaining), "x-ratelimit-reset": reset}
        return Answer(status=200, at=AT, headers=left)

    account = budget.answered(Account(), told(5, 60), 0)
    for _ in range(3):
        account = budget.answered(account, Answer(status=0, at=AT), 1)
    assert budget.why_not("core", account, 2) != ""
    assert budget.why_not("core", budget.answered(account, told(4, 3660), 61), 61) == ""


def test_what_is_asked_at_the_same_time_is_counted_once() -> None:
    clock, ledger = Clock(), Ledger()
    with ledger.turn("core", clock.monotonic):
        clock.sleep(5)
        with ledger.turn("graphql", clock.monotonic):
            clock.sleep(5)
        clock.sleep(2)
        assert ledger.seconds(clock.at) == 12
    clock.sleep(9)
    assert ledger.seconds(clock.at) == 12


@pytest.mark.parametrize("header", ["7", "3"])
def test_of_two_words_on_what_is_left_the_lesser_counts(header: str) -> None:
    data = b'{"data": {"_rate": {"cost": 2, "remaining": 5}}}'
    answer = Answer(status=200, at=AT, headers={"x-ratelimit-remaining": header}, data=data)
    weighed = graphql.weighed(answer)
    assert (weighed.cost, weighed.number("x-ratelimit-remaining")) == (2, min(5, int(header)))


def test_no_end_of_a_secret_is_left_where_another_begins_like_it() -> None:
    env = {"GITHUB_TOKEN": "planted", "EDGETPU_CI_APP_KEY": "planted and more"}
    assert Access(env, "o/r", "").hidden("planted and more, planted") == "***, ***"


@given(st.integers(0, 200), st.integers(1, 100), st.integers(1, 30))
def test_halving_ends_with_a_page_that_goes_or_a_sentence(most_that_goes: int, most: int, pages: int) -> None:
    size = PageSize(most)
    asked: list[int] = []

    def ask(count: int) -> int:
        assert 1 <= count <= most
        asked.append(count)
        if count > most_that_goes:
            raise TooHeavyError("Too much.")
        return count

    for _ in range(pages):
        asked.clear()
        if most_that_goes:
            assert fitting(ask, size) <= most_that_goes
        else:
            with pytest.raises(DeliveryError, match="even for a page of one item: Too much"):
                fitting(ask, size)
        assert len(asked) <= 7


def test_a_page_grows_slowly_up_to_the_most() -> None:
    size = PageSize(75)
    seen = [fitting(lambda count: count, size) for _ in range(5)]
    assert seen == [50, 60, 70, 75, 75]


QUERIES = (
    "{ name }",
    "{ search(query: {text: 1}) { query } }",
    "query { name }",
    "query Q($a: In = {b: {c: 1}}, $d: [Int!]) @live(if: true) { name(a: $a) { b } }",
    "fragment F on T { a { b } } query($a: Int) { t(a: $a) { ...F } }",
    "query($a: Int) { t(a: $a) { ...F } } fragment F on T { a { b } }",
)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_what_it_costs_before_anything_else(query: str) -> None:
    asked = parse(graphql.with_rate(query)).definitions
    operation = next(one for one in asked if isinstance(one, OperationDefinitionNode))
    first, *others = operation.selection_set.selections
    assert isinstance(first, FieldNode)
    assert (first.name.value, len(others)) == ("rateLimit", 1)


@pytest.mark.parametrize(
    ("permission", "is_of_a_job"),
    [
        ("actions: read", True),
        ("pull-requests: write and issues: read", True),
        ("administration: read", False),
        ("secret-scanning-alerts: read or contents: read", True),
        ("contents: read and administration: read", False),
    ],
)
def test_who_can_give_a_permission_is_said(permission: str, *, is_of_a_job: bool) -> None:
    said = refusal.lacks(permission)
    assert said.startswith(f"the token needs `{permission}`")
    assert ("which GITHUB_TOKEN cannot have" in said) != is_of_a_job
