"""What GitHub says of a repository's cost: who pays, what is stored and for how long, and what was billed."""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.supply.posture import Owner
from edgetpu_ci.transport.github import Getting, GitHub

GB: Final = 1e9

MOST_PAGES: Final = 20
"""A hundred artifacts each; of a repository with more that are alive, nothing is said."""

_HOUR: Final = 3600

When = Annotated[datetime, Meta(tz=True)]


class Artifact(Struct, frozen=True):
    """A stored artifact, for how long it lives, in bytes."""

    size_in_bytes: int
    expired: bool = False
    created_at: When | None = None


class _Artifacts(Struct, frozen=True):
    artifacts: tuple[Artifact, ...]


class Caches(Struct, frozen=True):
    """What caches hold, in bytes, and how many there are."""

    active_caches_size_in_bytes: int
    active_caches_count: int


class Retention(Struct, frozen=True):
    """Days that artifacts and logs are kept, and the most that may be set."""

    days: int
    maximum_allowed_days: int | None = None


class _Period(Struct, frozen=True):
    year: int
    month: int | None = None
    day: int | None = None


class Item(Struct, frozen=True, rename="camel"):
    """A line of GitHub's bill of a month: quantities in `unit_type`, amounts in USD."""

    sku: str
    unit_type: str = ""
    price_per_unit: float = 0.0
    gross_quantity: float = 0.0
    gross_amount: float = 0.0
    net_amount: float = 0.0

    @property
    def is_minutes(self) -> bool:
        """Whether it is of running jobs, not of storing things."""
        return self.unit_type.lower().startswith("min")

    @property
    def is_artifact_storage(self) -> bool:
        """Whether it is of storing artifacts."""
        return self.sku.lower().replace(" ", "_") == "actions_storage"


class _Usage(Struct, frozen=True, rename="camel"):
    time_period: _Period
    usage_items: tuple[Item, ...] = ()


def artifacts(github: GitHub) -> list[Artifact]:
    """Artifacts that are alive, newest first, until a page has none; DeliveryError when there are too many."""
    found: list[Artifact] = []
    path = f"/repos/{github.repository}/actions/artifacts"
    for number, page in enumerate(github.pages(path, _Artifacts, needs="actions: read")):
        alive = [one for one in page.artifacts if not one.expired]
        if not alive:
            break
        if number == MOST_PAGES:
            raise DeliveryError(
                f"more than {100 * MOST_PAGES:,} artifacts are alive, at least {gigabytes(found):.3g} GB."
            )
        found += alive
    return found


def gigabytes(stored: list[Artifact]) -> float:
    """How much they are, in GB of 10⁹ bytes."""
    return sum(one.size_in_bytes for one in stored) / GB


def gigabyte_hours(stored: list[Artifact], start: datetime, now: datetime) -> float:
    """GB times the hours each was there between two times, of those that are alive."""
    ages = ((one.size_in_bytes, max(one.created_at or start, start)) for one in stored)
    return sum(size / GB * max(0.0, (now - since).total_seconds()) / _HOUR for size, since in ages)


def caches(github: GitHub) -> Caches:
    """The caches, as GitHub counted them in the last five minutes."""
    return github.get(f"/repos/{github.repository}/actions/cache/usage", Caches, needs="actions: read")


def retention(github: Getting) -> Retention:
    """How long GitHub keeps artifacts and logs."""
    path = f"/repos/{github.repository}/actions/permissions/artifact-and-log-retention"
    return github.get(path, Retention, needs="administration: read")


def billed(github: GitHub, owner: Owner, now: datetime) -> tuple[Item, ...]:
    """GitHub's own bill of Actions for this repository and month.

    The summary of a month is asked for: the list without `day` has what it says of a whole month on its first day.
    """
    is_organization = owner.kind == "Organization"
    place = f"{'organizations' if is_organization else 'users'}/{github.repository.partition('/')[0]}"
    found = github.get(
        f"/{place}/settings/billing/usage/summary",
        _Usage,
        needs="organization-administration: read" if is_organization else "plan: read",
        query={"year": now.year, "month": now.month, "repository": github.repository, "product": "actions"},
    )
    period = found.time_period
    if (period.year, period.month, period.day) != (now.year, now.month, None):
        raise DeliveryError(f"GitHub's bill is not of {now:%Y-%m}, but of {period.year}-{period.month}-{period.day}.")
    return found.usage_items
