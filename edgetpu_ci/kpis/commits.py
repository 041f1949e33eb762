"""Commits of the default branch a week, as git tells them: a squashed or merged pull request is one."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.kpis import summary
from edgetpu_ci.kpis.rows import Commit, Rows, Source
from edgetpu_ci.kpis.scope import Scope
from edgetpu_ci.kpis.window import Window, monday, week
from edgetpu_ci.model import REPOSITORY, Measurement

NEEDS: Final[tuple[Source, ...]] = ("commits",)
METRICS: Final = ("commits_per_week", "bot_commits_per_week")

LOG: Final = ("log", "--first-parent", "--no-show-signature", "--format=%H%x1f%ct%x1f%at%x1f%an%x1f%ae")
"""What git is asked for, in its words; a revision and `--since` come behind it."""

SHALLOW: Final = "this checkout has not all commits; give actions/checkout `fetch-depth: 0`"
"""The reason where git says that the repository is shallow."""

_BOT: Final = "[bot]"
_FIELDS: Final = 5


def parse(output: str, bots: Collection[str] = ()) -> tuple[Commit, ...]:
    """What git answered to `LOG`; `bots` are names of further programs. DocumentError when it is something else.

    Name and address of an author only tell whether it is a program, and are forgotten.
    """
    known = {name.lower() for name in bots}
    # A name may have what `splitlines` takes for the end of a line.
    return tuple(_commit(line, known) for line in output.split("\n") if line)


def _commit(line: str, bots: Collection[str]) -> Commit:
    fields = line.split("\x1f", _FIELDS - 1)
    if len(fields) != _FIELDS or not (fields[1].isdecimal() and fields[2].isdecimal()):
        raise DocumentError("git log answered something else than commits; check that git works here.")
    sha, at, authored, name, address = fields
    is_bot = name.endswith(_BOT) or f"{_BOT}@" in address or name.lower() in bots
    return Commit(sha=sha, at=_time(at), authored=_time(authored), is_bot=is_bot)


def _time(seconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise DocumentError("git log has a commit of no time; check that git works here.") from error


def of(rows: Rows, scope: Scope) -> Iterator[Measurement]:
    """The key figures of `METRICS`: the mean of the whole ISO weeks; the running one is among the details."""
    of_bots = {pull.merged_as for pull in rows.pulls if pull.bot and pull.merged_as}
    people = [commit for commit in rows.commits if not commit.is_bot and commit.sha not in of_bots]
    programs = [commit for commit in rows.commits if commit.is_bot or commit.sha in of_bots]
    left_out = len(scope.window.weeks().ended(programs, _at))
    excluded = (("excluded", summary.listed([("of bots", left_out)])),)
    yield _per_week("commits_per_week", people, (*excluded, *_without(rows)), scope)
    yield _per_week("bot_commits_per_week", programs, _without(rows), scope)


def _without(rows: Rows) -> summary.Details:
    missing = rows.missing.get("pulls")
    return (("merged for bots", f"not known: {missing}"),) if missing else ()


def _at(commit: Commit) -> datetime:
    return commit.at


def _per_week(metric: str, commits: Sequence[Commit], details: summary.Details, scope: Scope) -> Measurement:
    whole = scope.window.weeks()
    weeks = whole.each_week()
    if not weeks:
        reason = f"no whole ISO week in {scope.window.days:g} days"
        return summary.unknown(REPOSITORY, metric, reason, details=scope.details)
    shown = (*_weekly(commits, weeks, scope.window), *details, ("window", str(whole)), ("source", scope.source))
    before = _count(commits, whole.before) if scope.before else None
    return summary.count(REPOSITORY, metric, _count(commits, whole), before, per=len(weeks), details=shown)


def _weekly(commits: Sequence[Commit], weeks: Sequence[Window], window: Window) -> summary.Details:
    running = Window(monday(window.end), window.end)
    each = ", ".join(f"{week(one.start)}: {_count(commits, one):,}" for one in weeks)
    partial = f"{week(running.start)}: {_count(commits, running):,} so far, not counted"
    return (("weeks", each), ("running week", partial))


def _count(commits: Sequence[Commit], window: Window) -> int:
    return len(window.ended(commits, _at))
