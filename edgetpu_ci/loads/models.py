"""Which model files a list of patterns means, and what each is called."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath

from edgetpu_ci import paths, tflite
from edgetpu_ci.errors import ConfigError, ModelError
from edgetpu_ci.formats import subjects
from edgetpu_ci.world import World


def find(patterns: Sequence[str], world: World) -> list[tuple[str, Path]]:
    """The (subject, file) pairs of paths and globs below `world.cwd`, each file once, in the order named.

    A subject is the file's stem, with as many parent folders as tell it from the others.
    Raises ConfigError when there is no pattern, or one finds no file.
    """
    if not patterns:
        raise ConfigError('No model is named; list some under "models:", for example "models/*.tflite".')
    names = {PurePath(name): None for pattern in patterns for name in _matches(pattern, world.cwd)}
    return [(subject, world.cwd / name) for subject, name in zip(_subjects(list(names)), names, strict=True)]


def source(pattern: str, compiled: Path, world: World) -> Path:
    """The source model that a pattern names for a compiled one; `{model}` stands for its stem without `_edgetpu`."""
    return world.cwd / pattern.replace("{model}", compiled.stem.removesuffix("_edgetpu"))


def check_source(pattern: str, world: World) -> None:
    """Refuse a pattern that can name no source model. Raises ConfigError."""
    if unknown := [name for name in re.findall(r"{([^{}]*)}", pattern) if name != "model"]:
        raise ConfigError(f"`source_model` knows {{model}}, and {pattern} has {{{unknown[0]}}}; write {{model}}.")
    file = world.cwd / pattern
    if not pattern or "{model}" in pattern:
        return
    if not file.is_file():
        raise ConfigError(f"There is no file {pattern}, which `source_model` names; check the path.")
    if is_compiled(file):
        raise ConfigError(f"{pattern}, which `source_model` names, is itself compiled; name what it was compiled from.")


def refuse(file: Path) -> str:
    """Why a file is not worth a process; empty when it may be a model."""
    try:
        tflite.load(file, file.name)
    except ModelError as error:
        return str(error)
    return ""


def is_compiled(file: Path) -> bool:
    """Whether a model needs an Edge TPU; what cannot be read needs none."""
    try:
        return tflite.load(file, file.name).compiled
    except ModelError:
        return False


def are_same(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes; what cannot be read is not, and whoever opens it to measure says why."""
    try:
        return one.read_bytes() == other.read_bytes()
    except OSError:
        return False


def _matches(pattern: str, folder: Path) -> list[str]:
    if not (files := paths.matching(pattern, folder)):
        raise ConfigError(f'No model file matches "{pattern}" in {folder}; check the path, or build the model first.')
    return files


def _subjects(files: Sequence[PurePath]) -> list[str]:
    tails = [_tails(file) for file in files]
    seen = Counter(tail for of_one in tails for tail in of_one)
    return [next((tail for tail in of_one if seen[tail] == 1), of_one[-1]) for of_one in tails]


def _tails(path: PurePath) -> list[str]:
    """`m`, `b/m`, `a/b/m`, and at last `a/b/m.tflite`, for two files that differ only in their suffix."""
    parts = path.with_suffix("").parts
    tails = ["/".join(parts[-n:]) for n in range(1, len(parts) + 1)] + [path.as_posix()]
    return list(dict.fromkeys(map(subjects.printable, tails)))
