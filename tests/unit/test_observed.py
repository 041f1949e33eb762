"""Events and spans of this process."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from edgetpu_ci import observed
from edgetpu_ci.observed import Event, Observed, Span

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_event_reaches_every_sink() -> None:
    one: list[Event] = []
    two: list[Event] = []
    Observed(sinks=[one.append, two.append]).tell("info", "run_started", AT, commit="abc")
    assert one == two == [Event(AT, "info", "run_started", {"commit": "abc"})]


def test_spans_know_what_they_are_inside_of() -> None:
    ticks = iter(range(100))
    seen = Observed(clock=lambda: next(ticks))
    with seen.span("collect", device="cpu"):
        execution = seen.record(Span("benchmark_execution", 5, 9, {"model": "m"}))
        seen.record(Span("warmup", 6, 7, {}, parent=execution))
    with seen.span("judge"):
        pass
    assert [(span.name, span.parent) for span in seen.spans] == [
        ("collect", None),
        ("benchmark_execution", 0),
        ("warmup", 1),
        ("judge", None),
    ]
    assert [(span.start, span.end) for span in seen.spans] == [(0, 1), (5, 9), (6, 7), (2, 3)]


def test_what_breaks_inside_a_span_is_named_and_goes_on() -> None:
    seen = Observed()
    with pytest.raises(ValueError, match="no"), seen.span("judge"):
        raise ValueError("no")
    assert seen.spans[0].fault == "ValueError"


def test_what_is_known_in_the_end_is_added() -> None:
    seen = Observed()
    with seen.span("run", verb="run") as known:
        known["status"] = 1
    assert seen.spans[0].attributes == {"verb": "run", "status": 1}


def test_spans_of_other_threads_are_below_the_first_ones_and_not_below_each_other() -> None:
    seen, both = Observed(), threading.Barrier(2, timeout=10)

    def measure(device: str) -> None:
        with seen.span("device", device=device):
            both.wait()
            seen.record(Span(device, 0, 1, {}))
            both.wait()

    with seen.span("run"), ThreadPoolExecutor(2) as threads:
        list(threads.map(measure, ("usb:0", "usb:1")))
    run, *others = seen.spans
    assert run.parent is None
    for span in others:
        above = seen.spans[span.parent or 0]
        assert above.name == "run" if span.name == "device" else above.attributes == {"device": span.name}


def test_spans_beyond_the_most_are_counted_and_steps_have_room() -> None:
    seen = Observed()
    for _ in range(observed.MOST_RECORDED + 3):
        seen.record(Span("warmup", 0, 1, {}))
    with seen.span("judge"):
        assert seen.record(Span("warmup", 0, 1, {})) is None
    assert (len(seen.spans), seen.dropped) == (observed.MOST_RECORDED + 1, 4)
    assert seen.spans[-1].name == "judge"


def test_a_span_for_which_there_is_no_room_ends_all_the_same() -> None:
    seen = Observed(spans=[Span("warmup", 0, 1, {})] * observed.MOST_SPANS)
    with seen.span("judge"):
        assert seen.innermost is None
    assert seen.dropped == 1


def test_what_is_loud_is_counted_with_its_newest_event_and_taken_once() -> None:
    observed = Observed()
    for reason in ("first", "second"):
        observed.tell("warning", "delivery_failed", AT, reason=reason)
    observed.tell("info", "run_started", AT)
    ((key, tally),) = observed.take_loud().items()
    assert (key, tally.times, tally.last.fields) == (("warning", "delivery_failed"), 2, {"reason": "second"})
    assert observed.take_loud() == {}
