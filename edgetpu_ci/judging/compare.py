"""Compare a run with an earlier one: exact facts exactly, speeds by the ranks of their slots. Pure."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import comb, exp, inf, log
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import metrics, stats, validity
from edgetpu_ci.judging import demand, spoilt
from edgetpu_ci.model import SIMULATED, Base, BaseKind, Better, Comparison, Finding, Measurement, Rule, Run
from edgetpu_ci.stats import ranks

FAMILY_ERROR = 0.005
"""Chance that unchanged code gives any `regressed` by the test alone, over all metrics demanded."""

SLACK = 0.10
"""Where other work may disturb unseen or was seen to, a change between two runs must exceed this.

Other work moved the fastest slot of an unchanged model by at most 10.0 % between two runs, just below this, and the
median slot by 22 %: 146 runs of 10 slots, 93 of them under 0 to 3 random loads, on one virtual machine with 2 cores. By
this rule none of their 21,170 ordered pairs (which share runs) is a regression; made 25 % slower, 89 % are.
"""

LEAST_EFFECT = 0.05
"""Two runs at different times do not tell a smaller change from none, whatever a rule demands; a base beside can."""

_WITNESS = "cpu_time_p10_ms"

_COUNTED = frozenset({"ops", "ops_on_cpu", "ops_on_tpu"})
"""Numbers of operators, whose details are how many there are of each kind."""

_COUNT = re.compile("[0-9]{1,9}")
_NAMED = 3


def sequential(run: Run, base: Base, rules: Sequence[Rule]) -> tuple[Comparison, ...]:
    """Compare with a run made at another time.

    Speeds are compared only where a rule demands it: each further test is a further chance of a
    false alarm. What the host did between the two runs is no part of the slots' spread, so a
    change must also show in CPU time, which waiting does not lengthen, and in the fastest slots, which other
    work disturbed least.
    """
    before = {measurement.key: measurement for measurement in base.measurements if measurement.value is not None}
    now = {measurement.key: measurement for measurement in run.measurements if measurement.value is not None}
    demanded = demand.of_changes(run.measurements, rules)
    invalid = validity.invalid(run.measurements)
    valid = {m.key for m in validity.counted(run.measurements)}
    facts = [key for key in now if key in before and key in valid and metrics.find(now[key].metric).deterministic]
    speeds = [key for key in now if key in before and key in demanded and key not in facts]
    found = [_fact(before[key], now[key], base.kind) for key in facts]
    heated = spoilt.by_heat((*base.measurements, *run.measurements))
    for key in speeds:
        then, head = before[key], now[key]
        reason = invalid.get(head.subject) or heated.get(head.subject)
        if reason := reason or _undecidable(then, head, len(speeds)):
            found.append(of_values(then, head, "inconclusive", base.kind, reason))
        else:
            effect = max(demanded[key].effect, LEAST_EFFECT)
            test = _Test(effect, len(speeds), _disturbed(run, base), _witnesses(before, now, head))
            found.append(_speed(then, head, base, test))
    return tuple(found)


class _Test(Struct, frozen=True):
    """How one metric is tested: the effect that matters, the family, what disturbed, and a change's witnesses."""

    effect: float
    family: int
    disturbed: str
    witnesses: tuple[float, ...]


def _disturbed(run: Run, base: Base) -> str:
    """Why small differences between these two runs say nothing; empty when they do."""
    if run.contended or base.contended:
        return "the machine was busy with other work, so small differences between two runs say nothing"
    if run.machine.hypervisor:
        return "on a virtual machine, whose neighbours nobody sees, small differences between two runs say nothing"
    return ""


def _elsewhere(then: Measurement, head: Measurement) -> str:
    """That the two ran on different devices, whose difference says nothing of a model; empty when they did not."""
    if then.device in ("", head.device):
        return ""
    step = "name a device to measure one" if head.device.startswith(SIMULATED) else "accept a new baseline"
    return f"it ran on {head.device}, what it is compared with on {then.device}; {step}"


def _undecidable(then: Measurement, head: Measurement, family: int) -> str:
    """Why no test can tell these two apart; empty when one can."""
    if elsewhere := _elsewhere(then, head):
        return elsewhere
    if metrics.find(head.metric).better is None or not then.slots or not head.slots:
        return "it has no rounds, each of a process of its own, to compare; demand a band of it"
    if min(*then.slots, *head.slots) <= 0:
        return "some of its rounds are not above zero, which no measurement is"
    rounds, least = len(head.slots), family / comb(len(then.slots) + len(head.slots), len(head.slots))
    if least > FAMILY_ERROR:
        return f"{rounds} rounds against {len(then.slots)} cannot decide {family} metrics; raise `rounds`"
    return ""


def of_values(
    then: Measurement, head: Measurement, finding: Finding, against: BaseKind, because: str = ""
) -> Comparison:
    """Two values side by side, where no test says how sure their difference is."""
    return Comparison(
        subject=head.subject,
        metric=head.metric,
        base=then.value or 0.0,
        head=head.value or 0.0,
        finding=finding,
        against=against,
        because=because,
    )


def _fact(then: Measurement, head: Measurement, against: BaseKind) -> Comparison:
    """What a file says is the same everywhere; what a model answers is held against the same device alone."""
    elsewhere = "" if validity.is_of_file(head) else _elsewhere(then, head)
    return of_values(then, head, "inconclusive", against, elsewhere) if elsewhere else exact(then, head, against)


def exact(then: Measurement, head: Measurement, against: BaseKind) -> Comparison:
    """Compare what is the same each time it is measured: any difference is one, and the better way an improvement."""
    was, now = then.value or 0.0, head.value or 0.0
    finding = _of_fact(was, now, metrics.find(head.metric).better)
    because = _operators(then, head) if head.metric in _COUNTED and finding != "unchanged" else ""
    return replace(of_values(then, head, finding, against, because), ratio=now / was if was else None)


def _operators(then: Measurement, head: Measurement) -> str:
    """Of which operators there are more or fewer: `2 RESIZE_BILINEAR more`; empty where one side names none."""
    was, now = (Counter({name: int(n) for name, n in m.details if _COUNT.fullmatch(n)}) for m in (then, head))
    if was.total() != (then.value or 0) or now.total() != (head.value or 0):
        return ""
    more, fewer = (now - was).most_common(_NAMED), (was - now).most_common(_NAMED)
    said = [*(f"{n} {name} more" for name, n in more), *(f"{n} {name} fewer" for name, n in fewer)]
    return ", ".join(said)


def _of_fact(was: float, now: float, better: Better | None) -> Finding:
    if now == was:
        return "unchanged"
    return "improved" if better in {"lower", "higher"} and (now < was) == (better == "lower") else "regressed"


def _speed(then: Measurement, head: Measurement, base: Base, test: _Test) -> Comparison:
    # Logarithms of "worse": a latency as it is, a throughput turned round.
    sign = -1 if metrics.find(head.metric).better == "higher" else 1
    old, new = ([sign * log(slot) for slot in m.slots] for m in (then, head))
    low, high = ranks.shift_interval(old, new, stats.CONFIDENCE)
    worse_p = min(1.0, test.family * ranks.rank_sum_p(old, new))
    better_p = min(1.0, test.family * ranks.rank_sum_p(new, old))
    shifts = (*_shifts(old, new), *test.witnesses)
    finding, because = _find(test, sign, shifts, (low, high), (worse_p, better_p))
    return Comparison(
        subject=head.subject,
        metric=head.metric,
        base=median(then.slots),
        head=median(head.slots),
        ratio=exp(sign * ranks.shift(old, new)),
        interval=(exp(min(sign * low, sign * high)), exp(max(sign * low, sign * high))),
        p=min(worse_p, better_p) / test.family,
        p_adjusted=min(worse_p, better_p),
        rounds=len(head.slots),
        finding=finding,
        against=base.kind,
        because=because,
    )


def _find(
    test: _Test, sign: int, shifts: tuple[float, ...], interval: tuple[float, float], p: tuple[float, float]
) -> tuple[Finding, str]:
    effect = _as_log(test.effect, sign)
    least = max(effect, SLACK) if test.disturbed else effect
    if p[0] <= FAMILY_ERROR and min(shifts) >= least:
        return "regressed", ""
    if p[1] <= FAMILY_ERROR and max(shifts) <= -least:
        return "improved", ""
    if interval[1] < effect:
        return "unchanged", ""
    if p[0] <= FAMILY_ERROR and shifts[0] >= least and min(shifts) < effect:
        return "inconclusive", "wall time grew, but CPU time or the fastest rounds did not: other work may have done it"
    if test.disturbed:
        return "inconclusive", test.disturbed
    low, high = sorted(sign * bound for bound in interval)
    return "inconclusive", f"the change may lie between {_percent(low)} and {_percent(high)}"


def _as_log(effect: float, sign: int) -> float:
    # 10 % less throughput is 11 % more time: the effect is meant of the metric itself.
    if sign > 0:
        return log(1 + effect)
    return -log(1 - effect) if effect < 1 else inf


def _percent(shift: float) -> str:
    return f"{(exp(shift) - 1) * 100:+.1f} %".replace("-", "−")


def _witnesses(
    before: Mapping[str, Measurement], now: Mapping[str, Measurement], head: Measurement
) -> tuple[float, ...]:
    """How much longer the CPU worked, over all slots and in the fastest, as logarithms.

    Empty when that was not recorded, or is not where the model runs.
    """
    key = f"{head.subject}/{_WITNESS}"
    elsewhere = head.device and not head.device.startswith("cpu")
    if key not in before or key not in now or elsewhere:
        return ()
    old, new = before[key].slots, now[key].slots
    if not old or not new or min(*old, *new) <= 0:
        return ()
    return _shifts([log(slot) for slot in old], [log(slot) for slot in new])


def _shifts(old: Sequence[float], new: Sequence[float]) -> tuple[float, float]:
    return ranks.shift(old, new), min(new) - min(old)
