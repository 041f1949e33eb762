"""Measure any command: the time it takes, or a number it prints; in turns with the base's code where there is one."""

import re
from collections.abc import Sequence
from functools import partial
from math import inf
from pathlib import Path
from statistics import median
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from edgetpu_ci import metrics, stats
from edgetpu_ci.errors import ConfigError, EdgeTpuCiError
from edgetpu_ci.loads import contention, turns
from edgetpu_ci.loads.beside import Beside
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.world import Ran, World

_TIMES: Final = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1000.0}
_LONGEST: Final = 200


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`name`: what is measured is called. `command`: a line for bash, or a list of words that needs no shell.

    It runs once a round, in a checkout of the head and, where there is a base, in one of the base: `setup`, a line for
    bash, runs once before in each, to build there and not elsewhere: into an environment that both share, the head
    would install over the base. What counts is the time it takes; or, with `number`, the number that the first group
    of this regular expression finds in what it prints, in `unit` (ns, us, ms and s are times), of which `better` says
    which is. The metric, what the `match` of a rule ends in, is `time_ms`, or `value_lower_UNIT` or
    `value_higher_UNIT`. A command that fails, or is not done within `timeout_seconds`, has no result.
    """

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    command: str | tuple[str, ...]
    setup: str = ""
    number: str = ""
    unit: str = ""
    better: Literal["lower", "higher"] = "lower"
    rounds: Annotated[int, Meta(ge=1, le=10_000)] = 10
    timeout_seconds: Annotated[float, Meta(gt=0, le=86_400)] = 600


def collect(options: Options, world: World) -> Collected:
    """The head alone, in `rounds` rounds."""
    check(options, world)
    reason = _set_up(options, world.cwd, world)
    taken: list[turns.Slot[float]] = []
    for number in range(options.rounds):
        if reason:
            break
        slot = _slot(options, world.cwd, world)
        if isinstance(slot, str):
            reason = slot
        else:
            taken.append(slot)
        world.progress(options.name, number + 1, options.rounds)
    return Collected(measurements=(_measurement(options, [slot.answer for slot in taken], reason),))


def collect_again(options: Options, subjects: frozenset[str], world: World) -> Collected:
    """The same once more, if it is meant."""
    return collect(options, world) if options.name in subjects else Collected(measurements=())


def series(options: Options, _world: World) -> tuple[str, ...]:
    """What can be compared in rounds, as `subject/metric`."""
    return (f"{options.name}/{_metric(options)}",)


def collect_beside(options: Options, beside: Beside, world: World) -> Collected:
    """Base and head in turns; where the base cannot run the command, the head alone."""
    check(options, world)
    try:
        base = beside.folder()
    except EdgeTpuCiError as error:
        return _alone(options, f"its base cannot be had: {error}", world)
    # Both once before they count: what is only cached then is cached for both.
    if why := _set_up(options, base, world) or _failure(_slot(options, base, world)):
        return _alone(options, f"the base cannot run it: {why}", world)
    match = turns.Match(
        options.name,
        base=partial(_slot, options, base, world),
        head=partial(_slot, options, world.cwd, world),
        reason=_set_up(options, world.cwd, world) or _failure(_slot(options, world.cwd, world)),
    )
    turns.play([match], lambda: beside.standing(_so_far(match, options)), beside.left, world)
    if match.broke == "base":
        return _alone(options, f"the base cannot run it: {match.reason}", world)
    return _so_far(match, options)


def _alone(options: Options, why: str, world: World) -> Collected:
    return Collected(measurements=collect(options, world).measurements, without={options.name: why})


def _so_far(match: turns.Match[float], options: Options) -> Collected:
    return Collected(
        measurements=(_measurement(options, match.answers("head"), match.reason),),
        base=(_measurement(options, match.answers("base"), ""),) if match.rounds else (),
        rounds={match.name: match.known()} if match.rounds else {},
    )


def _measurement(options: Options, slots: Sequence[float], reason: str) -> Measurement:
    metric = _metric(options)
    if reason or not slots:
        return Measurement(subject=options.name, metric=metric, reason=reason or "nothing was measured", failed=True)
    return Measurement(
        subject=options.name,
        metric=metric,
        value=median(slots),
        n=len(slots),
        interval=stats.percentile_interval(sorted(slots), 0.5),
        slots=tuple(slots),
    )


def _slot(options: Options, folder: Path, world: World) -> turns.Slot[float] | str:
    """Run the command once; its number, or why there is none."""
    words = ["bash", "-c", options.command] if isinstance(options.command, str) else options.command
    before, started = contention.read(world.root), world.monotonic()
    ran = _run(words, folder, options.timeout_seconds, world)
    elapsed, after = world.monotonic() - started, contention.read(world.root)
    if isinstance(ran, str):
        return ran
    number = _number(options, ran.stdout.decode(errors="replace"), elapsed)
    if isinstance(number, str):
        return number
    # What the command's own processes used cannot be told from what others did: only theft and the clock are looked at.
    window = contention.Window(
        wall=elapsed, waited=0.0, ours=after.busy - before.busy, before=before, after=after, elapsed=elapsed
    )
    return turns.Slot(number, window)


def _number(options: Options, printed: str, elapsed: float) -> float | str:
    if not options.number:
        return elapsed * 1000
    found = re.search(options.number, printed, re.MULTILINE)
    if found is None or found[1] is None:
        return f"it printed nothing that `number` ({options.number}) finds"
    try:
        number = float(found[1]) * _TIMES.get(options.unit, 1.0)
    except ValueError:
        return f"`number` found {_short(found[1])!r}, which is no number"
    return number if 0 < number < inf else f"it printed {number:g}, and only a number above zero can be compared"


def _run(words: Sequence[str], folder: Path, timeout: float, world: World) -> Ran | str:
    """How the words ended in a folder, or why they did not end well."""
    try:
        ran = world.run(["env", "-C", str(folder), *words], b"", timeout)
    except OSError as error:
        return f"`{words[0]}` cannot be started ({error.strerror or error})"
    if ran.status is None:
        return f"it was not done within {timeout:g} s"
    if ran.status:
        return f"it ended with status {ran.status}: {_told(ran)}"
    return ran


def _told(ran: Ran) -> str:
    """What a failure says of itself: the last line that names an error, else the last line."""
    lines = [line for line in (ran.stderr or ran.stdout).decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"\berror\b|exception", line, re.IGNORECASE)]
    return _short((errors or lines or ["it said nothing"])[-1])


def _set_up(options: Options, folder: Path, world: World) -> str:
    """Build in a checkout; why that failed, empty when it did not."""
    if not options.setup:
        return ""
    ran = _run(["bash", "-c", options.setup], folder, options.timeout_seconds, world)
    return f"`setup`: {ran}" if isinstance(ran, str) else ""


def _failure(slot: turns.Slot[float] | str) -> str:
    return slot if isinstance(slot, str) else ""


def _short(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_LONGEST].rstrip(".")


def _metric(options: Options) -> str:
    if not options.number or options.unit in _TIMES:
        return "time_ms"
    return metrics.foreign(options.unit, options.better)


def check(options: Options, _world: World) -> None:
    """ConfigError for what can be known to be wrong before anything is measured."""
    if not options.command:
        raise ConfigError(f"{options.name}: `command` is empty; name what to run.")
    try:
        groups = re.compile(options.number).groups
    except re.error as error:
        raise ConfigError(f"{options.name}: `number` is no regular expression: {error}.") from error
    if options.number and not groups:
        raise ConfigError(f"{options.name}: `number` needs a group around the number, as in `took ([0-9.]+) ms`.")
    if not options.number and (options.unit or options.better == "higher"):
        raise ConfigError(f"{options.name}: `unit` and `better` are of a `number` that is printed; time needs neither.")
