"""The job itself: its summary, its annotations and its outputs."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.judging import judge
from edgetpu_ci.model import REPOSITORY, Report, Status, Verdict
from edgetpu_ci.render import lines, markdown, words
from edgetpu_ci.render.lines import Line
from edgetpu_ci.world import World

MAX_SUMMARY_BYTES = 1 << 20
"""What GitHub keeps of the summary of one step; one byte more, and it keeps nothing."""
MAX_ANNOTATIONS = 10
"""What GitHub shows of each level for one step."""

Level = Literal["error", "warning"]

_ALARM: Final[dict[Status, Level | None]] = {"failed": "error", "unknown": "error", "warned": "warning", "passed": None}
_LEAST_ROOM, _BLANK_LINES = 2_000, 3


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said in the job: `summary` on its page, `annotations` beside the run."""

    summary: bool = True
    annotations: bool = True


def publish(options: Options, report: Report, world: World) -> dict[str, str]:
    """Write the summary and the annotations; outside GitHub Actions there is nowhere to."""
    if options.annotations and _in_actions(world):
        for command in annotations(report):
            world.out(command)
    if options.summary:
        summarize(lambda room: markdown.summary(report, room), world)
    return {}


def summarize(text: Callable[[int], str], world: World) -> None:
    """Add to the summary what `text` makes of so many bytes; outside GitHub Actions there is none. DeliveryError."""
    if place := world.env.get("GITHUB_STEP_SUMMARY"):
        _summarize(Path(place), text, world)


def write_outputs(values: Mapping[str, str], world: World) -> None:
    """Set the step's outputs. A value can hold anything: it ends at a line that nobody can guess."""
    place = world.env.get("GITHUB_OUTPUT")
    if not place:
        return
    try:
        _append(Path(place), "".join(_output(name, value, world) for name, value in values.items()))
    except OSError as error:
        world.warn(f"warning: the outputs were not written to {place}: {os.strerror(error.errno or 0).lower()}.")


def annotations(report: Report) -> list[str]:
    """A workflow command for each of the worst lines of a report."""
    found = [line for line in lines.of(report) if line.standing in {"failed", "unknown", "warned"}]
    speaker = "edgetpu-ci KPIs" if report.run.machine.key == REPOSITORY else "Edge TPU CI"
    errors = [line for line in found if _is_error(line)]
    warnings = [line for line in found if not _is_error(line)]
    return [
        *(_annotation("error", line, speaker) for line in errors[:MAX_ANNOTATIONS]),
        *(_annotation("warning", line, speaker) for line in warnings[:MAX_ANNOTATIONS]),
    ]


def alarm(verdict: Verdict) -> Level | None:
    """How loud a verdict is, whoever says it: as bad as it alone would make a report."""
    return _ALARM[judge.overall((verdict,))]


def command(name: str, message: str, **properties: str) -> str:
    """A line that tells the runner something; nothing in the message or a property can end it or add to it."""
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name}{' ' if given else ''}{given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _is_error(line: Line) -> bool:
    return any(alarm(verdict) == "error" for verdict in line.verdicts)


def _annotation(level: str, line: Line, speaker: str) -> str:
    title = f"{words.names(line.subjects, 'models')} · {words.names(map(words.label, line.metrics), 'metrics')}"
    reason = words.plain(line.because, words.SENTENCE) or line.outcome
    return command(level, f"{title}: {reason}", title=f"{speaker}: {line.outcome}")


def _summarize(place: Path, text: Callable[[int], str], world: World) -> None:
    try:
        room = MAX_SUMMARY_BYTES - (place.stat().st_size if place.exists() else 0)
        if room < _LEAST_ROOM:
            world.warn("warning: this step's summary is full; nothing was added to it.")
            return
        _append(place, f"\n\n{text(room - _BLANK_LINES)}\n")
    except OSError as error:
        raise DeliveryError(
            f"The job summary {place} cannot be written: {os.strerror(error.errno or 0).lower()}."
        ) from error


def _append(place: Path, text: str) -> None:
    with place.open("ab") as file:
        file.write(text.encode(errors="replace"))


def _output(name: str, value: str, world: World) -> str:
    if not re.fullmatch(r"[\w-]+", name):
        raise ValueError(f"{name!r} is no name for an output")
    end = _unused(f"end_{world.token()}", value)
    return f"{name}<<{end}\n{value}\n{end}\n"


def _unused(mark: str, text: str) -> str:
    """A mark that does not occur in the text."""
    while mark in text:
        mark += "_"
    return mark


def _in_actions(world: World) -> bool:
    return world.env.get("GITHUB_ACTIONS") == "true"
