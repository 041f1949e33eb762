"""A worker that is only a function, on a clock that is only a number."""

import json
from collections.abc import Callable, Container, Mapping, Sequence
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

from edgetpu_ci import reference
from edgetpu_ci.worker.edgetpu_worker.arriving import Queue, even, poisson
from edgetpu_ci.world import Ran, World
from tests.fakes import world as fake

MODEL = reference.build(32, 0.1)
RAN = {"runtime": "ai_edge_litert", "version": "2.3.0", "python": "3.12.1", "numpy": "2.0.0", "cpu_seconds": 0.1}
MS = 1_000_000

Answer = Callable[[dict[str, Any]], "dict[str, Any] | Ran"]


class Worker:
    """Answers requests one after the other, and moves the world's clock by the seconds that an answer says it took."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[dict[str, Any]] = []
        self.clock = 0.0

    def run(self, _argv: Sequence[str], stdin: bytes, _timeout: float, _env: Mapping[str, str] = fake.NOTHING) -> Ran:
        request = json.loads(stdin)
        self.requests.append(request)
        answer = self.answer(request)
        if isinstance(answer, Ran):
            return answer
        self.clock += answer.pop("took", 0.0)
        return Ran(status=0, stdout=json.dumps(RAN | answer).encode(), stderr=b"")

    def world(self, folder: Path) -> World:
        return fake.world(folder, run=self.run, monotonic=lambda: self.clock)


def files(folder: Path, *names: str) -> list[str]:
    """Models that may be read, of these names."""
    for name in names:
        (folder / f"{name}.tflite").write_bytes(MODEL)
    return [f"{name}.tflite" for name in names]


def serving(service_ms: Callable[[], float]) -> Answer:
    """Frames served by a device that takes so long for each."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        rate, frames = request["rate"], request["count"]
        is_poisson = request["arrivals"] == "poisson"
        arrivals = poisson(rate, frames, request["draw"]) if is_poisson else even(rate, frames)
        queue = Queue(arrivals, request["queue"], request["deadline_ns"])
        free, waited, took = 0, [], []
        while (due := queue.next(free)) is not None:
            begun, lasts = max(free, int(due)), int(service_ms() * MS)
            waited.append(begun - int(due))
            took.append(lasts)
            free = begun + lasts
        return {
            "wait_ns": waited,
            "service_ns": took,
            "stale": queue.stale,
            "overflowed": queue.overflowed,
            "failed": 0,
            "took": frames / rate,
        }

    return answer


def crashing(signal: int) -> Answer:
    return lambda _request: Ran(status=-signal, stdout=b"", stderr=b"")


def breaking(answer: Answer, numbers: Container[int], instead: Answer | None = None) -> Answer:
    """Some of the requests, counted from 1, end otherwise: in an abort, or as another answer says."""
    counted, lock = count(1), Lock()

    def found(request: dict[str, Any]) -> dict[str, Any] | Ran:
        with lock:
            number = next(counted)
        return (instead or crashing(6))(request) if number in numbers else answer(request)

    return found


def gone(_request: dict[str, Any]) -> dict[str, Any]:
    """What no other try mends."""
    return {"kind": "load_failed", "text": "Could not open the file"}
