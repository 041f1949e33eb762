"""Trying whether both agree, and whether it is noticed when one of them decides otherwise."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.incidents.record import Observation
from edgetpu_ci.stack import rules
from tests.fakes.agreement import ours, theirs, timelines
from tests.fakes.agreement.ours import Minute
from tests.fakes.agreement.timelines import Scenario

WAITS: Final = "its time is over, and no run has said so yet"
ENDS: Final = "Prometheus ends with the first good value"


class Tried(NamedTuple):
    """How many scenarios and checks, the alerts that fired in them, what was left out and why, and what differs.

    `direct` are the checks that Prometheus decides by itself.
    """

    scenarios: int
    checks: int
    direct: int
    firing: int
    left_out: Mapping[str, int]
    disagreements: str


class Mutant(NamedTuple):
    """An evaluator that decides otherwise: by other rules, or by what it takes runs to say."""

    name: str
    rule: Callable[[AlertRule], AlertRule] = lambda rule: rule
    seen: Callable[[Observation], Observation] = lambda seen: seen


class Prepared:
    """A scenario, and what Prometheus sees of it, in a folder of its own."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.scenario, self.file = scenario, folder / "test.yml"
        self._asked = theirs.rendered(scenario)
        self._values = theirs.exported(scenario, self._asked, folder)

    def write(self, decided: Sequence[Minute]) -> int:
        """What must fire; how many checks that makes."""
        return theirs.write(self.file, self._asked, self._values, decided)


def prepared(seed: int, count: int, folder: Path) -> list[Prepared]:
    """So many scenarios, the same for the same seed."""
    return [Prepared(one, folder / str(number)) for number, one in enumerate(timelines.scenarios(seed, count))]


def agreement(ready: Sequence[Prepared]) -> Tried:
    """Whether both decide alike in all of them."""
    checks, direct, firing, left_out = 0, 0, 0, Counter[str]()
    for one in ready:
        scenario = one.scenario
        decided = ours.decided(scenario, [ours.as_prometheus(rule) for rule in scenario.rules])
        checks += one.write(decided)
        direct += sum(_direct(scenario, minute) for minute in decided)
        firing += sum(len(labels) for minute in decided for labels in minute.firing.values())
        left_out[WAITS] += sum(len(minute.waiting) for minute in decided)
        left_out[ENDS] += _differing(decided, ours.decided(scenario, scenario.rules))
    return Tried(len(ready), checks, direct, firing, left_out, theirs.disagreements([one.file for one in ready]))


def noticed_in(mutant: Mutant, ready: Sequence[Prepared]) -> int | None:
    """In which of them it is noticed that a mutant decides otherwise; None when it is not."""
    for number, one in enumerate(ready, 1):
        mutated = [mutant.rule(ours.as_prometheus(rule)) for rule in one.scenario.rules]
        one.write(ours.decided(one.scenario, mutated, mutant.seen))
        if theirs.disagreements([one.file]):
            return number
    return None


def _direct(scenario: Scenario, minute: Minute) -> int:
    return sum(rules.is_direct(rule) and rule.name not in minute.waiting for rule in scenario.rules)


def _differing(these: Sequence[Minute], those: Sequence[Minute]) -> int:
    """The alerts of the same minute that do not fire alike."""
    both = zip(these, those, strict=True)
    return sum(one.firing[name] != other.firing[name] for one, other in both for name in one.firing)


def _at_the_limit(rule: AlertRule) -> AlertRule:
    """Values are drawn a billionth beside it, or more."""
    if rule.above is not None:
        return replace(rule, above=rule.above - 1e-10)
    return rule if rule.below is None else replace(rule, below=rule.below + 1e-10)


def _otherwise_together(rule: AlertRule) -> AlertRule:
    other = {"max": "min", "min": "max", "sum": "avg", "avg": "sum", "count": "count"}
    return replace(rule, over=other[rule.over or ("min" if rule.above is None else "max")])


def _unscaled(rule: AlertRule) -> AlertRule:
    if rule.above is not None:
        return replace(rule, above=rule.above / 100)
    return rule if rule.below is None else replace(rule, below=rule.below / 100)


def _longer_in_a_row(rule: AlertRule) -> AlertRule:
    if rule.streak_above is not None:
        return replace(rule, streak_above=rule.streak_above + 1)
    return rule if rule.missing_above is None else replace(rule, missing_above=rule.missing_above + 1)


def _longer_silence(rule: AlertRule) -> AlertRule:
    return (
        rule if rule.silent_above_hours is None else replace(rule, silent_above_hours=rule.silent_above_hours + 1 / 60)
    )


def _without_machine(seen: Observation) -> Observation:
    return replace(seen, labels={name: value for name, value in seen.labels.items() if name != "machine"})


def _unknown_is_good(seen: Observation) -> Observation:
    return replace(seen, standing="good") if seen.standing == "unknown" else seen


MUTANTS: Final = (
    Mutant("a value on the limit is bad", rule=_at_the_limit),
    Mutant("values are brought together otherwise", rule=_otherwise_together),
    Mutant("the limit is not scaled", rule=_unscaled),
    Mutant("`for` is ignored", rule=lambda rule: replace(rule, for_="")),
    Mutant("a streak is one run longer", rule=_longer_in_a_row),
    Mutant("one good run too many ends it", rule=lambda rule: replace(rule, resolve_after=rule.resolve_after + 1)),
    Mutant("silence is a minute longer", rule=_longer_silence),
    Mutant("the label machine is dropped", seen=_without_machine),
    Mutant("what is unknown is good", seen=_unknown_is_good),
)
