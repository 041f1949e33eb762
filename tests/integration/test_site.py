"""Sites that answer, do not, or not always; certificates; and GitHub's API."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edgetpu_ci.collect import site
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.model import Measurement
from edgetpu_ci.supply import site as sites
from tests.fakes.clock import Clock
from tests.fakes.endpoints import Endpoints, Refused, hub
from tests.fakes.loopback import Reply, serve
from tests.fakes.world import world


def look(folder: Path, *replies: Reply) -> dict[str, Measurement]:
    """What is said of a site that answers so, in turn."""
    left = list(replies)
    with serve(lambda _: left.pop(0)) as port:
        here = world(folder, sleep=Clock().sleep)
        found = site.collect(site.Options(urls=(f"http://127.0.0.1:{port}/docs",), github=False), here)
    assert left == [], "asked more often than was needed"
    assert {one.subject for one in found.measurements} == {"127.0.0.1"}
    return {one.metric: one for one in found.measurements}


UP, DOWN = Reply(status=200), Reply(status=503)
MOVED = Reply(status=301, headers={"location": "/new"})


@pytest.mark.parametrize(
    ("replies", "up", "said"),
    [
        ((UP, UP), 1, "2 of 2 good"),
        ((DOWN, UP, UP), 1, "2 of 3 good"),
        ((UP, DOWN, DOWN), 0, "1 of 3 good"),
        ((DOWN, DOWN), 0, "0 of 2 good"),
    ],
)
def test_a_site_is_up_when_two_of_three_tries_say_so(
    tmp_path: Path, replies: tuple[Reply, ...], up: int, said: str
) -> None:
    found = look(tmp_path, *replies)
    assert (found["site_up"].value, dict(found["site_up"].details)["answers"]) == (up, said)


def test_redirects_are_followed_and_counted(tmp_path: Path) -> None:
    assert look(tmp_path, MOVED, UP, MOVED, MOVED, UP)["site_redirects"].value == 2


def test_a_ring_of_redirects_is_no_page(tmp_path: Path) -> None:
    assert look(tmp_path, *[MOVED] * 22)["site_up"].value == 0


def test_a_site_where_nobody_listens_is_down_and_its_redirects_are_unknown(tmp_path: Path) -> None:
    with serve(lambda _: UP) as port:
        pass
    here = world(tmp_path, sleep=Clock().sleep)
    found = site.collect(site.Options(urls=(f"http://127.0.0.1:{port}",), github=False), here).measurements
    assert [(one.metric, one.value) for one in found] == [
        ("site_up", 0),
        ("site_redirects", None),
        ("tls_days_left", None),
    ]
    assert "did not answer (ConnectionError)" in dict(found[0].details)["bad"]


@pytest.mark.parametrize(
    "url", ["ftp://a.example", "docs", "https://", "not a url", "http://a b", "https://a.example:x", "http://["]
)
def test_what_is_no_address_is_said_at_once(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="is no address of a site"):
        site.check(site.Options(urls=(url,)), world(tmp_path))


def test_a_site_with_nothing_to_ask_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has nothing to ask; name pages under `urls`"):
        site.check(site.Options(github=False), world(tmp_path))


@pytest.mark.parametrize(("answer", "value"), [({"resources": {}}, 1), (Refused(404), 1), (Refused(500), 0)])
def test_whether_githubs_api_answers(tmp_path: Path, answer: object, value: int) -> None:
    with hub(Endpoints({"/rate_limit": answer}), tmp_path) as here:
        (found,) = site.collect(site.Options(), here).measurements
    assert (found.key, found.value) == ("repository/github_api_reachable", value)
    assert found.details[0][0] == ("evidence" if value else "failed")


@contextmanager
def secure(folder: Path, days: int) -> Iterator[tuple[str, ssl.SSLContext]]:
    """A site whose certificate ends in so many days, and a context that trusts it."""
    now, key = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "site.pem").write_bytes(pem + secret)
    (folder / "trusted.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "site.pem")
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    # Who hangs up at a certificate is no failure of the server's.
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}", ssl.create_default_context(cafile=folder / "trusted.pem")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def days_left(folder: Path, days: int) -> Measurement:
    with secure(folder, days) as (url, context):
        here = world(folder, now=lambda: datetime.now(UTC), sleep=Clock().sleep)
        return next(one for one in sites.measurements(url, here, context) if one.metric == "tls_days_left")


def test_the_days_a_certificate_is_good(tmp_path: Path) -> None:
    assert days_left(tmp_path, 30).value == pytest.approx(30, abs=0.01)


def test_of_a_certificate_that_ended_it_is_said_why_it_is_not_good(tmp_path: Path) -> None:
    found = days_left(tmp_path, -1)
    assert (found.value, found.reason) == (None, "not known: the certificate is not good: certificate has expired")
