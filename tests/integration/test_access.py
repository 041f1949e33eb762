"""Who a reader is to GitHub: a job, a person's token, or an App whose token is made anew when it has expired."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import Struct

from edgetpu_ci.errors import ConfigError, DeliveryError, DeniedError
from edgetpu_ci.transport.github import connect
from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.world import Said, world

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
).decode()
HOUR = timedelta(hours=1)


class Thing(Struct):
    name: str


@dataclass
class Apps:
    """A GitHub with one App, installed in o/r as number 7, whose tokens last as long as `lasting` says in turn."""

    lasting: list[timedelta] = field(default_factory=lambda: [HOUR])
    statuses: list[int] = field(default_factory=lambda: [201])
    minted: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        self.asked.append(f"{request.verb} {request.target}")
        credential = request.headers["authorization"].split()[1]
        if request.target.endswith("/thing"):
            self.shown.append(credential)
            return Reply(status=200, body=b'{"name": "x"}')
        assert jwt.decode(credential, KEY.public_key(), algorithms=["RS256"])["iss"] == "12"
        if request.target == "/api/v3/repos/o/r/installation":
            return _json(200, {"id": 7})
        assert request.target == "/api/v3/app/installations/7/access_tokens"
        lasts = self.lasting[min(len(self.minted), len(self.lasting) - 1)]
        self.minted.append(f"ghs_minted{len(self.minted)}")
        expires = f"{datetime.now(UTC) + lasts:%Y-%m-%dT%H:%M:%SZ}"
        status = self.statuses[min(len(self.minted), len(self.statuses)) - 1]
        return _json(status, {"token": self.minted[-1], "expires_at": expires, "message": f"no {PEM}"})


def _json(status: int, value: object) -> Reply:
    return Reply(status=status, body=json.dumps(value).encode(), headers={"content-type": "application/json"})


@contextmanager
def served(answer: Callable[[Request], Reply]) -> Iterator[dict[str, str]]:
    with serve(answer) as port:
        yield {
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_TOKEN": "ghs_of_the_job",
            "GITHUB_API_URL": f"http://127.0.0.1:{port}/api/v3",
            "EDGETPU_CI_APP_ID": "12",
            "EDGETPU_CI_APP_KEY": PEM,
        }


def ask(folder: Path, env: dict[str, str], times: int = 1) -> None:
    github = connect(world(folder, env=env, sleep=lambda _: None, warn=Said().append))
    for _ in range(times):
        github.get("/repos/o/r/thing", Thing, needs="actions: read")
    assert PEM not in repr(vars(github))


def test_an_app_opens_with_a_token_that_is_made_once(tmp_path: Path) -> None:
    apps = Apps()
    with served(apps.answer) as env:
        ask(tmp_path, env, times=3)
    assert apps.shown == ["ghs_minted0"] * 3
    assert apps.asked[:2] == ["GET /api/v3/repos/o/r/installation", "POST /api/v3/app/installations/7/access_tokens"]


def test_a_token_that_has_expired_is_made_anew(tmp_path: Path) -> None:
    apps = Apps(lasting=[-HOUR, HOUR])
    with served(apps.answer) as env:
        ask(tmp_path, env, times=3)
    assert apps.shown == ["ghs_minted0", "ghs_minted1", "ghs_minted1"]


@pytest.mark.parametrize("key", [PEM, PEM.replace("\n", "\\n")])
def test_an_installation_that_is_named_is_not_looked_for(tmp_path: Path, key: str) -> None:
    apps = Apps()
    with served(apps.answer) as env:
        ask(tmp_path, env | {"EDGETPU_CI_APP_INSTALLATION": "7", "EDGETPU_CI_APP_KEY": key})
    assert len(apps.asked) == 2


def test_a_token_of_ones_own_is_preferred_to_the_jobs(tmp_path: Path) -> None:
    apps = Apps()
    with served(apps.answer) as env:
        del env["EDGETPU_CI_APP_ID"]
        ask(tmp_path, env | {"EDGETPU_CI_TOKEN": "github_pat_own\n"})
        ask(tmp_path, env)
    assert apps.shown == ["github_pat_own", "ghs_of_the_job"]


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_an_app_that_gets_no_token_says_what_to_check_and_nothing_of_its_key(tmp_path: Path, status: int) -> None:
    with served(Apps(statuses=[status]).answer) as env, pytest.raises(DeniedError) as caught:
        ask(tmp_path, env)
    expected = f"gave the App no token for o/r ({status}): check EDGETPU_CI_APP_ID and EDGETPU_CI_APP_KEY"
    assert expected in str(caught.value)
    assert "PRIVATE" not in str(caught.value)


@pytest.mark.parametrize("body", [b"[]", b"<html>", b"{}", b'{"token": 5}', b'{"token": null}', b'"text"'])
def test_a_token_that_is_none_is_not_used(tmp_path: Path, body: bytes) -> None:
    def answer(_: Request) -> Reply:
        return Reply(status=201, body=body, headers={"content-type": "application/json"})

    with served(answer) as env, pytest.raises(DeliveryError, match="asked for a token cannot be read"):
        ask(tmp_path, env | {"EDGETPU_CI_APP_INSTALLATION": "7"})


def test_an_app_that_gets_no_token_in_a_storm_asks_again(tmp_path: Path) -> None:
    apps = Apps(statuses=[502, 503, 201])
    with served(apps.answer) as env:
        ask(tmp_path, env)
    assert apps.shown == ["ghs_minted2"]


def test_a_github_that_is_gone_is_not_the_apps_fault(tmp_path: Path) -> None:
    with served(Apps().answer) as env:
        pass
    with pytest.raises(DeliveryError, match="try again later") as caught:
        ask(tmp_path, env | {"EDGETPU_CI_APP_INSTALLATION": "7"})
    assert not isinstance(caught.value, DeniedError)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"EDGETPU_CI_APP_KEY": ""}, "EDGETPU_CI_APP_ID is set and EDGETPU_CI_APP_KEY is not"),
        ({"EDGETPU_CI_APP_KEY": "planted-no-pem"}, "EDGETPU_CI_APP_KEY is no private key in PEM"),
        ({"EDGETPU_CI_APP_KEY": PEM[:200]}, "EDGETPU_CI_APP_KEY is no private key in PEM"),
        ({"EDGETPU_CI_APP_INSTALLATION": "seven"}, "EDGETPU_CI_APP_INSTALLATION is not the number"),
        ({"EDGETPU_CI_APP_ID": "", "GITHUB_TOKEN": ""}, "There is no GitHub token"),
        ({"EDGETPU_CI_APP_ID": "", "EDGETPU_CI_TOKEN": "planted two"}, "has blanks or characters that no token has"),
        ({"EDGETPU_CI_APP_ID": "", "EDGETPU_CI_TOKEN": "planted…"}, "has blanks or characters that no token has"),
    ],
)
def test_what_is_missing_or_wrong_is_said_by_name(tmp_path: Path, parts: dict[str, str], said: str) -> None:
    with served(Apps().answer) as env, pytest.raises(ConfigError, match=said) as caught:
        ask(tmp_path, env | parts)
    assert "planted" not in str(caught.value)
    assert PEM[60:100] not in str(caught.value)
