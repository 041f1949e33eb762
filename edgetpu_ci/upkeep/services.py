"""What storing and the services around cost: by what GitHub counts, or by prices that a user gives."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci.kpis import summary
from edgetpu_ci.ledger import Account
from edgetpu_ci.model import REPOSITORY, Measurement
from edgetpu_ci.upkeep import account, forecast
from edgetpu_ci.upkeep.account import Artifact, Caches, Item, Retention
from edgetpu_ci.upkeep.asking import No

Amount = Annotated[float, Meta(ge=0, le=1e12)]

_HOURS: Final = 3600


class Service(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service that is paid for: a fixed price a month, and one for each unit (such as a GB, a message) of `units`."""

    usd_per_month: Amount = 0.0
    usd_per_unit: Amount = 0.0
    units: Amount = 0.0


def estimate(metric: str, service: Service | None, option: str) -> Iterator[Measurement]:
    """What a service costs in a month, by the price that was given; nothing where none was."""
    if service is None:
        return
    usd = service.usd_per_month + service.usd_per_unit * service.units
    price = f"{service.usd_per_month:g} USD a month + {service.units:g} × {service.usd_per_unit:g} USD"
    details = (("estimated", price), ("window", "one month"), ("source", f"`{option}` of the configuration"))
    yield summary.plain(REPOSITORY, metric, usd, details=details)


def artifacts(stored: list[Artifact] | No, now: datetime) -> Measurement:
    """How much artifacts hold now."""
    metric = "artifact_storage_gb"
    if isinstance(stored, No):
        return summary.unknown(REPOSITORY, metric, stored.why)
    hours = account.gigabyte_hours(stored, forecast.month(now)[0], now)
    details = (_now(now), ("this month", f"{hours:,.4g} GB-hours of what is alive"))
    return summary.plain(REPOSITORY, metric, account.gigabytes(stored), n=len(stored), details=details)


def artifact_cost(
    stored: list[Artifact] | No, bill: Sequence[Item] | No, price: float | None, now: datetime, *, is_public: bool | No
) -> Iterator[Measurement]:
    """What storing artifacts cost this month, before what the plan includes; the price is given, or GitHub's bill's.

    Nothing where nobody tells a price.
    """
    metric = "artifact_storage_cost_usd"
    start, end = forecast.month(now)
    prices = _prices(bill, price, (end - start).total_seconds() / _HOURS)
    if is_public is True:
        prices = [(0.0, "none: a public repository")]
    if not prices:
        return
    if missing := [part.why for part in (stored, is_public) if isinstance(part, No)]:
        yield summary.unknown(REPOSITORY, metric, missing[0])
    elif not isinstance(stored, No):
        yield _stored(stored, prices[0], start, now)


def _stored(stored: list[Artifact], price: tuple[float, str], start: datetime, now: datetime) -> Measurement:
    hours = account.gigabyte_hours(stored, start, now)
    rate, said = price
    details = (forecast.so_far(now), ("price", said), ("GB-hours", f"{hours:,.4g}"))
    return summary.plain(REPOSITORY, "artifact_storage_cost_usd", hours * rate, n=len(stored), details=details)


def _prices(bill: Sequence[Item] | No, price: float | None, hours: float) -> list[tuple[float, str]]:
    """USD a GB-hour and the same in words, the price that was given first."""
    given = [] if price is None else [(price / hours, "the configuration")]
    lines = () if isinstance(bill, No) else bill
    told = [(_per_hour(line, hours), "GitHub's bill") for line in lines if line.is_artifact_storage]
    return [(rate, f"{rate:.6g} USD a GB-hour, by {source}") for rate, source in given + told]


def _per_hour(line: Item, hours: float) -> float:
    is_hours = "hour" in line.unit_type.lower()
    return line.price_per_unit if is_hours else line.price_per_unit / hours


def caches(held: Caches | No, now: datetime) -> Measurement:
    """How much caches hold now."""
    if isinstance(held, No):
        return summary.unknown(REPOSITORY, "cache_storage_gb", held.why)
    size = held.active_caches_size_in_bytes / account.GB
    return summary.plain(REPOSITORY, "cache_storage_gb", size, n=held.active_caches_count, details=(_now(now),))


def retention(kept: Retention | No) -> Measurement:
    """For how many days artifacts and logs are kept."""
    if isinstance(kept, No):
        return summary.unknown(REPOSITORY, "artifact_retention_days", kept.why)
    most = kept.maximum_allowed_days
    details = (("window", "within a week"), *((("at most", f"{most} days"),) if most else ()))
    return summary.plain(REPOSITORY, "artifact_retention_days", kept.days, details=details)


def billed(bill: Sequence[Item] | No, own: float | None, now: datetime) -> Measurement:
    """What GitHub billed for Actions, beside what the jobs cost by our count."""
    metric = "billed_month_to_date_usd"
    if isinstance(bill, No):
        return summary.unknown(REPOSITORY, metric, bill.why)
    gross = sum(line.gross_amount for line in bill)
    used = sum(line.gross_quantity for line in bill if line.is_minutes)
    running = sum(line.net_amount for line in bill if line.is_minutes)
    ours = (("jobs, by our count", f"{own:,.2f} USD; by GitHub's {running:,.2f} USD"),) if own is not None else ()
    details = (forecast.so_far(now), ("before discounts", f"{gross:,.2f} USD"), ("minutes", f"{used:,.0f}"), *ours)
    return summary.plain(
        REPOSITORY, metric, sum(line.net_amount for line in bill), n=len(bill), details=(*details, _SOURCE)
    )


def calls(spent: Mapping[str, Account]) -> Measurement:
    """How many requests this run sent, by resource."""
    details = tuple((f"limit of {resource}", _told(account)) for resource, account in sorted(spent.items()))
    sent = sum(account.requests for account in spent.values())
    return summary.plain(REPOSITORY, "api_calls_used", sent, details=(("window", "this run, until now"), *details))


def _told(account: Account) -> str:
    points = f", {account.cost:,} points" if account.cost != account.requests else ""
    left = account.allowance
    rest = f"; {left.remaining:,} of {left.limit:,} left until {left.resets:%H:%M} UTC" if left else ""
    return f"{account.requests:,} requests{points}{rest}"


_SOURCE: Final = ("source", "GitHub's billing, which is some hours behind")


def _now(now: datetime) -> tuple[str, str]:
    return ("window", f"as of {now:%Y-%m-%d %H:%M} UTC")
