"""A store on a branch of its own in the repository: one file per document, written by any number of jobs at once."""

import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from random import Random
from shutil import rmtree
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import git, remote
from edgetpu_ci.errors import ConfigError, DocumentError, GitError, StoreError, UndeliveredError, UnreachableError
from edgetpu_ci.files import locked
from edgetpu_ci.memory import Swap
from edgetpu_ci.store import layout
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.store.index import Index
from edgetpu_ci.store.mirror import Change, Mirror, Still, Tip
from edgetpu_ci.store.outbox import Outbox
from edgetpu_ci.world import World

T = TypeVar("T")

PATIENCE = 300
"""How long (seconds) a write tries against others before it is kept for later."""

_STATE = "state/"
_UNANSWERED = 3
_BRANCH = re.compile(r"(?!.*(\.\.|//|\.lock$|\.lock/|/$|\.$|/\.))[A-Za-z0-9][A-Za-z0-9._/-]{0,150}")
_README = """\
Measurements of this repository, written by edgetpu-ci. Nothing here is edited by hand: `documents/` holds a file for
each report and, of months past, an archive; `state/` holds what the next run must know.
"""


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`branch`: its name; the first report begins it.

    `remote`: the address or folder of the repository, by default that of the job, else `origin`. `keep`: a folder for
    what was read before and for what could not be delivered; on a self-hosted runner, one outside the checkout lasts.
    """

    branch: str = "edgetpu-ci-data"
    remote: str = ""
    keep: str = ".edgetpu-ci/branch"


def open_store(options: Options, world: World) -> "Branch":
    """The store on `options.branch`; nobody is asked, and nothing written, before it is used."""
    if not _BRANCH.fullmatch(options.branch):
        raise ConfigError(f'store.with.branch: "{options.branch}" cannot be the name of a branch.')
    where = remote.find(options.remote, world)
    folder = world.cwd / Path(options.keep).expanduser()
    mirror = Mirror(remote=where, branch=options.branch, folder=folder / "git", author=_author(world), world=world)
    outbox = Outbox(Folder(folder / "outbox"))
    return Branch(
        mirror=mirror, index=Index(folder / "index.sqlite"), outbox=outbox, lock=folder / ".lock", world=world
    )


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A branch: what of it is here, and what is on its way there."""

    mirror: Mirror
    index: Index
    outbox: Outbox
    lock: Path
    world: World

    def append(self, kind: str, name: str, data: bytes) -> Path:
        """Put a document on the branch, with those still waiting; its path there.

        StoreError when the name is taken or nothing can be written here, UndeliveredError when it has to wait.
        """
        self.extend(kind, [(name, data)])
        return Path(layout.path(kind, name))

    def extend(self, kind: str, documents: Iterable[layout.Document]) -> None:
        """The same for many, in one commit."""
        waiting = {layout.path(kind, name): self.outbox.put(kind, name, data) for name, data in documents}
        if not waiting:
            return
        try:
            taken = sorted(self._settle(self._deliver) & waiting.keys())
        except StoreError as error:
            where = next(iter(waiting.values())) if len(waiting) == 1 else self.outbox.folder.root
            what = "the document waits" if len(waiting) == 1 else f"{len(waiting)} documents wait"
            raise UndeliveredError(f"{error} Until then {what} in {where}.") from error
        for path in taken:
            self.outbox.remove(path)
        if taken:
            raise StoreError(f"{taken[0]} could not be written: it exists already on the branch {self.mirror.branch}.")

    def names(self, kind: str) -> list[str]:
        """Names of the documents of a kind, oldest first; an archive that cannot be read is said and passed over."""
        self._settle(self._follow)
        for fault in self.index.faults(".tar.gz"):
            self.world.warn(f"Passed over: {fault}")
        return self.index.names(layout.safe(kind))

    def read(self, kind: str, name: str) -> bytes:
        """A document as it was written."""
        found = self.index.find(kind, name)
        if found is None:
            commit = self._settle(self._follow).commit
            found = self.index.find(kind, name)
            if found is None:
                what = f"has no {layout.path(kind, name)}" if commit else "does not exist"
                raise DocumentError(f"The branch {self.mirror.branch} at {self.mirror.remote.url} {what}.")
        return found

    def state(self, name: str) -> bytes | None:
        """A named value, None when it was never set."""
        return self.states([name]).get(name)

    def states(self, names: Iterable[str]) -> dict[str, bytes]:
        """Several named values, of one commit."""
        wanted = {_value(name): name for name in names}
        return self._settle(lambda tip: {wanted[path]: data for path, data in self._contents(tip, wanted).items()})

    def swap(self, name: str, old: bytes | None, new: bytes | None) -> bool:
        """Set a named value if it is still `old`; None removes it."""
        return self.swap_all({name: (old, new)})

    def swap_all(self, changes: Mapping[str, Swap]) -> bool:
        """Set several named values in one commit, if each is still its old one.

        After a broken connection nobody knows whether they were set: then it counts if they are the new ones now.
        Values that name their writer leave no doubt.
        """
        wanted = {_value(name): change for name, change in changes.items()}
        doubt = False

        def attempt(tip: Tip) -> bool | None:
            nonlocal doubt
            held = self._contents(tip, wanted)
            if any(held.get(path) != old for path, (old, _) in wanted.items()):
                return doubt and all(held.get(path) == new for path, (_, new) in wanted.items())
            doubt = True
            if self._push(tip, _set({path: new for path, (_, new) in wanted.items()})):
                return True
            doubt = False
            return None

        return self._settle(attempt)

    def values(self) -> list[str]:
        """The names of all values that are set."""
        return self._settle(lambda tip: sorted(p.removeprefix(_STATE) for p in tip.files if p.startswith(_STATE)))

    def drop(self, kind: str, names: Iterable[str]) -> int:
        """Remove documents, also from archives; how many there were. DocumentError when an archive cannot be read."""
        wanted = frozenset(names)
        return self._settle(lambda tip: self._drop(tip, layout.safe(kind), wanted)) if wanted else 0

    def forget(self) -> str:
        """Begin the branch anew with what it holds now, and drop what was read of it before."""
        if not self._settle(self._begin_anew):
            return ""
        with locked(self.lock):
            rmtree(self.mirror.folder, ignore_errors=True)
            self.index.forget()
        return (
            f"The branch {self.mirror.branch} at {self.mirror.remote.url} begins anew, without its earlier commits. "
            "Until the server collects its garbage, who knows their ids may still read them (GitHub's support does it "
            "when asked), and every clone and fork keeps its own."
        )

    def fold(self, month: str) -> int:
        """Pack the documents of the months before `month` (2026-05), and forget the branch's history; how many."""
        return self._settle(lambda tip: self._fold(tip, month))

    def snapshot(self) -> "Branch":
        """The branch as it is now, for reading: the server is asked for its newest commit once, and not again."""
        return dataclasses.replace(self, mirror=Still.of(self.mirror, self._settle(self._follow)))

    def check(self) -> str:
        """What the branch holds, in a sentence; StoreError when it cannot be written, or holds what cannot be read."""
        tip = self._settle(self._try_out)
        name = f"the branch {self.mirror.branch} at {self.mirror.remote.url}"
        if not tip.commit:
            return f"{name} does not exist yet; the first report begins it."
        if faults := self.index.faults():
            more = f" ({len(faults)} files in all)" if len(faults) > 1 else ""
            raise StoreError(f"On {name}: {faults[0].rstrip('.')}{more}; restore or remove it there.")
        count = self.index.count()
        return f"{name} holds {count:,} documents." if count else f"{name} holds no documents yet."

    def _settle(self, attempt: Callable[[Tip], T | None]) -> T:
        """What an attempt on the newest commit gives; None: another was faster, so again after a random pause."""
        began = self.world.monotonic()
        unanswered = 0
        for pause in _pauses(Random(self.world.token())):  # noqa: S311 - so that jobs differ, not to keep a secret
            try:
                with locked(self.lock):
                    done = attempt(self._tip())
                if done is not None:
                    return done
            except UnreachableError:
                unanswered += 1
                if unanswered == _UNANSWERED:
                    raise
            except GitError as error:
                raise StoreError(str(error)) from error
            if self.world.monotonic() - began > PATIENCE:
                break
            self.world.sleep(pause)
        raise StoreError(
            f"Others changed the branch {self.mirror.branch} for {PATIENCE} s, faster than we could; "
            "run fewer jobs at once."
        )

    def _tip(self) -> Tip:
        tip = self.mirror.fetch()
        if tip.commit and layout.MARK not in tip.files:
            raise StoreError(
                f"The branch {self.mirror.branch} at {self.mirror.remote.url} was not begun by edgetpu-ci "
                f"(it has no {layout.MARK}), so nothing is written to it; name another in `store.with.branch`."
            )
        return tip

    def _push(self, tip: Tip, change: Change) -> bool:
        first = {} if tip.commit else {layout.MARK: b'{"format": "edgetpu-ci-data"}\n', "README.md": _README.encode()}
        return self.mirror.push(tip, replace(change, write={**first, **change.write}))

    def _deliver(self, tip: Tip) -> set[str] | None:
        """Push what waits; paths that other documents have already, which go on waiting."""
        waiting = self.outbox.waiting()
        new = {path: data for path, data in waiting.items() if path not in tip.files}
        if new and not self._push(tip, Change(message=_added(list(new)), write=new)):
            return None
        taken = {path for path, data in waiting.items() if tip.files.get(path, blob := _blob(data)) != blob}
        for path in waiting.keys() - taken:
            self.outbox.remove(path)
        return taken

    def _follow(self, tip: Tip) -> Tip:
        self.index.follow(tip.files, self.mirror.read)
        return tip

    def _try_out(self, tip: Tip) -> Tip:
        self.mirror.may_push(tip)
        return self._follow(tip)

    def _content(self, tip: Tip, path: str) -> bytes | None:
        return self._contents(tip, [path]).get(path)

    def _contents(self, tip: Tip, paths: Iterable[str]) -> dict[str, bytes]:
        """The files that there are, fetched in one go. StoreError for one that is too large to be ours."""
        blobs = {path: tip.files[path] for path in paths if path in tip.files}
        contents = dict(self.mirror.read(sorted(set(blobs.values()))))
        if large := [path for path, blob in blobs.items() if blob not in contents]:
            where = f"the branch {self.mirror.branch} at {self.mirror.remote.url}"
            raise StoreError(f"{large[0]} on {where} is larger than any of ours; restore or remove it there.")
        return {path: contents[blob] for path, blob in blobs.items()}

    def _begin_anew(self, tip: Tip) -> str | None:
        if not tip.commit or self._push(tip, Change(message="Forget what was before", alone=True)):
            return tip.commit
        return None

    def _drop(self, tip: Tip, kind: str, wanted: frozenset[str]) -> int | None:
        held = [(path, place) for path in tip.files if (place := layout.place(path)) and place.kind == kind]
        remove = [path for path, place in held if place.name in wanted]
        count, write = len(remove), {}
        for path in (path for path, place in held if not place.name):
            documents = layout.unpack(self._content(tip, path) or b"", path)
            left = [document for document in documents if document[0] not in wanted]
            count += len(documents) - len(left)
            if left and len(left) < len(documents):
                write[path] = layout.pack(left)
            elif not left:
                remove.append(path)
        if not count or self._push(tip, Change(message=f"Erase {count} documents", write=write, remove=remove)):
            return count
        return None

    def _fold(self, tip: Tip, month: str) -> int | None:
        self._follow(tip)
        places = [(path, place) for path in self.index.single() if (place := layout.place(path))]
        old = {path: place for path, place in places if "" < place.month < month}
        if not old:
            return 0
        archives: dict[str, bytes] = {}
        for (kind, of), paths in groupby(old, key=lambda path: (old[path].kind, old[path].month)):
            documents = ((old[path].name, self.index.at(path)) for path in paths)
            archives |= layout.archives(kind, of, documents, tip.files)
        change = Change(message=f"Fold {len(old)} documents", write=archives, remove=list(old), alone=True)
        return len(old) if self._push(tip, change) else None


def _pauses(random: Random) -> Iterator[float]:
    """Random pauses (seconds) that grow to four."""
    longest = 0.2
    while True:
        yield random.uniform(0, longest)
        longest = min(4, 1.5 * longest)


def _value(name: str) -> str:
    return f"{_STATE}{layout.safe(name)}"


def _set(values: Mapping[str, bytes | None]) -> Change:
    write = {path: new for path, new in values.items() if new is not None}
    remove = [path for path in values if path not in write]
    what = next(iter(values)) if len(values) == 1 else f"{len(values)} values"
    return Change(message=f"{'Set' if write else 'Remove'} {what}", write=write, remove=remove)


def _added(paths: list[str]) -> str:
    return f"Add {paths[0]}" if len(paths) == 1 else f"Add {len(paths)} documents"


def _blob(data: bytes) -> str:
    """The id git gives to a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _author(world: World) -> str:
    """Who writes, as git wants it: who started the job, else who works here."""
    name, number = world.env.get("GITHUB_ACTOR", ""), world.env.get("GITHUB_ACTOR_ID", "")
    email = f"{number}+{name}@users.noreply.github.com" if number else f"{name}@users.noreply.github.com"
    if not name:
        name, email = (_configured(f"user.{what}", world) for what in ("name", "email"))
    clean = [re.sub(r"[<>\x00-\x1f]", "", text).strip() for text in (name, email)]
    return f"{clean[0] or 'edgetpu-ci'} <{clean[1] or 'edgetpu-ci@localhost'}>"


def _configured(key: str, world: World) -> str:
    try:
        return git.run(world, world.cwd, "config", key).decode(errors="replace")
    except GitError:
        return ""
