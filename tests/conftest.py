"""What every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fakes import libedgetpu as stand_in

# How long an example takes says more of the machine than of the code. The suite tries the same examples each time: what
# it says is of the change, not of the day. `scripts/explore` tries others.
settings.register_profile("unhurried", deadline=None, max_examples=50, derandomize=True)
settings.register_profile("exploring", deadline=None, max_examples=500)
settings.load_profile("unhurried")

# The job that runs the suite is none of those that tests play.
for name in [name for name in os.environ if name.startswith(("GITHUB_", "OTEL_"))]:
    del os.environ[name]


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of real models; tests that need one are skipped, and counted, where it is absent."""
    folder = os.environ.get("EDGETPU_CI_MODELS")
    if not folder or not Path(folder).is_dir():
        pytest.skip("EDGETPU_CI_MODELS names no folder of real models")
    return Path(folder)


@pytest.fixture(scope="session")
def labelled() -> Path:
    """The folder of labelled series and their scorer; tests that need it are skipped, and counted, without it."""
    folder = os.environ.get("EDGETPU_CI_DETECTION")
    if not folder or not Path(folder).is_dir():
        pytest.skip("EDGETPU_CI_DETECTION names no folder of labelled series")
    return Path(folder)


@pytest.fixture(scope="session")
def libedgetpu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our library that behaves like libedgetpu; tests that need it are skipped where there is no C compiler."""
    library = stand_in.build(tmp_path_factory.mktemp("libedgetpu"))
    if library is None:
        pytest.skip("there is no C compiler (cc, gcc or clang) to build the stand-in for libedgetpu with")
    return library
