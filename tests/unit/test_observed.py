"""Events and spans of this process."""

from datetime import UTC, datetime

import pytest

from edgetpu_ci import observed
from edgetpu_ci.observed import Event, Observed

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
        execution = seen.record("benchmark_execution", 5, 9, model="m")
        seen.record("warmup", 6, 7, parent=execution)
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


def test_spans_beyond_the_most_are_counted() -> None:
    seen = Observed()
    for _ in range(observed.MOST_SPANS + 3):
        seen.record("warmup", 0, 1)
    assert (len(seen.spans), seen.dropped) == (observed.MOST_SPANS, 3)
