"""What was logged as something that somebody is told of: bad while it is logged, good once it is not. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.config.logged import RULES, LoggedRule
from edgetpu_ci.incidents.evaluate import belongs
from edgetpu_ci.incidents.record import Observation, Sighting, Watched
from edgetpu_ci.model import Report
from edgetpu_ci.observed import Level, Tally

Loud = Mapping[tuple[Level, str], Tally]
"""By level and name, how often each was logged."""

_LONGEST: Final = 300


class Logged(Struct, frozen=True, kw_only=True):
    """What a run, or a command that broke, logged: `seen` is which, `labels` which repository, branch and machine.

    A `whole` run also tells of what it did not log.
    """

    loud: Loud
    labels: Mapping[str, str]
    seen: Sighting
    whole: bool = True


def of_report(report: Report, loud: Loud, labels: Mapping[str, str]) -> Logged:
    """What the run of a report logged; runs of the repository and of each machine end only what is their own."""
    run = report.run
    seen = Sighting(at=run.at, commit=run.commit, pull_request=run.pull_request, url=run.url, report=run.id)
    return Logged(loud=loud, labels={**labels, "machine": run.machine.key}, seen=seen)


def observe(rules: Sequence[AlertRule], logged: Logged, known: Iterable[Watched] = ()) -> tuple[Observation, ...]:
    """How each event stands that a rule asks for: what was logged is bad, and what once was and is `known` is good."""
    asked = {RULES[rule.name].lower(): rule for rule in rules if isinstance(rule, LoggedRule)}
    bad = [
        _observation(asked[level], _labels(asked[level], name, logged.labels), tally, logged.seen)
        for (level, name), tally in logged.loud.items()
        if level in asked
    ]
    seen = {(one.rule, one.labels["subject"]) for one in bad}
    return (*bad, *(_good(asked.values(), logged, seen, known) if logged.whole else ()))


def _labels(rule: AlertRule, name: str, labels: Mapping[str, str]) -> dict[str, str]:
    return {**labels, "alertname": rule.name, "severity": rule.severity, "subject": name}


def _observation(rule: AlertRule, labels: dict[str, str], tally: Tally, seen: Sighting) -> Observation:
    return Observation(
        rule=rule.name, labels=labels, standing="bad", seen=replace(seen, value=tally.times), because=_because(tally)
    )


def _because(tally: Tally) -> str:
    """`collector_failed was logged twice, last: …`."""
    often = {1: "once", 2: "twice"}.get(tally.times, f"{tally.times:,} times")
    fields, error = tally.last.fields, tally.last.error
    reason = fields.get("reason") or fields.get("because") or (type(error).__name__ if error else "")
    last = f"{', last' if tally.times > 1 else ''}: {reason}" if reason else ""
    return f"{tally.last.name} was logged {often}{last}"[:_LONGEST]


def _good(
    rules: Iterable[LoggedRule], logged: Logged, bad: set[tuple[str, str]], known: Iterable[Watched]
) -> Iterator[Observation]:
    by_name = {rule.name: rule for rule in rules}
    for one in known:
        rule = by_name.get(one.rule)
        is_here = all(one.labels.get(name, value) == value for name, value in logged.labels.items())
        if rule and is_here and belongs(rule, one.labels) and (one.rule, one.labels["subject"]) not in bad:
            seen = replace(logged.seen, value=0.0)
            because = f"{one.labels['subject']} was not logged"
            yield Observation(rule=one.rule, labels=one.labels, standing="good", seen=seen, because=because)
