"""What changes seldom on GitHub is asked for seldom: an answer is kept for a week, a refusal for a day.

What a job's own token cannot have at all is refused for a week.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import Struct, structs

from edgetpu_ci import memory
from edgetpu_ci.errors import DeliveryError, DeniedError, DocumentError, MissingError
from edgetpu_ci.memory import State
from edgetpu_ci.transport import refusal
from edgetpu_ci.transport.access import OF_A_JOB
from edgetpu_ci.transport.answer import Query
from edgetpu_ci.transport.github import GitHub

T = TypeVar("T")

NAME: Final = "github-seldom"
Lasts = Callable[[T], timedelta]
"""For how long an answer is good."""

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)

_TRIES: Final = 5


class Kept(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer, as the record that was made of it, or why a kind of token `by` had none; `until` then it is good."""

    until: datetime
    by: str
    found: Any = None
    refused: Literal["", "denied", "missing"] = ""
    why: str = ""
    permission: str = ""

    def error(self) -> DeliveryError | None:
        """The refusal, if it was one, and when it is asked for again."""
        if not self.refused:
            return None
        why = f"{self.why.rstrip('.')} (asked again after {self.until:%Y-%m-%d %H:%M} UTC)."
        return DeniedError(why, self.permission) if self.refused == "denied" else MissingError(why)


class Seldom:
    """A reader of GitHub for what changes seldom. `keep` puts into the store what it learnt."""

    def __init__(self, github: GitHub, state: State, now: datetime) -> None:
        self.repository = github.repository
        self._github = github
        self._state = state
        self._now = now
        self._known = _unpacked(state.state(NAME))
        self._learnt: dict[str, Kept] = {}

    def get(self, path: str, into: type[T], *, needs: str, query: Query | None = None) -> T:
        """As GitHub's own; only the fields of `into` are kept."""
        name = path.removeprefix(f"/repos/{self.repository}").removeprefix("/") or "repository"
        return self.ask(name, into, lambda: self._github.get(path, into, needs=needs, query=query))

    def ask(self, name: str, into: type[T], ask: Callable[[], T], lasts: "Lasts[T]" = lambda _: WEEK) -> T:
        """What `ask` brings, unless that is known by its name; it is good for as long as `lasts` says."""
        if (kept := self._known.get(name)) and kept.by == self._github.by and self._is_good(kept):
            if error := kept.error():
                raise error
            try:
                return msgspec.convert(kept.found, into)
            except msgspec.ValidationError:
                pass  # Another version of ours kept it.
        return self._asked(name, ask, lasts)

    def keep(self) -> None:
        """Put what was learnt into the store, beside what other jobs learnt; it only saves requests."""
        for _ in range(_TRIES if self._learnt else 0):
            old = self._state.state(NAME)
            both = {**_unpacked(old), **self._learnt}
            new = memory.pack({name: both[name] for name in sorted(both) if self._is_good(both[name])})
            if self._state.swap(NAME, old, new):
                return

    def _is_good(self, kept: Kept) -> bool:
        # A clock that was wrong may have said a time far away.
        return self._now < kept.until <= self._now + WEEK

    def _asked(self, name: str, ask: Callable[[], T], lasts: "Lasts[T]") -> T:
        kept = Kept(until=self._now + DAY, by=self._github.by)
        try:
            found = ask()
        except DeniedError as error:
            if error.permission:
                until = self._now + self._patience(error.permission)
                self._learnt[name] = structs.replace(
                    kept, until=until, refused="denied", why=str(error), permission=error.permission
                )
            raise
        except MissingError as error:
            self._learnt[name] = structs.replace(kept, refused="missing", why=str(error))
            raise
        until = self._now + lasts(found)
        self._learnt[name] = structs.replace(kept, until=until, found=msgspec.to_builtins(found))
        return found

    def _patience(self, permission: str) -> timedelta:
        """For how long a refusal is good: nobody can give a job's own token what it cannot have."""
        beyond = bool(permission) and not refusal.can_be_of_a_job(permission)
        return WEEK if beyond and self._github.by == OF_A_JOB else DAY


def _unpacked(data: bytes | None) -> dict[str, Kept]:
    try:
        return memory.unpack(data, dict[str, Kept], NAME) if data else {}
    except DocumentError:
        return {}  # It only saves requests.
