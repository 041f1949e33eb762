"""Which packages at which versions: from lock and requirements files, or what is installed where this runs."""

import os
import re
import tomllib
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import Struct, field

from edgetpu_ci.errors import InputError
from edgetpu_ci.formats import subjects
from edgetpu_ci.supply.findings import normal

T = TypeVar("T")

Scope = Literal["runtime", "development", ""]

KNOWN: Final = ("uv.lock", "pylock.toml", "poetry.lock", "requirements.txt")
"""What is looked for where no file is named, the first that is there."""

_MOST_BYTES: Final = 32 << 20
_PINNED: Final = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*===?\s*([A-Za-z0-9][^\s;*,#]*)(?=[\s;#]|$)")
_INCLUDED: Final = re.compile(r"(?:-r|--requirement)[\s=]*(\S+).*")
_MADE: Final = re.compile(r"--hash=|#\s*via\b")
_MOST_NAMED: Final = 5
_LONGEST: Final = 60
_NAMED: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?=[@<>=!~;(#]|$)")


class Wanted(Struct, frozen=True, kw_only=True):
    """A package by its normalised name. `version` is empty where it is not pinned, `direct` None where nobody knows."""

    name: str
    version: str = ""
    direct: bool | None = None
    scope: Scope = ""
    is_pinned: bool | None = None


class _Source(Struct):
    registry: str = ""
    url: str = ""
    git: str = ""
    editable: str = ""
    virtual: str = ""
    directory: str = ""
    path: str = ""

    @property
    def is_here(self) -> bool:
        return bool(self.editable or self.virtual or self.directory)


class _Locked(Struct):
    """As uv.lock, poetry.lock and pylock.toml have it, each with some of these."""

    name: str
    version: str = ""
    source: _Source = field(default_factory=_Source)
    directory: dict[str, Any] | None = None
    groups: list[str] = []
    category: str = ""


class _Lock(Struct):
    package: list[_Locked] = []
    packages: list[_Locked] = []


class _Project(Struct, rename="kebab"):
    dependencies: list[str] = []
    optional_dependencies: dict[str, list[str]] = {}


class _Group(Struct):
    dependencies: dict[str, Any] = {}


class _Poetry(Struct):
    dependencies: dict[str, Any] = {}
    group: dict[str, _Group] = {}


class _Tool(Struct):
    poetry: _Poetry = field(default_factory=_Poetry)


class _Pyproject(Struct, rename="kebab"):
    project: _Project = field(default_factory=_Project)
    dependency_groups: dict[str, list[str | dict[str, Any]]] = {}
    tool: _Tool = field(default_factory=_Tool)


class Declared(Struct, frozen=True, kw_only=True):
    """The names a pyproject.toml asks for; None where there is no such file."""

    runtime: frozenset[str]
    development: frozenset[str]


def read(path: Path, shown: str, scope: Scope = "") -> tuple[Wanted, ...]:
    """The packages of a file, `scope` being that of all; InputError when it cannot be read."""
    text = _text(path, shown)
    found = _locked(text, shown) if path.suffix in {".toml", ".lock"} else required(text)
    beside = path.parent / "pyproject.toml"
    declared = _declared(_text(beside, "pyproject.toml")) if beside.is_file() else None
    return tuple(_known(one, scope, declared) for one in found)


def installed() -> tuple[Wanted, ...]:
    """What is installed where this program runs; whether by a lock, nobody knows."""
    from importlib.metadata import distributions

    found = {(normal(one.name), one.version) for one in distributions() if one.name and one.version}
    return tuple(Wanted(name=name, version=version) for name, version in sorted(found))


def distinct(found: Iterable[Wanted]) -> tuple[Wanted, ...]:
    """Each name and version once; what is runtime or direct in one file is so."""
    grouped: dict[tuple[str, str], list[Wanted]] = {}
    for one in found:
        grouped.setdefault((one.name, one.version), []).append(one)
    return tuple(_merged(same) for _, same in sorted(grouped.items()))


def _merged(same: list[Wanted]) -> Wanted:
    scopes = {one.scope for one in same}
    directs = [one.direct for one in same if one.direct is not None]
    return msgspec.structs.replace(
        same[0],
        direct=any(directs) if directs else None,
        scope="runtime" if "runtime" in scopes else max(scopes),
        is_pinned=any(one.is_pinned for one in same) if any(one.is_pinned is not None for one in same) else None,
    )


def _known(one: Wanted, scope: Scope, declared: Declared | None) -> Wanted:
    """The same with what a pyproject.toml says of it."""
    if declared is None:
        return msgspec.structs.replace(one, scope=scope or one.scope)
    said: Scope = (
        "runtime" if one.name in declared.runtime else "development" if one.name in declared.development else ""
    )
    direct = bool(said) if declared.runtime or declared.development else one.direct
    return msgspec.structs.replace(one, direct=direct, scope=scope or said or one.scope)


def required(text: str) -> Iterator[Wanted]:
    """The lines of a requirements file: what is pinned to one version, and what is only named.

    What a tool made has hashes or says what needs what ("via"); what people wrote they want themselves.
    """
    direct = None if _MADE.search(text) else True
    for wanted in _lines(text):
        if pinned := _PINNED.match(wanted):
            yield Wanted(name=normal(pinned[1]), version=pinned[2], is_pinned=True, direct=direct)
        elif named := _NAMED.match(wanted):
            yield Wanted(name=normal(named[1]), is_pinned=False, direct=direct)


def unread(path: Path, shown: str, read: Container[str]) -> str:
    """What of a requirements file names no package and no file that is `read`, as a sentence; empty where all does."""
    if path.suffix in {".toml", ".lock"}:
        return ""
    lines = [line for line in _lines(_text(path, shown)) if not _is_understood(line, path.parent, read)]
    if not lines:
        return ""
    named = ", ".join(f'"{subjects.printable(line[:_LONGEST])}"' for line in lines[:_MOST_NAMED])
    more = f" and {len(lines) - _MOST_NAMED:,} more" if lines[_MOST_NAMED:] else ""
    return f"{shown} has lines of which no package is counted: {named}{more}; name what they include under `files`."


def _is_understood(line: str, folder: Path, read: Container[str]) -> bool:
    if included := _INCLUDED.fullmatch(line):
        return str(folder / included[1]) in read
    return line.startswith(("#", "-")) or bool(_PINNED.match(line) or _NAMED.match(line))


def _lines(text: str) -> Iterator[str]:
    """Those that are not blank; one that ends in a backslash goes on."""
    yield from filter(None, map(str.strip, text.replace("\\\n", " ").splitlines()))


def _locked(text: str, shown: str) -> Iterator[Wanted]:
    lock = _toml(text, _Lock, shown)
    for one in (*lock.package, *lock.packages):
        if one.source.is_here or one.directory is not None:
            continue
        groups = {*one.groups, one.category} - {""}
        scope: Scope = "" if not groups else "runtime" if "main" in groups else "development"
        yield Wanted(name=normal(one.name), version=one.version, scope=scope, is_pinned=True)


def _declared(text: str) -> Declared:
    found = _toml(text, _Pyproject, "pyproject.toml")
    project, poetry = found.project, found.tool.poetry
    runtime = [*project.dependencies, *(one for some in project.optional_dependencies.values() for one in some)]
    development = [one for some in found.dependency_groups.values() for one in some if isinstance(one, str)]
    development += [name for group in poetry.group.values() for name in group.dependencies]
    return Declared(runtime=_names([*runtime, *poetry.dependencies]), development=_names(development))


def _names(wanted: Iterable[str]) -> frozenset[str]:
    return frozenset(normal(named[1]) for one in wanted if (named := _NAMED.match(one.strip())))


def _toml(text: str, into: type[T], shown: str) -> T:
    try:
        return msgspec.convert(tomllib.loads(text), into)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise InputError(f"{shown} cannot be read: {error}.") from error


def _text(path: Path, shown: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise InputError(f"{shown} has more than the {_MOST_BYTES:,} bytes that are read.")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{shown} cannot be read: it is no text in UTF-8.") from error
    except OSError as error:
        raise InputError(f"{shown} cannot be read: {os.strerror(error.errno or 0).lower()}.") from error
