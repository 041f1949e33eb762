"""An incident as a GitHub issue: what is wrong, since when, whom to ask, where to read on, and what became of it."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from edgetpu_ci.config import durations
from edgetpu_ci.incidents import postmortem
from edgetpu_ci.incidents.incident import in_order
from edgetpu_ci.incidents.record import Alert, Context, Event, Incident, Kind, Sighting
from edgetpu_ci.render import gfm, room, words

LIMIT: Final = 65_000
"""Bytes of an issue; GitHub takes 65,536 characters."""

ACKNOWLEDGE: Final = "/acknowledge"
"""The comment that acknowledges; `/ack` is short for it."""

MENTION: Final = re.compile(r"@[A-Za-z0-9][A-Za-z0-9-]{0,38}(/[A-Za-z0-9._-]{1,100})?")
"""A person or a team, as GitHub lets one be mentioned."""

_BEGIN, _END = (
    "<!-- edgetpu-ci: kept up to date from here -->",
    "<!-- edgetpu-ci: to here; what stands below is yours -->",
)
_TITLE: Final = 200
_ALERTS: Final = 20_000
"""Bytes for what is wrong; the rest is for what became of it."""

_SIGN: Final[dict[Kind, str]] = {
    "opened": "🔴",
    "updated": "✏️",
    "acknowledged": "👀",
    "escalated": "📣",
    "resolved": "✅",
}


def marker(key: str, number: int) -> str:
    """The hidden first line by which a later run finds this issue again."""
    return f"{_marked(key)}number={number} -->"


def of_key(key: str, body: str) -> bool:
    """Whether an issue is of an incident of this key, whichever."""
    return _marked(key) in body


def _marked(key: str) -> str:
    return f"<!-- edgetpu-ci:incident:v1 key={key} "


def said(intent: str) -> str:
    """The hidden first line of a comment, by which it is not said twice."""
    return f"<!-- edgetpu-ci:said {gfm.text(intent, _TITLE)} -->"


def title(incident: Incident) -> str:
    """`[p0] build_failure_streak: ci.yml failed 4 times in a row`: as it was when it was opened, on one line."""
    first = in_order(incident)[0]
    rest = len(incident.alerts) - 1
    more = f" (and {rest:,} more)" if rest else ""
    grave = words.plain(incident.priority or incident.severity, 20)
    return f"[{grave}] {words.plain(f'{incident.alertname}: {first.because or first.rule}', _TITLE)}{more}"


def issue(incident: Incident, context: Context, *, earlier: int | None = None, label: str = "acknowledged") -> str:
    """The whole body of a new issue; `earlier` is that of the incident before, `label` the one that acknowledges."""
    ours = _ours(incident, context, earlier, label, LIMIT - room.size([postmortem.form()]))
    return f"{marker(incident.key, incident.number)}\n{ours}\n\n{postmortem.form()}"


def renewed(body: str, incident: Incident, context: Context, *, label: str = "acknowledged") -> str:
    """The body with our part up to date and the rest as it is; as it is where people left our part no room."""
    before, begun, rest = body.partition(_BEGIN)
    ours, ended, after = rest.partition(_END)
    if not (begun and ended):
        return body
    found = re.search(r"^Before: #(\d+)$", ours, re.MULTILINE)
    left = LIMIT - len((before + after).encode())
    new = f"{before}{_ours(incident, context, int(found[1]) if found else None, label, left)}{after}"
    return new if len(new.encode()) <= LIMIT else body


def _ours(incident: Incident, context: Context, earlier: int | None, label: str, left: int) -> str:
    """What we keep up to date, in at most so many bytes: what became of it gives way first, then what is wrong."""
    head = [_BEGIN, _standing(incident, label), *_facts(incident, context, earlier)]
    left -= room.size([*head, _END])
    wrong = _wrong(in_order(incident), min(_ALERTS, left))
    left -= room.size(wrong)
    return "\n\n".join([*head, *wrong, *_timeline(incident.timeline, left), _END])


def _standing(incident: Incident, label: str) -> str:
    """How it stands, in a line; while nobody took it on, how one does."""
    grave = " · ".join(filter(None, [gfm.text(incident.severity), gfm.text(incident.priority)]))
    if incident.resolved_at:
        lasted = durations.words(incident.resolved_at - incident.opened_at)
        return f"**✅ Over** since {_when(incident.resolved_at)}, after {lasted} · {grave}"
    if incident.acknowledged_at:
        by = gfm.text(incident.acknowledged_by) or "somebody"
        taken = f"by {by}, {_when(incident.acknowledged_at)}"
        return f"**👀 Acknowledged** {taken} · open since {_when(incident.opened_at)} · {grave}"
    how = f"To take it on, comment `{ACKNOWLEDGE}` or set the label {gfm.text(f'`{label}`')}."
    return f"**🔴 Open** since {_when(incident.opened_at)} · {grave}\n\n{how}"


def _facts(incident: Incident, context: Context, earlier: int | None) -> list[str]:
    """What it is of, who knows more, and where to read on."""
    first = in_order(incident)[0]
    rows = [
        ("Where", _where(incident, context)),
        ("First bad", _commit(first.bad, context)),
        ("Last good", _good(first, context)),
        ("Owner", owner(context.mention or context.owner)),
        ("Read on", links(context)),
    ]
    shown = [(name, text) for name, text in rows if text]
    before = [f"Before: #{earlier}"] if earlier else []
    return [gfm.table(["", ""], shown), *before]


def _where(incident: Incident, context: Context) -> str:
    named = {"repo": context.repository, **incident.labels}
    kept = (named.get(name, "") for name in ("repo", "branch", "machine"))
    return " · ".join(gfm.text(one) for one in kept if one)


def _commit(seen: Sighting, context: Context) -> str:
    """`c0ffee1` by octocat, in #12, 2026-03-04 05:06 UTC."""
    name = words.commit(seen.commit)
    by = f"by {gfm.text(context.author)}" if context.author else ""
    pull = f"in {_pull(context)}" if context.pull_request else ""
    return ", ".join(filter(None, [f"`{name}` {by}".strip() if name else by, pull, _when(seen.at)]))


def _pull(context: Context) -> str:
    """`#12` where it is one of this repository: GitHub makes a link of it, and shows the incident there."""
    return context.pull_request if re.fullmatch(r"#\d{1,9}", context.pull_request) else gfm.text(context.pull_request)


def _good(alert: Alert, context: Context) -> str:
    if alert.good is None:
        return ""
    name = words.commit(alert.good.commit)
    apart = f"{context.commits:,} commit{'s' * (context.commits != 1)} before" if context.commits is not None else ""
    return ", ".join(filter(None, [f"`{name}`" if name else "", apart, _when(alert.good.at)]))


def owner(named: str) -> str:
    """Whom the configuration names: mentioned where it is a mention."""
    return named if MENTION.fullmatch(named) else gfm.text(named)


def links(context: Context) -> str:
    """Where to read on, but for the issue itself."""
    others = ((name, url) for name, url in context.links if name != "issue")
    return " · ".join(filter(None, (gfm.link(gfm.text(name), url) for name, url in others)))


def _wrong(alerts: Sequence[Alert], left: int) -> list[str]:
    """The alerts: what, how it stands, since when."""
    rows = [(_what(alert), _state(alert), _when(alert.since or alert.bad.at), _seen(alert)) for alert in alerts]
    return room.table(["What is wrong", "", "Since", "Last seen"], rows, left)


def _what(alert: Alert) -> str:
    where = f" ({gfm.text(alert.where, words.SENTENCE)})" if alert.where else ""
    return f"{gfm.text(alert.because or alert.rule, words.SENTENCE)}{where}"


def _state(alert: Alert) -> str:
    return f"over, {_when(alert.resolved_at)}" if alert.state == "resolved" and alert.resolved_at else alert.state


def _seen(alert: Alert) -> str:
    name = words.commit(alert.last.commit)
    return " ".join(filter(None, [_when(alert.last.at), gfm.link(name, alert.last.url) or name]))


def _timeline(events: Sequence[Event], left: int) -> list[str]:
    """What became of it, in order: how it began and the newest, for which there is room."""
    if not events:
        return []
    title, first, *rest = "### Timeline", *map(_line, events)
    left -= room.size([title, first, f"- {room.more(len(rest))}"])
    newest = room.fitting(rest[::-1], left)[::-1]
    cut = [f"- {room.more(len(rest) - len(newest))}"] if len(newest) < len(rest) else []
    return [title, "\n".join([first, *cut, *newest])]


def _line(event: Event) -> str:
    by = f" ({gfm.text(event.by)})" if event.by else ""
    return f"- {_when(event.at)} {_SIGN[event.kind]} {event.kind}: {gfm.text(event.text, words.SENTENCE)}{by}"


def comment(incident: Incident, intent: str, kind: Kind, text: str, mention: str = "") -> str:
    """What people are to be notified of, as it stands last in the timeline, else `text`; `mention` is whom."""
    called = f"{mention} " if MENTION.fullmatch(mention) else ""
    last = max((event.at for event in incident.timeline if event.kind == kind), default=None)
    lines = [
        f"{event.text}{f', {event.by}' if event.by else ''}"
        for event in incident.timeline
        if event.kind == kind and event.at == last
    ]
    told = "; ".join(lines) or text or title(incident)
    return f"{said(intent)}\n{called}{_SIGN[kind]} **{kind.capitalize()}:** {gfm.text(told, words.SENTENCE)}"


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
