"""The audit log: what people and jobs changed of what is told and accepted, each line chained to the one before.

It is a named value of the store for each month. A line has the SHA-256 of the line before it, so that one that is
changed, removed, put between or moved is found; of the last lines only by who knows what the newest hash was.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from random import Random
from typing import Annotated, Final, Literal, NamedTuple

from msgspec import Meta, Struct

from edgetpu_ci import codec, memory, redaction
from edgetpu_ci.errors import EdgeTpuCiError, StoreError
from edgetpu_ci.memory import State
from edgetpu_ci.world import World

What = Literal[
    "acknowledged",
    "closed",
    "silenced",
    "configured",
    "acted",
    "accepted",
    "signed off",
    "erased",
    "forgotten",
    "continued",
]

NAME: Final = re.compile(r"audit-20\d\d-(?:0[1-9]|1[0-2])")
NOTHING: Final = "0" * 64
"""What stands before the first line."""

AGE: Final = timedelta(days=800)
"""For how long it is kept, as all that shows that rules are kept."""

_TRIES: Final = 20
_PAUSE: Final = 0.5
_LONGEST: Final = 300


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was done, by whom (a role, a job, or a login that GitHub told), and of what; `previous` is a hash."""

    number: int
    at: Annotated[datetime, Meta(tz=True)]
    what: What
    by: str
    of: str
    previous: str
    text: str = ""

    @property
    def hash(self) -> str:
        """What the next line says of this one."""
        return sha256(codec.encode_json_line(self)).hexdigest()


class Placed(NamedTuple):
    """A line, and where it is: the value it stands in, and its place there, from 1."""

    name: str
    place: int
    line: Line

    def __str__(self) -> str:
        return f"{self.name}, line {self.place}"


class Act(NamedTuple):
    """What is to be recorded; `by` is empty where a job does it by itself, or somebody by hand."""

    what: What
    of: str
    text: str = ""
    by: str = ""


def record(state: State, act: Act, world: World) -> None:
    """Add a line. What was done is done: that it could not be recorded is said, and undoes nothing."""
    try:
        line = _add(state, act, world)
    except EdgeTpuCiError as error:
        world.warn(f"warning: That {act.of} was {act.what} is not in the audit log: {error}")
        return
    world.observed.tell("info", "audit_recorded", line.at, what=line.what, of=line.of, hash=line.hash)


def _add(state: State, act: Act, world: World, drop: str = "") -> Line:
    """Add a line in the same swap in which `drop` is removed; StoreError where others write all the time."""
    random = Random(world.token())  # noqa: S311 - so that jobs differ, not to keep a secret
    for _ in range(_TRIES):
        name = max(_names(state), default=f"audit-{world.now():%Y-%m}")
        held = state.states([name, *([drop] if drop else [])])
        months = _Month(name, tuple(_unpacked(held.get(name), name))).after(act, world)
        change: dict[str, memory.Swap] = {one.name: (held.get(one.name), memory.pack(one.lines)) for one in months}
        if state.swap_all(change | ({drop: (held.get(drop), None)} if drop else {})):
            return months[-1].lines[-1]
        world.observed.tell("debug", "store_conflict", world.now(), value=name)
        world.sleep(random.uniform(0, _PAUSE))
    raise StoreError("the audit log is written by other jobs all the time; run fewer at once.")


class _Month(NamedTuple):
    """A value of the log as it was read."""

    name: str
    lines: tuple[Line, ...] = ()

    def after(self, act: Act, world: World) -> "list[_Month]":
        """What is to be written for an act: this month, or this and the one it goes on in.

        A month ends with a line that says so: a job that still knew nothing of the next cannot add to it.
        """
        # A clock that is behind does not begin an earlier month.
        name = max(f"audit-{world.now():%Y-%m}", self.name)
        last = self.lines[-1] if self.lines else None
        if last and last.what == "continued":
            return [_Month(max(name, last.of), (_next(last, act, world),))]
        if name == self.name:
            return [_Month(name, (*self.lines, _next(last, act, world)))]
        end = _next(last, Act("continued", name), world)
        return [self._replace(lines=(*self.lines, end)), _Month(name, (_next(end, act, world),))]


def _names(state: State) -> list[str]:
    return sorted(name for name in state.values() if NAME.fullmatch(name))


def _unpacked(data: bytes | None, name: str) -> list[Line]:
    return memory.unpack(data, list[Line], name) if data else []


def _next(last: Line | None, act: Act, world: World) -> Line:
    secrets = redaction.secrets(world.env)
    return Line(
        number=last.number + 1 if last else 1,
        at=world.now(),
        what=act.what,
        by=act.by or _who(world),
        of=redaction.redacted(act.of, secrets)[:_LONGEST],
        previous=last.hash if last else NOTHING,
        text=redaction.redacted(act.text, secrets)[:_LONGEST],
    )


def _who(world: World) -> str:
    """A job, not who started it: that is GitHub's to know."""
    run, workflow = world.env.get("GITHUB_RUN_ID", ""), world.env.get("GITHUB_WORKFLOW", "")
    return f"run {run} of {workflow or 'a workflow'}" if run else "by hand"


def forget(state: State, before: datetime, world: World) -> list[str]:
    """Remove the months whose last line is older, and say so in a new line; their names. The newest month stays."""
    gone = []
    for name in _names(state)[:-1]:
        month = _unpacked(state.state(name), name)
        if any(line.at >= before for line in month if line.what != "continued"):
            break
        _add(state, Act("forgotten", name, month[-1].hash if month else ""), world, drop=name)
        gone.append(name)
    return gone


def lines(state: State) -> list[Placed]:
    """All lines, oldest first; DocumentError where a month cannot be read."""
    names = _names(state)
    held = state.states(names)
    return [
        Placed(name, place, line)
        for name in names
        for place, line in enumerate(_unpacked(held.get(name), name), start=1)
    ]


def faults(found: Sequence[Placed], head: str = "") -> Iterator[str]:
    """What is wrong with the chain, a sentence each; `head` is a hash that some line was once known to have."""
    hashes = {one.line.hash: one for one in found}
    forgotten = {one.line.text for one in found if one.line.what == "forgotten"}
    if found and found[0].line.previous not in {NOTHING, *forgotten}:
        yield f"{found[0]}: what stood before it was removed, and no line says that it was to be."
    for before, one in pairwise(found):
        if one.line.previous != before.line.hash:
            yield _broken(before, one, hashes.get(one.line.previous))
    if head and head not in hashes:
        yield f"No line has the hash {head[:16]}…: the line that had it was changed or removed."


def _broken(before: Placed, one: Placed, named: Placed | None) -> str:
    """Why a line does not follow the one it stands behind; `named` is the one it says that it follows."""
    if named:
        return f"{one} follows {named}, and stands behind {before}: lines were moved or put between."
    missing = one.line.number - before.line.number - 1
    if missing > 0:
        return f"{one}: {'a line' if missing == 1 else f'{missing:,} lines'} before it went missing."
    return f"{before} was changed, or put there: the line after it is of another one."
