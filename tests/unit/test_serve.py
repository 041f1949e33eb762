"""The HTTP server: what every client gets, however it behaves."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgetpu_ci.errors import ConfigError
from edgetpu_ci.serve import address, negotiation, server
from edgetpu_ci.serve.address import Address
from edgetpu_ci.serve.exchange import Answer, Request, sentence
from edgetpu_ci.serve.routes import PATHS, Door
from tests.fakes import engines

LOOPBACK = Address("127.0.0.1", 0)


class Site:
    """Answers everything with its name; `/metrics` breaks."""

    def metrics(self, request: Request) -> Answer:
        raise ValueError(f"no {request.path}")

    def health(self) -> Answer:
        return sentence(200, "health")

    def ready(self) -> Answer:
        return sentence(200, "ready")

    def page(self) -> Answer:
        return sentence(200, "page")


@contextmanager
def serving(door: Door, patience: float = 5.0) -> Iterator[tuple[int, list[str]]]:
    """The port of a server, and what it says of its own faults."""
    said: list[str] = []
    with server.serving(LOOPBACK, door.answer, said.append, poll_seconds=0.01) as listening:
        listening.patience = patience
        yield listening.server_address[1], said


def opened() -> Door:
    door = Door(now=lambda: datetime(2026, 3, 4, tzinfo=UTC))
    door.open(Site())
    return door


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def raw(port: int, sent: bytes, *, close: bool = False) -> bytes:
    """What comes back for some bytes, to the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(sent)
        if close:
            client.shutdown(socket.SHUT_WR)
        found = b""
        while piece := client.recv(1 << 16):
            found += piece
        return found


def test_each_path_has_its_answer_and_others_are_404_with_a_sentence() -> None:
    with serving(opened()) as (port, _):
        assert [ask(port, path)[1] for path in ("/", "/health", "/ready")] == [b"page\n", b"health\n", b"ready\n"]
        response, body = ask(port, "/../../etc/passwd")
        assert (response.status, body) == (404, f"There is nothing here; there are {', '.join(PATHS)}.\n".encode())
        assert ask(port, "/health?full=1")[1] == b"health\n"


def test_a_head_has_the_headers_of_a_get_and_no_body() -> None:
    with serving(opened()) as (port, _):
        response, body = ask(port, "/health", "HEAD")
        assert (response.status, response.getheader("content-length"), body) == (200, "7", b"")
        assert raw(port, b"HEAD /health HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_what_changes_something_is_405_and_says_what_may_be_done(method: str) -> None:
    with serving(opened()) as (port, _):
        response, body = ask(port, "/metrics", method)
        assert (response.status, response.getheader("allow")) == (405, "GET, HEAD")
        assert body == b"This can be read with GET and HEAD, and not be changed.\n"


def test_it_is_alive_before_the_configuration_is_read_and_ready_only_after() -> None:
    door = Door(now=lambda: datetime(2026, 3, 4, tzinfo=UTC))
    door.patience = 0.0
    with serving(door) as (port, _):
        response, body = ask(port, "/live")
        assert (response.status, response.getheader("content-type")) == (200, "application/health+json")
        told = json.loads(body)
        (uptime,) = told["checks"].pop("process:uptime")
        assert told == {"status": "pass", "releaseId": told["releaseId"], "checks": {}}
        assert uptime.pop("observedValue") >= 0
        assert uptime == {
            "componentType": "system",
            "observedUnit": "s",
            "status": "pass",
            "time": "2026-03-04T00:00:00+00:00",
        }
        response, body = ask(port, "/ready")
        assert (response.status, json.loads(body)["status"], response.getheader("retry-after")) == (503, "fail", "1")
        assert ask(port, "/metrics")[0].status == 503
        door.open(Site())
        assert ask(port, "/ready")[1] == b"ready\n"


def test_what_breaks_is_500_in_a_sentence_said_in_the_log_and_harms_nobody_else() -> None:
    with serving(opened()) as (port, said):
        response, body = ask(port, "/metrics")
        assert (response.status, body) == (500, b"This broke, and is a bug in edgetpu-ci; its log says more.\n")
        assert said == ["'/metrics' broke with ValueError: no /metrics"]
        assert ask(port, "/health")[0].status == 200


def test_every_answer_is_guarded() -> None:
    with serving(opened()) as (port, _):
        for path in ("/live", "/nowhere"):
            headers = ask(port, path)[0].headers
            assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
            assert headers["content-security-policy"].startswith("default-src 'none'")
            assert headers["server"] == "edgetpu-ci"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"GET /live HTTP/9.9\r\n\r\n", b"505"),
        (b"GET /live HTTP/1.1 and more\r\n\r\n", b"400"),
        (b"BREW /live HTTP/1.1\r\n\r\n", b"501"),
        (b"GET /live HTTP/1.1\r\nno colon here\r\n\r\n", b"200"),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"GET /live HTTP/1.1\r\nCookie: " + b"a" * 20_000 + b"\r\n\r\n", b"431"),
        (b"GET /live HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
        (b"POST /live HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n" + b"a" * 30_000, b"405"),
    ],
    ids=["tls", "version", "words", "method", "header", "path", "cookie", "headers", "body"],
)
def test_garbage_gets_a_status_and_never_a_traceback(sent: bytes, status: bytes) -> None:
    with serving(opened()) as (port, said):
        assert raw(port, sent).split(b" ")[1] == status
        assert ask(port, "/live")[0].status == 200
        assert said == []


def test_whatever_is_sent_the_next_client_is_answered() -> None:
    with serving(opened()) as (port, said):

        @settings(max_examples=40, deadline=None)
        @given(st.binary(max_size=300))
        def sending(sent: bytes) -> None:
            with suppress(ConnectionError):
                raw(port, sent, close=True)
            assert ask(port, "/live")[0].status == 200

        sending()
        assert said == []


def test_a_client_that_says_nothing_or_too_slowly_is_let_go() -> None:
    with serving(opened(), patience=0.05) as (port, said):
        assert raw(port, b"") == b""
        assert raw(port, b"GET /live HT") == b""
        assert ask(port, "/live")[0].status == 200
        assert said == []


def test_more_clients_than_there_is_room_for_wait_and_are_answered() -> None:
    with serving(opened(), patience=0.2) as (port, _):
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(server.MOST_CLIENTS + 8)]
        assert ask(port, "/live")[0].status == 200
        for client in slow:
            client.close()


def test_it_stops_also_while_nobody_makes_room() -> None:
    listening = server.Server(LOOPBACK, opened().answer, print, poll_seconds=0.01)
    listening.patience = 60
    listening.begin()
    port = int(listening.server_address[1])
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(server.MOST_CLIENTS + 8)]
    engines.until(lambda: threading.active_count() > server.MOST_CLIENTS)
    stopping = threading.Thread(target=listening.stop)
    stopping.start()
    engines.until(lambda: listening.fileno() == -1)
    for client in slow:
        client.close()
    stopping.join()


def test_it_serves_over_ipv6_too() -> None:
    try:
        listening = server.Server(Address("::1", 0), opened().answer, print)
    except ConfigError:
        pytest.skip("no IPv6 on this machine")
    assert listening.url.startswith("http://[::1]:")
    listening.server_close()


def test_a_port_in_use_is_a_sentence() -> None:
    with serving(opened()) as (port, _), pytest.raises(ConfigError, match="address already in use; stop who does"):
        server.Server(Address("127.0.0.1", port), opened().answer, print)


@pytest.mark.parametrize("text", ["127.0.0.1:0", "127.7.7.7:9000", "localhost:9000", "[::1]:9000"])
def test_loopback_needs_no_permission(text: str) -> None:
    assert address.parse(text, public=False).port in {0, 9000}


@pytest.mark.parametrize("text", ["0.0.0.0:9000", "[::]:9000", "192.168.1.7:9000"])
def test_beyond_loopback_only_who_says_public(text: str) -> None:
    with pytest.raises(ConfigError, match="is open to other machines"):
        address.parse(text, public=False)
    assert str(address.parse(text, public=True)) == text


@pytest.mark.parametrize("text", ["9000", ":9000", "host:9000", "127.0.0.1", "127.0.0.1:99999", "::1:9000", "[x]:1"])
def test_what_is_no_address_is_said_with_what_is(text: str) -> None:
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1"):
        address.parse(text, public=True)


PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
# As prometheus/prometheus has it in scrape_test.go.
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (PROMETHEUS_2, True),
        (PROMETHEUS_3, True),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text; version=0.0.1", False),
        ("application/openmetrics-text;q=0.2, text/plain;q=0.3", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=nonsense", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_openmetrics_is_for_those_that_like_it_better(accept: str, wanted: bool) -> None:  # noqa: FBT001 - a case
    assert negotiation.wants_openmetrics(accept) is wanted


@pytest.mark.parametrize(
    ("accept", "wanted"), [("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("identity", False)]
)
def test_a_body_is_packed_for_those_that_can_unpack_it(accept: str, wanted: bool) -> None:  # noqa: FBT001 - a case
    assert negotiation.wants_gzip(accept) is wanted
