"""`edgetpu-ci render`: writing the monitoring stack below its folder, and saying what of it is out of date there."""

import os
import re
from collections.abc import Container, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from edgetpu_ci import config, git, stack
from edgetpu_ci.config import Config
from edgetpu_ci.errors import ConfigError, GitError
from edgetpu_ci.files import write_whole
from edgetpu_ci.runbooks import checking, reading
from edgetpu_ci.stack.document import MARK
from edgetpu_ci.stack.place import Place
from edgetpu_ci.world import World

LEFT_OVER: Final = "left over"

_LARGEST: Final = 1 << 20

_GITHUB: Final = re.compile(r"(?:https?://(?:[^@/]*@)?|ssh://git@|git@)([^/:]+)[/:]([\w.-]+/[\w.-]+?)(?:\.git)?/?")


def files(settings: Config, world: World) -> dict[str, str]:
    """What is to be there: text by path below the folder. ConfigError where a runbook cannot be read."""
    url = _url(world)
    place = Place(repository="/".join(url.split("/")[-2:]), url=url, runbooks=_runbooks(settings, world))
    return stack.files(settings, place)


def _url(world: World) -> str:
    """Where the repository is read; empty where neither the job nor the clone knows."""
    if repository := world.env.get("GITHUB_REPOSITORY"):
        return f"{world.env.get('GITHUB_SERVER_URL') or 'https://github.com'}/{repository}"
    try:
        origin = git.run(world, world.cwd, "remote", "get-url", "origin").decode(errors="replace").strip()
    except GitError:
        return ""
    found = _GITHUB.fullmatch(origin)
    return f"https://{found[1]}/{found[2]}" if found else ""


def _runbooks(settings: Config, world: World) -> dict[str, str]:
    """The file or address of each alert's runbook."""
    rules = config.alert_rules(settings)
    there = reading.load(settings.alerting, world.cwd) if rules else {}
    is_file = partial(reading.is_file, root=world.cwd)
    return {rule.name: place for rule in rules if (place := checking.place(rule, there, is_file))}


def write(settings: Config, world: World) -> tuple[str, ...]:
    """Write each file that is not there as it should be; their paths. ConfigError where it is somebody else's.

    Nothing is deleted: what is left over may have been copied to be changed, and `faults` names it.
    """
    folder, wanted = _folder(settings, world), files(settings, world)
    there = {path: _read(folder / path) for path in wanted}
    for path, text in there.items():
        if text is not None and MARK not in text:
            raise ConfigError(
                f"{folder / path} was not written by `edgetpu-ci render`; move it away, or name another folder in "
                "`observability.stack.folder`."
            )
    written = tuple(path for path, text in wanted.items() if there[path] != text)
    for path in written:
        write_whole(folder / path, wanted[path].encode())
    return written


def faults(settings: Config, world: World) -> tuple[tuple[str, str], ...]:
    """What below the folder is not as it should be: how it is wrong ("missing", "stale", "left over"), and its path."""
    folder, wanted = _folder(settings, world), files(settings, world)
    there = {path: _read(folder / path) for path in wanted}
    wrong = [("missing" if there[path] is None else "stale", path) for path in wanted if there[path] != wanted[path]]
    return (*wrong, *_left_over(folder, wanted))


def _folder(settings: Config, world: World) -> Path:
    return world.cwd / settings.observability.stack.folder


def _left_over(folder: Path, wanted: Container[str]) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if path not in wanted and _is_ours(file):
            yield LEFT_OVER, path


def _is_ours(file: Path) -> bool:
    """Whether we wrote it: what is large or nobody may read, such as a secret, is somebody else's."""
    try:
        return file.is_file() and file.stat().st_size <= _LARGEST and MARK.encode() in file.read_bytes()
    except OSError:
        return False


def _read(path: Path) -> str | None:
    """The text of a file; None where there is none. ConfigError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {os.strerror(error.errno or 0).lower()}.") from error
