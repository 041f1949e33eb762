"""What one asks for first when something is wrong, as one file without secrets."""

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from edgetpu_ci import codec, history, store
from edgetpu_ci.alerting.actions.deed import Deed, Done
from edgetpu_ci.config import FILE
from edgetpu_ci.errors import EdgeTpuCiError
from edgetpu_ci.files import write_whole
from edgetpu_ci.judging import judge
from edgetpu_ci.model import Report
from edgetpu_ci.render import words

WOULD: Final = "collect what `doctor` says, the last reports and the end of the kernel's log"
NAME: Final = "debug-logs.txt"

_REPORTS: Final = 3
_LINES: Final = 200
_HERE: Final = Path(__file__).parents[3]


def collect(seconds: float, deed: Deed) -> Done:
    """One file of three parts; what could not be had says so in it."""
    parts = {
        "doctor": _doctor(seconds / 2, deed),
        "last reports": _reports(deed),
        "kernel log": _said(["dmesg", "--ctime"], seconds / 2, deed),
    }
    text = "\n".join(f"== {name}\n\n{part}\n" for name, part in parts.items())
    return Done("What doctor, the last reports and the kernel's log say was collected.", file=deed.write(NAME, text))


def _doctor(seconds: float, deed: Deed) -> str:
    """In a process of its own, which has a time-out and no secrets: it tries what models are run with."""
    with TemporaryDirectory(prefix="edgetpu-ci-doctor-") as place:
        path = Path(place, FILE)
        write_whole(path, codec.encode_yaml(deed.settings).encode())
        return _said([deed.world.python, "-P", "-m", "edgetpu_ci", "doctor", "--config", str(path)], seconds, deed)


def _said(argv: Sequence[str], seconds: float, deed: Deed) -> str:
    """The last lines of what a program says, or why it says nothing."""
    try:
        ran = deed.world.run(argv, b"", seconds, {"PYTHONPATH": str(_HERE)})
    except OSError as error:
        return f"{argv[0]} cannot be started: {os.strerror(error.errno or 0).lower()}"
    lines = (ran.stdout + ran.stderr).decode(errors="replace").splitlines()[-_LINES:]
    late = [] if ran.status is not None else [f"[it was not done within {seconds:g} s and was ended]"]
    return words.prose("\n".join([*lines, *late])) or "it said nothing"


def _reports(deed: Deed) -> str:
    try:
        keeper = store.open_store(deed.settings.store, deed.world)
        kinds = (history.REPORTS, history.KPIS)
        found = [one for kind in kinds for one in islice(history.newest(keeper, kind, deed.world), _REPORTS)]
    except EdgeTpuCiError as error:
        return f"they cannot be read: {error}"
    return "\n\n".join(map(_report, found)) or "there are none"


def _report(report: Report) -> str:
    """A report in some lines: which, how it was judged, and what was not good."""
    run = report.run
    head = f"{run.id}  {run.at:%Y-%m-%d %H:%M} UTC  {words.commit(run.commit) or 'no commit'}  {judge.status(report)}"
    bad = (v for v in report.verdicts if v.status != "passed")
    told = [f"  {v.status}  {words.plain(v.key)}: {words.plain(v.because, words.SENTENCE)}" for v in bad]
    failed = [f"  {words.plain(m.key)}: {words.value(m)}" for m in run.measurements if m.failed]
    return "\n".join([head, *told, *failed, *(f"  {words.plain(note, words.SENTENCE)}" for note in run.notes)])
