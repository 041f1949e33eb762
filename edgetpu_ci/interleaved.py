"""Compare head with a base measured in the same rounds: facts exactly, the rest by the ranks of its rounds. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from glob import escape
from statistics import fmean, median
from typing import Final, NamedTuple

from msgspec import Struct

from edgetpu_ci import compare, judge, metrics, paired, ranks
from edgetpu_ci.model import Base, Collected, Comparison, Measurement, Rounds, Rule
from edgetpu_ci.paired import Decision, Paired

DEFAULTS: Final = ("*/throughput_sustained_fps", "*/time_ms", "*/throughput_per_second", "*/value_*")
"""Of what a change is told where the configuration demands nothing of any: what a user waits for."""

LEAST_PERCENT: Final = 1.0

UNEVEN_ERROR: Final = 0.005
"""Chance of saying that the head waits, fails or throttles more when it does not, for each model."""


class _Burden(Struct, frozen=True):
    """Something the head may do worse than its base beside it: which way is worse, by how much, and what is said."""

    sign: int
    least: float
    because: str


_BURDENS: Final = {
    "run_queue_wait_percent": _Burden(1, 1.0, "the head waits longer for a CPU than the base beside it: its own doing"),
    "error_rate_percent": _Burden(1, 0.0, "the head fails more often than the base beside it"),
    "cpu_clock_mhz": _Burden(-1, 20.0, "the CPU is clocked lower under the head than under the base: it throttles"),
}


def rules(demanded: Sequence[Rule], series: Iterable[str]) -> tuple[Rule, ...]:
    """The rules of a configuration; where none is about a change, also that none is worse by 1 % than its base."""
    if any(rule.worse_by_percent is not None for rule in demanded):
        return tuple(demanded)
    known = list(series)
    found = [glob for glob in DEFAULTS if any(fnmatchcase(key, glob) for key in known)]
    return (*demanded, *(Rule(match=glob, worse_by_percent=LEAST_PERCENT, unknown="warn") for glob in found))


def alike(base: Base) -> tuple[Rule, ...]:
    """What is the same file on both sides must answer the same, whatever runs it."""
    return tuple(map(same_answers, sorted(base.alike & set(base.rounds))))


def same_answers(subject: str) -> Rule:
    """That a model answers as its base does."""
    return Rule(match=f"{escape(subject)}/output_mismatch_percent", max=0)


def demanded(series: Iterable[str], rules: Sequence[Rule]) -> frozenset[str]:
    """Of what can be measured in rounds, each `subject/metric`, what a rule demands to hear of: the family."""
    known = {key: key.rpartition("/") for key in series}
    measured = [
        Measurement(subject=subject, metric=name)
        for subject, _, metric in known.values()
        # A rule about what other work disturbs is one about its calm metric.
        for name in (metric, *(other.name for other in metrics.CATALOGUE if other.calm == metric))
    ]
    return frozenset(compare.demands(measured, rules)) & set(known)


class Standing(NamedTuple):
    """How far a subject is: how many of its rounds count, and whether further ones would change what is said."""

    counted: int
    settled: bool


def standing(taken: Collected, rules: Sequence[Rule], family: frozenset[str]) -> dict[str, Standing]:
    """How far each subject is, as far as the least known of its metrics; nothing is open where nothing is demanded."""
    found = {name: Standing(known.disturbed.count(""), settled=True) for name, known in taken.rounds.items()}
    known = _paired(taken.measurements, taken.base, taken.rounds, rules, family)
    for key, decision in _decide(known, family).items():
        subject = key.rpartition("/")[0]
        counted = min(found[subject].counted, paired.counted(known[key]))
        found[subject] = Standing(counted, found[subject].settled and decision.settled)
    return found


class Compared(Struct, frozen=True):
    """What changed, and in words what else the rounds showed: drift, order, disturbance."""

    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]


def compare_rounds(
    measurements: Sequence[Measurement], base: Base, rules: Sequence[Rule], family: frozenset[str]
) -> Compared:
    """Compare with a base commit: facts, then all metrics of the family together, then what burdens the head more."""
    before = {measurement.key: measurement for measurement in base.measurements if measurement.value is not None}
    now = {measurement.key: measurement for measurement in measurements if measurement.value is not None}
    shared = [key for key in now if key in before]
    facts = [compare.exact(before[k], now[k], base.kind) for k in shared if metrics.find(now[k].metric).deterministic]
    known = _paired(measurements, base.measurements, base.rounds, rules, family)
    decided = _decide(known, family)
    speeds = [_comparison(now[key], known[key], found) for key, found in decided.items()]
    undecidable = [
        _undecidable(before[key], now[key])
        for key in shared
        if key in family - set(known) and now[key].subject in base.rounds
    ]
    burdens = [found for key in shared if (found := _burden(before[key], now[key]))]
    alike = [_alike(m) for key, m in now.items() if m.subject in base.alike - set(base.rounds) and key in family]
    return Compared(
        (*facts, *speeds, *undecidable, *burdens, *alike), tuple(dict.fromkeys(_notes(decided, base.rounds)))
    )


def _notes(decided: Mapping[str, Decision], rounds: Mapping[str, Rounds]) -> Iterator[str]:
    for key, found in decided.items():
        yield from (f"{key.rpartition('/')[0]}: {note}." for note in found.notes)
    for subject, known in rounds.items():
        disturbed = [what for what in known.disturbed if what]
        if disturbed:
            counted = f"{len(disturbed)} of {len(known.disturbed)} rounds"
            yield f"{subject}: {counted} were disturbed ({disturbed[0]}) and do not count."


def _decide(known: Mapping[str, Paired], family: frozenset[str]) -> dict[str, Decision]:
    decided = paired.decide(list(known.values()), max(len(family), len(known)), patient=True)
    return {decision.id: decision for decision in decided}


def _paired(
    head: Sequence[Measurement],
    base: Sequence[Measurement],
    rounds: Mapping[str, Rounds],
    rules: Sequence[Rule],
    family: frozenset[str],
) -> dict[str, Paired]:
    """The rounds of each metric of the family that both sides have."""
    before = {measurement.key: measurement for measurement in base}
    demands = compare.demands(head, rules)
    return {
        m.key: _rounds_of(before[m.key], m, rounds[m.subject], demands[m.key])
        for m in head
        if m.key in family
        and m.key in before
        and m.key in demands
        and m.subject in rounds
        and _has_rounds(before[m.key], m)
    }


def _has_rounds(base: Measurement, head: Measurement) -> bool:
    return bool(head.slots) and len(base.slots) == len(head.slots) and min(*base.slots, *head.slots) > 0


def _rounds_of(base: Measurement, head: Measurement, rounds: Rounds, demand: compare.Demand) -> Paired:
    better: paired.Direction = "higher" if metrics.find(head.metric).better == "higher" else "lower"
    return Paired(
        id=head.key,
        pairs=tuple(zip(base.slots, head.slots, strict=True)),
        better=better,
        orders=rounds.orders,
        disturbed=tuple(bool(what) for what in rounds.disturbed),
        looks=rounds.looks,
        effect=max(demand.effect, judge.floor_of(base.metric, median(base.slots), demand.floor_ms)),
    )


def _comparison(head: Measurement, rounds: Paired, found: Decision) -> Comparison:
    counted = tuple(rounds.pairs[place] for place in found.kept) or rounds.pairs
    return Comparison(
        subject=head.subject,
        metric=head.metric,
        base=median(base for base, _ in counted),
        head=median(head for _, head in counted),
        finding=found.finding,
        ratio=found.ratio,
        interval=found.interval,
        p=found.p,
        p_adjusted=found.p_adjusted,
        rounds=found.rounds,
        rounds_needed=found.rounds_needed,
        dropped=found.dropped,
        pairs=counted,
        min_effect=rounds.effect,
        worth_a_look=found.worth_a_look,
        against="base commit",
        because=_because(found),
    )


def _because(found: Decision) -> str:
    if found.rounds_needed is None:
        return found.because
    return f"{found.because}; about {found.rounds_needed} rounds would decide"


def _undecidable(base: Measurement, head: Measurement) -> Comparison:
    """What was measured in rounds and has no ranks: a logarithm of zero, or sides that do not match."""
    return Comparison(
        subject=head.subject,
        metric=head.metric,
        base=base.value or 0.0,
        head=head.value or 0.0,
        finding="inconclusive",
        against="base commit",
        because="some of its rounds are not above zero, or are missing on one side; demand a band of it",
    )


def _burden(base: Measurement, head: Measurement) -> Comparison | None:
    """What disturbs the head more than its base in the same rounds is the head's own doing."""
    known = _BURDENS.get(head.metric)
    if known is None or not head.slots or len(base.slots) != len(head.slots):
        return None
    worse = [known.sign * (now - then) for then, now in zip(base.slots, head.slots, strict=True)]
    # Rounds in which neither did anything of the kind say nothing of who does more.
    if fmean(worse) <= known.least or ranks.signed_rank_p([change for change in worse if change]) > UNEVEN_ERROR:
        return None
    return Comparison(
        subject=head.subject,
        metric=head.metric,
        base=fmean(base.slots),
        head=fmean(head.slots),
        finding="regressed",
        rounds=len(worse),
        against="base commit",
        because=known.because,
    )


def _alike(head: Measurement) -> Comparison:
    value = head.value or 0.0
    return Comparison(
        subject=head.subject,
        metric=head.metric,
        base=value,
        head=value,
        finding="unchanged",
        against="base commit",
        because="the model is the same file on both sides",
    )
