"""Baselines as people set them: accept the level of a report, show what holds, suggest bands."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from edgetpu_ci import app, audit_log, bands, baselines, config, machine, series_index, store, validity
from edgetpu_ci.audit_log import Act
from edgetpu_ci.baselines import Accepted
from edgetpu_ci.errors import ConfigError, DocumentError
from edgetpu_ci.files import write_whole
from edgetpu_ci.judging import judge
from edgetpu_ci.memory import State
from edgetpu_ci.world import World


@dataclass(frozen=True)
class Why:
    """Who accepts (by default whom git names), for what reason, and the last day on which it holds."""

    by: str = ""
    reason: str = ""
    until: date | None = None


def accept(folder: Path, path: Path, why: Why, world: World, state: State | None = None) -> Path:
    """Take the levels of a report as the baseline of its device; the file to review and commit.

    `state` has the audit log, which tells of it.
    """
    report = app.read_report(path)
    device = report.run.machine.key
    if not device or set(device) & set("*?["):
        raise DocumentError(f"{path} does not name its machine; accept a report of `edgetpu-ci run`.")
    if judge.nothing_measured(report.run.measurements):
        raise DocumentError(f"{path} measured nothing, so it is no level to accept; take another run's.")
    if report.run.is_simulated:
        raise DocumentError(f"{path} is of a simulated Edge TPU, which is no level of any device; measure a real one.")
    for name, reason in validity.invalid(report.run.measurements).items():
        raise DocumentError(f"{path} is no level to accept: of {name}, {reason}. Take another run's.")
    who = why.by or _git_user(world)
    if not who:
        raise ConfigError("A baseline has an author: name yourself with --by, or set git's user.name.")
    if why.until and why.until < world.now().date():
        raise ConfigError(f"--until {why.until} is over; name a day to come, or leave it out.")
    if report.run.contended:
        world.warn(f"warning: {path} was measured while the machine was busy ({report.run.contended}).")
    place, own = next(
        ((path, known) for path, known in baselines.load(folder).items() if known.device == device),
        (folder / baselines.file_name(device), None),
    )
    accepted = Accepted(
        by=who,
        at=world.now(),
        report=report.run.id,
        commit=report.run.commit,
        reason=why.reason,
        until=why.until,
        contended=bool(report.run.contended),
    )
    write_whole(place, baselines.text(baselines.accept(report, own, accepted)).encode())
    if state:
        audit_log.record(state, Act("accepted", f"baseline of {device}", report.run.id), world)
    return place


def _git_user(world: World) -> str:
    """Who git says works here; empty when it does not say."""
    try:
        return world.run(["git", "config", "user.name"], b"", 10).stdout.decode(errors="replace").strip()
    except OSError:
        return ""


def show(folder: Path, world: World) -> str:
    """The baseline of this machine, and those of its devices that were measured apart; or that there is none."""
    device = machine.identify(world).key
    known = tuple(baselines.load(folder).values())
    apart = sorted(baseline.device for baseline in known if baseline.device.startswith(f"{device}-"))
    found = [baseline for name in (device, *apart) if (baseline := baselines.find(known, name))]
    return "---\n".join(map(baselines.text, found)) or f"no baseline for {device} in {folder}"


def suggest(settings: config.Config, world: World) -> str:
    """Bands for this machine from its history, as a file to review. DocumentError while its history is too short."""
    device = machine.identify(world).key
    known = series_index.load(store.open_store(settings.store, world), device, world, keep=False)
    baseline = baselines.find(baselines.load(world.cwd / settings.baselines).values(), device)
    found = bands.suggest(device, known, baseline)
    if not found.models:
        raise DocumentError(
            f"The store has fewer than {bands.LEAST_RUNS} runs of {device} at one level, too few to suggest bands from."
        )
    return bands.text(found)
