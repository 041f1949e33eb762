"""Other users of this machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_NOBODY = 65534

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@contextmanager
def somebody() -> Iterator[None]:
    """Be no one in particular for a while."""
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
