"""What a branch holds, on this machine: each of its files is read once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Raw

from edgetpu_ci import codec
from edgetpu_ci.errors import DocumentError, StoreError
from edgetpu_ci.store import layout

if TYPE_CHECKING:
    from sqlite3 import Connection

Read = Callable[[Sequence[str]], Iterator[tuple[str, bytes]]]
"""Contents by blob id; one that is too large is left out."""

_SCHEMA = """
pragma foreign_keys = on;
create table if not exists files (path text primary key, blob text, fault text);
create table if not exists documents (kind text, name text, data blob, path text references files on delete cascade);
create index if not exists by_name on documents (kind, name);
create index if not exists by_path on documents (path);
"""


class Index:
    """A small database in a file that may be removed at any time; StoreError when it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def follow(self, files: Mapping[str, str], read: Read) -> None:
        """Take in the files (paths to blob ids) that are new or have changed, and forget those that are gone."""
        ours = {path: blob for path, blob in files.items() if layout.place(path)}
        with self._database() as database:
            known = dict(database.execute("select path, blob from files"))
            gone = [(path,) for path, blob in known.items() if ours.get(path) != blob]
            database.executemany("delete from files where path = ?", gone)
            _take(database, {path: blob for path, blob in ours.items() if known.get(path) != blob}, read)

    def forget(self) -> None:
        """Remove the file: what was deleted from a database stays in its free pages."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def names(self, kind: str) -> list[str]:
        """Names of the documents of a kind, in order."""
        return [name for (name,) in self._ask("select distinct name from documents where kind = ? order by name", kind)]

    def find(self, kind: str, name: str) -> bytes | None:
        """A document, None when there is none."""
        rows = self._ask("select data from documents where kind = ? and name = ? order by path limit 1", kind, name)
        return bytes(rows[0][0]) if rows else None

    def at(self, path: str) -> bytes:
        """The document that has the file at `path` for itself."""
        return bytes(self._ask("select data from documents where path = ?", path)[0][0])

    def faults(self, suffix: str = "") -> list[str]:
        """What cannot be read, of the files that end in `suffix`: a sentence for each."""
        rows = self._ask("select fault from files where fault != '' and path like ? order by path", f"%{suffix}")
        return [fault for (fault,) in rows]

    def single(self) -> list[str]:
        """Paths of the documents that lie in files of their own and can be read, in order."""
        rows = self._ask("select path from files where fault = '' and path like '%.json' order by path")
        return [path for (path,) in rows]

    def count(self) -> int:
        """How many documents there are."""
        return int(self._ask("select count(*) from (select distinct kind, name from documents)")[0][0])

    def _ask(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        with self._database() as database:
            return database.execute(query, values).fetchall()

    @contextmanager
    def _database(self) -> Iterator["Connection"]:
        import sqlite3

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=60)) as database, database:
                database.executescript(_SCHEMA)
                yield database
        except (sqlite3.DatabaseError, OSError) as error:
            # Whatever it held is on the branch.
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            raise StoreError(f"{self._path} cannot be used ({error}); it is made anew by the next command.") from error


def _take(database: "Connection", new: Mapping[str, str], read: Read) -> None:
    paths: dict[str, list[str]] = {}
    for path, blob in new.items():
        paths.setdefault(blob, []).append(path)
    unread = dict(new)
    for blob, data in read(list(paths)):
        for path in paths[blob]:
            _put(database, path, blob, data)
            del unread[path]
    rows = [(path, blob, f"{path} is larger than any of ours.") for path, blob in unread.items()]
    database.executemany("insert into files values (?, ?, ?)", rows)


def _put(database: "Connection", path: str, blob: str, data: bytes) -> None:
    place = layout.place(path)
    assert place is not None, path  # noqa: S101 - the caller took only those
    documents: Iterable[layout.Document] = ()
    try:
        documents = [(place.name, data)] if place.name else layout.unpack(data, path)
        fault = _fault(data, path) if place.name else ""
    except DocumentError as error:
        fault = str(error)
    database.execute("insert into files values (?, ?, ?)", (path, blob, fault))
    rows = ((place.kind, name, each, path) for name, each in documents)
    database.executemany("insert into documents values (?, ?, ?, ?)", rows)


def _fault(data: bytes, path: str) -> str:
    """Why a file is no JSON; empty when it is."""
    try:
        codec.decode_json(data, Raw, path)
    except DocumentError as error:
        return str(error)
    return ""
