"""A private bare repository that follows one branch of another: its newest commit and the files asked for."""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import git
from edgetpu_ci.errors import GitError, StoreError
from edgetpu_ci.remote import Remote
from edgetpu_ci.world import Ran, World

_CHUNK = 32 << 20  # Well below what the output of a process may be.
_SECONDS = 600
_RACED = re.compile(
    r"\[rejected\]|cannot lock ref|failed to update ref|failed to lock|reference already exists|incorrect old value|"
    # The branch was deleted, and begins with nothing we could build on.
    r"shallow update not allowed"
)
# What git itself does when it misses a file, but for many files at once.
_FETCH_BLOBS = (
    *("-c", "fetch.negotiationAlgorithm=noop", "fetch", "-q", "--no-tags", "--no-write-fetch-head"),
    *("--filter=blob:none", "--stdin", "origin"),
)
_TIP = "refs/remotes/origin/data"


class Tip(Struct, frozen=True):
    """The newest commit of a branch (empty: there is no branch), and its files: paths to blob ids."""

    commit: str = ""
    tree: str = ""
    files: Mapping[str, str] = {}


class Change(Struct, frozen=True, kw_only=True):
    """Files to write and to remove; `alone`, the new commit forgets those before it."""

    message: str
    write: Mapping[str, bytes] = {}
    remove: Sequence[str] = ()
    alone: bool = False


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """Of the branch `branch` of `remote`, in `folder`, which may be removed at any time: it is filled again."""

    remote: Remote
    branch: str
    folder: Path
    author: str
    world: World

    def fetch(self) -> Tip:
        """The branch as it is now, without its history and, where the server can, without its files' contents."""
        try:
            return self._fetch()
        except GitError:
            # A job that was killed may have left locks or half a pack.
            shutil.rmtree(self.folder, ignore_errors=True)
            return self._fetch()

    def read(self, blobs: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Contents by blob id, those that are not here yet fetched in one go; one that is too large is left out."""
        if not blobs:
            return
        wanted = "".join(f"{blob}\n" for blob in blobs).encode()
        ran = self._attempt(*_FETCH_BLOBS, stdin=wanted)
        if ran.status != 0:
            raise self._refused(ran, "fetch")
        for chunk in _chunks(self._sizes(wanted)):
            yield from _contents(self._git("cat-file", "--batch", stdin="".join(f"{b}\n" for b in chunk).encode()))

    def push(self, tip: Tip, change: Change) -> bool:
        """Put a change on top of `tip`; False, and nothing changed, when the branch is not at `tip` any more."""
        commit = self._commit(tip, change)
        lease = f"--force-with-lease=refs/heads/{self.branch}:{tip.commit}"
        ran = self._attempt("push", "--porcelain", "--no-verify", lease, "origin", f"{commit}:refs/heads/{self.branch}")
        if ran.status == 0:
            return True
        if _RACED.search(_said(ran)):
            return False
        raise self._refused(ran, "push")

    def may_push(self, tip: Tip) -> None:
        """StoreError when the server would not even let us try."""
        commit = tip.commit or self._commit(tip, Change(message="Whether it can be written"))
        ran = self._attempt("push", "--dry-run", "origin", f"{commit}:refs/heads/{self.branch}")
        if ran.status != 0:
            raise self._refused(ran, "push")

    def _fetch(self) -> Tip:
        self._prepare()
        wanted = f"+refs/heads/{self.branch}:{_TIP}"
        ran = self._attempt("fetch", "-q", "--depth=1", "--filter=blob:none", "--no-tags", "origin", wanted)
        if ran.status != 0:
            if "couldn't find remote ref" in _said(ran):
                self._notice_deleted()
                return Tip()
            raise self._refused(ran, "fetch")
        commit, tree = self._git("rev-parse", _TIP, f"{_TIP}^{{tree}}").decode().split()
        return Tip(commit, tree, dict(_files(self._git("ls-tree", "-r", "-z", commit))))

    def _notice_deleted(self) -> None:
        ran = self._attempt("rev-parse", "--verify", "-q", _TIP)
        if ran.status == 0:
            self.world.warn(
                f"The branch {self.branch} at {self.remote.url} was deleted; the next document begins it anew. "
                f"Its last commit was {ran.stdout.decode().strip()}, should it be restored."
            )
            self._git("update-ref", "-d", _TIP)

    def _prepare(self) -> None:
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            if not (self.folder / "HEAD").exists():
                git.run(self.world, self.folder.parent, "init", "-q", "--bare", "--template=", str(self.folder))
            for lock in (*self.folder.glob("*.lock"), *self.folder.glob("refs/**/*.lock")):
                lock.unlink()
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be written: {error.strerror}; name another `keep`.") from error

    def _commit(self, tip: Tip, change: Change) -> str:
        # Two jobs that set the same value in the same second would make the same commit, and both think they won.
        unique = replace(change, message=f"{change.message}\n\nWrite: {self.world.token()}\n")
        stream = b"".join(_stream(tip, unique, self.author, int(self.world.now().timestamp())))
        return self._git("fast-import", "--quiet", "--force", "--done", stdin=stream).decode().strip()

    def _sizes(self, wanted: bytes) -> Iterator[tuple[str, int]]:
        for line in self._git("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=wanted).splitlines():
            blob, _, size = line.decode().partition(" ")
            if not size.isdecimal():
                raise GitError(f"{self.folder} lacks files of the branch {self.branch}.")
            yield blob, int(size)

    def _git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        return git.run(self.world, self.folder, *arguments, stdin=stdin, env=self._env(), seconds=_SECONDS)

    def _attempt(self, *arguments: str, stdin: bytes = b"") -> Ran:
        return git.attempt(self.world, self.folder, *arguments, stdin=stdin, env=self._env(), seconds=_SECONDS)

    def _env(self) -> dict[str, str]:
        theirs = self.world.env.get("GIT_CONFIG_COUNT", "")
        # Named, the repository is not looked for: git would find the user's when ours is broken.
        return {"GIT_DIR": str(self.folder)} | self.remote.env(int(theirs) if theirs.isdecimal() else 0)

    def _refused(self, ran: Ran, what: str) -> StoreError | GitError:
        reason = git.reason(ran)
        known = self.remote.refusal(_said(ran), reason, self.branch)
        return known or GitError(f"`git {what}` for {self.remote.url} failed: {self.remote.tame(reason)}.")


@dataclass(frozen=True, kw_only=True)
class Still(Mirror):
    """One that stays at a commit, whatever becomes of the branch."""

    tip: Tip

    @classmethod
    def of(cls, mirror: Mirror, tip: Tip) -> "Still":
        """A mirror as it is at a commit."""
        return cls(**vars(mirror), tip=tip)

    def fetch(self) -> Tip:
        """That commit."""
        return self.tip


def _said(ran: Ran) -> str:
    return (ran.stdout + ran.stderr).decode(errors="replace")


def _files(listing: bytes) -> Iterator[tuple[str, str]]:
    """Paths and blob ids of plain files in what `ls-tree -z` prints."""
    for entry in listing.split(b"\0"):
        facts, _, path = entry.partition(b"\t")
        if facts.startswith(b"100"):
            with suppress(UnicodeDecodeError):
                yield path.decode(), facts.split()[2].decode()


def _chunks(sizes: Iterator[tuple[str, int]]) -> Iterator[list[str]]:
    chunk: list[str] = []
    together = 0
    for blob, size in sizes:
        if size > _CHUNK:
            continue
        if chunk and together + size > _CHUNK:
            yield chunk
            chunk, together = [], 0
        chunk.append(blob)
        together += size
    if chunk:
        yield chunk


def _contents(printed: bytes) -> Iterator[tuple[str, bytes]]:
    """Blob ids and contents in what `cat-file --batch` prints."""
    start = 0
    while start < len(printed):
        end = printed.index(b"\n", start)
        blob, _, size = printed[start:end].split()
        start = end + 1 + int(size)
        yield blob.decode(), printed[end + 1 : start]
        start += 1


def _stream(tip: Tip, change: Change, author: str, at: int) -> Iterator[bytes]:
    """A change in the language of `git fast-import`, which answers with the id of the commit."""
    yield f"commit refs/edgetpu-ci/next\nmark :1\ncommitter {author} {at} +0000\n".encode()
    yield _data(change.message.encode())
    if tip.commit and not change.alone:
        yield f"from {tip.commit}\n".encode()
    elif tip.tree:
        yield f"M 040000 {tip.tree} \n".encode()
    for path in change.remove:
        yield f"D {path}\n".encode()
    for path, data in change.write.items():
        yield f"M 100644 inline {path}\n".encode() + _data(data)
    yield b"get-mark :1\ndone\n"


def _data(data: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(data), data)
