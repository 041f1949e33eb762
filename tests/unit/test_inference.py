"""What the collector makes of the worker's answers, with a worker that is only a function."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import codec, reference
from edgetpu_ci.collect import inference
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.loads import failures, model_slot, slot
from edgetpu_ci.loads.beside import Beside
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.world import Ran, World
from tests.fakes import world as fake

MODEL = reference.build(32, 0.1)
USB = b"F driver/usb/usb_driver.cc:857] failed. Deadline exceeded: USB transfer error 2 [LibUsbDataOutCallback]\n"
USB_SAID = (
    "USB transfer error 2 [LibUsbDataOutCallback]: the USB link broke; try another port and cable, or a hub with its "
    "own power"
)
HIB = b"E driver/mmio_driver.cc:254] HIB Error. hib_error_status = 0000000000002200, hib_first_error_status = 00\n"


class Worker:
    """Answers requests; takes `seconds` of the world's time for each."""

    def __init__(self, answer: Callable[[dict[str, Any]], dict[str, Any] | Ran], seconds: float = 1) -> None:
        self.answer, self.seconds = answer, seconds
        self.requests: list[dict[str, Any]] = []
        self.argv: Sequence[str] = ()
        self.time = fake.AT

    def run(self, argv: Sequence[str], stdin: bytes, _timeout: float) -> Ran:
        self.argv = argv
        self.time += timedelta(seconds=self.seconds)
        self.requests.append(json.loads(stdin))
        answer = self.answer(self.requests[-1])
        return answer if isinstance(answer, Ran) else Ran(status=0, stdout=json.dumps(answer).encode(), stderr=b"")

    def now(self) -> datetime:
        return self.time

    def models(self) -> list[str]:
        return [Path(request["model"]).stem for request in self.requests]


def steady(request: dict[str, Any]) -> dict[str, Any]:
    """As many invokes as asked for, of 1 ms each, and one of 3 ms in ten that waited for 2 of them."""
    count = request["count"]
    late = [number % 10 == 9 for number in range(count)]
    return {
        "runtime": "ai_edge_litert",
        "version": "2.3.0",
        "python": "3.9.18",
        "numpy": "1.26.4",
        "wall_ns": [3_000_000 if is_late else 1_000_000 for is_late in late],
        "cpu_ns": [900_000] * count,
        "wait_ns": [2_000_000 if is_late else 0 for is_late in late],
        "attempted": count,
        "spent_ns": sum(3_000_000 if is_late else 1_000_000 for is_late in late),
        "failures": {},
        "load_ns": 5_000_000,
        "first_ns": 7_000_000,
        "memory_bytes": 50_000_000,
        "cpu_seconds": 0.5,
    }


def without(request: dict[str, Any], *lost: str) -> dict[str, Any]:
    return {name: value for name, value in steady(request).items() if name not in lost}


def failing(kind: str, text: str = "") -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda _request: {"kind": kind, "text": text, "runtime": "tflite_runtime", "version": "2.14.0"}


def ending(status: int | None, stdout: bytes = b"", stderr: bytes = b"") -> Callable[[dict[str, Any]], Ran]:
    return lambda _request: Ran(status=status, stdout=stdout, stderr=stderr)


def collect(folder: Path, worker: Worker, *names: str, **options: Any) -> Collected:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(MODEL)
    wanted = codec.convert({"models": list(names), **options}, inference.Options, "collect[0].with")
    return inference.collect(wanted, world(folder, worker))


def world(folder: Path, worker: Worker, **parts: object) -> World:
    known = {"run": worker.run, "now": worker.now, "sleep": lambda _seconds: None}
    return fake.world(folder, **(known | parts))


def of(collected: Collected, metric: str, subject: str = "m") -> Measurement:
    return next(m for m in collected.measurements if (m.subject, m.metric) == (subject, metric))


def test_a_model_is_measured_in_fresh_processes(tmp_path: Path) -> None:
    worker = Worker(steady)
    collected = collect(tmp_path, worker, "m.tflite")
    assert len(worker.requests) == 10
    p10 = of(collected, "latency_p10_ms")
    assert (p10.value, p10.slots, p10.n) == (1.0, (1.0,) * 10, 662)
    assert p10.interval == (1.0, 1.0)
    assert p10.device == "cpu · ai-edge-litert 2.3.0 · 1 thread"
    assert p10.details == (("python", "3.9.18"), ("numpy", "1.26.4"))


def test_each_metric_has_its_meaning(tmp_path: Path) -> None:
    collected = collect(tmp_path, Worker(steady), "m.tflite")
    values = {m.metric: m.value for m in collected.measurements}
    late = 60
    assert values == {
        "latency_p10_ms": 1.0,
        "latency_p50_ms": 1.0,
        "latency_p90_ms": 1.0,
        "latency_p95_ms": 3.0,
        "latency_p99_ms": 3.0,
        "throughput_fps": pytest.approx(662 / (0.662 + late * 0.002), rel=1e-5),
        "throughput_sustained_fps": 1000.0,
        "first_inference_ms": 7.0,
        "model_load_ms": 5.0,
        "cpu_time_p10_ms": 0.9,
        "run_queue_wait_percent": pytest.approx(100 * late * 2 / (662 + late * 2), rel=1e-5),
        "error_rate_percent": 0.0,
        "memory_peak_mb": 50.0,
    }


def test_by_default_there_are_as_many_samples_as_p99_needs(tmp_path: Path) -> None:
    for rounds in (1, 3, 10):
        p99 = of(collect(tmp_path, Worker(steady), "m.tflite", rounds=rounds), "latency_p99_ms")
        assert p99.value == 3.0
        assert p99.n >= 662


def test_as_many_inferences_are_made_as_are_asked_for(tmp_path: Path) -> None:
    for count, most in ((50_000, 50_000), (5, model_slot.MOST_INVOKES)):
        worker = Worker(lambda _request: steady({"count": 5}))
        collect(tmp_path, worker, "m.tflite", rounds=1, count=count)
        assert (worker.requests[0]["count"], worker.requests[0]["most"]) == (count, most)


def test_a_slot_cut_short_is_made_up_for(tmp_path: Path) -> None:
    worker = Worker(lambda request: steady({"count": 1 if len(worker.requests) == 1 else request["count"]}))
    assert of(collect(tmp_path, worker, "m.tflite"), "latency_p99_ms").n >= 662
    assert worker.requests[0]["count"] < worker.requests[1]["count"]


def test_a_percentile_without_the_samples_it_needs_is_not_printed(tmp_path: Path) -> None:
    collected = collect(tmp_path, Worker(steady), "m.tflite", count=20)
    assert of(collected, "latency_p95_ms").value == 3.0
    p99 = of(collected, "latency_p99_ms")
    assert (p99.value, p99.interval, p99.n) == (None, None, 200)
    assert p99.reason == "p99 needs 662 samples, has 200; raise `count` or `rounds`, or the budget"


def test_a_handful_of_samples_gives_no_percentile_but_a_throughput(tmp_path: Path) -> None:
    collected = collect(tmp_path, Worker(steady), "m.tflite", count=1, rounds=5)
    missing = {m.metric for m in collected.measurements if m.value is None}
    assert missing == {m.metric for m in collected.measurements if re.search(r"_p\d", m.metric)}
    assert of(collected, "throughput_sustained_fps").slots == (1000.0,) * 5


def test_rounds_are_outside_models_inside_and_take_turns(tmp_path: Path) -> None:
    worker = Worker(steady)
    collect(tmp_path, worker, "a.tflite", "b.tflite", "c.tflite", rounds=3)
    assert worker.models() == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]


def test_progress_is_told_after_each_slot_up_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    (tmp_path / "good.tflite").write_bytes(MODEL)
    (tmp_path / "bad.tflite").write_bytes(b"")
    options = inference.Options(models=("*.tflite",), rounds=2)
    inference.collect(options, world(tmp_path, Worker(steady), progress=lambda *said: told.append(said)))
    assert [done for _, done, _ in told] == [1, 2, 3, 4]
    assert {total for _, _, total in told} == {4}


def test_the_budget_ends_a_slow_model_and_says_so(tmp_path: Path) -> None:
    worker = Worker(lambda _request: steady({"count": 2}), seconds=20)
    collected = collect(tmp_path, worker, "m.tflite", budget_seconds=60)
    assert len(worker.requests) == 3
    assert collected.notes == ("m: 3 of 10 rounds fitted into its 60 s.",)
    assert of(collected, "throughput_sustained_fps").value == 1000.0


def test_what_is_left_of_the_budget_is_shared_by_the_rounds_left(tmp_path: Path) -> None:
    worker = Worker(steady, seconds=5)
    collect(tmp_path, worker, "m.tflite", budget_seconds=30, rounds=3)
    limits = [request["limit_seconds"] + request["warmup_limit_seconds"] for request in worker.requests]
    assert limits == pytest.approx([10, 12.5, 20])


def test_errors_are_counted_over_attempts_and_told(tmp_path: Path) -> None:
    failures = {"RuntimeError": {"count": 3, "text": "failed to invoke."}}
    worker = Worker(lambda request: steady(request) | {"attempted": request["count"] + 3, "failures": failures})
    errors = of(collect(tmp_path, worker, "m.tflite", rounds=1, count=97), "error_rate_percent")
    assert (errors.value, errors.n) == (3.0, 100)
    assert ("RuntimeError", "3 × failed to invoke.") in errors.details


def test_a_kernel_that_does_not_tell_the_wait_leaves_it_unknown(tmp_path: Path) -> None:
    collected = collect(tmp_path, Worker(lambda request: without(request, "wait_ns", "memory_bytes")), "m.tflite")
    for metric in ("run_queue_wait_percent", "memory_peak_mb"):
        assert (of(collected, metric).value, of(collected, metric).reason) == (None, "this system does not tell")
    assert of(collected, "latency_p10_ms").value == 1.0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (failing("no_runtime", "No module named 'x'"), "-m pip install ai-edge-litert"),
        (failing("old_numpy", "SystemError"), "tflite-runtime 2.14.0 does not work with numpy 2; install an older one"),
        (failing("old_python", "3.6.15"), "is Python 3.6.15, older than 3.7"),
        (failing("no_delegate", "unresolved"), "the Edge TPU delegate did not take the model's operators: unresolved"),
        (
            failing("no_library", "no such file"),
            "compiled for the Edge TPU runs, cannot be loaded (no such file)",
        ),
        (failing("load_failed", "Could not open."), "the runtime cannot read the model: Could not open"),
        (failing("invoke_failed", "a\nb"), "every inference failed: a b; if random input is the cause"),
        (failing("bad_input", "x.npy holds int8"), "the input does not fit: x.npy holds int8"),
        (ending(0), "gave no answer (status 0, it said: nothing); is it Python 3.7 or newer?"),
        (ending(0, stdout=b'{"wall_ns": "many"}'), "gave no answer"),
        (ending(0, stdout=b'{"runtime": "x", "wall_ns": [], "attempted": 0}'), "gave no answer"),
        (ending(1, stderr=b"Traceback\n  File\nKeyError: 'x'\n"), "it said: KeyError: 'x'"),
        (ending(127, stderr=b"python9: not found\nTry another\n"), "it said: python9: not found"),
        (ending(1, stderr=b"    f'{x}'\nSyntaxError: invalid syntax"), "older than 3.7"),
    ],
)
def test_a_failed_slot_is_a_reason_and_the_next_model_goes_on(
    tmp_path: Path, answer: Callable[[dict[str, Any]], Any], said: str
) -> None:
    worker = Worker(lambda request: answer(request) if "bad" in request["model"] else steady(request))
    collected = collect(tmp_path, worker, "bad.tflite", "m.tflite", rounds=2)
    assert worker.models() == ["bad", "m", "m"]
    bad = [m for m in collected.measurements if m.subject == "bad"]
    good = [m for m in collected.measurements if m.subject == "m"]
    assert [m.metric for m in bad] == [m.metric for m in good]
    assert {m.value for m in bad} == {None}
    (reason,) = {m.reason for m in bad}
    assert said in reason
    assert "\n" not in reason
    assert all(m.value is not None for m in good)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ending(-11), "crashed with SIGSEGV; `edgetpu-ci doctor` tries the runtime without the model"),
        (ending(-4), "crashed with SIGILL; the runtime was built for another kind of CPU"),
        (ending(-7), "crashed with SIGBUS; a file it had mapped shrank, or a device left the bus"),
        (ending(-6), "crashed with SIGABRT"),
        (ending(-6, stderr=b"x\nterminate called\n"), "crashed with SIGABRT (terminate called)"),
        (ending(-6, stderr=USB), "USB transfer error 2 [LibUsbDataOutCallback]: the USB link broke; try another port"),
        (ending(-9), "crashed with SIGKILL; the kernel does this when memory runs out: see `dmesg`"),
        (ending(-64), "crashed with SIGRTMAX"),
        (ending(None), "hung: no answer within 120 s; raise `timeout_seconds`, or plug the Edge TPU in again"),
        (ending(None, stderr=HIB), "HIB error 0000000000002200: the PCIe link broke; see `dmesg`, cool and reseat"),
        (failing("no_device", "Failed to load delegate"), "the Edge TPU could not be opened (Failed to load delegate)"),
        (failing("invoke_failed", "Failed. Edge TPU is not ready.Node"), "Edge TPU is not ready: the device is gone;"),
    ],
)
def test_a_fault_is_tried_again_and_then_a_reason(
    tmp_path: Path, answer: Callable[[dict[str, Any]], Any], said: str
) -> None:
    worker = Worker(lambda request: answer(request) if "bad" in request["model"] else steady(request))
    collected = collect(tmp_path, worker, "bad.tflite", "m.tflite")
    assert (worker.models().count("bad"), worker.models().count("m")) == (failures.MOST, 10)
    (reason,) = {m.reason for m in collected.measurements if m.subject == "bad"}
    assert f"{failures.MOST} × {said}" in reason
    assert all(m.value is not None for m in collected.measurements if m.subject == "m")


def test_what_was_measured_before_a_fault_stays_and_the_run_is_invalid(tmp_path: Path) -> None:
    aborts = ending(-6, stderr=USB)
    worker = Worker(lambda request: aborts(request) if len(worker.requests) == 3 else steady(request))
    collected = collect(tmp_path, worker, "m.tflite")
    assert len(worker.requests) == 10
    assert len(of(collected, "latency_p10_ms").slots) == 9
    rate = of(collected, "failures_per_million")
    assert rate.failed
    assert rate.reason.startswith("invalid: USB transfer error 2 [LibUsbDataOutCallback]: the USB link broke;")
    assert rate.n == of(collected, "latency_p10_ms").n + 1
    assert rate.value == pytest.approx(1e6 / rate.n, rel=1e-5)
    assert collected.notes == ()


def test_what_was_measured_before_no_other_try_would_help_stays_and_is_marked(tmp_path: Path) -> None:
    lost = failing("load_failed", "Could not open the file")
    worker = Worker(lambda request: lost(request) if len(worker.requests) == 6 else steady(request))
    collected = collect(tmp_path, worker, "m.tflite")
    assert len(worker.requests) == 6
    assert len(of(collected, "latency_p10_ms").slots) == 5
    rate = of(collected, "failures_per_million")
    assert (rate.value, rate.failed) == (0, True)
    assert rate.reason == "invalid: the runtime cannot read the model: Could not open the file"


def test_the_device_gets_time_to_come_back_and_that_is_told(tmp_path: Path) -> None:
    slept: list[float] = []
    worker = Worker(lambda request: ending(-6)(request) if len(worker.requests) in (1, 2) else steady(request))

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        worker.time += timedelta(seconds=seconds)

    (tmp_path / "m.tflite").write_bytes(MODEL)
    options = inference.Options(models=("m.tflite",))
    collected = inference.collect(options, world(tmp_path, worker, sleep=sleep))
    assert slept == [1, 2]
    recovery = of(collected, "recovery_ms")
    # Two seconds of the second pause, then loading and the first inference.
    assert recovery.value == pytest.approx(2012)
    assert recovery.n == 1


def test_failures_are_counted_of_what_ran_on_an_edge_tpu_and_their_rate_is_bounded(tmp_path: Path) -> None:
    tpu = {"library": "libedgetpu.so.1", "adapted": True}
    collected = collect(tmp_path, Worker(lambda request: steady(request) | {"edgetpu": tpu}), "m.tflite")
    rate = of(collected, "failures_per_million")
    assert (rate.value, rate.n, rate.failed) == (0, 662, False)
    assert rate.interval
    assert rate.interval[0] == 0
    assert rate.interval[1] == pytest.approx(3e6 / 662, rel=0.01)
    assert "recovery_ms" not in {m.metric for m in collected.measurements}


ABORT = ending(-6, stderr=USB), f"3 × {USB_SAID}"
LOST = failing("load_failed", "Could not open the file"), "the runtime cannot read the model: Could not open the file"


@pytest.mark.parametrize(("broken", "rounds"), [("python-head", 5), ("python-base", 0)])
@pytest.mark.parametrize(("ends", "why"), [ABORT, LOST])
def test_beside_a_base_the_rounds_before_a_side_broke_for_good_are_kept(
    tmp_path: Path, broken: str, rounds: int, ends: Callable[[dict[str, Any]], dict[str, Any] | Ran], why: str
) -> None:
    good = 0

    def answer(request: dict[str, Any]) -> dict[str, Any] | Ran:
        nonlocal good
        if request["task"] == "outputs":
            return {"examples": 8}
        good += worker.argv[0] == broken
        return ends(request) if worker.argv[0] == broken and good > 5 else steady(request)

    worker = Worker(answer)
    (tmp_path / "m.tflite").write_bytes(MODEL)
    options = inference.Options(models=("m.tflite",), python="python-head", base_python="python-base")
    known = Beside(file=lambda file: file, folder=lambda: tmp_path, standing=lambda _: {}, left=lambda: 0.0)
    collected = inference.collect_beside(options, known, world(tmp_path, worker))
    if broken == "python-base":
        assert collected.without == {"m": f"its base cannot be measured: {why.removeprefix('3 × ')}"}
        assert len(of(collected, "latency_p10_ms").slots) == 10
    else:
        assert len(collected.rounds["m"].orders) == len(of(collected, "latency_p10_ms").slots) == rounds
        assert of(collected, "failures_per_million").reason == f"invalid: {why}"
    assert codec.encode_json(collected.measurements)


def test_a_slot_that_gave_up_keeps_what_it_has(tmp_path: Path) -> None:
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        failed = {"RuntimeError": {"count": 10, "text": "Failed to execute request. Edge TPU is not ready.Node"}}
        gone = {"attempted": request["count"] + 10, "failures": failed, "gave_up": True}
        return steady(request) | (gone if len(worker.requests) == 2 else {"recovered_ns": [5_000_000]})

    worker = Worker(answer)
    collected = collect(tmp_path, worker, "m.tflite")
    assert len(of(collected, "latency_p10_ms").slots) == 10
    rate = of(collected, "failures_per_million")
    assert rate.reason == "invalid: Edge TPU is not ready: the device is gone; see `dmesg`, and plug it in again"
    assert rate.value == pytest.approx(1e6 * 10 / 672, rel=1e-5)
    assert rate.n == 672
    assert of(collected, "recovery_ms").value == 5


def test_an_interpreter_that_is_not_there_is_a_reason(tmp_path: Path) -> None:
    def absent(_request: dict[str, Any]) -> dict[str, Any]:
        raise FileNotFoundError(2, "No such file or directory")

    reason = of(collect(tmp_path, Worker(absent), "m.tflite", python="py/python9"), "latency_p50_ms").reason
    cause = "cannot be started (No such file or directory)"
    assert reason == f"{tmp_path}/py/python9 {cause}; name an interpreter with `python:`"


def test_an_interpreter_is_found_on_the_path_or_below_the_folder(tmp_path: Path) -> None:
    for python, program in (("python3.9", "python3.9"), (".venv/bin/python", f"{tmp_path}/.venv/bin/python")):
        worker = Worker(steady)
        collect(tmp_path, worker, "m.tflite", python=python, rounds=1)
        assert worker.argv[0] == program


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS"),
        (b"\x00" * 100, "not a TFLite model"),
        (MODEL[: len(MODEL) // 2], "truncated or damaged"),
    ],
)
def test_a_file_that_is_no_model_costs_no_process(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "bad.tflite").write_bytes(content)
    worker = Worker(steady)
    collected = inference.collect(inference.Options(models=("bad.tflite",)), world(tmp_path, worker))
    assert worker.requests == []
    assert all("bad.tflite" in m.reason and said in m.reason for m in collected.measurements)


def test_no_matching_model_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none/\*\.tflite"):
        inference.collect(inference.Options(models=("none/*.tflite",)), world(tmp_path, Worker(steady)))


def test_two_models_of_one_name_are_told_apart(tmp_path: Path) -> None:
    collected = collect(tmp_path, Worker(steady), "a/m.tflite", "b/m.tflite", rounds=1)
    assert {m.subject for m in collected.measurements} == {"a/m", "b/m"}


@pytest.mark.parametrize(
    "wrong", [{"threads": 0}, {"rounds": 0}, {"runtime": "tensorflow"}, {"seconds": -1}, {"tread": 2}, {"seed": -1}]
)
def test_an_option_that_makes_no_sense_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        collect(tmp_path, Worker(steady), "m.tflite", **wrong)


def test_input_files_are_named_from_the_folder(tmp_path: Path) -> None:
    worker = Worker(steady)
    (tmp_path / "data").mkdir()
    for name in ("data/x.npy", "x.npy", "y.npy"):
        (tmp_path / name).touch()
    collect(tmp_path, worker, "m.tflite", input="data/x.npy", rounds=1)
    assert worker.requests[0]["inputs"] == [str(tmp_path / "data/x.npy")]
    collect(tmp_path, worker, "m.tflite", input=["x.npy", "y.npy"], rounds=1)
    assert worker.requests[1]["inputs"] == [str(tmp_path / "x.npy"), str(tmp_path / "y.npy")]


@pytest.mark.parametrize("wrong", [{"input": "x.npy"}, {"input": ["x.npy"]}, {"examples": "x.npy", "labels": "y.npy"}])
def test_an_input_that_is_not_there_is_said_before_anything_is_measured(tmp_path: Path, wrong: dict[str, Any]) -> None:
    worker = Worker(steady)
    with pytest.raises(ConfigError, match=r"There is no file x\.npy, which `inference` is to read"):
        collect(tmp_path, worker, "m.tflite", **wrong)
    assert worker.requests == []


def test_raw_samples_are_kept_by_slot(tmp_path: Path) -> None:
    collected = collect(tmp_path, Worker(steady), "m.tflite", rounds=2, count=5)
    assert collected.samples["m/latency_ns/2"] == [1_000_000.0] * 5
    assert sorted(collected.samples) == [f"m/{name}_ns/{n}" for name in ("cpu", "latency", "wait") for n in (1, 2)]


def test_a_report_of_two_dozen_metrics_stays_small(tmp_path: Path) -> None:
    import gzip

    def noisy(request: dict[str, Any]) -> dict[str, Any]:
        scale = 1 + len(worker.requests) / 7
        return steady(request) | {"wall_ns": [int(n * scale) for n in steady(request)["wall_ns"]]}

    worker = Worker(noisy)
    collected = collect(tmp_path, worker, "a.tflite", "b.tflite", rounds=30)
    assert len(collected.measurements) >= 24
    assert len(gzip.compress(codec.encode_json(collected.measurements))) < 50_000


class Host:
    """A /proc whose clocks go on while the worker runs: CPU seconds by kind, of two CPUs, for each slot."""

    def __init__(self, folder: Path, **seconds: float) -> None:
        self.folder, self.seconds, self.slots = folder, seconds, 0
        (folder / "root/proc/pressure").mkdir(parents=True)
        self.write()

    def write(self) -> None:
        kinds = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice")
        ticks = [str(int(100 * self.slots * self.seconds.get(kind, 0))) for kind in kinds]
        (self.folder / "root/proc/stat").write_text(f"cpu  {' '.join(ticks)}\ncpu0 1 2 3\n")
        total = int(1e6 * self.slots * self.seconds.get("pressure", 0))
        line = f"some avg10=0.00 avg60=0.00 avg300=0.00 total={total}\n"
        (self.folder / "root/proc/pressure/cpu").write_text(line)

    def working(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> Worker:
        def run(request: dict[str, Any]) -> dict[str, Any]:
            self.slots += 1
            self.write()
            return answer(request)

        return Worker(run)


def quiet(request: dict[str, Any]) -> dict[str, Any]:
    return steady(request) | {"wait_ns": [0] * request["count"], "cpu_seconds": 1.0}


def test_a_quiet_host_is_not_called_contended(tmp_path: Path) -> None:
    host = Host(tmp_path, user=1.05, idle=0.95, pressure=0.01)
    assert collect(tmp_path, host.working(quiet), "m.tflite").contended == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ({"user": 1.7, "system": 0.3}, "other processes used 50% of the CPUs"),
        ({"user": 1.0, "idle": 0.9, "steal": 0.1}, "5% was stolen by the hypervisor"),
        (
            {"user": 1.7, "idle": 0.2, "steal": 0.1, "guest": 1.0},
            "other processes used 35% of the CPUs; 5% was stolen by the hypervisor",
        ),
    ],
)
def test_a_contended_host_is_told_in_words(tmp_path: Path, seconds: dict[str, float], said: str) -> None:
    host = Host(tmp_path, **seconds)
    assert collect(tmp_path, host.working(quiet), "m.tflite").contended == said


def test_waiting_for_a_cpu_is_told(tmp_path: Path) -> None:
    host = Host(tmp_path, user=1, idle=1)
    said = collect(tmp_path, host.working(lambda request: steady(request) | {"cpu_seconds": 1.0}), "m.tflite").contended
    assert said == "the model waited for a CPU 15% of the time"


def test_pressure_speaks_where_the_wait_is_unknown(tmp_path: Path) -> None:
    host = Host(tmp_path, user=1, idle=1, pressure=0.4)
    worker = host.working(lambda request: quiet(request) | {"wait_ns": []})
    assert collect(tmp_path, worker, "m.tflite").contended == "some process waited for a CPU 40% of the time"


def test_a_host_that_tells_nothing_is_not_called_contended(tmp_path: Path) -> None:
    worker = Worker(lambda request: quiet(request) | {"wait_ns": []})
    assert collect(tmp_path, worker, "m.tflite").contended == ""


def test_a_runtime_is_tried_with_one_inference(tmp_path: Path) -> None:
    worker, options = Worker(steady), inference.Options(models=(), input="x.npy")
    tried = model_slot.try_runtime(options, tmp_path / "m.tflite", world(tmp_path, worker))
    assert isinstance(tried, slot.Answer)
    assert (tried.runtime_version, tried.python, tried.numpy) == ("ai-edge-litert 2.3.0", "3.9.18", "1.26.4")
    assert (worker.requests[0]["count"], worker.requests[0]["inputs"]) == (1, [])


def test_a_runtime_that_is_not_there_is_a_reason(tmp_path: Path) -> None:
    missing = Worker(failing("no_runtime", "none"))
    tried = model_slot.try_runtime(inference.Options(models=()), tmp_path / "m.tflite", world(tmp_path, missing))
    assert "-m pip install ai-edge-litert" in str(tried)
