"""No stand-ins: the engines themselves on loopback, where they are installed; `scripts/engines` brings them."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

_UNPACKED = Path(__file__).parents[2] / ".tools/engines/usr/bin"
_ALSO = {"prometheus-alertmanager": "alertmanager", "prometheus-pushgateway": "pushgateway"}
_LONGEST = 20.0


def find(program: str) -> str | None:
    """Where a program is (`prometheus`, `promtool`, `prometheus-alertmanager`, `amtool`, `victoria-metrics`, …)."""
    names = (program, _ALSO.get(program, program), str(_UNPACKED / program))
    return next((place for name in names if (place := shutil.which(name))), None)


@contextmanager
def running(program: str, options: Callable[[str], Sequence[str]], ready: str, log: Path) -> Iterator[str]:
    """One that runs at the URL that is given until the block ends; `options` of its address, `ready` a path."""
    address = f"127.0.0.1:{free_port()}"
    place = find(program)
    assert place, f"{program} is not here"
    with log.open("wb") as out:
        child = subprocess.Popen([place, *options(address)], stdout=out, stderr=out)
        try:
            until(lambda: is_ready(f"http://{address}{ready}") or child.poll() is not None)
            assert child.poll() is None, log.read_text(errors="replace")
            yield f"http://{address}"
        finally:
            child.terminate()
            child.wait(_LONGEST)


@contextmanager
def prometheus(folder: Path, config: str, *more: str) -> Iterator[str]:
    """Prometheus with this configuration; it takes remote writes, and reads its files again when asked."""
    file = folder / "prometheus.yml"
    file.write_text(config, encoding="utf-8")

    def options(address: str) -> Sequence[str]:
        data = f"--storage.tsdb.path={folder / 'data'}"
        flags = ("--web.enable-remote-write-receiver", "--web.enable-lifecycle")
        return (f"--config.file={file}", data, f"--web.listen-address={address}", *flags, *more)

    with running("prometheus", options, "/-/ready", folder / "prometheus.log") as url:
        yield url


@contextmanager
def pushgateway(folder: Path) -> Iterator[str]:
    """An empty Pushgateway that keeps nothing: Debian's keeps it in /var/lib unless it is told not to."""

    def options(address: str) -> Sequence[str]:
        return (f"--web.listen-address={address}", "--persistence.file=")

    with running("prometheus-pushgateway", options, "/-/ready", folder / "pushgateway.log") as url:
        yield url


@contextmanager
def victoria(folder: Path, *more: str) -> Iterator[str]:
    """An empty VictoriaMetrics that keeps two years."""

    def options(address: str) -> Sequence[str]:
        return (f"-storageDataPath={folder / 'vm'}", f"-httpListenAddr={address}", "-retentionPeriod=24", *more)

    with running("victoria-metrics", options, "/health", folder / "victoria.log") as url:
        yield url


def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so, at most a while."""
    end = time.monotonic() + _LONGEST
    while not is_so():
        assert time.monotonic() < end, "it never was"
        time.sleep(0.02)


def is_ready(url: str) -> bool:
    """Whether a server there says that it is."""
    try:
        with urlopen(url, timeout=1) as response:  # noqa: S310 - loopback
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
