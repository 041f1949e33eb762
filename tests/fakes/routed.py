"""An Alertmanager that runs what we rendered, with a Slack and a PagerDuty, held against a router of ours."""

import json
import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.request import Request as Asked
from urllib.request import urlopen

from edgetpu_ci import stack
from edgetpu_ci.config import Config
from edgetpu_ci.incidents import keys
from edgetpu_ci.stack import alertmanager, silences, telling
from edgetpu_ci.stack.escalation import LABEL
from edgetpu_ci.stack.place import Place
from tests.fakes import engines
from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.routers import Ours, Told, right
from tests.fakes.routing_drawn import Setting

_WAIT, _MORE, _LONGEST = 1.0, 1.5, 20.0
KEYS: Final = {
    name: name[-1].lower() * 32
    for name in (
        "PAGERDUTY_A",
        "PAGERDUTY_B",
        "PAGERDUTY_C",
        "PAGERDUTY_P0",
        "PAGERDUTY_EXTERNAL",
        "PAGERDUTY_ROUTING_KEY",
    )
}
SECRETS: Final = {**KEYS, "SLACK_BOT_TOKEN": "xoxb-of-nothing"}


@dataclass
class Heard:
    """What was told under one configuration, and each key that PagerDuty was told of with the alert."""

    told: Told = field(default_factory=Counter)
    keys: set[tuple[int, str]] = field(default_factory=set)
    bodies: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[tuple[str, dict[int, Heard]]]:
    """A Slack and a PagerDuty for each configuration, by its number, below an address."""
    heard: dict[int, Heard] = {}
    alone = Lock()

    def answer(request: Request) -> Reply:
        _, number, path = request.target.split("/", 2)
        with alone:
            _hear(heard.setdefault(int(number), Heard()), path, request)
        if path == "hook":
            return Reply(status=200, body=b"ok")
        body = b'{"ok": true}'
        return Reply(
            status=202 if path == "v2/enqueue" else 200, body=body, headers={"content-type": "application/json"}
        )

    with serve(answer) as port:
        yield f"http://127.0.0.1:{port}", heard


def _hear(heard: Heard, path: str, request: Request) -> None:
    body = json.loads(request.body)
    text = json.dumps(body, ensure_ascii=False)
    heard.bodies.append(body)
    if path == "v2/enqueue":
        where = next(name for name, key in KEYS.items() if key == body["routing_key"])
        target, said = f"pagerduty {where}", text
    else:
        assert path == "hook" or request.headers["authorization"] == f"Bearer {SECRETS['SLACK_BOT_TOKEN']}"
        target, said = f"slack {body['channel']}", body["attachments"][0]["text"]
    numbers = {int(number) for number in re.findall(r"number=(\d+);", said)}
    heard.told.update((target, number) for number in numbers)
    heard.keys |= {(number, body["dedup_key"]) for number in numbers if "dedup_key" in body}


def live(
    folder: Path,
    settings: Sequence[Setting],
    base: str,
    heard: Mapping[int, Heard],
    rendered: Callable[[str], str] = str,
) -> None:
    """An Alertmanager for each, all at once: it runs what we render, is silenced by our script, and gets the alerts.

    What is `rendered` wrongly may lose some, and is not waited for.
    """
    with ExitStack() as all_of_them:
        there = []
        for one in settings:
            place = folder / str(one.number)
            place.mkdir()
            there.append(
                (one, all_of_them.enter_context(running(place, one.settings, f"{base}/{one.number}", rendered)))
            )
        for one, url in there:
            post(url, ((alert.labels, {"summary": f"number={alert.number};"}) for alert in one.alerts))
        time.sleep(_WAIT + _MORE)
        end = time.monotonic() + (_LONGEST if rendered is str else 0)
        for one in settings:
            wanted = right(one.settings).told(one.alerts)
            while not wanted.keys() <= _of(heard, one).told.keys() and time.monotonic() < end:
                time.sleep(0.1)


def _of(heard: Mapping[int, Heard], one: Setting) -> Heard:
    return heard.get(one.number) or Heard()


@contextmanager
def running(folder: Path, settings: Config, hook: str, rendered: Callable[[str], str] = str) -> Iterator[str]:
    """Alertmanager with what we render and its secrets, silenced by our script; a webhook leads below `hook`."""
    secrets = folder / "secrets"
    secrets.mkdir()
    for name, value in {**SECRETS, "SLACK_WEBHOOK_URL": f"{hook}/hook"}.items():
        (secrets / name).write_text(f"{value}\n", encoding="utf-8")
    for path, text in stack.files(settings, Place()).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        here = text.replace(telling.SECRETS, str(secrets)).replace("group_wait: 30s", f"group_wait: {_WAIT:g}s")
        file.write_text(rendered(here), encoding="utf-8")

    def options(address: str) -> Sequence[str]:
        data, at = f"--storage.path={folder / 'data'}", f"--web.listen-address={address}"
        return (f"--config.file={folder / alertmanager.FILE}", data, at, "--cluster.listen-address=")

    with engines.running("prometheus-alertmanager", options, "/-/ready", folder / "log") as url:
        if (folder / silences.FILE).exists():
            silence(folder / silences.FILE, url)
        yield url


def silence(script: Path, url: str) -> None:
    """Run our script of silences, with amtool wherever it is."""
    amtool = engines.find("amtool")
    assert amtool, "amtool is not here"
    path = f"{Path(amtool).parent}:{os.environ['PATH']}"
    subprocess.run(["bash", script, url], check=True, env={**os.environ, "PATH": path})


def post(url: str, alerts: Iterable[tuple[Mapping[str, str], Mapping[str, str]]]) -> None:
    """Alerts that fire from now on: their labels and annotations."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    body = [{"labels": labels, "annotations": said, "startsAt": now} for labels, said in alerts]
    asked = Asked(f"{url}/api/v2/alerts", json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310 - loopback
    with urlopen(asked, timeout=10) as response:  # noqa: S310 - loopback
        assert response.status == 200


RENDERINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "no route goes on": lambda text: text.replace("continue: true", "continue: false"),
    "steps are routed as their alerts": lambda text: re.sub(
        r"(?m)^    - escalation=.*\n", '    - escalation="no"\n', text
    ),
    "nothing has to be equal": lambda text: re.sub(r"(?m)^  equal:\n(  - .*\n)+", "  equal: []\n", text),
}
"""Ways to render it wrong, of which the comparison has to find every one."""


@dataclass
class Compared:
    """How much was held against each other, what differs (told by one alone, or twice), and the first of that.

    Of the pages that are no step, `ours` have the key that our own sender gives the incident.
    """

    scenarios: int = 0
    alerts: int = 0
    told: int = 0
    differing: int = 0
    pages: int = 0
    ours: int = 0
    first: str = ""


def compare(settings: Sequence[Setting], heard: Mapping[int, Heard], ours: Callable[[Config], Ours]) -> Compared:
    """Hold what a router says against what was heard."""
    found = Compared()
    for one in settings:
        wanted, got = ours(one.settings).told(one.alerts), _of(heard, one)
        found.scenarios += len({labels.labels["repo"] for labels in one.alerts})
        found.alerts += len(one.alerts)
        found.told += sum(wanted.values())
        pages = [(page, key) for page, key in got.keys if LABEL not in one.alerts[page].labels]
        found.pages += len(pages)
        found.ours += sum(key == _key(one, page) for page, key in pages)
        differing = sorted({*(wanted - got.told), *(got.told - wanted)})
        found.differing += len(differing)
        if differing and not found.first:
            target, number = differing[0]
            found.first = f"configuration {one.number}, {target}: {dict(one.alerts[number].labels)}"
    return found


def _key(one: Setting, page: int) -> str:
    """That of the incident that an alert is of."""
    labels = one.alerts[page].labels
    group = {name: labels[name] for name in one.settings.alerting.group_by if name in labels}
    return keys.group_key(labels["severity"], group)
