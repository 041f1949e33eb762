"""Compare head with a base measured in the same rounds: facts exactly, the rest by the ranks of its rounds. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from glob import escape
from statistics import median
from typing import Final, NamedTuple

from msgspec import Struct

from edgetpu_ci import metrics, validity
from edgetpu_ci.judging import burdens, compare, demand, spoilt
from edgetpu_ci.model import Base, Collected, Comparison, Measurement, Rounds, Rule
from edgetpu_ci.stats import paired
from edgetpu_ci.stats.paired import Decision, Paired

DEFAULTS: Final = ("*/throughput_sustained_fps", "*/time_ms", "*/throughput_per_second", "*/value_*")
"""Of what a change is told where the configuration demands nothing of any: what a user waits for."""

LEAST_PERCENT: Final = 1.0

OF_BASE: Final = "its base: "
"""What stands before the reason where only the base broke while it was measured."""

# Rounds without ranks have a logarithm of zero, or sides that do not match.
_NO_RANKS: Final = "some of its rounds are not above zero, or are missing on one side; demand a band of it"
_SAME_FILE: Final = "the model is the same file on both sides"


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
    return frozenset(demand.of_changes(measured, rules)) & set(known)


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
    valid = {m.key for m in validity.counted(measurements)}
    exact = [key for key in shared if key in valid and metrics.find(now[key].metric).deterministic]
    facts = [compare.exact(before[key], now[key], base.kind) for key in exact]
    known = _paired(measurements, base.measurements, base.rounds, rules, family)
    decided = _decide(known, family)
    speeds = [_comparison(now[key], known[key], found, base.rounds) for key, found in decided.items()]
    undecidable = [
        compare.of_values(before[key], now[key], "inconclusive", "base commit", _NO_RANKS)
        for key in shared
        if key in family - set(known) and now[key].subject in base.rounds
    ]
    burdened = [found for key in shared if (found := burdens.find(before[key], now[key]))]
    alike = [
        compare.of_values(m, m, "unchanged", "base commit", _SAME_FILE)
        for key, m in now.items()
        if m.subject in base.alike - set(base.rounds) and key in family
    ]
    broken = _broken(measurements, base)
    measured = [_void(one, broken) for one in (*speeds, *undecidable, *burdened, *alike)]
    return Compared((*facts, *measured), tuple(dict.fromkeys(_notes(decided, base.rounds))))


def _broken(measurements: Sequence[Measurement], base: Base) -> dict[str, str]:
    """The subjects of which a side broke while it was measured, and how."""
    of_base = validity.invalid(base.measurements)
    return {name: f"{OF_BASE}{why}" for name, why in of_base.items()} | validity.invalid(measurements)


def _void(found: Comparison, broken: Mapping[str, str]) -> Comparison:
    """Nothing is said of a change where a side broke."""
    if found.subject not in broken:
        return found
    return Comparison(
        subject=found.subject,
        metric=found.metric,
        base=found.base,
        head=found.head,
        finding="inconclusive",
        against=found.against,
        because=broken[found.subject],
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
    demands = demand.of_changes(head, rules)
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


def _rounds_of(base: Measurement, head: Measurement, rounds: Rounds, least: demand.Least) -> Paired:
    better: paired.Direction = "higher" if metrics.find(head.metric).better == "higher" else "lower"
    return Paired(
        id=head.key,
        pairs=tuple(zip(base.slots, head.slots, strict=True)),
        better=better,
        orders=rounds.orders,
        disturbed=tuple(bool(what) for what in rounds.disturbed),
        looks=rounds.looks,
        effect=max(least.effect, demand.floor_of(base.metric, median(base.slots), least.floor_ms)),
    )


def _comparison(head: Measurement, rounds: Paired, found: Decision, known: Mapping[str, Rounds]) -> Comparison:
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
        because=_because(found, known[head.subject].disturbed),
    )


def _because(found: Decision, disturbed: Sequence[str]) -> str:
    if found.finding == "inconclusive" and (cause := spoilt.cause(disturbed)):
        return cause
    if found.rounds_needed is None:
        return found.because
    return f"{found.because}; about {found.rounds_needed} rounds would decide"
