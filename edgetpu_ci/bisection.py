"""Find the commit that made something worse: each step measures one commit in turns with the good one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, log, log2
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from edgetpu_ci import base, collect, config, event, git, measure, metrics
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.judging import interleaved, judge
from edgetpu_ci.loads import models
from edgetpu_ci.model import Comparison
from edgetpu_ci.render import words
from edgetpu_ci.world import World

FOUND, OPEN = 0, 5
_MOST_COMMITS: Final = 10_000
_TRIES: Final = 2


@dataclass(frozen=True)
class Answer:
    """The newest commit known to be good, the oldest known to be bad, and what was seen of the bad one.

    `left` are the commits after the good one, up to the bad one, that could be the first bad: one when it is found.
    """

    good: str
    bad: str
    left: tuple[str, ...]
    evidence: Comparison | None
    because: str = ""

    @property
    def exit_status(self) -> int:
        """0 when the commit is found, 5 when it is not."""
        return FOUND if self.evidence and len(self.left) == 1 else OPEN


def search(settings: config.Config, good: str, bad: str, say: Callable[[str], None], world: World) -> Answer:
    """Bisect the first parents from `good` to `bad`; `say` is told the plan and each step.

    ConfigError when the one does not come after the other, or the bad one has no file to measure.
    """
    happened = event.read(world)
    event.refuse_unsafe(happened, world, allow_forks=settings.allow_forks)
    with TemporaryDirectory(prefix="edgetpu-ci-") as folder:
        first, last = (base.resolve(ref, world) for ref in (good, bad))
        line = _line(first, last, world)
        bench = _Bench(settings, first, last, Path(folder), world)
        candidates = _candidates(bench, line)
        say(_plan(line, candidates))
        if not candidates:
            return Answer(first, last, line, None, "no commit between them changes what is measured")
        return _narrow(bench, line, candidates, say)


def text(answer: Answer, world: World) -> str:
    """What was found, in words."""
    if answer.evidence is None:
        return f"Nothing to find: {answer.because}."
    if len(answer.left) == 1:
        return f"first bad commit: {_described(answer.bad, world)}\n{_shown(answer.evidence)}"
    return (
        f"The first bad commit is one of the {len(answer.left):,} after {answer.good[:7]}, up to {answer.bad[:7]}: "
        f"{answer.because}. When the machine is quiet, try --good {answer.good[:12]} --bad {answer.bad[:12]}."
    )


def _described(commit: str, world: World) -> str:
    said = git.attempt(world, world.cwd, "show", "--no-patch", "--format=%h %an: %s", commit)
    return said.stdout.decode(errors="replace").strip() if said.status == 0 else commit


def _narrow(bench: "_Bench", line: Sequence[str], candidates: Sequence[str], say: Callable[[str], None]) -> Answer:
    started = bench.world.monotonic()
    compared = bench.compare(line[-1])
    whole = _worst(compared)
    if whole is None:
        for one in compared:
            say(f"{line[-1][:7]}  ?     {_shown(one)}")
        return Answer(
            bench.good, line[-1], tuple(line), None, "nothing demanded is shown to be worse at the bad commit"
        )
    minutes = (bench.world.monotonic() - started) / 60
    steps = ceil(log2(len(candidates)))
    say(f"{line[-1][:7]}  bad   {_shown(whole)}")
    say(f"{steps} more step{'' if steps == 1 else 's'}, about {minutes * steps:.1f} minutes.")
    low, high, evidence = -1, len(candidates) - 1, whole
    while high - low > 1:
        middle = (low + high) // 2
        seen, is_bad = _tried(bench, candidates[middle], whole)
        say(f"{candidates[middle][:7]}  {_WORD[is_bad]:<4}  {_shown(seen) if seen else 'it could not be measured'}")
        if is_bad is None:
            break
        low, high = (low, middle) if is_bad else (middle, high)
        evidence = seen if is_bad and seen else evidence
    first = line.index(candidates[low + 1])
    left = line[first : line.index(candidates[high]) + 1]
    # Commits that change nothing are as good as the one before them.
    known_good = line[first - 1] if first else bench.good
    why = "" if high - low == 1 else "a step could not be decided"
    return Answer(known_good, candidates[high], tuple(left), evidence, why)


_WORD: Final = {True: "bad", False: "good", None: "?"}


def _tried(bench: "_Bench", commit: str, whole: Comparison) -> tuple[Comparison | None, bool | None]:
    """What is seen of a commit, and whether it is bad; once more where the first rounds cannot tell."""
    seen: Comparison | None = None
    for _ in range(_TRIES):
        seen = next((one for one in bench.compare(commit) if one.key == whole.key), None)
        is_bad = has_most_of(whole, seen) if seen else None
        if is_bad is not None:
            return seen, is_bad
    return seen, None


def has_most_of(whole: Comparison, seen: Comparison) -> bool | None:
    """Whether a commit has more than half of the whole change; None where its interval cannot tell."""
    if seen.interval is None or whole.ratio is None:
        return False if seen.finding == "unchanged" else None
    sign = 1 if whole.ratio > 1 else -1
    half = sign * log(whole.ratio) / 2
    low, high = sorted(sign * log(bound) for bound in seen.interval)
    return True if low > half else False if high < half else None


def _worst(comparisons: Sequence[Comparison]) -> Comparison | None:
    """The greatest change for the worse that was proven. Facts need no bisection: git alone tells when they changed."""
    found = [
        one
        for one in comparisons
        if one.finding == "regressed" and one.ratio and one.interval and not metrics.find(one.metric).deterministic
    ]
    return max(found, key=lambda one: abs(log(one.ratio or 1.0)), default=None)


def _shown(comparison: Comparison) -> str:
    return f"{comparison.subject} · {words.label(comparison.metric)}: {words.change(comparison)}"


def _plan(line: Sequence[str], candidates: Sequence[str]) -> str:
    steps = 1 + ceil(log2(len(candidates))) if candidates else 0
    return (
        f"{len(line):,} commit{'' if len(line) == 1 else 's'}, {len(candidates):,} of them with other files to "
        f"measure: at most {steps} measurements."
    )


def _line(good: str, bad: str, world: World) -> tuple[str, ...]:
    """The commits after `good` up to `bad`, oldest first; first parents only."""
    if git.attempt(world, world.cwd, "merge-base", "--is-ancestor", good, bad).status != 0:
        raise ConfigError(
            f"{good[:12]} does not come before {bad[:12]} in this clone; swap them, or fetch the whole history: "
            "git fetch --unshallow."
        )
    found = git.run(
        world, world.cwd, "rev-list", "--first-parent", f"--max-count={_MOST_COMMITS + 1}", f"{good}..{bad}"
    ).split()
    if not found or len(found) > _MOST_COMMITS:
        raise ConfigError(f"There are {len(found):,} commits from good to bad; name two with 1 to {_MOST_COMMITS:,}.")
    return tuple(commit.decode() for commit in reversed(found))


def _candidates(bench: "_Bench", line: Sequence[str]) -> list[str]:
    """The commits whose files to measure are there and not those of the commit before."""
    found, last = [], bench.identity(bench.good)
    for commit in line:
        identity = bench.identity(commit)
        if identity and identity != last:
            found.append(commit)
            last = identity
    return found


@dataclass(frozen=True)
class _Beside:
    """A checkout of the good commit, as the base of a checkout of another."""

    commit: str
    folder: Path
    head: Path

    @property
    def label(self) -> str:
        """What the base is, in words."""
        return f"the good commit ({self.commit[:7]})"

    def file(self, head: Path) -> Path | str:
        """The good commit's version of a file."""
        place = self.folder / head.relative_to(self.head)
        return place if place.is_file() else judge.NEW

    def checkout(self) -> Path:
        """The good commit's files."""
        return self.folder


class _Bench:
    """Measures commits in turns with the good one."""

    def __init__(self, settings: config.Config, good: str, bad: str, folder: Path, world: World) -> None:
        self.good = good
        self.world = world
        self._settings = settings
        self._folder = folder
        self._collectors = [collect.bind(step, f"collect[{n}]") for n, step in enumerate(settings.collect)]
        self._base = base.Tree(good, "", folder / "good", world).checkout()
        self._files = self._named(base.Tree(bad, "", folder / "bad", world).checkout())

    def compare(self, commit: str) -> tuple[Comparison, ...]:
        """What a commit shows against the good one; nothing where it cannot be measured."""
        with TemporaryDirectory(dir=self._folder) as folder:
            head = base.Tree(commit, "", Path(folder, "head"), self.world).checkout()
            source = _Beside(self.good, self._base, head)
            plan = measure.Plan(source, config.demands(self._settings), self._settings.compare.budget_seconds)
            taken = measure.take(self._collectors, plan, event.Event(commit=commit), replace(self.world, cwd=head))
        if taken.base is None or judge.nothing_measured(taken.run.measurements):
            return ()
        return interleaved.compare_rounds(taken.run.measurements, taken.base, taken.rules, taken.family).comparisons

    def identity(self, commit: str) -> str:
        """What a commit has to measure: the same text, the same files; empty where some are missing."""
        if self._files is None:
            return git.run(self.world, self.world.cwd, "rev-parse", f"{commit}^{{tree}}").decode()
        tree = git.run(self.world, self.world.cwd, "ls-tree", "-z", commit, "--", *self._files).decode(errors="replace")
        return tree if tree.count("\0") == len(self._files) else ""

    def _named(self, bad: Path) -> list[str] | None:
        """The files of the bad commit that are measured; None where anything in the repository may matter."""
        patterns = [getattr(collector.options, "models", None) for collector in self._collectors]
        if None in patterns:
            return None
        named = [pattern for found in patterns for pattern in found or ()]
        return [str(file.relative_to(bad)) for _, file in models.find(named, replace(self.world, cwd=bad))]
