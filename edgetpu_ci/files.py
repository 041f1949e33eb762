"""Files that are written whole or not at all."""

import fcntl
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edgetpu_ci.errors import StoreError


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path`, replacing what is there in one step. StoreError when that fails."""
    _write(path, (data,), os.replace)


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """The same of what is too large to be held as one."""
    _write(path, pieces, os.replace)


def write_new(path: Path, data: bytes) -> None:
    """Put `data` at `path`, which must not exist yet. StoreError when that fails."""
    # A link, unlike a rename, refuses a name that is taken, in the same step.
    _write(path, (data,), os.link)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until nobody else holds the lock file, and hold it; who dies lets go. StoreError when it cannot be made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("w")
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be written: {_reason(path, error)}.") from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _reason(path: Path, error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return f"no name has that in it ({error})"
    above = next((folder for folder in path.parents if os.path.exists(folder)), path)  # noqa: PTH110 - of any length
    if not os.path.isdir(above):  # noqa: PTH112 - of any length
        return f"{above} is a file, where a folder is needed; move it away, or name another"
    return "it exists already" if isinstance(error, FileExistsError) else os.strerror(error.errno or 0).lower()


def _is_special(path: Path) -> bool:
    """Whether something is there that is neither a file nor a folder: root could put a file in place of /dev/null."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _write(path: Path, pieces: Iterable[bytes], place: Callable[[str, Path], None]) -> None:
    temporary = ""
    if _is_special(path):
        raise StoreError(f"{path} could not be written: it is a device or a pipe, which nothing is put in place of.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # noqa: PTH101 - mkstemp makes files that others cannot read
        place(temporary, path)
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} could not be written: {_reason(path, error)}.") from error
    finally:
        if temporary and os.path.exists(temporary):  # noqa: PTH110 - a plain name from mkstemp
            os.unlink(temporary)  # noqa: PTH108
