"""The versions of a package as its index lists them: which is the newest that counts, and when each was given out."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from edgetpu_ci.kpis.rows import Deployment

if TYPE_CHECKING:
    from packaging.version import Version
    from pypi_simple import DistributionPackage


class Release(Struct, frozen=True, kw_only=True):
    """A version: `at` is when its first file was uploaded, None where the index does not tell.

    It is `yanked` when all its files are. `kinds` are "sdist", "wheel" and older ones. Of each file: where it lies,
    and its metadata, empty where the index has none apart.
    """

    version: str
    at: datetime | None = None
    yanked: bool = False
    prerelease: bool = False
    requires_python: str = ""
    kinds: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()


def of(files: "Iterable[DistributionPackage]") -> tuple[Release, ...]:
    """The versions, lowest first; what has no version that Python knows is left out."""
    grouped: dict[Version, list[DistributionPackage]] = {}
    for file in files:
        if (number := version(file.version or "")) is not None:
            grouped.setdefault(number, []).append(file)
    return tuple(_release(number, grouped[number]) for number in sorted(grouped))


def _release(number: "Version", files: "Sequence[DistributionPackage]") -> Release:
    times = [file.upload_time for file in files if file.upload_time]
    return Release(
        version=str(number),
        at=min((time if time.tzinfo else time.replace(tzinfo=UTC) for time in times), default=None),
        yanked=all(file.is_yanked for file in files),
        prerelease=number.is_prerelease,
        requires_python=next((file.requires_python for file in files if file.requires_python), ""),
        kinds=tuple(sorted({file.package_type or "other" for file in files})),
        files=tuple((file.url, file.metadata_url if file.has_metadata else "") for file in files),
    )


def version(text: str) -> "Version | None":
    """A version as PEP 440 has it; None for what is none."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except InvalidVersion:
        return None


def newest(releases: Sequence[Release], *, yanked: bool = False) -> Release | None:
    """The highest version that is no preview, and was not yanked unless `yanked` ones count too."""
    known = [one for one in releases if not one.prerelease and (yanked or not one.yanked)]
    return known[-1] if known else None


def suiting(releases: Iterable[Release], python: str) -> tuple[Release, ...]:
    """Those that a version of Python, such as "3.11.7", may install."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    def suits(wanted: str) -> bool:
        try:
            return SpecifierSet(wanted).contains(python, prereleases=True)
        except InvalidSpecifier:
            # Installers let what nobody can read pass.
            return True

    return tuple(one for one in releases if suits(one.requires_python))


def deployments(releases: Iterable[Release]) -> tuple[Deployment, ...]:
    """The versions as what was given to users, for a library; one that was yanked has failed."""
    return tuple(
        Deployment(name=one.version, at=one.at, kind="version", failed=one.yanked, prerelease=one.prerelease)
        for one in releases
        if one.at
    )
