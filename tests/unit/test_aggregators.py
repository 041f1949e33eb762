"""What aggregators of logs are sent, as their own documentation says it looks."""

import base64
import json
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber

from edgetpu_ci import __version__
from edgetpu_ci.config.step import Step
from edgetpu_ci.errors import ConfigError, DeliveryError, UnsetError
from edgetpu_ci.logs.rendering import Renderer
from edgetpu_ci.observed import Event, Observed
from edgetpu_ci.telemetry import aggregator, loki, otlp_logs
from edgetpu_ci.telemetry.entry import Entry
from tests.fakes.loopback import Reply, dripping
from tests.fakes.receiver import receiver
from tests.fakes.world import AT, world

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def entries() -> list[Entry]:
    renderer = Renderer((), observed=Observed(identify=lambda _: (TRACE, SPAN)))
    events = [
        Event(AT, "info", "run_started", {"machine": "pi5", "collectors": 2, "pull_request": None}),
        Event(AT.replace(microsecond=17), "critical", "bug", {}, KeyError("x")),
    ]
    return [renderer.render(event, "run-1") for event in events]


def test_loki_gets_a_stream_for_each_level_with_few_labels(tmp_path: Path) -> None:
    with receiver([Reply(status=204)]) as there:
        env = {"LOKI": f"{there.url.replace('//', '//12345:glc%5Fkey@')}/", "GITHUB_REPOSITORY": "o/r"}
        step = Step(use="loki", with_={"url_variable": "LOKI", "tenant": "team"})
        aggregator.sender(step, world(tmp_path, env=env))(entries())
    request = there.got[0]
    assert (request.verb, request.target) == ("POST", "/loki/api/v1/push")
    assert request.headers["authorization"] == f"Basic {base64.b64encode(b'12345:glc_key').decode()}"
    assert (request.headers["content-type"], request.headers["x-scope-orgid"]) == ("application/json", "team")
    streams = json.loads(request.body)["streams"]
    assert [one["stream"] for one in streams] == [
        {"service_name": "edgetpu-ci", "repo": "o/r", "level": "info"},
        {"service_name": "edgetpu-ci", "repo": "o/r", "level": "critical"},
    ]
    at, line = streams[1]["values"][0]
    assert at == "1772600767000017000"
    assert json.loads(line)["trace_id"] == TRACE


@pytest.mark.parametrize("tenant", ["ours\nX: y", "Größe"])
def test_a_tenant_that_no_header_could_name_is_said(tenant: str, tmp_path: Path) -> None:
    here = world(tmp_path, env={"EDGETPU_CI_LOKI_URL": "http://loki:3100"})
    with pytest.raises(ConfigError, match="tenant has characters"):
        loki.check(loki.Options(tenant=tenant), here)


def test_what_loki_says_of_a_refusal_is_repeated_without_the_secret(tmp_path: Path) -> None:
    with receiver([Reply(status=401, body=b"no hunter22-hunter22 here")]) as there:
        env = {"EDGETPU_CI_LOKI_URL": there.url.replace("//", "//user:hunter22-hunter22@")}
        with pytest.raises(DeliveryError, match=r"Loki answered 401: no \*\*\* here\."):
            aggregator.sender(Step(use="loki"), world(tmp_path, env=env))(entries())


def test_otlp_gets_log_records_that_the_official_messages_read(tmp_path: Path) -> None:
    with receiver() as there:
        here = world(tmp_path, env={"OTEL_EXPORTER_OTLP_ENDPOINT": there.url})
        aggregator.sender(Step(use="otlp"), here)(entries())
    assert there.got[0].target == "/v1/logs"
    resource = ExportLogsServiceRequest.FromString(there.body()).resource_logs[0]
    assert {one.key: one.value.string_value for one in resource.resource.attributes}["service.version"] == __version__
    first, second = resource.scope_logs[0].log_records
    assert (first.severity_text, first.severity_number, first.event_name) == ("INFO", 9, "run_started")
    assert (second.severity_text, second.severity_number) == ("CRITICAL", 21)
    assert second.time_unix_nano == 1772600767000017000
    assert (first.trace_id.hex(), first.span_id.hex()) == (TRACE, SPAN)
    found = {one.key: one.value for one in first.attributes}
    assert set(found) == {"machine", "collectors", "user_id", "session_id"}
    assert found["collectors"].int_value == 2
    assert json.loads(first.body.string_value)["event"] == "run_started"
    assert "KeyError" in {one.key: one.value for one in second.attributes}["exception"].string_value


def test_each_level_is_one_of_the_data_models() -> None:
    named = {level: SeverityNumber.Name(SeverityNumber.ValueType(one)) for level, one in otlp_logs.SEVERITY.items()}
    meant = {"DEBUG": "DEBUG", "INFO": "INFO", "WARNING": "WARN", "ERROR": "ERROR", "CRITICAL": "FATAL"}
    assert named == {level: f"SEVERITY_NUMBER_{name}" for level, name in meant.items()}


def test_records_that_are_rejected_are_counted(tmp_path: Path) -> None:
    with receiver([Reply(status=400)]) as there:
        here = world(tmp_path, env={"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"{there.url}/v1/logs"})
        with pytest.raises(DeliveryError, match="2 of 2 log records were lost"):
            aggregator.sender(Step(use="otlp"), here)(entries())


def test_one_record_that_is_rejected_is_a_loss(tmp_path: Path) -> None:
    part = ExportLogsPartialSuccess(rejected_log_records=1, error_message="too large")
    body = ExportLogsServiceResponse(partial_success=part).SerializeToString()
    with receiver([Reply(status=200, body=body, headers={"content-type": "application/x-protobuf"})]) as there:
        here = world(tmp_path, env={"OTEL_EXPORTER_OTLP_ENDPOINT": there.url})
        with pytest.raises(DeliveryError, match=r"1 of 2 log records were rejected: .* says: too large"):
            aggregator.sender(Step(use="otlp"), here)(entries())


def test_an_answer_that_drips_is_not_waited_for(tmp_path: Path) -> None:
    with dripping() as url:
        here = world(tmp_path, env={"EDGETPU_CI_LOKI_URL": url})
        with pytest.raises(DeliveryError, match="did not answer"):
            aggregator.sender(Step(use="loki"), here, seconds=0.2)(entries())


def test_an_aggregator_without_an_address_says_which_variable_has_none(tmp_path: Path) -> None:
    with pytest.raises(UnsetError, match="EDGETPU_CI_LOKI_URL is not set"):
        aggregator.sender(Step(use="loki"), world(tmp_path))(entries())


def test_an_aggregator_that_is_none_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'observability\.logs\.aggregator: there is no aggregator plugin "lokki"'):
        aggregator.sender(Step(use="lokki"), world(tmp_path))
