"""How soon `edgetpu-ci serve` answers, what it takes, and what it answers in a second. See docs/serve.md."""

import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from edgetpu_ci import codec, history  # noqa: E402
from edgetpu_ci.model import Machine, Measurement, Report, Run  # noqa: E402
from edgetpu_ci.store.folder import Folder  # noqa: E402

STARTS, REQUESTS = 20, 50
SIZES = (1_000, 10_000, 100_000)
GZIP = "Accept-Encoding: gzip\r\n"


def main() -> int:
    """Start it often, then ask it often, with a store of more and more series."""
    with tempfile.TemporaryDirectory() as folder:
        _keep(Path(folder), SIZES[0])
        _say("start to the first answer of /live", [_start(Path(folder)) for _ in range(STARTS)])
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            _keep(Path(folder), size)
            with _serving(Path(folder)) as (port, pid):
                _first(f"first /metrics of {size:,} series", partial(_ask, port, "/metrics"))
                _loaded(port, size)
                print(f"memory (RSS), {size:,} series  {_memory(pid):.0f} MiB")
    return 0


def _loaded(port: int, size: int) -> None:
    often = REQUESTS if size < SIZES[-1] else REQUESTS // 5
    for path, headers in (("/live", ""), ("/health", ""), ("/", ""), ("/metrics", ""), ("/metrics", GZIP)):
        taken = [_timed(partial(_ask, port, path, headers)) for _ in range(often)]
        length = len(_ask(port, path, headers))
        print(f"{path}{' packed' if headers else ''}, {size:,} series, {length:,} bytes: ", end="")
        _say(f"{len(taken) / sum(taken):,.0f} a second", taken)


def _keep(folder: Path, size: int) -> None:
    measured = tuple(
        Measurement(subject=f"model_{n:06}", metric="latency_p10_ms", value=1 + n / 7) for n in range(size)
    )
    at = datetime.now(UTC)
    run = Run(id=f"{at:%Y%m%dT%H%M%SZ}-0", at=at, machine=Machine(key="pi"), measurements=measured, branch="main")
    Folder(folder / ".edgetpu-ci").append(history.REPORTS, run.id, codec.encode_json(Report(run=run)))


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[int, int]]:
    """The port and the process of a server that has read its configuration."""
    command = [sys.executable, str(ROOT / "scripts/edgetpu-ci"), "serve", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - ours
        try:
            line = server.stdout.readline() if server.stdout else ""
            yield int(line.rpartition(":")[2]), server.pid
        finally:
            server.terminate()


def _start(folder: Path) -> float:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, str(ROOT / "scripts/edgetpu-ci"), "serve", "--listen", f"127.0.0.1:{port}"]
    began = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as server:  # noqa: S603 - ours
        while not _answers(port):
            time.sleep(0.001)
        taken = time.perf_counter() - began
        server.terminate()
    return taken


def _answers(port: int) -> bool:
    try:
        return b"200 OK" in _ask(port, "/live")
    except ConnectionError:
        return False


def _ask(port: int, path: str, headers: str = "") -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\n{headers}\r\n".encode())
        found = bytearray()
        while piece := client.recv(1 << 20):
            found += piece
    return bytes(found)


def _memory(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _first(what: str, act: Callable[[], object]) -> None:
    print(f"{what}  {_timed(act):.2f} s")


def _say(what: str, seconds: list[float]) -> None:
    low, high = 1e3 * min(seconds), 1e3 * max(seconds)
    print(f"{what}  median {1e3 * median(seconds):.1f} ms, {low:.1f} to {high:.1f}, n = {len(seconds)}")


if __name__ == "__main__":
    sys.exit(main())
