"""Let one process infer for minutes or days: does it get slower, larger or hotter, and does it last."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Final, TypeVar

from msgspec import Meta, Struct

from edgetpu_ci import codec, stats
from edgetpu_ci.errors import ConfigError, DocumentError
from edgetpu_ci.loads import failures, load, models, on_device, sampled, slot, tries, turns, watched
from edgetpu_ci.loads.faults import Fault
from edgetpu_ci.loads.load import Load
from edgetpu_ci.loads.slot import Nanoseconds
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.stats import slope
from edgetpu_ci.world import World

METRICS: Final = ("soak_minutes", "soak_p50_ms", "soak_p99_worst_ms", "soak_error_rate_percent")

MOST_WINDOWS: Final = 2000
"""A slope is looked for between each two windows."""


class Options(Load, frozen=True, kw_only=True):
    """`models`: paths and globs of .tflite files. Each infers for `minutes` in one process, looked at in windows.

    After each window of `window_seconds` its latencies, the process's memory, and what the kernel tells of temperature,
    throttling and the devices are written down: what was there when a process dies counts. A window that is
    `timeout_seconds` late ends it.
    """

    models: tuple[str, ...]
    minutes: Annotated[float, Meta(gt=0, le=60 * 24 * 31)] = 60
    window_seconds: Annotated[float, Meta(gt=0, le=86_400)] = 60


class Window(Struct, frozen=True, kw_only=True):
    """One window: when it ended, in seconds since the first began; latencies of `recorded` inferences in it.

    `memory_bytes` is what was resident at its end, 0 where unknown, and `read` what watched files said then.
    """

    seconds: Annotated[float, Meta(gt=0)]
    attempted: Annotated[int, Meta(ge=1)]
    completed: Annotated[int, Meta(ge=0)]
    recorded: Annotated[int, Meta(ge=1)]
    p10_ns: Nanoseconds
    p50_ns: Annotated[int, Meta(ge=1)]
    p99_ns: Nanoseconds
    memory_bytes: Annotated[int, Meta(ge=0)] = 0
    read: dict[str, str] = {}


class Soaked(load.Loaded, frozen=True, kw_only=True):
    """How many windows were written, when it came to its end."""

    windows: int = 0


D = TypeVar("D", bound=Struct)


@dataclass(frozen=True)
class Lasted:
    """What is left of a soak: its windows, where it ran, in `record` what ended it; `limits` as `watched` has them."""

    windows: tuple[Window, ...]
    device: str = ""
    record: failures.Record = field(default_factory=failures.Record)
    limits: dict[str, float] = field(default_factory=dict)

    @property
    def ended(self) -> str:
        """What ended it early; empty when it lasted."""
        return self.record.reason


def _nothing(why: str) -> Lasted:
    return Lasted((), record=failures.Record(stopped=why))


def collect(options: Options, world: World) -> Collected:
    """What became of each model, called `model soaked`."""
    count = options.minutes * 60 / options.window_seconds
    if count > MOST_WINDOWS:
        raise ConfigError(f"`soak`: {count:.0f} windows are more than {MOST_WINDOWS}; raise `window_seconds`.")
    found = models.find(options.models, world)
    lasted = {}
    with on_device.taken(options, [file for _, file in found], world) as place:
        for number, (name, file) in enumerate(found, start=1):
            refused = place.refuse(file)
            lasted[name] = _nothing(refused) if refused else _soak(file, place.options, world)
            world.progress(f"{name} soaked", number, len(found))
    return Collected(
        measurements=tuple(m for name, one in lasted.items() for m in measurements(f"{name} soaked", one)),
        notes=tuple(f"{name}: the soak ended early: {one.ended}" for name, one in lasted.items() if one.ended),
        samples={
            key: values for name, one in lasted.items() for key, values in _samples(f"{name} soaked", one).items()
        },
    )


def _soak(file: Path, options: Options, world: World) -> Lasted:
    with TemporaryDirectory() as folder:
        kept = Path(folder) / "windows.jsonl"
        asked = load.request(
            options,
            file,
            "soak",
            world,
            save=str(kept),
            seconds=options.minutes * 60,
            window_seconds=options.window_seconds,
            patience_seconds=options.timeout_seconds,
            watch=watched.files(world),
        )
        # A window that hangs ends itself; this is for one that cannot even do that.
        limit = options.minutes * 60 + options.window_seconds + 2 * options.timeout_seconds
        answer = load.take(options, asked, Soaked, world, limit)
        return _lasted(answer, kept, options, world)


def _lasted(taken: turns.Slot[Soaked] | Fault | str, file: Path, options: Options, world: World) -> Lasted:
    """What was written before the end, however that came: where it ran, then each window."""
    lines, record = _lines(file), failures.Record()
    if isinstance(taken, Fault):
        record.faults.append(taken)
    elif isinstance(taken, str):
        record.stopped = taken
    windows = tuple(window for line in lines[1:] if (window := _decoded(line, Window)))
    if not lines or not (began := _decoded(lines[0], slot.Said)):
        return _nothing(record.reason or "nothing was written")
    return Lasted(windows, slot.device([slot.placed(began, world)], options.threads), record, watched.limits(world))


def _lines(file: Path) -> list[bytes]:
    try:
        return file.read_bytes().splitlines()
    except OSError:
        return []


def _decoded(line: bytes, into: type[D]) -> D | None:
    """None of a line that is not whole: a process may die while it writes one."""
    try:
        return codec.decode_json(line, into, "a line of a soak")
    except DocumentError:
        return None


def measurements(subject: str, lasted: Lasted) -> list[Measurement]:
    """All that the windows say; of none, why there are none."""
    windows = lasted.windows
    if not windows:
        return load.unmeasured(subject, METRICS, lasted.ended or "no window was over")
    made = [_minutes(subject, lasted), *_latencies(subject, windows), *_slopes(subject, windows)]
    made += _seen(subject, [window.read for window in windows], lasted.limits)
    attempted = sum(window.attempted for window in windows)
    failed = attempted - sum(window.completed for window in windows)
    broken = tries.broken(subject, attempted, failed, lasted.record, lasted.device)
    return [*(sampled.rounded(measurement, lasted.device) for measurement in made), *broken]


def _minutes(subject: str, lasted: Lasted) -> Measurement:
    return Measurement(
        subject=subject,
        metric="soak_minutes",
        value=lasted.windows[-1].seconds / 60,
        n=len(lasted.windows),
        details=(("ended early", lasted.ended),) if lasted.ended else (),
    )


def _latencies(subject: str, windows: Sequence[Window]) -> Iterator[Measurement]:
    recorded = sum(window.recorded for window in windows)
    middle = median(window.p50_ns for window in windows) / 1e6
    yield Measurement(subject=subject, metric="soak_p50_ms", value=middle, n=recorded)
    large = [window for window in windows if not sampled.too_few(0.99, window.recorded)]
    worst = max((window.p99_ns / 1e6 for window in large), default=None)
    few = "" if large else f"no window has the {stats.samples_needed(0.99)} inferences that p99 needs; lengthen windows"
    count = sum(window.recorded for window in large)
    yield Measurement(subject=subject, metric="soak_p99_worst_ms", value=worst, reason=few, n=count)
    attempted = sum(window.attempted for window in windows)
    failed = attempted - sum(window.completed for window in windows)
    rate = 100 * failed / attempted
    yield Measurement(subject=subject, metric="soak_error_rate_percent", value=rate, n=attempted)


def _slopes(subject: str, windows: Sequence[Window]) -> Iterator[Measurement]:
    times = [window.seconds for window in windows]
    first, span = windows[0].p50_ns, times[-1] - times[0]
    latency = slope.robust(times, [100 * window.p50_ns / first for window in windows])
    yield _slope(subject, "latency_drift_percent", latency, span, len(windows))
    known = [window for window in windows if window.memory_bytes]
    memory = slope.robust([window.seconds for window in known], [window.memory_bytes / 1e6 for window in known])
    yield _slope(subject, "memory_slope_mb_per_hour", memory, 3600, len(known))


def _slope(subject: str, metric: str, found: slope.Slope | None, times: float, n: int) -> Measurement:
    """A slope over so many seconds."""
    if found is None or found.interval is None:
        reason = f"{n} windows have no slope that is sure; soak for longer, or in shorter windows"
        return Measurement(subject=subject, metric=metric, reason=reason, n=n)
    low, high = found.interval
    interval = (low * times, high * times)
    return Measurement(subject=subject, metric=metric, value=found.value * times, n=n, interval=interval)


def _seen(subject: str, readings: Sequence[watched.Reading], limits: Mapping[str, float]) -> Iterator[Measurement]:
    """What the kernel told; nothing of what it has no file for."""
    n, gone = len(readings), watched.lost(readings)
    celsius = watched.hottest(readings)
    if celsius is not None or gone:
        details = (("sensor lost", f"at the end of {gone} of {n} windows"),) if gone else ()
        reason = "the sensor is lost" if celsius is None else ""
        yield Measurement(subject=subject, metric="hottest_celsius", value=celsius, reason=reason, n=n, details=details)
    counted = {
        "throttle_trips": watched.trips(readings, limits),
        "pcie_resets": watched.rises("resets", readings),
        "usb_reenumerations": watched.renewals(readings),
    }
    for metric, count in counted.items():
        if count is not None:
            yield Measurement(subject=subject, metric=metric, value=count, n=n)


def _samples(subject: str, lasted: Lasted) -> dict[str, list[float]]:
    if not lasted.windows:
        return {}
    return {
        f"{subject}/{name}": [getattr(window, name) for window in lasted.windows]
        for name in ("seconds", "p10_ns", "p50_ns", "p99_ns", "memory_bytes")
    }
