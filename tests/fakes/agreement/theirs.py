"""What fires by Prometheus: promtool over what the exporter said each minute, by the rules as they are rendered."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgetpu_ci import codec, history, newest
from edgetpu_ci.alerting.looking import Looking
from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import Alerting
from edgetpu_ci.config.observability import Observability, Stack
from edgetpu_ci.exposition import families
from edgetpu_ci.stack import promql, rules
from edgetpu_ci.stack.place import Place
from edgetpu_ci.store.folder import Folder
from tests.fakes import alerting, engines
from tests.fakes.agreement.ours import Minute
from tests.fakes.agreement.timelines import MINUTES, Scenario
from tests.fakes.world import world

Values = dict[str, list[str]]
"""Of each series, as promtool reads them: one a minute, `_` where nothing comes and `stale` where it is gone."""


def rendered(scenario: Scenario) -> list[dict[str, Any]]:
    """The rules of a scenario. What is told beside them has tests of its own, and takes promtool longer than all."""
    observability = Observability(stack=Stack(flavour=scenario.flavour))
    settings = Config(alerting=Alerting(rules=scenario.rules), observability=observability)
    text = rules.files(settings, Place())[rules.FILE]
    found = codec.load_yaml(text.encode(), rules.FILE)["groups"][0]["rules"]
    return [{name: part for name, part in rule.items() if name != "annotations"} for rule in found]


def exported(scenario: Scenario, asked: Sequence[Mapping[str, Any]], folder: Path) -> Values:
    """What the exporter says of what the rules ask for: each minute, or once after each run."""
    store, clock, values = Folder(folder / "store"), [0], Values()
    outside = world(folder, now=lambda: alerting.at(clock[0]), monotonic=lambda: 60.0 * clock[0])
    looking = Looking(rules=scenario.rules, group_by=("alertname",), repository=alerting.LABELS["repo"])
    reader = newest.Newest(store, looking, outside)
    for clock[0] in range(MINUTES):
        reports = scenario.reports.get(clock[0], ())
        for report in reports:
            store.append(history.kind(report.run.machine.key), report.run.id, codec.encode_json(report))
        said = dict(_said(reader, asked)) if reports or scenario.flavour == "scrape" else {}
        for series in {**values, **said}:
            gone = "_" if scenario.flavour == "push" else "stale"
            values.setdefault(series, ["_"] * clock[0]).append(said.get(series, gone))
    return values


def _said(reader: newest.Newest, asked: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for family in families.of(reader.refresh()):
        if any(family.name in rule["expr"] for rule in asked):
            # The time of promtool begins at 0.
            since = alerting.START.timestamp() if family.name == rules.HEARD else 0.0
            for one in family.samples:
                yield promql.series(family.name, dict(one.labels)), promql.number(one.value - since)


def write(file: Path, asked: Sequence[Mapping[str, Any]], values: Values, decided: Sequence[Minute]) -> int:
    """A unit test for promtool beside its rules: what is decided must fire, and no more; how many checks it has."""
    written = file.with_suffix(".rules.yml")
    written.write_text(codec.encode_yaml_lines({"groups": [{"name": "drawn", "rules": asked}]}), encoding="utf-8")
    checks = [
        {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": [{"exp_labels": _labels(one)} for one in labels]}
        for minute, found in enumerate(decided)
        for name, labels in found.firing.items()
        if name not in found.waiting
    ]
    series = [{"series": name, "values": " ".join(given)} for name, given in values.items()]
    test = {"interval": "1m", "input_series": series, "alert_rule_test": checks}
    whole = {"rule_files": [written.name], "evaluation_interval": "1m", "tests": [test]}
    file.write_text(codec.encode_yaml_lines(whole), encoding="utf-8")
    return len(checks)


def _labels(labels: frozenset[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in sorted(labels) if value and name != "alertname"}


def disagreements(files: Sequence[Path]) -> str:
    """What promtool finds wrong; empty where all of it holds."""
    program = engines.find("promtool")
    assert program
    ran = subprocess.run([program, "test", "rules", *map(str, files)], capture_output=True, check=False, text=True)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr
