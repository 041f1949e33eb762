"""Reading runbooks: Markdown with YAML front matter, and their short form in the configuration."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import codec
from edgetpu_ci.config import durations, triggers
from edgetpu_ci.config.alerting import Alerting, Automated
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.runbooks.record import Action, AlertName, Runbook

FOLDER: Final = "runbooks"
MOST_BYTES: Final = 256 << 10
MOST_ACTIONS, MOST_FILES = 20, 200

_FENCE: Final = "---"


class _Header(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    triggers: tuple[AlertName, ...] = ()
    actions: tuple[Action, ...] = ()


def parse(data: bytes, name: str, file: str) -> Runbook:
    """A runbook from the bytes of its file. ConfigError says in one sentence what is wrong with it."""
    if len(data) > MOST_BYTES:
        raise ConfigError(f"{file} has {len(data):,} bytes, more than the {MOST_BYTES:,} a runbook may have.")
    front, text = _split(data, file)
    header = codec.decode_yaml(front, _Header, file) if front.strip() else _Header()
    _check(header.actions, file)
    return Runbook(name=name, file=file, triggers=header.triggers, actions=header.actions, text=text)


def _split(data: bytes, place: str) -> tuple[bytes, str]:
    """Front matter and text."""
    try:
        lines = data.decode("utf-8-sig").splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{place} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error
    if not lines or lines[0].rstrip() != _FENCE:
        return b"", "".join(lines)
    ends = [number for number, line in enumerate(lines) if number and line.rstrip() == _FENCE]
    if not ends:
        raise ConfigError(f'{place}: its front matter does not end; close it with a line "{_FENCE}".')
    return "".join(lines[1 : ends[0]]).encode(), "".join(lines[ends[0] + 1 :]).strip()


def _check(actions: tuple[Action, ...], place: str) -> None:
    if len(actions) > MOST_ACTIONS:
        raise ConfigError(f"{place} has {len(actions)} actions, more than the {MOST_ACTIONS} a runbook may have.")
    for number, action in enumerate(actions):
        where = f"{place}: actions[{number}]"
        if bool(action.name) == bool(action.workflow):
            raise ConfigError(f"{where} must have either a `name` or a `workflow`.")
        if not durations.time(action.timeout, f"{where}.timeout"):
            raise ConfigError(f"{where}.timeout: an action needs some time.")
        if action.called in {earlier.called for earlier in actions[:number]}:
            raise ConfigError(f"{where}: {action.called} is there twice; once is enough.")


def folder_of(alerting: Alerting) -> str:
    """Where runbooks lie, in the repository."""
    return alerting.runbooks if isinstance(alerting.runbooks, str) else FOLDER


def load(alerting: Alerting, root: Path) -> dict[str, Runbook]:
    """All runbooks by name: the files in their folder below `root`, and those in short form. ConfigError as `parse`."""
    folder = folder_of(alerting)
    if folder != FOLDER and not (root / folder).is_dir():
        raise ConfigError(f"alerting.runbooks: there is no folder {root / folder}.")
    return _with_short(_files(root / folder, folder), triggers.short(alerting))


def is_file(path: str, root: Path) -> bool:
    """Whether it is a file of the repository at `root`."""
    is_inside = not PurePath(path).is_absolute() and ".." not in PurePath(path).parts
    try:
        return is_inside and (root / path).is_file()
    except (OSError, ValueError):
        return False  # Too long, of a folder that nobody may read, or no name of a file at all.


def _files(place: Path, folder: str) -> dict[str, Runbook]:
    paths = sorted(place.glob("*.md"))
    if len(paths) > MOST_FILES:
        raise ConfigError(f"{folder} has {len(paths):,} files, more than the {MOST_FILES} runbooks that are read.")
    return {
        path.stem: parse(_read(path), path.stem, f"{folder}/{path.name}") for path in paths if path.stem != "README"
    }


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {os.strerror(error.errno or 0).lower()}.") from error


def _with_short(files: Mapping[str, Runbook], short: Mapping[str, Automated]) -> dict[str, Runbook]:
    """A file and a short form of one name are one runbook: what to read, and what is done at once."""
    found = dict(files)
    for name, one in short.items():
        file = files.get(name, Runbook(name=name))
        told = {action.name: action for action in file.actions}
        actions = tuple(replace(told.get(action, Action(name=action)), auto=True) for action in one.actions)
        others = tuple(action for action in file.actions if action.called not in one.actions)
        due = tuple(dict.fromkeys([triggers.alert(name, one.trigger), *file.triggers]))
        found[name] = replace(file, triggers=due, actions=actions + others)
    return found
