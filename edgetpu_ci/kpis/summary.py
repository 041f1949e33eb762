"""From what was counted to measurements: the one place where a key figure gets its interval, its n and its past.

A figure of fewer than five is unknown, with how many there were. `of` says in the plural what is counted, such as
"merged pull requests in 30 days"; `before` is the same of the window just before, None where that is not known.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from edgetpu_ci import metrics, stats
from edgetpu_ci.model import Earlier, Measurement
from edgetpu_ci.stats import ranks, shares
from edgetpu_ci.stats.shares import Share

Details = tuple[tuple[str, str], ...]

FEWEST: Final = 5

CONFIDENCE: Final = 1 - 0.01 / 50
"""Of a difference to the window before: where nothing moved, one in a hundred reports of fifty figures has an arrow."""

_SHOWN: Final = (0.75, 0.9, 0.95)


def share(
    subject: str, metric: str, part: Share, before: Share | None = None, *, of: str, details: Details = ()
) -> Measurement:
    """Some of all, in percent, with Wilson's interval; moved where Fisher's exact test says so."""
    k, n = part
    if n < FEWEST:
        return unknown(subject, metric, too_few(n, of), n=n, details=details)
    low, high = shares.wilson(k, n)
    return Measurement(
        subject=subject,
        metric=metric,
        value=100 * k / n,
        n=n,
        interval=(100 * low, 100 * high),
        earlier=_earlier_share(part, before),
        details=(("counted", f"{k:,} of {n:,} {of}"), *details),
    )


def spread(
    subject: str,
    metric: str,
    values: Iterable[float],
    before: Iterable[float] | None = None,
    *,
    of: str,
    details: Details = (),
) -> Measurement:
    """The median with the interval that holds it, whatever the distribution; p75, p90 and p95 among the details.

    Quantiles are of type 7 and describe just these values. Moved where the Mann-Whitney test says so.
    """
    ordered = sorted(values)
    if len(ordered) < FEWEST:
        return unknown(subject, metric, too_few(len(ordered), of), n=len(ordered), details=details)
    shown = metrics.find(metric)
    quantiles = ((f"p{100 * q:g}", metrics.amount(stats.percentile(ordered, q), shown)) for q in _SHOWN)
    return Measurement(
        subject=subject,
        metric=metric,
        value=stats.percentile(ordered, 0.5),
        n=len(ordered),
        interval=stats.percentile_interval(ordered, 0.5),
        earlier=_earlier_spread(ordered, before),
        details=(*quantiles, ("counted", f"{len(ordered):,} {of}"), *details),
    )


def count(
    subject: str,
    metric: str,
    counted: int,
    before: int | None = None,
    *,
    per: float = 1.0,
    details: Details = (),
) -> Measurement:
    """What was counted, over `per` (such as the weeks of the window); moved where an equal time had more or fewer.

    All of it was seen, so that there is no interval, and none is a figure as good as any.
    """
    earlier = (
        None
        if before is None
        else Earlier(value=before / per, n=before, moved=shares.counts_differ(before, counted, CONFIDENCE))
    )
    return Measurement(subject=subject, metric=metric, value=counted / per, n=counted, earlier=earlier, details=details)


def plain(
    subject: str, metric: str, value: float, *, n: int = 0, earlier: Earlier | None = None, details: Details = ()
) -> Measurement:
    """A figure that is what it is: a state now, a sum, a length."""
    return Measurement(subject=subject, metric=metric, value=float(value), n=n, earlier=earlier, details=details)


def unknown(subject: str, metric: str, reason: str, *, n: int = 0, details: Details = ()) -> Measurement:
    """A figure without a value, and why: "not known: " and the reason."""
    return Measurement(subject=subject, metric=metric, reason=f"not known: {reason}", n=n, details=details)


def too_few(n: int, of: str) -> str:
    """The reason where fewer than five were there."""
    found = {0: "no", 1: "only one among"}.get(n, f"only {n}")
    return f"{found} {of}; {FEWEST} are needed"


def listed(counts: Iterable[tuple[str, int]]) -> str:
    """How many of each, where there are any: "3 cancelled, 1 skipped", or "none"."""
    return ", ".join(f"{n:,} {what}" for what, n in counts if n) or "none"


def not_kept(unseen: int) -> str:
    """How many are open of which nothing is kept."""
    return listed([("that changed last before rows are kept", unseen)])


def _earlier_share(part: Share, before: Share | None) -> Earlier | None:
    if before is None or before[1] < FEWEST:
        return None
    return Earlier(value=100 * before[0] / before[1], n=before[1], moved=shares.differ(before, part, CONFIDENCE))


def _earlier_spread(values: Sequence[float], before: Iterable[float] | None) -> Earlier | None:
    earlier = sorted(before or ())
    if len(earlier) < FEWEST:
        return None
    return Earlier(
        value=stats.percentile(earlier, 0.5), n=len(earlier), moved=ranks.differ(earlier, values, CONFIDENCE)
    )
