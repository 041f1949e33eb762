"""From what runs observe to incidents, across runs: pending, firing, resolved. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.incidents import alert as alerts
from edgetpu_ci.incidents import forgetting, keys
from edgetpu_ci.incidents import incident as incidents
from edgetpu_ci.incidents.evaluate import belongs
from edgetpu_ci.incidents.record import Alert, Book, Incident, Observation, Sighting, Watched

SKEW: Final = timedelta(minutes=10)
"""By how much the clocks of two runners may differ; what lies further ahead was said by one that jumped."""

ELSEWHERE: Final = timedelta(days=1)
"""For so long after the last run that could tell of it, an alert may be one of another configuration of the store."""

GROUPED: Final = Alerting().group_by

_RULE_GONE: Final = "no rule of the configuration asks for it any more"


def advance(
    book: Book,
    observations: Iterable[Observation],
    rules: Sequence[AlertRule],
    now: datetime,
    group_by: Sequence[str] = GROUPED,
) -> Book:
    """The book with what was observed; the same again changes nothing, nor does what is older than what is known.

    A bad run makes an alert pending, one that lasted fires: it joins the open incident of its group, or opens one. Good
    runs in a row end it, and what is unknown counts neither way. With its rule an alert ends too: at once where that
    was changed, after `ELSEWHERE` where nothing here is called so.
    """
    writing = _Writing(
        rules,
        now,
        group_by,
        {one.fingerprint: one for one in book.watched},
        {one.fingerprint: one for one in book.alerts},
        {(one.key, one.number): one for one in book.incidents},
        book.opened,
    )
    writing.end_ruleless()
    for seen in sorted(observations, key=lambda one: _order(one.seen)):
        writing.take(seen)
    written = replace(
        book,
        watched=tuple(writing.watched.values()),
        alerts=tuple(writing.pending.values()),
        incidents=tuple(writing.incidents.values()),
        opened=writing.opened,
    )
    return forgetting.forget(written, now)


def _order(seen: Sighting) -> tuple[datetime, str]:
    return seen.at, seen.report


@dataclass
class _Writing:
    """A book while it is written in: what is watched and pending by fingerprint, incidents by key and number."""

    rules: Sequence[AlertRule]
    now: datetime
    group_by: Sequence[str]
    watched: dict[str, Watched]
    pending: dict[str, Alert]
    incidents: dict[tuple[str, int], Incident]
    opened: int

    def end_ruleless(self) -> None:
        """What no rule asks for is forgotten; where it fires, that is said."""
        ruled = {name for name, one in self.watched.items() if self._is_asked(one.labels, one.last)}
        self.watched = {name: one for name, one in self.watched.items() if name in ruled}
        for name, one in self.incidents.items():
            gone = [alert for alert in incidents.firing(one) if not self._is_asked(alert.labels, alert.last)]
            if gone:
                self.incidents[name] = incidents.with_end(one, gone, _RULE_GONE, self.now)

    def take(self, seen: Observation) -> None:
        """One observation, where it is of a rule, can tell, and is news."""
        rule = self._rule(seen.labels)
        if rule is None or seen.standing == "unknown" or (watched := self._watch(seen)) is None:
            return
        if firing := self._firing(watched.fingerprint):
            self._continue(*firing, seen, rule)
            return
        alert = self.pending.pop(watched.fingerprint, None) or alerts.begun(watched, seen)
        if seen.standing == "bad":
            self._begin(alerts.after_bad(alert, seen, rule, self.now))

    def _is_asked(self, labels: Mapping[str, str], last: Sighting) -> bool:
        """Whether a rule asks for it, or one of another configuration may: an older commit's, or another file's."""
        is_changed = any(rule.name == labels.get("alertname") for rule in self.rules)
        return bool(self._rule(labels)) or (not is_changed and self.now - last.at <= ELSEWHERE)

    def _rule(self, labels: Mapping[str, str]) -> AlertRule | None:
        return next((rule for rule in self.rules if belongs(rule, labels)), None)

    def _watch(self, seen: Observation) -> Watched | None:
        """What was known before this run, now the newest; None where it is not, or was forgotten, or is yet to come."""
        name, ahead = keys.fingerprint(seen.labels), self.now + SKEW
        known = self.watched.get(name)
        is_newer = known is None or _order(known.last) < _order(seen.seen) or known.last.at > ahead
        if not is_newer or not self.now - forgetting.UNSEEN <= seen.seen.at <= ahead:
            return None
        good = known.good if known else None
        before = Watched(fingerprint=name, rule=seen.rule, labels=seen.labels, last=seen.seen, good=good)
        self.watched[name] = replace(before, good=seen.seen) if seen.standing == "good" else before
        return before

    def _firing(self, fingerprint: str) -> tuple[Incident, Alert] | None:
        firing = ((one, alert) for one in self.incidents.values() for alert in incidents.firing(one))
        return next((found for found in firing if found[1].fingerprint == fingerprint), None)

    def _continue(self, one: Incident, alert: Alert, seen: Observation, rule: AlertRule) -> None:
        """What a run makes of an alert that fires."""
        if seen.standing == "bad":
            one = incidents.with_alert(one, alerts.after_bad(alert, seen, rule, self.now))
        elif (alert := alerts.after_good(alert, seen)).good_runs < alerts.good_runs_that_end(rule):
            one = incidents.with_alert(one, alert)
        else:
            runs = f"{alert.good_runs} good run{'s in a row' if alert.good_runs > 1 else ''}"
            one = incidents.with_end(one, [alert], f"{seen.because}; {runs}", self.now)
        self.incidents[one.key, one.number] = one

    def _begin(self, alert: Alert) -> None:
        """A pending alert waits; one that fires joins the open incident of its group, or opens one."""
        if alert.state == "pending":
            self.pending[alert.fingerprint] = alert
            return
        labels = {name: alert.labels[name] for name in self.group_by if alert.labels.get(name)}
        key = keys.group_key(alert.labels["severity"], labels)
        found = next((one for one in self.incidents.values() if one.key == key and one.is_open), None)
        if found:
            one = incidents.event(incidents.with_alert(found, alert), "updated", alert.because, self.now)
        else:
            self.opened += 1
            one = incidents.opened(key, self.opened, labels, alert, self.now)
        self.incidents[one.key, one.number] = one
