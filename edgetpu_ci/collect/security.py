"""How secure the repository is: open alerts, the score of all scans together, workflows, settings and branch rules.

Its files are those `use: reports` takes: name a scanner's report in one of the two, as only one can give the score.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from edgetpu_ci import event, paths, scan_files
from edgetpu_ci.errors import ConfigError, DeliveryError, EdgeTpuCiError, InputError, MissingError
from edgetpu_ci.formats import subjects
from edgetpu_ci.kpis import summary
from edgetpu_ci.memory import Forgetful, State
from edgetpu_ci.model import REPOSITORY, Collected, Measurement
from edgetpu_ci.quality import scanned, weaknesses
from edgetpu_ci.quality.records import Scan
from edgetpu_ci.quality.scanned import Scanned
from edgetpu_ci.supply import advisories, alerts, findings, posture, workflows
from edgetpu_ci.supply.alerts import Kind, Open
from edgetpu_ci.supply.locks import Wanted
from edgetpu_ci.transport import github
from edgetpu_ci.transport.github import Getting, GitHub
from edgetpu_ci.transport.seldom import Seldom
from edgetpu_ci.world import World

OF_REPOSITORY: Final = True

_WORKFLOWS: Final = (
    ".github/workflows/*.yml",
    ".github/workflows/*.yaml",
    "action.yml",
    "action.yaml",
    ".github/actions/**/action.yml",
    ".github/actions/**/action.yaml",
)
_NAMES: Final[Mapping[Kind, str]] = {
    "dependabot": "Dependabot",
    "code_scanning": "code scanning",
    "secret_scanning": "secret scanning",
}

Found = Mapping[str, Any]
"""What GitHub answered by name, each of its own kind, or an EdgeTpuCiError."""


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`files`: reports of security scanners, paths and globs. `alerts`: whose open alerts count for the score.

    What GITHUB_TOKEN may not read, such as those of secret_scanning, is left out of `alerts`, or read with an App.
    `scan_workflow`: the file name of the workflow that scans, whose last good run tells when that was. `branch`: the
    one whose rules are read, by default the default branch.
    """

    files: tuple[str, ...] = ()
    alerts: tuple[Kind, ...] = ("dependabot", "code_scanning", "secret_scanning")
    scan_workflow: Annotated[str, Meta(pattern=r"^([\w.-]+\.ya?ml)?$")] = ""
    branch: Annotated[str, Meta(pattern=r"^[^?#\s]*$")] = ""


def check(options: Options, world: World) -> None:
    """ConfigError for nothing to give a score from, InputError for a pattern without a file."""
    if not options.files and not options.alerts:
        raise ConfigError("Neither `files` nor `alerts` is there to look at; name one of them.")
    scan_files.names(options.files, world)


def collect(options: Options, world: World) -> Collected:
    """Without a memory all is asked for each time."""
    return collect_remembering(options, Forgetful(), world)


def collect_remembering(options: Options, state: State, world: World) -> Collected:
    """What GitHub and the reports say, each part that is refused being unknown by itself."""
    read = scan_files.read(options.files, world)
    local, faults = _workflows(world)
    reader = github.connect(world)
    slow = Seldom(reader, state, world.now())
    found = _gathered(reader, _asks(options, world, reader, slow))
    known = _gathered(reader, posture.asks(slow))
    slow.keep()
    measured = (
        *_counts(options, found),
        *_age(options, found, read.scans, world.now()),
        *_part(found, "branch", "branch_protected"),
        *_part(found, "token", "workflow_token_restricted"),
        posture.settings(known),
        *workflows.measurements(local),
        *_judged(options, {**found, **_rating(read, reader)}, read, world.now()),
    )
    return Collected(measurements=measured, incomplete=(*read.faults, *faults))


def probe(options: Options, world: World) -> tuple[EdgeTpuCiError, ...]:
    """Why something may not be read."""
    reader = github.connect(world)
    found: list[Any] = reader.gather([*_asks(options, world, reader, reader).values(), *posture.asks(reader).values()])
    return tuple(one for one in found if isinstance(one, EdgeTpuCiError))


def _gathered(reader: GitHub, asks: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    return dict(zip(asks, reader.gather(list(asks.values())), strict=True))


def _asks(options: Options, world: World, reader: GitHub, slow: Getting) -> dict[str, Callable[[], Any]]:
    """What GitHub is asked beside its settings, by name; `slow` is for what changes seldom."""
    branch = options.branch or event.read(world).main
    found: dict[str, Callable[[], Any]] = {kind: partial(alerts.READ[kind], reader) for kind in options.alerts}
    if "code_scanning" in options.alerts:
        found["analysed"] = partial(alerts.analysed, reader)
    if options.scan_workflow:
        found["scanned"] = partial(alerts.scanned, reader, options.scan_workflow)
    return {**found, "branch": partial(posture.branch, slow, branch), "token": partial(posture.token, slow)}


def _why(error: object) -> str:
    return str(error).rstrip(".")


def _part(found: Found, name: str, metric: str) -> Iterator[Measurement]:
    it = found[name]
    yield it if isinstance(it, Measurement) else summary.unknown(REPOSITORY, metric, _why(it))


def _counts(options: Options, found: Found) -> Iterator[Measurement]:
    for kind in options.alerts:
        metric, it = f"{kind}_alerts", found[kind]
        if not isinstance(it, Open):
            yield summary.unknown(REPOSITORY, metric, _why(it))
            continue
        details = (("by severity", findings.counts(it.findings)),)
        if kind == "secret_scanning":
            details = (("may still be active", f"{it.active:,}"),)
        yield summary.plain(REPOSITORY, metric, float(it.count), n=it.count, details=details)


def _age(options: Options, found: Found, scans: Sequence[Scanned], now: datetime) -> Iterator[Measurement]:
    """How long ago anything was last scanned, and each scanner's own time; nothing where no scan is named."""
    metric = "security_scan_age_hours"
    times = [(f"{one.scan.tool} ({one.source})", one.at) for one in scans]
    named = {"analysed": "code scanning", "scanned": options.scan_workflow}
    times += [(named[name], it) for name in named if isinstance(it := found.get(name), datetime)]
    none = {"analysed": "code scanning has no analysis", "scanned": f"no run of {options.scan_workflow} ended well"}
    without = [(named[name], _unseen(found[name], none[name])) for name in named if name in found]
    without = [(name, why) for name, why in without if why]
    details = (*((name, f"{at:%Y-%m-%d %H:%M} UTC") for name, at in times), *without)
    if not times:
        if without or options.files:
            why = "; ".join(why for _, why in without) or "no scan is known"
            yield summary.unknown(REPOSITORY, metric, why)
        return
    hours = (now - max(at for _, at in times)).total_seconds() / 3600
    yield summary.plain(REPOSITORY, metric, max(0.0, hours), details=details)


def _unseen(it: object, none: str) -> str:
    """Why there is no time of a scan; empty where there is one."""
    if isinstance(it, MissingError):
        return f"{none}, or GitHub does not show it"
    if isinstance(it, EdgeTpuCiError):
        return _why(it)
    return "" if it else none


def _judged(options: Options, found: Found, read: scan_files.Scans, now: datetime) -> Iterator[Measurement]:
    """The score of files and alerts together, and how many weaknesses they found."""
    scans = [*read.scans, *_of_github(options, found, now)]
    refused = [f"{_NAMES[kind]}: {_why(found[kind])}" for kind in options.alerts if not isinstance(found[kind], Open)]
    missing = [*map(_why, read.faults), *refused]
    yield from weaknesses.counts(scans, missing, now)
    leaked = any(isinstance(found[kind], Open) and found[kind].active for kind in options.alerts)
    scored = next(scanned.score(scans, now, leaked_secret=leaked), None)
    if missing:
        step = "; leave out of `alerts` what is not to count" if refused else ""
        why, details = f"{'; '.join(missing)}{step}", scored.details if scored else ()
        yield summary.unknown(REPOSITORY, "security_score", why, details=details)
        return
    yield scored or summary.unknown(REPOSITORY, "security_score", "no scan is known")


def _rating(read: scan_files.Scans, reader: GitHub) -> dict[str, Open]:
    """What GitHub's advisories say of packages whose weakness pip-audit, or another, tells without a severity."""
    unrated = {
        Wanted(name=findings.normal(one.package), version=one.version)
        for scan in read.scans
        for one in scan.scan.findings
        if one.severity == "unknown" and one.package and one.version
    }
    if not unrated:
        return {}
    try:
        return {"rating": Open(advisories.read(reader, sorted(unrated, key=lambda one: (one.name, one.version))))}
    except (DeliveryError, InputError):
        # Then their severity stays unknown, and the score says of which.
        return {}


def _of_github(options: Options, found: Found, now: datetime) -> Iterator[Scanned]:
    """GitHub's scanners as scans: those that look at every push are of now, code scanning is of its last analysis."""
    if "rating" in found:
        yield Scanned("GitHub", Scan(tool="advisories", findings=found["rating"].findings, at=now), now)
    for kind in options.alerts:
        it = found[kind]
        at = found.get("analysed") if kind == "code_scanning" else now
        if isinstance(it, Open):
            when = at if isinstance(at, datetime) else None
            missed = () if when else ("when it last ran is not known",)
            scan = Scan(tool=_NAMES[kind], findings=it.findings, at=when or now, missed=missed)
            yield Scanned("GitHub", scan, when or now)


def _workflows(world: World) -> tuple[list[workflows.File], list[str]]:
    """The workflows and actions of this checkout, and a sentence for each that cannot be read."""
    files, faults = [], []
    for name in dict.fromkeys(name for pattern in _WORKFLOWS for name in paths.matching(pattern, world.cwd)):
        shown = subjects.printable(name)
        try:
            files.append(workflows.read(shown, (world.cwd / name).read_bytes()))
        except ConfigError as error:
            faults.append(str(error))
        except OSError as error:
            faults.append(f"{shown} cannot be read: {error.strerror}.")
    return files, faults
