"""What nothing was heard of for too long, whatever reports say: the dead man's switch. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from edgetpu_ci.config import durations
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.incidents.evaluate import belongs
from edgetpu_ci.incidents.record import Observation, Sighting, Watched


def observe(rules: Sequence[AlertRule], watched: Iterable[Watched], now: datetime) -> Iterator[Observation]:
    """Each alert on silence that is due, once: it began when the time since its last news was over.

    Only what was heard once can fall silent.
    """
    known = tuple(watched)
    for rule in rules:
        if rule.silent_above_hours is not None:
            most = timedelta(hours=rule.silent_above_hours)
            yield from (_said(rule, one, most) for one in known if _is_due(rule, one, now - most))


def _is_due(rule: AlertRule, one: Watched, since: datetime) -> bool:
    return one.good is not None and one.last == one.good and one.good.at < since and belongs(rule, one.labels)


def _said(rule: AlertRule, one: Watched, most: timedelta) -> Observation:
    at = one.last.at + most
    what = " of ".join(filter(None, [rule.match.rpartition("/")[2], one.labels.get("subject", "")]))
    said = f"nothing was heard of {what} for {durations.words(most)}, last on {one.last.at:%Y-%m-%d %H:%M} UTC"
    because = f"{rule.summary}: {said}" if rule.summary else said
    return Observation(rule=rule.name, labels=one.labels, standing="bad", seen=Sighting(at=at), because=because)
