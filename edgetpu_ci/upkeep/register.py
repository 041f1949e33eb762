"""The record of processing: every field that is kept of a repository, why, on what legal basis, and for how long.

What is not here may not be stored. A path names a field and all that is below it: "jobs.name" is the name of each of
the jobs of a run.
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final, Literal

from msgspec import Struct

from edgetpu_ci import audit_log
from edgetpu_ci.model import REPOSITORY

INTEREST: Final = "legitimate interest (GDPR Art. 6(1)(f)): keeping the project's delivery working and secure"
DUTY: Final = "legal obligation (GDPR Art. 6(1)(c), with Art. 5(2), 24, 32): showing that the rules are kept"

Place = Literal["state", "documents"]

MONTH: Final = r"20\d\d-(?:0[1-9]|1[0-2])"
"""A month in the name of a value."""


class Kept(Struct, frozen=True, kw_only=True):
    """A kind of thing in the store: what its names look like, its fields with their purposes, and for how many days.

    Of a list of rows, `at` is the field that says when one came to be and `touched` the one from which its days count;
    `number` is what its number is of, as one calls it when it is to be erased.
    """

    what: str
    place: Place
    names: str
    fields: Mapping[str, str]
    days: int
    basis: str = INTEREST
    at: str = ""
    touched: str = ""
    number: str = ""

    @property
    def is_rows(self) -> bool:
        """Whether it is a list of rows of one month."""
        return bool(self.at)


_NUMBER: Final = "tells rows apart, and is what one erases by"
_CREATED: Final = "start of a duration"
_BOT: Final = "keeps programs out of figures of people's work; of people nothing is kept"
_UPDATED: Final = "finds what is new, and what is past its days"
_LABELS: Final = "tells incidents, fixes and what a configuration leaves out"

_PULL: Final = {
    "number": _NUMBER,
    "base": "only what goes to the default branch counts: its name, and no other",
    "created": _CREATED,
    "ready": "start of the time to merge",
    "drafts": "time in draft, told apart",
    "reviewed": "time to the first review",
    "committed": "lead time of a change",
    "merged": "end of the time to merge",
    "closed": "tells what was given up",
    "merged_as": "finds the change in a deployment",
    "labels": _LABELS,
    "bot": _BOT,
    "updated": _UPDATED,
}

_ISSUE: Final = {
    "number": _NUMBER,
    "created": _CREATED,
    "closed": "end of the time to resolve",
    "reason": "only what was completed counts as resolved",
    "labels": _LABELS,
    "bot": _BOT,
    "updated": _UPDATED,
}

_RUN: Final = {
    "id": "tells rows apart",
    "number": "the order of runs, for streaks",
    "attempt": "first attempts and repeated ones told apart",
    "workflow": "figures of each workflow",
    "event": "runs of the default branch and of pull requests told apart",
    "branch": "the same: the name of the default branch or its merge queue, and no other",
    "commit": "a repeated run of the same commit: flakiness",
    "status": "finds runs that had not ended",
    "conclusion": "success and failure",
    "created": _CREATED,
    "started": "start of the newest attempt",
    "updated": "finds what is new",
    "suite": "asks for the jobs of many runs at once",
    "suite_created": "time in the queue",
    "jobs.name": "times and cost of each job",
    "jobs.conclusion": "success and failure",
    "jobs.started": "duration and minutes that are billed",
    "jobs.completed": "the same",
    "jobs.created": "time in the queue",
    "jobs.attempt": "attempts told apart",
    "jobs.labels": "the kind of runner, so its price",
    "jobs.group": "GitHub's runners and one's own told apart",
    "jobs.steps": "times of steps that a configuration names: building, testing",
    "bot": _BOT,
}

_CURSORS: Final = {
    **{
        f"{rows}.{name}": "how far was read, so that nothing is read twice"
        for rows in ("runs", "pulls", "issues")
        for name in ("low", "high", "after")
    },
    "days": "for how long rows were kept, so that none is missed when that grows",
    "swept": "when runs that were run again were last looked for",
    "asked.*.at": "when what changes seldom was last asked for",
    "asked.*.value": "what the answer was: the community profile, runners online",
    "held": "which months have rows, so that one that is lost is noticed",
    "lost": "how far was read when rows were lost, so that no figure is made without them",
    "erased.*.before": "what was erased is not read again, and no figure is made without it",
    "erased.*.last": "from when on figures are whole again",
    "erased.*.is_open": "whether what is open now is known",
}

_SELDOM: Final = {
    "*.until": "when it is asked for again",
    "*.by": "a refusal holds for one kind of token only",
    "*.refused": "that it was refused, so that it is not asked for each time",
    "*.why": "the reason that a report gives for what is not known",
    "*.permission": "the one that is missing",
    "*.found.private": "minutes of public repositories cost nothing",
    "*.found.owner.type": "whose bill it is: an organization's or an account's",
    "*.found.default_branch": "whose rules are read",
    "*.found.days": "for how long GitHub keeps logs and artifacts",
    "*.found.maximum_allowed_days": "the same",
    "*.found.enabled": "whether a setting for security is on",
    "*.found.sha_pinning_required": "the same",
    "*.found.default_workflow_permissions": "what a workflow's token may do",
    "*.found.can_approve_pull_request_reviews": "the same",
    "*.found.type": "the kinds of rules of the default branch",
    "*.found.protected": "whether it is protected in the older way",
    "*.found.subject": "an audit of access that found nothing: of what",
    "*.found.metric": "the same: which figure",
    "*.found.value": "the same: 1",
    "*.found.details": "the same: its evidence, without a name",
}

_DELIVERY: Final = {
    "name": "tells rows apart",
    "at": "frequency of deployment",
    "commit": "lead time of a change",
    "kind": "deployment, release or version told apart",
    "failed": "share of failed changes",
    "prerelease": "only what is for users counts",
}

_REVIEW: Final = {
    "at": "the age of the review",
    "role": "who answers for it, as a role and not by name",
    "period": "which key the pseudonyms are of",
    "check": "whether the key is the same",
    "entries.kind": "what may be reached",
    "entries.who": "who or what may, people and their keys under a pseudonym",
    "entries.what": "how much it may",
    "unread": "what was not part of the review",
}

_ERASURE: Final = {
    "at": "when it was done",
    "scope": "what was asked for, without a number or name",
    "values": "how many named values were rewritten or removed",
    "rows": "how many rows went",
    "documents": "how many documents went",
}

_DOWNLOADS: Final = {
    "asked": "when the service was asked last, which wants to be asked once a day",
    "days": "downloads by day, longer than the service keeps them",
    "why": "why it did not tell",
}

_STANDING: Final = {
    "name": "which package",
    "current": "the version that is used",
    "python": "for which Python that was looked at",
    "etag": "asks only for what changed",
    "latest": "the version to raise it to",
    "current_at": "how far behind it is",
    "latest_at": "the same",
    "newest_at": "whether the package is alive",
    "status": "the same",
}

_DIGEST: Final = {
    "*.ref": "the message is brought up to date, and not said twice",
    "*.details": "the same, of the one in its thread",
    "*.chart": "the same, of the picture",
    "*.said": "the same, where no message can be changed",
    "*.begun": "finds what a job said that was ended before it could note it",
    "*.holds": "two jobs do not say it at once",
}

_REPORT: Final = {
    "format": "tells what it is",
    "schema": "tells which version it is",
    "version": "the same",
    "run": "figures of many rows, of which commit and when",
    "verdicts": "what was demanded, and who accepted what on a pull request",
    "comparisons": "what changed",
    "bases": "what it was compared with",
    "trend": "earlier figures",
    "runner": "noise of a machine",
    "history": "since when something is as it is",
}

_SERIES: Final = {
    "format": "tells what it is",
    "device": "the same",
    "seen": "reports that were looked at",
    "runs": "when, of which commit, and where to read more",
    "series": "figures of many rows",
}

_ONCE: Final = "one is told once"

_SIGHTING: Final = {
    "at": "since when, and which run is newer",
    "value": "how bad it was",
    "commit": "what may have caused it",
    "pull_request": "the same",
    "url": "where to read more",
    "report": "the same",
}


def _below_name(name: str, fields: Mapping[str, str]) -> dict[str, str]:
    return {f"{name}.{field}": purpose for field, purpose in fields.items()}


_WATCHED: Final = {
    "fingerprint": "tells what may be wrong apart",
    "rule": "which rule asks for it",
    "labels": "which repository, branch, machine and figure it is of",
    **_below_name("last", _SIGHTING),
    **_below_name("good", _SIGHTING),
}

_ALERT: Final = {
    **_WATCHED,
    "state": "whether it fires",
    **_below_name("bad", _SIGHTING),
    "bad_runs": "how long it must last before it is told",
    "good_runs": "how long it must be well before it is over",
    "since": "how long it lasts",
    "resolved_at": "the same",
    "because": "the value against its threshold",
    "where": "the file and line to look at",
}

_INCIDENT: Final = {
    "key": "the same incident is told as the same everywhere",
    "number": "tells incidents apart",
    "labels": "what it is of",
    "severity": "who hears of it",
    "priority": "who hears of it when nobody answers",
    **_below_name("alerts", _ALERT),
    "opened_at": "how long it lasts",
    "told_at": "when escalation begins",
    "acknowledged_at": "time to acknowledge; escalation ends",
    "acknowledged_by": "who takes care of it: a role, or the login of who said so on GitHub",
    "acknowledged_in": _ONCE,
    "resolved_at": "how long it lasted",
    "change": _ONCE,
    "timeline.at": "what happened when, for a post-mortem",
    "timeline.kind": "the same",
    "timeline.text": "the same",
    "timeline.by": "who did it: a role, a contact, or the login of who said so on GitHub",
    "receipts.*.ref": "finds what was told, to bring it up to date",
    "receipts.*.at": "when it was told",
    "receipts.*.said": _ONCE,
    "steps.contact": "who was told because nobody answered: a role",
    "steps.after": "which step of escalation it was",
    "steps.due": "whether that was in time",
    "steps.taken": "the same",
    "responses.runbook": "what was done about it",
    "responses.action": "the same",
    "responses.by": "which job does it, so that no two do",
    "responses.began": "that it was begun, should its job be killed",
    "responses.ended": "that it was done",
    "responses.well": "whether that went well",
    "responses.result": "what came of it, for a post-mortem: figures of the machine, and names of processes",
}

_BOOK: Final = {
    "schema": "tells which version it is",
    **_below_name("watched", _WATCHED),
    **_below_name("alerts", _ALERT),
    "opened": "counts incidents",
    **_below_name("incidents", _INCIDENT),
    **_below_name(
        "outbox",
        {
            "id": _ONCE,
            "key": "of which incident",
            "number": "the same",
            "kind": "what is to be told",
            "change": "the same",
            "target": "where",
            "text": "which contact it is for",
            "holder": "which job tells it, so that no two do",
            "holds": "until when",
            "tries": "whether it may have been heard",
            "after": "when it may be tried again",
            "trouble": "why it was not told",
            "refused": "whether that was mended",
        },
    ),
    "silences.match": "which alerts nobody is told of",
    "silences.until": "until when",
    "silences.reason": "why",
    "seen": "reports that were looked at",
    "configured": "whether the configuration of alerting was changed",
}

_LINE: Final = {
    "number": "whether a line was removed",
    "at": "when it was done",
    "what": "what was done",
    "by": "who did it: a role, a job, or the login of who said so on GitHub",
    "of": "of which incident, alerts or machine",
    "text": "why, and until when",
    "previous": "whether a line was changed",
}

REPORTS: Final = "kpis"
"""The kind of document that reports of the repository are."""

SERIES: Final = f"series-{sha256(REPOSITORY.encode()).hexdigest()[:16]}"
"""Its series are key figures, those of others of machines."""

ROW_DAYS: Final = 400
REVIEW_DAYS: Final = 800
DOWNLOAD_DAYS: Final = 3650

REGISTER: Final[tuple[Kept, ...]] = (
    Kept(
        what="pull requests",
        place="state",
        names=rf"github-pulls-{MONTH}",
        fields=_PULL,
        days=ROW_DAYS,
        at="created",
        touched="updated",
        number="pull request",
    ),
    Kept(
        what="issues",
        place="state",
        names=rf"github-issues-{MONTH}",
        fields=_ISSUE,
        days=ROW_DAYS,
        at="created",
        touched="updated",
        number="issue",
    ),
    Kept(
        what="workflow runs and their jobs",
        place="state",
        names=rf"github-runs-{MONTH}",
        fields=_RUN,
        days=ROW_DAYS,
        at="created",
        touched="created",
    ),
    Kept(
        what="deployments, releases and versions",
        place="state",
        names=rf"github-deliveries-{MONTH}",
        fields=_DELIVERY,
        days=ROW_DAYS,
        at="at",
        touched="at",
    ),
    Kept(
        what="how far was read",
        place="state",
        names="github-cursors",
        fields=_CURSORS,
        days=ROW_DAYS,
    ),
    Kept(
        what="what changes seldom on GitHub: settings, rules and permissions",
        place="state",
        names="github-seldom",
        fields=_SELDOM,
        days=ROW_DAYS,
    ),
    Kept(
        what="downloads of a package",
        place="state",
        names=r"downloads-.+",
        fields=_DOWNLOADS,
        days=DOWNLOAD_DAYS,
    ),
    Kept(
        what="how dependencies stand on their index",
        place="state",
        names="dependencies-index",
        fields=_STANDING,
        days=ROW_DAYS,
    ),
    Kept(
        what="series of key figures, made from reports",
        place="state",
        names=SERIES,
        fields=_SERIES,
        days=REVIEW_DAYS,
    ),
    Kept(
        what="where the digest of a week was said",
        place="state",
        names=r"digest-20\d\d-W\d\d",
        fields=_DIGEST,
        days=ROW_DAYS,
    ),
    Kept(
        what="reports of the repository",
        place="documents",
        names=REPORTS,
        fields=_REPORT,
        days=REVIEW_DAYS,
    ),
    Kept(
        what="what is wrong, and what is to be said of it",
        place="state",
        names="incidents",
        fields=_BOOK,
        days=ROW_DAYS,
    ),
    Kept(
        what="incidents that are over",
        place="documents",
        names="incidents",
        fields=_INCIDENT,
        days=REVIEW_DAYS,
    ),
    Kept(
        what="the audit log: what was changed of what is told and accepted",
        place="state",
        names=rf"audit-{MONTH}",
        fields=_LINE,
        days=audit_log.AGE.days,
        basis=DUTY,
    ),
    Kept(
        what="the newest access review",
        place="state",
        names="access-review",
        fields=_REVIEW,
        days=REVIEW_DAYS,
        basis=DUTY,
    ),
    Kept(
        what="the key of access reviews, where no secret is set for it",
        place="state",
        names="access-review-key",
        fields={"key": "makes pseudonyms that nobody without it can test"},
        days=REVIEW_DAYS,
        basis=DUTY,
    ),
    Kept(
        what="signed-off access reviews",
        place="documents",
        names="reviews",
        fields=_REVIEW,
        days=REVIEW_DAYS,
        basis=DUTY,
    ),
    Kept(
        what="records of erasures",
        place="documents",
        names="erasures",
        fields=_ERASURE,
        days=REVIEW_DAYS,
        basis=DUTY,
    ),
)


def find(place: Place, name: str) -> Kept | None:
    """What a name in the store is registered as."""
    return next((kept for kept in REGISTER if kept.place == place and re.fullmatch(kept.names, name)), None)


def unregistered(value: object, fields: Mapping[str, str], place: str = "") -> Iterator[str]:
    """The fields of a decoded value that are not registered; "*" stands for any name."""
    if isinstance(value, list):
        for item in value:
            yield from unregistered(item, fields, place)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _below(str(name), inner, fields, place)


def _below(name: str, inner: Any, fields: Mapping[str, str], place: str) -> Iterator[str]:  # noqa: ANN401 - any JSON
    for path in (f"{place}{name}", f"{place}*"):
        if path in fields:
            return
        if any(known.startswith(f"{path}.") for known in fields):
            yield from unregistered(inner, fields, f"{path}.")
            return
    yield f"{place}{name}"
