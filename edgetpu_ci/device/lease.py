"""A Coral is used by one job at a time: a lock for each device that all processes, jobs and users of a host share."""

import fcntl
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci import codec, event
from edgetpu_ci.device import coral, holder
from edgetpu_ci.device.coral import Coral
from edgetpu_ci.errors import BusyError, DeviceError, DocumentError, RefusedError
from edgetpu_ci.world import World

FOLDERS: Final = ("run/lock", "tmp")
"""Where locks lie, below root: the first that every user may write to, whoever asks, or two would lock apart."""

_EVERY: Final = 0.5
_MOST_BYTES: Final = 4096


class Tenant(Struct, frozen=True, kw_only=True):
    """Who has a lock: the process, its job or folder, and since when."""

    pid: int
    job: Annotated[str, Meta(max_length=1000)]
    since: datetime

    def __str__(self) -> str:
        return f"process {self.pid} of {self.job} since {self.since:%Y-%m-%d %H:%M} UTC"


@contextmanager
def hold(devices: Sequence[Coral], limit_seconds: float, world: World) -> Iterator[tuple[Coral, ...]]:
    """Have some devices to ourselves, and give them as they are then: another job's first open changes what they are.

    Waits at most so long for other jobs of edgetpu-ci, and says once for whom. BusyError when that does not help, or
    when another program uses a device: that one is refused at once, because it may do so for ever. The kernel takes
    the lock from a process that dies.
    """
    folder = _folder(world)
    until = world.monotonic() + limit_seconds
    # Always in the same order: two jobs that want the same two devices never wait for each other.
    wanted = sorted({_file(device): device for device in devices}.items())
    with ExitStack() as held:
        for name, device in wanted:
            held.enter_context(_locked(folder / name, device, until, world))
        yield tuple(_ours(device, world) for device in devices)


def tenant(device: Coral, world: World) -> Tenant | None:
    """The job of edgetpu-ci that has a device now; None when none has, or it does not say who it is."""
    with suppress(RefusedError, OSError), _opened(_folder(world) / _file(device), os.O_RDONLY) as file:
        if not _take(file, fcntl.LOCK_SH):
            return _read(file)
    return None


def _ours(device: Coral, world: World) -> Coral:
    """The device as it is now that no other job has it, when no other program has it either."""
    now = coral.again(device, world)
    if now is None:
        raise DeviceError(f"The Coral at {device.address} is gone; plug it in again, and look at its cable and power.")
    if refusal := holder.refusal(now, world):
        raise BusyError(f"{refusal}.")
    if note := holder.unseen(now, world):
        world.warn(note)
    return now


@contextmanager
def _locked(path: Path, device: Coral, until: float, world: World) -> Iterator[None]:
    with _waited(path, device, until, world) as file:
        who = Tenant(pid=os.getpid(), job=_job(world), since=world.now())
        _write(file, codec.encode_json_line(who))
        try:
            yield
        finally:
            _write(file, b"")


@contextmanager
def _waited(path: Path, device: Coral, until: float, world: World) -> Iterator[IO[bytes]]:
    """The open lock file, locked."""
    told = False
    while True:
        # Opened anew each time: who cleans up the folder may have taken the file away.
        with _opened(path, os.O_RDWR) as file:
            if _take(file, fcntl.LOCK_EX):
                if not _is_at(path, file):
                    continue
                yield file
                return
            other = _read(file) or "another process"
        left = until - world.monotonic()
        if left <= 0:
            raise BusyError(f"{device} is still used by {other}: wait until it is done, or end it.")
        if not told:
            world.warn(f"Waiting at most {left:,.0f} s for {device}: {other} uses it.")
            told = True
        world.sleep(min(_EVERY, left))


@contextmanager
def _opened(path: Path, how: int) -> Iterator[IO[bytes]]:
    """The lock file, made when there is none. RefusedError when somebody put something else there."""
    try:
        handle = _open(path, how)
    except OSError as error:
        raise RefusedError(
            f"The lock {path} cannot be used ({os.strerror(error.errno or 0).lower()}); remove it, or ask who made it."
        ) from error
    with os.fdopen(handle, "rb" if how == os.O_RDONLY else "r+b", buffering=0) as file:
        found = os.fstat(handle)
        # A link, hard or symbolic, would have us write into a file of ours that somebody else chose.
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            raise RefusedError(f"The lock {path} is no plain file; remove it, or ask who made it.")
        yield file


def _open(path: Path, how: int) -> int:
    flags = how | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    if how == os.O_RDONLY:
        return os.open(path, flags)
    # In a folder of all users the kernel may refuse O_CREAT on a file of another user (fs.protected_regular).
    with suppress(FileNotFoundError):
        return os.open(path, flags)
    try:
        handle = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return os.open(path, flags)
    os.fchmod(handle, 0o666)  # Whatever our mask, other users must be able to lock it.
    return handle


def _take(file: IO[bytes], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(path: Path, file: IO[bytes]) -> bool:
    """Whether a file is still the one of that name: a lock on one that was cleaned away keeps nobody out."""
    with suppress(FileNotFoundError):
        return os.path.samestat(path.lstat(), os.fstat(file.fileno()))
    return False


def _read(file: IO[bytes]) -> Tenant | None:
    """Who has it by its own word, which anybody can have written."""
    try:
        return codec.decode_json(os.pread(file.fileno(), _MOST_BYTES, 0), Tenant, "The lock")
    except DocumentError:
        return None


def _write(file: IO[bytes], data: bytes) -> None:
    # A full disk costs the next one a name, and nobody the lock.
    with suppress(OSError):
        os.ftruncate(file.fileno(), 0)
        os.pwrite(file.fileno(), data, 0)


def _folder(world: World) -> Path:
    everybody = stat.S_ISVTX | stat.S_IWOTH
    for name in FOLDERS:
        folder = world.root / name
        if folder.is_dir() and folder.stat().st_mode & everybody == everybody:
            return folder
    places = " nor ".join(f"/{name}" for name in FOLDERS)
    raise RefusedError(f"Neither {places} is a folder that all users share, as locks need: `sudo chmod 1777 /tmp`.")


def _file(device: Coral) -> str:
    return f"edgetpu-ci-{device.kind}-{re.sub('[^0-9a-z.:_-]', '_', device.address)}.lock"


def _job(world: World) -> str:
    """The run that somebody can look at, else the folder."""
    return event.read(world).run_url or str(world.cwd)
