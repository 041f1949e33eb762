"""A comparison, or a change of level, as people say it. Pure."""

from edgetpu_ci import metrics
from edgetpu_ci.model import Comparison, Finding, Shift

_TWO_DIGITS = 10


def describe(comparison: Comparison) -> str:
    """A change in words, towards what a user feels: `4.1 % slower`, `12 % less`; `12 more` where there was nothing."""
    grew = comparison.head > comparison.base if comparison.ratio is None else comparison.ratio > 1
    # Operators and the like are counted, everything else is measured.
    smaller = "less" if metrics.find(comparison.metric).unit else "fewer"
    return f"{_size(comparison)} {pace(comparison.metric, grew=grew) or ('more' if grew else smaller)}"


def pace(metric: str, *, grew: bool) -> str:
    """Slower or faster, of what counts time either way round; empty of anything else."""
    unit = metrics.find(metric).unit
    if unit not in {"ms", "s", "1/s"}:
        return ""
    return "slower" if grew == (unit != "1/s") else "faster"


def _size(comparison: Comparison) -> str:
    metric = metrics.find(comparison.metric)
    # Of operators one counts each.
    if comparison.ratio is None or (metric.better == "exact" and not metric.unit):
        difference = metrics.amount(abs(comparison.head - comparison.base), metric)
        return f"{difference.removesuffix(' %')} percentage points" if metric.unit == "%" else difference
    # Throughput halves when a model takes twice as long: percent is of the metric itself.
    change = abs(comparison.ratio - 1) * 100
    return f"{change:,.0f} %" if change >= _TWO_DIGITS else f"{change:.2g} %"


def unchanged(comparison: Comparison) -> str:
    """What is said of a change that is not one: none was shown, or it is smaller than what matters."""
    if comparison.interval and not comparison.interval[0] <= 1 <= comparison.interval[1]:
        return f"{describe(comparison)}, likely less than matters"
    return "no change shown, worth a look" if comparison.worth_a_look else "no change shown"


def against(comparison: Comparison) -> str:
    """What it was compared with; of a previous run, that nobody accepted it."""
    return "previous run (not a baseline)" if comparison.against == "previous run" else comparison.against


def shift(found: Shift, metric: str) -> str:
    """A change of level in words: `3.1 % slower since 1a2b3c4 … 9f8e7d6 (4 commits), confirmed`."""
    changed = levels(metric, found.before, found.after, found.finding)
    places = " … ".join(point.commit[:7] or f"{point.at:%Y-%m-%d %H:%M}" for point in (found.good, found.bad))
    between = "" if found.commits is None else f" ({found.commits} commit{'' if found.commits == 1 else 's'})"
    return f"{describe(changed)} since {places}{between}, {found.tier}"


def levels(metric: str, before: float, after: float, finding: Finding) -> Comparison:
    """Two levels of a series as the comparison that is said of them."""
    ratio = after / before if before else None
    return Comparison(subject="", metric=metric, base=before, head=after, ratio=ratio, finding=finding)
