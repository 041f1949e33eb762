"""`edgetpu-ci checklist`: run the checks that this host can, and write what came out as a document to send."""

import os
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from edgetpu_ci import __version__, checks, codec, machine
from edgetpu_ci.checks import CHECKS, Answer, Check, Verdict
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.files import write_whole
from edgetpu_ci.world import World

FORMAT: Final = "edgetpu-ci checklist"
SCHEMA: Final = 1
NAME: Final = "checklist.json"

_NOTE = (
    "No host name, user name or serial number is in here; `runner` is a hash of the machine's id, which tells two "
    "documents of one machine from those of two. Read it before you send it."
)
_MARKS: Final[dict[Verdict, str]] = {"ok": "✓", "failed": "✗", "not possible here": "•"}


class Host(Struct, frozen=True, kw_only=True):
    """What kind of machine it is."""

    cpu: str
    cores: int
    arch: str
    kernel: str
    os: str
    memory_mb: int
    python: str


class Document(Struct, frozen=True, kw_only=True):
    """The whole result; `model` is the sha256 of the file that was measured, empty without one."""

    format: str = FORMAT
    schema: int = SCHEMA
    version: str = __version__
    note: str = _NOTE
    at: Annotated[datetime, Meta(tz=True)]
    runner: str
    host: Host
    model: str
    checks: tuple[Answer, ...]

    @property
    def failed(self) -> bool:
        """Whether any check did."""
        return any(answer.verdict == "failed" for answer in self.checks)


def run(model: Path | None, device: str, folder: Path, world: World) -> Document:
    """Run what can be run, one check after the other, and write the document into `folder`.

    ConfigError when the model cannot be read.
    """
    digest = _digest(model) if model else ""
    places = {"folder": str(folder)} | ({"model": str(model), "config": ""} if model else {})
    names = [
        *_names(world),
        (str(folder), "OUTPUT"),
        *([(str(model.parent), "FOLDER")] if model and len(model.parts) > 1 else []),
    ]
    answers: list[Answer] = []
    for number, check in enumerate(CHECKS):
        world.progress(check.id, number, len(CHECKS))
        answer = _answer(check, {a.id: a.verdict for a in answers}, places, device, world)
        answers.append(_anonymous(answer, names))
    world.progress("checks", len(CHECKS), len(CHECKS))
    document = _document(answers, digest, world)
    write_whole(folder / NAME, codec.encode_json(document))
    return document


def text(document: Document) -> str:
    """A line for each check, and how many there are of each kind."""
    width = max(len(answer.id) for answer in document.checks)
    lines = [f"{_MARKS[answer.verdict]} {answer.id:<{width}}  {answer.got}" for answer in document.checks]
    verdicts = [answer.verdict for answer in document.checks]
    return "\n".join([*lines, ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in _MARKS)])


def _answer(check: Check, done: Mapping[str, Verdict], places: Mapping[str, str], device: str, world: World) -> Answer:
    verdict: Verdict = "not possible here"
    config = f"{places['folder']}/{check.id}.yml"
    command = [_fill(word, {**places, "config": config}) for word in check.command]
    got = checks.impossible(check, done, places)
    if not got:
        if "{config}" in check.command:
            write_whole(Path(config), _configuration(check, places, device).encode())
        verdict, got = _ask(check, command, world)
    return Answer(
        id=check.id,
        verifies=check.verifies,
        command=shlex.join(command),
        expected=check.expected,
        got=got,
        verdict=verdict,
    )


def _anonymous(answer: Answer, names: Sequence[tuple[str, str]]) -> Answer:
    return replace(answer, command=checks.anonymous(answer.command, names), got=checks.anonymous(answer.got, names))


def _fill(word: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        word = word.replace(f"{{{name}}}", value)
    return word


def _ask(check: Check, command: Sequence[str], world: World) -> tuple[Verdict, str]:
    """Run a command; ours in the version that is running, whatever is on the PATH."""
    ours = [world.python, "-P", "-m", "edgetpu_ci"]
    argv = [*ours, *command[1:]] if command[0] == "edgetpu-ci" else command
    try:
        ran = world.run(argv, b"", check.seconds, {"PYTHONPATH": str(Path(__file__).parents[1])})
    except OSError as error:
        return "not possible here", f"{command[0]} cannot be started: {os.strerror(error.errno or 0).lower()}"
    return checks.judge(check, ran)


def _configuration(check: Check, places: Mapping[str, str], device: str) -> str:
    """A configuration that measures the model as a check wants it, and keeps its reports out of everybody's way."""
    measured = {"models": [places["model"]], "device": device, **check.settings}
    return codec.encode_yaml(
        {
            "collect": [{"use": "inference", "with": measured}],
            "rules": [{"match": "*/error_rate_percent", "max": 0}],
            "compare": {"base": "none", "budget_seconds": 300},
            "store": {"use": "folder", "with": {"path": f"{places['folder']}/store"}},
        }
    )


def _digest(model: Path) -> str:
    try:
        return sha256(model.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"{model} cannot be read: {os.strerror(error.errno or 0).lower()}.") from error


def _document(answers: Sequence[Answer], model: str, world: World) -> Document:
    known = machine.identify(world)
    return Document(
        at=world.now(),
        runner=_runner(known.host, world),
        host=Host(**{name: getattr(known, name) for name in Host.__struct_fields__}),
        model=model,
        checks=tuple(answers),
    )


def _runner(host: str, world: World) -> str:
    """What cannot be guessed, as a host name could be."""
    place = world.root / "etc/machine-id"
    machine_id = place.read_text(errors="replace") if place.is_file() else ""
    return sha256(f"{machine_id}|{host}".encode()).hexdigest()[:16] if machine_id.strip() else ""


def _names(world: World) -> list[tuple[str, str]]:
    """What tells who and where this is, and what is written instead."""
    env = world.env
    users = {env.get(name, "") for name in ("USER", "LOGNAME", "SUDO_USER")} - {"root"}
    return [
        (str(world.cwd), "."),
        (env.get("HOME", ""), "~"),
        (machine.identify(world).host, "HOST"),
        *((user, "USER") for user in sorted(users)),
    ]
