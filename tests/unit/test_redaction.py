"""What is a secret, wherever it stands, and what is none."""

import json

import pytest

from edgetpu_ci import redaction
from edgetpu_ci.config.alerting import Alerting
from edgetpu_ci.config.observability import Health
from edgetpu_ci.config.step import Step

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nabcdef0123456789\n-----END OPENSSH PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("https://u:p@ss@host/x", "https://***@host/x"),
        ("https://TOKENonly123@host/x", "https://***@host/x"),
        ("https://h/?x=1&sig=abc", "https://h/?x=1&sig=***"),
        ("https://h/?X-Amz-Signature=abc&x=1", "https://h/?X-Amz-Signature=***&x=1"),
        ("X-Api-Key: abc 123", "X-Api-Key: ***"),
        ("PRIVATE-TOKEN: abc", "PRIVATE-TOKEN: ***"),
        ("Set-Cookie: a=b; c=d", "Set-Cookie: ***"),
        ("{'Authorization': 'token abc def'}", "{'Authorization': '***'}"),
        ("password: hunter2", "password: ***"),
        ("client_secret: hunter2", "client_secret: ***"),
        ("account_key=abc==", "account_key=***"),
        (json.dumps(json.dumps({"password": "hunter2"})), json.dumps('{"password": "***"}')),
        ("xapp-1-A111-222-abcdef", "***"),
        ("glpat-abcdefghij1234567890", "***"),
        ("hf_abcdefghijklmnopqrstuvwxyz", "***"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out_whole(text: str, left: str) -> None:
    assert redaction.redacted(text, ()) == left
    assert redaction.cleaned({"reason": text}, ()) == {"reason": left}


@pytest.mark.parametrize(
    "text",
    [
        "There is no GitHub token: give the Action `github-token`, or set GITHUB_TOKEN.",
        "the key is too short: 3 of 16 characters",
        "http://[::1]:4318/v1/logs answered 503",
        "asked at 12:30@home for o/r@v1",
        "basic training of a monkey = 3",
        "cache-key=abc",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redaction.redacted(text, ()) == text


def test_a_secret_is_known_also_as_it_stands_in_an_address() -> None:
    known = redaction.secrets({"MY_TOKEN": "a/b+c=d1"})
    assert redaction.redacted("GET /x?t=a%2Fb%2Bc%3Dd1 and a/b+c=d1", known) == "GET /x?t=*** and ***"


def test_the_password_of_an_address_is_a_secret_whatever_its_variable_is_called() -> None:
    env = {
        "LOKI_URL": "https://12345:glc%5Fabcdef@logs.example",
        "GIT": "ssh://deploy@host/x",
        "DSN_URL": "https://0123abcd@x",
    }
    known = redaction.secrets(env)
    assert redaction.redacted("glc_abcdef glc%5Fabcdef 0123abcd", known) == "*** *** ***"
    assert redaction.redacted("deploy on host", known) == "deploy on host"


def test_words_in_a_secret_are_none() -> None:
    known = redaction.secrets({"DEPLOY_KEY": KEY, "AUTH": "Bearer abc123"})
    assert redaction.redacted("the Bearer of a PRIVATE letter", known) == "the Bearer of a PRIVATE letter"
    assert redaction.redacted("abcdef0123456789 and abc123", known) == "*** and ***"
    other = KEY.replace("abcdef", "uvwxyz")
    assert redaction.redacted(other, known) == "***"


def test_what_the_configuration_names_is_a_secret() -> None:
    alerting = Alerting(notify=(Step(use="webhook", with_={"url": "OUR_HOOK"}),))
    names = list(redaction.named(alerting, Health(heartbeat="PULSE")))
    known = redaction.secrets({"OUR_HOOK": "https://a.example/abcdef", "PULSE": "https://b.example/ghi"}, names)
    assert redaction.redacted("at https://a.example/abcdef and https://b.example/ghi", known) == "at *** and ***"
