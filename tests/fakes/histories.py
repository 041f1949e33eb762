"""Histories as a store of many runs gives them: noise, bursts, and levels that changed."""

import random
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha1

from edgetpu_ci.model import Change, Point, Series
from tests.fakes.world import AT

DEVICES = ("cortex-a76-4x-aarch64-1a2b3c · usb:0 · edgetpu 16.0", "cortex-a53-4x-aarch64-77aa01 · pci:0 · edgetpu 16.0")
MODELS = ("mobilenet_v2", "efficientdet0", "yolo_nano", "deeplab_v3")
LEVELS = {
    "latency_p10_ms": 2.62,
    "latency_p99_ms": 3.41,
    "throughput_sustained_fps": 381.7,
    "memory_peak_mb": 71.4,
    "model_bytes": 3_577_760,
}


def runs(device: str, count: int) -> list[Point]:
    """The runs of a device without their values, one a shift; commits are shared by all devices."""
    named = random.Random(device)  # noqa: S311 - no secret
    times = [AT + timedelta(hours=7 * (n - count), minutes=named.randrange(90)) for n in range(count)]
    return [
        Point(
            at=at,
            value=0.0,
            commit=sha1(f"commit {n}".encode(), usedforsecurity=False).hexdigest(),
            report=f"{at:%Y%m%dT%H%M%SZ}-{named.getrandbits(32):08x}",
            url=f"https://github.com/octo/models/actions/runs/{9_000_000_000 + 1_013 * n}",
        )
        for n, at in enumerate(times)
    ]


def one(
    device: str, subject: str, metric: str, ran: Sequence[Point], steps: Sequence[tuple[int, float, str]] = ()
) -> Series:
    """A series whose level is multiplied at each step (index, factor, tier)."""
    noise = random.Random(f"{device} {subject} {metric}")  # noqa: S311 - noise, not a secret
    level = LEVELS[metric] * (1 if metric == "model_bytes" else noise.uniform(0.6, 6))
    points, changes = [], []
    for index, run in enumerate(ran):
        for at, factor, tier in steps:
            if at == index:
                changes.append(Change(index=index, tier=tier, before=level, after=level * factor))  # type: ignore[arg-type]
                level *= factor
        burst = noise.uniform(1.1, 2.0) if noise.random() < 0.01 else 1.0
        spoilt = (1 + abs(noise.gauss(0, 0.008)) - 0.005) * burst
        value = level if metric == "model_bytes" else level / spoilt if metric.endswith("fps") else level * spoilt
        points.append(Point(at=run.at, value=value, commit=run.commit, report=run.report, url=run.url))
    return Series(device=device, subject=subject, metric=metric, points=tuple(points), changes=tuple(changes))


def few(count: int = 240) -> tuple[Series, ...]:
    """Two devices, four models, five metrics: worse, better, suspected, a fact changed, and most as they were."""
    steps: dict[tuple[str, str], list[tuple[int, float, str]]] = {
        ("mobilenet_v2", "latency_p10_ms"): [(count // 3, 0.93, "confirmed"), (count - 14, 1.112, "confirmed")],
        ("mobilenet_v2", "throughput_sustained_fps"): [(count - 14, 1 / 1.112, "confirmed")],
        ("efficientdet0", "latency_p99_ms"): [(count - 3, 1.3, "suspected")],
        ("yolo_nano", "latency_p10_ms"): [(count // 2, 0.84, "confirmed")],
        ("deeplab_v3", "model_bytes"): [(count - 60, 1.021, "confirmed")],
    }
    return tuple(
        one(
            device,
            subject,
            metric,
            runs(device, count),
            steps.get((subject, metric), []) if device == DEVICES[0] else [],
        )
        for device in DEVICES
        for subject in MODELS
        for metric in LEVELS
    )


def many(series: int = 200, count: int = 2_000) -> tuple[Series, ...]:
    """As many as a page must hold: five metrics of four models on each device; one in eight changed."""
    devices = [f"device-{n:02}-aarch64 · usb:0" for n in range(series // (len(MODELS) * len(LEVELS)))]
    keys = [(device, subject, metric) for device in devices for subject in MODELS for metric in LEVELS]
    ran = {device: runs(device, count) for device in devices}
    changed = [(count // 2, 1.1, "confirmed"), (count - 40, 0.95, "confirmed")]
    return tuple(one(*key, ran[key[0]], changed if n % 8 == 0 else []) for n, key in enumerate(keys))
