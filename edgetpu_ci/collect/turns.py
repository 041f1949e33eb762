"""Measure base and head in turns: rounds of one slot each, in random order, until enough is known or time is up."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeVar

from edgetpu_ci.collect import contention
from edgetpu_ci.model import Rounds
from edgetpu_ci.world import World

LOOKS: Final = (10, 20, 30)
"""Rounds after which it is asked whether more are needed; each look is paid for in the error it may make."""

SPARE: Final = 1.5
"""So many times the rounds of a look are taken at the most, when some of them were disturbed."""

T = TypeVar("T")
Order = Literal["AB", "BA"]
Side = Literal["base", "head"]


@dataclass(frozen=True)
class Slot(Generic[T]):
    """One slot of one arm: what was measured, and what the host did meanwhile (None: not looked at)."""

    answer: T
    window: contention.Window | None


@dataclass(frozen=True)
class Round(Generic[T]):
    """One slot of each arm, one right after the other; the base went first in AB."""

    order: Order
    base: Slot[T]
    head: Slot[T]


Arm = Callable[[], Slot[T] | str]
"""Measures one slot, or says why it cannot."""


@dataclass
class Match(Generic[T]):
    """A subject while it is measured on both sides: its rounds so far, or the reason it stopped."""

    name: str
    base: Arm[T]
    head: Arm[T]
    rounds: list[Round[T]] = field(default_factory=list)
    reason: str = ""

    def take(self, order: Order) -> None:
        """Measure one more round; a round of which one half failed is none."""
        arms = {"AB": (self.base, self.head), "BA": (self.head, self.base)}[order]
        slots: list[Slot[T]] = []
        for arm in arms:
            slot = arm()
            if isinstance(slot, str):
                self.reason = f"{'the base' if arm is self.base else 'the head'}: {slot}"
                return
            slots.append(slot)
        base, head = slots if order == "AB" else reversed(slots)
        self.rounds.append(Round(order, base, head))

    def known(self) -> Rounds:
        """How its rounds went."""
        windows = [(round_.base.window, round_.head.window) for round_ in self.rounds]
        return Rounds(orders=tuple(r.order for r in self.rounds), disturbed=contention.bursts(windows))

    def answers(self, side: Side) -> list[T]:
        """What was measured on one side, round by round."""
        return [(round_.base if side == "base" else round_.head).answer for round_ in self.rounds]

    @property
    def usable(self) -> int:
        """Rounds that nothing disturbed."""
        return self.known().disturbed.count("")


def play(
    matches: Sequence[Match[T]], settled: Callable[[], frozenset[str]], budget_seconds: float, world: World
) -> None:
    """Take rounds of all matches, one of each in turn, up to each look; those `settled` then are left alone.

    The first look is always reached; a later one only while less than the budget was spent.
    """
    started = world.now()
    playing = [match for match in matches if not match.reason]
    if not playing:
        return
    for look in LOOKS:
        orders = _Orders(world.token())
        while waiting := [match for match in playing if _wants_more(match, look)]:
            for match in waiting:
                match.take(orders.next(match.name))
                _show(match, look, (world.now() - started).total_seconds(), budget_seconds, world)
        # Each is asked at the same look, so that none is asked more often than its error allows.
        done = settled()
        playing = [match for match in playing if match.name not in done and not match.reason]
        if not playing or (world.now() - started).total_seconds() > budget_seconds:
            break
    world.progress("measured", LOOKS[-1], LOOKS[-1])


def _wants_more(match: Match[T], look: int) -> bool:
    return not match.reason and match.usable < look and len(match.rounds) < SPARE * look


class _Orders:
    """Of every two rounds of a match, one begins with the base, in random order: drift then meets both alike."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - an order, not a secret
        self._left: dict[str, list[Order]] = {}

    def next(self, name: str) -> Order:
        left = self._left.setdefault(name, [])
        if not left:
            left += self._random.sample(("AB", "BA"), 2)
        return left.pop()


def _show(match: Match[T], look: int, spent: float, budget_seconds: float, world: World) -> None:
    said = f"rounds of base and head, {spent:.0f} s of {budget_seconds:.0f} s: {match.name}"
    # Spare rounds were not foreseen; what they add must not look like the end.
    world.progress(said, min(len(match.rounds), look - 1), LOOKS[-1])
