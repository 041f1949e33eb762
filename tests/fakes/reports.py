"""Reports as they come out of comparing and judging, one for each thing a report may have to say."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from statistics import median
from types import MappingProxyType
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from edgetpu_ci import codec, derive
from edgetpu_ci.judging import answers, compare, facts, interleaved, judge
from edgetpu_ci.model import (
    SCHEMA,
    Base,
    BaseKind,
    Comparison,
    Finding,
    History,
    Machine,
    Measurement,
    Point,
    Report,
    Rounds,
    Rule,
    Run,
    Runner,
    Shift,
    Tier,
    Trend,
)
from tests.fakes.world import AT

MACHINE = Machine(
    key="cortex-a76-4x-aarch64-1a2b3c",
    host="pi5-usb-1",
    cpu="Cortex-A76",
    cores=4,
    arch="aarch64",
    kernel="6.12.20-v8",
    os="Debian GNU/Linux 12 (bookworm)",
    governor="performance",
    memory_mb=8062,
    python="3.11.2",
    load=0.12,
)
RULES = (
    Rule(match="*/throughput_sustained_fps", worse_by_percent=5, unknown="warn"),
    Rule(match="*/latency_p99_ms", max=15),
    Rule(match="*/error_rate_percent", max=0),
    Rule(match="*/macs_millions", exact=True, unknown="pass"),
)
SPEEDS = {"mobilenet_v2": 2.62, "efficientdet0": 11.4, "yolo_nano": 7.93}
"""Milliseconds of one inference of each model in most of these reports."""
CRASH = "the process crashed in round 3: SIGSEGV"
HOSTILE = "a|b`c`<img src=x>\n@octocat #12 [x](https://evil.example) \x1b[31m\u202edoc --> ::error::x ```"


def model(
    subject: str, ms: float, *, seed: int = 1, on_cpu: int = 0, rounds: int = 10, noise: float = 0.006
) -> tuple[Measurement, ...]:
    """All that is measured of one model whose 10th percentile lies near `ms`."""
    host = random.Random(f"{subject} {seed}")  # noqa: S311 - noise, not a secret
    slots = tuple(round(ms * (1 + host.uniform(0, noise)), 6) for _ in range(rounds))
    fast = tuple(round(1000 / slot, 4) for slot in slots)

    def measured(metric: str, value: float, spread: float = 0.0, **parts: object) -> Measurement:
        interval = (value * (1 - spread), value * (1 + spread)) if spread else None
        device = "" if metric in {"model_bytes", "macs_millions", "ops", "ops_on_cpu"} else "cpu · 1 thread"
        return Measurement(subject=subject, metric=metric, value=value, interval=interval, device=device, **parts)  # type: ignore[arg-type]

    return (
        measured("model_bytes", 3_577_760),
        measured("macs_millions", 300.776),
        measured("ops", 65),
        measured("ops_on_cpu", on_cpu, details=(("RESIZE_BILINEAR", str(on_cpu)),) if on_cpu else ()),
        measured("latency_p10_ms", sorted(slots)[5], slots=slots, n=700),
        measured("latency_p50_ms", ms * 1.02, 0.003, n=700),
        measured("latency_p90_ms", ms * 1.06, 0.008, n=700),
        measured("latency_p95_ms", ms * 1.09, 0.012, n=700),
        measured("latency_p99_ms", ms * 1.21, 0.04, n=700),
        measured("throughput_fps", 960 / ms, n=700),
        measured("throughput_sustained_fps", sorted(fast)[5], slots=fast, n=700),
        measured("first_inference_ms", ms * 1.9, slots=slots),
        measured("model_load_ms", 8.31, slots=slots),
        measured("cpu_time_p10_ms", sorted(slots)[5], slots=slots),
        measured("error_rate_percent", 0, n=700),
        measured("memory_peak_mb", 71.4),
    )


def models(**changed: float) -> tuple[Measurement, ...]:
    """The three models; `changed` gives other speeds in milliseconds."""
    seed = 2 if changed else 1
    return tuple(m for name, ms in SPEEDS.items() for m in model(name, changed.get(name, ms), seed=seed))


def report(
    measurements: Sequence[Measurement],
    base: Sequence[Measurement] = (),
    kind: BaseKind = "baseline",
    contended: str = "",
    rules: Sequence[Rule] = RULES,
) -> Report:
    """Compared and judged as a real run is."""
    run = Run(
        id="20260304T050607Z-01234567",
        at=AT,
        machine=MACHINE,
        measurements=tuple(measurements),
        commit="a1b2c3d4e5f60718293a4b5c6d7e8f9012345678",
        branch="faster-head",
        pull_request=12,
        url="https://github.com/octo/models/actions/runs/1234",
        contended=contended,
    )
    before = Base(kind=kind, label="", measurements=tuple(base))
    comparisons = compare.sequential(run, before, rules) if base else ()
    return Report(
        version="0.1.0",
        run=run,
        comparisons=comparisons,
        verdicts=judge.judge(run.measurements, comparisons, (*rules, *facts.rules(rules, measurements, comparisons))),
        bases=(_said(kind) if base else "no baseline for this machine yet: `edgetpu-ci baseline accept` makes one",),
        trend=tuple(_trend(m) for m in measurements if m.metric == "throughput_sustained_fps" and m.value),
    )


def _said(kind: BaseKind) -> str:
    if kind == "baseline":
        return "baseline accepted by Ada Lovelace on 2026-02-20 from report 20260220T101112Z-89abcdef"
    return "previous run of 2026-03-03 16:20 UTC, not a baseline"


def _trend(now: Measurement) -> Trend:
    value = now.value or 0.0
    earlier = (value * factor for factor in (1.12, 1.121, 1.118, 1.12, 1.09, 1.119, 1.12))
    return Trend(subject=now.subject, metric=now.metric, values=(*earlier, value))


def regressed() -> Report:
    """One model slower with two operators fallen back to the CPU, one faster, one as it was."""
    now = {**SPEEDS, "mobilenet_v2": 2.93, "efficientdet0": 10.6}
    on_cpu = {"mobilenet_v2": 2}
    measured = [m for name, ms in now.items() for m in model(name, ms, seed=2, on_cpu=on_cpu.get(name, 0))]
    return report(measured, models(), rules=(*RULES, Rule(match="efficientdet0/latency_p99_ms", target=12)))


def fell_back() -> Report:
    """A pull request after which an operator, and all that follows it, runs on the CPU; its base ran beside it."""
    speeds = {"deeplab_edgetpu": (21.4, 28.9), "mobilenet_v2_edgetpu": (2.62, 2.62)}
    on_cpu = {
        "deeplab_edgetpu": ({"RESIZE_BILINEAR": 2, "ARG_MAX": 1}, {"RESIZE_BILINEAR": 3, "ARG_MAX": 1, "ADD": 1}),
        "mobilenet_v2_edgetpu": ({}, {}),
    }
    base, head = (
        [m for name in speeds for m in _compiled(name, speeds[name][side], on_cpu[name][side], seed=side + 1)]
        for side in (0, 1)
    )
    rules = (Rule(match="*/throughput_sustained_fps", worse_by_percent=1, unknown="warn"),)
    return _measured_beside(head, base, rules, {name: 10 if "mobilenet" in name else 20 for name in speeds})


def _compiled(subject: str, ms: float, left: dict[str, int], seed: int) -> list[Measurement]:
    """What is measured of a model on an Edge TPU that leaves some operators on the CPU."""
    count = sum(left.values())
    rounds = 10 if "mobilenet" in subject else 20
    tables = (
        ("ops_on_tpu", 70 - count),
        ("tpu_segments", 1),
        ("cached_parameter_bytes", 766_720 - 320 * count),
        ("streamed_parameter_bytes", 0),
        ("dma_bytes", 1_068_552 if count < 5 else 1_327_104),
        ("minimum_runtime", 12),
        ("macs_on_tpu_millions", 718.9 - count),
    )
    details = tuple((name, str(n)) for name, n in left.items())
    measured = model(subject, ms, seed=seed, rounds=rounds)
    return [
        *(
            replace(m, device="usb 5000 Mbit/s port 2-1 · std" if m.device else "")
            for m in measured
            if m.metric not in _CPU
        ),
        Measurement(subject=subject, metric="ops_on_cpu", value=count, details=details),
        *(Measurement(subject=subject, metric=metric, value=value) for metric, value in tables),
    ]


_CPU = {"ops_on_cpu", "macs_millions", "ops"}


def all_clear() -> Report:
    """Nothing changed."""
    return report(models(yolo_nano=7.93), models())


def first_run() -> Report:
    """There is nothing to compare with yet."""
    return replace(report(models()), trend=())


def previous_run() -> Report:
    """Slower than the previous run, which nobody accepted as a baseline."""
    return report(models(mobilenet_v2=2.93), models(), kind="previous run")


def crashed() -> Report:
    """One model crashes; too few samples of another for its 99th percentile."""
    broken = [without(m, CRASH) if m.device else m for m in model("yolo_nano", 7.93)]
    whole = model("mobilenet_v2", 2.62, seed=2)
    needs = "needs 662 samples, has 500"
    few = [without(m, needs, failed=False) if m.metric == "latency_p99_ms" else m for m in whole]
    rules = [RULES[0], *RULES[2:]]
    return report([*few, *broken], models(), rules=rules)


def invalid() -> Report:
    """The device of one model left the bus: by what was measured before, it would be slower."""
    why = "USB transfer error 2 [LibUsbDataOutCallback]: the USB link broke; try another port and cable"
    rate = Measurement(
        subject="yolo_nano",
        metric="failures_per_million",
        value=4831,
        interval=(0, 14_960),
        n=414,
        failed=True,
        reason=f"invalid: 2 × {why}",
        device="cpu · 1 thread",
        details=(("2 ×", why),),
    )
    return report([*model("mobilenet_v2", 2.62, seed=2), *model("yolo_nano", 9.5), rate], models())


def answering_wrongly() -> Report:
    """A compiled model whose output is the same for every input."""
    stuck = Measurement(
        subject="yolo_nano", metric="outputs_stuck", value=1, n=8, details=(("scores", "is the same for every input"),)
    )
    agreement = Measurement(subject="yolo_nano", metric="top1_agreement_percent", value=12.5, n=8)
    was = replace(agreement, value=100)
    measured = [*model("yolo_nano", 4.0), agreement, stuck]
    return report(measured, [*models(), was], rules=[*RULES, *answers.rules(RULES, measured)])


def nothing_measured() -> Report:
    """No model gave a value."""
    reason = "no TFLite runtime is installed; install `edgetpu-ci[litert]`"
    return report([without(m, reason) for m in models() if m.device])


def contended() -> Report:
    """Other work disturbed the host, so that a change cannot be told."""
    said = "waited for a CPU 8 % of the time; other processes used 55 % of the CPUs"
    return report(models(mobilenet_v2=2.83), models(), contended=said)


def hostile(text: str = HOSTILE) -> Report:
    """Every string of the outside is `text`."""
    measured = [replace(m, subject=text, device=text, details=((text, text),)) for m in model("m", 2.9, seed=2)]
    measured.append(Measurement(subject=text, metric=text, value=1.0))
    measured.append(Measurement(subject="n", metric=text, reason=text, failed=True))
    before = [replace(m, subject=text, device=text) for m in model("m", 2.6)]
    whole = report(measured, before, contended=text)
    names = ("key", "host", "cpu", "arch", "kernel", "os", "governor", "hypervisor", "python")
    run = replace(
        whole.run,
        machine=replace(MACHINE, **dict.fromkeys(names, text)),
        commit=text,
        branch=text,
        url=text,
        notes=(text,),
    )
    verdicts = tuple(
        replace(v, because=text, demand=text, owner=text, runbook=text, status="failed") for v in whole.verdicts
    )
    comparisons = tuple(replace(c, because=text) for c in whole.comparisons)
    trend = (Trend(subject=text, metric=text, values=(1.0, 2.0)),)
    point = Point(at=AT, value=1.0, commit=text, report=text, url=text)
    shift = Shift(tier="confirmed", finding="regressed", before=2.0, after=1.0, good=point, bad=point, runs=9)
    history = (History(subject=text, metric=text, runs=20, shifts=(shift,)),)
    said = replace(whole, version=text, run=run, verdicts=verdicts, comparisons=comparisons, bases=(text,), trend=trend)
    return replace(said, history=history)


def drifted() -> Report:
    """On main: one model slower for a week, one perhaps, one faster."""
    watch = Rule(match="*/throughput_sustained_fps", no_change_point=True, severity="warn")
    found = (
        _history("mobilenet_v2", _shift("confirmed", 381.7, 369.9)),
        _history("efficientdet0", _shift("confirmed", 81.3, 87.7)),
        _history("yolo_nano", _shift("suspected", 128.4, 126.1)),
    )
    whole = report(models())
    run = replace(whole.run, pull_request=None, branch="main")
    verdicts = judge.judge(run.measurements, (), (watch,), history=found)
    return replace(whole, run=run, verdicts=verdicts, history=found)


def _history(subject: str, *shifts: Shift) -> History:
    return History(subject=subject, metric="throughput_sustained_fps", runs=90, shifts=shifts)


def _shift(tier: Tier, before: float, after: float) -> Shift:
    good = Point(at=AT - timedelta(days=7), value=before, commit="1a2b3c4" + "0" * 33, report="r1")
    bad = Point(at=AT - timedelta(days=6), value=after, commit="9f8e7d6" + "0" * 33, report="r2")
    finding: Literal["regressed", "improved"] = "regressed" if after < before else "improved"
    return Shift(tier=tier, finding=finding, before=before, after=after, good=good, bad=bad, runs=9, commits=4)


def many(count: int = 40) -> Report:
    """More models than one screen holds, every fourth of them slower."""
    speeds = {f"detector_{n:02}": 2 + n % 40 / 7 for n in range(count)}
    before = [m for name, ms in speeds.items() for m in model(name, ms)]
    slower = {name: ms * (1.2 if n % 4 == 0 else 1) for n, (name, ms) in enumerate(speeds.items())}
    now = [m for name, ms in slower.items() for m in model(name, ms, seed=2)]
    return report(now, before)


def without(measurement: Measurement, reason: str, *, failed: bool = True) -> Measurement:
    """The same measurement, which could not be made."""
    return replace(measurement, value=None, reason=reason, failed=failed, interval=None, slots=(), n=0)


def in_pairs() -> Report:
    """Base and head in the same rounds: slower, faster, unchanged, and not enough to decide."""
    effects: tuple[tuple[str, float, int, Finding], ...] = (
        ("mobilenet_v2", 1.032, 20, "regressed"),
        ("efficientdet0", 0.951, 20, "improved"),
        ("yolo_nano", 1.001, 10, "unchanged"),
        ("deeplab_v3", 1.013, 30, "inconclusive"),
    )
    whole = report(models(mobilenet_v2=2.70), rules=())
    return replace(whole, comparisons=tuple(_paired(*effect) for effect in effects))


def beside() -> Report:
    """A pull request whose base was measured in turns with it: slower, faster, undecided, unchanged and new."""
    speeds = {
        "mobilenet_v2": (2.62, 2.72),
        "efficientdet0": (11.4, 10.9),
        "yolo_nano": (7.93, 7.93),
        "fast": (0.9, 0.908),
    }
    noise = {"fast": 0.02}
    rules = (Rule(match="*/throughput_sustained_fps", worse_by_percent=1, unknown="warn"), *RULES[2:])
    rounds = {name: 20 if name == "yolo_nano" else 30 for name in speeds}
    head = [
        m
        for name, (_, ms) in speeds.items()
        for m in model(name, ms, seed=2, rounds=rounds[name], noise=noise.get(name, 0.006))
    ]
    before = [
        m
        for name, (ms, _) in speeds.items()
        for m in model(name, ms, rounds=rounds[name], noise=noise.get(name, 0.006))
    ]
    without = {"deeplab_v3": judge.NEW}
    return _measured_beside([*head, *model("deeplab_v3", 31.2)], before, rules, rounds, without)


def _measured_beside(
    head: Sequence[Measurement],
    before: Sequence[Measurement],
    rules: Sequence[Rule],
    rounds: dict[str, int],
    without: Mapping[str, str] = MappingProxyType({}),
) -> Report:
    """The report of a run whose base was measured in so many rounds beside it."""
    base = Base(
        kind="base commit",
        label="merge base with main (9f8e7d6)",
        measurements=tuple(before),
        rounds={n: Rounds(orders=("AB", "BA") * (count // 2), disturbed=("",) * count) for n, count in rounds.items()},
        without=dict(without),
    )
    measured = derive.of(head)
    whole = report(measured, rules=rules)
    family = interleaved.demanded([m.key for m in measured if m.subject in rounds], rules)
    found = interleaved.compare_rounds(measured, base, rules, family)
    demanded = (*rules, *facts.rules(rules, measured, found.comparisons))
    verdicts = judge.judge(measured, found.comparisons, demanded, without=base.without)
    run = replace(whole.run, notes=found.notes)
    return replace(whole, run=run, comparisons=found.comparisons, verdicts=verdicts, bases=(base.label,))


def _paired(subject: str, ratio: float, rounds: int, finding: Finding) -> Comparison:
    noise = random.Random(subject)  # noqa: S311 - noise, not a secret
    spread = 0.02 if finding == "inconclusive" else 0.004
    host = [SPEEDS.get(subject, 31.2) * (1 + abs(noise.gauss(0, 0.01))) for _ in range(rounds)]
    pairs = tuple((base, base * ratio * (1 + noise.gauss(0, spread))) for base in host)
    return Comparison(
        subject=subject,
        metric="latency_p10_ms",
        base=median(base for base, _ in pairs),
        head=median(head for _, head in pairs),
        finding=finding,
        ratio=ratio,
        interval=(ratio * (1 - spread), ratio * (1 + spread)),
        p_adjusted=0.0004 if finding in {"regressed", "improved"} else 0.31,
        rounds=rounds,
        rounds_needed=64 if finding == "inconclusive" else None,
        dropped=2 if finding == "improved" else 0,
        pairs=pairs,
        min_effect=0.01,
        against="base commit",
    )


def whole() -> Report:
    """Everything that a report may hold: rounds in pairs, a runner out of gating, history, trend."""
    runner = Runner(tests=3, at=AT, floor=0.032, allowed=0.01, quarantine="noisy runner (floor 3.2 %, allowed 1 %)")
    before = beside()
    return replace(
        before, runner=runner, history=drifted().history, comparisons=before.comparisons + in_pairs().comparisons
    )


_EXTREMES = (1e308, -1e308, 1e200, 5e-324, -1.0, 1.0, 0.0)
_COUNTS = (2**63 - 1, -(2**63), -1, 1, 0)


def with_numbers(draw: random.Random) -> Report:
    """A report as a stranger may write it: all its numbers are of the kind that breaks arithmetic."""
    written = _drawn(msgspec.to_builtins(whole()), draw)
    written["schema"] = SCHEMA
    written["runner"]["floor"] = draw.choice((0.0, 0.03, 1e9))
    return codec.decode_json(codec.encode_json(written), Report, "a report")


def _drawn(value: Any, draw: random.Random) -> Any:
    if isinstance(value, dict):
        return {name: _drawn(inner, draw) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_drawn(inner, draw) for inner in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return draw.choice(_COUNTS if isinstance(value, int) else _EXTREMES)
