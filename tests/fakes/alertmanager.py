"""No stand-in: Alertmanager itself on loopback, where it is installed, with receivers of the tests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request as Asked
from urllib.request import urlopen

from tests.fakes import engines
from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.pagerduty import SERVICE, PagerDuty

LEVELS = ("info", "warning", "error", "critical")

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
    return engines.find("prometheus-alertmanager")


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
    def options(address: str) -> list[str]:
        listen = [f"--web.listen-address={address}", "--cluster.listen-address="]
        return [f"--config.file={config}", f"--storage.path={folder / 'data'}", *listen]

    with engines.running("prometheus-alertmanager", options, "/-/ready", folder / "log") as url:
        yield url
