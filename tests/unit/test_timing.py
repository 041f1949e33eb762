"""From slots to measurements: intervals as wide as processes differ."""

from msgspec.structs import replace

from edgetpu_ci.loads import timing
from edgetpu_ci.loads.slot import Answer, EdgeTpu


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


def test_what_of_an_inference_is_not_the_tpus_is_told_apart() -> None:
    on_tpu = replace(slot(3.0), tpu_ns=(1_000_000,) * 100, edgetpu=EdgeTpu(library="libedgetpu.so.1"))
    found = {m.metric: m for m in timing.measurements("m", [on_tpu], "edgetpu")}
    assert (found["tpu_time_p10_ms"].value, found["cpu_operators_p10_ms"].value) == (1.0, 2.00001)
    # Tiny models share out the TPU's time over a stretch: of one that was quick nothing may seem to be left, not less.
    quick = replace(on_tpu, tpu_ns=(4_000_000,) * 100)
    assert {m.metric: m.value for m in timing.measurements("m", [quick], "edgetpu")}["cpu_operators_p10_ms"] == 0
