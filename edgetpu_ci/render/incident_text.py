"""Incidents as text for a terminal, and what a run made of them in a line."""

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from edgetpu_ci.incidents import by_hand
from edgetpu_ci.incidents.record import Alert, Incident, Intent, Muted, Sighting
from edgetpu_ci.render import words

_LONGEST: Final = 300


def became(opened: Iterable[Incident], resolved: Iterable[Incident], said: Sequence[Intent], waiting: int) -> str:
    """What a run made of incidents, in a line; empty where nothing happened."""
    parts = [
        *(f"opened {words.plain(one.name)}" for one in opened),
        *(f"resolved {words.plain(one.name)}" for one in resolved),
        *([f"told {words.names(dict.fromkeys(one.target for one in said), 'places')}"] if said else []),
        *([f"{waiting} still to be said"] if waiting else []),
    ]
    return " · ".join(parts)


def listed(incidents: Sequence[Incident], silences: Iterable[Muted], muted: Container[int]) -> Iterator[str]:
    """A line for each, its columns aligned, those with the numbers `muted` said to be so; then the silences."""
    rows = [
        (by_hand.short(one), _state(one, one.number in muted), _grave(one), _name(one), _since(one), _where(one))
        for one in incidents
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
    for one in silences:
        yield f"silenced  {_labels(one.match) or 'everything'} until {_when(one.until)}: {words.plain(one.reason)}"


def shown(one: Incident, waiting: Iterable[Intent], *, is_muted: bool) -> Iterator[str]:
    """All that is known of one."""
    yield f"{_name(one)}  {by_hand.short(one)}  {_state(one, is_muted)}  {_grave(one)}"
    yield f"key       {one.key}"
    yield f"labels    {_labels(one.labels)}"
    yield f"opened    {_when(one.opened_at)}"
    if one.acknowledged_at:
        yield f"taken on  {_when(one.acknowledged_at)} by {words.plain(one.acknowledged_by) or 'somebody'}"
    if one.resolved_at:
        yield f"over      {_when(one.resolved_at)}"
    for alert in one.alerts:
        yield from ("", *_alert(alert))
    yield from ("", "timeline")
    for event in one.timeline:
        by = f" ({words.plain(event.by)})" if event.by else ""
        yield f"  {_when(event.at)}  {event.kind}: {words.plain(event.text, _LONGEST)}{by}"
    yield from _told(one, waiting)


def _told(one: Incident, waiting: Iterable[Intent]) -> Iterator[str]:
    for target, receipt in one.receipts.items():
        yield f"told      {words.plain(target)}, last {_when(receipt.at)}"
    yield from (f"waits     {waits(intent)}" for intent in waiting)


def waits(intent: Intent) -> str:
    """What is still to be said, to whom, and why it was not."""
    tries = f", tried {intent.tries} times" if intent.tries > 1 else ""
    again = ", said again after a day, or when the configuration changes" if intent.trouble == "refused" else ""
    trouble = f" ({intent.trouble}{tries}{again})" if intent.trouble else ""
    return f"{intent.kind} to {words.plain(intent.target)}{trouble}"


def _alert(alert: Alert) -> Iterator[str]:
    yield f"{alert.state}  {words.plain(alert.because, _LONGEST) or alert.rule}"
    yield f"  labels     {_labels(alert.labels)}"
    yield f"  first bad  {_seen(alert.bad)}"
    if alert.good:
        yield f"  last good  {_seen(alert.good)}"
    if alert.where:
        yield f"  where      {words.plain(alert.where)}"


def _seen(seen: Sighting) -> str:
    return "  ".join(filter(None, [_when(seen.at), words.commit(seen.commit), words.plain(seen.url, _LONGEST)]))


def _state(one: Incident, is_muted: bool) -> str:  # noqa: FBT001 - of the incident beside it
    if not one.is_open:
        return "over"
    return f"{'acknowledged' if one.acknowledged_at else 'open'}{', muted' if is_muted else ''}"


def _grave(one: Incident) -> str:
    return " ".join(filter(None, [one.severity, words.plain(one.priority)]))


def _name(one: Incident) -> str:
    return words.plain(one.alertname)


def _where(one: Incident) -> str:
    return " ".join(words.plain(one.labels[name]) for name in ("repo", "branch") if one.labels.get(name))


def _since(one: Incident) -> str:
    return f"since {_when(one.opened_at)}" if one.resolved_at is None else f"until {_when(one.resolved_at)}"


def _labels(labels: dict[str, str]) -> str:
    return " ".join(f"{words.plain(name)}={words.plain(value)}" for name, value in sorted(labels.items()))


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
