"""What is known of incidents: of each alert, of what was said of it, and of what is still to be said."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

from edgetpu_ci.config.alerting import Level

Time = Annotated[datetime, Meta(tz=True)]
Standing = Literal["bad", "good", "unknown"]
State = Literal["pending", "firing", "resolved"]
Kind = Literal["opened", "updated", "acknowledged", "escalated", "resolved"]
"""What became of an incident, and what a notifier is to say of it."""

Drawing = Callable[[], bytes]
"""Draws when it is asked to."""

SCHEMA: Final = 1
"""The version of a book, counted up by what an older version would lose or misread."""

STORED: Final = "incidents"
"""The named value of the store with the book, and the kind of documents of incidents that are over."""


class Sighting(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run that saw a value, or none: which commit, where it can be read, and the report in the store."""

    at: Time
    value: float | None = None
    commit: str = ""
    pull_request: int | None = None
    url: str = ""
    report: str = ""


class Observation(Struct, frozen=True, kw_only=True):
    """What one run says of one alert.

    `labels` tell alerts apart, `repo`, `branch`, `alertname`, `severity` and `priority` among them. `because` is one
    sentence with the value against its threshold; `where` a file and line, where there is one. Where the run knows by
    itself when it began, `bad` is the first run that was, and `good` the last before.
    """

    rule: str
    labels: dict[str, str]
    standing: Standing
    seen: Sighting
    because: str = ""
    where: str = ""
    bad: Sighting | None = None
    good: Sighting | None = None


class Watched(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may be wrong one day, with these labels: `last` is the newest run that could tell, `good` the newest good.

    By it an alert knows the run before it began, a late report is seen to be late, and what is missing to be missing.
    """

    fingerprint: str
    rule: str
    labels: dict[str, str]
    last: Sighting
    good: Sighting | None = None


class Alert(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong, across runs: `bad` is the first run that saw it, `good` the last before that did not.

    `last` is the newest run that could tell. `bad_runs` and `good_runs` count what came in a row; `since` is when it
    began to fire.
    """

    fingerprint: str
    rule: str
    labels: dict[str, str]
    state: State
    bad: Sighting
    last: Sighting
    good: Sighting | None = None
    bad_runs: int = 0
    good_runs: int = 0
    since: Time | None = None
    resolved_at: Time | None = None
    because: str = ""
    where: str = ""


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the timeline: what happened, and who or what did it (a role, a login or a contact)."""

    at: Time
    kind: Kind
    text: str
    by: str = ""


class Receipt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a notifier needs to find again what it said: a reference of its own (an issue's number, a message's ts).

    `said` is the number of the incident's change that stands there.
    """

    ref: str
    at: Time
    said: int = 0


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who else is told: of a step of escalation `after` which time, when it was due, and when it was taken.

    Whom a runbook has told is told as if it began there: nothing was late.
    """

    contact: str
    due: Time
    taken: Time
    after: str = ""


class Response(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An action of a runbook: written down before it begins, and again when it ended, well or not, with its result.

    `by` is the job that does it.
    """

    runbook: str
    action: str
    by: str
    began: Time
    ended: Time | None = None
    well: bool = False
    result: str = ""


class Incident(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Alerts that share their group's labels, from the first that fires to the last that is over.

    `key` is the same for the same group, today and in a year, and what Alertmanager gives PagerDuty for it; `number`
    counts all incidents of a book. `change` counts what became of this one, and `acknowledged_in` is the change by
    which somebody took it on. `receipts` are by target ("slack #dev-quality"). `told_at` is when it was first to be
    said; None while nothing may be said of it.
    """

    key: str
    number: int
    labels: dict[str, str]
    severity: Level
    alerts: Annotated[tuple[Alert, ...], Meta(min_length=1)]
    opened_at: Time
    priority: str = ""
    told_at: Time | None = None
    acknowledged_at: Time | None = None
    acknowledged_by: str = ""
    acknowledged_in: int = 0
    resolved_at: Time | None = None
    change: int = 1
    timeline: tuple[Event, ...] = ()
    receipts: dict[str, Receipt] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    responses: tuple[Response, ...] = ()

    @property
    def issues(self) -> dict[str, str]:
        """The numbers of its issues, by the repository (or the mention in one) that the configuration names."""
        told = {target: receipt.ref for target, receipt in self.receipts.items() if target.startswith("issue ")}
        return {target.partition(" ")[2]: ref for target, ref in told.items()}

    @property
    def alertname(self) -> str:
        """The name of its alert; that of its first where a group has alerts of several names."""
        return self.labels.get("alertname", self.alerts[0].rule)

    @property
    def name(self) -> str:
        """How people call it: the name of its alert, and which of them."""
        return f"{self.alertname} {self.key[:8]}-{self.number}"

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.resolved_at is None


class Intent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to be said, written down before it is: of which incident, what, and where.

    `target` is a notifier and an address there ("slack #dev-quality"). A job that takes it on writes its own name and
    until when it `holds` it; `tries` that began before may have been heard. Not before `after`, where a service asked
    for time, or refused it: then `refused` is the configuration that it did not like.
    """

    id: str
    key: str
    number: int
    kind: Kind
    change: int
    target: str
    text: str = ""
    holder: str = ""
    holds: Time | None = None
    tries: int = 0
    after: Time | None = None
    trouble: str = ""
    refused: str = ""


class Muted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A silence that somebody made by hand: of alerts with these labels, until when, and why."""

    match: dict[str, str]
    until: Time
    reason: str


class Book(Struct, frozen=True, kw_only=True):
    """All that is kept between runs, in one value of the store, so that what happened and what is to be said agree.

    `watched` is what may be wrong; `alerts` are pending, those that fire stand in their incident. `incidents` are the
    open ones and those of which something is still to be said; `opened` counts all there were.
    `seen` has the names of the newest reports that were looked at, by their kind, and `configured` is the digest of the
    alerting that they were looked at with.
    """

    schema: int = SCHEMA
    watched: tuple[Watched, ...] = ()
    alerts: tuple[Alert, ...] = ()
    opened: int = 0
    incidents: tuple[Incident, ...] = ()
    outbox: tuple[Intent, ...] = ()
    silences: tuple[Muted, ...] = ()
    seen: dict[str, tuple[str, ...]] = field(default_factory=dict)
    configured: str = ""


class Acknowledged(Struct, frozen=True, kw_only=True):
    """That somebody takes care of an incident: who, since when, and `how` it was said ("a comment on #17").

    `over` is the reason of one who closed it by hand.
    """

    key: str
    number: int
    by: str
    at: Time
    how: str
    over: str = ""


class Context(Struct, frozen=True, kw_only=True):
    """What is looked up when something is said, and kept nowhere: who wrote the commit, and addresses to read on.

    Of the first run that was bad: its `author` by name, its `pull_request` ("#12"), and how many `commits` it is after
    the last good one. `owner` is whom the configuration names, and `mention` how GitHub mentions them, where it says
    so. `links` are names and addresses: commit, compare, pull request, code, run, report, runbook. `recent` are the
    last values of what is wrong, oldest first, and `chart` draws a picture of them (PNG; empty where none can be).
    """

    repository: str = ""
    author: str = ""
    pull_request: str = ""
    commits: int | None = None
    owner: str = ""
    mention: str = ""
    links: tuple[tuple[str, str], ...] = ()
    recent: tuple[float, ...] = ()
    chart: Drawing = bytes


class Notice(Struct, frozen=True, kw_only=True):
    """What a notifier is to say: one intent with its incident and context.

    `earlier` is the receipt of what it said of this incident at this address; `perhaps` that this very intent was begun
    before, by a job that never wrote down how it ended.
    """

    intent: Intent
    incident: Incident
    address: str
    context: Context
    earlier: Receipt | None = None
    perhaps: bool = False
