"""Erasing what is kept of a repository's life: of a time, of one pull request or issue, or all of it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, structs

from edgetpu_ci import audit_log, codec, memory
from edgetpu_ci.audit_log import Act
from edgetpu_ci.errors import ConfigError, DocumentError, StoreError
from edgetpu_ci.github_rows import cursors, holding
from edgetpu_ci.github_rows.shelf import kind_of
from edgetpu_ci.incidents import book
from edgetpu_ci.incidents.record import STORED
from edgetpu_ci.kpis import rows as kpi_rows
from edgetpu_ci.upkeep import register, stale
from edgetpu_ci.upkeep.keeper import Keeper
from edgetpu_ci.upkeep.register import Kept
from edgetpu_ci.upkeep.stale import Row
from edgetpu_ci.world import World

KIND: Final = "erasures"

_TRIES: Final = 20


class Before(Struct, frozen=True):
    """What came to be before a day (UTC)."""

    day: date


class Number(Struct, frozen=True):
    """One pull request or issue."""

    of: Literal["pull request", "issue"]
    number: int


class Everything(Struct, frozen=True):
    """All that is kept for key figures: rows, how far they were read, reports of the repository, access reviews."""


Scope = Before | Number | Everything


class Erased(Struct, frozen=True):
    """How many "rows" or "documents" went of a named value or a kind of document; a "value" went whole."""

    name: str
    count: int
    what: Literal["rows", "documents", "value"]


class Erasure(Struct, frozen=True, kw_only=True):
    """The record: when, what was asked for, and how much went. It says nothing of what that was."""

    at: Annotated[datetime, Meta(tz=True)]
    scope: str
    values: int
    rows: int
    documents: int


class Done(Struct, frozen=True):
    """What went, and where earlier versions of it may still lie (empty: nowhere).

    `unread` has a sentence for each value that cannot be read, and may have more of what was meant.
    """

    erased: tuple[Erased, ...]
    remains: str
    unread: tuple[str, ...] = ()


def erase(keeper: Keeper, scope: Scope, world: World) -> Done:
    """Rewrite or remove what `scope` means, record that it was done, and forget what there was.

    ConfigError for a day that has not come yet. StoreError when other jobs write a value all the time; what went until
    then is gone.
    """
    if isinstance(scope, Before) and _midnight(scope.day) > world.now():
        raise ConfigError(f"{scope.day} has not come yet; give a day that has, or `--all` to erase all there is.")
    unread: list[str] = []
    values = _all(keeper) if isinstance(scope, Everything) else _some(keeper, scope, unread, world)
    if isinstance(scope, Before):
        months = [Erased(name, 1, "value") for name in audit_log.forget(keeper, _midnight(scope.day), world)]
        values = (*values, *_incidents(keeper, scope, unread), *months)
    erased = (*values, *_documents(keeper, scope))
    record = Erasure(
        at=world.now(),
        scope=_words(scope),
        values=sum(one.what != "documents" for one in erased),
        rows=sum(one.count for one in erased if one.what == "rows"),
        documents=sum(one.count for one in erased if one.what == "documents"),
    )
    keeper.append(KIND, f"{record.at:%Y%m%dT%H%M%SZ}-{world.token()[:8]}", codec.encode_json(record))
    audit_log.record(keeper, Act("erased", record.scope), world)
    # Also when nothing was left to go: the last erasure may have come this far and no further.
    return Done(erased, keeper.forget(), tuple(unread))


def _words(scope: Scope) -> str:
    match scope:
        case Before(day):
            return f"what came to be before {day}"
        case Number(of, _):
            return f"one {of}"
        case Everything():
            return "all key figures"


def _all(keeper: Keeper) -> Iterable[Erased]:
    """Until none is left: a job that reads meanwhile may have added some."""
    for _ in range(_TRIES):
        names = [name for name in keeper.values() if not stale.OTHERS.fullmatch(name) or name == register.SERIES]
        if not names:
            return
        for name in names:
            _change(keeper, name, lambda _: None)
            yield Erased(name, 1, "value")
    raise StoreError("Key figures are written by other jobs all the time; erase again when fewer run.")


def _documents(keeper: Keeper, scope: Scope) -> Iterable[Erased]:
    """Documents of the time that is meant; the series made from them are made anew from those that are left."""
    for kind in [kept.names for kept in register.REGISTER if kept.place == "documents" and kept.names != KIND]:
        if count := keeper.drop(kind, [name for name in keeper.names(kind) if _is_of(scope, name)]):
            if kind == register.REPORTS:
                _change(keeper, register.SERIES, lambda _: None)
            yield Erased(kind, count, "documents")


def _is_of(scope: Scope, name: str) -> bool:
    """Whether a document, whose name begins with its time, is meant; rows of one number are in none."""
    match scope:
        case Before(day):
            return name < f"{day:%Y%m%d}"
        case Number():
            return False
        case Everything():
            return True


def _some(keeper: Keeper, scope: Before | Number, unread: list[str], world: World) -> Iterable[Erased]:
    for name, kept in stale.rows_named(keeper.values()):
        if not _may_have(scope, name, kept):
            continue
        try:
            if count := _take_out(keeper, name, kept, scope):
                yield Erased(name, count, "rows")
        except DocumentError as error:
            unread.append(str(error))
            _note_unread(keeper, name, kept, scope, world.now())


def _incidents(keeper: Keeper, scope: Before, unread: list[str]) -> Iterable[Erased]:
    """Take out of the book what is over and came to be before; what is open is still of today."""
    name, limit, gone = STORED, _midnight(scope.day), 0

    def left(data: bytes | None) -> bytes | None:
        nonlocal gone
        if data is None:
            return None
        known = book.unpack(data)
        kept = tuple(one for one in known.incidents if one.is_open or one.opened_at >= limit)
        gone = len(known.incidents) - len(kept)
        return memory.pack(structs.replace(known, incidents=kept)) if gone else data

    try:
        _change(keeper, name, left)
    except DocumentError as error:
        unread.append(str(error))
    if gone:
        yield Erased(name, gone, "rows")


def _may_have(scope: Before | Number, name: str, kept: Kept) -> bool:
    if isinstance(scope, Number):
        return kept.number == scope.of
    return stale.month(name) < _midnight(scope.day)


def _meant(scope: Before | Number, name: str, kept: Kept) -> Callable[[Row], bool]:
    if isinstance(scope, Number):
        return lambda row: row.get("number") == scope.number
    limit = _midnight(scope.day)
    return lambda row: stale.time(row, kept.at, name) < limit


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _take_out(keeper: Keeper, name: str, kept: Kept, scope: Before | Number) -> int:
    """Take rows out of a value, and note in the cursors that they are gone; how many. One without any is removed."""
    meant = _meant(scope, name, kept)
    for _ in range(_TRIES):
        old = keeper.states([cursors.NAME, name])
        rows = stale.rows(old.get(name), name)
        left = [row for row in rows if not meant(row)]
        gone = [row for row in rows if meant(row)]
        # The cursors first: who is killed between the two has erased too little, and said so.
        change = (old.get(name), memory.pack(left) if left else None)
        noted = (old.get(cursors.NAME), _noted(old.get(cursors.NAME), {name: change}, _mark(gone, name, kept, scope)))
        if not gone or keeper.swap_all({cursors.NAME: noted, name: change}):
            return len(gone)
    raise _contested(name)


def _mark(gone: Sequence[Row], name: str, kept: Kept, scope: Before | Number) -> dict[str, kpi_rows.Erased]:
    """What the cursors are to know of rows that are gone; one that was meant by its number is missed nowhere."""
    if not gone or isinstance(scope, Number):
        return {}
    last = max(stale.time(row, "updated" if "updated" in row else kept.touched, name) for row in gone)
    is_open = bool(kept.number) and any(not row.get("closed") and not row.get("merged") for row in gone)
    before = _midnight(scope.day)
    return {kind_of(name): kpi_rows.Erased(before=before, last=max(last, before), is_open=is_open)}


def _note_unread(keeper: Keeper, name: str, kept: Kept, scope: Before | Number, now: datetime) -> None:
    """Nobody knows which rows a value had: until now any may have changed, and none is to be read again."""
    if isinstance(scope, Before):
        mark = kpi_rows.Erased(before=_midnight(scope.day), last=now, is_open=bool(kept.number))
        _change(keeper, cursors.NAME, lambda old: _noted(old, {}, {kind_of(name): mark}))


def _noted(old: bytes | None, change: dict[str, memory.Swap], erased: dict[str, kpi_rows.Erased]) -> bytes:
    known, _ = holding.read(old)
    held = cursors.holding(known.held, change)
    return memory.pack(structs.replace(known, held=held, erased=cursors.erased(known.erased, erased)))


def _change(keeper: Keeper, name: str, new: Callable[[bytes | None], bytes | None]) -> None:
    """Make a value another one, whoever else writes it meanwhile."""
    for _ in range(_TRIES):
        old = keeper.state(name)
        changed = new(old)
        if changed == old or keeper.swap(name, old, changed):
            return
    raise _contested(name)


def _contested(name: str) -> StoreError:
    return StoreError(f"{name} is written by other jobs all the time; erase again when fewer run.")
