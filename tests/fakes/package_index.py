"""A package index with its simple JSON API and files, and a service of download statistics with its rules."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.loopback import Reply, Request, serve

_JSON = "application/vnd.pypi.simple.v1+json"
KEPT_DAYS = 180


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A version and when it was uploaded, `at` empty on an index that does not tell."""

    version: str
    at: str = "2026-01-01T00:00:00Z"
    yanked: bool = False
    requires_python: str = ""
    kinds: tuple[str, ...] = ("sdist", "wheel")

    def files(self, name: str, base: str) -> list[dict[str, object]]:
        named = name.replace("-", "_")
        endings = {"sdist": f"{named}-{self.version}.tar.gz", "wheel": f"{named}-{self.version}-py3-none-any.whl"}
        return [
            {
                "filename": endings[kind],
                "url": f"{base}/files/{endings[kind]}",
                "hashes": {},
                "yanked": self.yanked,
                "core-metadata": {"sha256": "0" * 64} if kind == "wheel" else False,
                **({"upload-time": self.at} if self.at else {}),
                **({"requires-python": self.requires_python} if self.requires_python else {}),
            }
            for kind in self.kinds
        ]


@dataclass
class PackageIndex:
    """Packages by normalised name; `broken` are paths, or their ends, and the status they are answered with."""

    packages: dict[str, list[Upload]]
    status: dict[str, str] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    unchanged: int = 0
    url: str = ""

    def answer(self, request: Request) -> Reply:
        path = urlsplit(request.target).path
        self.asked.append(path)
        for end, status in self.broken.items():
            if path.endswith(end):
                return Reply(status=status, body=b"broken")
        if path.startswith("/files/"):
            return Reply(status=206, body=b"P")
        name = path.removeprefix("/simple/").rstrip("/")
        if name not in self.packages:
            return Reply(status=404)
        body = json.dumps(self._page(name, f"http://{request.headers['host']}")).encode()
        etag = f'"{hash(body)}"'
        if request.headers.get("if-none-match") == etag:
            self.unchanged += 1
            return Reply(status=304, headers={"etag": etag})
        return Reply(status=200, body=body, headers={"content-type": _JSON, "etag": etag})

    def _page(self, name: str, base: str) -> dict[str, object]:
        uploads = self.packages[name]
        return {
            "meta": {"api-version": "1.4"},
            "name": name,
            "versions": [upload.version for upload in uploads],
            "files": [file for upload in uploads for file in upload.files(name, base)],
            **({"project-status": {"status": self.status[name]}} if name in self.status else {}),
        }


@contextmanager
def index(packages: Mapping[str, list[Upload]], **parts: object) -> Iterator[PackageIndex]:
    """An index on loopback; `url` is what the option `index` takes."""
    fake = PackageIndex(dict(packages), **parts)  # type: ignore[arg-type]
    with serve(fake.answer) as port:
        fake.url = f"http://127.0.0.1:{port}/simple/"
        yield fake


@dataclass
class Statistics:
    """The rules of the service: 404 for a package it does not know under `recent` and `overall`, else 200 and nothing.

    It keeps 180 days, and does not lower-case names; the first `busy` requests are asked to wait.
    """

    downloads: dict[str, dict[date, int]]
    busy: int = 0
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, request: Request) -> Reply:
        parts = urlsplit(request.target)
        query = dict(parse_qsl(parts.query))
        self.asked.append(request.target)
        if len(self.asked) <= self.busy:
            return Reply(status=429)
        _, _, _, package, kind = parts.path.split("/")
        known = self.downloads.get(package)
        if known is None and kind in {"recent", "overall"}:
            return Reply(status=404)
        return Reply(status=200, body=json.dumps({"data": self._rows(known or {}, query), "package": package}).encode())

    def _rows(self, known: Mapping[date, int], query: Mapping[str, str]) -> list[dict[str, object]]:
        last = max(known, default=date.min)
        kept = {day: n for day, n in known.items() if day > last - timedelta(days=KEPT_DAYS)}
        without = [{"category": "without_mirrors", "date": f"{day}", "downloads": n} for day, n in kept.items()]
        mirrors = [{**row, "category": "with_mirrors", "downloads": 1000} for row in without]
        return without if query.get("mirrors") == "false" else without + mirrors


@contextmanager
def statistics(downloads: Mapping[str, Mapping[date, int]], busy: int = 0) -> Iterator[Statistics]:
    """The service on loopback; `url` is what the option `statistics` takes."""
    fake = Statistics({name: dict(days) for name, days in downloads.items()}, busy)
    with serve(fake.answer) as port:
        fake.url = f"http://127.0.0.1:{port}/api"
        yield fake
