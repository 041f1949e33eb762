"""A package index, read with one request a package; where the public one is, `pypi-simple` knows."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from edgetpu_ci.errors import ConfigError, DeliveryError, InputError, MissingError
from edgetpu_ci.supply import releases, web
from edgetpu_ci.supply.releases import Release
from edgetpu_ci.transport.answer import NOT_FOUND, Answer
from edgetpu_ci.transport.plain import ENOUGH, Plain, host, told
from edgetpu_ci.world import World

if TYPE_CHECKING:
    from pypi_simple import ProjectPage

_JSON: Final = "application/vnd.pypi.simple.v1+json"
_ACCEPTED: Final = f"{_JSON}, text/html;q=0.2"
_GOOD: Final = range(200, 300)
_UNCHANGED: Final = 304
_MOST_FILES: Final = 20


class Project(Struct, frozen=True, kw_only=True):
    """A package: its versions, lowest first, and whether it is "active", "archived", "deprecated", "quarantined"."""

    name: str
    releases: tuple[Release, ...]
    status: str = "active"
    etag: str = ""


class Index:
    """The index at `address`, the public one by default. ConfigError when it is none, InputError without the extra."""

    def __init__(self, address: str, world: World) -> None:
        try:
            from pypi_simple import PyPISimple
        except ImportError as error:
            raise InputError(
                "Reading the package index needs pypi-simple; install it with: pip install 'edgetpu-ci[kpis]'"
            ) from error
        if address and not web.host(address):
            # It may have a password in it.
            raise ConfigError("`index` is no address of a simple index; give one that begins with https://.")
        with PyPISimple(address) if address else PyPISimple() as client:
            self._where = client.get_project_url
        self._plain = Plain("package index", world)
        self.gather = self._plain.gather

    def project(self, name: str) -> Project:
        """A package as it is now.

        MissingError when the index does not have it, DeliveryError when it did not answer, or not so that it is
        understood.
        """
        return _project(name, self._answer(name, ""), self._where(name))

    def changed(self, name: str, etag: str) -> Project | None:
        """The same; None when it is as it was under this `etag`."""
        answer = self._answer(name, etag)
        return None if answer.status == _UNCHANGED else _project(name, answer, self._where(name))

    def _answer(self, name: str, etag: str) -> Answer:
        """A good answer, or that nothing changed since `etag`."""
        url = self._where(name)
        if self._plain.in_vain >= ENOUGH:
            raise DeliveryError(f"The package index {host(url)} did not answer for {ENOUGH} packages; try again later.")
        headers = {"Accept": _ACCEPTED, **({"If-None-Match": etag} if etag else {})}
        answer = self._plain.patiently(lambda: self._plain.get(url, headers))
        if answer.status == NOT_FOUND:
            raise MissingError(f"The package index {host(url)} has no package {name}.")
        if answer.status in _GOOD or (etag and answer.status == _UNCHANGED):
            return answer
        raise DeliveryError(f"The package index {host(url)} {told(answer)} for {name}; try again later.")

    def faults(self, release: Release) -> Iterator[str]:
        """What of a version cannot be fetched: of each file and its metadata the first byte is asked for."""
        wanted = [url for file in release.files[:_MOST_FILES] for url in file if url]
        for url, answer in zip(wanted, self.gather([lambda url=url: self._begun(url) for url in wanted]), strict=True):  # type: ignore[misc]
            name = urlsplit(url).path.rpartition("/")[2]
            if answer.status not in _GOOD:
                yield f"{name} {told(answer)}"
            elif not answer.data:
                yield f"{name} is empty"

    def _begun(self, url: str) -> Answer:
        return self._plain.patiently(lambda: self._plain.begin(url))


def _project(name: str, answer: Answer, url: str) -> Project:
    page = _page(answer, name, url)
    return Project(
        name=name,
        releases=releases.of(page.packages),
        status=str(page.status.value) if page.status else "active",
        etag=answer.headers.get("etag", ""),
    )


def _page(answer: Answer, name: str, url: str) -> "ProjectPage":
    from pypi_simple import ProjectPage, UnsupportedRepoVersionError

    try:
        if "json" in answer.headers.get("content-type", ""):
            data: Any = json.loads(answer.data)
            return ProjectPage.from_json_data(data, base_url=url)
        return ProjectPage.from_html(name, answer.data, base_url=url)
    except (ValueError, TypeError, RecursionError, UnsupportedRepoVersionError) as error:
        # Not what it says: it would quote what a stranger wrote.
        raise DeliveryError(f"The package index's page of {name} cannot be read ({type(error).__name__}).") from None
