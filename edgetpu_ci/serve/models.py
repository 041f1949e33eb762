"""The model files that the configuration names, and what each of them is: hashed once, until it changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from edgetpu_ci import collect, tflite
from edgetpu_ci.config import Config
from edgetpu_ci.errors import ConfigError, ModelError
from edgetpu_ci.loads import models
from edgetpu_ci.loads.target import Target
from edgetpu_ci.world import World

_Stamp = tuple[int, int]


class Model(NamedTuple):
    """A file under the name it is measured by; `fault` says why it is no model, and then nothing else is known."""

    subject: str
    sha256: str = ""
    is_compiled: bool = False
    fault: str = ""


class Use(NamedTuple):
    """A step that reads models: which, on what it runs them (None: it does not), and what it names and is not there."""

    models: tuple[Model, ...]
    target: Target | None
    missing: tuple[str, ...]

    @property
    def needs_tpu(self) -> bool:
        """Whether it cannot be done without a real Edge TPU."""
        target = self.target
        return target is not None and not target.is_simulated and any(model.is_compiled for model in self.models)


@dataclass
class Files:
    """What is known of files, by their modification time and size."""

    known: dict[Path, tuple[_Stamp, Model]] = field(default_factory=dict)

    def uses(self, settings: Config, world: World) -> tuple[Use, ...]:
        """Every step of `collect` that reads models; ConfigError for options that are none."""
        return tuple(self._uses(settings, world))

    def _uses(self, settings: Config, world: World) -> Iterator[Use]:
        for number, step in enumerate(settings.collect):
            options = collect.options(step, f"collect[{number}]")
            patterns = getattr(options, "models", ())
            # Of a plugin of somebody else's, `models` may be anything.
            if patterns and isinstance(patterns, tuple):
                target = options if isinstance(options, Target) else None
                yield Use(self._models(patterns, world), target, _missing(patterns, world))

    def _models(self, patterns: Sequence[str], world: World) -> tuple[Model, ...]:
        there = [pattern for pattern in patterns if pattern not in _missing(patterns, world)]
        found = models.find(there, world) if there else ()
        return tuple(self._model(subject, file) for subject, file in found)

    def _model(self, subject: str, file: Path) -> Model:
        try:
            told = file.stat()
        except OSError:
            return Model(subject, fault=f"{file.name} went away.")
        stamp = (told.st_mtime_ns, told.st_size)
        before, model = self.known.get(file, (None, Model(subject)))
        if before != stamp:
            model = _read(subject, file)
            self.known[file] = stamp, model
        return model._replace(subject=subject)


def _missing(patterns: Sequence[str], world: World) -> tuple[str, ...]:
    missing = []
    for pattern in patterns:
        try:
            models.find([pattern], world)
        except ConfigError:
            missing.append(pattern)
    return tuple(missing)


def _read(subject: str, file: Path) -> Model:
    try:
        model = tflite.load(file, file.name)
    except ModelError as error:
        return Model(subject, fault=str(error))
    return Model(subject, model.sha256, model.compiled)
