"""Python interpreters of other versions, as this machine has them."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest


def python(version: str) -> str:
    """An interpreter of this version (`3.9`); the test is skipped where there is none."""
    found = find(version)
    if found is None:
        pytest.skip(f"there is no Python {version} on PATH or in PYENV_ROOT")
    return found


@cache
def find(version: str) -> str | None:
    """An interpreter of this version, None where there is none."""
    pyenv = os.environ.get("PYENV_ROOT", "")
    installed = Path(pyenv, "versions").glob(f"{version}.*/bin/python") if pyenv else []
    candidates = [*map(str, installed), shutil.which(f"python{version}")]
    return next((candidate for candidate in candidates if candidate and _is(candidate, version)), None)


def _is(candidate: str, version: str) -> bool:
    """Whether it runs: pyenv leaves commands on PATH for versions that are not chosen."""
    program = "import sys; sys.stdout.write('%d.%d' % sys.version_info[:2])"
    ran = subprocess.run([candidate, "-c", program], capture_output=True, check=False)
    return ran.stdout.decode() == version
