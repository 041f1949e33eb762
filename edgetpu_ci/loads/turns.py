"""Measure base and head in turns: rounds of one slot each, in random order, until enough is known or time is up."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeVar

from edgetpu_ci.judging.interleaved import Standing
from edgetpu_ci.loads import contention, failures
from edgetpu_ci.loads.faults import Fault
from edgetpu_ci.model import Rounds
from edgetpu_ci.stats.paired import LOOKS
from edgetpu_ci.world import World

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


def _records() -> dict[Side, failures.Record]:
    return {"base": failures.Record(), "head": failures.Record()}


Arm = Callable[[], Slot[T] | Fault | str]
"""Measures one slot, or says what broke, or why it cannot."""


@dataclass
class Match(Generic[T]):
    """A subject while it is measured on both sides: its rounds, or the reason it stopped and which side broke.

    `records` has the faults of either side, each of which took a round.
    """

    name: str
    base: Arm[T]
    head: Arm[T]
    rounds: list[Round[T]] = field(default_factory=list)
    looks: list[tuple[bool, ...]] = field(default_factory=list)
    reason: str = ""
    broke: Side | None = None
    records: dict[Side, failures.Record] = field(default_factory=_records)

    def take(self, order: Order, world: World) -> None:
        """Measure one more round; a round of which one half failed is none, and after some faults there are no more."""
        arms = {"AB": (self.base, self.head), "BA": (self.head, self.base)}[order]
        slots: list[Slot[T]] = []
        for arm in arms:
            slot = arm()
            if not isinstance(slot, Slot):
                self._lose(slot, "base" if arm is self.base else "head", world)
                return
            slots.append(slot)
        base, head = slots if order == "AB" else reversed(slots)
        self.rounds.append(Round(order, base, head))

    def _lose(self, why: Fault | str, side: Side, world: World) -> None:
        self.records[side].broke(why, world)
        if self.records[side].is_hopeless:
            self.reason, self.broke = why if isinstance(why, str) else why.text, side

    def known(self) -> Rounds:
        """How its rounds went."""
        orders = tuple(round_.order for round_ in self.rounds)
        return Rounds(orders=orders, disturbed=self._disturbed(), looks=tuple(self.looks))

    def hold(self) -> None:
        """Look at the rounds there are: what is known of them now is what counts at this look, whatever comes."""
        self.looks.append(tuple(bool(what) for what in self._disturbed()))

    def answers(self, side: Side) -> list[T]:
        """What was measured on one side, round by round."""
        return [(round_.base if side == "base" else round_.head).answer for round_ in self.rounds]

    def _disturbed(self) -> tuple[str, ...]:
        return contention.bursts([(round_.base.window, round_.head.window) for round_ in self.rounds])


def play(
    matches: Sequence[Match[T]],
    standing: Callable[[], Mapping[str, Standing]],
    left: Callable[[], float],
    world: World,
) -> None:
    """Take rounds of all matches, one of each in turn, up to each look; those that are settled then are left alone.

    The first look is always reached, a later one only while seconds are `left`. Rounds that do not count are taken
    again, up to half as many more.
    """
    playing = [match for match in matches if not match.reason]
    orders = _Orders(world.token())
    for look in LOOKS if playing else ():
        while waiting := [match for match in playing if not match.reason and len(match.rounds) < look]:
            _round(waiting, orders, left, world)
        while left() > 0 and (waiting := _short(playing, look, standing())):
            _round(waiting, orders, left, world)
        for match in playing:
            match.hold()
        settled = {name for name, known in standing().items() if known.settled}
        playing = [match for match in playing if match.name not in settled and not match.reason]
        if not playing or left() <= 0:
            break
    world.progress("measured", LOOKS[-1], LOOKS[-1])


def _round(waiting: Sequence[Match[T]], orders: "_Orders", left: Callable[[], float], world: World) -> None:
    """One more round of each."""
    for match in waiting:
        match.take(orders.next(match.name), world)
        # Rounds that are taken again were not foreseen; what they add must not look like the end.
        said = f"rounds of base and head, {max(left(), 0):.0f} s left: {match.name}"
        world.progress(said, min(len(match.rounds), LOOKS[-1] - 1), LOOKS[-1])


def _short(playing: Sequence[Match[T]], look: int, known: Mapping[str, Standing]) -> list[Match[T]]:
    """Those of which fewer rounds count than are looked at, and that may take more."""
    return [
        match
        for match in playing
        if not match.reason
        and match.name in known
        and known[match.name].counted < look
        and len(match.rounds) < SPARE * look
    ]


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
