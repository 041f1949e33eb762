"""What is remembered of where a week's digest was said: a named value of the store for each week."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import memory
from edgetpu_ci.digest.record import Time
from edgetpu_ci.digest.week import Week
from edgetpu_ci.errors import LaterError, StoreError
from edgetpu_ci.world import World

LEASE: Final = timedelta(minutes=3)
"""How long a job that began to say it has the word; what comes of it is known in less."""

_NAME: Final = re.compile(r"digest-\d{4}-W\d\d")
_KEPT: Final = timedelta(weeks=56)
_TRIES: Final = 10


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands in one place: `ref` finds the message, `details` the one in its thread; `chart` was added to it.

    `said` is when it was said last. A job that `begun` and never noted how it ended may have been heard; until it
    `holds` no more, another leaves the word to it.
    """

    ref: str = ""
    details: str = ""
    chart: bool = False
    said: Time | None = None
    begun: bool = False
    holds: Time | None = None


Places = dict[str, Told]


def name(week: Week) -> str:
    """What the value of a week is called."""
    return f"digest-{week.name}"


@dataclass(frozen=True, kw_only=True)
class Note:
    """The note of one week and place, in a store that other jobs write as well."""

    state: memory.State
    week: Week
    place: str
    world: World

    def earlier(self) -> Told:
        """What was noted of the week before."""
        return _places(self.state, name(self.week.before)).get(self.place, Told())

    def take(self) -> Told:
        """What is noted, and the word for this job; LaterError while another has it.

        StoreError where nothing can be noted.
        """
        now = self.world.now()

        def taken(told: Told) -> Told:
            if told.holds and now < told.holds <= now + LEASE:
                raise LaterError(
                    f"Another job says the digest of {self.week.name} at this moment, or was ended while it did; "
                    f"run it again after {told.holds:%H:%M:%S} UTC."
                )
            return replace(told, begun=told.begun or told.said is None, holds=now + LEASE)

        return self._change(taken)

    def keep(self, told: Told) -> Told:
        """Note how it ended."""
        return self._change(lambda _: told)

    def _change(self, changed: Callable[[Told], Told]) -> Told:
        """The note as it was before."""
        for _ in range(_TRIES):
            data = self.state.state(name(self.week))
            places = _unpacked(data, name(self.week))
            before = places.get(self.place, Told())
            if self.state.swap(name(self.week), data, memory.pack({**places, self.place: changed(before)})):
                return before
        raise StoreError(f"{name(self.week)} in the store is changed by other jobs all the time; run fewer at once.")

    def forget(self) -> None:
        """Remove what nobody needs any more: values of weeks long past."""
        oldest = name(Week(self.week.start - _KEPT))
        for known in self.state.values():
            if _NAME.fullmatch(known) and known < oldest:
                self.state.swap(known, self.state.state(known), None)


def _places(state: memory.State, value: str) -> Places:
    return _unpacked(state.state(value), value)


def _unpacked(data: bytes | None, value: str) -> Places:
    return memory.unpack(data, Places, value) if data else {}
