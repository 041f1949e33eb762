"""What every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more of the machine than of the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


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
