"""Log the event of a monitoring document again and again, in five ways by turns, and print what one costs."""

import json
import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from edgetpu_ci import machine, redaction  # noqa: E402 - only after our own folder is first on the path
from edgetpu_ci.logs.files import Files  # noqa: E402
from edgetpu_ci.logs.rendering import Renderer  # noqa: E402
from edgetpu_ci.observed import Event, Observed, Value  # noqa: E402
from edgetpu_ci.world import real_world  # noqa: E402

FIELDS: dict[str, Value] = {
    "model": "mobilenet_v3",
    "throughput_fps": 892.5,
    "latency_p99_ms": 1.12,
    "power_w": 0.85,
    "tpu_utilization": 85.2,
    "duration_seconds": 60.0,
    "session_id": "abc123",
}
SECRETS = redaction.secrets({f"SECRET_{n}": f"a-secret-value-of-the-job-{n}" for n in range(10)})
Way = Callable[[], None]


class Plain(Renderer):
    """One that takes no secret out."""

    def _clean(self, fields: dict[str, Any]) -> dict[str, Any]:
        return fields


class Json(logging.Formatter):
    """A record of Python's own logging as one line of JSON with the same fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat()
        return json.dumps(
            {"timestamp": at, "level": record.levelname.lower(), "event": record.msg, **vars(record)["fields"]}
        )


def main() -> None:
    """Print a table, with the machine and how often it was tried."""
    events, rounds = (int(given) for given in [*sys.argv[1:], *("20000", "7")[len(sys.argv) - 1 :]])
    with TemporaryDirectory() as folder:
        ways = {
            "no logging": tell(Observed()),
            "JSON to a file": tell(sink(Plain(()), Path(folder, "plain"))),
            "JSON to a file, secrets taken out": tell(sink(Renderer(()), Path(folder, "clean"))),
            "the same with 10 secrets of the environment": tell(sink(Renderer(SECRETS), Path(folder, "known"))),
            "Python's logging, JSON to a file": stdlib(Path(folder, "stdlib.jsonl")),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                taken[name].append(microseconds(way, events))
    host = machine.identify(real_world())
    print(f"{events:,} events, {rounds} rounds, {host.cores} cores {host.cpu}, Python {sys.version.split()[0]}\n")
    print("| one event | µs of CPU, median | least–most |\n|---|---|---|")
    for name, all_of in taken.items():
        print(f"| {name} | {median(all_of):.2f} | {min(all_of):.2f}–{max(all_of):.2f} |")


def tell(observed: Observed) -> Way:
    """An event by our way."""
    return lambda: observed.tell("info", "benchmark_completed", datetime.now(UTC), **FIELDS)


def sink(renderer: Renderer, folder: Path) -> Observed:
    """Events that are rendered and written."""
    files = Files(folder)

    def write(event: Event) -> None:
        files.write(renderer.render(event, "session"))

    return Observed(sinks=[write])


def stdlib(path: Path) -> Way:
    """The same event by Python's logging."""
    logger, handler = logging.getLogger("overhead"), logging.FileHandler(path)
    handler.setFormatter(Json())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    known = {**FIELDS, "user_id": "anonymous", "version": "0.1.0"}
    return lambda: logger.info("benchmark_completed", extra={"fields": known})


def microseconds(way: Way, events: int) -> float:
    """Of one of so many events, in CPU time: other work on the machine makes an event wait, not cost more."""
    began = time.process_time()
    for _ in range(events):
        way()
    return (time.process_time() - began) / events * 1e6


if __name__ == "__main__":
    main()
