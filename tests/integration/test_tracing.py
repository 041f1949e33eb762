"""A run that is traced: what its receiver gets, what its processes are told, and what it costs when nobody is there."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from edgetpu_ci import app, reference
from edgetpu_ci.config import Config, Step
from edgetpu_ci.config.observability import Traces
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.observed import MOST_RECORDED
from edgetpu_ci.observed import Span as Recorded
from edgetpu_ci.telemetry import tracing
from edgetpu_ci.world import World, run_process
from tests.fakes.loopback import Reply
from tests.fakes.program import edgetpu_ci
from tests.fakes.receiver import Receiver, receiver
from tests.fakes.world import world

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
QUICK = {"rounds": 2, "seconds": 0.01, "count": 5, "warmup_seconds": 0, "warmup_count": 2}
RUN = {"GITHUB_RUN_ID": "14460881260", "GITHUB_RUN_ATTEMPT": "13", "GITHUB_REPOSITORY": "octo/models"}


def settings(*collect: Step) -> Config:
    return Config(collect=collect, store=Step(use="folder"))


def command(line: str) -> Step:
    return Step(use="command", with_={"name": "told", "command": line, "rounds": 1})


def attributes(span: Span) -> dict[str, str | int | float | bool]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value") or "") for one in span.attributes}


def traced(folder: Path, known: Receiver, config: Config, **env: str) -> tuple[int, list[str], World]:
    """A run in this process, its status and what was said of the trace."""
    said: list[str] = []
    here = world(folder, env={"OTEL_EXPORTER_OTLP_ENDPOINT": known.url, **env}, run=run_process)
    status = tracing.traced(
        "run", Traces(), here, lambda inside: app.run(config, folder / "out", inside).exit_status, said.append
    )
    return status, said, here


def by_name(spans: list[Span], name: str) -> list[Span]:
    return [span for span in spans if span.name == name]


@pytest.fixture(scope="module")
def spans(tmp_path_factory: pytest.TempPathFactory) -> list[Span]:
    """What was received of one run that measures a model: once, for it takes its time."""
    folder = tmp_path_factory.mktemp("traced")
    (folder / "small.tflite").write_bytes(reference.build(32, 0.1))
    inference = Step(use="inference", with_={"models": ["small.tflite"], **QUICK})
    with receiver() as known:
        status, said, _ = traced(folder, known, settings(inference), TRACEPARENT=f"00-{TRACE}-{SPAN}-01")
        assert (status, said) == (0, [])
        assert len(known.got) == 1
        return known.spans


def test_each_process_that_ran_the_model_is_a_span_with_its_phases_in_order(spans: list[Span]) -> None:
    executions = by_name(spans, "benchmark_execution")
    assert [attributes(span)["edgetpu_ci.round"] for span in executions] == [1, 2]
    for execution in executions:
        known = attributes(execution)
        assert (known["edgetpu_ci.model"], known["edgetpu_ci.arm"]) == ("small", "head")
        assert str(known["edgetpu_ci.device"]).startswith("cpu · ai-edge-litert ")
        inside = [span for span in spans if span.parent_span_id == execution.span_id]
        assert [span.name for span in inside] == ["model_loading", "warmup", "measurement"]
        times = [at for span in inside for at in (span.start_time_unix_nano, span.end_time_unix_nano)]
        assert times == sorted(times)
        assert execution.start_time_unix_nano <= times[0]
        assert times[-1] <= execution.end_time_unix_nano
        # Ends and begins meet: nothing is between two phases.
        assert times[1:5:2] == times[2:6:2]


def test_the_steps_are_below_one_span_of_the_command_and_that_below_the_parent(spans: list[Span]) -> None:
    (root,) = by_name(spans, "edgetpu-ci run")
    assert (root.trace_id.hex(), root.parent_span_id.hex()) == (TRACE, SPAN)
    assert attributes(root) == {"cicd.pipeline.task.run.result": "success", "process.exit.code": 0}
    steps = [span.name for span in spans if span.parent_span_id == root.span_id]
    assert steps == ["collect", "recheck", "judge", "save", "save", "publish", "draw"]
    (collect,) = by_name(spans, "collect")
    assert attributes(collect) == {"edgetpu_ci.collector": "inference"}
    assert {span.parent_span_id for span in by_name(spans, "benchmark_execution")} == {collect.span_id}


def test_every_span_is_inside_of_its_parent_and_of_one_trace(spans: list[Span]) -> None:
    known = {span.span_id: span for span in spans}
    assert len(known) == len(spans)
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    for span in spans:
        assert span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.status.code == Status.STATUS_CODE_UNSET
        if above := known.get(span.parent_span_id):
            assert above.start_time_unix_nano <= span.start_time_unix_nano
            assert span.end_time_unix_nano <= above.end_time_unix_nano


def test_a_process_that_is_started_is_told_the_span_it_is_part_of(tmp_path: Path) -> None:
    line = f'echo "$TRACEPARENT $TRACESTATE" > {tmp_path}/told'
    with receiver() as known:
        given = {"TRACEPARENT": f"00-{TRACE}-{SPAN}-01", "TRACESTATE": "a=1"}
        traced(tmp_path, known, settings(command(line)), **given)
        (collect,) = by_name(known.spans, "collect")
    assert collect.trace_state == "a=1"
    assert (tmp_path / "told").read_text() == f"00-{TRACE}-{collect.span_id.hex()}-01 a=1\n"


def test_a_run_on_github_joins_the_trace_that_others_make_of_it(tmp_path: Path) -> None:
    with receiver() as known:
        job = {"EDGETPU_CI_CHECK_RUN_ID": "40685651258", "GITHUB_JOB": "bench"}
        traced(tmp_path, known, settings(command("true")), **RUN, **job)
        (root,) = by_name(known.spans, "edgetpu-ci run")
    assert root.trace_id.hex() == "731ec8a47fd7450f753a812a4a8aa5a0"
    assert root.parent_span_id.hex() == "2b09b38c69b64a9c"
    assert attributes(root) == {
        "cicd.pipeline.task.name": "bench",
        "cicd.pipeline.task.type": "test",
        "cicd.pipeline.task.run.id": "40685651258",
        "cicd.pipeline.task.run.url.full": "https://github.com/octo/models/actions/runs/14460881260/job/40685651258",
        "cicd.pipeline.task.run.result": "success",
        "process.exit.code": 0,
    }


def test_what_breaks_is_told_and_goes_on(tmp_path: Path) -> None:
    with receiver() as known:
        with pytest.raises(ConfigError):
            traced(tmp_path, known, settings(Step(use="command", with_={"name": "told", "command": ""})))
        (root,) = by_name(known.spans, "edgetpu-ci run")
        (collect,) = by_name(known.spans, "collect")
    for span in (root, collect):
        assert (span.status.code, span.status.message) == (Status.STATUS_CODE_ERROR, "ConfigError")
    assert attributes(root)["cicd.pipeline.task.run.result"] == "error"


def test_a_rule_that_fails_is_a_failure(tmp_path: Path) -> None:
    said: list[str] = []
    with receiver() as known:
        here = world(tmp_path, env={"OTEL_EXPORTER_OTLP_ENDPOINT": known.url})
        assert tracing.traced("run", Traces(), here, lambda _: 1, said.append) == 1
        (root,) = known.spans
    assert attributes(root)["cicd.pipeline.task.run.result"] == "failure"
    assert root.status.code == Status.STATUS_CODE_ERROR


def test_a_command_that_is_cancelled_sends_what_there_is(tmp_path: Path) -> None:
    def cancelled(_world: World) -> int:
        raise KeyboardInterrupt

    with receiver() as known:
        here = world(tmp_path, env={"OTEL_EXPORTER_OTLP_ENDPOINT": known.url})
        with pytest.raises(KeyboardInterrupt):
            tracing.traced("run", Traces(), here, cancelled, print)
        (root,) = known.spans
    assert attributes(root)["cicd.pipeline.task.run.result"] == "cancellation"


def test_no_secret_is_sent(tmp_path: Path) -> None:
    secret = "correct-horse-battery-1"  # noqa: S105 - of nobody

    def act(inside: World) -> int:
        with inside.observed.span("publish", **{"edgetpu_ci.publisher": f"to https://user:{secret}@host"}):
            inside.observed.record(Recorded("benchmark_execution", 1, 2, {"edgetpu_ci.model": f"{secret}.tflite"}))
        return 0

    with receiver() as known:
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": known.url, "MY_TOKEN": secret}
        here = world(tmp_path, env={**env, "OTEL_RESOURCE_ATTRIBUTES": f"who={secret}"})
        tracing.traced("run", Traces(), here, act, print)
        sent = known.body()
        assert attributes(by_name(known.spans, "benchmark_execution")[0]) == {"edgetpu_ci.model": "***.tflite"}
    assert secret.encode() not in sent


def test_spans_that_were_too_many_are_counted(tmp_path: Path) -> None:
    said: list[str] = []

    def act(inside: World) -> int:
        for _ in range(MOST_RECORDED + 7):
            inside.observed.record(Recorded("benchmark_execution", 1, 2, {}))
        return 0

    with receiver() as known:
        here = world(tmp_path, env={"OTEL_EXPORTER_OTLP_ENDPOINT": known.url})
        tracing.traced("run", Traces(), here, act, said.append)
        assert len(known.spans) == MOST_RECORDED
    assert said == ["8 spans were too many to be kept beside 9,000 spans."]


@pytest.mark.parametrize(
    ("env", "reply", "says"),
    [
        ({}, Reply(status=500, body=b"no disk", headers={"content-type": "text/plain"}), " answered 500: no disk."),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, Reply(status=200), "1 spans were not sent: OTEL_EXPORTER_OTLP_PROTO"),
    ],
)
def test_spans_that_are_lost_are_said_and_change_nothing(
    env: Mapping[str, str], reply: Reply, says: str, tmp_path: Path
) -> None:
    said: list[str] = []
    with receiver([reply]) as known:
        here = world(tmp_path, env={"OTEL_EXPORTER_OTLP_ENDPOINT": known.url, **env})
        assert tracing.traced("alerts", Traces(), here, lambda _: 5, said.append) == 5
    assert len(said) == 1
    assert says in said[0]


@pytest.mark.parametrize(
    "env",
    [
        {"OTEL_SDK_DISABLED": "true"},
        {"TRACEPARENT": f"00-{TRACE}-{SPAN}-00"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
    ],
)
def test_what_is_switched_off_not_sampled_or_has_nowhere_to_go_is_not_sent(env: dict[str, str], tmp_path: Path) -> None:
    said: list[str] = []
    with receiver() as known:
        here = world(tmp_path, env={"OTEL_EXPORTER_OTLP_ENDPOINT": known.url, **env})
        assert tracing.traced("run", Traces(), here, lambda _: 0, said.append) == 0
        assert (known.got, said) == ([], [])


def test_a_parent_that_is_none_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    with receiver() as known:
        here = world(tmp_path, env={"OTEL_EXPORTER_OTLP_ENDPOINT": known.url, "TRACEPARENT": "00-1-2-3"})
        tracing.traced("run", Traces(), here, lambda _: 0, said.append)
        assert known.spans[0].parent_span_id == b""
    assert said == ["TRACEPARENT is not written as W3C's Trace Context says, and is ignored."]


def test_a_receiver_that_never_answers_costs_a_command_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text("observability: {traces: {}}\n")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        name = f"127.0.0.1:{silent.getsockname()[1]}"
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{name}", "OTEL_EXPORTER_OTLP_TIMEOUT": "100"}
        done = edgetpu_ci(tmp_path, "digest", "--json", "--dry-run", **env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    assert f"notice: 2 of 2 spans were lost: {name} did not answer (" in done.stderr
    assert "Traceback" not in done.stderr
