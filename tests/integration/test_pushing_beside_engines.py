"""Pushing and backfilling into Pushgateway, Prometheus and VictoriaMetrics themselves."""

import json
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from edgetpu_ci.errors import DeliveryError, DeniedError
from edgetpu_ci.exposition.past import Past
from edgetpu_ci.exposition.record import Family, Reading, Sample
from edgetpu_ci.telemetry import push, victoria
from edgetpu_ci.telemetry.backfill import openmetrics_file, victoria_metrics
from edgetpu_ci.telemetry.push import place
from edgetpu_ci.telemetry.push.way import Target
from edgetpu_ci.world import World
from tests.fakes import engines
from tests.fakes.clock import Clock
from tests.fakes.world import world

END = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
"""Of histories: VictoriaMetrics keeps two years here."""

NASTY = '"q"\\ \n{},=# é 🙂'
HERE = (("repo", "o/r"), ("branch", NASTY), ("subject", "mobilenet"), ("machine", "pi/4 ü"))
KEY = (("repo", "o/r"), ("subject", "repository"))


def families(value: float = 0.8125) -> list[Family]:
    """Values that are not round, very large and very small, and labels that could break any format."""
    return [
        Family(name="edgetpu_ci_test_coverage_ratio", help="a \\ \n b", samples=[Sample(KEY, value)]),
        Family(name="edgetpu_ci_x", help="x", samples=[Sample(HERE, 1 / 3), Sample((*KEY, ("state", "n")), 1e300)]),
        Family(name="edgetpu_ci_last_run_timestamp_seconds", help="when", samples=[Sample(HERE, 1795644021.951123)]),
    ]


def here(folder: Path, at: datetime | None = None, late: timedelta = timedelta()) -> World:
    """The world as it is, but for a clock that stands still or is late."""
    return world(folder, now=lambda: at or datetime.now(UTC) - late, token=lambda: secrets.token_hex(8))


def started(program: str) -> str:
    if not engines.find(program):
        pytest.skip(f"there is no {program}; scripts/engines brings one")
    return program


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    started("prometheus")
    with engines.prometheus(tmp_path_factory.mktemp("prometheus"), "global: {}\n") as url:
        yield url


@pytest.fixture(scope="module")
def vm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    started("victoria-metrics")
    with engines.victoria(tmp_path_factory.mktemp("victoria")) as url:
        yield url


@pytest.fixture(scope="module")
def pushgateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    started("prometheus-pushgateway")
    with engines.pushgateway(tmp_path_factory.mktemp("pushgateway")) as url:
        yield url


def asked(url: str, query: str) -> list[dict[str, Any]]:
    with urlopen(f"{url}/api/v1/query?{urlencode({'query': query})}", timeout=5) as answer:  # noqa: S310 - loopback
        found: list[dict[str, Any]] = json.loads(answer.read())["data"]["result"]
        return found


def test_prometheus_has_what_was_written_and_refuses_what_is_older(prometheus: str, tmp_path: Path) -> None:
    target = Target(url=f"{prometheus}/api/v1/write")
    assert push.push("remote-write", families(), target, here(tmp_path)) == (
        4,
        "Remote write at 127.0.0.1 has all of them",
    )
    (found,) = asked(prometheus, 'edgetpu_ci_x{subject="mobilenet"}')
    assert found["metric"] == {"__name__": "edgetpu_ci_x", **dict(HERE)}
    assert float(found["value"][1]) == 1 / 3
    for late, says in ((timedelta(minutes=5), "out of order"), (timedelta(hours=5), "out of bounds")):
        with pytest.raises(DeniedError, match=f"400: {says}.*; another push has a newer time, so that the clocks"):
            push.push("remote-write", families(), target, here(tmp_path, late=late))


def test_a_prometheus_that_keeps_the_first_value_of_a_moment_says_so(prometheus: str, tmp_path: Path) -> None:
    at = datetime.now(UTC)
    target, still = Target(url=f"{prometheus}/api/v1/write"), here(tmp_path, at)
    push.push("remote-write", families(0.75), target, still)
    with pytest.raises(DeniedError, match="400: duplicate sample for timestamp; another push was of the same moment"):
        push.push("remote-write", families(0.5), target, still)


def test_a_prometheus_of_old_that_takes_no_otlp_is_told(prometheus: str, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="4 of 4 data points were lost"):
        push.push("otlp", families(), Target(url=f"{prometheus}/nowhere"), here(tmp_path))


@pytest.mark.parametrize(("way", "path"), [("victoria-metrics", ""), ("remote-write", "/api/v1/write")])
def test_victoria_metrics_has_what_was_pushed(way: str, path: str, vm: str, tmp_path: Path) -> None:
    count, became = push.push(way, families(), Target(url=vm + path), here(tmp_path))
    assert (count, became.endswith("has all of them")) == (4, True)


def test_a_pushgateway_has_a_group_for_each_machine_and_no_old_series(pushgateway: str, tmp_path: Path) -> None:
    target = Target(url=pushgateway)
    gone = Family(name="edgetpu_ci_gone", help="", samples=[Sample(HERE, 1), Sample(KEY, 2)])
    for known in ([*families(), gone], families(0.5)):
        assert push.push("pushgateway", known, target, here(tmp_path))[1] == "Pushgateway at 127.0.0.1 has all of them"
    with urlopen(f"{pushgateway}/metrics", timeout=5) as answer:  # noqa: S310 - loopback
        lines = answer.read().decode().splitlines()
    ours = [line for line in lines if line.startswith("edgetpu_ci_")]
    assert len(ours) == 4
    assert all('instance="",job="edgetpu_ci"' in line for line in ours)
    assert any(line.startswith("edgetpu_ci_test_coverage_ratio{") and line.endswith(" 0.5") for line in ours)


def test_a_report_leaves_in_a_pushgateway_what_it_does_not_name(pushgateway: str, tmp_path: Path) -> None:
    push.push("pushgateway", families(), Target(url=pushgateway), here(tmp_path))
    push.push("pushgateway", families(0.9)[:1], Target(url=pushgateway, is_whole=False), here(tmp_path))
    with urlopen(f"{pushgateway}/metrics", timeout=5) as answer:  # noqa: S310 - loopback
        lines = [line for line in answer.read().decode().splitlines() if line.startswith("edgetpu_ci_")]
    assert len(lines) == 4
    assert any(line.endswith(" 0.9") for line in lines)


def past(count: int, subjects: int = 1) -> Past:
    """Six-hourly values of some series, the newest first, and the newest twice."""
    found = Past()
    for run in [*range(count), 0]:
        labels = [tuple({**dict(HERE), "subject": f"m{n}"}.items()) for n in range(subjects)]
        at = END - timedelta(hours=6 * run)
        found.take(Reading("latency_p99_ms", one, 3 + run / 7, at) for one in labels)
    return found


def test_a_year_goes_into_victoria_metrics_once(vm: str, tmp_path: Path) -> None:
    there, world_ = place.find(victoria.KIND, {}, vm), here(tmp_path)
    for known, new in ((past(730, 3), 2190), (past(1460, 3), 2190), (past(1460, 3), 0)):
        brought = victoria_metrics.bring(known, there, world_)
        assert (brought.series, brought.new) == (3, new)


def test_what_victoria_metrics_is_too_young_for_is_told(vm: str, tmp_path: Path) -> None:
    clock, old = Clock(), Past()
    old.take([Reading("test_coverage_percent", KEY, 81, datetime.now(UTC) - timedelta(days=900))])
    impatient = replace(here(tmp_path), monotonic=clock.monotonic, sleep=clock.sleep)
    with pytest.raises(DeliveryError, match="does not have it; look whether it keeps so long"):
        victoria_metrics.bring(old, place.find(victoria.KIND, {}, vm), impatient)
    assert 20 < sum(clock.slept) <= 30


@pytest.mark.skipif(not engines.find("promtool"), reason="there is no promtool; scripts/engines brings one")
def test_promtool_makes_blocks_of_the_file_and_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "h.om"
    brought = openmetrics_file.bring(past(1460, 2), file)
    assert (brought.series, brought.samples) == (2, 2920)
    made = subprocess.run(openmetrics_file.command(file).split(), cwd=tmp_path, capture_output=True, check=False)
    assert made.returncode == 0, made.stderr
    blocks = list((tmp_path / "blocks").iterdir())
    assert len(blocks) <= 3
    assert sum(json.loads((one / "meta.json").read_text())["stats"]["numSamples"] for one in blocks) == 2920
