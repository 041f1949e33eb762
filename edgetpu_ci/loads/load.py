"""What the collectors of other loads than one model back to back have in common."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from edgetpu_ci.loads import contention, execution, slot, target, turns
from edgetpu_ci.loads.faults import Fault
from edgetpu_ci.loads.target import Seconds, Target, Whole
from edgetpu_ci.model import Measurement
from edgetpu_ci.world import World


class Load(Target, frozen=True, kw_only=True):
    """Each process warms up for at least `warmup_seconds` and `warmup_count` inferences."""

    warmup_seconds: Seconds = 0.1
    warmup_count: Whole = 10


class Loaded(slot.Said, frozen=True, kw_only=True):
    """What every answer to a load has."""

    cpu_seconds: float = 0.0


S = TypeVar("S", bound=Loaded)

WARMUP_LIMIT_SECONDS = 10.0
"""For models that never get steady."""


def request(options: Load, file: Path, task: str, world: World, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """What the worker is asked of a model: one task, and what it wants to know."""
    return {
        **target.request(options, file, world),
        "task": task,
        "warmup_count": options.warmup_count,
        "warmup_seconds": options.warmup_seconds,
        "warmup_limit_seconds": WARMUP_LIMIT_SECONDS,
        **more,
    }


def take(
    options: Load, asked: dict[str, Any], into: type[S], world: World, seconds: float = 0
) -> turns.Slot[S] | Fault | str:
    """One process that is to take about so many `seconds`, and what the host did; or what broke, or why it cannot."""
    started, before, began = world.monotonic(), contention.read(world.root), world.observed.clock()
    answer = slot.run(asked, options.python, seconds + options.timeout_seconds, into, world)
    execution.of_load(asked, options.threads, (began, world.observed.clock()), answer, world.observed)
    after, elapsed = contention.read(world.root), world.monotonic() - started
    if isinstance(answer, (Fault, str)):
        return answer
    window = contention.Window(
        wall=elapsed, waited=None, ours=answer.cpu_seconds, before=before, after=after, elapsed=elapsed
    )
    return turns.Slot(answer, window)


def contended(slots: Iterable[turns.Slot[S]]) -> str:
    """In words how other work disturbed some slots."""
    return contention.describe([each.window for each in slots if each.window])


def unmeasured(subject: str, metrics: Sequence[str], reason: str) -> list[Measurement]:
    """Each of the metrics without a value, for one reason."""
    return [Measurement(subject=subject, metric=metric, reason=reason, failed=True) for metric in metrics]
