"""TFLite runtimes, each in an environment of its own, as `tests/runtimes` locks them."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.fakes import interpreters

NAMES: Final = ("ai-edge-litert-2", "ai-edge-litert-1.4", "tflite-runtime-2.14")
"""The runtimes we support, the one of the development environment first."""

_ROOT: Final = Path(__file__).parents[2]
_PYTHON: Final = "3.11"
"""The newest that tflite-runtime has a build for, and the oldest that scripts/install takes."""


def python(name: str) -> str:
    """A Python with this runtime and a numpy that suits it; the test is skipped where none can be had.

    `name` is one of NAMES, or a lock of tests/runtimes. It is installed once for this machine, by scripts/install.
    """
    if name == NAMES[0]:
        return sys.executable
    base = interpreters.python(_PYTHON)
    installed = _install(name, base)
    if installed.returncode:
        pytest.skip(f"{name} cannot be installed here: {installed.stderr.strip()[-200:]}")
    return installed.stdout.strip()


@cache
def _install(name: str, base: str) -> subprocess.CompletedProcess[str]:
    command = [_ROOT / "scripts/install", _ROOT / f"tests/runtimes/{name}.txt"]
    chosen = {**os.environ, "EDGETPU_CI_PYTHON": base}
    return subprocess.run(command, env=chosen, capture_output=True, text=True, check=False)
