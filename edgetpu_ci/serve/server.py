"""The HTTP server itself: a thread for each client, of which each has only so much time and room.

A client gets one answer and is let go: scrapes are seldom, and nobody can hold a thread.
"""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from time import monotonic
from typing import Any, Final

from edgetpu_ci.serve.address import Address, refusal
from edgetpu_ci.serve.exchange import Answer, Request, sentence

MOST_HEAD: Final = 16 << 10
"""Bytes of a request with its headers."""

MOST_CLIENTS: Final = 32
"""Answered at once; others wait until one is done."""

PATIENCE: Final = 5.0
"""Seconds a client has to say what it wants, and again to take an answer."""

Answering = Callable[[Request], Answer]

_GRACE: Final = 1.0
"""Seconds in which answers that were begun may be taken when the server stops."""

_POLL: Final = 0.5
"""Seconds between two looks whether it shall stop."""

_END: Final = re.compile(rb"\r?\n\r?\n")
_ALWAYS: Final = {
    "Cache-Control": "no-store",
    "Connection": "close",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_SENTENCES: Final = {
    400: "That is no request.",
    414: f"A request may have {MOST_HEAD:,} bytes with its headers.",
    431: f"A request may have {MOST_HEAD:,} bytes with its headers.",
    501: "Only GET and HEAD are answered.",
    505: "Only HTTP/1.0 and HTTP/1.1 are spoken here.",
}


class Server(ThreadingMixIn, TCPServer):
    """Listens when it is made; ConfigError where it cannot. `broke` hears of what should never happen."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, place: Address, answer: Answering, broke: Callable[[str], None], poll_seconds: float = _POLL
    ) -> None:
        self.address_family = place.family
        self.answer, self.broke = answer, broke
        self.patience = PATIENCE
        self._serving = threading.Thread(target=self.serve_forever, args=(poll_seconds,), daemon=True)
        self._room = threading.BoundedSemaphore(MOST_CLIENTS)
        self._poll_seconds, self._ending = poll_seconds, threading.Event()
        try:
            super().__init__((place.host, place.port), _Client)
        except OSError as error:
            raise refusal(place, error) from error

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://{Address(*self.server_address[:2])}"  # type: ignore[arg-type]  # of IP, a name and a number

    def begin(self) -> None:
        """Serve, in a thread of its own."""
        self._serving.start()

    def stop(self) -> None:
        """Take no more clients, and let those go that are being answered."""
        self._ending.set()
        self.shutdown()
        self.server_close()
        end = monotonic() + _GRACE
        # Whoever gets all the room there is has it alone.
        for _ in range(MOST_CLIENTS):
            self._room.acquire(timeout=max(0.0, end - monotonic()))

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's
        """Take the next client when there is room for one, unless the server stops before that."""
        while not self._room.acquire(timeout=self._poll_seconds):
            if self._ending.is_set():
                self.shutdown_request(request)
                return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Answer one client, and make room."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, *_: object) -> None:
        """A client that went away, or was too slow, is nobody's fault here."""


@contextmanager
def serving(
    place: Address, answer: Answering, broke: Callable[[str], None], poll_seconds: float = _POLL
) -> Iterator[Server]:
    """A server that serves until the block ends, which it notices within `poll_seconds`."""
    server = Server(place, answer, broke, poll_seconds)
    server.begin()
    try:
        yield server
    finally:
        server.stop()


class _Client(BaseHTTPRequestHandler):
    """One client, from its first byte to our last."""

    server: Server
    protocol_version = default_request_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # What is wrong before a request could be read is said as if it had been one.
    command, path, requestline, request_version = "GET", "", "", "HTTP/1.1"

    def handle(self) -> None:
        """Read one request within the time there is, and answer it."""
        head = _head(self.connection, self.server.patience)
        self.connection.settimeout(self.server.patience)
        self.rfile.close()
        self.rfile = BytesIO(head)
        if len(head) > MOST_HEAD:
            self.send_error(431)
        else:
            self.handle_one_request()

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path.partition("?")[0], headers)
        try:
            answer = self.server.answer(request)
        except Exception as error:  # noqa: BLE001 - whatever breaks, the next client is answered
            self.server.broke(f"{request.path[:80]!r} broke with {type(error).__name__}: {error}")
            answer = sentence(500, "This broke, and is a bug in edgetpu-ci; its log says more.")
        self._send(answer)

    # Whether a method may be used is said by who knows the path.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = _answer  # noqa: N815

    def _send(self, answer: Answer) -> None:
        self.close_connection = True
        self.send_response(answer.status)
        told = {"Content-Type": answer.kind, "Content-Length": str(len(answer.body))}
        for name, value in {**_ALWAYS, **told, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what the base class could not read, without repeating any of it."""
        del message, explain
        self._send(sentence(code, _SENTENCES.get(code, _SENTENCES[400])))

    def version_string(self) -> str:
        """Who answers; which Python it is, is nobody's business."""
        return "edgetpu-ci"

    def log_message(self, *_: object) -> None:
        """Requests are not logged."""


def _head(client: socket.socket, patience: float) -> bytes:
    """A request with its headers, or more than they may be; TimeoutError when it takes too long."""
    end, head = monotonic() + patience, b""
    while not (ended := _END.search(head)) and len(head) <= MOST_HEAD:
        left = end - monotonic()
        if left <= 0:
            raise TimeoutError
        client.settimeout(left)
        piece = client.recv(MOST_HEAD + 1)
        if not piece:
            break
        head += piece
    return head[: ended.end()] if ended else head
