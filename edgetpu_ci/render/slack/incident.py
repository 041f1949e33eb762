"""An incident in Slack: a message that says how it stands, and one for its thread for each change."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from edgetpu_ci.config import durations
from edgetpu_ci.config.alerting import Level
from edgetpu_ci.incidents.incident import in_order
from edgetpu_ci.incidents.record import Alert, Context, Event, Incident, Kind, Notice, Sighting
from edgetpu_ci.render import words
from edgetpu_ci.render.slack import blocks, limits, mrkdwn
from edgetpu_ci.render.slack.message import Message, Part, message

_GRAVITY: Final[dict[Level, str]] = {"critical": "🔴", "error": "🟠", "warning": "🟡", "info": "🔵"}
_SIGN: Final[dict[Kind, str]] = {
    "opened": "🚨",
    "updated": "✏️",
    "acknowledged": "👀",
    "escalated": "📣",
    "resolved": "✅",
}
_MOST_WRONG: Final = 3
"""Alerts of a group that the message shows; the thread has all."""
_PARAGRAPHS: Final = 3
_NEWS: Final = 10
_IN_FACTS: Final = ("commit", "pull request", "compare", "code")
_COURSE: Final = 24
"""Values that a sparkline shows: more would not stay on one line of a field."""


def standing(notice: Notice) -> Message:
    """How it stands now: to be said once and then kept up to date in place."""
    return _standing(notice, [])


def alone(notice: Notice) -> Message:
    """How it stands and what has just become of it, in one message, for where there is no thread."""
    return _standing(notice, [] if notice.intent.kind == "opened" else [Part(0, blocks.section(_news(notice)))])


def change(notice: Notice) -> Message:
    """What has just become of it, for the thread: of the group's alerts when it grew, of the whole when it is over."""
    kind = _kind(notice)
    parts = [Part(0, blocks.section(_news(notice))), *(Part(1, block) for block in _details(notice, kind))]
    headline = f"{_SIGN[kind]} {kind.capitalize()}: {words.label(notice.incident.alertname)}"
    return message(_notification(headline, notice, "; ".join(event.text for event in _new(notice))), parts)


def _details(notice: Notice, kind: Kind) -> list[blocks.Block]:
    incident = notice.incident
    match kind:
        case "opened" | "updated":
            return blocks.paragraphs([_alert(alert) for alert in in_order(incident)], _PARAGRAPHS)
        case "escalated":
            # This one is shown outside the thread too.
            return [blocks.context(f"{_place(notice)} · {mrkdwn.text(incident.name)}")]
        case "acknowledged":
            return []
        case "resolved":
            return blocks.paragraphs([mrkdwn.bold("What became of it"), *map(_event, incident.timeline)], _PARAGRAPHS)


def _standing(notice: Notice, news: Sequence[Part]) -> Message:
    incident, context = notice.incident, notice.context
    first = in_order(incident)[0]
    headline = f"{_state(incident)}: {words.label(incident.alertname)}"
    parts = [
        Part(0, blocks.header(headline)),
        *news,
        Part(0, blocks.section(_wrong(notice))),
        Part(1, blocks.fields(list(_facts(incident, first, context)))),
        *(Part(2, block) for block in blocks.links(_further(context))),
        Part(3, blocks.context(_footer(notice))),
    ]
    return message(_notification(headline, notice, first.because or first.rule), parts)


def _notification(headline: str, notice: Notice, text: str) -> str:
    """What a notification shows and a screen reader reads: no more than text."""
    said = f": {mrkdwn.text(text, words.SENTENCE)}" if text else ""
    return f"{mrkdwn.text(headline, limits.HEADER)} in {_place(notice) or 'edgetpu-ci'}{said}"


def _state(incident: Incident) -> str:
    """A word a reader takes in first, with a sign."""
    if not incident.is_open:
        return "✅ RESOLVED"
    if incident.acknowledged_at:
        return "👀 ACKNOWLEDGED"
    return f"{_GRAVITY[incident.severity]} {incident.severity.upper()}"


def _place(notice: Notice) -> str:
    """Of which repository and branch: several share a channel."""
    labels = notice.incident.labels
    named = (labels.get("repo") or notice.context.repository, labels.get("branch", ""), labels.get("machine", ""))
    return " · ".join(mrkdwn.text(name) for name in named if name)


def _wrong(notice: Notice) -> str:
    """Where, and what: the value against its threshold."""
    alerts = in_order(notice.incident)
    mark = "• " if len(alerts) > 1 else "" if notice.incident.is_open else "Was: "
    reasons = [f"{mark}{mrkdwn.text(alert.because or alert.rule, words.SENTENCE)}" for alert in alerts]
    return f"{mrkdwn.bold(_place(notice) or 'here')}\n{mrkdwn.listed(reasons, limits.SECTION // 2, _MOST_WRONG)}"


def _facts(incident: Incident, first: Alert, context: Context) -> Iterator[tuple[str, str]]:
    """What a reader asks next, with an answer where there is one."""
    runs = f", {first.bad_runs:,} run{'s' * (first.bad_runs != 1)}" if incident.is_open and first.bad_runs else ""
    yield "Since", f"{mrkdwn.date(first.bad.at)}{runs}"
    if incident.resolved_at:
        lasted = durations.words(incident.resolved_at - first.bad.at)
        yield "Over since", f"{mrkdwn.date(incident.resolved_at)}, after {lasted}"
    yield "Acknowledged", _acknowledged(incident, context)
    yield "First bad", _commit(first.bad, context)
    if first.good:
        yield "Since the last good", _range(first, first.good, context)
    if context.owner:
        yield "Owner", mrkdwn.text(context.owner)
    yield "Severity", " · ".join(mrkdwn.text(word) for word in (incident.severity, incident.priority) if word)
    if first.where:
        yield "File", _linked(first.where, "code", context)
    if len(context.recent) > 1:
        yield "Course", course(context.recent)


def _acknowledged(incident: Incident, context: Context) -> str:
    """By whom; where nobody did, how one does."""
    if incident.acknowledged_at is None and incident.resolved_at:
        return "by nobody"
    if incident.acknowledged_at is None:
        number = f"{incident.key[:8]}-{incident.number}"
        step = mrkdwn.code(f"edgetpu-ci incidents acknowledge {number}")
        has_issue = any(name == "issue" for name, _ in context.links)
        return f"by nobody yet: {_linked('/ack in its issue', 'issue', context) if has_issue else step}"
    return f"by {mrkdwn.text(incident.acknowledged_by) or 'somebody'}, {mrkdwn.date(incident.acknowledged_at)}"


def _commit(seen: Sighting, context: Context) -> str:
    """`c0ffee1` by octocat, in #12."""
    shown = [_linked(words.commit(seen.commit), "commit", context)] if seen.commit else []
    shown += [f"by {mrkdwn.text(context.author)}"] if context.author else []
    shown += [f"in {_linked(context.pull_request, 'pull request', context)}"] if context.pull_request else []
    return " ".join(shown) or mrkdwn.date(seen.at)


def _range(alert: Alert, good: Sighting, context: Context) -> str:
    """4 commits: `9f8e7d6..c0ffee1`."""
    shown = [f"{context.commits:,} commit{'s' * (context.commits != 1)}"] if context.commits is not None else []
    if good.commit == alert.bad.commit:
        return mrkdwn.date(good.at)
    if good.commit and alert.bad.commit:
        between = f"{words.commit(good.commit)}..{words.commit(alert.bad.commit)}"
        shown.append(_linked(between, "compare", context))
    return ": ".join(shown) or mrkdwn.date(good.at)


def _linked(shown: str, name: str, context: Context) -> str:
    """A link to read on; without one, in the letters of code, which no link takes."""
    url = dict(context.links).get(name, "")
    return mrkdwn.link(mrkdwn.text(shown), url) if mrkdwn.is_url(url) else mrkdwn.code(shown)


def course(values: Sequence[float]) -> str:
    """The last values as bars, and the first and the newest of them: `▁▂▃▇ 1 → 5`."""
    shown = values[-_COURSE:]
    return f"{words.sparkline(shown)}  {shown[0]:.4g} → {shown[-1]:.4g}"


def _further(context: Context) -> list[tuple[str, str]]:
    """Where to read on, but for what the facts lead to."""
    return [(name[:1].upper() + name[1:], url) for name, url in context.links if name not in _IN_FACTS]


def _footer(notice: Notice) -> str:
    return f"edgetpu-ci · {mrkdwn.text(notice.incident.name)} · change {notice.incident.change:,}"


def _news(notice: Notice) -> str:
    """What has just become of it, when, and through whom."""
    kind, events = _kind(notice), _new(notice)
    people = {event.by for event in events}
    by = f" by {mrkdwn.text(people.pop())}" if len(people) == 1 and "" not in people else ""
    at = f", {mrkdwn.date(events[-1].at)}" if events else ""
    lines = [mrkdwn.text(event.text, words.SENTENCE) for event in events]
    return mrkdwn.listed([f"{_SIGN[kind]} {mrkdwn.bold(kind.capitalize())}{by}{at}", *lines], limits.SECTION, _NEWS)


def _kind(notice: Notice) -> Kind:
    """What it is: of an update, what is new, where that is one kind of thing."""
    new = {event.kind for event in _new(notice)}
    return new.pop() if len(new) == 1 else notice.intent.kind


def _new(notice: Notice) -> list[Event]:
    """The lines of the timeline that are to be said: of an update, all that came since something was said here."""
    kind, timeline = notice.intent.kind, notice.incident.timeline
    if kind == "escalated":
        contacts = tuple(f"{name} " for name in notice.intent.text.split(", "))
        if steps := [event for event in timeline if event.kind == kind and event.text.startswith(contacts)]:
            return steps
    if kind != "updated":
        latest = [event for event in timeline if event.kind == kind][-1:]
        return [replace(event, text=notice.intent.text or event.text) for event in latest]
    since = notice.earlier.at if notice.earlier else max((event.at for event in timeline), default=None)
    lately = [event for event in timeline if event.kind != "opened" and since and event.at >= since]
    return [event for event in lately if event.at != since] or lately


def _event(event: Event) -> str:
    by = f" ({mrkdwn.text(event.by)})" if event.by else ""
    return f"{_SIGN[event.kind]} {mrkdwn.date(event.at)} {event.kind}: {mrkdwn.text(event.text, words.SENTENCE)}{by}"


def _alert(alert: Alert) -> str:
    """One of the group in two lines: what is wrong, and the runs that say so."""
    where = f" · {mrkdwn.code(alert.where)}" if alert.where else ""
    runs = [("first bad", alert.bad), ("last good", alert.good), ("newest", alert.last)]
    seen = " · ".join(f"{name} {_run(sighting)}" for name, sighting in runs if sighting)
    over = "✅ over: " if alert.state == "resolved" else ""
    return f"• {over}{mrkdwn.text(alert.because or alert.rule, words.SENTENCE)}\n        {seen}{where}"


def _run(seen: Sighting) -> str:
    value = "" if seen.value is None else f" ({seen.value:.6g})"
    return f"{mrkdwn.link(words.commit(seen.commit) or 'run', seen.url)}{value}"
