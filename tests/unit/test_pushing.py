"""What is pushed and backfilled of a store: only the main line, in order, each moment once, and nothing half known."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from msgspec.structs import replace
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser

from edgetpu_ci import cli, codec
from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.exposition import text
from edgetpu_ci.exposition.past import Past
from edgetpu_ci.exposition.record import Family, Line, Reading, Sample
from edgetpu_ci.incidents.record import STORED
from edgetpu_ci.model import Measurement, Report
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.telemetry import push, victoria
from edgetpu_ci.telemetry.backfill import victoria_metrics
from edgetpu_ci.telemetry.push import place
from edgetpu_ci.telemetry.push.way import Target
from tests.fakes import kpi_reports, reports
from tests.fakes.clock import Clock
from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.receiver import receiver
from tests.fakes.world import world

read_openmetrics: Callable[[str], Iterable[Metric]] = parser.text_string_to_metric_families
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
ONE, OTHER = (("repo", "o/r"), ("subject", "a")), (("repo", "o/r"), ("subject", "b"))


def _reading(
    hours: float, value: float, labels: tuple[tuple[str, str], ...] = ONE, metric: str = "latency_p99_ms"
) -> Reading:
    return Reading(metric, labels, value, AT + timedelta(hours=hours))


def _past(*readings: Reading) -> Past:
    past = Past()
    past.take(readings)
    return past


def test_a_history_is_in_order_each_moment_once_and_as_openmetrics_reads_it() -> None:
    past = _past(
        _reading(6, 3), _reading(0, 1), _reading(6, 4), _reading(1, 9, OTHER), _reading(2, float("nan")),
        _reading(0, 81.25, metric="test_coverage"),
    )  # fmt: skip
    written = "".join(text.history(past.families()))
    began = AT.timestamp()
    assert [line for line in written.splitlines() if not line.startswith("#")] == [
        f'edgetpu_ci_latency_p99_seconds{{repo="o/r",subject="a"}} 0.001 {began:.3f}',
        f'edgetpu_ci_latency_p99_seconds{{repo="o/r",subject="a"}} 0.004 {began + 6 * 3600:.3f}',
        f'edgetpu_ci_latency_p99_seconds{{repo="o/r",subject="b"}} 0.009 {began + 3600:.3f}',
        f'edgetpu_ci_test_coverage_ratio{{repo="o/r",subject="a"}} 0.8125 {began:.3f}',
    ]
    found = {family.name: family for family in read_openmetrics(written)}
    assert {name: family.unit for name, family in found.items()} == {
        "edgetpu_ci_latency_p99_seconds": "seconds",
        "edgetpu_ci_test_coverage_ratio": "ratio",
    }


def test_of_two_foreign_metrics_that_share_a_name_only_the_first_is_taken() -> None:
    past = _past(
        _reading(0, 1, metric="wall-time"), _reading(1, 2, metric="wall_time"), _reading(2, 3, metric="wall-time")
    )
    assert [(line.name, line.values) for line in past.lines()] == [("edgetpu_ci_wall_time", [1.0, 3.0])]


def test_no_foreign_metric_stands_in_the_place_of_one_of_ours_and_what_is_too_large_is_left_out() -> None:
    past = _past(
        _reading(0, 7, metric="latency-p99 seconds"), _reading(0, 1), _reading(0, 3, metric="build_info"),
        _reading(1, 1e308, metric="memory_peak_mb"),
    )  # fmt: skip
    assert [(line.name, line.values) for line in past.lines()] == [("edgetpu_ci_latency_p99_seconds", [0.001])]


def test_no_request_of_a_backfill_is_larger_than_it_may_be_and_nothing_is_lost() -> None:
    lines = [
        Line("x", (("n", str(n)),), list(range(size)), [0.0] * size) for n, size in enumerate((120_000, 3, *[1] * 700))
    ]
    batches = list(victoria_metrics.batches(lines))
    assert max(sum(len(line.times) for line in batch) for batch in batches) == 50_000
    assert max(map(len, batches)) == 500
    assert sum(len(line.times) for batch in batches for line in batch) == 120_703


class _Victoria:
    """One that keeps what it gets, but for what it drops; `odd` is what it makes of each value."""

    def __init__(self, dropped: Sequence[int] = (), odd: float = 1.0) -> None:
        self.dropped, self.odd = dropped, odd
        self.kept: dict[str, dict[int, float]] = {}
        self.asked: list[str] = []

    def answer(self, request: Request) -> Reply:
        import gzip

        if request.target == "/api/v1/import":
            for line in gzip.decompress(request.body).splitlines():
                one = json.loads(line)
                known = self.kept.setdefault(json.dumps(one["metric"]), {})
                pairs = zip(one["timestamps"], one["values"], strict=True)
                known.update((at, value * self.odd) for at, value in pairs if at not in self.dropped)
            return Reply(status=204)
        form = parse_qs(request.body.decode())
        self.asked += form["match[]"]
        start, end = (1000 * float(form[name][0]) for name in ("start", "end"))
        found = [
            (name, {at: value for at, value in known.items() if start <= at <= end})
            for name, known in self.kept.items()
        ]
        lines = [
            json.dumps({"metric": json.loads(name), "timestamps": list(known), "values": list(known.values())})
            for name, known in found
        ]
        return Reply(status=200, body="\n".join(lines).encode())


def _bring(past: Past, engine: _Victoria, folder: Path) -> int:
    clock = Clock()
    with serve(engine.answer) as port:
        there = place.find(victoria.KIND, {}, f"http://127.0.0.1:{port}")
        return victoria_metrics.bring(past, there, world(folder, monotonic=clock.monotonic, sleep=clock.sleep)).new


def test_a_backfill_sends_only_what_is_not_there(tmp_path: Path) -> None:
    engine = _Victoria()
    hostile = (("repo", "o/r"), ("subject", '"\\\n{}'))
    assert _bring(_past(_reading(0, 1), _reading(6, 2)), engine, tmp_path) == 2
    more = _past(_reading(0, 1), _reading(6, 2), _reading(12, 3), _reading(-1, 4, hostile))
    assert [_bring(more, engine, tmp_path) for _ in range(2)] == [2, 0]
    assert 'edgetpu_ci_latency_p99_seconds{repo="o/r",subject="\\"\\\\\\n{}",asked!="0123456789abcdef"}' in engine.asked


def test_a_sample_that_was_taken_and_is_not_there_is_named(tmp_path: Path) -> None:
    lost = round((AT + timedelta(hours=6)).timestamp() * 1000)
    with pytest.raises(DeliveryError, match=r'subject="a"} of 2026-11-25 18:00 UTC and does not have it'):
        _bring(_past(_reading(0, 1), _reading(6, 2)), _Victoria([lost]), tmp_path)


def test_a_sample_that_is_there_with_another_value_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"has 0.0011, not 0.001 of .* at 2026-11-25 12:00 UTC; delete that series"):
        _bring(_past(_reading(0, 1)), _Victoria(odd=1.1), tmp_path)


def _store(folder: Path, *found: Report) -> Folder:
    store = Folder(folder / ".edgetpu-ci")
    for number, report in enumerate(found):
        at = datetime.now(UTC) - timedelta(hours=6 * number + 1)
        run = replace(report.run, at=at, id=f"{at:%Y%m%dT%H%M%SZ}-{number:08x}")
        kind = "kpis" if run.machine.key == "repository" else "reports"
        store.append(kind, run.id, codec.encode_json(replace(report, run=run)))
    return store


def _on_main(report: Report) -> Report:
    return replace(report, run=replace(report.run, pull_request=None, branch="main"))


def test_all_that_the_store_knows_is_pushed_and_nothing_of_a_pull_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _store(tmp_path, _on_main(reports.all_clear()), kpi_reports.kpis_all_well(), reports.many(3))
    assert cli.run(["metrics", "push", "--to", "file", "--output", "ci.prom"]) == 0
    written = (tmp_path / "ci.prom").read_text(encoding="utf-8")
    assert 'edgetpu_ci_throughput_sustained_fps{repo="octo/models",branch="main",subject="mobilenet_v2"' in written
    assert "edgetpu_ci_test_coverage_ratio{" in written
    assert "edgetpu_ci_store_readable" in written
    assert "faster-head" not in written
    assert "ci.prom has all of them" in capsys.readouterr().out


def test_a_single_report_is_pushed_without_what_only_a_store_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("main.json").write_bytes(codec.encode_json(_on_main(reports.all_clear())))
    Path("pull.json").write_bytes(codec.encode_json(reports.all_clear()))
    assert cli.run(["metrics", "push", "--to", "file", "--output", "ci.prom", "main.json"]) == 0
    written = Path("ci.prom").read_text(encoding="utf-8")
    assert "edgetpu_ci_last_run_info{" in written
    assert not {"edgetpu_ci_store_readable", "edgetpu_ci_build_info", "edgetpu_ci_alert_bad_runs"} & {*written.split()}
    assert cli.run(["metrics", "push", "--to", "file", "--output", "ci.prom", "pull.json"]) == 2
    assert "pull.json is of a pull request or was put aside" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["push", "--to", "file", "--output", "x.prom"], "The store has no report of the main line"),
        (["backfill", "--to", "openmetrics-file", "--output", "x.om"], "The store has no report of the main line"),
        (["backfill", "--to", "openmetrics-file"], "needs the name of a file; give --output"),
        (["backfill", "--to", "victoria-metrics"], "The store has no report of the main line"),
    ],
)
def test_an_empty_store_is_told_and_writes_nothing(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["metrics", *arguments]) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.glob("x.*")) == []


def test_of_a_store_that_cannot_be_read_nothing_is_pushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _store(tmp_path, _on_main(reports.all_clear()))
    (tmp_path / f".edgetpu-ci/state/{STORED}").mkdir(parents=True)
    assert cli.run(["metrics", "push", "--to", "file", "--output", "x.prom"]) == 2
    assert "Nothing was pushed: the store cannot be read" in capsys.readouterr().err
    assert not Path("x.prom").exists()


def test_a_history_has_nothing_that_nobody_may_believe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fps = Measurement(subject="m", metric="throughput_fps", value=700.0)
    fault = Measurement(subject="m", metric="error_rate_percent", value=50.0, failed=True, reason="the stick is gone")
    broken = _on_main(reports.report([replace(fps, value=9.0), fault]))
    _store(tmp_path, _on_main(reports.report([fps])), broken)
    assert cli.run(["metrics", "backfill", "--to", "openmetrics-file", "--output", "x.om"]) == 0
    written = [line for line in Path("x.om").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert [line.split()[-2] for line in written] == ["700.0"]


def test_a_backfill_into_a_file_says_what_promtool_is_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    store = _store(tmp_path, _on_main(reports.all_clear()), kpi_reports.kpis_all_well(), reports.many(3))
    store.append("reports", "20200101T000000Z-broken", b"{")
    assert cli.run(["metrics", "backfill", "--to", "openmetrics-file", "--output", "all of it.om"]) == 0
    said = capsys.readouterr()
    command = "promtool tsdb create-blocks-from openmetrics --max-block-duration=8760h 'all of it.om' blocks"
    assert said.out.splitlines()[-1] == f"next        {command}"
    assert "Passed over" in said.err
    written = (tmp_path / "all of it.om").read_text(encoding="utf-8")
    assert written.endswith("\n# EOF\n")
    assert "faster-head" not in written


FAMILY = Family(name="edgetpu_ci_latency_p99_seconds", help="slow", unit="seconds", samples=[Sample(ONE, 0.0125)])


def test_otlp_has_gauges_of_our_own_names_and_no_unit_that_would_be_added_to_them(tmp_path: Path) -> None:
    with receiver() as there:
        here = world(tmp_path, now=lambda: AT)
        assert push.push("otlp", [FAMILY], Target(url=f"{there.url}/v1/metrics"), here)[0] == 1
        (sent,) = there.got
        request = ExportMetricsServiceRequest.FromString(there.body())
    assert sent.target == "/v1/metrics"
    (metric,) = request.resource_metrics[0].scope_metrics[0].metrics
    (point,) = metric.gauge.data_points
    assert (metric.name, metric.unit, point.as_double) == ("edgetpu_ci_latency_p99_seconds", "", 0.0125)
    assert [(one.key, one.value.string_value) for one in point.attributes] == [*ONE]
    assert point.time_unix_nano == round(AT.timestamp()) * 10**9


def test_what_a_receiver_of_otlp_took_and_nobody_finds_again_is_lost(tmp_path: Path) -> None:
    clock = Clock()
    nothing = Reply(status=200, body=b'{"data": {"result": []}}')
    with receiver() as there, serve(lambda _: nothing) as port:
        target = Target(url=f"{there.url}/v1/metrics", query_url=f"http://127.0.0.1:{port}")
        here = world(tmp_path, monotonic=clock.monotonic, sleep=clock.sleep)
        with pytest.raises(DeliveryError, match=r"Prometheus at 127\.0\.0\.1 took 1 series and lacks 1 of them"):
            push.push("otlp", [FAMILY], target, here)


def test_what_a_receiver_of_otlp_rejects_is_no_success(tmp_path: Path) -> None:
    partial = ExportMetricsPartialSuccess(rejected_data_points=1, error_message="too many series")
    body = ExportMetricsServiceResponse(partial_success=partial).SerializeToString()
    refusal = Reply(status=200, headers={"content-type": "application/x-protobuf"}, body=body)
    with (
        receiver([refusal]) as there,
        pytest.raises(DeliveryError, match=r"1 of 1 data points were rejected.*too many"),
    ):
        push.push("otlp", [FAMILY], Target(url=f"{there.url}/v1/metrics"), world(tmp_path))
