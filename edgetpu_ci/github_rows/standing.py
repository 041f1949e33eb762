"""What changes seldom and costs a request each: the community profile, and the runners that are online."""

from typing import Final

from msgspec import Struct

from edgetpu_ci.transport.github import GitHub

PROFILE: Final = "profile"
RUNNERS: Final = "runners"

NEEDS: Final = "administration: read"
"""To see runners."""


class _Profile(Struct, frozen=True):
    health_percentage: int


class _Runner(Struct, frozen=True):
    status: str


class _Runners(Struct, frozen=True):
    runners: tuple[_Runner, ...]


class Runners(Struct, frozen=True):
    """Self-hosted runners of the repository: how many are online, of how many."""

    online: int
    total: int


def profile(github: GitHub) -> int:
    """How many of the files GitHub recommends to a community are there, in percent; a fork has no profile."""
    path = f"/repos/{github.repository}/community/profile"
    return github.get(path, _Profile, needs="contents: read").health_percentage


def runners(github: GitHub) -> Runners:
    """The repository's own runners."""
    path = f"/repos/{github.repository}/actions/runners"
    pages = github.pages(path, _Runners, needs=NEEDS)
    status = [runner.status for page in pages for runner in page.runners]
    return Runners(status.count("online"), len(status))
