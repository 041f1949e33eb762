"""What a reader of GitHub's API sees when GitHub, or whoever is in its place, is well, slow, broken or hostile."""

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec import Struct

from edgetpu_ci.errors import (
    BudgetError,
    ConfigError,
    DeliveryError,
    DeniedError,
    DownError,
    EdgeTpuCiError,
    MissingError,
    TokenError,
    TooHeavyError,
)
from edgetpu_ci.transport.adaptive import PageSize
from edgetpu_ci.transport.github import GitHub, connect
from edgetpu_ci.world import World
from tests.fakes.clock import Clock
from tests.fakes.loopback import Reply, Request, dripping, serve
from tests.fakes.world import AT, Said, world

TOKEN = "ghs_planted0planted0planted0planted0"  # noqa: S105 - a fake one
DATE = "Wed, 04 Mar 2026 05:06:07 GMT"
NEEDS = "actions: read"
PATH = "/repos/o/r/thing"


class Thing(Struct, frozen=True):
    name: str


@dataclass
class Service:
    """A GitHub that gives the replies it was told, then the last one for ever."""

    replies: Sequence[Reply] | Callable[[Request], Reply]
    asked: list[Request] = field(default_factory=list)
    said: Said = field(default_factory=Said)
    clock: Clock = field(default_factory=Clock)
    url: str = ""
    world: World = field(init=False)

    def answer(self, request: Request) -> Reply:
        self.asked.append(request)
        if callable(self.replies):
            return self.replies(request)
        return self.replies[min(len(self.asked), len(self.replies)) - 1]


@contextmanager
def service(folder: Path, replies: Any, base: str = "", **env: str) -> Iterator[tuple[GitHub, Service]]:
    it = Service([replies] if isinstance(replies, Reply) else replies)
    with serve(it.answer) as port:
        it.url = f"http://127.0.0.1:{port}{base}"
        known = {"GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": it.url, **env}
        clock = {"now": it.clock.now, "sleep": it.clock.sleep, "monotonic": it.clock.monotonic}
        it.world = world(folder, env=known, warn=it.said.append, **clock)
        yield connect(it.world), it


def well(value: object = None, **headers: str) -> Reply:
    body = json.dumps({"name": "x"} if value is None else value).encode()
    return Reply(status=200, body=body, headers=_named(headers))


def bad(status: int, message: str = "Nope", **headers: str) -> Reply:
    return Reply(status=status, body=json.dumps({"message": message}).encode(), headers=_named(headers))


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {"date": DATE} | {name.replace("_", "-"): value for name, value in headers.items()}


def limits(remaining: int, seconds: int = 600, limit: int = 1000, resource: str = "core") -> dict[str, str]:
    return {
        "x_ratelimit_limit": str(limit),
        "x_ratelimit_remaining": str(remaining),
        "x_ratelimit_reset": str(int(AT.timestamp()) + seconds),
        "x_ratelimit_resource": resource,
    }


def get(github: GitHub) -> Thing:
    return github.get(PATH, Thing, needs=NEEDS)


def failure(github: GitHub, kind: type[EdgeTpuCiError] = DeliveryError) -> str:
    with pytest.raises(kind) as caught:
        get(github)
    assert type(caught.value) is kind
    return str(caught.value)


# --- what is asked, and what is said of it


def test_a_request_carries_the_token_and_nothing_of_it_is_said(tmp_path: Path) -> None:
    with service(tmp_path, well(**limits(999))) as (github, it):
        assert get(github) == Thing("x")
        assert it.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
        assert it.asked[0].headers["user-agent"].startswith("edgetpu-ci/")
        github.get(PATH, Thing, needs=NEEDS, query={"secret": "hush"})
        one, other = it.world.ledger.log
        assert (one.verb, one.path, one.status, one.resource, one.cost) == ("GET", PATH, 200, "core", 1)
        assert other == one
        assert it.world.ledger.spent["core"].requests == 2
        assert TOKEN not in repr(github) + repr(vars(github)) + repr(it.world.ledger.log) + repr(it.said)


def test_readers_of_one_run_share_one_book(tmp_path: Path) -> None:
    with service(tmp_path, well(), EDGETPU_CI_MAX_REQUESTS="3") as (github, it):
        get(github)
        other = connect(it.world)
        get(other)
        get(github)
        assert "sent the 3 requests it may (EDGETPU_CI_MAX_REQUESTS); the next run" in failure(other, BudgetError)
        assert len(it.asked) == 3


@pytest.mark.parametrize("name", ["EDGETPU_CI_MAX_REQUESTS", "EDGETPU_CI_DEADLINE_SECONDS"])
@pytest.mark.parametrize("value", ["none", "-1", "0", "nan", "inf"])
def test_a_bound_that_is_none_is_said_by_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name), service(tmp_path, well(), **{name: value}):
        pass


def test_a_server_of_ones_own_has_graphql_beside_its_rest(tmp_path: Path) -> None:
    with service(tmp_path, well({"data": {"name": "x"}, "name": "x"}), "/api/v3") as (github, it):
        assert github.graphql("{ name }", {}, Thing, needs=NEEDS) == Thing("x")
        get(github)
        assert [urlsplit(asked.target).path for asked in it.asked] == ["/api/graphql", f"/api/v3{PATH}"]


# --- refused


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (bad(401, "Bad credentials"), TokenError, "(401, Bad credentials) to GET /repos/o/r/thing; check that"),
        (
            bad(403, "Resource not accessible by integration"),
            DeniedError,
            "needs `actions: read`: give it in the job's `permissions:`, or another token as EDGETPU_CI_TOKEN.",
        ),
        (
            bad(403, x_accepted_github_permissions="administration=read"),
            DeniedError,
            "which GITHUB_TOKEN cannot have: give an App's or a personal token as EDGETPU_CI_TOKEN.",
        ),
        (
            bad(403, x_accepted_github_permissions="pull_requests=write,issues=read; contents=write"),
            DeniedError,
            "`pull-requests: write and issues: read or contents: write`: give it in the job's",
        ),
        (bad(404), MissingError, "the token may see it (`actions: read`)."),
        (bad(422, "Too many"), DeliveryError, "(422, Too many) to GET /repos/o/r/thing; it does not take"),
    ],
)
def test_what_no_patience_changes_is_asked_once(tmp_path: Path, reply: Reply, kind: Any, words: str) -> None:
    with service(tmp_path, reply) as (github, it):
        said = failure(github, kind)
    assert words.replace("(", "").replace(")", "") in said.replace("(", "").replace(")", "")
    assert (len(it.asked), it.clock.slept) == (1, [])


def test_a_refusal_tells_the_permission_that_is_missing(tmp_path: Path) -> None:
    reply = bad(403, x_accepted_github_permissions="deployments=read")
    with service(tmp_path, reply) as (github, _), pytest.raises(DeniedError) as caught:
        get(github)
    assert caught.value.permission == "deployments: read"


# --- patience


@pytest.mark.parametrize(
    ("reply", "slept"),
    [
        (bad(429, retry_after="7"), [7]),
        (bad(429), [60]),
        (bad(429, retry_after="soon"), [60]),
        (bad(429, retry_after="0"), [1]),
        (bad(403, retry_after="30"), [30]),
        (bad(403, "You have exceeded a secondary rate limit."), [60]),
        (bad(403, "API rate limit exceeded", **limits(0, 45)), [46]),
        (bad(429, **limits(0, 45)), [46]),
        (bad(429, **limits(900, 45)), [60]),
        (bad(429, **limits(0, -5)), [1]),
    ],
)
def test_slow_down_is_obeyed_to_the_second(tmp_path: Path, reply: Reply, slept: list[float]) -> None:
    with service(tmp_path, [reply, well(**limits(900, 4000))]) as (github, it):
        assert get(github) == Thing("x")
    assert it.clock.slept == slept
    assert it.said == ([f"Waiting {slept[0]} s for GitHub's rate limit."] if slept[0] >= 10 else [])


def test_without_a_word_how_long_it_waits_ever_longer_and_then_says_rate_limit(tmp_path: Path) -> None:
    with service(tmp_path, bad(429, "Too many")) as (github, it):
        assert "rate limit is reached (429, Too many) at GET /repos/o/r/thing; the next" in failure(github, BudgetError)
    assert it.clock.slept == [60, 120, 240]


@pytest.mark.parametrize("reply", [bad(403, "API rate limit exceeded", **limits(0, 3000)), bad(429, retry_after="901")])
def test_it_does_not_wait_beyond_the_deadline_and_speaks_of_no_permission(tmp_path: Path, reply: Reply) -> None:
    with service(tmp_path, reply) as (github, it):
        said = failure(github, BudgetError)
    assert "GitHub's rate limit is reached" in said
    assert "needs" not in said
    assert ("until 05:56 UTC" in said) == (reply.status == 403)
    assert (len(it.asked), it.clock.slept) == (1, [])


def test_a_storm_of_server_errors_is_sat_out(tmp_path: Path) -> None:
    with service(tmp_path, [bad(500), bad(502), bad(503), well()]) as (github, it):
        assert get(github) == Thing("x")
    assert [round(wait) for wait in it.clock.slept] == [1, 2, 3]
    assert [asked.status for asked in it.world.ledger.log] == [500, 502, 503, 200]


def test_a_storm_without_an_end_is_left(tmp_path: Path) -> None:
    with service(tmp_path, bad(503, "Unicorn")) as (github, it):
        assert failure(github) == "GitHub answered 503, Unicorn to GET /repos/o/r/thing; try again later."
    assert len(it.asked) == 4


def test_what_is_still_being_computed_is_asked_for_a_few_times(tmp_path: Path) -> None:
    with service(tmp_path, [Reply(status=202, body=b"{}"), well()]) as (github, _):
        assert get(github) == Thing("x")
    with service(tmp_path, Reply(status=202, body=b"{}")) as (github, it):
        assert "still being computed" in failure(github)
    assert len(it.asked) == 4


def test_a_connection_that_ends_in_the_middle_is_made_again(tmp_path: Path) -> None:
    cut = Reply(status=200, body=b'{"name": "half of it"}', cut=True)
    with service(tmp_path, [cut, well()]) as (github, it):
        assert get(github) == Thing("x")
    assert [asked.status for asked in it.world.ledger.log] == [0, 200]


@pytest.mark.parametrize(
    "spoken",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 503 OK\r\nDate: never\r\nRetry-After: \xff\r\nX-RateLimit-Reset: 9999999999\r\n\r\n\xff",
    ],
)
def test_whoever_speaks_no_http_is_no_github(tmp_path: Path, spoken: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def speak() -> None:
            for _ in range(4):
                with suppress(OSError), listening.accept()[0] as peer:
                    peer.recv(1 << 16)
                    peer.sendall(spoken)

        threading.Thread(target=speak, daemon=True).start()
        clock = Clock()
        env = {
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_API_URL": f"http://127.0.0.1:{listening.getsockname()[1]}",
        }
        kind = DownError if spoken[9:10] != b"5" and b"Length: x" not in spoken else DeliveryError
        failure(connect(world(tmp_path, env=env, sleep=clock.sleep, monotonic=clock.monotonic)), kind)
        assert len(clock.slept) <= 3


def test_nobody_there_is_said(tmp_path: Path) -> None:
    with service(tmp_path, well()) as (github, it):
        pass
    assert (
        failure(github, DownError) == "GitHub did not answer GET /repos/o/r/thing (ConnectionError); try again later."
    )
    assert len(it.clock.slept) == 3


def test_a_server_that_never_answers_does_not_hold_us(tmp_path: Path) -> None:
    over = threading.Event()

    def hang(_: Request) -> Reply:
        over.wait(60)
        return well()

    with service(tmp_path, hang, EDGETPU_CI_DEADLINE_SECONDS="0.2") as (github, it):
        assert "(ReadTimeout)" in failure(github, DownError)
        over.set()
    assert it.clock.slept == []


def test_an_answer_that_comes_too_slowly_is_not_waited_for(tmp_path: Path) -> None:
    def tick() -> float:
        it.clock.at += 1
        return it.clock.at

    with service(tmp_path, well("x" * (4 << 20)), EDGETPU_CI_DEADLINE_SECONDS="30") as (_, it):
        slow = connect(replace(it.world, monotonic=tick))
        assert "(ReadTimeout)" in failure(slow, DownError)


def test_an_answer_that_drips_is_not_waited_for(tmp_path: Path) -> None:
    clock = Clock()

    def tick() -> float:
        clock.at += 1
        return clock.at

    with dripping() as url:
        env = {"GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": url}
        env |= {"EDGETPU_CI_DEADLINE_SECONDS": "30"}
        assert "(ReadTimeout)" in failure(connect(world(tmp_path, env=env, monotonic=tick)), DownError)


def test_after_the_deadline_nothing_is_asked(tmp_path: Path) -> None:
    slow = bad(429, retry_after="500")
    with service(tmp_path, [slow, well(), slow, well()]) as (github, it):
        get(github)
        failure(github, BudgetError)
        it.clock.at += 5000
        get(github)
    assert it.clock.slept == [500]
    assert len(it.asked) == 4


# --- what GitHub, or somebody else, may try


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_what_has_moved_on_the_same_host_is_followed(tmp_path: Path, status: int) -> None:
    moved = Reply(status=status, headers={"location": "/repositories/1/thing"})
    with service(tmp_path, [moved, well()]) as (github, it):
        assert get(github) == Thing("x")
    assert [asked.path for asked in it.world.ledger.log] == [PATH, "/repositories/1/thing"]


def test_the_token_goes_to_no_other_host(tmp_path: Path) -> None:
    with service(tmp_path, well()) as (_, other):
        stranger = other.url.replace("127.0.0.1", "localhost")
        there = {"location": f"{stranger}/x", "link": f'<{stranger}/x>; rel="next"'}
        with service(tmp_path, [Reply(status=302, headers=there), Reply(status=200, body=b"[]", headers=there)]) as (
            github,
            _,
        ):
            assert "points to another host (localhost:" in failure(github)
            pages = github.pages(PATH, list[Thing], needs=NEEDS)
            assert next(pages) == []
            with pytest.raises(DeliveryError, match="another host"):
                next(pages)
        assert other.asked == []


@pytest.mark.parametrize(
    "there",
    [
        "http://[",
        "//evil.example/x",
        "http://127.0.0.1:1@evil.example/",
        f"http://{TOKEN}@evil.example/",
        "ftp://127.0.0.1/",
    ],
)
def test_an_address_that_is_none_or_elsewhere_is_refused(tmp_path: Path, there: str) -> None:
    replies = [Reply(status=302, headers={"location": there}), well([], link=f'<{there}>; rel="next"')]
    with service(tmp_path, replies) as (github, it):
        said = failure(github)
        with pytest.raises(DeliveryError, match="GitHub") as caught:
            list(github.pages(PATH, list[Thing], needs=NEEDS))
        assert len(it.asked) == 2
    assert "GitHub points to an" in said
    assert TOKEN not in f"{said} {caught.value}"


def test_the_token_goes_over_no_other_protocol(tmp_path: Path) -> None:
    def downgrade(request: Request) -> Reply:
        return Reply(status=302, headers={"location": f"https://{request.headers['host']}/"})

    with service(tmp_path, downgrade) as (github, _):
        assert "points to another host" in failure(github)


def test_a_query_is_never_redirected(tmp_path: Path) -> None:
    with service(tmp_path, Reply(status=307, headers={"location": "/elsewhere"})) as (github, it):
        with pytest.raises(DeliveryError, match="307"):
            github.graphql("{ name }", {}, Thing, needs=NEEDS)
        assert len(it.asked) == 1


def test_a_redirect_to_itself_ends(tmp_path: Path) -> None:
    with service(tmp_path, Reply(status=302, headers={"location": PATH})) as (github, it):
        assert "answered 302" in failure(github)
    assert len(it.asked) == 4


def test_pages_are_followed_to_the_end(tmp_path: Path) -> None:
    def page(request: Request) -> Reply:
        number = int(parse_qs(urlsplit(request.target).query).get("page", ["1"])[0])
        link = f'<{it.url}{PATH}?page={number + 1}>; rel="next", <{it.url}{PATH}?page=1>; rel="first"'
        return well([{"name": str(number)}], **({"link": link} if number < 3 else {}))

    with service(tmp_path, page) as (github, it):
        found = [*github.pages(PATH, list[Thing], needs=NEEDS, query={"state": "open"})]
        assert found == [[Thing("1")], [Thing("2")], [Thing("3")]]
        assert it.asked[0].target == f"{PATH}?per_page=100&state=open"


def test_pages_without_an_end_are_left(tmp_path: Path) -> None:
    with service(tmp_path, lambda request: well([], link=f'<http://{request.headers["host"]}/>; rel="next"')) as (
        github,
        it,
    ):
        with pytest.raises(DeliveryError, match="more than 400 pages; only those"):
            list(github.pages(PATH, list[Thing], needs=NEEDS))
        assert len(it.asked) == 400


@pytest.mark.parametrize("status", [200, 302, 403, 500])
def test_a_huge_answer_is_not_taken_in(tmp_path: Path, status: int) -> None:
    headers = {"content-encoding": "gzip", "location": "/elsewhere"}
    bomb = Reply(status=status, body=gzip.compress(bytes(65 << 20), 1), headers=headers)
    with service(tmp_path, bomb) as (github, it):
        assert failure(github) == "GitHub's answer to GET /repos/o/r/thing has more than 67,108,864 bytes."
    assert (len(it.asked), len(it.world.ledger.log)) == (1, 1)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"name": 1}', b"{", b"\xff", b"[" * 100_000, b"null"])
def test_an_answer_of_no_known_shape_is_an_error(tmp_path: Path, body: bytes) -> None:
    with service(tmp_path, Reply(status=200, body=body)) as (github, _):
        assert "GitHub's answer to GET /repos/o/r/thing cannot be read" in failure(github)
        with pytest.raises(DeliveryError, match="GraphQL"):
            github.graphql("{ name }", {}, Thing, needs=NEEDS)


def test_a_server_that_says_our_token_back_does_not_make_us_say_it(tmp_path: Path) -> None:
    mirrors = [
        bad(403, f"no {TOKEN}"),
        bad(422, TOKEN),
        Reply(status=200, body=json.dumps({"name": TOKEN}).encode()),
        well({"data": None, "errors": [{"message": TOKEN}]}),
        well({"data": {"name": "x"}, "errors": [{"message": TOKEN, "type": "NOT_FOUND"}]}),
    ]
    with service(tmp_path, mirrors) as (github, it):
        said = [failure(github, kind) for kind in (DeniedError, DeliveryError)]
        with pytest.raises(DeliveryError) as caught:
            github.get(PATH, list[int], needs=NEEDS)
        said.append(str(caught.value))
        with pytest.raises(DeliveryError) as caught:
            github.graphql("{ name }", {}, Thing, needs=NEEDS)
        github.graphql("{ name }", {}, Thing, needs=NEEDS, missing=said.append)
        said += [str(caught.value), *it.said, repr(it.world.ledger.log)]
    assert len(said) == 6
    assert TOKEN not in "".join(said)


def test_a_name_and_password_of_the_machine_do_not_replace_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with service(tmp_path, well()) as (github, it):
        get(github)
    assert it.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


# --- what may be asked


def test_a_fifth_of_the_limit_is_left_to_others(tmp_path: Path) -> None:
    left = iter(range(203, -1, -1))
    with service(tmp_path, lambda _: well(**limits(next(left)))) as (github, it):
        for _ in range(4):
            get(github)
        said = failure(github, BudgetError)
        assert len(it.asked) == 4
        it.clock.at += 601
        get(github)
    assert said == (
        "GitHub's limit for `core` has 200 of 1,000 left until 05:16 UTC, and a fifth of it is kept for other jobs; "
        "this run spent 4; the next run goes on where this one stopped."
    )


def test_what_is_left_of_one_resource_does_not_hold_back_another(tmp_path: Path) -> None:
    def answer(request: Request) -> Reply:
        is_search = request.target.startswith("/search/")
        return well({"name": "x"}, **(limits(6, 60, 30, "search") if is_search else limits(900)))

    with service(tmp_path, answer) as (github, it):
        github.get("/search/issues", Thing, needs=NEEDS)
        with pytest.raises(BudgetError, match="`search` has 6 of 30"):
            github.get("/search/issues", Thing, needs=NEEDS)
        get(github)
        assert {name: it.requests for name, it in it.world.ledger.spent.items()} == {"search": 1, "core": 1}


def test_a_clock_that_is_wrong_by_an_hour_changes_nothing(tmp_path: Path) -> None:
    with service(tmp_path, [bad(403, **limits(0, 45)), well(**limits(200))]) as (github, it):
        it.clock.at += 3600
        get(github)
        assert it.clock.slept == [46]
        failure(github, BudgetError)


def test_of_many_who_ask_at_once_the_first_learns_what_is_left(tmp_path: Path) -> None:
    def slowly(_: Request) -> Reply:
        threading.Event().wait(0.1)
        return well(**limits(200))

    with service(tmp_path, slowly) as (github, it):
        found = github.gather([lambda: get(github)] * 8)
        assert len(it.asked) == 1
    assert [type(one).__name__ for one in found].count("BudgetError") == 7


def test_four_ask_at_once_each_on_a_connection_of_its_own(tmp_path: Path) -> None:
    together = threading.Barrier(4)

    def answer(request: Request) -> Reply:
        if request.target.startswith("/gathered"):
            together.wait(30)
        return well({"name": request.target}, **limits(900))

    with service(tmp_path, answer) as (github, _):
        get(github)
        asks = [lambda n=n: github.get(f"/gathered/{n}", Thing, needs=NEEDS) for n in range(8)]
        assert [found.name for found in github.gather(asks)] == [f"/gathered/{n}" for n in range(8)]  # type: ignore[union-attr]


def test_one_that_fails_stands_in_its_own_place(tmp_path: Path) -> None:
    with service(tmp_path, [well(), bad(404), well()]) as (github, _):
        found = github.gather([lambda: get(github)] * 3)
    assert sorted(type(one).__name__ for one in found) == ["MissingError", "Thing", "Thing"]


def test_after_a_complaint_of_too_many_it_asks_one_by_one(tmp_path: Path) -> None:
    lock, under_way, most = threading.Lock(), 0, 0

    def answer(_: Request) -> Reply:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        threading.Event().wait(0.02)
        with lock:
            under_way -= 1
        return well(**limits(900))

    complaint = iter([bad(403, "You have exceeded a secondary rate limit", retry_after="5")])
    with service(tmp_path, lambda request: next(complaint, None) or answer(request)) as (github, it):
        found = github.gather([lambda: get(github)] * 12)
    assert found == [Thing("x")] * 12
    assert (most, it.clock.slept) == (1, [5])


# --- GraphQL


def query(github: GitHub, **parts: Any) -> Thing:
    return github.graphql("query($first: Int) { things(first: $first) }", {}, Thing, needs=NEEDS, **parts)


def trouble(message: str, kind: str = "", data: object = None, **headers: str) -> Reply:
    fault = {"message": message, "path": ["things", 0]} | ({"type": kind} if kind else {})
    return well({"data": data, "errors": [fault]}, **headers)


def test_what_a_query_cost_is_asked_for_counted_and_not_shown(tmp_path: Path) -> None:
    rate = {"cost": 3, "limit": 1000, "remaining": 950, "resetAt": "2026-03-04T06:00:00Z"}
    reply = well({"data": {"_rate": rate, "name": "x"}}, **limits(951, resource="graphql"))
    with service(tmp_path, reply) as (github, it):
        assert github.graphql("query($a: [Int!] = [1]) { name }", {}, dict[str, str], needs=NEEDS) == {"name": "x"}
        sent = json.loads(it.asked[0].body)["query"]
        assert sent == "query($a: [Int!] = [1]) { _rate: rateLimit { cost limit remaining resetAt }  name }"
        account = it.world.ledger.spent["graphql"]
    assert (account.requests, account.cost, account.dearest) == (1, 3, 3)
    assert account.allowance
    assert account.allowance.remaining == 950


def test_points_are_kept_for_others_as_requests_are(tmp_path: Path) -> None:
    rate = {"cost": 3, "remaining": 202}
    with service(tmp_path, well({"data": {"_rate": rate, "name": "x"}}, **limits(202, resource="graphql"))) as (
        github,
        it,
    ):
        query(github)
        with pytest.raises(BudgetError, match="`graphql` has 202 of 1,000"):
            query(github)
        assert len(it.asked) == 1


def test_a_rate_limit_inside_a_good_answer_is_waited_for(tmp_path: Path) -> None:
    limited = trouble("API rate limit exceeded", "RATE_LIMITED", **limits(0, 45, resource="graphql"))
    good = well({"data": {"name": "x"}}, **limits(999, 4000, resource="graphql"))
    with service(tmp_path, [limited, good]) as (github, it):
        assert query(github) == Thing("x")
    assert it.clock.slept == [46]


def test_a_rate_limit_that_ends_too_late_is_no_answer_and_no_permission(tmp_path: Path) -> None:
    limited = trouble("API rate limit exceeded", "RATE_LIMITED", **limits(0, 3000, resource="graphql"))
    with service(tmp_path, limited) as (github, it), pytest.raises(BudgetError, match="rate limit"):
        query(github)
    assert it.clock.slept == []


@pytest.mark.parametrize(("kind", "error"), [("NOT_FOUND", MissingError), ("FORBIDDEN", DeniedError)])
def test_a_part_that_is_not_shown_is_said_or_is_an_error(tmp_path: Path, kind: str, error: Any) -> None:
    said: list[str] = []
    with service(tmp_path, trouble("Not for you", kind, {"name": "x"})) as (github, _):
        assert query(github, missing=said.append) == Thing("x")
        with pytest.raises(error, match=NEEDS):
            query(github)
    assert said == ["GitHub does not show things.0: Not for you"]


def test_nothing_at_all_is_an_error_for_everybody(tmp_path: Path) -> None:
    with service(tmp_path, trouble("Not for you", "FORBIDDEN")) as (github, _), pytest.raises(DeniedError):
        query(github, missing=print)


def test_a_query_that_is_wrong_is_said_once(tmp_path: Path) -> None:
    wrong = trouble("Field 'things' doesn't exist", "", {"name": "x"})
    with service(tmp_path, wrong) as (github, it):
        with pytest.raises(DeliveryError, match=r"with: things\.0: Field 'things' doesn't exist"):
            query(github, missing=print)
        assert len(it.asked) == 1


HEAVY = [
    bad(502, "Bad gateway"),
    bad(504),
    trouble("Something went wrong while executing your query. This may be the result of a timeout"),
    trouble("Resource limits for this query exceeded", "RESOURCE_LIMITS_EXCEEDED", {"name": "part"}),
]


@pytest.mark.parametrize("reply", HEAVY)
def test_what_was_too_much_is_asked_for_in_half(tmp_path: Path, reply: Reply) -> None:
    size = PageSize(100)
    with service(tmp_path, [reply, reply, well({"data": {"name": "x"}})]) as (github, it):
        assert query(github, size=size) == Thing("x")
        query(github, size=size)
        sizes = [json.loads(asked.body)["variables"]["first"] for asked in it.asked]
    assert sizes == [50, 25, 12, 22]
    assert it.clock.slept == [1, 1]


def test_what_is_too_much_even_alone_is_given_up(tmp_path: Path) -> None:
    with service(tmp_path, bad(502)) as (github, it):
        with pytest.raises(DeliveryError, match="even for a page of one item"):
            query(github, size=PageSize())
        assert [json.loads(asked.body)["variables"]["first"] for asked in it.asked] == [50, 25, 12, 6, 3, 1]


def test_who_does_not_divide_is_patient_and_then_told(tmp_path: Path) -> None:
    with service(tmp_path, bad(502)) as (github, it), pytest.raises(TooHeavyError):
        query(github)
    assert len(it.asked) == 4


def test_who_divides_by_other_means_is_told_at_once(tmp_path: Path) -> None:
    with service(tmp_path, bad(502)) as (github, it), pytest.raises(TooHeavyError):
        query(github, divides=True)
    assert (len(it.asked), it.clock.slept) == (1, [1])


# --- a service that is down


def other(github: GitHub, path: str = "/repos/o/r/other") -> str:
    with pytest.raises(DeliveryError) as caught:
        github.get(path, Thing, needs=NEEDS)
    return str(caught.value)


def test_a_service_that_does_not_answer_is_asked_once_with_patience_and_no_more(tmp_path: Path) -> None:
    with service(tmp_path, well(), GITHUB_API_URL="http://127.0.0.1:1") as (github, it):
        said = failure(github, DownError)
        assert len(it.clock.slept) == 3
        assert [other(github), other(connect(it.world)), failure(github, DownError)] == [said] * 3
        assert len(it.clock.slept) == 3
        assert it.world.ledger.sent == 4
        assert it.said == [f"{said} This run asks it nothing more."]
        assert it.world.ledger.down == (said,)


def test_a_token_that_is_none_is_found_to_be_so_once(tmp_path: Path) -> None:
    with service(tmp_path, bad(401, "Bad credentials")) as (github, it):
        said = failure(github, TokenError)
        assert other(github) == said
        assert len(it.asked) == 1
    assert "check that the token is the right one" in said


def test_a_service_that_fails_whatever_it_is_asked_is_down(tmp_path: Path) -> None:
    with service(tmp_path, bad(500)) as (github, it):
        failure(github, DeliveryError)
        said = other(github)
        assert other(github, "/repos/o/r/third") == said
        assert (len(it.asked), it.world.ledger.down) == (8, (said,))


@pytest.mark.parametrize("status", [401, 500])
def test_an_endpoint_that_fails_costs_no_other(tmp_path: Path, status: int) -> None:
    def answer(request: Request) -> Reply:
        return well() if request.target.startswith(PATH) else bad(status)

    with service(tmp_path, answer) as (github, it):
        get(github)
        for number in range(5):
            other(github, f"/repos/o/r/runs/{number}/jobs")
        assert get(github) == Thing("x")
        assert it.world.ledger.down == ()
        said = [other(github, f"/repos/o/r/{name}") for name in ("one", "two", "three")][-1]
        assert failure(github, TokenError if status == 401 else DownError) == said


def test_a_web_page_is_no_answer_of_an_api(tmp_path: Path) -> None:
    page = Reply(status=404, body=b"<!DOCTYPE html><p>Nothing here", headers={"content-type": "text/html"})
    with service(tmp_path, page) as (github, it):
        said = failure(github, DownError)
        assert said == f"{urlsplit(it.url).netloc} answered a web page, no JSON; check GITHUB_API_URL."
        assert other(github) == said
        assert len(it.asked) == 1


@pytest.mark.parametrize(
    "url", ["nonsense", "github.example", "ftp://github.example", "https://", "http://[", "https:/x"]
)
def test_an_address_that_is_none_is_refused_before_anything_is_asked(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="GITHUB_API_URL"), service(tmp_path, well(), GITHUB_API_URL=url):
        pass
