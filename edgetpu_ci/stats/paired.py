"""The A/B decision: base and head measured in the same rounds, looked at after 10, 20 and 30 of them. Pure."""

from collections.abc import Sequence
from math import asinh, ceil, exp, inf, log
from statistics import NormalDist, fmean
from typing import Literal

from msgspec import Struct

from edgetpu_ci import stats
from edgetpu_ci.model import Finding
from edgetpu_ci.stats import disturbance, multiplicity, ranks

LOOKS = (10, 20, 30)
"""Usable rounds at which is looked; with fewer than the first nothing is said."""

MAY_FAIL = 20
"""The first look that may fail."""

FAMILY_ERROR = 0.005
"""Chance that unchanged code gives any `regressed` at one of the two looks that may fail, over the whole family."""

FUTILE = 0.05
"""A metric whose p is above this in both directions leaves at a look: failing would be futile to wait for."""

WORTH_A_LOOK = 0.10
"""Share of chance findings among those marked (Benjamini-Hochberg)."""

MOST_DROPPED = 1 / 3
"""Of the rounds taken: with more of them contended the host is too busy to compare on."""

MOST_NEEDED = 100_000
"""More rounds than these nobody takes: then none are named."""

_POWER = 0.8
_UNCHANGED = 0.05
_ROUNDING = 1e-9
"""A change that is exactly the least that matters does matter, however its logarithm is rounded."""

Direction = Literal["lower", "higher"]


class Paired(Struct, frozen=True, kw_only=True):
    """One metric measured in rounds: `pairs` has the slot statistics (base, head) of each, all above zero.

    `orders` and `disturbed` are empty or have an item for each round: which arm came first, and whether clocks that
    do not see the difference found the round contended. `effect` is the smallest change that matters, as a fraction of
    the metric, `floor` the same in the metric's unit. Where looks were held while it was measured, `looks` has for each
    which of the rounds until then were disturbed; else they are held where they would have been.
    """

    id: str
    pairs: tuple[tuple[float, float], ...]
    better: Direction = "lower"
    orders: tuple[Literal["AB", "BA"], ...] = ()
    disturbed: tuple[bool, ...] = ()
    effect: float = 0.01
    floor: float = 0.0
    looks: tuple[tuple[bool, ...], ...] = ()


class Decision(Struct, frozen=True, kw_only=True):
    """What the rounds say of one metric.

    `ratio` is head / base of the metric itself with its 99 % interval; `p` is one-sided, towards `improved` when that
    is the finding and else towards worse; `rounds` are those that count, `dropped` those too disturbed to.
    `rounds_needed` is how many would probably decide. `settled`: no further round would be taken. `kept` has the
    places of the rounds that count.
    """

    id: str
    finding: Finding
    ratio: float | None
    interval: tuple[float, float] | None
    p: float
    p_adjusted: float
    rounds: int
    rounds_needed: int | None
    dropped: int
    worth_a_look: bool
    because: str
    notes: tuple[str, ...]
    settled: bool
    kept: tuple[int, ...]


def slot(samples: Sequence[float], better: Direction = "lower") -> float:
    """The statistic of a slot: p10 of its samples, p90 where higher is better, since disturbance only ever slows."""
    return stats.percentile(sorted(samples), 0.1 if better == "lower" else 0.9)


def decide(metrics: Sequence[Paired], family: int, *, patient: bool = False) -> tuple[Decision, ...]:
    """Replay the looks over the rounds that are there.

    `family` counts the metrics fixed before the first round, also those that left or bring no rounds. Who is `patient`
    lets a metric stay that is inconclusive and that the rounds still to come would probably decide. That spends no
    error either: what may fail at a look is bounded there, whoever has left before.
    """
    standing: dict[str, _Standing] = {}
    present = list(metrics)
    for number in range(len(LOOKS)):
        standing |= _stand([look for metric in present if (look := _look(metric, number))], family)
        left = {name for name, found in standing.items() if found.settled(patient=patient)}
        present = [metric for metric in present if metric.id not in left]
    for metric in metrics:
        if metric.id not in standing:
            standing |= _stand([_take(metric, 0, _disturbed(metric))], family)
    return tuple(_decision(standing[metric.id], patient=patient) for metric in metrics)


def counted(metric: Paired) -> int:
    """How many of the rounds so far count."""
    return len(_take(metric, 0, _disturbed(metric)).kept)


class _Look(Struct, frozen=True):
    """What is seen of a metric when `target` rounds were wanted: of those `taken`, `kept` count.

    `differences` of all that were taken are logarithms of head over base, turned so that worse is above zero, and
    `levels` how slow both arms were.
    """

    metric: Paired
    target: int
    kept: tuple[int, ...]
    differences: tuple[float, ...]
    levels: tuple[float, ...]

    @property
    def counted(self) -> tuple[float, ...]:
        return tuple(self.differences[place] for place in self.kept)

    @property
    def dropped(self) -> tuple[float, ...]:
        return tuple(difference for place, difference in enumerate(self.differences) if place not in self.kept)


class _Standing(Struct, frozen=True):
    """A metric after a look: p towards worse and towards better, alone and in the family, and what follows."""

    look: _Look
    p: tuple[float, float]
    adjusted: tuple[float, float]
    likely: bool
    finding: Finding
    because: str
    needed: int | None

    def settled(self, *, patient: bool) -> bool:
        """Whether it takes no further round: decided, at the last look, or futile."""
        if self.look.target == LOOKS[-1] or self.finding in ("regressed", "improved"):
            return True
        stays = patient and self.needed is not None and self.needed <= LOOKS[-1]
        return self.look.target > 0 and min(self.p) > FUTILE and not _contended(self.look) and not stays


def _look(metric: Paired, number: int) -> _Look | None:
    """A look as it was held; else at the first rounds of which enough count, or at all where the rounds end before.

    None where so many rounds were not taken, or too few of them count to say anything.
    """
    look, target = None, LOOKS[number]
    if metric.looks:
        look = _take(metric, target, metric.looks[number]) if number < len(metric.looks) else None
    else:
        disturbed = _disturbed(metric)
        for taken in range(target, len(disturbed) + 1):
            look = _take(metric, target, disturbed[:taken])
            if len(look.kept) >= target:
                break
    return look if look and len(look.kept) >= LOOKS[0] else None


def _disturbed(metric: Paired) -> tuple[bool, ...]:
    return metric.disturbed or (False,) * len(metric.pairs)


def _take(metric: Paired, target: int, disturbed: Sequence[bool]) -> _Look:
    """The first rounds, as many as are told of, without those that were disturbed."""
    sign = _sign(metric)
    logs = [(sign * log(base), sign * log(head)) for base, head in metric.pairs[: len(disturbed)]]
    levels = tuple((base + head) / 2 for base, head in logs)
    out = zip(disturbance.contended(levels), disturbed, strict=True)
    kept = tuple(place for place, why in enumerate(out) if not any(why))
    return _Look(metric, target, kept, tuple(head - base for base, head in logs), levels)


def _stand(looks: Sequence[_Look], family: int) -> dict[str, _Standing]:
    """What follows from a look at all metrics that are still there."""
    worse = {look.metric.id: ranks.signed_rank_p(look.counted) for look in looks}
    better = {look.metric.id: ranks.signed_rank_p([-difference for difference in look.counted]) for look in looks}
    likely = multiplicity.likely(worse, family, WORTH_A_LOOK) | multiplicity.likely(better, family, WORTH_A_LOOK)
    worse_adjusted, better_adjusted = multiplicity.holm(worse, family), multiplicity.holm(better, family)
    standing = {}
    for look in looks:
        name = look.metric.id
        adjusted = worse_adjusted[name], better_adjusted[name]
        finding, because = _find(look, adjusted)
        needed = _needed(look, family) if finding == "inconclusive" else None
        p = worse[name], better[name]
        standing[name] = _Standing(look, p, adjusted, name in likely, finding, because, needed)
    return standing


def _find(look: _Look, adjusted: tuple[float, float]) -> tuple[Finding, str]:
    if reason := _undecidable(look):
        return "inconclusive", reason
    centre, least = ranks.centre(look.counted), _least(look)
    if look.target >= MAY_FAIL and adjusted[0] <= FAMILY_ERROR and centre >= least:
        return "regressed", ""
    if look.target >= MAY_FAIL and adjusted[1] <= FAMILY_ERROR and centre <= -least:
        return "improved", ""
    _, worst = ranks.walsh_interval(look.counted, 1 - 2 * _UNCHANGED) or (-inf, inf)
    if worst >= least:
        return "inconclusive", f"it may be {100 * abs(exp(_sign(look.metric) * worst) - 1):.1f} % worse"
    if reason := _leaning(look):
        return "inconclusive", reason
    return "unchanged", ""


def _undecidable(look: _Look) -> str:
    """Why these rounds say nothing; empty when they do."""
    kept, taken = len(look.kept), len(look.differences)
    if _contended(look):
        reason = f"other work disturbed {taken - kept} of {taken} rounds; a calmer host would decide"
        return _leaning(look) or reason
    if kept < LOOKS[0]:
        return f"{kept} of at least {LOOKS[0]} rounds that count"
    return ""


def _leaning(look: _Look) -> str:
    """What is odd where head was mostly slower in disturbed rounds than in the others; empty where nothing is."""
    usual = ranks.centre(look.counted) if look.counted else inf
    if ranks.signed_rank_p([difference - usual for difference in look.dropped]) > _UNCHANGED:
        return ""
    return f"the {len(look.dropped)} rounds left out as disturbed were slower in head, which may be its own doing"


def _contended(look: _Look) -> bool:
    return len(look.dropped) > MOST_DROPPED * len(look.differences)


def _least(look: _Look) -> float:
    """The smallest change that matters, as a logarithm."""
    effect, sign = look.metric.effect, _sign(look.metric)
    # 10 % less throughput is 11 % more time: the effect is meant of the metric itself.
    least = log(1 + effect) if sign > 0 else -log(1 - effect) if effect < 1 else inf
    # Two values about a geometric mean of g, apart by the floor, are apart by this ratio.
    floor = 2 * asinh(look.metric.floor / (2 * exp(sign * fmean(look.levels))))
    return max(least, floor) - _ROUNDING


def _decision(standing: _Standing, *, patient: bool) -> Decision:
    look, sign = standing.look, _sign(standing.look.metric)
    counted, towards = look.counted, int(standing.finding == "improved")
    interval = ranks.walsh_interval(counted, stats.CONFIDENCE)
    low, high = sorted(exp(sign * bound) for bound in interval) if interval else (None, None)
    return Decision(
        id=look.metric.id,
        finding=standing.finding,
        ratio=exp(sign * ranks.centre(counted)) if counted else None,
        interval=None if low is None or high is None else (low, high),
        p=standing.p[towards],
        p_adjusted=standing.adjusted[towards],
        rounds=len(counted),
        rounds_needed=standing.needed,
        dropped=len(look.dropped),
        worth_a_look=standing.likely and standing.finding in ("unchanged", "inconclusive"),
        because=standing.because,
        notes=_notes(look),
        settled=standing.settled(patient=patient),
        kept=look.kept,
    )


def _needed(look: _Look, family: int) -> int | None:
    """How many rounds would decide with 80 % chance, were the change what it seems to be.

    The interval of the ranks gives the standard error, which shrinks with the root of the rounds.
    """
    normal = NormalDist()
    bounds = ranks.walsh_interval(look.counted, 0.68)
    if not bounds or _contended(look):
        return None
    centre, least = ranks.centre(look.counted), _least(look)
    error = (bounds[1] - bounds[0]) / 2
    gap, alpha, first = least - centre, _UNCHANGED, LOOKS[0]
    if centre >= least:
        gap, alpha, first = centre, FAMILY_ERROR / family, MAY_FAIL
    if gap <= 0:
        return None
    rounds = len(look.kept)
    needed = rounds * ((normal.inv_cdf(1 - alpha) + normal.inv_cdf(_POWER)) * error / gap) ** 2
    return max(ceil(needed), rounds + 1, first) if needed <= MOST_NEEDED else None


def _notes(look: _Look) -> tuple[str, ...]:
    if len(look.kept) < LOOKS[0]:
        return ()
    orders = [look.metric.orders[place] for place in look.kept] if look.metric.orders else []
    return tuple(filter(None, (disturbance.drift(look.levels), disturbance.order(look.counted, orders))))


def _sign(metric: Paired) -> int:
    # Turned so that worse, and slower, is above zero.
    return 1 if metric.better == "lower" else -1
