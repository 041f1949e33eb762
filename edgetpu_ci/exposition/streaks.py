"""In how many runs in a row the demand of each alert was broken, by the reports one after the other. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.exposition.families import OWN
from edgetpu_ci.exposition.record import Labels, Sample
from edgetpu_ci.incidents import alert as alerts
from edgetpu_ci.incidents import evaluate
from edgetpu_ci.incidents.record import Alert, Observation, Sighting, Watched

_NAMES: Final = OWN["alert_bad_runs"].labels


@dataclass
class Streaks:
    """What `incidents.machine` makes of the same observations, without its incidents, and told apart by labels alone.

    The store's own book cannot tell it: people close incidents by hand, and what no job looked at is not in it.
    """

    rules: Sequence[AlertRule]
    watched: dict[Labels, Watched] = field(default_factory=dict)
    alerts: dict[Labels, Alert] = field(default_factory=dict)

    def take(self, observations: Iterable[Observation], now: datetime) -> None:
        """What one run observed; what is unknown, or older than what is known, counts neither way."""
        rules = {rule.name: rule for rule in self.rules}
        for seen in observations:
            key = tuple(seen.labels.items())
            known = self.watched.get(key)
            if seen.standing != "unknown" and (known is None or _order(known.last) < _order(seen.seen)):
                good = known.good if known else None
                before = Watched(fingerprint="", rule=seen.rule, labels=seen.labels, last=seen.seen, good=good)
                self.watched[key] = replace(before, good=seen.seen) if seen.standing == "good" else before
                self._count(key, before, seen, rules[seen.rule], now)

    def samples(self) -> Iterator[Sample]:
        """Of each alert that may be: as long as it is pending or fires, else 0."""
        for key, one in self.watched.items():
            yield Sample(_labels(one), self.alerts[key].bad_runs if key in self.alerts else 0, one.last.at)

    def heard(self, remembered: Iterable[Watched] = ()) -> list[Sample]:
        """Of each alert on silence when there was last a value, in seconds since 1970.

        What the store's own book has `remembered` reaches further back than the reports that are read: who has been
        silent for long is not to be forgotten by a server that begins anew.
        """
        silent = {rule.name: rule for rule in self.rules if rule.silent_above_hours is not None}
        found: dict[Labels, datetime] = {}
        for one in (*remembered, *self.watched.values()):
            rule = silent.get(one.rule)
            if rule and one.good and evaluate.belongs(rule, one.labels):
                labels = _labels(one)
                found[labels] = max(one.good.at, found.get(labels, one.good.at))
        return [Sample(labels, at.timestamp(), at) for labels, at in found.items()]

    def _count(self, key: Labels, before: Watched, seen: Observation, rule: AlertRule, now: datetime) -> None:
        alert = self.alerts.get(key)
        if seen.standing == "bad":
            self.alerts[key] = alerts.after_bad(alert or alerts.begun(before, seen), seen, rule, now)
        elif alert:
            self.alerts[key] = alert = alerts.after_good(alert, seen)
            # One good run ends what is pending, as many as the rule wants what fires.
            if alert.state == "pending" or alert.good_runs >= rule.resolve_after:
                del self.alerts[key]


def _labels(one: Watched) -> Labels:
    named = {"rule": one.rule, **one.labels}
    return tuple((name, named[name]) for name in _NAMES if named.get(name))


def _order(seen: Sighting) -> tuple[datetime, str]:
    return seen.at, seen.report
