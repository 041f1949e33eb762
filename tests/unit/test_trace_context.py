"""Which trace a process is part of: what is handed on, what others make of the same run, or its own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgetpu_ci.config.observability import Join
from edgetpu_ci.telemetry.tracing import context
from edgetpu_ci.telemetry.tracing.context import Context

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


def token() -> str:
    return "0123456789abcdef"


def test_a_parent_is_handed_on() -> None:
    env = {"TRACEPARENT": GOOD, "TRACESTATE": "congo=t61rcWkgMzE, rojo=00f067aa0ba902b7"}
    found, note = context.find("githubreceiver", env, token)
    assert found == Context(bytes.fromhex(TRACE), bytes.fromhex(SPAN), "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")
    assert note == ""


@pytest.mark.parametrize("flags", ["00", "02", "fe"])
def test_a_trace_that_is_not_sampled_is_known_as_such(flags: str) -> None:
    found = context.parse(f"00-{TRACE}-{SPAN}-{flags}")
    assert found is not None
    assert not found.sampled


def test_a_later_version_may_say_more() -> None:
    assert context.parse(f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like") == context.parse(GOOD)


@pytest.mark.parametrize(
    "said",
    [
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}0-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00_{TRACE}_{SPAN}_01",
        f"{GOOD}\n",
        "٠٠-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "hello",
    ],
)
def test_a_parent_that_is_none_is_ignored_and_said(said: str) -> None:
    assert context.parse(said) is None
    found, note = context.find("", {"TRACEPARENT": said.strip() + "!"}, token)
    assert found == Context(bytes.fromhex("0123456789abcdef" * 2))
    assert note == "TRACEPARENT is not written as W3C's Trace Context says, and is ignored."


@pytest.mark.parametrize(
    "state",
    ["no-equals", "UPPER=1", "a=b=c", "a=\x7f", f"a={'x' * 257}", ",".join(f"k{n}=v" for n in range(33)), "é=1"],
)
def test_a_state_that_is_none_is_left_out_and_its_parent_kept(state: str) -> None:
    found = context.parse(GOOD, state)
    assert found is not None
    assert (found.trace.hex(), found.state) == (TRACE, "")


@settings(max_examples=50)
@given(st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8), st.booleans())
def test_what_is_written_is_read_again(trace: bytes, span: bytes, sampled: bool) -> None:  # noqa: FBT001 - drawn
    found = context.parse(f"00-{trace.hex()}-{span.hex()}-{int(sampled):02x}")
    assert found == (Context(trace, span, "", sampled) if any(trace) and any(span) else None)


def joined(join: Join, **env: str) -> tuple[str, str] | None:
    found = context.joined(join, env)
    return found and (found.trace.hex(), found.parent.hex())


def test_the_trace_of_the_collectors_receiver() -> None:
    run = {"GITHUB_RUN_ID": "14460881260", "GITHUB_RUN_ATTEMPT": "13", "GITHUB_REPOSITORY": "o/r"}
    # Trace and root span as the receiver's own golden file has them, testdata/workflow-run-expected.yaml.
    trace, root = "731ec8a47fd7450f753a812a4a8aa5a0", "aba151af7cfbcf0f"
    assert joined("githubreceiver", **run) == (trace, root)
    # sha256sum of "40685651258-j", its characters 17 to 32.
    job = {"EDGETPU_CI_CHECK_RUN_ID": "40685651258"}
    assert joined("githubreceiver", **run, **job) == (trace, "2b09b38c69b64a9c")


def test_the_trace_of_grafanas_action() -> None:
    run = {"GITHUB_RUN_ID": "20137834310", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_REPOSITORY": "grafana/grafana"}
    # As the action's own test has them, gha-otel-export/src/trace-ids.test.ts.
    known = ("29f022cfd2ef0bec231e3facb2e5e888", "35dc80e3696a695f")
    assert joined("grafana", **run) == known
    # It knows a job by its name, and a job knows only its own id.
    assert joined("grafana", **run, EDGETPU_CI_CHECK_RUN_ID="7", GITHUB_JOB="build") == known


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"GITHUB_RUN_ID": "1"},
        {"GITHUB_RUN_ID": "1", "GITHUB_RUN_ATTEMPT": "x"},
        {"GITHUB_RUN_ID": "¹", "GITHUB_RUN_ATTEMPT": "1"},
    ],
)
def test_outside_of_a_run_there_is_nothing_to_join(env: dict[str, str]) -> None:
    assert joined("githubreceiver", **env) is None
    assert context.find("githubreceiver", env, token)[0] == Context(bytes.fromhex("0123456789abcdef" * 2))


def test_nobody_needs_to_join() -> None:
    assert joined("", GITHUB_RUN_ID="1", GITHUB_RUN_ATTEMPT="1") is None
