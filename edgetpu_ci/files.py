"""Files that are written whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from edgetpu_ci.errors import StoreError


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path`, replacing what is there in one step. StoreError when that fails."""
    _write(path, data, os.replace)


def write_new(path: Path, data: bytes) -> None:
    """Put `data` at `path`, which must not exist yet. StoreError when that fails."""
    # A link, unlike a rename, refuses a name that is taken, in the same step.
    _write(path, data, os.link)


def _write(path: Path, data: bytes, place: Callable[[str, Path], None]) -> None:
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # noqa: PTH101 - mkstemp makes files that others cannot read
        place(temporary, path)
    except OSError as error:
        reason = "it exists already" if isinstance(error, FileExistsError) else os.strerror(error.errno or 0).lower()
        raise StoreError(f"{path} could not be written: {reason}.") from error
    finally:
        if temporary and os.path.exists(temporary):  # noqa: PTH110 - a plain name from mkstemp
            os.unlink(temporary)  # noqa: PTH108
