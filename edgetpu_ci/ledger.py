"""What this process asked of services, and what they let it ask: one book for all its threads."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from edgetpu_ci.errors import DeliveryError

AT_ONCE: Final = 4


class Asked(Struct, frozen=True, kw_only=True):
    """One request: `path` without its query, `status` 0 when nothing came, `ms` until the answer was read.

    `cost` is in the unit of its `resource`: requests, of GraphQL points.
    """

    verb: str
    path: str
    status: int
    ms: int
    resource: str
    cost: int


class Allowance(Struct, frozen=True, kw_only=True):
    """What a service said may be asked: `resets` by its clock, and `until` the same by ours (World.monotonic)."""

    limit: int
    remaining: int
    resets: datetime
    until: float


class Account(Struct, frozen=True, kw_only=True):
    """One resource, such as "core" or "graphql": what was asked of it and what that cost.

    `under_way` is what requests may cost that have no answer yet, `lost` what those may have that never got one,
    `dearest` the most that one did; `heard` says whether one was answered, and `allowance` is None when that did not
    tell a limit.
    """

    requests: int = 0
    cost: int = 0
    under_way: int = 0
    lost: int = 0
    dearest: int = 1
    heard: bool = False
    allowance: Allowance | None = None


class Outage:
    """What a host let us see of being down: whether it ever was up, what it left unanswered since, and the verdict."""

    def __init__(self) -> None:
        self.was_up = False
        self.in_vain: set[str] = set()
        self.error: DeliveryError | None = None


class Ledger:
    """The accounts, the log of requests, and whose turn it is to ask; `answers` are those that several want."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | DeliveryError] = {}
        self._accounts: dict[str, Account] = {}
        self._outages: dict[str, Outage] = {}
        self._log: list[Asked] = []
        self._sent = 0
        self._free = threading.Condition(threading.RLock())
        self._asking: Counter[str] = Counter()
        self._at_once = AT_ONCE
        self._seconds = self._since = 0.0

    @property
    def log(self) -> tuple[Asked, ...]:
        """Every request that ended, oldest first."""
        return tuple(self._log)

    @property
    def spent(self) -> dict[str, Account]:
        """The accounts by resource."""
        with self._free:
            return dict(self._accounts)

    @property
    def sent(self) -> int:
        """How many requests were sent."""
        return self._sent

    @property
    def down(self) -> tuple[str, ...]:
        """Why some services are asked nothing more, a sentence each."""
        return tuple(str(known.error) for known in self._outages.values() if known.error)

    def outage(self, host: str) -> Outage:
        """What is known of a host."""
        with self._free:
            return self._outages.setdefault(host, Outage())

    def seconds(self, at: float) -> float:
        """How long anything was asked or waited for until now, requests at the same time counted once."""
        with self._free:
            return self._seconds + (at - self._since if self._asking.total() else 0)

    def begin(self, resource: str, change: Callable[[Account, int], Account]) -> None:
        """A request is sent, unless `change`, which sees the account and how many were sent, raises."""
        with self._free:
            self._accounts[resource] = change(self._account(resource), self._sent)
            self._sent += 1

    def change(self, resource: str, change: Callable[[Account], Account]) -> None:
        """An account changes."""
        with self._free:
            self._accounts[resource] = change(self._account(resource))

    def note(self, asked: Asked) -> None:
        """Log a request."""
        self._log.append(asked)

    def slow_down(self) -> None:
        """From now on one request at a time: a service complained of too many."""
        with self._free:
            self._at_once = 1

    @contextmanager
    def turn(self, resource: str, clock: Callable[[], float]) -> Iterator[None]:
        """Wait until one more may ask. What a resource allows is learnt from its first answer, so that goes alone."""
        with self._free:
            self._free.wait_for(lambda: self._may_go(resource))
            if not self._asking.total():
                self._since = clock()
            self._asking[resource] += 1
        try:
            yield
        finally:
            with self._free:
                self._asking[resource] -= 1
                if not self._asking.total():
                    self._seconds += clock() - self._since
                self._free.notify_all()

    def _may_go(self, resource: str) -> bool:
        is_known = self._account(resource).heard or not self._asking[resource]
        return is_known and self._asking.total() < self._at_once

    def _account(self, resource: str) -> Account:
        return self._accounts.get(resource, Account())
