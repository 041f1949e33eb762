"""Asking within a budget, patiently, and no longer than a deadline; every request stands in the ledger."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct, structs

from edgetpu_ci.errors import BudgetError, ConfigError, DeliveryError
from edgetpu_ci.ledger import Account, Asked
from edgetpu_ci.transport import budget, outage, patience
from edgetpu_ci.transport.answer import UNANSWERED, Answer, Request
from edgetpu_ci.world import World

Send = Callable[[Request, Callable[[], float]], Answer]
"""Sends a request and waits for its answer while a function still gives seconds."""

_SAID_FROM: Final = 10


class Bounds(Struct, frozen=True, kw_only=True):
    """How much a run may ask: so many `requests`, for so many `seconds` of asking and waiting in all."""

    requests: int = 1000
    seconds: float = 900


def bounds(env: Mapping[str, str]) -> Bounds:
    """The bounds as the environment has them; ConfigError for what is no number."""
    usual = Bounds()
    return Bounds(
        requests=int(_number(env, "EDGETPU_CI_MAX_REQUESTS", usual.requests)),
        seconds=_number(env, "EDGETPU_CI_DEADLINE_SECONDS", usual.seconds),
    )


def _number(env: Mapping[str, str], name: str, usual: float) -> float:
    try:
        found = float(env.get(name) or usual)
    except ValueError:
        found = 0
    if not 0 < found < float("inf"):
        raise ConfigError(f"{name} is {env[name]!r}; give a number above 0.")
    return found


class Asking:
    """Requests that `send` sends, one or a few at a time."""

    def __init__(self, send: Send, world: World) -> None:
        self._send = send
        self._world = world
        self._bounds = bounds(world.env)

    def ask(self, request: Request) -> Answer:
        """The answer, good or bad, after as many tries as help; BudgetError when no more may be asked."""
        with self._world.ledger.turn(request.resource, self._world.monotonic):
            outage.check(self._world, request.url)
            attempt = 0
            while True:
                answer = self._once(request)
                drawn = patience.drawn(self._world.token())
                wait = patience.pause(answer, attempt, drawn, divides=request.divides)
                if answer.limited and not answer.exhausted:
                    self._world.ledger.slow_down()
                if wait is None or wait >= self.left():
                    self._rest(request, answer)
                    return answer
                self._wait(wait, answer)
                attempt += 1

    def answered(self, request: Request) -> None:
        """What came was good."""
        outage.answered(self._world, request)

    def refused(self, request: Request, answer: Answer, error: DeliveryError) -> DeliveryError:
        """What to raise for an answer that is none: `error`, or that nothing more is asked."""
        return outage.refused(self._world, request, answer, error)

    def left(self) -> float:
        """Seconds until the deadline."""
        return self._bounds.seconds - self._world.ledger.seconds(self._world.monotonic())

    def _rest(self, request: Request, answer: Answer) -> None:
        """A second for GitHub to recover before the asker comes with less."""
        if answer.heavy and request.divides and self.left() > 1:
            self._world.sleep(1)

    def _wait(self, seconds: float, answer: Answer) -> None:
        if seconds >= _SAID_FROM:
            why = "GitHub's rate limit" if answer.limited else "GitHub"
            self._world.warn(f"Waiting {seconds:.0f} s for {why}.")
        self._world.sleep(seconds)

    def _once(self, request: Request) -> Answer:
        if self.left() <= 0:
            spent = (
                f"The {self._bounds.seconds:,.0f} s that a run may ask GitHub (EDGETPU_CI_DEADLINE_SECONDS) are over"
            )
            raise BudgetError(f"{spent}; {budget.GOES_ON}.")
        began, held = self._world.monotonic(), self._begin(request)
        answer = Answer(status=UNANSWERED, at=self._world.now())
        try:
            answer = self._send(request, self.left)
        finally:
            self._book(request, answer, held, began)
        return answer

    def _begin(self, request: Request) -> int:
        """Put a request into the ledger, if it may be sent; what is held of its resource until it is answered."""
        held = 0

        def change(account: Account, sent: int) -> Account:
            nonlocal held
            if sent >= self._bounds.requests:
                spent = f"This run sent the {sent:,} requests it may (EDGETPU_CI_MAX_REQUESTS)"
                raise BudgetError(f"{spent}; {budget.GOES_ON}.")
            if why := budget.why_not(request.resource, account, self._world.monotonic()):
                raise BudgetError(why)
            held = account.dearest
            return budget.begun(account)

        self._world.ledger.begin(request.resource, change)
        return held

    def _book(self, request: Request, answer: Answer, held: int, began: float) -> None:
        ledger, ended = self._world.ledger, self._world.monotonic()
        resource = answer.headers.get("x-ratelimit-resource", request.resource)
        ledger.change(request.resource, lambda account: budget.released(account, held))
        if resource != request.resource and answer.status != UNANSWERED:
            ledger.change(request.resource, lambda account: structs.replace(account, heard=True))
        ledger.change(resource, lambda account: budget.answered(account, answer, ended))
        ledger.note(
            Asked(
                verb=request.verb,
                path=urlsplit(request.url).path,
                status=answer.status,
                ms=round((ended - began) * 1000),
                resource=resource,
                cost=answer.cost,
            )
        )
