"""What an answer that is none means, as an error whose sentence says what to do: pure."""

import re
from datetime import UTC, datetime
from typing import Final

from edgetpu_ci.errors import BudgetError, DeliveryError, DeniedError, MissingError, TooHeavyError
from edgetpu_ci.transport.answer import (
    ACCEPTED,
    FORBIDDEN,
    NOT_FOUND,
    UNANSWERED,
    UNAUTHORIZED,
    UNPROCESSABLE,
    Answer,
)
from edgetpu_ci.transport.budget import GOES_ON

_OF_A_JOB: Final = re.compile(
    "actions|artifact-metadata|attestations|checks|contents|deployments|discussions|id-token|issues|metadata|models|"
    "packages|pages|pull-requests|security-events|statuses|vulnerability-alerts"
)
"""What `permissions:` of a workflow can give its GITHUB_TOKEN, by GitHub's documentation of the key."""


def of(answer: Answer, what: str, needs: str) -> DeliveryError:
    """The error for an answer to `what`, such as "GET /repos/o/r"; `needs` is the permission it takes."""
    if answer.limited:
        return BudgetError(f"GitHub's rate limit is reached{_until(answer)} ({_told(answer)}) at {what}; {GOES_ON}.")
    if answer.status == UNANSWERED:
        kind = TooHeavyError if answer.heavy else DeliveryError
        return kind(f"GitHub did not answer {what} ({answer.why}); try again later.")
    sentence = f"GitHub answered {_told(answer)} to {what}"
    if answer.heavy:
        return TooHeavyError(f"{sentence}; try again later.")
    if answer.status == ACCEPTED:
        return DeliveryError(f"{sentence}: it is still being computed; try again later.")
    if answer.status == UNPROCESSABLE:
        return DeliveryError(f"{sentence}; it does not take this request.")
    return _denied(answer, sentence, needs) or DeliveryError(f"{sentence}; try again later.")


def _denied(answer: Answer, sentence: str, needs: str) -> DeliveryError | None:
    if answer.status == UNAUTHORIZED:
        return DeniedError(f"{sentence}; check that the token is the right one and has not expired.")
    wanted = _wanted(answer) or needs
    if answer.status == NOT_FOUND:
        return MissingError(f"{sentence}; check that it exists and that the token may see it (`{wanted}`).")
    if answer.status == FORBIDDEN:
        return DeniedError(f"{sentence}; {lacks(wanted)}.", wanted)
    return None


def lacks(permission: str) -> str:
    """That a token needs a permission, or one of several with "or" between, and where to get one that has it."""
    step = ", which GITHUB_TOKEN cannot have: give an App's or a personal token"
    if can_be_of_a_job(permission):
        step = ": give it in the job's `permissions:`, or another token"
    return f"the token needs `{permission}`{step} as EDGETPU_CI_TOKEN"


def _until(answer: Answer) -> str:
    resets = answer.number("x-ratelimit-reset")
    return f" until {datetime.fromtimestamp(resets, UTC):%H:%M} UTC" if answer.exhausted and resets else ""


def _told(answer: Answer) -> str:
    return f"{answer.status}, {answer.words}" if answer.words else str(answer.status)


def _wanted(answer: Answer) -> str:
    """The permission that GitHub names: "pull_requests=write,issues=read; contents=write" has an "or" at `;`."""
    named = answer.headers.get("x-accepted-github-permissions", "")
    found = [re.findall(r"(\w+)=(\w+)", one) for one in named.split(";")]
    return " or ".join(
        " and ".join(f"{name.replace('_', '-')}: {level}" for name, level in one) for one in found if one
    )


def can_be_of_a_job(permission: str) -> bool:
    """Whether `permissions:` of a workflow can give it to the job's own token."""
    ways = [re.findall(r"([\w-]+): \w+", way) for way in permission.split(" or ")]
    return any(all(_OF_A_JOB.fullmatch(name) for name in names) for names in ways)
