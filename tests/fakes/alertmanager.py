"""No stand-in: Alertmanager itself on loopback, where it is installed, with receivers of the tests."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request as Asked
from urllib.request import urlopen

from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.pagerduty import SERVICE, PagerDuty

LEVELS = ("info", "warning", "error", "critical")
_UNPACKED = Path(__file__).parents[2] / ".tools/engines/usr/bin/prometheus-alertmanager"
_NAMES = ("prometheus-alertmanager", "alertmanager", str(_UNPACKED))
_LONGEST = 20.0

_CONFIG = """
global: {{resolve_timeout: 1h, pagerduty_url: 'http://127.0.0.1:{port}/v2/enqueue'}}
route:
  receiver: nobody
  group_by: [alertname, branch, repo]
  group_wait: 50ms
  group_interval: 100ms
  repeat_interval: 1h
  routes:
{routes}
receivers:
- name: nobody
- name: both
  pagerduty_configs:
  - {{routing_key: {key}, send_resolved: true, severity: '{{{{ .CommonLabels.severity }}}}'}}
  webhook_configs:
  - {{url: 'http://127.0.0.1:{port}/hook', send_resolved: true}}
"""


def find() -> str | None:
    """Where it is; `scripts/engines` brings it."""
    return next((place for name in _NAMES if (place := shutil.which(name))), None)


@dataclass
class Alertmanager:
    """One that runs at `url`; its receivers are a PagerDuty and a webhook, which `heard` deliveries."""

    url: str
    pagerduty: PagerDuty
    heard: list[dict[str, Any]] = field(default_factory=list)

    def get(self, path: str) -> Any:
        """What its API says."""
        with urlopen(f"{self.url}/api/v2/{path}", timeout=5) as response:  # noqa: S310 - loopback
            return json.loads(response.read())

    def post(self, path: str, body: object) -> Any:
        """What its API answers."""
        asked = Asked(  # noqa: S310 - loopback
            f"{self.url}/api/v2/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urlopen(asked, timeout=5) as response:  # noqa: S310 - loopback
            return json.loads(response.read() or b"null")


@contextmanager
def running(folder: Path, more: str = "") -> Iterator[Alertmanager]:
    """One that runs until the block ends, and has forgotten everything; with `more` in its configuration."""
    there = Alertmanager(url="", pagerduty=PagerDuty())

    def answer(request: Request) -> Reply:
        if request.target != "/hook":
            return there.pagerduty.answer(request)
        there.heard.append(json.loads(request.body))
        return Reply(status=200)

    with serve(answer) as port:
        routes = "\n".join(f"  - {{matchers: ['severity = \"{level}\"'], receiver: both}}" for level in LEVELS)
        config = folder / "alertmanager.yml"
        config.write_text(_CONFIG.format(port=port, routes=routes, key=SERVICE) + more, encoding="utf-8")
        with _process(folder, config) as there.url:
            yield there


@contextmanager
def _process(folder: Path, config: Path) -> Iterator[str]:
    address = f"127.0.0.1:{_free_port()}"
    program = find()
    assert program
    options = [f"--config.file={config}", f"--storage.path={folder / 'data'}", f"--web.listen-address={address}"]
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen([program, *options, "--cluster.listen-address="], stdout=log, stderr=log)
        try:
            until(lambda: _is_ready(f"http://{address}/-/ready") or child.poll() is not None)
            assert child.poll() is None, (folder / "log").read_text()
            yield f"http://{address}"
        finally:
            child.terminate()
            child.wait(_LONGEST)


def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so, at most a while."""
    end = time.monotonic() + _LONGEST
    while not is_so():
        assert time.monotonic() < end, "it never was"
        time.sleep(0.02)


def _is_ready(url: str) -> bool:
    try:
        with urlopen(url, timeout=1) as response:  # noqa: S310 - loopback
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
