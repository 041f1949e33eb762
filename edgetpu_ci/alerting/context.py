"""What is told beside an incident, looked up when it is said: who changed what, whom to ask, where to read on.

The clone knows most of it. What it does not, GitHub is asked for: at most two requests an incident, the same once a
run, none without a token. Everything may be missing.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, TypeVar
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import base, codec, config, git, history
from edgetpu_ci.alerting.recent import Recent
from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.errors import ConfigError, EdgeTpuCiError, GitError
from edgetpu_ci.incidents.incident import in_order
from edgetpu_ci.incidents.record import Alert, Context, Incident
from edgetpu_ci.render.incident import MENTION
from edgetpu_ci.runbooks import checking, reading
from edgetpu_ci.store import branch, layout
from edgetpu_ci.transport import github
from edgetpu_ci.transport.github import GitHub
from edgetpu_ci.world import World

T = TypeVar("T")

_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")
_NUMBER: Final = re.compile(r"\(#(\d{1,9})\)\s*$|^Merge pull request #(\d{1,9}) ")
_PLACE: Final = re.compile(r"([^:]+)(?::(\d{1,9})(?::\d+)?)?")


class Change(Struct, frozen=True, kw_only=True):
    """What is known of the commit that was first bad: as of a clone, as of GitHub."""

    author: str = ""
    pull_request: int | None = None
    commits: int | None = None


class _Author(Struct, frozen=True):
    name: str = ""


class _Written(Struct, frozen=True):
    message: str = ""
    author: _Author | None = None


class _Commit(Struct, frozen=True):
    sha: str = ""
    commit: _Written = _Written()


class _Comparison(Struct, frozen=True):
    total_commits: int
    commits: tuple[_Commit, ...] = ()


class _Pull(Struct, frozen=True):
    number: int


def look_up(settings: Config, recent: Recent, world: World, incident: Incident) -> Context:
    """What is known of its first alert; never an error, for an incident is told without it as well."""
    first = in_order(incident)[0]
    repository = incident.labels.get("repo") or world.env.get("GITHUB_REPOSITORY", "")
    rule = next((rule for rule in config.alert_rules(settings) if rule.name == first.rule), None)
    change = _of_github(_of_clone(first, world), first, repository, world)
    values, chart = recent.of(first, rule) if rule else ((), bytes)
    return Context(
        repository=repository,
        author=change.author,
        pull_request=f"#{change.pull_request}" if change.pull_request else "",
        commits=change.commits,
        owner=rule.owner if rule else "",
        mention=_mention(rule, settings.alerting) if rule else "",
        links=(
            *_links(first, change, _place(repository, world)),
            *_documents(first, rule, settings, world),
            *_issues(incident, world),
        ),
        recent=values,
        chart=chart,
    )


def _issues(incident: Incident, world: World) -> Iterator[tuple[str, str]]:
    """Its issue, once one was opened."""
    for repository, number in incident.issues.items():
        if number and not MENTION.fullmatch(repository):
            yield "issue", f"{_place(repository, world)}/issues/{number}"


def _mention(rule: AlertRule, alerting: Alerting) -> str:
    """How GitHub mentions the owner of a rule; empty where the configuration does not say."""
    known = alerting.contacts.get(rule.owner, {}).get("issue", "")
    return next((name for name in (known, rule.owner) if MENTION.fullmatch(name)), "")


def _of_clone(alert: Alert, world: World) -> Change:
    """What git knows here, and the run said."""
    bad, good = _commits(alert)
    author, subject = _logged(bad, world)
    return Change(
        author=author,
        pull_request=alert.bad.pull_request or _numbered(subject),
        commits=base.between(good, bad, world),
    )


def _commits(alert: Alert) -> tuple[str, str]:
    """The first bad commit and the last good one; empty where they are none, or the same."""
    named = [(seen.commit if seen else "").removesuffix("-dirty") for seen in (alert.bad, alert.good)]
    bad, good = (name if _COMMIT.fullmatch(name) else "" for name in named)
    return bad, "" if good == bad else good


def _logged(commit: str, world: World) -> tuple[str, str]:
    """Who wrote a commit, and its subject."""
    if not commit:
        return "", ""
    try:
        ran = git.attempt(world, world.cwd, "log", "-1", "--format=%aN%x00%s", commit, "--")
    except GitError:
        return "", ""
    author, _, subject = ran.stdout.decode(errors="replace").strip().partition("\0")
    return (author, subject) if ran.status == 0 else ("", "")


def _numbered(subject: str) -> int | None:
    """The pull request that GitHub writes into the subject of what it merges."""
    found = _NUMBER.search(subject)
    return int(found[1] or found[2]) if found else None


def _of_github(known: Change, alert: Alert, repository: str, world: World) -> Change:
    """With what the clone did not know, as far as two requests tell."""
    bad, good = _commits(alert)
    if not (bad and repository):
        return known
    try:
        reader = github.connect(world)
    except ConfigError:
        return known
    place = f"/repos/{repository}"
    if good and known.commits is None:
        known = _compared(known, reader, f"{place}/compare/{good}...{bad}", bad)
    elif not known.author:
        known = _with(known, _asked(lambda: reader.once(f"{place}/commits/{bad}", _Commit, needs="contents: read")))
    if known.pull_request is None:
        pulls = f"{place}/commits/{bad}/pulls"
        found = _asked(lambda: reader.once(pulls, list[_Pull], needs="pull-requests: read"))
        known = replace(known, pull_request=found[0].number if found else None)
    return known


def _compared(known: Change, reader: GitHub, path: str, bad: str) -> Change:
    found = _asked(lambda: reader.once(path, _Comparison, needs="contents: read"))
    if found is None:
        return known
    last = next((one for one in found.commits if one.sha.startswith(bad)), None)
    return _with(replace(known, commits=found.total_commits or None), last)


def _with(known: Change, commit: _Commit | None) -> Change:
    """With what a commit says of itself, where nothing was known."""
    if commit is None:
        return known
    author = commit.commit.author.name if commit.commit.author else ""
    number = _numbered(commit.commit.message.partition("\n")[0])
    return replace(known, author=known.author or author, pull_request=known.pull_request or number)


def _asked(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except EdgeTpuCiError:
        return None


def _place(repository: str, world: World) -> str:
    """The page of a repository; empty where none is known."""
    server = (world.env.get("GITHUB_SERVER_URL") or "https://github.com").rstrip("/")
    return f"{server}/{repository}" if repository else ""


def _links(alert: Alert, change: Change, place: str) -> Iterator[tuple[str, str]]:
    """What changed and what ran: names and addresses, in the order in which one reads on."""
    bad, good = _commits(alert)
    if place and bad:
        yield "commit", f"{place}/commit/{bad}"
    if place and bad and good:
        yield "compare", f"{place}/compare/{good}...{bad}"
    if place and change.pull_request:
        yield "pull request", f"{place}/pull/{change.pull_request}"
    if (found := _PLACE.fullmatch(alert.where)) and place and bad:
        yield "code", f"{_file(place, bad, found[1])}{f'#L{found[2]}' if found[2] else ''}"
    if alert.bad.url:
        yield "run", alert.bad.url


def _documents(alert: Alert, rule: AlertRule | None, settings: Config, world: World) -> Iterator[tuple[str, str]]:
    """What was found, and what to do about it."""
    place = _place(alert.labels.get("repo") or world.env.get("GITHUB_REPOSITORY", ""), world)
    if report := _report(alert, settings, place):
        yield "report", report
    runbook = _runbook(rule, settings.alerting, world) if rule else ""
    if re.match(r"https?://", runbook):
        yield "runbook", runbook
    elif runbook and place:
        yield "runbook", _file(place, _commits(alert)[0] or "HEAD", runbook)


def _file(place: str, commit: str, path: str) -> str:
    return f"{place}/blob/{commit}/{quote(path.removeprefix('./'))}"


def _report(alert: Alert, settings: Config, place: str) -> str:
    """Where the report lies that was first bad: on the data branch of this repository, or nobody else can read it."""
    if settings.store.use != "branch" or not (place and layout.NAME.fullmatch(alert.bad.report)):
        return ""
    options = codec.convert(settings.store.with_, branch.Options, "store.with")
    kind = history.REPORTS if "machine" in alert.labels else history.KPIS
    return "" if options.remote else _file(place, quote(options.branch), layout.path(kind, alert.bad.report))


def _runbook(rule: AlertRule, alerting: Alerting, world: World) -> str:
    """The address that a rule names, or the file of its runbook."""
    try:
        there = reading.load(alerting, world.cwd)
    except ConfigError:
        there = {}  # A check says what is wrong with them.
    return checking.place(rule, there, partial(reading.is_file, root=world.cwd))
