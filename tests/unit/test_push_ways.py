"""Pushing over HTTP, with faults: what is lost is told, what is no use is not tried again, nothing secret is said."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from edgetpu_ci.cli import metrics
from edgetpu_ci.errors import ConfigError, DeliveryError, DeniedError, DocumentError, EdgeTpuCiError, UnsetError
from edgetpu_ci.exposition.record import Family, Sample
from edgetpu_ci.telemetry import push
from edgetpu_ci.telemetry.push import pushgateway
from edgetpu_ci.telemetry.push.way import Target
from tests.fakes import written
from tests.fakes.clock import Clock
from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.world import AT, NOTHING, world

NOW = round(AT.timestamp() * 1000)
SLOW = (("repo", "o/r"), ("subject", 'm"1\\\n'), ("device", ""), ("machine", "pi"))
COVERED = (("repo", "o/r"), ("subject", "repository"))
FAMILIES = (
    Family(name="edgetpu_ci_test_coverage_ratio", help="covered", unit="ratio", samples=[Sample(COVERED, 0.8125)]),
    Family(name="edgetpu_ci_latency_p99_seconds", help="slow", unit="seconds", samples=[Sample(SLOW, 0.0125)]),
)
UNNAMED = (("repo", ""), ("machine", ""))
HIDDEN = "hunter2-of-prometheus"
GARBAGE = Reply(status=204)


def _series(values: Mapping[str, float], at: int = NOW) -> Reply:
    """What a query for a range answers: every series of ours, the values of some of them changed."""
    found = [
        {
            "metric": {"__name__": family.name, **dict(filter(all, one.labels)), "job": "theirs"},
            "values": [[at / 1000, str(values.get(family.name, one.value))]],
        }
        for family in FAMILIES
        for one in family.samples
        if values.get(family.name, one.value) >= 0
    ]
    data = {"status": "success", "data": {"resultType": "matrix", "result": found}}
    return Reply(status=200, body=json.dumps(data).encode())


@dataclass
class Engine:
    """One that takes what is written, and answers to queries in turn; the last answer again and again."""

    writes: list[Reply] = field(default_factory=lambda: [Reply(status=204)])
    queries: list[Reply] = field(default_factory=lambda: [_series({})])
    written: list[Request] = field(default_factory=list)
    queried: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        is_query = request.target.endswith("/query")
        came, replies = (self.queried, self.queries) if is_query else (self.written, self.writes)
        came.append(request)
        return replies[min(len(came), len(replies)) - 1]


@dataclass
class Pushed:
    """What came of it: how it ended, and how long it took."""

    said: str
    error: EdgeTpuCiError | None
    clock: Clock


def _push(way: str, folder: Path, answer: Callable[[Request], Reply], path: str = "", **env: str) -> Pushed:
    clock, ended, error = Clock(), "", None
    here = world(folder, env=env, now=lambda: AT, monotonic=clock.monotonic, sleep=clock.sleep)
    with serve(answer) as port:
        try:
            ended = push.push(way, FAMILIES, Target(url=f"http://127.0.0.1:{port}{path}"), here)[1]
        except EdgeTpuCiError as caught:
            error = caught
    assert HIDDEN not in f"{error} {here.ledger.log}"
    return Pushed(ended, error, clock)


def _remote(folder: Path, engine: Engine, **env: str) -> Pushed:
    return _push("remote-write", folder, engine.answer, "/api/v1/write", **env)


def test_series_are_written_as_of_now_and_asked_for_at_that_very_moment(tmp_path: Path) -> None:
    engine = Engine()
    pushed = _remote(tmp_path, engine)
    assert (pushed.said, pushed.error) == ("Remote write at 127.0.0.1 has all of them", None)
    (request,), (query,) = engine.written, engine.queried
    assert request.headers["x-prometheus-remote-write-version"] == "0.1.0"
    assert [(dict(labels)["__name__"], samples) for labels, samples in written.sent(request)] == [
        ("edgetpu_ci_test_coverage_ratio", [(0.8125, NOW)]),
        ("edgetpu_ci_latency_p99_seconds", [(0.0125, NOW)]),
    ]
    assert query.target == "/api/v1/query"
    assert parse_qs(query.body.decode())["time"] == [f"{NOW / 1000:.3f}"]


@pytest.mark.parametrize("way", ["remote-write", "victoria-metrics"])
def test_an_engine_that_takes_everything_and_keeps_nothing_is_found_out(way: str, tmp_path: Path) -> None:
    engine = Engine(queries=[_series({"edgetpu_ci_latency_p99_seconds": -1})])
    pushed = _push(way, tmp_path, engine.answer, "/api/v1/write" if way == "remote-write" else "")
    assert isinstance(pushed.error, DeliveryError)
    assert pushed.error.exit_status == 4
    assert str(pushed.error).partition(" took ")[2] == (
        "2 series and lacks 1 of them, the first "
        'edgetpu_ci_latency_p99_seconds{machine="pi",repo="o/r",subject="m"1\\ "}; look into its log, and push again.'
    )
    assert 20 < sum(pushed.clock.slept) <= 30


def test_what_shows_only_after_a_while_is_waited_for(tmp_path: Path) -> None:
    nothing = Reply(status=200, body=b'{"status":"success","data":{"resultType":"matrix","result":[]}}')
    engine = Engine(queries=[nothing, nothing, _series({})])
    assert _remote(tmp_path, engine).error is None
    asked = [parse_qs(request.body.decode())["query"] for request in engine.queried]
    assert len(asked) == 3


def test_a_value_of_another_moment_is_not_the_one_that_was_pushed(tmp_path: Path) -> None:
    assert "lacks 2 of them" in str(_remote(tmp_path, Engine(queries=[_series({}, NOW - 400)])).error)


def test_twelve_digits_of_a_value_are_enough(tmp_path: Path) -> None:
    name = "edgetpu_ci_latency_p99_seconds"
    assert _remote(tmp_path, Engine(queries=[_series({name: 0.0125 * (1 - 5e-12)})])).error is None
    assert "has another value" in str(_remote(tmp_path, Engine(queries=[_series({name: 0.0125 * (1 - 5e-11)})])).error)


def test_another_value_at_that_moment_is_told_at_once(tmp_path: Path) -> None:
    pushed = _remote(tmp_path, Engine(queries=[_series({"edgetpu_ci_test_coverage_ratio": 0.5})]))
    assert "has another value of 1 of 2 series" in str(pushed.error)
    assert "0.5, and not 0.8125" in str(pushed.error)
    assert pushed.clock.slept == []


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(status=400, body=b"out of order sample"), "clocks of the runners differ: set them, and push again"),
        (Reply(status=400, body=b"out of bounds"), "clocks of the runners differ"),
        (Reply(status=500, body=b"too old sample"), "clocks of the runners differ"),
        (Reply(status=404, body=b"remote write receiver needs to be enabled"), "--web.enable-remote-write-receiver"),
        (Reply(status=400, body=b"duplicate label"), "answered 400: duplicate label; check its address"),
        (Reply(status=302, headers={"location": "/login"}), "give the one it leads to"),
        (Reply(status=401), "check EDGETPU_CI_REMOTE_WRITE_TOKEN, or EDGETPU_CI_REMOTE_WRITE_USER"),
    ],
)
def test_what_no_repetition_helps_is_said_once_with_the_next_step(reply: Reply, says: str, tmp_path: Path) -> None:
    engine = Engine(writes=[reply])
    pushed = _remote(tmp_path, engine)
    assert isinstance(pushed.error, DeniedError)
    assert says in str(pushed.error)
    assert (len(engine.written), engine.queried, pushed.clock.slept) == (1, [], [])


@pytest.mark.parametrize(
    "reply", [Reply(status=503), Reply(status=500, body=b"no space left"), Reply(status=200, cut=True, body=b"12")]
)
def test_what_may_pass_is_tried_again_and_then_told(reply: Reply, tmp_path: Path) -> None:
    engine = Engine(writes=[reply, reply, Reply(status=204)])
    assert _remote(tmp_path, engine).error is None
    assert len(engine.written) == 3
    engine = Engine(writes=[reply])
    pushed = _remote(tmp_path, engine)
    assert "push again later" in str(pushed.error)
    assert len(engine.written) == 4
    assert sum(pushed.clock.slept) < 30


def test_who_asks_to_wait_is_waited_for_as_long_as_that_makes_sense(tmp_path: Path) -> None:
    engine = Engine(writes=[Reply(status=429, headers={"retry-after": "7"}), Reply(status=204)])
    assert _remote(tmp_path, engine).clock.slept == [7]
    pushed = _remote(tmp_path, Engine(writes=[Reply(status=429, headers={"retry-after": "3600"})]))
    assert "answered 429; push again later" in str(pushed.error)
    assert pushed.clock.slept == []


def test_who_writes_also_opens_what_is_read_but_not_on_another_server(tmp_path: Path) -> None:
    engine = Engine()
    assert _remote(tmp_path, engine, EDGETPU_CI_REMOTE_WRITE_TOKEN=HIDDEN).error is None
    assert {one.headers["authorization"] for one in (*engine.written, *engine.queried)} == {f"Bearer {HIDDEN}"}
    with serve((there := Engine()).answer) as port:
        elsewhere = {"EDGETPU_CI_PROMETHEUS_URL": f"http://127.0.0.1:{port}/prom"}
        pushed = _remote(tmp_path, engine, EDGETPU_CI_REMOTE_WRITE_TOKEN=HIDDEN, **elsewhere)
    assert pushed.said == "Prometheus at 127.0.0.1 has all of them"
    assert [(one.target, "authorization" in one.headers) for one in there.queried] == [("/prom/api/v1/query", False)]


def test_a_secret_that_is_thrown_back_is_not_repeated(tmp_path: Path) -> None:
    engine = Engine(writes=[Reply(status=400, body=f"no user x with {HIDDEN}".encode())])
    pushed = _remote(tmp_path, engine, EDGETPU_CI_REMOTE_WRITE_USER="x", EDGETPU_CI_REMOTE_WRITE_PASSWORD=HIDDEN)
    assert "no user x with ***" in str(pushed.error)


@pytest.mark.parametrize(
    ("url", "env", "says"),
    [
        (
            "",
            NOTHING,
            "EDGETPU_CI_REMOTE_WRITE_URL is not set; set it to an address like http://prometheus:9090/api/v1",
        ),
        ("ftp://x", NOTHING, '"ftp://x" is no address of Remote write'),
        ("http://me:pw@x/api/v1/write", NOTHING, "has a password in it"),
        ("http://x/write", NOTHING, "EDGETPU_CI_PROMETHEUS_URL is not set"),
        (
            "http://x/api/v1/write",
            {"EDGETPU_CI_REMOTE_WRITE_USER": "me"},
            "EDGETPU_CI_REMOTE_WRITE_PASSWORD is not set",
        ),
        (
            "http://x/api/v1/write",
            {"EDGETPU_CI_REMOTE_WRITE_USER": "me", "EDGETPU_CI_REMOTE_WRITE_TOKEN": "t"},
            "are both set",
        ),
        (
            "http://x/api/v1/write",
            {"EDGETPU_CI_REMOTE_WRITE_TOKEN": "first\nsecond"},
            "EDGETPU_CI_REMOTE_WRITE_TOKEN has blanks or characters that no token has",
        ),
        (
            "http://x/api/v1/write",
            {"EDGETPU_CI_REMOTE_WRITE_TOKEN": "tøken"},
            "EDGETPU_CI_REMOTE_WRITE_TOKEN has blanks or characters that no token has",
        ),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_sent(
    url: str, env: Mapping[str, str], says: str, tmp_path: Path
) -> None:
    with pytest.raises((ConfigError, UnsetError), match=says.replace("?", r"\?")):
        push.push("remote-write", FAMILIES, Target(url=url), world(tmp_path, env=env))


def test_an_address_may_end_in_a_slash(tmp_path: Path) -> None:
    engine = Engine()
    assert _push("remote-write", tmp_path, engine.answer, "/api/v1/write/").error is None
    assert engine.written[0].target == "/api/v1/write"


def test_nobody_at_the_address_costs_a_bounded_time(tmp_path: Path) -> None:
    clock = Clock()
    with serve(lambda _: GARBAGE) as port:
        url = f"http://127.0.0.1:{port}"
    here = world(tmp_path, sleep=clock.sleep, monotonic=clock.monotonic)
    for way in ("pushgateway", "remote-write", "victoria-metrics"):
        with pytest.raises(DeliveryError, match=r"did not answer \(ConnectionError\); check its address, or push"):
            push.push(way, FAMILIES, Target(url=url + "/api/v1/write"), here)
    assert len(clock.slept) == 9
    assert sum(clock.slept) < 90


def test_a_pushgateway_that_is_none_is_found_out(tmp_path: Path) -> None:
    pushed = _push("pushgateway", tmp_path, lambda _: Reply(status=200, body=b"<html>welcome"))
    assert "What Pushgateway at 127.0.0.1 answered cannot be read" in str(pushed.error)
    group = b'{"labels": {"job": "edgetpu_ci", "repo": "o/r"}}'
    for groups in (b"", group):
        engine = Engine(writes=[Reply(status=200, body=b'{"data": [%s]}' % groups)])
        pushed = _push("pushgateway", tmp_path, engine.answer)
        assert "lacks 2 of them, the first edgetpu_ci_test_coverage_ratio" in str(pushed.error)


@pytest.mark.parametrize(
    "group",
    [
        {"labels": 5},
        {"labels": {"job": "edgetpu_ci", "repo": "o/r"}, "edgetpu_ci_test_coverage_ratio": 5},
        {
            "labels": {"job": "edgetpu_ci", "repo": "o/r"},
            "edgetpu_ci_test_coverage_ratio": {"metrics": [{"labels": {}, "value": "much"}]},
        },
    ],
)
def test_what_a_pushgateway_says_in_an_odd_way_is_no_traceback(group: object, tmp_path: Path) -> None:
    said = json.dumps({"data": [group]}).encode()
    pushed = _push("pushgateway", tmp_path, lambda _: Reply(status=200, body=said))
    assert str(pushed.error).endswith("Is that its address?")


def test_a_value_that_is_no_number_is_no_traceback(tmp_path: Path) -> None:
    odd = _series({})
    pushed = _remote(tmp_path, Engine(queries=[Reply(status=200, body=odd.body.replace(b"0.8125", b"much"))]))
    assert "has 'much' for a value. Is that its address?" in str(pushed.error)


def test_each_machine_is_a_group_and_its_name_may_be_anything() -> None:
    hostile = (("repo", "o/r"), ("machine", "../ä b"))
    families = [*FAMILIES, Family(name="edgetpu_ci_x", help="", samples=[Sample(hostile, 1), Sample(UNNAMED, 2)])]
    assert {pushgateway.path(group) for group in pushgateway.groups(families)} == {
        "/metrics/job/edgetpu_ci",
        "/metrics/job/edgetpu_ci/repo@base64/by9y",
        "/metrics/job/edgetpu_ci/repo@base64/by9y/machine/pi",
        "/metrics/job/edgetpu_ci/repo@base64/by9y/machine@base64/Li4vw6QgYg",
    }


def test_a_store_takes_the_place_of_a_group_and_a_report_only_of_its_names(tmp_path: Path) -> None:
    came: list[str] = []

    def answer(request: Request) -> Reply:
        came.append(request.verb)
        return Reply(status=200, body=b'{"data": []}')

    with serve(answer) as port:
        for is_whole in (True, False):
            target = Target(url=f"http://127.0.0.1:{port}", is_whole=is_whole)
            with pytest.raises(DeliveryError):
                push.push("pushgateway", FAMILIES, target, world(tmp_path))
    assert came == ["PUT", "PUT", "GET", "POST", "POST", "GET"]


def test_a_file_for_node_exporter_is_written_whole(tmp_path: Path) -> None:
    here = world(tmp_path, env={"EDGETPU_CI_TEXTFILE": "here/ci.prom"})
    count, _ = push.push("file", FAMILIES, Target(), here)
    assert count == 2
    assert (tmp_path / "here/ci.prom").read_text().splitlines()[:3] == [
        "# HELP edgetpu_ci_test_coverage_ratio covered",
        "# TYPE edgetpu_ci_test_coverage_ratio gauge",
        'edgetpu_ci_test_coverage_ratio{repo="o/r",subject="repository"} 0.8125',
    ]
    with pytest.raises(ConfigError, match=r"a file that ends in \.prom"):
        push.push("file", FAMILIES, Target(output=tmp_path / "ci.txt"), here)


def test_what_is_no_number_is_left_out_and_nothing_is_no_push(tmp_path: Path) -> None:
    odd = Family(name="edgetpu_ci_x", help="", samples=[Sample((), float("nan")), Sample(COVERED, float("inf"))])
    assert push.push("file", [odd, *FAMILIES], Target(output=tmp_path / "x.prom"), world(tmp_path))[0] == 2
    with pytest.raises(DocumentError, match="There is nothing to push"):
        push.push("file", [odd], Target(output=tmp_path / "x.prom"), world(tmp_path))


def test_the_command_line_knows_every_way() -> None:
    assert tuple(push.WAYS) == metrics._WAYS
