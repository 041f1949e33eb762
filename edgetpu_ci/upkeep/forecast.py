"""What a month will have cost at its end: so far, and as much for each day left as for a day of the last four weeks.

Four weeks have each weekday four times, so that working days and weekends weigh as they will. What a plan includes is
taken off at the end: of the price of standard runners, the share of minutes beyond it is paid.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import sqrt
from statistics import NormalDist
from typing import Final

from msgspec import Struct

from edgetpu_ci.upkeep import rates
from edgetpu_ci.upkeep.minutes import Used, between, cost

DAYS: Final = 28
FEWEST: Final = 7
"""Days that must be known before a month's end is told from them."""

_DAY: Final = timedelta(days=1)


class Bill(Struct, frozen=True):
    """List prices (USD) of standard and of larger runners, and what of the included minutes was used."""

    standard: float = 0.0
    larger: float = 0.0
    minutes: float = 0.0

    def plus(self, other: "Bill", times: float) -> "Bill":
        """Together with so many times the other."""
        return Bill(
            self.standard + times * other.standard,
            self.larger + times * other.larger,
            self.minutes + times * other.minutes,
        )

    def net(self, included: float) -> float:
        """What is paid (USD) when so many minutes are included: they pay for standard runners only."""
        share = 0.0 if self.minutes <= included else 1 - included / self.minutes
        return self.larger + self.standard * share


class Forecast(Struct, frozen=True):
    """USD at the month's end, its 95 % interval, and the days it was told from."""

    usd: float
    interval: tuple[float, float]
    days: int


def month(now: datetime) -> tuple[datetime, datetime]:
    """The beginning of the month (UTC), and of the next."""
    start = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return start, (start + 31 * _DAY).replace(day=1)


def so_far(now: datetime) -> tuple[str, str]:
    """Which period a figure of the month covers, as a detail."""
    return ("window", f"{month(now)[0]:%Y-%m-%d %H:%M} to {now:%Y-%m-%d %H:%M} UTC, the month so far")


def bill(uses: Sequence[Used]) -> Bill:
    """What jobs cost before anything is taken off."""
    standard = [one for one in uses if one.is_standard]
    paid = [one for one in standard if one.usd]
    return Bill(
        standard=cost(standard),
        larger=cost(one for one in uses if not one.is_standard),
        minutes=sum(one.minutes * rates.WEIGHTS.get(one.sku, 1) for one in paid),
    )


def days_known(first: datetime | None, now: datetime) -> int:
    """Whole days until now that are known, at most those that are looked at; `first` is the oldest that is kept."""
    return 0 if first is None else max(0, min(DAYS, (now - first) // _DAY))


def forecast(uses: Sequence[Used], days: int, included: float, now: datetime) -> Forecast:
    """The month's bill at its end, from the last `days` days (at least two).

    The interval is that of a sum of the days left, each as uncertain as days differ, their mean known from `days` of
    them (Student's t); what was spent already is its lower end at least.
    """
    start, end = month(now)
    bills = [bill(between(uses, now - (n + 1) * _DAY, now - n * _DAY)) for n in range(days)]
    left = (end - now) / _DAY
    spent = bill(between(uses, start, now))
    typical = Bill()
    for one in bills:
        typical = typical.plus(one, 1 / days)
    reach = _reach([one.standard + one.larger for one in bills], left)

    def net(factor: float) -> float:
        return spent.plus(typical, left * max(0.0, factor)).net(included)

    return Forecast(net(1.0), (net(1 - reach), net(1 + reach)), days)


def _reach(daily: Sequence[float], left: float) -> float:
    """Half the interval of the sum of the days left, as a part of that sum."""
    n = len(daily)
    mean = sum(daily) / n
    if not mean or not left:
        return 0.0
    variance = sum((value - mean) ** 2 for value in daily) / (n - 1)
    return student(n - 1) * sqrt(variance * (left + left * left / n)) / (mean * left)


def student(freedom: int, confidence: float = 0.95) -> float:
    """Half the width of Student's interval in standard errors, to 0.3 % from 6 degrees of freedom on.

    The expansion of Cornish and Fisher (1937).
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
