"""A regression as those see it who run the monitoring stack: see scripts/observability-demo."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

import yaml  # noqa: E402 - only after our own folder is first on the path

from edgetpu_ci import reference  # noqa: E402
from tests.fakes import dashboard_drawing, engines  # noqa: E402
from tests.fakes.asking import Asking  # noqa: E402
from tests.fakes.git_server import git  # noqa: E402
from tests.fakes.loopback import Reply, Request, serve  # noqa: E402
from tests.fakes.program import LAUNCHER, edgetpu_ci, environment  # noqa: E402

REPOSITORY: Final = "acme/detector"
MODEL: Final = "mobilenet_v2"
FAST, SLOW = (96, 0.35), (160, 0.5)
SECRETS: Final = {"PAGERDUTY_ROUTING_KEY": "c0ffee" * 5 + "00", "SLACK_BOT_TOKEN": "xoxb-of-nothing"}
ALERTMANAGER, JOB = "Alertmanager", "job"
LONGEST: Final = 90.0
MOST_RUNS: Final = 8

CONFIG: Final = """\
collect:
  - use: model_file
    with: {models: ["models/*.tflite"]}
  - use: inference
    with: {models: ["models/*.tflite"], budget_seconds: 20}
rules:
  - {match: "*/throughput_sustained_fps", worse_by_percent: 10, unknown: pass}
alerting:
  rules:
    - name: performance_regression
      match: "*/throughput_sustained_fps"
      worse_by_percent: 10
      resolve_after: 1
      severity: critical
      priority: p0
      summary: It became slower
  notify:
    - use: pagerduty
      with: {url: URL/pagerduty}
    - use: slack
      with: {channel: "#ci", base_url: URL/slack/}
  routing: {critical: [pagerduty, slack]}
  contacts: {manager: {slack: "#management"}}
  escalation_matrix: {p0: {1 min: [manager]}}
"""


@dataclass
class Listener:
    """Slack and PagerDuty: what each was told and by whom, and when by this machine's monotonic clock."""

    told: list[tuple[float, str, str, str]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    def answer(self, request: Request) -> Reply:
        """Take it down, and take it."""
        body = json.loads(request.body) if request.body else {}
        by = ALERTMANAGER if request.headers.get("user-agent", "").startswith(ALERTMANAGER) else JOB
        if request.target.startswith("/pagerduty"):
            self.keys.add(body["dedup_key"])
            self.told.append((monotonic(), "PagerDuty", body["event_action"], by))
            return Reply(status=202, body=b'{"status": "success"}')
        state = "resolve" if "RESOLVED" in json.dumps(body) else "trigger"
        self.told.append((monotonic(), f"Slack {body.get('channel')}", state, by))
        return Reply(status=200, body=b'{"ok": true, "channel": "C0", "ts": "1.1"}', headers=_JSON)

    def heard(self, who: str, what: str, by: str, since: float) -> float | None:
        """When somebody first heard so from either, after a moment."""
        return next((at for at, *told in self.told if told == [who, what, by] and at >= since), None)


_JSON: Final = {"content-type": "application/json"}


@dataclass
class Shop:
    """The repository that is watched, and how its program is run there."""

    folder: Path

    def run(self, *arguments: str, status: tuple[int, ...] = (0,)) -> str:
        """What a command printed; a failure ends the story."""
        ran = edgetpu_ci(self.folder, *arguments, GITHUB_REPOSITORY=REPOSITORY, **SECRETS)
        if ran.returncode not in status:
            raise SystemExit(f"`{' '.join(arguments)}` ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
        return ran.stdout + ran.stderr

    def model(self, resolution: int, width: float) -> None:
        """Another version of the model, committed."""
        (self.folder / "models").mkdir(exist_ok=True)
        (self.folder / f"models/{MODEL}.tflite").write_bytes(reference.build(resolution, width))
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", f"{resolution} pixels, width {width:g}")


def opened(folder: Path, url: str) -> Shop:
    """A repository with a model, its accepted level, and a stack rendered from its configuration."""
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "remote", "add", "origin", f"https://github.com/{REPOSITORY}.git")
    (folder / "edgetpu-ci.yml").write_text(CONFIG.replace("URL", url), encoding="utf-8")
    (folder / ".gitignore").write_text("/.edgetpu-ci/\n/edgetpu-ci-report/\n/monitoring/\n", encoding="utf-8")
    shop = Shop(folder)
    shop.model(*FAST)
    shop.run("render")
    shop.run("run")
    shop.run("baseline", "accept", "--by", "the demonstration", "--reason", "first level")
    return shop


@contextmanager
def watched(shop: Shop) -> Iterator[tuple[str, str]]:
    """Exporter, Prometheus and Alertmanager over a repository: the addresses of the last two."""
    monitoring = shop.folder / "monitoring"
    with exporter(shop) as exported, alertmanager(monitoring) as alerts:
        config = (monitoring / "prometheus/prometheus.yml").read_text(encoding="utf-8")
        with engines.prometheus(monitoring / "prometheus", _near(config, exported, alerts), *_QUICK) as metrics:
            yield metrics, alerts


_QUICK: Final = ("--rules.alert.resend-delay=2s",)


def _near(config: str, exported: str, alerts: str) -> str:
    """The same stack on this machine, and in a hurry: each second is looked."""
    read = yaml.safe_load(config)
    read["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    read["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [alerts.removeprefix("http://")]}]}]
    jobs = [job for job in read["scrape_configs"] if job["job_name"] == "edgetpu-ci"]
    jobs[0]["static_configs"] = [{"targets": [exported.removeprefix("http://")]}]
    return yaml.safe_dump({**read, "scrape_configs": jobs})


@contextmanager
def exporter(shop: Shop) -> Iterator[str]:
    """`edgetpu-ci serve` as a process."""
    address = f"127.0.0.1:{engines.free_port()}"
    command = [sys.executable, str(LAUNCHER), "serve", "--listen", address]
    env = environment(GITHUB_REPOSITORY=REPOSITORY)
    child = subprocess.Popen(command, cwd=shop.folder, env=env, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
    try:
        engines.until(lambda: engines.is_ready(f"http://{address}/live"))
        yield f"http://{address}"
    finally:
        child.terminate()
        child.wait(10)


@contextmanager
def alertmanager(monitoring: Path) -> Iterator[str]:
    """Alertmanager with what was rendered; its secrets are files."""
    secrets = monitoring / "secrets"
    secrets.mkdir()
    for name, value in SECRETS.items():
        (secrets / name).write_text(value, encoding="utf-8")
    file = monitoring / "alertmanager/alertmanager.yml"
    text = file.read_text(encoding="utf-8").replace("/etc/alertmanager/secrets", str(secrets))
    for long, short in (("group_wait: 30s", "group_wait: 1s"), ("group_interval: 5m", "group_interval: 2s")):
        text = text.replace(long, short)
    file.write_text(text, encoding="utf-8")

    def options(address: str) -> list[str]:
        data, at = f"--storage.path={monitoring / 'alerts'}", f"--web.listen-address={address}"
        return [f"--config.file={file}", data, at, "--cluster.listen-address="]

    with engines.running("prometheus-alertmanager", options, "/-/ready", monitoring / "alertmanager.log") as url:
        yield url


def query(metrics: str, expression: str) -> list[dict[str, Any]]:
    """What Prometheus knows of it now."""
    with urlopen(f"{metrics}/api/v1/query?{urlencode({'query': expression})}", timeout=5) as answer:  # noqa: S310 - loopback
        found: list[dict[str, Any]] = json.loads(answer.read())["data"]["result"]
        return found


def seconds(is_so: Callable[[], object], since: float) -> float | None:
    """How long after a moment it was so; None where it was not for long."""
    while not is_so():
        if monotonic() - since > LONGEST:
            return None
        sleep(0.05)
    return monotonic() - since


class Heard(NamedTuple):
    """What somebody is to hear."""

    who: str
    what: str


@dataclass
class Story:
    """A repository whose stack runs, and what happened: in which part, what, and how long after its job had ended.

    What is below 0 happened before.
    """

    shop: Shop
    listener: Listener
    metrics: str
    lines: list[tuple[str, str, float | None]] = field(default_factory=list)

    def part(self, title: str, known: str, *heard: Heard) -> None:
        """Measure; wait until Prometheus knows, and everybody heard of Alertmanager."""
        began, told, ended = self._measured(title, heard[0])
        self.lines.append((title, "the job itself told PagerDuty", told - ended))
        knows = seconds(lambda: query(self.metrics, f"{_RATIO} {known}"), ended)
        self.lines.append((title, "Prometheus knows", knows))
        for one in heard:
            listening = partial(self.listener.heard, *one, ALERTMANAGER, began)
            seconds(listening, ended)
            at = listening()
            self.lines.append((title, f"{one.who} heard of Alertmanager", at and at - ended))

    def _measured(self, title: str, paged: Heard) -> tuple[float, float, float]:
        """When a job began, told and ended; on a busy host, the first that could tell."""
        for _ in range(MOST_RUNS):
            began = monotonic()
            self.shop.run("run", status=(0, 1, 5))
            if told := self.listener.heard(*paged, JOB, began):
                return began, told, monotonic()
            print(f"{title}: the host was too busy to tell; measured again", flush=True)
        raise SystemExit(f"{title}: the host is too busy to tell.")


_RATIO: Final = 'edgetpu_ci_regression_ratio{metric="throughput_sustained_fps"}'


def main(folder: Path) -> int:
    """Play it; 1 where anybody was not told, or one incident had two keys."""
    folder.mkdir(parents=True, exist_ok=True)
    listener = Listener()
    with tempfile.TemporaryDirectory() as place, serve(listener.answer) as port:
        shop = opened(Path(place), f"http://127.0.0.1:{port}")
        with watched(shop) as (metrics, alerts):
            story = Story(shop, listener, metrics)
            shop.model(*SLOW)
            told = [Heard(who, "trigger") for who in ("PagerDuty", "Slack #ci", "Slack #management")]
            story.part("slower", "> 0.1", *told)
            draw(shop, metrics, folder)
            shop.model(*FAST)
            story.part("mended", "<= 0.1", Heard("PagerDuty", "resolve"), Heard("Slack #ci", "resolve"))
            print(f"Alertmanager holds {_open(alerts)} alerts at the end, the Watchdog among them")
    return said(story)


def _open(alerts: str) -> int:
    with urlopen(f"{alerts}/api/v2/alerts?active=true", timeout=5) as answer:  # noqa: S310 - loopback
        return len(json.loads(answer.read()))


def draw(shop: Shop, metrics: str, folder: Path) -> None:
    """The dashboards that have something to show, of the last minutes."""
    for name in ("performance", "regressions", "alerts"):
        file = shop.folder / f"monitoring/grafana/dashboards/edgetpu-ci-{name}.json"
        dashboard = json.loads(file.read_text(encoding="utf-8"))
        dashboard["time"]["from"] = f"now-{_SHOWN}"
        for panel in dashboard["panels"]:
            panel.pop("timeFrom", None)
        picture = folder / f"{name}.png"
        dashboard_drawing.draw(dashboard, Asking(metrics), picture)
        print(picture, flush=True)


_SHOWN: Final = "5m"


def said(story: Story) -> int:
    """The table, and whether all is well."""
    for title, what, after in story.lines:
        print(f"{title:8} {what:48} {'never' if after is None else f'{after:5.1f} s'}")
    keys = len(story.listener.keys)
    print(f"keys under which PagerDuty was told of it, by the job and by Alertmanager: {keys}")
    return int(keys != 1 or any(after is None for _, _, after in story.lines))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "observability-demo")))
