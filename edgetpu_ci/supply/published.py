"""How a package stands on its index: whether it can be fetched, is whole, and how old its newest version is; pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from edgetpu_ci.kpis import summary
from edgetpu_ci.model import Measurement
from edgetpu_ci.supply import releases
from edgetpu_ci.supply.package_index import Project

_DAY: Final = 86400
_MOST_NAMED: Final = 5
_OF_RELEASES: Final = ("release_age_days", "release_complete", "latest_version_yanked")
_WHOLE: Final = ("sdist", "wheel")


def available(package: str, faults: Sequence[str], details: summary.Details = ()) -> Measurement:
    """1 when its page and the files of its newest version answer, 0 when one did not, with which."""
    said = ", ".join(faults[:_MOST_NAMED]) + (
        f" and {len(faults) - _MOST_NAMED:,} more" if faults[_MOST_NAMED:] else ""
    )
    failed = (("failed", said),) if faults else ()
    return summary.plain(package, "package_available", float(not faults), details=(*failed, *details))


def unread(package: str, why: str) -> Iterator[Measurement]:
    """What is left to say where the index has no such page, or does not show it."""
    yield available(package, [why])
    yield from (summary.unknown(package, metric, why) for metric in _OF_RELEASES)


def unknown(package: str, why: str) -> Iterator[Measurement]:
    """The same where the index was not asked."""
    yield from (summary.unknown(package, metric, why.rstrip(".")) for metric in ("package_available", *_OF_RELEASES))


def measurements(project: Project, tags: Sequence[str], now: datetime) -> Iterator[Measurement]:
    """Age, completeness and whether the newest version was yanked; `tags` are those of this clone."""
    newest = releases.newest(project.releases)
    highest = releases.newest(project.releases, yanked=True)
    if highest is None:
        for metric in _OF_RELEASES:
            yield summary.unknown(project.name, metric, "the index has no version of it that is no preview")
        return
    version = (("version", highest.version),)
    yield summary.plain(project.name, "latest_version_yanked", float(highest.yanked), details=version)
    yield _age(project.name, newest, now)
    yield _complete(project.name, highest, tags)


def _age(package: str, newest: releases.Release | None, now: datetime) -> Measurement:
    if newest is None:
        return summary.unknown(package, "release_age_days", "every version was yanked")
    details: summary.Details = (("version", newest.version),)
    if newest.at is None:
        return summary.unknown(package, "release_age_days", "the index tells no upload times", details=details)
    details = (*details, ("uploaded", f"{newest.at:%Y-%m-%d %H:%M} UTC"))
    return summary.plain(package, "release_age_days", (now - newest.at).total_seconds() / _DAY, details=details)


def _complete(package: str, highest: releases.Release, tags: Sequence[str]) -> Measurement:
    missing = [f"no {kind}" for kind in _WHOLE if kind not in highest.kinds]
    missing += ["yanked"] if highest.yanked else []
    tagged = latest_tag(tags)
    if tagged and releases.version(tagged) != releases.version(highest.version):
        missing.append(f"the newest tag is {tagged}")
    details = [("version", highest.version), ("tag", tagged or "not compared: this clone has no tag of a version")]
    details += [("missing", ", ".join(missing))] if missing else []
    return summary.plain(package, "release_complete", float(not missing), details=tuple(details))


def latest_tag(tags: Sequence[str]) -> str:
    """The version that the highest tag such as `v1.2.3` names, without previews; empty without one."""
    named = [number for tag in tags if (number := releases.version(tag.removeprefix("v"))) is not None]
    return str(max((number for number in named if not number.is_prerelease), default=""))
