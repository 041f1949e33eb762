"""How long a workflow run takes, timed in its own last job, where asking for all runs is dearer."""

from typing import Final

from msgspec import Struct

from edgetpu_ci.github_rows import own_run
from edgetpu_ci.kpis import options as definitions
from edgetpu_ci.kpis import this_run
from edgetpu_ci.model import Collected
from edgetpu_ci.transport import github
from edgetpu_ci.transport.github import GitHub
from edgetpu_ci.world import World

OF_REPOSITORY: Final = True

_USUAL: Final = definitions.Options()
_SHOWN: Final = 5


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`build_pattern`, `test_pattern`: as of `github`, regular expressions for the names of jobs and steps.

    For a last job with `needs:` all others and `if: always()`: it asks once for the jobs of its own run, and does not
    count itself.
    """

    build_pattern: str = _USUAL.build_pattern
    test_pattern: str = _USUAL.test_pattern

    @property
    def definitions(self) -> definitions.Options:
        """The same as the key figures take it."""
        return definitions.Options(build_pattern=self.build_pattern, test_pattern=self.test_pattern)


def check(options: Options, world: World) -> None:  # noqa: ARG001 - as all of them
    """ConfigError where a pattern is no regular expression."""
    definitions.check(options.definitions)


def collect(options: Options, world: World) -> Collected:
    """The key figures of this run, and of each of its jobs."""
    return measure(github.connect(world), options, world)


def measure(reader: GitHub, options: Options, world: World) -> Collected:
    """The same with a reader of GitHub."""
    own = own_run.read(reader, world)
    names = ", ".join(sorted(own.running)[:_SHOWN])
    incomplete = (f"{len(own.running)} of the other jobs of this run had not ended: name them in `needs:` ({names}).",)
    return Collected(
        measurements=tuple(this_run.of(own.run, options.definitions)), incomplete=incomplete if own.running else ()
    )
