"""What fires by our evaluator: the reports of a timeline, looked at as they come."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from edgetpu_ci.alerting.looking import Looking
from edgetpu_ci.config import durations
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.incidents import evaluate, incident, machine, silence
from edgetpu_ci.incidents.record import Alert, Book, Observation
from edgetpu_ci.stack import rules as rendered
from tests.fakes import alerting
from tests.fakes.agreement.timelines import MINUTES, Scenario

Labels = frozenset[tuple[str, str]]
Seen = Callable[[Observation], Observation]


class Minute(NamedTuple):
    """The labels of what fires, by alert, and the alerts that only wait for a run to say that their time is over."""

    firing: dict[str, set[Labels]]
    waiting: set[str]


def decided(scenario: Scenario, rules: Sequence[AlertRule], seen: Seen = lambda one: one) -> list[Minute]:
    """Each minute; of other rules than those of the scenario, or with observations seen otherwise, for a mutant."""
    looking = Looking(rules=rules, group_by=machine.GROUPED, repository=alerting.LABELS["repo"])
    book, found = Book(), []
    for minute in range(MINUTES):
        now = alerting.at(minute)
        for report in scenario.reports.get(minute, ()):
            observed = evaluate.observe(rules, report, looking.labels(report), book.watched)
            book = machine.advance(book, [seen(one) for one in observed], rules, now)
        book = machine.advance(book, silence.observe(rules, book.watched, now), rules, now)
        open_ = tuple(one for one in book.incidents if one.is_open)
        book = replace(book, incidents=open_)
        alerts = [alert for one in open_ for alert in incident.firing(one)]
        waits = {one.rule for one in book.alerts if _is_due(one, rules, minute)}
        found.append(Minute(_by_rule(rules, alerts), waits))
    return found


def _by_rule(rules: Sequence[AlertRule], alerts: Sequence[Alert]) -> dict[str, set[Labels]]:
    return {rule.name: {frozenset(one.labels.items()) for one in alerts if one.rule == rule.name} for rule in rules}


def _is_due(alert: Alert, rules: Sequence[AlertRule], minute: int) -> bool:
    """Whether it is bad for long enough by the clock: ours fires with the next bad run, Prometheus at once."""
    rule = next(one for one in rules if one.name == alert.rule)
    lasting = durations.lasting(rule.for_, rule.name)
    return bool(lasting) and alerting.at(minute) - alert.bad.at >= lasting


def as_prometheus(rule: AlertRule) -> AlertRule:
    """A direct rule of Prometheus ends with the first good value."""
    return replace(rule, resolve_after=1) if rendered.is_direct(rule) else rule
