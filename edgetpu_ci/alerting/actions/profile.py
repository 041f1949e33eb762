"""Measuring the configured models once more, and where their time goes: under `perf`, where it may be used."""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from edgetpu_ci import codec, collect
from edgetpu_ci.alerting.actions.deed import Deed, Done
from edgetpu_ci.config import Step
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.files import write_whole
from edgetpu_ci.loads.target import Target
from edgetpu_ci.world import Ran

WOULD: Final = "measure the configured models once more, under `perf` where it is there"

_HERE: Final = Path(__file__).parents[3]
_PERF: Final = ("perf", "record", "--quiet", "--freq", "199", "--output")
_TOLD: Final = 60


def capture(seconds: float, deed: Deed) -> Done:
    """The report of a run of its own, which is neither stored nor published, and the hottest functions of it."""
    steps = _steps(deed)
    if not steps:
        return Done("Not done: `collect` has no step that measures models.", well=False)
    with TemporaryDirectory(prefix="edgetpu-ci-profile-") as place:
        write_whole(Path(place, "edgetpu-ci.yml"), _configuration(steps, place).encode())
        sampled, missing = _record(Path(place), seconds, deed)
        report = Path(place, "report/report.json")
        if not report.is_file():
            return Done(f"The models could not be measured: {_ending(sampled, seconds, deed)}", well=False)
        write_whole(deed.folder / "profile-report.json", report.read_bytes())
        hot = missing or _hot(Path(place, "perf.data"), deed)
    file = deed.write("profile.txt", hot + "\n")
    said = missing or "the hottest functions are in its profile"
    return Done(f"The models were measured once more (profile-report.json); {said}.", file=file)


def _steps(deed: Deed) -> list[Step]:
    found = []
    for number, step in enumerate(deed.settings.collect):
        try:
            options = collect.options(step, f"collect[{number}]")
        except ConfigError:
            continue  # A run says what is wrong with it.
        found += [step] if isinstance(options, Target) else []
    return found


def _configuration(steps: list[Step], place: str) -> str:
    """The same models, and reports that are in nobody's way."""
    return codec.encode_yaml(
        {
            "collect": [msgspec.to_builtins(step) for step in steps],
            "compare": {"base": "none"},
            "publish": [],
            "store": {"use": "folder", "with": {"path": f"{place}/store"}},
        }
    )


def _record(place: Path, seconds: float, deed: Deed) -> tuple[Ran | None, str]:
    """Measure under `perf`, else without; how that ended, and why there is no profile."""
    measured = [deed.world.python, "-P", "-m", "edgetpu_ci", "run"]
    measured += ["--config", str(place / "edgetpu-ci.yml"), "--output", str(place / "report")]
    missing = _missing(deed)
    argv = measured if missing else [*_PERF, str(place / "perf.data"), "--", *measured]
    return _run(argv, seconds, deed), missing


def _missing(deed: Deed) -> str:
    """Why `perf` cannot be used; empty when it can. A try is the only sure test."""
    if shutil.which("perf", path=deed.world.env.get("PATH")) is None:
        return "where the time goes is not known: perf is not installed"
    tried = _run([*_PERF, os.devnull, "--", "true"], 10, deed)
    return "" if tried and tried.status == 0 else "where the time goes is not known: perf is not allowed here"


def _hot(recorded: Path, deed: Deed) -> str:
    report = ["perf", "report", "--stdio", "--no-children", "--percent-limit", "0.5", "--input", str(recorded)]
    ran = _run(report, 60, deed)
    lines = ran.stdout.decode(errors="replace").splitlines() if ran else []
    hot = [line.rstrip() for line in lines if line.strip() and not line.startswith("#")]
    return "\n".join(["share  program  library  function", *hot[:_TOLD]]) if hot else "perf found nothing"


def _run(argv: list[str], seconds: float, deed: Deed) -> Ran | None:
    try:
        return deed.world.run(argv, b"", seconds, {"PYTHONPATH": str(_HERE)})
    except OSError:
        return None


def _ending(ran: Ran | None, seconds: float, deed: Deed) -> str:
    if ran is None:
        return "the program could not be started."
    if ran.status is None:
        return f"it was not done within {seconds:g} s."
    lines = [line for line in (ran.stderr or ran.stdout).decode(errors="replace").splitlines() if line.strip()]
    return deed.tame(lines[-1] if lines else f"it ended with status {ran.status}")
