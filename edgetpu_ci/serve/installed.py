"""What this host has of what the configuration needs: packages, libraries, room. Nothing is run or opened."""

import shutil
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from edgetpu_ci.config import Config
from edgetpu_ci.device import libedgetpu
from edgetpu_ci.loads.target import Target
from edgetpu_ci.serve.models import Use
from edgetpu_ci.world import World

_RUNTIMES: Final = ("ai_edge_litert", "tflite_runtime", "pycoral")
_FOR_KPIS: Final = ("defusedxml", "pypi_simple")


def missing(uses: Sequence[Use], world: World) -> tuple[str, ...]:
    """What keeps a step from running its models, each once."""
    running = [(use, use.target) for use in uses if use.target is not None]
    found = [
        *(fault for _, target in running for fault in _interpreter(target, world)),
        *(fault for use, target in running if use.needs_tpu for fault in _library(target, world)),
    ]
    return tuple(dict.fromkeys(found))


def lacking(settings: Config) -> tuple[str, ...]:
    """What costs some key figures."""
    gone = [name for name in _FOR_KPIS if not _is_there(name)] if settings.kpis else []
    return (f"{' and '.join(gone)} of `edgetpu-ci[kpis]` not installed.",) if gone else ()


def free(folder: Path) -> int | None:
    """Bytes that are left for us in a folder, or in the next above it that is there."""
    place = next((one for one in (folder, *folder.parents) if one.is_dir()), folder)
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return None


def _interpreter(target: Target, world: World) -> Iterator[str]:
    """What another interpreter has is its own matter: that would have to be run."""
    if target.python:
        place = str(world.cwd / target.python) if "/" in target.python else target.python
        if not shutil.which(place, path=world.env.get("PATH")):
            yield f"There is no interpreter {target.python}, which `python:` names."
    elif not any(map(_is_there, wanted := (target.runtime,) if target.runtime else _RUNTIMES)):
        yield f"None of these is installed, and one is needed: {', '.join(wanted)}."


def _library(target: Target, world: World) -> Iterator[str]:
    if not libedgetpu.locate(target.edgetpu_library, world):
        yield f"There is no {target.edgetpu_library}, which compiled models need."


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
