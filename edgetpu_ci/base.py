"""The base of a comparison: which commit it is, and its files, taken from git without touching the checkout."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from edgetpu_ci import git, remote
from edgetpu_ci.errors import ConfigError, GitError
from edgetpu_ci.event import Event
from edgetpu_ci.judging import judge
from edgetpu_ci.world import World

UNTRACKED: Final = (
    "it is not in git, so no commit has its base; `edgetpu-ci compare --base FILE --head FILE` takes both"
)
_LFS: Final = b"version https://git-lfs.github.com/spec/"
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")
_DEEPEN: Final = (50, 500, 5000)
_REMOTE_SECONDS = 300


class Source(Protocol):
    """Where the base's files come from."""

    @property
    def commit(self) -> str:
        """The base's commit; empty where files are just files."""

    @property
    def label(self) -> str:
        """What the base is, in words."""

    def file(self, head: Path) -> Path | str:
        """The base's version of a file of the head, or in words why there is none."""

    def checkout(self) -> Path:
        """A folder with the whole base. ConfigError where there is none."""


@dataclass(frozen=True)
class Files:
    """Files that were named as the bases of others, with no commit behind them."""

    pairs: Mapping[Path, Path]
    commit: str = ""
    label: str = "the files named with --base"

    def file(self, head: Path) -> Path | str:
        """The base of a file, in the order in which both were named."""
        return self.pairs.get(head.resolve()) or judge.NEW

    def checkout(self) -> Path:
        """There is none."""
        raise ConfigError("A command is compared with a commit, not with files; name one with `--base REF`.")


@dataclass(frozen=True)
class Itself:
    """The head as its own base: what differs then is noise."""

    folder: Path
    commit: str = ""
    label: str = "itself"

    def file(self, head: Path) -> Path:
        """The same file."""
        return head

    def checkout(self) -> Path:
        """The same folder."""
        return self.folder


@dataclass(frozen=True)
class Tree:
    """A commit whose files are put below `folder` as they are asked for."""

    commit: str
    label: str
    folder: Path
    world: World

    def file(self, head: Path) -> Path | str:
        """The base's version of a file of the head, or in words why there is none."""
        try:
            return self._file(head.resolve())
        except GitError as error:
            return f"git cannot give the base's {head.name}: {error}"

    def _file(self, head: Path) -> Path | str:
        if not head.is_relative_to(self._top):
            return f"{head.name} lies outside the repository, so no commit has it"
        name = str(head.relative_to(self._top))
        if name not in self._names:
            is_tracked = git.attempt(self.world, self._top, "ls-files", "--error-unmatch", "--", name).status == 0
            return judge.NEW if is_tracked else UNTRACKED
        self._git("checkout-index", "-f", f"--prefix={self.folder}/", "--", name)
        return self._explained(self.folder / name, name)

    def checkout(self) -> Path:
        """The whole base, as a checkout would have it; without submodules."""
        if self._names:
            self._git("checkout-index", "-a", "-f", f"--prefix={self.folder}/")
        folder = self.folder / self.world.cwd.resolve().relative_to(self._top)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _explained(self, place: Path, name: str) -> Path | str:
        if place.is_symlink() or not place.is_file():
            return f"the base's {name} is no file but a link or a folder"
        with place.open("rb") as file:
            pointer = file.read(len(_LFS)) == _LFS
        if pointer:
            return (
                f"the base's {name} is a Git LFS pointer; install git-lfs on the runner, or fetch it before: "
                f"git lfs fetch origin {self.commit[:12]}"
            )
        return place

    @cached_property
    def _top(self) -> Path:
        return Path(_asked(["rev-parse", "--show-toplevel"], self.world)).resolve()

    @cached_property
    def _names(self) -> frozenset[str]:
        """What the base has, read into an index of our own."""
        self._git("read-tree", self.commit)
        return frozenset(name for name in self._git("ls-files", "-z").split("\0") if name)

    def _git(self, *arguments: str) -> str:
        index = {"GIT_INDEX_FILE": f"{self.folder}.index"}
        said = git.run(self.world, self._top, *arguments, env=index, seconds=_REMOTE_SECONDS)
        return said.decode(errors="surrogateescape")


def find(ref: str, happened: Event, folder: Path, world: World) -> Tree:
    """The base that `ref` names; GitError when there is none.

    A commit or a tag is itself; of a branch it is where the head left it, for what came to the branch since is not the
    head's doing; "auto" is what a change was made from.
    """
    if ref == "auto":
        commit = _test_merge_base(happened, world) or _merge_base(happened.base_commit, world)
        return Tree(commit, _merged(happened.base_branch, commit), folder, world)
    commit = resolve(ref, world)
    if _is_branch(ref, world):
        commit = _merge_base(commit, world)
        return Tree(commit, _merged(ref, commit), folder, world)
    return Tree(commit, f"{ref} ({commit[:7]})", folder, world)


def _merged(branch: str, commit: str) -> str:
    return f"merge base{f' with {branch}' if branch else ''} ({commit[:7]})"


def resolve(ref: str, world: World) -> str:
    """The commit a ref names, fetched where the clone does not have it. GitError when there is none."""
    return _commit(ref, world) or _fetched(ref, world)


def _is_branch(ref: str, world: World) -> bool:
    """Whether a name is one of a branch: here, or at `origin` where it was just fetched."""
    if known := _quiet(["rev-parse", "--symbolic-full-name", ref], world):
        return ref not in {"HEAD", "@"} and known.startswith(("refs/heads/", "refs/remotes/"))
    place = world.cwd / _asked(["rev-parse", "--git-path", "FETCH_HEAD"], world)
    return not _commit(ref, world) and place.is_file() and f"branch '{ref}' of" in place.read_text(errors="replace")


def ancestors(commit: str, most: int, world: World) -> tuple[str, ...]:
    """A commit and its first parents, newest first, as far as the clone has them; none where there is no commit."""
    if not commit:
        return ()
    return tuple(_quiet(["rev-list", "--first-parent", f"--max-count={most}", commit], world).split())


def between(good: str, bad: str, world: World) -> int | None:
    """How many commits, first parents only, lead from one to the other; None where this clone cannot tell."""
    if not (_COMMIT.fullmatch(good) and _COMMIT.fullmatch(bad)):
        return None
    try:
        if git.attempt(world, world.cwd, "merge-base", "--is-ancestor", good, bad).status != 0:
            return None
        return int(_quiet(["rev-list", "--first-parent", "--count", f"{good}..{bad}"], world) or 0) or None
    except GitError:
        return None


def _test_merge_base(happened: Event, world: World) -> str:
    """The first parent, if what is checked out is the merge that GitHub made to test a pull request; else nothing.

    A commit names its parents also in a clone that does not have them.
    """
    head = _asked(["rev-parse", "HEAD"], world)
    lines = _asked(["cat-file", "-p", "HEAD"], world).splitlines()
    parents = [line.removeprefix("parent ") for line in lines if line.startswith("parent ")]
    if head == happened.commit or parents[1:] != [happened.commit]:
        return ""
    return resolve(parents[0], world)


def _merge_base(target: str, world: World) -> str:
    if not target:
        raise ConfigError("There is no base: the event names none; name one with `--base REF`.")
    tip = _commit(target, world) or _fetched(target, world)
    for depth in (0, *_DEEPEN):
        if depth:
            _fetch([f"--deepen={depth}", "origin", target, "HEAD"], world)
        if found := _quiet(["merge-base", "HEAD", tip], world):
            return found
    raise GitError(
        f"git knows no common ancestor of HEAD and {target[:12]}; give actions/checkout `fetch-depth: 0`, or name the "
        "base with `compare: {base: REF}`."
    )


def _commit(ref: str, world: World) -> str:
    """The commit a ref names in this clone; empty when there is none."""
    return _quiet(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"], world)


def _fetched(ref: str, world: World) -> str:
    """A commit that this clone does not have yet."""
    if not ref or ref.startswith("-"):
        raise ConfigError(f'"{ref}" is no name of a commit.')
    if not _quiet(["remote", "get-url", "origin"], world):
        # Where there is no repository at all, git says so.
        _asked(["rev-parse", "--git-dir"], world)
        raise GitError(f'There is no commit, branch, tag or file "{ref}", and no remote `origin` to ask for it.')
    _fetch(["--depth=1", "origin", ref], world)
    return _asked(["rev-parse", "FETCH_HEAD^{commit}"], world)


def _fetch(arguments: Sequence[str], world: World) -> None:
    """Fetch as the checkout is set up to; where that has kept no credentials, as the job may."""
    command = ("fetch", "--no-tags", "--quiet", *arguments)
    ran = git.attempt(world, world.cwd, *command, seconds=_REMOTE_SECONDS)
    if ran.status != 0 and (login := _login(world)):
        ran = git.attempt(world, world.cwd, *command, env=login, seconds=_REMOTE_SECONDS)
    if ran.status != 0:
        way_out = "give actions/checkout `fetch-depth: 0`" if world.env.get("GITHUB_ACTIONS") else "check its name"
        raise GitError(
            f"`git fetch` failed: {git.reason(ran)}. The base is not in this clone and could not be fetched; {way_out}."
        )


def _login(world: World) -> dict[str, str]:
    """The environment in which git shows the job's token; empty where there is none."""
    if not (world.env.get("GITHUB_TOKEN") or world.env.get("GH_TOKEN")):
        return {}
    told = world.env.get("GIT_CONFIG_COUNT", "")
    return remote.find("", world).env(int(told) if told.isdecimal() else 0)


def _asked(arguments: Sequence[str], world: World) -> str:
    return git.run(world, world.cwd, *arguments).decode(errors="surrogateescape").strip()


def _quiet(arguments: Sequence[str], world: World) -> str:
    """The same, empty where git says no."""
    ran = git.attempt(world, world.cwd, *arguments)
    return ran.stdout.decode(errors="surrogateescape").strip() if ran.status == 0 else ""
