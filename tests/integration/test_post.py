"""One POST to somebody who is told: over HTTP, with faults."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edgetpu_ci.errors import DeliveryError, DeniedError, LaterError
from edgetpu_ci.notify.post import SECONDS, Letter, post
from edgetpu_ci.transport.answer import Answer
from tests.fakes.clock import Clock
from tests.fakes.loopback import Reply, Request, dripping, serve
from tests.fakes.world import world

HIDDEN = "hunter2-of-the-path"
GOOD = Reply(status=202)


def _status(number: int, **headers: str) -> Reply:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=number, headers=names, body=b'{"message": "words of its own"}')


@dataclass
class Sent:
    """What one letter came to: requests that arrived, waits, and the answer or the error."""

    arrived: list[Request] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    answer: Answer | None = None
    error: DeliveryError | None = None


def send(folder: Path, *replies: Reply) -> Sent:
    """A letter to a service that gives these answers, the last of them again and again."""
    sent = Sent()

    def answer(request: Request) -> Reply:
        sent.arrived.append(request)
        return replies[min(len(sent.arrived), len(replies)) - 1]

    here = world(folder, sleep=sent.clock.sleep, monotonic=sent.clock.monotonic)
    with serve(answer) as port:
        url = f"http://127.0.0.1:{port}/{HIDDEN}"
        letter = Letter(to="the post office", url=url, data=b"{}", secrets=(HIDDEN,))
        try:
            sent.answer = post(letter, here)
        except DeliveryError as error:
            sent.error = error
    assert HIDDEN not in f"{sent.error} {here.ledger.log}"
    return sent


def test_a_letter_that_is_taken_is_sent_once(tmp_path: Path) -> None:
    sent = send(tmp_path, GOOD)
    assert sent.answer
    assert sent.answer.status == 202
    (request,) = sent.arrived
    assert (request.verb, request.body, request.headers["content-type"]) == ("POST", b"{}", "application/json")


@pytest.mark.parametrize(
    "fault", [_status(500), _status(503), Reply(status=200, cut=True, body=b"12"), _status(429, retry_after="1")]
)
def test_what_may_pass_is_tried_again(tmp_path: Path, fault: Reply) -> None:
    sent = send(tmp_path, fault, GOOD)
    assert (sent.answer and sent.answer.status, len(sent.arrived)) == (202, 2)
    assert 0.75 <= sent.clock.slept[0] <= 1.25


def test_a_service_that_stays_down_is_left_to_the_next_job(tmp_path: Path) -> None:
    sent = send(tmp_path, _status(503))
    assert type(sent.error) is DeliveryError
    assert str(sent.error) == "the post office answered 503: words of its own; it is tried again later."
    assert len(sent.arrived) == 4
    assert sum(sent.clock.slept) < SECONDS


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("300", 300),
        ("Wed, 04 Mar 2026 05:11:07 GMT", 300),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("Wed, 04 Mar 2020 05:11:07 GMT", 0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_the_seconds_a_service_asks_for_are_told(tmp_path: Path, asked: str, seconds: float, status: int) -> None:
    sent = send(tmp_path, _status(status, retry_after=asked))
    assert getattr(sent.error, "seconds", 0) == seconds
    assert type(sent.error) is (LaterError if seconds else DeliveryError)
    assert sum(sent.clock.slept) < SECONDS


def test_a_service_that_asks_for_little_is_waited_for(tmp_path: Path) -> None:
    assert send(tmp_path, _status(503, retry_after="9"), GOOD).clock.slept == [9]


@pytest.mark.parametrize("status", [400, 401, 404, 410, 413])
def test_a_refusal_is_not_tried_again_and_quoted(tmp_path: Path, status: int) -> None:
    sent = send(tmp_path, _status(status))
    assert isinstance(sent.error, DeniedError)
    assert str(sent.error) == f"the post office answered {status}: words of its own."
    assert len(sent.arrived) == 1


def test_nothing_is_sent_on_to_where_an_answer_leads(tmp_path: Path) -> None:
    sent = send(tmp_path, _status(307, location="/elsewhere"))
    assert isinstance(sent.error, DeniedError)
    assert "is no address to send to" in str(sent.error)
    assert len(sent.arrived) == 1


def test_a_secret_that_is_thrown_back_is_not_repeated(tmp_path: Path) -> None:
    echo = Reply(status=400, body=f'{{"message": "no {HIDDEN} here"}}'.encode())
    assert str(send(tmp_path, echo).error) == "the post office answered 400: no *** here."


def test_nobody_at_the_address(tmp_path: Path) -> None:
    clock = Clock()
    with serve(lambda _: GOOD) as port:
        url = f"http://127.0.0.1:{port}/"
    with pytest.raises(DeliveryError, match=r"^it did not answer \(ConnectionError\); it is tried again later"):
        post(Letter(to="it", url=url, data=b"{}"), world(tmp_path, sleep=clock.sleep, monotonic=clock.monotonic))
    assert len(clock.slept) == 3


def test_an_answer_that_drips_is_not_waited_for(tmp_path: Path) -> None:
    clock = Clock()

    def tick() -> float:
        clock.at += 8
        return clock.at

    with dripping() as url, pytest.raises(DeliveryError, match="ReadTimeout"):
        post(Letter(to="it", url=url, data=b"{}"), world(tmp_path, sleep=clock.sleep, monotonic=tick))
