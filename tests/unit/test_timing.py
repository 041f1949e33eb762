"""From slots to measurements: intervals as wide as processes differ."""

from edgetpu_ci.collect import timing
from edgetpu_ci.collect.slot import Answer


def slot(level_ms: float) -> Answer:
    """A process whose hundred samples are all alike."""
    wall = tuple(int(level_ms * 1e6) + n for n in range(100))
    return Answer(
        runtime="r", wall_ns=wall, cpu_ns=wall, attempted=100, spent_ns=sum(wall), load_ns=1, first_ns=1, memory_bytes=1
    )


def test_the_interval_of_a_percentile_covers_processes_that_differ() -> None:
    levels = [3.0, 3.1, 3.2, 3.3, 3.4, 3.5, 3.6, 3.7, 3.8, 3.9]
    found = {m.metric: m for m in timing.measurements("m", [slot(level) for level in levels], "cpu")}
    interval = found["latency_p50_ms"].interval
    assert interval
    # Over a thousand samples as if independent it would be about 3.4 to 3.5.
    assert interval[0] <= 3.11
    assert interval[1] >= 3.79
