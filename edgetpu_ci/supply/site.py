"""Whether a site answers, how many redirects that takes, and for how long its certificate is good."""

import socket
import ssl
from datetime import datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from edgetpu_ci.kpis import summary
from edgetpu_ci.model import Measurement
from edgetpu_ci.transport.answer import Answer
from edgetpu_ci.transport.plain import TRIES, Plain, host, told
from edgetpu_ci.world import World

_GOOD: Final = range(200, 300)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_HOPS: Final = 10
_ENOUGH: Final = 2
_PAUSE: Final = 5.0
_SECONDS: Final = 10.0
_DAY: Final = 86400


class Look(Struct, frozen=True):
    """One answer, and after how many redirects."""

    answer: Answer
    hops: int

    @property
    def is_good(self) -> bool:
        """Whether the page came."""
        return self.answer.status in _GOOD


def measurements(url: str, world: World, context: ssl.SSLContext | None = None) -> tuple[Measurement, ...]:
    """A site by its host; `context` says whose certificates are good, by default those the machine trusts."""
    return (*_up(url, _looks(url, world)), _tls(url, world.now(), context or ssl.create_default_context()))


def _looks(url: str, world: World) -> list[Look]:
    """Up to three, with pauses between: the third only where the first two do not agree."""
    plain, looks = Plain("sites", world), list[Look]()
    for number in range(TRIES):
        if number:
            world.sleep(_PAUSE)
        looks.append(_look(plain, url))
        good = sum(look.is_good for look in looks)
        if max(good, len(looks) - good) >= _ENOUGH:
            break
    return looks


def _look(plain: Plain, url: str) -> Look:
    answer, hops = plain.get(url, follow=False), 0
    while answer.status in _REDIRECTS and hops < _MOST_HOPS:
        url, hops = urljoin(url, answer.headers.get("location", "")), hops + 1
        answer = plain.get(url, follow=False)
    return Look(answer, hops)


def _up(url: str, looks: list[Look]) -> tuple[Measurement, Measurement]:
    good = [look for look in looks if look.is_good]
    bad = [told(look.answer) for look in looks if not look.is_good]
    details = (("answers", f"{len(good)} of {len(looks)} good"), *((("bad", ", ".join(bad)),) if bad else ()))
    up = summary.plain(host(url), "site_up", float(len(good) >= _ENOUGH), n=len(looks), details=details)
    if not good:
        return up, summary.unknown(host(url), "site_redirects", "no page came")
    return up, summary.plain(host(url), "site_redirects", float(good[-1].hops))


def _tls(url: str, now: datetime, context: ssl.SSLContext) -> Measurement:
    """Days until the certificate ends, asked of the host itself; of a bad one why it is bad."""
    where, metric = urlsplit(url), "tls_days_left"
    if where.scheme != "https":
        return summary.unknown(host(url), metric, "the address has no certificate, as it begins with http://")
    try:
        with (
            socket.create_connection((host(url), where.port or 443), timeout=_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host(url)) as secured,
        ):
            certificate = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return summary.unknown(host(url), metric, f"the certificate is not good: {error.verify_message}")
    except (OSError, UnicodeError) as error:
        return summary.unknown(host(url), metric, f"no secure connection came about ({type(error).__name__})")
    ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    details = (("until", str(certificate["notAfter"])),)
    return summary.plain(host(url), metric, (ends - now.timestamp()) / _DAY, details=details)
