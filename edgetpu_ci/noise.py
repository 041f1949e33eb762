"""How much a runner's noise hides: measured on what did not change, and what follows for its verdicts. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import exp, log, sqrt
from statistics import median
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from edgetpu_ci import stats
from edgetpu_ci.judging import demand, interleaved
from edgetpu_ci.model import Comparison, Measurement, Rule, Runner
from edgetpu_ci.stats import disturbance, paired, ranks

METRIC: Final = "throughput_sustained_fps"
"""What a self-test looks at: what rules about changes read, and what other work disturbs least."""

REJECTED: Final = 0.05
"""A self-test finds a change in a model, where there is none, when its two-sided p is at most this: 1 in 20 do."""

TOO_MANY: Final = 0.01
"""Chance of so many of them, by the exact binomial test, below which the runner is not to be believed."""

RECENT: Final = 5
"""The floor of a runner is the median of so many self-tests: one bad quarter of an hour is no bad runner."""

CLEAN: Final = 5
"""So many clean self-tests in a row bring a runner back."""

SURE: Final = 3.0
"""A change whose whole interval lies beyond so many floors is one on any runner."""


class Gauge(Struct, frozen=True, kw_only=True):
    """What rounds of a model against itself say: `ratio` would be 1 without noise.

    `floor` is half the 99 % interval of 30 rounds, as a fraction; `p` is two-sided.
    """

    subject: str
    ratio: float
    interval: tuple[float, float]
    floor: float
    p: float
    rounds: int
    dropped: int


class SelfTest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One self-test of a runner: at least one model measured against itself."""

    at: Annotated[datetime, Meta(tz=True)]
    gauges: Annotated[tuple[Gauge, ...], Meta(min_length=1)]
    contended: str = ""

    @property
    def floor(self) -> float:
        """Of the usual model, as a fraction."""
        return median(gauge.floor for gauge in self.gauges)

    @property
    def rejected(self) -> int:
        """In how many models a change was found where there is none."""
        return sum(gauge.p <= REJECTED for gauge in self.gauges)


def gauge(subject: str, pairs: Sequence[tuple[float, float]], disturbed: Sequence[bool]) -> Gauge | None:
    """What the rounds of both arms (all above zero) say; None when they are too few for an interval.

    Disturbed rounds are left out as a comparison does, unless so few are left that it would say nothing: then they are
    what this runner is like.
    """
    levels = [-(log(base) + log(head)) / 2 for base, head in pairs]
    out = [any(why) for why in zip(disturbance.contended(levels), disturbed, strict=True)]
    if sum(out) > paired.MOST_DROPPED * len(out) or out.count(False) < paired.LOOKS[0]:
        out = [False] * len(out)
    differences = [log(head / base) for (base, head), dropped in zip(pairs, out, strict=True) if not dropped]
    bounds = ranks.walsh_interval(differences, stats.CONFIDENCE)
    if bounds is None:
        return None
    # An interval shrinks with the root of the rounds.
    half = (bounds[1] - bounds[0]) / 2 * sqrt(len(differences) / paired.LOOKS[-1])
    p = 2 * min(ranks.signed_rank_p(differences), ranks.signed_rank_p([-difference for difference in differences]))
    return Gauge(
        subject=subject,
        ratio=_short(exp(ranks.centre(differences))),
        interval=(_short(exp(bounds[0])), _short(exp(bounds[1]))),
        floor=_short(exp(half) - 1),
        p=_short(min(1.0, p)),
        rounds=len(differences),
        dropped=sum(out),
    )


def standing(tests: Sequence[SelfTest], allowed: float) -> Runner:
    """What the record of a runner, oldest first, says of it where changes of `allowed` (a fraction) are to be told."""
    quarantine, first, clean = "", 0, 0
    for number, test in enumerate(tests, 1):
        clean = clean + 1 if _is_clean(test, allowed) else 0
        if quarantine and clean < CLEAN:
            continue
        # What put it out is over; the tests that brought it back go on counting.
        first = number - CLEAN if quarantine else first
        quarantine = _noisy(tests[first:number], allowed)
    return Runner(
        tests=len(tests),
        at=tests[-1].at if tests else None,
        floor=_floor(tests) if tests else None,
        allowed=allowed,
        quarantine=quarantine,
        clean=clean,
    )


def demanded(measurements: Sequence[Measurement], rules: Sequence[Rule]) -> float:
    """The smallest change that rules demand to hear of in what a self-test looks at, as a fraction."""
    known = demand.of_changes(measurements, rules)
    return min((_effect(known[m.key]) for m in measurements if m.metric == METRIC and m.key in known), default=_LEAST)


def quarantined(
    comparisons: Sequence[Comparison], demands: Mapping[str, demand.Least], tests: Sequence[SelfTest]
) -> tuple[Comparison, ...]:
    """Comparisons by rounds, with what a runner cannot tell made inconclusive: neither a false failure, nor a pass.

    Each is held against its own demand: who is too noisy for 1 % may tell 5 %. And each against the noise of its own
    model, where self-tests measured it: one model of a quiet runner may be noisy.
    """
    return tuple(
        _held(found, _effect(demands[found.key]), tests) if found.pairs and found.key in demands else found
        for found in comparisons
    )


def _held(found: Comparison, effect: float, tests: Sequence[SelfTest]) -> Comparison:
    told = _doubted(found, standing(tests, effect))
    return _noisy_itself(told, max(effect, found.min_effect or 0.0), tests)


_TWO_DIGITS: Final = 0.1
_LEAST: Final = interleaved.LEAST_PERCENT / 100


def _effect(least: demand.Least) -> float:
    # No runner tells a change of nothing from none.
    return least.effect or _LEAST


def _doubted(found: Comparison, runner: Runner) -> Comparison:
    if not runner.quarantine or _is_sure(found, runner.floor or 0.0):
        return found
    return replace(
        found,
        finding="inconclusive",
        because=f"{runner.quarantine}; {way_back(runner)}",
        rounds_needed=None,
        worth_a_look=False,
    )


def _noisy_itself(found: Comparison, allowed: float, tests: Sequence[SelfTest]) -> Comparison:
    floor = _floor_of(found.subject, tests)
    if floor <= allowed or found.finding == "inconclusive" or _is_sure(found, floor):
        return found
    because = f"this model is too noisy on this runner (its floor {percent(floor)}, allowed {percent(allowed)})"
    return replace(found, finding="inconclusive", because=because, rounds_needed=None, worth_a_look=False)


def _floor_of(subject: str, tests: Sequence[SelfTest]) -> float:
    """Of one model, by its newest self-tests; 0 where none measured it."""
    known = [gauge.floor for test in tests for gauge in test.gauges if gauge.subject == subject]
    return median(known[-RECENT:]) if known else 0.0


def _is_sure(found: Comparison, floor: float) -> bool:
    if found.finding not in {"regressed", "improved"} or found.interval is None or found.interval[0] <= 0:
        return False
    return min(abs(log(bound)) for bound in found.interval) > SURE * log(1 + floor)


def way_back(runner: Runner) -> str:
    """How a runner that is out comes back."""
    left = CLEAN - runner.clean
    more = f"{left} more" if runner.clean else f"{left}"
    return f"{more} clean self-test{'s in a row bring' if left > 1 else ' brings'} it back: `edgetpu-ci selftest`"


def percent(fraction: float) -> str:
    """A noise floor as people read it."""
    return f"{100 * fraction:.2g} %" if fraction < _TWO_DIGITS else f"{fraction:,.0%}".replace("%", " %")


def _is_clean(test: SelfTest, allowed: float) -> bool:
    return not _noisy([test], allowed)


def _noisy(tests: Sequence[SelfTest], allowed: float) -> str:
    """Why a runner is not to decide anything; empty when it may."""
    floor = _floor(tests)
    if floor > allowed:
        return f"noisy runner (floor {percent(floor)}, allowed {100 * allowed:g} %)"
    rejected, of = sum(test.rejected for test in tests), sum(len(test.gauges) for test in tests)
    if stats.binomial_tail(rejected, of, REJECTED) < TOO_MANY:
        return f"noisy runner (it found a change in {rejected} of {of} unchanged models)"
    return ""


def _floor(tests: Sequence[SelfTest]) -> float:
    return median(test.floor for test in tests[-RECENT:])


def _short(value: float) -> float:
    """What a record needs to know of a number."""
    return float(f"{value:.5g}")
