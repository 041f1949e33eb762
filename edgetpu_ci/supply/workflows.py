"""What workflow files say of themselves: which actions they name by a commit, and whether they state permissions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.kpis import summary
from edgetpu_ci.model import REPOSITORY, Measurement

_COMMIT: Final = re.compile(r".+@(?:[0-9a-f]{40}|[0-9a-f]{64})|docker://.+@sha256:[0-9a-f]{64}")
_MOST_NAMED: Final = 20


class File(Struct, frozen=True):
    """A workflow or an action: what it uses that others wrote, and whether jobs run with whatever the default is."""

    name: str
    uses: tuple[str, ...] = ()
    lacks_permissions: bool = False


def read(name: str, data: bytes) -> File:
    """A file of a workflow or of an action; ConfigError when it is none."""
    found = codec.load_yaml(data, name)
    if not isinstance(found, dict):
        raise ConfigError(f"{name} is no workflow and no action.")
    jobs = [job for job in _table(found.get("jobs")).values() if isinstance(job, dict)]
    steps = [step for part in (*jobs, _table(found.get("runs"))) for step in _list(part.get("steps"))]
    named = [one.get("uses") for one in (*jobs, *steps) if isinstance(one, dict)]
    return File(
        name=name,
        uses=tuple(one for one in named if isinstance(one, str) and not one.startswith("./")),
        lacks_permissions="permissions" not in found and any("permissions" not in job for job in jobs),
    )


def _table(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _list(found: object) -> Sequence[Any]:
    return found if isinstance(found, list) else []


def measurements(files: Sequence[File]) -> Iterator[Measurement]:
    """How many actions are pinned, and which workflows state no permissions; nothing where there are no files."""
    if not files:
        return
    uses = [(file.name, one) for file in files for one in file.uses]
    loose = [(name, one) for name, one in uses if not _COMMIT.fullmatch(one)]
    if uses:
        details = (("counted", f"{len(uses) - len(loose):,} of {len(uses):,} uses of actions"), *_named(loose))
        share = 100 * (len(uses) - len(loose)) / len(uses)
        yield summary.plain(REPOSITORY, "pinned_actions_percent", share, n=len(uses), details=details)
    bare = [(file.name, "states no permissions") for file in files if file.lacks_permissions]
    yield summary.plain(
        REPOSITORY, "workflows_without_permissions", float(len(bare)), n=len(files), details=tuple(_named(bare))
    )


def _named(found: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    yield from found[:_MOST_NAMED]
    if rest := found[_MOST_NAMED:]:
        yield "more", f"{len(rest):,}"
