"""The program as a user runs it: a process of its own, in a folder of theirs."""

import os
import subprocess
import sys
from pathlib import Path

LAUNCHER = Path(__file__).parents[2] / "scripts" / "edgetpu-ci"


def environment(**more: str) -> dict[str, str]:
    """What a shell has, less everything a CI job would add."""
    # Not what coverage hands to children: what is traced takes three times as long, and the suite starts many.
    wanted = ("PATH", "HOME", "LANG")
    kept = {name: os.environ[name] for name in wanted if name in os.environ}
    return {**kept, **more}


def edgetpu_ci(
    folder: Path, *arguments: str, given: str | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end in `folder`; `given` is its standard input, `more` are environment variables."""
    return subprocess.run(
        [sys.executable, str(LAUNCHER), *arguments],
        cwd=folder,
        env=environment(**more),
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
