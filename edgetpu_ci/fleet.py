"""The same change on several devices: whether the code became slower, or one of the devices is another. Pure."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final, Literal

from msgspec import Struct

from edgetpu_ci import metrics
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.model import Finding, Measurement, Report

LEVEL_METRICS: Final = ("latency_p10_ms", "time_ms")
"""Whose levels are compared between devices: what other work disturbs least."""

FEWEST: Final = 3
"""Devices below which nobody can tell which of them is the odd one."""

APART: Final = 0.10
"""A device whose level lies further from the others' middle may be at fault; units of one kind differ by less."""

SPREADS: Final = 3.0
"""And so many times further than the others lie from it."""

Suspect = Literal["code", "device", "open"]


class Seen(Struct, frozen=True):
    """One metric on one device: its value, how it compares with its base there, and the ratio to it."""

    device: str
    value: float
    finding: Finding | None = None
    ratio: float | None = None


class View(Struct, frozen=True, kw_only=True):
    """One metric on all devices: what is suspected, which devices are meant, and why."""

    subject: str
    metric: str
    suspect: Suspect
    devices: tuple[str, ...]
    because: str
    seen: tuple[Seen, ...]


def views(reports: Mapping[str, Report]) -> tuple[View, ...]:
    """What the reports of a commit, one for each device by its name, say together; only what is worth saying.

    Levels of different devices are shown beside each other and judge nothing.
    """
    found = (_view(subject, metric, seen) for (subject, metric), seen in _table(reports).items())
    return tuple(view for view in found if view)


def _table(reports: Mapping[str, Report]) -> dict[tuple[str, str], list[Seen]]:
    """Each metric that was compared, or whose level tells, in the order it was measured."""
    table: dict[tuple[str, str], list[Seen]] = {}
    for device, report in reports.items():
        compared = {comparison.key: comparison for comparison in report.comparisons}
        for measured in report.run.measurements:
            one = compared.get(measured.key)
            if _tells(measured) and measured.value is not None and (one or measured.metric in LEVEL_METRICS):
                row = Seen(device, measured.value, one.finding if one else None, one.ratio if one else None)
                table.setdefault((measured.subject, measured.metric), []).append(row)
    return table


def _tells(measured: Measurement) -> bool:
    """Whether it can differ between devices: a fact of a file is the same on all, and changed there is not worse."""
    return metrics.find(measured.metric).better != "exact"


def _view(subject: str, metric: str, seen: Sequence[Seen]) -> View | None:
    told = _by_change(seen) or (_by_level(seen) if metric in LEVEL_METRICS else None)
    if told is None:
        return None
    suspect, devices, because = told
    return View(subject=subject, metric=metric, suspect=suspect, devices=devices, because=because, seen=tuple(seen))


_Told = tuple[Suspect, tuple[str, ...], str]


def _by_change(seen: Sequence[Seen]) -> _Told | None:
    """From what changed against the base on each device; what was inconclusive there has no vote."""
    voters = [one for one in seen if one.finding in {"regressed", "improved", "unchanged"}]
    worse = tuple(one.device for one in voters if one.finding == "regressed")
    if not worse or len(voters) < 2:  # noqa: PLR2004 - one device alone has nobody to differ from
        return None
    if len(worse) == len(voters):
        return "code", worse, f"worse on all {len(voters)} devices that can tell"
    if len(worse) == 1 and len(voters) >= FEWEST:
        return "device", worse, f"worse on this one of {len(voters)} devices"
    return "open", worse, f"worse on {len(worse)} of {len(voters)} devices, which is neither all nor one"


def _by_level(seen: Sequence[Seen]) -> _Told | None:
    """From the level of each device: one that lies apart while the others agree."""
    for one in seen if len(seen) >= FEWEST else ():
        others = [other.value for other in seen if other is not one]
        middle = median(others)
        spread = max(abs(value / middle - 1) for value in others) if middle else 0.0
        apart = one.value / middle - 1 if middle else 0.0
        if abs(apart) > max(APART, SPREADS * spread):
            change = f"{100 * abs(apart):.0f} % {'slower' if apart > 0 else 'faster'}"
            return "device", (one.device,), f"{change} here than on the other {len(others)} devices"
    return None


def names(reports: Sequence[tuple[str, Report]]) -> dict[str, Report]:
    """Each report by its device, and by where it lies too when several are of one device.

    ConfigError for what says nothing together: one report alone, and those of several commits.
    """
    if len(reports) == 1:
        raise ConfigError("One report says nothing of a fleet; name those of several devices.")
    if len(commits := {report.run.commit for _, report in reports} - {""}) > 1:
        raise ConfigError(f"These reports are of {len(commits)} commits; name those of one commit.")
    plain = [_device(report) for _, report in reports]
    return {
        name if plain.count(name) == 1 else f"{name} ({place})": report
        for name, (place, report) in zip(plain, reports, strict=True)
    }


def _device(report: Report) -> str:
    host = report.run.machine.host or report.run.machine.key
    ran_on = next((m.device for m in report.run.measurements if m.device), "")
    return " · ".join(filter(None, [host, ran_on]))
