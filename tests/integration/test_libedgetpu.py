"""The library that stands in for libedgetpu, as a program meets it: in processes of their own, in every runtime."""

import json
import random
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.fakes import compiled, runtimes
from tests.fakes.libedgetpu import SOURCES, build, device, environment

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
    return subprocess.run(command, env=world, capture_output=True, text=True, timeout=seconds, check=False)


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
    worlds = [environment(device(USB, latency_us=200, jitter_us=20_000, seed=seed)) for seed in (1, 1, 2)]
    one, same, other = (drive(libedgetpu, [model], world, count=20)["us"] for world in worlds)
    assert median(abs(a - b) for a, b in zip(one, same, strict=True)) < 200
    assert median(abs(a - b) for a, b in zip(one, other, strict=True)) > 1000
    assert min(one) < 10_000 < max(one)


def test_a_switch_to_another_models_parameters_takes_time(libedgetpu: Path, models: Path) -> None:
    one, other = (models / f"{name}_edgetpu.tflite" for name in ("mobilenet_v1_0.25_128_quant", "keras_lstm_mnist_ptq"))
    world = environment(device(USB, latency_us=100, reload_us=30_000))
    switching = drive(libedgetpu, [one, other], world, count=10)["us"]
    assert min(switching[2:]) >= 30_000
    staying = drive(libedgetpu, [one, one], world, count=10)["us"]
    assert min(staying[2:]) < 30_000


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


def test_a_model_for_a_newer_libedgetpu_is_refused(libedgetpu: Path, models: Path) -> None:
    ended = end(libedgetpu, [models / "split_concat_edgetpu.tflite"], environment(USB, runtime_version=12))
    assert last_line(ended).startswith(
        "RuntimeError: Failed to prepare for TPU. Failed precondition: Package requires runtime version (13), which is "
        "newer than this runtime version (12)."
    )


# Memory.


def sanitized(folder: Path) -> tuple[Path, dict[str, str]]:
    """The library with AddressSanitizer and UBSan, and what a Python needs that is to load it."""
    # C++ beside it: AddressSanitizer looks for what throws before the runtime brings it.
    needed = [_of_gcc("libasan.so"), _of_gcc("libstdc++.so.6")]
    if not all(Path(path).is_absolute() for path in needed):
        pytest.skip("there is no gcc with AddressSanitizer")
    library = build(folder, "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    assert library
    # What Python itself never frees is no leak of ours.
    return library, {"LD_PRELOAD": " ".join(needed), "ASAN_OPTIONS": "detect_leaks=0"}


def _of_gcc(library: str) -> str:
    """Where gcc has this library; its bare name where it has none."""
    if not shutil.which("gcc"):
        return library
    return subprocess.check_output(["gcc", f"-print-file-name={library}"], text=True).strip()


def damaged(data: bytes, seed: int) -> bytes:
    """A model whose package is changed in a few places: the file around it stays whole."""
    chance, out = random.Random(seed), bytearray(data)  # noqa: S311 - for a test
    start = data.index(b"DWN1") - 4
    for _ in range(8):
        out[start + chance.randrange(400)] = chance.randrange(256)
    return bytes(out)


def test_no_damage_to_a_package_makes_it_read_elsewhere(tmp_path: Path, models: Path) -> None:
    library, needed = sanitized(tmp_path)
    whole = (models / "split_concat_edgetpu.tflite").read_bytes()
    files = [tmp_path / f"{seed}.tflite" for seed in range(200)]
    for seed, file in enumerate(files):
        file.write_bytes(damaged(whole, seed) if seed else whole)
    world = {**environment(device(USB, latency_us=10), runtime_version=2**31 - 1), **needed}
    assert drive(library, files, world)["failures"] == []


def test_no_fault_of_memory_in_faults(tmp_path: Path, model: Path) -> None:
    library, needed = sanitized(tmp_path)
    told = device(USB, latency_us=100, jitter_us=50, first_us=100, fail_every=3, slow_after=5, unplug_after=9)
    world = {**environment(told, PCI, open_us=100, load_failures=1, state=tmp_path), **needed}
    assert end(library, [model], world, device="usb:0").returncode == 1
    assert len(drive(library, [model], world, count=12, device="usb:0")["failures"]) == 6
