"""The library that stands in for libedgetpu, as a program meets it: in processes of their own, in every runtime."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci.worker import PROGRAM
from tests.fakes import compiled, runtimes
from tests.fakes.compiled import Tables
from tests.fakes.libedgetpu import SOURCES, build, device, environment
from tests.integration.test_worker import QUICK

USB, PCI = "usb:/sys/bus/usb/devices/2-1", "pci:/dev/apex_0"
ONE = environment(USB)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing but the custom operator: its time is the invoke's."""
    path = tmp_path_factory.mktemp("compiled") / "model_edgetpu.tflite"
    path.write_bytes(compiled.build(tail=False))
    return path


Ended = subprocess.CompletedProcess[str]


def end(
    library: Path,
    models: Sequence[Path],
    world: dict[str, str],
    *,
    count: int = 3,
    runtime: str = runtimes.NAMES[0],
    seconds: float = 60,
    **options: str,
) -> Ended:
    """Run the models in turns, `count` times each, and see how the process ends."""
    asked = {"library": str(library), "models": [str(path) for path in models], "options": options, "count": count}
    command: list[str | Path] = [runtimes.python(runtime), SOURCES / "drive.py", json.dumps(asked)]
    return subprocess.run(command, env=os.environ | world, capture_output=True, text=True, timeout=seconds, check=False)


def drive(library: Path, models: Sequence[Path], world: dict[str, str], **more: Any) -> dict[str, Any]:
    """What a process that ends well says."""
    ended = end(library, models, world, **more)
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def last_line(ended: Ended) -> str:
    return ended.stderr.strip().splitlines()[-1]


# Devices.


def test_the_list_is_what_is_plugged_in(libedgetpu: Path, model: Path) -> None:
    world = environment(device(USB, latency_us=5), PCI)
    assert drive(libedgetpu, [model], world)["listed"][0] == [["usb", USB[4:]], ["pci", PCI[4:]]]


@pytest.mark.parametrize(
    ("wanted", "opened"),
    [
        ({}, 2),
        ({"device": ""}, 2),
        ({"device": "usb"}, 1),
        ({"device": "pci"}, 2),
        ({"device": ":0"}, 1),
        ({"device": ":2"}, 3),
        ({"device": "usb:0"}, 1),
        ({"device": "usb:1"}, 3),
        ({"device": "pci:0"}, 2),
    ],
)
def test_a_device_is_chosen_by_bus_and_index_and_pcie_goes_first(
    libedgetpu: Path, model: Path, wanted: dict[str, str], opened: int
) -> None:
    world = environment(device("usb:/1", output=1), device("pci:/2", output=2), device("usb:/3", output=3))
    assert drive(libedgetpu, [model], world, **wanted)["outputs"] == [[opened] * 10]


@pytest.mark.parametrize("wanted", ["usb:1", "pci", "pci:0", ":1", "usb:", "usb:x", "usb:-1", "usbx", "tpu"])
@pytest.mark.parametrize("runtime", runtimes.NAMES)
def test_a_device_that_is_not_there_fails_without_a_reason(
    libedgetpu: Path, model: Path, wanted: str, runtime: str
) -> None:
    ended = end(libedgetpu, [model], ONE, runtime=runtime, device=wanted)
    assert last_line(ended) == f"ValueError: Failed to load delegate from {libedgetpu}"


def test_performance_counts_for_a_device_named_by_its_index(libedgetpu: Path, model: Path) -> None:
    world = environment(device(USB, latency_us=1000))
    slow = drive(libedgetpu, [model], world, device="usb:0", Performance="Low")
    assert min(slow["us"]) >= 8000
    unheard = drive(libedgetpu, [model], world, count=50, device="usb", Performance="Low")
    assert min(unheard["us"]) < 8000
    assert end(libedgetpu, [model], world, device="usb:0", Performance="Turbo").returncode == 1


def test_the_first_loads_fail(libedgetpu: Path, model: Path, tmp_path: Path) -> None:
    world = environment(USB, load_failures=2, state=tmp_path)
    assert [end(libedgetpu, [model], world).returncode for _ in range(3)] == [1, 1, 0]


def test_loads_are_counted_in_a_folder(libedgetpu: Path, model: Path) -> None:
    ended = end(libedgetpu, [model], environment(USB, load_failures=2))
    assert ended.returncode == -signal.SIGABRT
    assert last_line(ended).endswith("FAKE_EDGETPU_STATE names no folder it can write to")


def test_an_unplugged_device_leaves_the_list_for_everyone(libedgetpu: Path, model: Path, tmp_path: Path) -> None:
    world = environment(device(USB, unplug_after=2), PCI, state=tmp_path)
    answer = drive(libedgetpu, [model], world, count=4, device="usb")
    assert [time is None for time in answer["us"]] == [False, False, True, True]
    assert answer["failures"][0].startswith("Failed to execute request. Edge TPU is not ready.")
    assert answer["listed"][1] == [["pci", PCI[4:]]]
    assert last_line(end(libedgetpu, [model], world, device="usb")).startswith("ValueError")
    assert drive(libedgetpu, [model], world)["listed"][0] == [["pci", PCI[4:]]]


# Time: never less than told; and the quickest of many, which nothing preempted, hardly more.


@pytest.mark.parametrize("runtime", runtimes.NAMES)
def test_an_invoke_takes_the_time_it_was_told(libedgetpu: Path, model: Path, runtime: str) -> None:
    answer = drive(libedgetpu, [model], environment(device(USB, latency_us=3000)), count=100, runtime=runtime)
    assert 3000 <= min(answer["us"]) < 3030


def test_first_upload_and_throttling(libedgetpu: Path, model: Path) -> None:
    told = device(USB, latency_us=500, first_us=40_000, slow_after=50, slow_us=2000)
    us = drive(libedgetpu, [model], environment(told), count=60)["us"]
    assert us[0] >= 40_500
    assert 500 <= min(us[1:50]) < 2000 <= min(us[50:])


def test_jitter_is_that_of_its_seed(libedgetpu: Path, model: Path) -> None:
    # Written down: whoever builds it must draw the same.
    drawn = [8834, 13944, 12341, 2192, 8210, 14839, 9567, 486, 3297, 6146]
    us = drive(libedgetpu, [model], environment(device(USB, latency_us=200, jitter_us=20_000, seed=1)), count=10)["us"]
    beyond = [took - 200 - jitter for took, jitter in zip(us, drawn, strict=True)]
    assert 0 <= min(beyond) < 200


def test_a_switch_to_another_models_parameters_takes_time(libedgetpu: Path, tmp_path: Path) -> None:
    alone, other, without = (tmp_path / f"{name}.tflite" for name in ("alone", "other", "without"))
    for path, token in ((alone, 1), (other, 2), (without, 0)):
        path.write_bytes(compiled.build(blob=Tables(token=token, cached=4096 if token else 0)))
    world = environment(device(USB, latency_us=100, reload_us=30_000))
    switching = drive(libedgetpu, [alone, other], world, count=10)["us"]
    assert min(switching[2:]) >= 30_000
    together = drive(libedgetpu, [alone, alone], world, count=10)["us"]
    assert min(together) < 30_000
    streamed = drive(libedgetpu, [alone, without], world, count=10)["us"]
    assert min(streamed[2::2]) >= 30_000 > min(streamed[3::2])


# Outputs.


def test_outputs_repeat_the_input_unless_told_otherwise(libedgetpu: Path, model: Path) -> None:
    def outputs(**settings: Any) -> list[list[int]]:
        found: list[list[int]] = drive(libedgetpu, [model], environment(device(USB, **settings)))["outputs"]
        return found

    assert outputs() == [[*range(10)]]
    assert outputs(output_steps=3) == [[*range(3, 13)]]
    assert outputs(output=7) == [[7] * 10]


# Faults.


def test_every_so_many_invokes_fail(libedgetpu: Path, model: Path) -> None:
    answer = drive(libedgetpu, [model], environment(device(USB, fail_every=3)), count=9)
    assert [time is None for time in answer["us"]] == [False, False, True] * 3
    assert answer["failures"][0] == (
        "Failed to execute request. Request cancelled.Node number 1 (EdgeTpuDelegateForCustomOp) failed to invoke."
    )


def test_from_some_invoke_on_all_fail(libedgetpu: Path, model: Path) -> None:
    answer = drive(libedgetpu, [model], environment(device(USB, fail_after=2)), count=5)
    assert [time is None for time in answer["us"]] == [False, False, True, True, True]


def test_a_crash_is_a_segmentation_fault(libedgetpu: Path, model: Path) -> None:
    assert end(libedgetpu, [model], environment(device(USB, crash_after=1))).returncode == -signal.SIGSEGV


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (1, "bulk out for header failed. Abort. Unknown: USB transfer error 1 [LibUsbDataOutCallback]"),
        (2, "transfer on tag 1 failed. Abort. Deadline exceeded: USB transfer error 2 [LibUsbDataOutCallback]"),
        (5, "HandleQueuedBulkIn transfer in failed. Not found: USB transfer error 5 [LibUsbDataInCallback]"),
    ],
)
def test_a_usb_error_aborts_with_its_words(libedgetpu: Path, model: Path, error: Any, text: str) -> None:
    ended = end(libedgetpu, [model], environment(device(USB, abort_after=1, abort_error=error)))
    assert ended.returncode == -signal.SIGABRT
    assert last_line(ended).startswith("F driver/usb/usb_driver.cc:")
    assert last_line(ended).endswith(text)


@pytest.mark.parametrize(("setting", "said"), [("hang_after", 0), ("hib_after", 2)])
def test_a_hang_lasts_until_the_process_is_killed(libedgetpu: Path, model: Path, setting: Any, said: int) -> None:
    told: Any = {setting: 1}
    with pytest.raises(subprocess.TimeoutExpired) as hung:
        end(libedgetpu, [model], environment(device(PCI, **told)), seconds=5)
    assert (hung.value.stderr or b"").count(b"HIB Error. hib_error_status = 0000000000002200") == said


# Runtimes and models.


@pytest.mark.parametrize("runtime", runtimes.NAMES)
def test_the_registration_of_genuine_16_0_breaks_newer_runtimes(libedgetpu: Path, model: Path, runtime: str) -> None:
    assert end(libedgetpu, [model], environment(USB, abi="2.5"), runtime=runtime).returncode == -signal.SIGSEGV


@pytest.mark.parametrize("runtime", runtimes.NAMES)
def test_real_compiled_models_run(libedgetpu: Path, models: Path, runtime: str) -> None:
    real = sorted(models.glob("*_edgetpu.tflite"))
    answer = drive(libedgetpu, real, environment(device(USB, latency_us=2000)), runtime=runtime)
    assert len(answer["us"]) == 3 * len(real) > 0
    assert (answer["failures"], min(answer["us"]) >= 2000) == ([], True)


def test_a_model_for_a_newer_libedgetpu_is_refused(libedgetpu: Path, tmp_path: Path) -> None:
    model = tmp_path / "newer.tflite"
    model.write_bytes(compiled.build(blob=Tables(minimum_runtime=13)))
    assert end(libedgetpu, [model], environment(USB, runtime_version=13)).returncode == 0
    ended = end(libedgetpu, [model], environment(USB, runtime_version=12))
    assert last_line(ended).startswith(
        "RuntimeError: Failed to prepare for TPU. Failed precondition: Package requires runtime version (13), which is "
        "newer than this runtime version (12)."
    )


# The worker with it.


@pytest.mark.parametrize("runtime", runtimes.NAMES)
def test_the_workers_adapter_widens_what_is_handed_over(libedgetpu: Path, models: Path, runtime: str) -> None:
    world = environment(device(USB, latency_us=2000), abi="2.5")
    for model in sorted(models.glob("*_edgetpu.tflite")):
        ran = work(runtime, world, model, libedgetpu, compat="auto")
        assert ran.returncode == 0, ran.stderr
        answer = json.loads(ran.stdout)
        assert (answer["attempted"], answer["edgetpu"]["adapted"], answer["edgetpu"]["operators"]) == (20, True, 1)
        assert min(answer["wall_ns"]) >= 2_000_000
        assert work(runtime, world, model, libedgetpu, compat="never").returncode == -signal.SIGSEGV


def work(runtime: str, world: dict[str, str], model: Path, library: Path, **more: str) -> Ended:
    """The worker, given this library."""
    chosen = {"library": str(library), "device": "", "performance": "", "simulated": None, **more}
    wanted = {**QUICK, "model": str(model), "edgetpu": chosen}
    command: list[str | Path] = [runtimes.python(runtime), PROGRAM]
    return subprocess.run(
        command, input=json.dumps(wanted), env=os.environ | world, capture_output=True, text=True, check=False
    )


# Memory.


def sanitized(folder: Path, *flags: str) -> tuple[Path, dict[str, str]]:
    """The library with AddressSanitizer and UBSan, and what a Python needs that is to load it."""
    # C++ beside it: AddressSanitizer looks for what throws before the runtime brings it.
    needed = [_of_gcc("libasan.so"), _of_gcc("libstdc++.so.6")]
    if not all(Path(path).is_absolute() for path in needed):
        pytest.skip("there is no gcc with AddressSanitizer")
    library = build(folder, "-fsanitize=address,undefined", "-fno-sanitize-recover=all", *flags)
    assert library
    # What Python itself never frees is no leak of ours.
    return library, {"LD_PRELOAD": " ".join(needed), "ASAN_OPTIONS": "detect_leaks=0"}


def _of_gcc(library: str) -> str:
    """Where gcc has this library; its bare name where it has none."""
    if not shutil.which("gcc"):
        return library
    return subprocess.check_output(["gcc", f"-print-file-name={library}"], text=True).strip()


READ_DAMAGED = """
import ctypes, random, sys
read = ctypes.CDLL(sys.argv[1]).package_read
whole, chance = sys.stdin.buffer.read(), random.Random(1)
for damages in range(3000):
    options = bytearray(whole[: chance.randrange(1, len(whole))] if damages % 2 else whole)
    for _ in range(damages % 20):
        options[chance.randrange(len(options))] = chance.choice([0, 1, 4, 16, 127, 128, 255])
    read(ctypes.create_string_buffer(bytes(options), len(options)), ctypes.c_size_t(len(options)))
"""


def test_no_damage_to_a_package_makes_it_read_elsewhere(tmp_path: Path) -> None:
    library, needed = sanitized(tmp_path, "-fvisibility=default")
    # Of each buffer an allocation of its own, whose end is watched.
    ran = subprocess.run(
        [sys.executable, "-c", READ_DAMAGED, library],
        input=compiled.options(Tables(cached=16, instructions=16)),
        env={**os.environ, **needed, "PYTHONMALLOC": "malloc"},
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()


def test_no_fault_of_memory_in_faults(tmp_path: Path, model: Path) -> None:
    library, needed = sanitized(tmp_path)
    told = device(USB, latency_us=100, jitter_us=50, first_us=100, fail_every=3, slow_after=5, unplug_after=9)
    world = {**environment(told, PCI, open_us=100, load_failures=1, state=tmp_path), **needed}
    assert end(library, [model], world, device="usb:0").returncode == 1
    assert len(drive(library, [model], world, count=12, device="usb:0")["failures"]) == 6
