"""What a process that ran a model leaves in the trace."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from msgspec.structs import replace

from edgetpu_ci.collect import inference
from edgetpu_ci.loads import execution, slot
from edgetpu_ci.loads.beside import Beside
from edgetpu_ci.loads.faults import Fault
from edgetpu_ci.observed import Observed, Span
from edgetpu_ci.world import Ran
from tests.fakes.world import NOTHING, world
from tests.unit.test_inference import MODEL, steady

ANSWER = slot.Answer(
    runtime="ai_edge_litert",
    version="2.3.0",
    wall_ns=(5,) * 3,
    cpu_ns=(5,) * 3,
    attempted=3,
    spent_ns=15,
    loading=(1.0, 2.0),
    timed=(4.0, 8.0),
)
SECOND = 1_000_000_000
SPENT = (SECOND // 2, 9 * SECOND)


def left(answer: slot.Answer | Fault | str, spent: tuple[int, int] = SPENT) -> list[Span]:
    observed = Observed()
    turns = execution.turns_of("mobilenet", "base")
    next(turns)
    execution.of_slot(next(turns), 1, spent, answer, observed)
    return observed.spans


def test_a_slot_is_a_span_with_its_phases() -> None:
    whole, *phases = left(ANSWER)
    assert whole == Span(
        "benchmark_execution",
        *SPENT,
        {
            "edgetpu_ci.model": "mobilenet",
            "edgetpu_ci.arm": "base",
            "edgetpu_ci.round": 2,
            "edgetpu_ci.inferences": 3,
            "edgetpu_ci.device": "cpu · ai-edge-litert 2.3.0 · 1 thread",
        },
    )
    assert phases == [
        Span("model_loading", SECOND, 2 * SECOND, {}, 0),
        Span("warmup", 2 * SECOND, 4 * SECOND, {}, 0),
        Span("measurement", 4 * SECOND, 8 * SECOND, {}, 0),
    ]


def test_phases_stay_in_order_and_inside_though_a_clock_was_set() -> None:
    for set_back in (replace(ANSWER, loading=(100.0, 101.0)), replace(ANSWER, timed=(0.1, 0.2))):
        whole, *phases = left(set_back)
        moments = [whole.start, *(at for span in phases for at in (span.start, span.end)), whole.end]
        assert all(before <= after for before, after in pairwise(moments))


def test_what_broke_is_a_span_that_says_so() -> None:
    for answer in ("it cannot be read", Fault("it cannot be read", "load")):
        (span,) = left(answer)
        assert span.fault == "it cannot be read"
        assert span.attributes["edgetpu_ci.round"] == 2


def test_a_worker_that_gave_up_says_so_and_keeps_its_phases() -> None:
    failures = {"RuntimeError": slot.Failures(2, "no answer")}
    whole, *phases = left(replace(ANSWER, attempted=5, gave_up=True, failures=failures))
    assert "the last inferences all failed" in whole.fault
    assert len(phases) == 3


def test_a_worker_that_tells_no_times_has_no_phases() -> None:
    assert len(left(replace(ANSWER, loading=None))) == 1


def test_another_load_is_a_span_of_its_own() -> None:
    observed = Observed()
    execution.of_load({"model": "models/a.tflite", "task": "paced"}, 2, SPENT, ANSWER, observed)
    (span,) = observed.spans
    assert span.attributes == {
        "edgetpu_ci.model": "a.tflite",
        "edgetpu_ci.load": "paced",
        "edgetpu_ci.device": "cpu · ai-edge-litert 2.3.0 · 2 threads",
    }


def test_beside_a_base_each_arm_has_its_own_turns(tmp_path: Path) -> None:
    asked: list[str] = []

    def run(argv: Sequence[str], stdin: bytes, _timeout: float, _env: Mapping[str, str] = NOTHING) -> Ran:
        request = json.loads(stdin)
        if request["task"] == "outputs":
            return Ran(status=0, stdout=b'{"examples": 8}', stderr=b"")
        asked.append(argv[0])
        return Ran(status=0, stdout=json.dumps(steady(request)).encode(), stderr=b"")

    (tmp_path / "m.tflite").write_bytes(MODEL)
    options = inference.Options(models=("m.tflite",), python="python-head", base_python="python-base")
    beside = Beside(file=lambda file: file, folder=lambda: tmp_path, standing=lambda _: {}, left=lambda: 0.0)
    here = world(tmp_path, run=run)
    inference.collect_beside(options, beside, here)
    executions = [span for span in here.observed.spans if span.name == "benchmark_execution"]
    assert [f"python-{span.attributes['edgetpu_ci.arm']}" for span in executions] == asked
    for side in ("base", "head"):
        turns = [span for span in executions if span.attributes["edgetpu_ci.arm"] == side]
        assert [span.attributes["edgetpu_ci.round"] for span in turns] == list(range(1, 11))
