"""Sending by OTLP: what arrived, what was rejected and what was lost, and that no secret is said."""

import json
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Gauge,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from edgetpu_ci.errors import ConfigError, UnsetError
from edgetpu_ci.telemetry import otlp
from edgetpu_ci.telemetry.otlp import destination
from tests.fakes.clock import Clock
from tests.fakes.loopback import Reply, dripping
from tests.fakes.receiver import TAKEN, receiver
from tests.fakes.world import world

SPAN = Span(trace_id=bytes(range(16)), span_id=bytes(range(8)), name="measurement", kind=Span.SPAN_KIND_INTERNAL)
SPANS = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[SPAN, SPAN])])])
PROTOBUF = {"content-type": "application/x-protobuf"}
SECRET = "Bearer s3cret-token-of-ours"  # noqa: S105 - no secret of anybody


def sent(tmp_path: Path, replies: Sequence[Reply], clock: Clock, **env: str) -> tuple[otlp.Outcome, int]:
    with receiver(replies) as known:
        here = world(
            tmp_path,
            env={"OTEL_EXPORTER_OTLP_ENDPOINT": known.url, **env},
            monotonic=clock.monotonic,
            sleep=clock.sleep,
        )
        outcome = otlp.send("traces", SPANS, here)
    assert "127.0.0.1" not in outcome.sentence or outcome.why.startswith("127.0.0.1:")
    return outcome, len(known.got)


def refusal(status: int, body: Message | bytes = b"", **headers: str) -> Reply:
    data = body if isinstance(body, bytes) else body.SerializeToString()
    return Reply(
        status=status, body=data, headers=PROTOBUF | {name.replace("_", "-"): headers[name] for name in headers}
    )


def test_all_that_arrives_is_counted_and_nothing_is_said(tmp_path: Path) -> None:
    outcome, tries = sent(tmp_path, [TAKEN], Clock())
    assert (outcome.arrived, outcome.rejected, outcome.lost, outcome.sentence, tries) == (2, 0, 0, "", 1)


def test_the_request_is_packed_protobuf_with_the_headers_of_the_variables(tmp_path: Path) -> None:
    with receiver() as known:
        env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"{known.url}/tenant/",
            "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Basic%20dXNlcjpwYXNz,X-Scope-OrgID= ci ",
        }
        otlp.send("traces", SPANS.SerializeToString(), world(tmp_path, env=env))
        got = known.got[0]
        assert (got.verb, got.target) == ("POST", "/tenant/v1/traces")
        assert got.headers["content-type"] == "application/x-protobuf"
        assert got.headers["content-encoding"] == "gzip"
        assert got.headers["authorization"] == "Basic dXNlcjpwYXNz"
        assert got.headers["x-scope-orgid"] == "ci"
        assert known.traces == SPANS


def test_json_has_hexadecimal_ids_and_numbers_for_kinds(tmp_path: Path) -> None:
    with receiver([Reply(status=200, body=b"{}", headers={"content-type": "application/json"})]) as known:
        env = {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{known.url}/mine",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        }
        outcome = otlp.send("traces", SPANS, world(tmp_path, env=env))
        assert outcome.arrived == 2
        assert known.got[0].target == "/mine"
        assert known.got[0].headers["content-type"] == "application/json"
        span = json.loads(known.body())["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
        assert span == {
            "traceId": "000102030405060708090a0b0c0d0e0f",
            "spanId": "0001020304050607",
            "name": "measurement",
            "kind": 1,
        }


def test_points_and_records_are_counted_as_spans_are(tmp_path: Path) -> None:
    point = NumberDataPoint(as_double=1.0)
    metrics = [
        Metric(name="a", gauge=Gauge(data_points=[point, point])),
        Metric(name="b", sum=Sum(data_points=[point])),
    ]
    points = ExportMetricsServiceRequest(
        resource_metrics=[ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=[*metrics, Metric(name="none")])])]
    )
    records = ExportLogsServiceRequest(
        resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=[LogRecord()] * 4)])]
    )
    rejection = ExportMetricsServiceResponse(
        partial_success=ExportMetricsPartialSuccess(rejected_data_points=1, error_message="too old")
    )
    with receiver([refusal(200, rejection), TAKEN]) as known:
        here = world(tmp_path, env={"OTEL_EXPORTER_OTLP_ENDPOINT": known.url})
        first, second = otlp.send("metrics", points, here), otlp.send("logs", records, here)
        assert [request.target for request in known.got] == ["/v1/metrics", "/v1/logs"]
    assert (first.arrived, first.rejected) == (2, 1)
    assert first.sentence.startswith("1 of 3 data points were rejected: 127.0.0.1:")
    assert first.sentence.endswith(" says: too old.")
    assert second.arrived == 4


@pytest.mark.parametrize("status", [400, 401, 404, 413, 500, 501])
def test_what_is_refused_is_lost_at_once_in_the_receivers_words(tmp_path: Path, status: int) -> None:
    # google.rpc.Status{code: 3, message: "no such tenant"}, byte by byte.
    outcome, tries = sent(tmp_path, [refusal(status, b"\x08\x03\x12\x0eno such tenant")], Clock())
    assert (outcome.lost, tries) == (2, 1)
    assert outcome.sentence.startswith("2 of 2 spans were lost: 127.0.0.1:")
    assert outcome.sentence.endswith(f" answered {status}: no such tenant.")


def test_a_refusal_in_text_or_json_is_quoted_and_a_page_is_not(tmp_path: Path) -> None:
    said = {
        ("text/plain; charset=utf-8", b"queue is full\n"): ": queue is full.",
        ("application/json", b'{"code": 8, "message": "queue is full"}'): ": queue is full.",
        ("application/json", b"[oops"): " answered 400.",
        ("application/x-protobuf", b"\xff\xff"): " answered 400.",
        ("text/html", b"<html><body>queue is full"): " answered 400.",
    }
    for (content, body), end in said.items():
        outcome, _ = sent(tmp_path, [Reply(status=400, body=body, headers={"content-type": content})], Clock())
        assert outcome.sentence.endswith(end), outcome


def test_what_may_pass_is_sent_again_when_the_receiver_says(tmp_path: Path) -> None:
    clock = Clock()
    outcome, tries = sent(tmp_path, [refusal(503, retry_after="1"), TAKEN], clock)
    assert (outcome.arrived, tries, clock.slept) == (2, 2, [1.0])


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_without_a_word_of_when_it_is_tried_ever_more_slowly_until_time_is_up(tmp_path: Path, status: int) -> None:
    clock = Clock()
    outcome, tries = sent(tmp_path, [refusal(status)], clock)
    assert (outcome.lost, tries) == (2, 4)
    assert clock.slept == sorted(clock.slept)
    assert sum(clock.slept) < otlp.SECONDS


def test_a_receiver_that_asks_for_more_time_than_there_is_is_not_waited_for(tmp_path: Path) -> None:
    clock = Clock()
    outcome, tries = sent(tmp_path, [refusal(429, retry_after="60")], clock)
    assert (outcome.lost, tries, clock.slept) == (2, 1, [])


def test_the_time_that_a_variable_gives_is_the_most(tmp_path: Path) -> None:
    clock = Clock()
    _, tries = sent(tmp_path, [refusal(503, retry_after="1")], clock, OTEL_EXPORTER_OTLP_TIMEOUT="500")
    assert (tries, clock.slept) == (1, [])
    _, tries = sent(tmp_path, [refusal(503, retry_after="3")], clock, OTEL_EXPORTER_OTLP_TIMEOUT="60000")
    assert (tries, clock.slept) == (1, []), "never more than two seconds"


def test_what_is_rejected_of_a_request_is_told_from_what_arrived(tmp_path: Path) -> None:
    part = ExportTracePartialSuccess(rejected_spans=1, error_message="span too large")
    outcome, tries = sent(tmp_path, [refusal(200, ExportTraceServiceResponse(partial_success=part))], Clock())
    assert (outcome.arrived, outcome.rejected, outcome.lost, tries) == (1, 1, 0, 1)
    assert outcome.sentence.endswith(" says: span too large.")


def test_more_rejections_than_spans_are_all_of_them(tmp_path: Path) -> None:
    part = ExportTracePartialSuccess(rejected_spans=99)
    outcome, _ = sent(tmp_path, [refusal(200, ExportTraceServiceResponse(partial_success=part))], Clock())
    assert (outcome.arrived, outcome.rejected) == (0, 2)
    assert outcome.sentence.endswith(" does not say why.")


def test_a_warning_with_nothing_rejected_is_passed_on(tmp_path: Path) -> None:
    part = ExportTracePartialSuccess(error_message="this endpoint ends in May")
    outcome, _ = sent(tmp_path, [refusal(200, ExportTraceServiceResponse(partial_success=part))], Clock())
    assert outcome.arrived == 2
    assert outcome.sentence.startswith("All 2 spans arrived; 127.0.0.1:")


@pytest.mark.parametrize("content", ["text/html", "application/x-protobuf"])
def test_a_proxy_that_says_yes_to_everything_has_taken_nothing(tmp_path: Path, content: str) -> None:
    page = Reply(status=200, body=b"<html>Welcome to our network", headers={"content-type": content})
    outcome, _ = sent(tmp_path, [page], Clock())
    assert outcome.lost == 2
    assert outcome.sentence.endswith(" answered 200 with what is no OTLP.")


def test_a_receiver_that_answers_204_has_taken_it(tmp_path: Path) -> None:
    assert sent(tmp_path, [Reply(status=204)], Clock())[0].arrived == 2


def test_no_redirect_is_followed_for_it_would_take_the_headers_along(tmp_path: Path) -> None:
    outcome, tries = sent(tmp_path, [Reply(status=307, headers={"location": "http://127.0.0.1:9/"})], Clock())
    assert (outcome.lost, tries) == (2, 1)


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    here = world(tmp_path, env={"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"})
    outcome = otlp.send("traces", SPANS, here)
    assert outcome.sentence == f"2 of 2 spans were lost: 127.0.0.1:{port} did not answer (ConnectionError)."


def test_one_that_takes_the_call_and_never_answers_is_left_alone(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        here = world(tmp_path, env={"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"})
        outcome = otlp.send("traces", SPANS, here, deadline=0.05)
    assert outcome.lost == 2
    assert f"127.0.0.1:{port} did not answer (" in outcome.sentence


def test_one_that_drips_is_left_alone_too(tmp_path: Path) -> None:
    with dripping() as url:
        outcome = otlp.send("traces", SPANS, world(tmp_path, env={"OTEL_EXPORTER_OTLP_ENDPOINT": url}), deadline=0.05)
    assert outcome.lost == 2


def test_who_hangs_where_no_timeout_reaches_keeps_nobody(tmp_path: Path) -> None:
    released = threading.Event()

    def hangs() -> float:
        # As a name server that does not answer: in the thread that sends, and nowhere else.
        if threading.current_thread() is not threading.main_thread():
            released.wait(10)
        return 0.0

    here = world(tmp_path, env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, monotonic=hangs)
    outcome = otlp.send("traces", SPANS, here, deadline=0.02)
    assert not released.is_set()
    released.set()
    assert outcome.sentence == "2 of 2 spans were lost: 127.0.0.1:1 did not answer (in 0.02 s)."


def test_no_secret_is_repeated_whatever_the_receiver_says(tmp_path: Path) -> None:
    words = f"unknown token {SECRET}, given as Bearer%20s3cret-token-of-ours at /0123456789abcdef".encode()
    with receiver([Reply(status=401, body=words, headers={"content-type": "text/plain"})]) as known:
        env = {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{known.url}/0123456789abcdef?key=hidden-key",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "Authorization=Bearer%20s3cret-token-of-ours",
        }
        said = otlp.send("traces", SPANS, world(tmp_path, env=env)).sentence
    assert said.endswith(" answered 401: unknown token ***, given as *** at /***.")


def test_a_receiver_cannot_write_commands_or_lines(tmp_path: Path) -> None:
    words = b"no\n::error::stop" + b"x" * 1000
    outcome, _ = sent(tmp_path, [Reply(status=400, body=words, headers={"content-type": "text/plain"})], Clock())
    assert "\n" not in outcome.sentence
    assert len(outcome.sentence) < 400


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "on port 4317 take http/protobuf on 4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "thrift", "is neither http/protobuf nor http/json."),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "is neither gzip nor none."),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2s", "is no number of milliseconds."),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Bearer s3cret", "has what is no header"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "s3cret", "has what is no header"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=s3cret%0Ab", "has what is no header"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "localhost:4318", "is no address of the web"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:s3cret@localhost:4318", "has a password in it"),
    ],
)
def test_a_variable_that_cannot_be_meant_is_named_without_what_it_holds(variable: str, value: str, says: str) -> None:
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", variable: value}
    with pytest.raises(ConfigError) as refused:
        destination.find("traces", env)
    assert str(refused.value).startswith(variable)
    assert says in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_what_holds_for_one_signal_stands_above_what_holds_for_all() -> None:
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://all:4318",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://loki:3100/otlp/v1/logs",
        "OTEL_EXPORTER_OTLP_HEADERS": "a=1",
        "OTEL_EXPORTER_OTLP_LOGS_HEADERS": "b=2",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "0",
        "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "1500",
    }
    logs, traces = destination.find("logs", env), destination.find("traces", env)
    assert (logs.url, logs.headers, logs.seconds) == ("http://loki:3100/otlp/v1/logs", {"b": "2"}, 1.5)
    assert (traces.url, traces.headers, traces.seconds) == ("http://all:4318/v1/traces", {"a": "1"}, None)


def test_what_stands_behind_a_path_stays_there() -> None:
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otlp.example.com/tenant/?key=1"}
    assert destination.find("logs", env).url == "https://otlp.example.com/tenant/v1/logs?key=1"


def test_without_an_address_nothing_is_wanted() -> None:
    assert not otlp.is_wanted("traces", {"OTEL_EXPORTER_OTLP_ENDPOINT": " "})
    assert otlp.is_wanted("traces", {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://tempo:4318/v1/traces"})
    with pytest.raises(UnsetError, match=r"OTEL_EXPORTER_OTLP_ENDPOINT is not set"):
        destination.find("traces", {})


def test_it_can_be_switched_off() -> None:
    assert not otlp.is_wanted("traces", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1", "OTEL_SDK_DISABLED": "True"})


def described(tmp_path: Path, env: dict[str, str]) -> dict[str, str]:
    known = otlp.resource(world(tmp_path, env=env))
    return {one.key: one.value.string_value for one in known.attributes}


def test_the_resource_of_a_run_on_github(tmp_path: Path) -> None:
    payload = tmp_path / "event.json"
    payload.write_text(
        json.dumps(
            {
                "repository": {"full_name": "octo/models", "default_branch": "main"},
                "pull_request": {
                    "number": 7,
                    "head": {"sha": "b" * 40, "ref": "faster", "repo": {"id": 2, "owner": {"login": "somebody"}}},
                    "base": {"sha": "a" * 40, "ref": "main", "repo": {"id": 1}},
                },
            }
        )
    )
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_PATH": str(payload),
        "GITHUB_REPOSITORY": "octo/models",
        "GITHUB_RUN_ID": "1234",
        "GITHUB_RUN_ATTEMPT": "2",
        "GITHUB_WORKFLOW": "Benchmarks",
        "GITHUB_ACTOR": "somebody",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=ci%20east,broken,vcs.ref.head.name=",
    }
    known = described(tmp_path, env)
    assert known.pop("service.version")
    assert known == {
        "service.name": "edgetpu-ci",
        "cicd.pipeline.name": "Benchmarks",
        "cicd.pipeline.run.id": "1234",
        "cicd.pipeline.run.url.full": "https://github.com/octo/models/actions/runs/1234/attempts/2",
        "vcs.provider.name": "github",
        "vcs.owner.name": "octo",
        "vcs.repository.name": "models",
        "vcs.repository.url.full": "https://github.com/octo/models",
        "vcs.ref.head.type": "branch",
        "vcs.ref.head.revision": "b" * 40,
        "vcs.ref.base.name": "main",
        "vcs.ref.base.revision": "a" * 40,
        "vcs.change.id": "7",
        "deployment.environment.name": "ci east",
    }


def test_the_resource_says_what_is_known_where_the_payload_cannot_be_read(tmp_path: Path) -> None:
    known = described(tmp_path, {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(tmp_path / "gone")})
    assert set(known) == {"service.name", "service.version"}


def test_a_service_is_called_as_its_own_variable_says(tmp_path: Path) -> None:
    said = "service.name=from-attributes"
    assert described(tmp_path, {"OTEL_RESOURCE_ATTRIBUTES": said})["service.name"] == "from-attributes"
    both = {"OTEL_RESOURCE_ATTRIBUTES": said, "OTEL_SERVICE_NAME": "nightly"}
    assert described(tmp_path, both)["service.name"] == "nightly"
