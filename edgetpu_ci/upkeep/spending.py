"""What running jobs costs this month, and will have cost at its end: pure, from the minutes they used."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from edgetpu_ci.kpis import attempts, summary
from edgetpu_ci.kpis.summary import Details
from edgetpu_ci.model import REPOSITORY, Measurement
from edgetpu_ci.upkeep import forecast, minutes
from edgetpu_ci.upkeep.minutes import Used

NOTHING_KEPT: Final = "no workflow runs are kept; list `use: github`, which keeps them, before `use: cost`"

_SHOWN: Final = 5

_MINUTES, _COST = "minutes_month_to_date", "cost_month_to_date_usd"
_FORECAST, _SHARE = "cost_forecast_usd", "budget_used_percent"


class Spent(Struct, frozen=True, kw_only=True):
    """All jobs that are known, oldest first, and what is to be said of them.

    `first` is from when on every run is kept, None when none was read, and `erased` that some are gone; nobody read the
    jobs yet of `unread` of the runs that `ended` in that time; `included` minutes are part of the plan; `budget` is USD
    a month.
    """

    uses: tuple[Used, ...]
    now: datetime
    first: datetime | None
    erased: str = ""
    unread: int = 0
    ended: int = 0
    included: float = 0.0
    budget: float | None = None

    @property
    def of_month(self) -> list[Used]:
        """Those of this month."""
        return minutes.between(self.uses, forecast.month(self.now)[0], self.now)


def measure(spent: Spent) -> Iterator[Measurement]:
    """Minutes, cost, forecast and what of the budget is used; then the same minutes by workflow and by label."""
    if why := _missing(spent):
        yield from unknown(why, spent.budget)
        return
    month, details = spent.of_month, _details(spent)
    yield summary.plain(REPOSITORY, _MINUTES, minutes.total(month), n=len(month), details=details)
    cost = _cost(spent, month, details)
    yield cost
    yield _forecast(spent, details)
    yield from _budget(spent, cost)
    period = details[:1]
    yield from _parts("workflow", month, lambda one: one.workflow, period)
    yield from _parts("runner", month, lambda one: " ".join(one.labels) or "label not known", period)


def unknown(why: str, budget: float | None) -> Iterator[Measurement]:
    """The figures of the whole repository, when none is known."""
    names = (_MINUTES, _COST, _FORECAST, *([_SHARE] if budget else []))
    yield from (summary.unknown(REPOSITORY, name, why) for name in names)


def incomplete(spent: Spent) -> Iterator[str]:
    """What is missing in the cost, a sentence each."""
    if left := minutes.unpriced(spent.of_month):
        yield (
            f"{left:,} of {minutes.total(spent.of_month):,} minutes of this month have no price: "
            f"{_step(spent.of_month)} of `use: cost`."
        )
    if spent.unread:
        yield f"The jobs of {spent.unread:,} runs were not read yet; the minutes they used are not counted."


def _missing(spent: Spent) -> str:
    """Why the minutes of this month are not known; a sum of some of them would be too small."""
    if spent.first is None:
        return NOTHING_KEPT
    if spent.first > forecast.month(spent.now)[0]:
        if spent.erased:
            return spent.erased
        return (
            f"runs are kept only from {spent.first:%Y-%m-%d %H:%M} UTC on; `use: github` goes on reading, or its "
            "`retention_days` are too few"
        )
    return attempts.too_many_unread(spent.unread, spent.ended)


def _details(spent: Spent) -> Details:
    month = spent.of_month
    own, free = (minutes.total(some) for some in ([u for u in month if u.is_own], [u for u in month if u.usd == 0]))
    larger = minutes.total(u for u in month if u.usd and not u.is_standard)
    counted = [
        ("self-hosted", own),
        ("free", free - own),
        ("on larger runners", larger),
        ("without a price", minutes.unpriced(month)),
    ]
    since = (("kept since", f"{spent.first:%Y-%m-%d}"),) if spent.first else ()
    parts = ", ".join(f"{n:,} {what}" for what, n in counted if n) or "all on standard runners"
    return (forecast.so_far(spent.now), ("minutes", parts), *since, ("source", "jobs of kept runs × published rates"))


def _cost(spent: Spent, month: Sequence[Used], details: Details) -> Measurement:
    if why := _without_price(month):
        return summary.unknown(REPOSITORY, _COST, why, details=details)
    priced = [one for one in month if one.usd is not None]
    bill = forecast.bill(priced)
    used = f"{min(bill.minutes, spent.included):,.0f} of {spent.included:,.0f} used by this repository"
    included = (("included minutes", used),) if spent.included else ()
    listed = (("list price", f"{bill.standard + bill.larger:.2f} USD"), *included)
    return summary.plain(REPOSITORY, _COST, bill.net(spent.included), n=len(priced), details=(*details, *listed))


def _without_price(uses: Sequence[Used]) -> str:
    """Why nothing can be said of what they cost; empty where of some of them it can."""
    if not uses or any(one.usd is not None for one in uses):
        return ""
    return f"of {minutes.unpriced(uses):,} minutes none has a price: {_step(uses)}"


def _step(uses: Iterable[Used]) -> str:
    """What is missing for the price of those that have none: the kind of their runner, or the rate of a kind."""
    without = [one for one in uses if one.usd is None]
    if rateless := sorted({one.sku for one in without if one.sku}):
        return f"there is no rate of {', '.join(rateless)}; give one under `rates`"
    labels = sorted({" ".join(one.labels) for one in without if one.labels})
    if not labels:
        return "the labels of their jobs were not read yet"
    return f"what kind of runner is {', '.join(labels[:_SHOWN])} is not known; name it under `runners`"


def _forecast(spent: Spent, details: Details) -> Measurement:
    days = forecast.days_known(spent.first, spent.now)
    if days < forecast.FEWEST:
        why = f"runs are kept of {days} days; {forecast.FEWEST} are needed"
        return summary.unknown(REPOSITORY, _FORECAST, why, n=days, details=details)
    if why := _without_price(spent.uses):
        return summary.unknown(REPOSITORY, _FORECAST, why, n=days, details=details)
    told = forecast.forecast(spent.uses, days, spent.included, spent.now)
    end = forecast.month(spent.now)[1]
    how = (("until", f"{end:%Y-%m-%d} 00:00 UTC"), ("from", f"the mean of the last {days} days, for each day left"))
    return Measurement(
        subject=REPOSITORY,
        metric=_FORECAST,
        value=told.usd,
        n=days,
        interval=told.interval,
        details=(*how, *_against(told, spent.budget), *details),
    )


def _against(told: forecast.Forecast, budget: float | None) -> Details:
    if budget is None:
        return ()
    low, high = told.interval
    said = "within" if high <= budget else "beyond" if low > budget else "not sure to be within"
    return (("budget", f"{said} {budget:,.2f} USD"),)


def _budget(spent: Spent, cost: Measurement) -> Iterator[Measurement]:
    """What of the budget is used, where there is one."""
    if not spent.budget:
        return
    if cost.value is None:
        yield summary.unknown(REPOSITORY, _SHARE, cost.reason.removeprefix("not known: "))
        return
    details = (forecast.so_far(spent.now), ("budget", f"{spent.budget:,.2f} USD a month"))
    yield summary.plain(REPOSITORY, _SHARE, 100 * cost.value / spent.budget, n=cost.n, details=details)


def _parts(what: str, month: Iterable[Used], name: Callable[[Used], str], details: Details) -> Iterator[Measurement]:
    """Minutes and list price of each workflow, or of each kind of runner, for those who share the bill."""
    parts: dict[str, list[Used]] = {}
    for one in month:
        parts.setdefault(name(one), []).append(one)
    for subject, uses in sorted(parts.items()):
        yield summary.plain(subject, f"{what}_minutes_month_to_date", minutes.total(uses), n=len(uses), details=details)
        if priced := [one for one in uses if one.usd is not None]:
            left = minutes.unpriced(uses)
            more = (("without a price", f"{left:,} minutes"),) if left else ()
            price = minutes.cost(priced)
            yield summary.plain(
                subject, f"{what}_cost_month_to_date_usd", price, n=len(priced), details=(*details, *more)
            )
        else:
            metric = f"{what}_cost_month_to_date_usd"
            yield summary.unknown(subject, metric, _step(uses), n=len(uses), details=details)
