"""What /health, /ready, /metrics and the page say of a store and a host."""

import gzip
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from edgetpu_ci import reference
from edgetpu_ci.config import Config
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.exposition.record import Known
from edgetpu_ci.model import Machine, Measurement, Verdict
from edgetpu_ci.serve import checks, health, models
from edgetpu_ci.serve.exchange import Answer, Request
from edgetpu_ci.serve.health import Check
from edgetpu_ci.serve.site import Site
from edgetpu_ci.serve.standing import Host
from tests.fakes import compiled, corals, incidents, kpi_reports, reports, serving
from tests.fakes.compiled import Tables
from tests.fakes.world import AT

MODEL = 'collect: [{use: inference, with: {models: ["*.tflite"]}}]'
NAMES = ["tpu_availability", "model_cache", "dependencies", "disk_space", "freshness", "store"]


def told(site: Site) -> Mapping[str, Mapping[str, object]]:
    """The checks of /health."""
    answer = site.health()
    assert answer.kind == "application/json"
    found: Mapping[str, Mapping[str, object]] = json.loads(answer.body)["checks"]
    assert list(found) == NAMES
    return found


def state(site: Site, name: str) -> tuple[object, object]:
    check = told(site)[name]
    return check["status"], check["seen"]


def scrape(site: Site, **headers: str) -> Answer:
    return site.metrics(Request("GET", "/metrics", {name.replace("_", "-"): value for name, value in headers.items()}))


def keep_measured(
    folder: Path, subject: str, sha256: str, age: timedelta = timedelta(0), machine: Machine | None = None
) -> None:
    fact = Measurement(subject=subject, metric="model_bytes", value=1000, details=(("sha256", sha256),))
    serving.keep(folder, reports.report([fact]), age=age, machine=machine)


def test_it_has_the_shape_and_the_names_of_the_document(tmp_path: Path) -> None:
    serving.keep(tmp_path, reports.all_clear())
    answer = serving.of(tmp_path).health()
    found = json.loads(answer.body)
    assert (answer.status, found["status"]) == (200, found["checks"]["disk_space"]["status"])
    assert {found["checks"][name]["status"] for name in NAMES if name != "disk_space"} == {"healthy"}
    assert list(found) == ["status", "timestamp", "version", "checks"]
    assert found["timestamp"] == "2026-03-04T10:06:07+00:00"
    assert found["checks"]["disk_space"]["observed"] > 0


def test_a_host_that_runs_models_on_its_cpu_is_not_ill_for_want_of_a_tpu(tmp_path: Path) -> None:
    (tmp_path / "small.tflite").write_bytes(reference.build(32, 0.1))
    said = "No configured model needs an Edge TPU; on this host: none."
    site = serving.of(tmp_path, MODEL)
    assert state(site, "tpu_availability") == ("healthy", said)
    assert "libedgetpu" not in str(state(site, "dependencies"))


def test_a_compiled_model_needs_a_tpu_that_may_be_opened(tmp_path: Path) -> None:
    (tmp_path / "small_edgetpu.tflite").write_bytes(compiled.build(blob=Tables()))
    site = serving.of(tmp_path, MODEL)
    status, said = state(site, "tpu_availability")
    assert (status, site.health().status) == ("unhealthy", 503)
    assert str(said).startswith("There is no Coral on this host: plug one in")
    corals.usb(corals.host(tmp_path / "root"))
    assert state(site, "tpu_availability") == ("healthy", "There is what the configuration needs: usb:0 at 2-1.")


def test_a_simulated_device_is_no_reason_to_look_for_a_real_one(tmp_path: Path) -> None:
    (tmp_path / "small_edgetpu.tflite").write_bytes(compiled.build(blob=Tables()))
    simulated = 'collect: [{use: inference, with: {models: ["*.tflite"], device: simulated}}]'
    assert state(serving.of(tmp_path, simulated), "tpu_availability")[0] == "healthy"


def test_a_place_that_is_empty_is_told_from_one_that_is_not(tmp_path: Path) -> None:
    (tmp_path / "small_edgetpu.tflite").write_bytes(compiled.build(blob=Tables()))
    corals.usb(corals.host(tmp_path / "root"))
    there = 'collect: [{use: inference, with: {models: ["*.tflite"], device: /sys/bus/usb/devices/2-1}}]'
    assert state(serving.of(tmp_path, there), "tpu_availability")[0] == "healthy"
    assert state(serving.of(tmp_path, there.replace("2-1", "2-9")), "tpu_availability") == (
        "unhealthy",
        "There is no Coral `/sys/bus/usb/devices/2-9` on this host.",
    )
    (tmp_path / "root/dev/bus/usb/002/003").unlink()
    status, said = state(serving.of(tmp_path, there), "tpu_availability")
    assert (status, "/dev/bus/usb/002/003 is not there" in str(said)) == ("unhealthy", True)


def test_a_model_that_is_not_there_or_is_none_is_unhealthy_and_no_path_of_the_machine_is_told(tmp_path: Path) -> None:
    site = serving.of(tmp_path, MODEL)
    assert state(site, "model_cache") == ("unhealthy", 'No model file matches "*.tflite".')
    (tmp_path / "small.tflite").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    status, said = state(site, "model_cache")
    assert (status, state(site, "tpu_availability")[0]) == ("unhealthy", "degraded")
    assert str(said).startswith("small.tflite is a Git LFS pointer, not the model")
    assert str(tmp_path) not in site.health().body.decode()


def test_models_are_held_against_the_sha256_that_the_newest_run_measured(tmp_path: Path) -> None:
    (tmp_path / "small.tflite").write_bytes(reference.build(32, 0.1))
    site = serving.of(tmp_path, MODEL)
    unknown = "1 model is there, and no run has told a sha256 to hold against (`use: model_file` does)."
    assert state(site, "model_cache") == ("healthy", unknown)
    known = models.Files().uses(site.host.settings, site.host.world)[0].models[0].sha256
    keep_measured(tmp_path, "small", known)
    same = "1 model is there, 1 of them with the sha256 that the newest run measured."
    assert state(site, "model_cache") == ("healthy", same)
    keep_measured(tmp_path, "small", "0" * 64, age=-timedelta(hours=1))
    keep_measured(tmp_path, "small", known, age=timedelta(hours=1), machine=Machine(key="another"))
    other = "small: another file (by its sha256) than the newest run measured."
    assert state(site, "model_cache") == ("degraded", other)


def test_a_file_is_read_again_only_when_its_time_or_its_size_changed(tmp_path: Path) -> None:
    model, data = tmp_path / "small.tflite", reference.build(32, 0.1)
    model.write_bytes(data)
    site, written = serving.of(tmp_path, MODEL), model.stat().st_mtime_ns
    assert state(site, "model_cache")[0] == "healthy"
    model.write_bytes(bytes(len(data)))
    os.utime(model, ns=(written, written))
    assert state(site, "model_cache")[0] == "healthy"
    model.write_bytes(bytes(len(data) + 1))
    os.utime(model, ns=(written, written))
    assert state(site, "model_cache")[0] == "unhealthy"
    model.write_bytes(bytes(len(data)))
    os.utime(model, ns=(written, written))
    assert state(site, "model_cache")[0] == "unhealthy"
    model.write_bytes(data)
    os.utime(model, ns=(written, written + 1))
    assert state(site, "model_cache")[0] == "healthy"


def test_what_a_step_cannot_run_without_is_unhealthy(tmp_path: Path) -> None:
    (tmp_path / "small_edgetpu.tflite").write_bytes(compiled.build(blob=Tables()))
    site = serving.of(tmp_path, 'collect: [{use: inference, with: {models: ["*.tflite"], python: no/such/python}}]')
    said = "There is no interpreter no/such/python, which `python:` names. "
    said += "There is no libedgetpu.so.1, which compiled models need."
    assert state(site, "dependencies") == ("unhealthy", said)


def test_a_store_without_any_report_is_not_well(tmp_path: Path) -> None:
    assert told(serving.of(tmp_path))["store"]["status"] == "degraded"
    serving.keep(tmp_path, kpi_reports.kpis_hostile())
    assert told(serving.of(tmp_path))["store"]["status"] == "healthy"


def test_options_that_are_none_are_said_where_they_matter_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    site = serving.of(tmp_path, "collect: [{use: no_such_plugin}]")
    assert {name: check["status"] for name, check in told(site).items()} == {
        "tpu_availability": "unhealthy",
        "model_cache": "unhealthy",
        "dependencies": "unhealthy",
        "disk_space": told(site)["disk_space"]["status"],
        "freshness": "degraded",
        "store": "degraded",
    }


def test_the_newest_benchmark_may_be_so_old(tmp_path: Path) -> None:
    (tmp_path / "small.tflite").write_bytes(reference.build(32, 0.1))
    site = serving.of(tmp_path, MODEL)
    assert state(site, "freshness") == ("degraded", "There is no benchmark of the main line yet.")
    serving.keep(tmp_path, kpi_reports.kpis_all_well())
    assert state(site, "freshness")[0] == "degraded"
    serving.keep(tmp_path, reports.all_clear(), age=timedelta(days=3))
    assert state(site, "freshness") == ("degraded", "The newest benchmark is 3 days 5 h old; 2 days are allowed.")
    serving.keep(tmp_path, reports.all_clear())
    assert state(site, "freshness") == ("healthy", "The newest benchmark is 5 h old; 2 days are allowed.")
    patient = serving.of(tmp_path, MODEL + "\nobservability: {health: {benchmark_age: 1 hour}}")
    assert state(patient, "freshness")[0] == "degraded"


def test_a_benchmark_of_a_clock_that_is_ahead_is_new_and_none_is_needed_where_none_is_configured(
    tmp_path: Path,
) -> None:
    assert state(serving.of(tmp_path, "kpis: []"), "freshness") == ("healthy", "No benchmark is configured.")
    serving.keep(tmp_path, reports.all_clear(), age=-timedelta(hours=5, minutes=5))
    assert told(serving.of(tmp_path, MODEL))["freshness"]["observed"] == 0


def test_what_only_costs_figures_is_degraded_and_of_many_faults_the_first_are_told() -> None:
    assert checks.dependencies([], ["pypi_simple is missing."]) == Check("degraded", "pypi_simple is missing.")
    use = models.Use(tuple(models.Model(f"m{n}", fault=f"m{n} is none.") for n in range(5)), None, ())
    assert checks.model_cache([use], {}).seen == "m0 is none. m1 is none. m2 is none. And 2 more."


def test_an_age_that_is_none_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"observability\.health\.benchmark_age"):
        serving.of(tmp_path, "observability: {health: {benchmark_age: soon}}")


def test_reports_that_cannot_be_read_are_counted_and_the_rest_is_served(tmp_path: Path) -> None:
    kept = serving.keep(tmp_path, reports.all_clear())
    folder = tmp_path / ".edgetpu-ci/documents/reports"
    (folder / "20260304T060000Z-0badc0de.json").write_bytes(b"\x00 no report")
    (tmp_path / ".edgetpu-ci/state").mkdir()
    (tmp_path / ".edgetpu-ci/state/incidents").write_bytes(b"no book")
    site = serving.of(tmp_path)
    assert state(site, "store") == ("degraded", "2 documents cannot be read and passed over.")
    assert site.health().status == 200
    scraped = scrape(site).body.decode()
    assert "edgetpu_ci_store_passed_over" in scraped
    assert kept.run.id in scraped
    shown = site.page().body.decode()
    assert kept.run.machine.host in shown
    assert "Incidents: unknown." in shown
    assert "What is known of them cannot be read." in shown


def test_a_store_that_cannot_be_read_is_said_and_host_and_page_are_served(tmp_path: Path) -> None:
    site = serving.of(tmp_path, "store: {use: branch, with: {remote: gone, keep: kept}}")
    status, said = state(site, "store")
    assert (status, str(said).partition(":")[0]) == ("unhealthy", "The store cannot be read")
    assert str(said).endswith(
        "see that it can be reached and read, or name another with `store:` in the configuration."
    )
    assert site.health().status == 503
    assert 'edgetpu_ci_store_readable{repo="octo/models"} 0' in scrape(site).body.decode()
    shown = site.page().body.decode()
    assert "✗ unhealthy" in shown
    assert "The store cannot be read.</p>" in shown
    assert "There is no run yet" not in shown
    ready = site.ready()
    found = json.loads(ready.body)
    assert (ready.status, found["status"], found["checks"]["store:readable"][0]["status"]) == (200, "warn", "warn")


@pytest.mark.parametrize("cwd", ["/", "/srv/ci"])
def test_a_sentence_names_no_folder_of_the_machine_and_nothing_that_opens_an_address(cwd: str, tmp_path: Path) -> None:
    outside = replace(serving.outside(tmp_path, env={"HOME": "/home/me"}), cwd=Path(cwd))
    fault = f"{cwd.rstrip('/')}/a/b, /home/me/.cache/x and ssh://me:hunter2@there/x cannot be read."
    found = Host(Config(), outside).kept(Known(version="1", fault=fault))
    told = "/a/b" if cwd == "/" else "a/b"
    assert found["store"] == Check("unhealthy", f"{told}, ~/.cache/x and ssh://***@there/x cannot be read.")


def test_ready_is_what_orchestrators_read(tmp_path: Path) -> None:
    (tmp_path / "small.tflite").write_bytes(reference.build(32, 0.1))
    serving.keep(tmp_path, reports.all_clear())
    answer = serving.of(tmp_path, MODEL).ready()
    found = json.loads(answer.body)
    assert (answer.status, answer.kind, found["status"]) == (200, "application/health+json", "pass")
    assert found["checks"]["history:freshness"] == [
        {
            "componentType": "datastore",
            "observedValue": 18000,
            "observedUnit": "s",
            "status": "pass",
            "time": "2026-03-04T10:06:07+00:00",
        }
    ]


def test_metrics_come_as_the_client_likes_them(tmp_path: Path) -> None:
    serving.keep(tmp_path, reports.regressed())
    serving.keep(tmp_path, kpi_reports.kpis_hostile())
    site = serving.of(tmp_path)
    plain = scrape(site)
    assert plain.kind == "text/plain; version=0.0.4; charset=utf-8"
    names = {family.name for family in text_string_to_metric_families(plain.body.decode())}
    assert {"edgetpu_ci_latency_p99_seconds", "edgetpu_ci_store_readable"} <= names
    other = scrape(site, accept="application/openmetrics-text;version=1.0.0", accept_encoding="gzip")
    assert other.kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert (other.headers["Content-Encoding"], other.headers["Vary"]) == ("gzip", "Accept, Accept-Encoding")
    unpacked = gzip.decompress(other.body).decode()
    assert names == {family.name for family in _openmetrics(unpacked)}


def _openmetrics(text: str) -> Iterator[Metric]:
    yield from openmetrics.text_string_to_metric_families(text)  # type: ignore[no-untyped-call]


def test_the_page_tells_what_is_wrong_and_where_to_read_on(tmp_path: Path) -> None:
    serving.keep(tmp_path, reports.regressed())
    serving.keep_incidents(tmp_path, [incidents.incident(opened_at=AT)])
    answer = serving.of(tmp_path).page()
    shown = answer.body.decode()
    assert answer.kind == "text/html; charset=utf-8"
    for part in ("Incidents: 1 open. Demands that failed: 2 in 1 newest run.", "build_failure_streak f329e9e0-1"):
        assert part in shown
    assert "mobilenet_v2/throughput_sustained_fps</td><td>11 % slower than the baseline" in shown
    assert '<a href="https://github.com/octo/models/actions/runs/1234" rel="noreferrer">a1b2c3d · main</a>' in shown
    assert '<a href="/metrics">/metrics</a>' in shown
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]


def test_what_others_wrote_stays_text_on_the_page(tmp_path: Path) -> None:
    serving.keep(tmp_path, reports.hostile("<script>alert(1)</script>\"><b x='"))
    serving.keep(tmp_path, kpi_reports.kpis_hostile())
    shown = serving.of(tmp_path).page().body.decode()
    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;" in shown
    assert "javascript:" not in shown


def test_a_page_links_nothing_but_addresses_and_says_how_much_more_there_is(tmp_path: Path) -> None:
    verdicts = [
        Verdict(subject=f"m{n}", metric="time_ms", status="failed", weight="fail", because="slow") for n in range(53)
    ]
    report = reports.report([])
    odd = structs.replace(report.run, url="javascript:alert(1)")
    serving.keep(tmp_path, structs.replace(report, run=odd, verdicts=tuple(verdicts)))
    shown = serving.of(tmp_path).page().body.decode()
    assert (shown.count("<td>slow</td>"), "and 3 more" in shown) == (50, True)
    assert "javascript:" not in shown


def test_a_page_of_nothing_says_so(tmp_path: Path) -> None:
    shown = serving.of(tmp_path, MODEL).page().body.decode()
    for part in ("There is no run yet.", "There are none.", "There is no benchmark of the main line yet."):
        assert part in shown


def test_nothing_looked_at_is_nothing_known_to_be_well() -> None:
    assert health.worst({}) == "unhealthy"


@pytest.mark.parametrize(
    ("states", "worst", "status"),
    [
        (["healthy", "healthy"], "healthy", 200),
        (["healthy", "degraded"], "degraded", 200),
        (["degraded", "unhealthy", "healthy"], "unhealthy", 503),
    ],
)
def test_all_is_as_well_as_what_is_worst(states: Sequence[health.State], worst: str, status: int) -> None:
    found = {str(number): Check(one, "") for number, one in enumerate(states)}
    assert (health.worst(found), health.http_status(found)) == (worst, status)


@pytest.mark.parametrize(
    ("free", "expected"),
    [(None, "degraded"), (0, "unhealthy"), (checks.FULL, "degraded"), (checks.NEARLY_FULL, "healthy")],
)
def test_room_is_judged_by_what_a_run_needs(free: int | None, expected: str) -> None:
    assert checks.disk_space(free).status == expected
