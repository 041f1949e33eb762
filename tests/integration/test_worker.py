"""The worker as a process: on every interpreter found, on real runtimes, and when its runtime misbehaves."""

import ast
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import codec, reference
from edgetpu_ci.collect import inference
from edgetpu_ci.loads import model_slot, slot
from edgetpu_ci.model import Collected
from edgetpu_ci.worker import PROGRAM
from edgetpu_ci.worker.edgetpu_worker import inputs
from edgetpu_ci.world import run_process
from tests.fakes import interpreters, runtimes
from tests.fakes import world as fake

SOURCES = sorted(PROGRAM.rglob("*.py"))
STAND_IN = Path(__file__).parents[1] / "fakes/runtime"

QUICK = {
    "task": "time",
    "runtime": "",
    "threads": 1,
    "inputs": [],
    "seed": 0,
    "warmup_count": 4,
    "warmup_seconds": 0,
    "warmup_limit_seconds": 5,
    "count": 20,
    "seconds": 0,
    "most": 1000,
    "limit_seconds": 10,
    "edgetpu": {"library": "", "device": "", "performance": "", "compat": "auto", "simulated": None},
}


def ask(python: str, path: Path | None = None, **request: Any) -> dict[str, Any]:
    """The worker's answer, from the stand-in runtime below `path` if one is given."""
    env = {"PATH": os.environ["PATH"]} | ({"PYTHONPATH": str(path)} if path else {})
    ran = subprocess.run(
        [python, str(PROGRAM)],
        input=json.dumps(QUICK | request).encode(),
        capture_output=True,
        timeout=60,
        env=env,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def stand_in(model: str, **request: Any) -> dict[str, Any]:
    return ask(sys.executable, STAND_IN, model=f"{model}.tflite", runtime="tflite_runtime", **request)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model that every runtime runs quickly."""
    path = tmp_path_factory.mktemp("models") / "small.tflite"
    path.write_bytes(reference.build(32, 0.25))
    return path


# Every interpreter.


def test_its_syntax_is_that_of_python_3_7() -> None:
    for source in SOURCES:
        ast.parse(source.read_text(), feature_version=(3, 7))
    with pytest.raises(SyntaxError):
        ast.parse("(a := 1)", feature_version=(3, 7))


def test_it_imports_nothing_but_the_standard_library_and_numpy() -> None:
    nodes = [node for source in SOURCES for node in ast.walk(ast.parse(source.read_text()))]
    named = {name for node in nodes if isinstance(node, ast.Import) for name in _names(node)}
    modules = named | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    packages = {module.partition(".")[0] for module in modules}
    assert packages - {"numpy", "edgetpu_worker"} <= sys.stdlib_module_names
    assert "numpy" in modules


def _names(node: ast.Import) -> list[str]:
    return [alias.name for alias in node.names]


@pytest.mark.parametrize("version", ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def test_it_measures_on_every_python(version: str) -> None:
    answer = ask(interpreters.python(version), STAND_IN, model="m.tflite", runtime="tflite_runtime")
    assert answer["python"].startswith(f"{version}.")
    assert (answer["runtime"], answer["version"]) == ("tflite_runtime", "0.0.1")
    assert len(answer["wall_ns"]) == len(answer["cpu_ns"]) == answer["attempted"] == 20
    assert min(answer["wall_ns"]) > 0
    assert codec.decode_json(json.dumps(answer).encode(), slot.Answer, "it").attempted == 20


def test_a_python_that_is_too_old_says_so_itself() -> None:
    answer = ask(interpreters.python("3.6"), STAND_IN, model="m.tflite")
    assert (answer["kind"], answer["text"][:4]) == ("old_python", "3.6.")


@pytest.mark.parametrize("version", ["2.7", "3.6"])
def test_the_user_is_told_that_a_python_is_too_old(version: str, small: Path) -> None:
    reason = tried(small, interpreters.python(version))
    assert "older than 3.7; name a newer one with `python:`" in reason


# What runtimes do.


def test_what_a_native_library_prints_is_kept_from_the_answer() -> None:
    assert stand_in("prints")["attempted"] >= 20


def test_its_folder_holds_no_module_that_could_hide_anothers() -> None:
    modules = {path.stem for path in PROGRAM.iterdir()} - {"__pycache__"}
    assert modules == {"__init__", "__main__", "edgetpu_worker"}


@pytest.mark.parametrize("kind", ["old_numpy", "load_failed", "allocate_failed", "no_delegate"])
def test_a_failure_says_its_kind_and_which_runtime(kind: str) -> None:
    answer = stand_in(kind)
    assert (answer["kind"], answer["runtime"]) == (kind, "tflite_runtime")
    assert answer["text"]


def test_no_runtime_is_a_kind_of_failure(tmp_path: Path) -> None:
    answer = ask(sys.executable, tmp_path, model="m.tflite", runtime="pycoral")
    assert answer["kind"] == "no_runtime"
    assert "pycoral" in answer["text"]


def test_failed_invokes_are_counted_with_the_first_text_only() -> None:
    answer = stand_in("fails_every_fourth")
    failures = answer["failures"]["RuntimeError"]
    assert len(answer["wall_ns"]) == 20
    assert failures["count"] == answer["attempted"] - 20
    assert 6 <= failures["count"] <= 7
    assert failures["text"].startswith("Node number 1 failed to invoke.")
    assert len(failures["text"]) <= 300


def test_ten_failures_in_a_row_end_a_slot() -> None:
    answer = stand_in("fails_after_fifty", count=500)
    assert 40 <= len(answer["wall_ns"]) < 50
    assert answer["attempted"] == len(answer["wall_ns"]) + 10


def test_a_model_that_only_fails_is_invoked_ten_times() -> None:
    answer = stand_in("fails")
    assert (answer["kind"], answer["text"]) == ("invoke_failed", "Node number 1 failed to invoke.")


def test_warming_up_goes_on_until_the_model_is_steady() -> None:
    answer = stand_in("slow_at_first", warmup_count=6)
    assert answer["first_ns"] > 25_000_000
    # After six it would begin with 14 ms.
    assert sorted(answer["wall_ns"])[len(answer["wall_ns"]) // 2] < 9_000_000


def test_a_slot_ends_with_its_time() -> None:
    answer = stand_in("sleeps", count=1000, limit_seconds=0.2, warmup_limit_seconds=0.1)
    assert 1 < answer["attempted"] <= 11


def test_a_slot_ends_with_its_most_invokes() -> None:
    assert stand_in("m", seconds=60, most=50)["attempted"] == 50


def test_the_slow_clocks_are_read_once_for_a_few_invokes_of_a_tiny_model() -> None:
    answer = stand_in("tiny", count=1000, most=1000)
    assert answer["attempted"] == 1008
    assert len(answer["wall_ns"]) == len(answer["cpu_ns"]) == 1008
    stretches = [set(answer["cpu_ns"][first : first + 16]) for first in range(0, 1008, 16)]
    assert {len(shares) for shares in stretches} == {1}
    # Sixteen readings of the CPU clock would take longer than the invokes.
    assert sorted(answer["cpu_ns"])[500] < 1000


def test_latency_is_time_and_cpu_time_is_work() -> None:
    answer = stand_in("sleeps", count=5)
    assert min(answer["wall_ns"]) >= 20_000_000
    assert max(answer["cpu_ns"]) < 5_000_000


def test_it_says_between_which_times_of_the_day_it_measured() -> None:
    before = time.time()
    answer = stand_in("m", count=20)
    began, ended = answer["timed"]
    assert before < began < ended < time.time()
    assert answer["spent_ns"] / 1e9 <= ended - began


def test_cpu_time_is_that_of_all_threads_when_there_are_more() -> None:
    assert min(stand_in("spins_in_a_thread", threads=2)["cpu_ns"]) > 5_000_000
    assert min(stand_in("spins_in_a_thread", threads=1)["cpu_ns"]) < 5_000_000


def test_the_worker_dies_with_its_parent(tmp_path: Path) -> None:
    request = json.dumps(QUICK | {"model": "hangs.tflite", "runtime": "tflite_runtime"})
    (tmp_path / "request").write_text(request)
    parent = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, {str(PROGRAM)!r}], stdin=open({str(tmp_path / 'request')!r}))\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    env = {"PYTHONPATH": str(STAND_IN)}
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, env=env) as started:
        assert started.stdout is not None
        worker = int(started.stdout.readline())
        time.sleep(1)
        assert _alive(worker)
        started.kill()
    deadline = time.monotonic() + 10
    while _alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(worker)


def _alive(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


# Through the collector, with real processes.


def measure(folder: Path, *names: str, **options: Any) -> Collected:
    for name in names:
        (folder / name).write_bytes(reference.build(32, 0.1))
    wanted = codec.convert({"models": list(names), **options}, inference.Options, "with")
    return inference.collect(wanted, fake.world(folder, run=run_process, root=Path("/")))


def tried(model: Path, python: str = "", runtime: str = "") -> str:
    """Which runtime ran a model, or why none did."""
    options = codec.convert({"models": [], "python": python, "runtime": runtime}, inference.Options, "with")
    answer = model_slot.try_runtime(options, model, fake.world(model.parent, run=run_process))
    return answer if isinstance(answer, str) else f"{answer.runtime_version} on Python {answer.python}"


def test_a_crash_and_a_hang_are_reasons_and_the_others_go_on(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={STAND_IN} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    collected = measure(
        tmp_path,
        *("crashes.tflite", "hangs.tflite", "works.tflite"),
        python="./python",
        runtime="tflite_runtime",
        rounds=2,
        count=5,
        seconds=0,
        timeout_seconds=3,
    )
    reasons = {m.subject: m.reason for m in collected.measurements if m.metric == "throughput_fps"}
    assert reasons["crashes"].startswith("2 × crashed with SIGSEGV; `edgetpu-ci doctor`")
    assert reasons["hangs"].startswith("2 × hung: no answer within 3 s; raise `timeout_seconds`")
    assert reasons["works"] == ""


def test_a_real_model_has_sane_figures(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    collected = measure(tmp_path, "m.tflite", rounds=1, seconds=0.02, warmup_seconds=0)
    value = {m.metric: m.value for m in collected.measurements}
    assert None not in value.values()
    figures = {metric: number for metric, number in value.items() if number is not None}
    assert figures["latency_p10_ms"] <= figures["latency_p50_ms"] <= figures["latency_p90_ms"]
    assert figures["latency_p90_ms"] <= figures["latency_p95_ms"] <= figures["latency_p99_ms"]
    assert figures["throughput_sustained_fps"] == pytest.approx(1000 / figures["latency_p10_ms"], rel=1e-4)
    assert figures["throughput_fps"] <= 1000 / figures["latency_p10_ms"] / 0.9
    assert figures["error_rate_percent"] == 0
    assert 10 < figures["memory_peak_mb"] < 500
    assert collected.measurements[0].device.startswith("cpu · ai-edge-litert 2.")


def test_memory_is_the_workers_own_and_not_its_parents(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    ballast = bytearray(os.urandom(1) * 300_000_000)
    collected = measure(tmp_path, "m.tflite", rounds=1, count=1, seconds=0, warmup_seconds=0)
    assert len(ballast) == 300_000_000
    (peak,) = [m.value for m in collected.measurements if m.metric == "memory_peak_mb"]
    assert peak is not None
    assert peak < 200


def test_a_real_model_runs_on_more_threads(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    collected = measure(tmp_path, "m.tflite", threads=2, rounds=1, count=1, seconds=0)
    assert collected.measurements[0].device.endswith("· 2 threads")


def test_a_compiled_model_without_its_delegate_says_what_to_do(models: Path) -> None:
    reason = tried(models / "split_concat_edgetpu.tflite")
    assert "compiled for the Edge TPU runs, cannot be loaded" in reason
    assert "or measure the model it was compiled from" in reason


def test_an_unknown_operator_is_a_reason(models: Path) -> None:
    assert "fake-op-double" in tried(models / "model_invoking_error.tflite")


@pytest.mark.parametrize("program", ["/bin/cat", "/bin/true", "/bin/false"])
def test_a_program_that_is_not_python_is_a_reason(program: str, small: Path) -> None:
    assert tried(small, program).endswith("is it Python 3.7 or newer?")


# Input.


def saved(folder: Path, name: str, shape: tuple[int, ...], dtype: str) -> str:
    import numpy as np

    path = folder / name
    np.save(path, np.zeros(shape, dtype))
    return str(path)


def test_input_from_a_file_is_used(small: Path, tmp_path: Path) -> None:
    answer = ask(sys.executable, model=str(small), inputs=[saved(tmp_path, "x.npy", (1, 32, 32, 3), "int8")])
    assert answer["attempted"] >= 20


@pytest.mark.parametrize(
    ("shape", "dtype", "said"),
    [
        ((1, 32, 32, 3), "float32", "x.npy holds float32 [1, 32, 32, 3], input"),
        ((2, 32, 32, 3), "int8", "takes int8 [1, 32, 32, 3]"),
        ((3,), "int8", "x.npy holds int8 [3]"),
    ],
)
def test_input_that_does_not_fit_says_what_would(
    small: Path, tmp_path: Path, shape: tuple[int, ...], dtype: str, said: str
) -> None:
    answer = ask(sys.executable, model=str(small), inputs=[saved(tmp_path, "x.npy", shape, dtype)])
    assert answer["kind"] == "bad_input"
    assert said in answer["text"]


def test_input_that_is_no_array_is_refused(small: Path, tmp_path: Path) -> None:
    import numpy as np

    np.savez(tmp_path / "two.npz", a=np.zeros(1), b=np.zeros(1))
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("no array")
    for name in ("two.npz", "objects.npy", "text.npy", "none.npy"):
        answer = ask(sys.executable, model=str(small), inputs=[str(tmp_path / name)])
        assert answer["kind"] == "bad_input", name
        assert name in answer["text"]


def test_as_many_inputs_as_the_model_has_are_asked_for(small: Path) -> None:
    answer = ask(sys.executable, model=str(small), inputs=["a.npy", "b.npy"])
    assert answer["text"] == "the model has 1 inputs and 2 .npy files are given"


def test_input_may_be_of_any_size_where_the_model_leaves_it_open(tmp_path: Path) -> None:
    three = saved(tmp_path, "x.npy", (3, 4), "float32")
    assert stand_in("takes_three_at_once", inputs=[three])["attempted"] == 20
    wider = stand_in("takes_three_at_once", inputs=[saved(tmp_path, "y.npy", (3, 5), "float32")])
    assert wider["text"].endswith("y.npy holds float32 [3, 5], input x takes float32 [-1, 4]")


def drawn(*dtypes: str, seed: int = 0) -> list[Any]:
    """Random input for a model that takes 10,000 of each of these."""
    details = [{"index": n, "name": "x", "shape": [1, 10_000], "dtype": dtype} for n, dtype in enumerate(dtypes)]
    return list(inputs.read(details, {"inputs": [], "seed": seed}).values())


@pytest.mark.parametrize(("dtype", "low", "high"), [("uint8", 0, 255), ("int8", -128, 127), ("bool", 0, 1)])
def test_random_integers_have_their_whole_range(dtype: str, low: int, high: int) -> None:
    (values,) = drawn(dtype)
    assert (values.dtype, values.shape) == (dtype, (1, 10_000))
    assert (values.min(), values.max()) == (low, high)


def test_random_floats_lie_between_0_and_1() -> None:
    (values,) = drawn("float32")
    assert values.dtype == "float32"
    assert 0 <= values.min() < 0.01
    assert 0.99 < values.max() <= 1


def test_random_input_is_that_of_its_seed() -> None:
    first, second = drawn("int8", "int8")
    assert (first == drawn("int8")[0]).all()
    assert (first != second).mean() > 0.9
    assert (first != drawn("int8", seed=1)[0]).mean() > 0.9
    # Written down: another numpy must draw the same, or runs made with it could not be compared.
    assert drawn("int8")[0][0, :4].tolist() == [-23, 103, -107, 38]


# Real runtimes on other interpreters.


def test_tflite_runtime_measures_with_numpy_1(small: Path) -> None:
    python = runtimes.python("tflite-runtime-2.14")
    answer = ask(python, model=str(small))
    assert (answer["runtime"], answer["version"], answer["numpy"]) == ("tflite_runtime", "2.14.0", "1.26.4")
    assert answer["attempted"] >= 20
    assert tried(small, python).startswith("tflite-runtime 2.14.0 on Python 3.")


def test_tflite_runtime_with_numpy_2_says_what_to_install(small: Path) -> None:
    python = runtimes.python("tflite-runtime-2.14-numpy-2")
    assert tried(small, python) == (
        f'tflite-runtime 2.14.0 does not work with numpy 2; install an older one: {python} -m pip install "numpy<2"'
    )
