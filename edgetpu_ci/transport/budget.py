"""Whether another request may be sent: pure, from what the service said is left and what is under way."""

from datetime import UTC, datetime
from typing import Final

from msgspec import structs

from edgetpu_ci.ledger import Account, Allowance
from edgetpu_ci.transport.answer import UNANSWERED, Answer

GOES_ON: Final = "the next run goes on where this one stopped"
_SAME_WINDOW: Final = 5


def kept(limit: int) -> int:
    """The part of a limit that is never used: a fifth, for the other jobs of the token."""
    return -(-limit // 5)


def why_not(resource: str, account: Account, at: float) -> str:
    """Why nothing more may be asked of a resource, as a sentence; empty when it may."""
    left = account.allowance
    if left is None or at >= left.until:
        return ""
    if left.remaining - account.under_way - account.lost - account.dearest >= kept(left.limit):
        return ""
    have = (
        f"GitHub's limit for `{resource}` has {left.remaining:,} of {left.limit:,} left until {left.resets:%H:%M} UTC"
    )
    return f"{have}, and a fifth of it is kept for other jobs; this run spent {account.cost:,}; {GOES_ON}."


def begun(account: Account) -> Account:
    """The account when a request is sent: until its answer says better, it may cost as much as the dearest so far."""
    return structs.replace(account, under_way=account.under_way + account.dearest)


def released(account: Account, held: int) -> Account:
    """The account when a request has its answer, which may be of another resource."""
    return structs.replace(account, under_way=account.under_way - held)


def answered(account: Account, answer: Answer, at: float) -> Account:
    """The account after an answer; one that never came, or does not say what is left, may have cost something."""
    told = _allowance(answer, at)
    begins = _begins(account.allowance, told)
    return structs.replace(
        account,
        requests=account.requests + 1,
        cost=account.cost + answer.cost,
        lost=(0 if begins else account.lost) + (0 if told else answer.cost),
        dearest=max(account.dearest, answer.cost),
        heard=account.heard or answer.status != UNANSWERED,
        allowance=told if begins else _least(account.allowance, told),
    )


def _allowance(answer: Answer, at: float) -> Allowance | None:
    limit, remaining = answer.number("x-ratelimit-limit"), answer.number("x-ratelimit-remaining")
    resets = answer.number("x-ratelimit-reset")
    if limit is None or remaining is None or resets is None:
        return None
    when = datetime.fromtimestamp(resets, UTC)
    # By the server's own clock: ours may be wrong by more than the time that is left.
    return Allowance(limit=limit, remaining=remaining, resets=when, until=at + (when - answer.at).total_seconds())


def _begins(known: Allowance | None, told: Allowance | None) -> bool:
    """Whether what is told is of a new hour, or the first."""
    return told is not None and (known is None or _later(told, known) > _SAME_WINDOW)


def _least(known: Allowance | None, told: Allowance | None) -> Allowance | None:
    """What is left by answers that may have overtaken each other, even into the next hour."""
    if known is None or told is None or _later(known, told) > _SAME_WINDOW:
        return known
    return min(known, told, key=lambda one: one.remaining)


def _later(one: Allowance, other: Allowance) -> float:
    return (one.resets - other.resets).total_seconds()
