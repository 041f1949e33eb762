"""Everything outside, as one value handed in: environment, folders, clock, processes, GitHub."""

import os
import re
import secrets
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Protocol

from edgetpu_ci.errors import ConfigError
from edgetpu_ci.ledger import Ledger
from edgetpu_ci.observed import Observed

if TYPE_CHECKING:
    from github import Github

MAX_OUTPUT_BYTES = 64 << 20
_GRACE = 5
_ENDING = (signal.SIGINT, signal.SIGTERM)
_SECRET = re.compile(
    # A model needs nothing of the job either, and through GITHUB_ENV it could write to later steps.
    "^(GITHUB|ACTIONS|RUNNER)_|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|AUTH|WEBHOOK|PAGERDUTY|SLACK|APIKEY"
    "|_(PAT|PASS|PWD|DSN|KEY|HEADERS)$",
    re.IGNORECASE,
)
_PR_SET_DUMPABLE = 4


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A child process that ended: `status` is its exit status, negative for a signal, None when it timed out."""

    status: int | None
    stdout: bytes
    stderr: bytes


class RunProcess(Protocol):
    """How a child process is run: see `run_process`."""

    def __call__(self, argv: Sequence[str], stdin: bytes, timeout: float, env: Mapping[str, str] = ...) -> Ran: ...


def run_process(
    argv: Sequence[str], stdin: bytes, timeout: float, env: Mapping[str, str] = MappingProxyType({})
) -> Ran:
    """Run a child in its own process group, without our secrets, and wait at most `timeout` seconds.

    `env` is what this child gets beside the rest, and may be a secret it needs. However it ends, and on any
    interruption of ours, what is left of the group is killed.
    Raises OSError when the program cannot be started.
    """
    # Files, not pipes: a process that left the group may hold a pipe open for ever, and chatter takes no memory.
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        with _waiting_signals() as came:
            child = subprocess.Popen(  # noqa: S603 - argv is ours or named by the user's configuration
                argv,
                stdin=given,
                stdout=out,
                stderr=err,
                start_new_session=True,
                # A model is code of its author: it must not find the job's token.
                env={name: value for name, value in os.environ.items() if not _SECRET.search(name)} | dict(env),
            )
        status = None
        try:
            if came:
                raise KeyboardInterrupt
            status = _wait(child, timeout)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _end(child)
        return Ran(status=status, stdout=_written(out), stderr=_written(err))


@contextmanager
def _waiting_signals() -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM wait: between the child's birth and the moment we know its name nobody could end it."""
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    before = {number: signal.signal(number, lambda it, _frame: came.append(it)) for number in _ENDING}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(child: subprocess.Popen[bytes], timeout: float) -> int:
    """The exit status; TimeoutExpired when there is none in time."""
    # Popen looks again and again: noise next to a measurement. Where the kernel can tell, we sleep until it does.
    with suppress(AttributeError, OSError), os.fdopen(os.pidfd_open(child.pid), "rb") as ended:
        timeout = _GRACE if select.select([ended], [], [], timeout)[0] else 0
    return child.wait(timeout)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the group; a process that hangs inside a driver does not even die, so wait briefly."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        child.wait(_GRACE)


def _written(file: IO[bytes]) -> bytes:
    handle = file.fileno()
    return os.pread(handle, min(os.fstat(handle).st_size, MAX_OUTPUT_BYTES), 0)


def _connect(env: Mapping[str, str]) -> "Github":
    from github import Auth, Github

    token = env.get("GITHUB_TOKEN") or env.get("GH_TOKEN")
    if not token:
        raise ConfigError("There is no GitHub token: give the Action `github-token`, or set GITHUB_TOKEN.")
    url = env.get("GITHUB_API_URL") or "https://api.github.com"
    # We make a handful of requests for a comment: PyGithub's pauses between them would be most of the time it takes.
    return Github(
        auth=Auth.Token(token),
        base_url=url,
        timeout=20,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )


@dataclass(frozen=True, kw_only=True)
class World:
    """The outside. Tests hand in their own; nothing below `cli` reaches around it.

    `root` is where /proc and /sys are read below; `out` writes a line to standard output, `warn`
    one to standard error; `progress` is told (what, done, total). `ledger` is what was asked of services
    so far, `observed` what happened.
    """

    env: Mapping[str, str]
    cwd: Path
    root: Path = Path("/")
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    token: Callable[[], str] = lambda: secrets.token_hex(8)
    run: RunProcess = run_process
    github: "Callable[[], Github]"
    out: Callable[[str], None]
    warn: Callable[[str], None]
    progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None
    python: str = field(default=sys.executable)
    ledger: Ledger = field(default_factory=Ledger)
    observed: Observed = field(default_factory=Observed)

    def text(self, place: str) -> str:
        """What a file below `root` says, without the blanks around it; empty where there is nothing to read."""
        try:
            return (self.root / place).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""


def real_world() -> World:
    """The world as this process finds it; from now on no other process of our user can read our environment."""
    _hide()
    env = dict(os.environ)
    return World(
        env=env,
        cwd=Path.cwd(),
        github=lambda: _connect(env),
        out=lambda line: print(line, flush=True),  # noqa: T201 - the one door to standard output
        warn=lambda line: print(line, file=sys.stderr, flush=True),  # noqa: T201
    )


def _hide() -> None:
    """Let nobody but root read our environment, with the job's token, from /proc."""
    if sys.platform == "linux":
        with suppress(ImportError, OSError):
            import ctypes

            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
