"""Who is told of an alert: what our router says, and what an Alertmanager does that runs what we rendered from it."""

import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.request import Request as Asked
from urllib.request import urlopen

import msgspec
from msgspec.structs import replace

from edgetpu_ci import config, stack
from edgetpu_ci.config import Config, checking
from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.incidents import escalation, keys, muting, routing
from edgetpu_ci.incidents.record import Book
from edgetpu_ci.notify import bind
from edgetpu_ci.stack import alertmanager, hearing, silences, telling
from edgetpu_ci.stack.escalation import LABEL, label
from edgetpu_ci.stack.place import Place
from tests.fakes import engines, incidents
from tests.fakes.loopback import Reply, Request, serve

SCENARIOS: Final = 20
"""Sets of alerts beside each other, each of a repository of its own, under one configuration."""

_WAIT, _MORE, _LONGEST = 1.0, 1.5, 20.0
_KEYS = {name: (name[-1].lower() * 32) for name in ("PAGERDUTY_A", "PAGERDUTY_B", "PAGERDUTY_C")}
_SECRETS = {**_KEYS, "SLACK_BOT_TOKEN": "xoxb-of-nothing"}
_STRANGE = ("main", 'a"b\\c', "<!channel>", "{{ . }}", "ümlaut/ß", "x, y=~z")
_LEVELS = ("info", "warning", "error", "critical")
_TIMES = ("10 min", "15_min", "1_hour", "4_hours", "2_days")

Told = Counter[tuple[str, int]]
"""How often an alert, by its number, was told where: "slack #ci"."""


@dataclass(frozen=True)
class Numbered:
    """An alert: its labels, and the number by which it is known again in what is said of it."""

    number: int
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Setting:
    """A configuration, its number, and the alerts that fire under it."""

    number: int
    settings: Config
    alerts: Sequence[Numbered]


@dataclass
class Heard:
    """What was told under one configuration, and each key that PagerDuty was told of with the alert."""

    told: Told = field(default_factory=Counter)
    keys: set[tuple[int, str]] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)


def drawn(draw: Random, number: int, base: str, scenarios: int = SCENARIOS) -> Setting:
    """A configuration that is right, whose Slack and PagerDuty are below `base`, and alerts."""
    settings = Config(alerting=_alerting(draw, f"{base}/{number}"))
    checking.check(settings.alerting)
    alerts = [labels for n in range(scenarios) for labels in _scenario(draw, settings, f"{number}/{n}")]
    return Setting(number, settings, [Numbered(n, labels) for n, labels in enumerate(alerts)])


def _alerting(draw: Random, url: str) -> Alerting:
    ways = [way for way in ("pagerduty", "slack", "issue", "webhook") if draw.random() < 0.8]
    contacts = {name: _contact(draw, ways) for name in ("one", "two", "three", "emergency_contacts") if ways}
    names = [*ways, *contacts, *(["all_channels"] if ways else [])]
    some = partial(_some, draw)
    written = {
        "notify": [{"use": way, "with": _options(draw, way, url)} for way in ways],
        "contacts": contacts,
        "routing": {level: some(names, 3) for level in _LEVELS if draw.random() < 0.7},
        "escalation_matrix": {
            row: {"immediate": some(contacts, 2), **{after: some(contacts, 2) for after in some(_TIMES, 3)}}
            for row in ("p0_critical", "p1", "p2_medium")
        },
        "rules": [_rule(draw, n, contacts) for n in range(draw.randint(2, 7))],
        "group_by": draw.choice([["alertname", "branch", "repo"], ["repo"], ["subject", "repo", "alertname"]]),
        "inhibit": [_inhibition(draw) for _ in range(draw.randint(0, 2))],
        "silences": [_silence(draw) for _ in range(draw.randint(0, 2))],
    }
    return msgspec.convert(written, Alerting)


def _some(draw: Random, names: Sequence[str] | Mapping[str, Any], most: int) -> list[str]:
    found = list(names)
    return draw.sample(found, k=min(draw.randint(0, most), len(found)))


def _contact(draw: Random, ways: Sequence[str]) -> dict[str, str]:
    address = {"slack": f"#{draw.choice('xyz')}", "pagerduty": draw.choice([*_KEYS]), "issue": "@someone"}
    return {way: address.get(way, "OTHER_HOOK") for way in draw.sample([*ways], k=draw.randint(1, len(ways)))}


def _options(draw: Random, way: str, url: str) -> dict[str, Any]:
    if way == "pagerduty":
        other = {} if draw.random() < 0.3 else {draw.choice(["p0", "p1"]): "PAGERDUTY_B"}
        return {"url": url, "routing_keys": {"default": "PAGERDUTY_A", **other}}
    if way == "slack":
        channel = {} if draw.random() < 0.2 else {"channel": "#ci"}
        told = {"webhook": "SLACK_WEBHOOK_URL"} if draw.random() < 0.3 else {"base_url": f"{url}/"}
        return {**channel, **told}
    return {}


def _rule(draw: Random, number: int, contacts: Mapping[str, Any]) -> dict[str, Any]:
    response = draw.choice([{}, {}, {"response_time": draw.choice(_TIMES)}])
    escalated = {"escalation": draw.choice([*contacts])} if response and contacts and draw.random() < 0.6 else {}
    return {
        "name": f"alert_{number}",
        "match": "*/latency_p99_ms",
        "above": 1,
        "severity": draw.choice(_LEVELS),
        "priority": draw.choice(["", "p0", "p1", "p2"]),
        "channel": draw.choice(["", "", "#own", "#x"]),
        **response,
        **escalated,
    }


def _labels(draw: Random) -> dict[str, str]:
    found = {
        "alertname": f"alert_{draw.randrange(4)}",
        "severity": draw.choice(_LEVELS),
        "branch": draw.choice(_STRANGE[:3]),
        "subject": draw.choice("ab"),
    }
    return {name: found[name] for name in _some(draw, found, 2)}


def _inhibition(draw: Random) -> dict[str, Any]:
    return {"source": _labels(draw), "target": _labels(draw), "equal": _some(draw, ("repo", "branch", "subject"), 3)}


def _silence(draw: Random) -> dict[str, Any]:
    now = datetime.now(UTC)
    starts, until = draw.choice([(None, 2), (-1, 2), (1, 2), (-2, -1)])
    match = {**_labels(draw), "branch": draw.choice(_STRANGE)}
    given = {"reason": 'It is "being" moved', "until": now + timedelta(hours=until), "match": match}
    return {**given, "starts": now + timedelta(hours=starts)} if starts else given


def _scenario(draw: Random, settings: Config, repo: str) -> Iterator[dict[str, str]]:
    """Different alerts of one repository, some with the steps that nobody acknowledging them asks for."""
    seen: set[str] = set()
    rules = config.alert_rules(settings)
    for _ in range(draw.randint(1, 5)):
        rule = draw.choice(rules)
        own = {"alertname": rule.name, "severity": rule.severity, "priority": rule.priority}
        labels = {**own, "repo": repo, "branch": draw.choice(_STRANGE), "subject": draw.choice("ab")}
        labels = {name: value for name, value in labels.items() if value}
        if (name := keys.fingerprint(labels)) not in seen:
            seen.add(name)
            yield labels
            ours = Ours(settings.alerting, rules)
            yield from ({**labels, LABEL: step} for step in sorted(ours.later(rule, labels)) if draw.random() < 0.5)


@dataclass
class Ours:
    """Our router, as a job of ours asks it."""

    alerting: Alerting
    rules: Sequence[AlertRule]

    def __post_init__(self) -> None:
        self.addresses = {one.use: bind(one, "notify").address for one in self.alerting.notify}

    def told(self, alerts: Sequence[Numbered]) -> Told:
        """Who is told of which of these, that all fire now."""
        firing, now = [one.labels for one in alerts], datetime.now(UTC)
        found: Told = Counter()
        for one in alerts:
            is_silenced = muting.is_silenced(one.labels, Book(), self.alerting, now)
            if not (is_silenced or muting.is_inhibited(one.labels, firing, self.alerting.inhibit)):
                found.update((target, one.number) for target in self.targets(dict(one.labels)))
        return found

    def targets(self, labels: dict[str, str]) -> set[str]:
        """Where this one is told, as far as Alertmanager can."""
        rule = next(rule for rule in self.rules if rule.name == labels["alertname"])
        if LABEL in labels:
            return self.later(rule, labels).get(labels[LABEL], set())
        return _possible(routing.targets(self.alerting, self.addresses, rule, labels))

    def later(self, rule: AlertRule, labels: dict[str, str]) -> dict[str, set[str]]:
        """Who is told of it in each step, by what the step is called."""
        alert = incidents.alert(rule=rule.name, labels=labels)
        incident = incidents.incident(alerts=(alert,), priority=rule.priority, told_at=incidents.NOW)
        found: dict[str, set[str]] = {}
        for due in escalation.ladder(incident, escalation.Plan(alerting=self.alerting, rules=self.rules)):
            targets = routing.said_to(due.contact, self.alerting, self.addresses, "", labels)
            if not due.contact:
                targets = iter(routing.targets(self.alerting, self.addresses, rule, labels))
            found.setdefault(label(due.at - incidents.NOW), set()).update(_possible(targets))
        return {step: targets for step, targets in found.items() if targets}


def _possible(targets: Iterator[str] | Sequence[str]) -> set[str]:
    return {target for target in targets if target.partition(" ")[0] in hearing.TOLD}


@contextmanager
def listening() -> Iterator[tuple[str, dict[int, Heard]]]:
    """A Slack and a PagerDuty for each configuration, by its number, below an address."""
    heard: dict[int, Heard] = {}

    def answer(request: Request) -> Reply:
        _, number, path = request.target.split("/", 2)
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
    heard.texts.append(text)
    if path == "v2/enqueue":
        where = next(name for name, key in _KEYS.items() if key == body["routing_key"])
        target, said = f"pagerduty {where}", text
    else:
        assert path == "hook" or request.headers["authorization"] == f"Bearer {_SECRETS['SLACK_BOT_TOKEN']}"
        target, said = f"slack {body['channel']}", body["attachments"][0]["text"]
    numbers = {int(number) for number in re.findall(r"number=(\d+);", said)}
    heard.told.update((target, number) for number in numbers)
    heard.keys |= {(number, body["dedup_key"]) for number in numbers if "dedup_key" in body}


def live(folder: Path, settings: Sequence[Setting], base: str, heard: Mapping[int, Heard]) -> None:
    """An Alertmanager for each, all at once: it runs what we render, is silenced by our script, and gets the alerts."""
    with ExitStack() as running:
        there = []
        for one in settings:
            place = folder / str(one.number)
            place.mkdir()
            there.append((one, running.enter_context(_alertmanager(place, one, base))))
        for one, url in there:
            _post(url, one.alerts)
        time.sleep(_WAIT + _MORE)
        end = time.monotonic() + _LONGEST
        for one in settings:
            wanted = Ours(one.settings.alerting, config.alert_rules(one.settings)).told(one.alerts)
            while not wanted.keys() <= _of(heard, one).told.keys() and time.monotonic() < end:
                time.sleep(0.1)


def _of(heard: Mapping[int, Heard], one: Setting) -> Heard:
    return heard.get(one.number) or Heard()


@contextmanager
def _alertmanager(folder: Path, one: Setting, base: str) -> Iterator[str]:
    secrets = folder / "secrets"
    secrets.mkdir()
    for name, value in {**_SECRETS, "SLACK_WEBHOOK_URL": f"{base}/{one.number}/hook"}.items():
        (secrets / name).write_text(f"{value}\n", encoding="utf-8")
    for path, text in stack.files(one.settings, Place()).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        here = text.replace(telling.SECRETS, str(secrets)).replace("group_wait: 30s", f"group_wait: {_WAIT:g}s")
        file.write_text(here, encoding="utf-8")

    def options(address: str) -> Sequence[str]:
        data, at = f"--storage.path={folder / 'data'}", f"--web.listen-address={address}"
        return (f"--config.file={folder / alertmanager.FILE}", data, at, "--cluster.listen-address=")

    with engines.running("prometheus-alertmanager", options, "/-/ready", folder / "log") as url:
        if (folder / silences.FILE).exists():
            subprocess.run(["bash", folder / silences.FILE, url], check=True)
        yield url


def _post(url: str, alerts: Sequence[Numbered]) -> None:
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    body = [
        {"labels": one.labels, "startsAt": now, "annotations": {"summary": f"number={one.number};"}} for one in alerts
    ]
    asked = Asked(f"{url}/api/v2/alerts", json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310 - loopback
    with urlopen(asked, timeout=10) as response:  # noqa: S310 - loopback
        assert response.status == 200


@dataclass
class Compared:
    """What both say, and where they differ: only ours, only Alertmanager's, and what is told twice."""

    scenarios: int = 0
    alerts: int = 0
    told: int = 0
    differing: int = 0
    shared_keys: int = 0
    paged: int = 0
    first: str = ""


def compare(settings: Sequence[Setting], heard: Mapping[int, Heard], ours: Callable[[Config], Ours]) -> Compared:
    """Hold what a router says against what was heard."""
    found = Compared()
    for one in settings:
        wanted, got = ours(one.settings).told(one.alerts), _of(heard, one)
        found.scenarios += len({labels.labels["repo"] for labels in one.alerts})
        found.alerts += len(one.alerts)
        found.told += sum(wanted.values())
        differing = sorted({*(wanted - got.told), *(got.told - wanted)})
        found.differing += len(differing)
        if differing and not found.first:
            target, number = differing[0]
            found.first = f"configuration {one.number}, {target}: {dict(one.alerts[number].labels)}"
    return found


def right(settings: Config) -> Ours:
    """Our router as it is."""
    return Ours(settings.alerting, config.alert_rules(settings))


def _changed(change: Callable[[Alerting], Alerting]) -> Callable[[Config], Ours]:
    def ours(settings: Config) -> Ours:
        alerting = change(settings.alerting)
        return Ours(alerting, checking.rules(alerting) and tuple(rule for _, rule in checking.rules(alerting)))

    return ours


def _rules(alerting: Alerting, **given: Any) -> Alerting:
    return replace(alerting, rules=tuple(replace(rule, **given) for rule in alerting.rules))


def _matrix(alerting: Alerting, keep: Callable[[str, tuple[str, ...]], tuple[str, ...]]) -> Alerting:
    rows = alerting.escalation_matrix.items()
    kept = {name: {after: keep(after, who) for after, who in row.items()} for name, row in rows}
    return replace(alerting, escalation_matrix=kept)


MUTANTS: Final[Mapping[str, Callable[[Config], Ours]]] = {
    "an alert's own channel is ignored": _changed(lambda one: _rules(one, channel="")),
    "nobody hears at once": _changed(lambda one: _matrix(one, lambda after, who: () if after == "immediate" else who)),
    "only the first contact hears later": _changed(
        lambda one: _matrix(one, lambda after, who: who if after == "immediate" else who[:1])
    ),
    "response times escalate nothing": _changed(lambda one: _rules(one, response_time="", escalation="")),
    "all priorities page alike": _changed(lambda one: _rules(one, priority="")),
    "levels have the default routing": _changed(lambda one: replace(one, routing={})),
    "inhibiting needs nothing equal": _changed(
        lambda one: replace(one, inhibit=tuple(replace(rule, equal=()) for rule in one.inhibit))
    ),
    "nothing is inhibited": _changed(lambda one: replace(one, inhibit=())),
    "nothing is silenced": _changed(lambda one: replace(one, silences=())),
}
"""Routers that are wrong, each in one way; the comparison has to find every one."""
