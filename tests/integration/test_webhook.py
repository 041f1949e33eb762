"""A webhook is told of incidents: what it gets, and that it can trust it."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from edgetpu_ci.config.step import Step
from edgetpu_ci.errors import ConfigError, DeliveryError, DeniedError
from edgetpu_ci.notify import bind, webhook
from edgetpu_ci.render.webhook import Delivery
from edgetpu_ci.world import World
from tests.fakes.clock import Clock
from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.notices import alert, incident, notice
from tests.fakes.world import AT, world

GIVEN = "a shared secret, long enough"
TARGET = "webhook EDGETPU_CI_WEBHOOK_URL"
PAGE = Path(__file__).parents[2] / "docs/webhooks.md"
OPENED = notice("opened", incident(alert()), TARGET)


def here(folder: Path, url: str, given: str = GIVEN) -> World:
    """A job that was given an address and a secret."""
    clock = Clock()
    env = {"EDGETPU_CI_WEBHOOK_URL": url, "EDGETPU_CI_WEBHOOK_SECRET": given}
    return world(folder, env=env, sleep=clock.sleep, monotonic=clock.monotonic)


def delivered(folder: Path) -> Request:
    """What the program at the address gets."""
    arrived: list[Request] = []

    def answer(request: Request) -> Reply:
        arrived.append(request)
        return Reply(status=204)

    with serve(answer) as port:
        bind(Step(use="webhook"), "notify").tell(OPENED, here(folder, f"http://127.0.0.1:{port}/hidden/path"))
    (request,) = arrived
    return request


def recipe() -> Any:
    """The check that the page of webhooks shows, as it stands there."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    known: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), known)  # noqa: S102 - our own page
    return known["verify"]


def headers(request: Request) -> Mapping[str, str]:
    """As a web framework gives them, whatever their letters' case."""
    return {name.title(): value for name, value in request.headers.items()}


def test_the_check_of_the_page_takes_what_is_sent(tmp_path: Path) -> None:
    request = delivered(tmp_path)
    verify = recipe()
    assert verify(GIVEN, headers(request), request.body, now=AT.timestamp() + 1)


@pytest.mark.parametrize(
    ("given", "change", "late"),
    [
        ("another secret, as long", {}, 0),
        (GIVEN, {"body": b"{}"}, 0),
        (GIVEN, {}, 301),
        (GIVEN, {}, -301),
        (GIVEN, {"signature": "sha256="}, 0),
        (GIVEN, {"signature": ""}, 0),
        (GIVEN, {"timestamp": "1"}, 0),
        (GIVEN, {"timestamp": "soon"}, 0),
    ],
)
def test_the_check_of_the_page_refuses(tmp_path: Path, given: str, change: dict[str, Any], late: int) -> None:
    request = delivered(tmp_path)
    known = dict(headers(request))
    if "signature" in change:
        known["X-Edgetpu-Ci-Signature-256"] = change["signature"]
    if "timestamp" in change:
        known["X-Edgetpu-Ci-Timestamp"] = change["timestamp"]
    body = change.get("body", request.body)
    assert not recipe()(given, known, body, now=AT.timestamp() + late)


def test_the_signature_by_hand(tmp_path: Path) -> None:
    request = delivered(tmp_path)
    stamped = request.headers["x-edgetpu-ci-timestamp"]
    assert int(stamped) == AT.timestamp()
    proof = hmac.new(GIVEN.encode(), f"{stamped}.".encode() + request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-edgetpu-ci-signature-256"] == f"sha256={proof}"


def test_the_body_is_the_record_that_the_page_shows(tmp_path: Path) -> None:
    request = delivered(tmp_path)
    sent = msgspec.json.decode(request.body, type=Delivery, strict=True)
    assert (sent.version, sent.id, sent.kind) == (1, request.headers["x-edgetpu-ci-delivery"], "opened")
    assert sent.id == OPENED.intent.id
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert msgspec.json.decode(shown) == msgspec.json.decode(request.body)


def test_a_second_try_has_the_same_id(tmp_path: Path) -> None:
    first, again = delivered(tmp_path), delivered(tmp_path)
    assert first.headers["x-edgetpu-ci-delivery"] == again.headers["x-edgetpu-ci-delivery"]


def test_neither_the_address_nor_the_secret_is_told(tmp_path: Path) -> None:
    def echo(request: Request) -> Reply:
        return Reply(status=400, body=msgspec.json.encode({"message": f"{request.target} {GIVEN}"}))

    with serve(echo) as port:
        job = here(tmp_path, f"http://127.0.0.1:{port}/hidden/path")
        with pytest.raises(DeniedError) as raised:
            bind(Step(use="webhook"), "notify").tell(OPENED, job)
    assert "The webhook of EDGETPU_CI_WEBHOOK_URL answered 400" in str(raised.value)
    assert not re.search(f"hidden|{GIVEN}", f"{raised.value} {job.ledger.log}")


def test_an_address_that_nobody_answers_at_is_not_told(tmp_path: Path) -> None:
    with serve(lambda _: Reply(status=200)) as port:
        pass
    with pytest.raises(DeliveryError, match=r"^The webhook of EDGETPU_CI_WEBHOOK_URL did not answer") as raised:
        webhook.tell(webhook.Options(), OPENED, here(tmp_path, f"http://127.0.0.1:{port}/hidden/path"))
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "given", "sentence"),
    [
        ("", GIVEN, "EDGETPU_CI_WEBHOOK_URL is not set to an address"),
        ("ftp://x/", GIVEN, "EDGETPU_CI_WEBHOOK_URL is not set to an address"),
        ("https://x/", "", "EDGETPU_CI_WEBHOOK_SECRET is not set, or has fewer than 16"),
        ("https://x/", "a" * 15, "EDGETPU_CI_WEBHOOK_SECRET is not set, or has fewer than 16"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is(tmp_path: Path, url: str, given: str, sentence: str) -> None:
    job = here(tmp_path, url, given)
    bound = bind(Step(use="webhook"), "notify")
    with pytest.raises(ConfigError, match=sentence):
        bound.check(job)
    with pytest.raises(DeniedError, match=sentence):
        bound.tell(OPENED, job)


def test_what_works_passes(tmp_path: Path) -> None:
    bound = bind(Step(use="webhook"), "notify")
    bound.check(here(tmp_path, "https://x/", "a" * 16))
    assert bound.address({}, "#c") == "EDGETPU_CI_WEBHOOK_URL"


def test_a_contact_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(DeniedError, match="PAGER_OF_SOMEBODY is not set"):
        webhook.tell(webhook.Options(), replace(OPENED, address="PAGER_OF_SOMEBODY"), here(tmp_path, "https://x/"))
