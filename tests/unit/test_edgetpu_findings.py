"""What facts about an Edge TPU are said to mean."""

from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci.collect.inference import Options
from edgetpu_ci.device import apex
from edgetpu_ci.device.apex import Driver
from edgetpu_ci.device.coral import PCI, USB_AFTER, USB_BEFORE, Coral
from edgetpu_ci.doctor import edgetpu_findings
from edgetpu_ci.doctor.edgetpu_findings import Compiled, Facts
from edgetpu_ci.doctor.finding import Finding
from edgetpu_ci.loads import slot
from tests.fakes import corals
from tests.fakes.world import world

STD = "686c861ec1601a1dcb81bba698ec919f1ebe07720c189baf26a8f952aa261ced"
MAX = "743bf688fdeda6f398bbad4abb4f9cffe45fe0ddeae34fc6380980134b9377a1"
STICK = Coral(kind="usb", address="2-1", path="/sys/x", node="/dev/x", ids=USB_AFTER, number=0, link="5 Gbit/s")
VERSION = "BuildLabel(COMPILER=6.3.0 20170516,DATE=redacted,TIME=redacted), RuntimeVersion(14)"


def library(sha256: str = STD, version: str = VERSION) -> slot.Listed:
    return slot.Listed(
        runtime="ai_edge_litert", version="2.3.0", edgetpu=slot.EdgeTpu(library="l", version=version, sha256=sha256)
    )


def facts(**known: Any) -> Facts:
    usual = {"options": Options(models=()), "driver": Driver(), "library": library(), "corals": (STICK,)}
    return Facts(**{**usual, "chosen": STICK, **known})


def sentences(found: Facts, what: str) -> list[tuple[str, str]]:
    return [(f.state, f.sentence) for f in edgetpu_findings.of_host(found) if f.what == what]


def trial(answer: slot.Answer | str, model: str = "m.tflite", **known: Any) -> list[Finding]:
    return list(edgetpu_findings.of_trial(model, answer, facts(**known)))


@pytest.mark.parametrize(
    ("sha256", "state", "sentence"),
    [
        (
            STD,
            "ok",
            "16.0 std, version 14 of the runtime: a device on USB runs at 250 MHz with it, half of what it can.",
        ),
        (
            MAX,
            "note",
            "16.0 max, version 14 of the runtime: a device on USB runs at 500 MHz with it, and hot: its metal",
        ),
        ("0" * 64, "ok", "unknown build 00000000, version 14 of the runtime: by its checksum it is none of Google's"),
    ],
)
def test_the_build_is_known_by_its_checksum(sha256: str, state: str, sentence: str) -> None:
    ((found, said),) = sentences(facts(library=library(sha256)), "libedgetpu")
    assert found == state
    assert said.startswith(sentence)


def test_a_version_that_is_not_told_is_not_said_and_refuses_no_model() -> None:
    found = facts(library=library(version="?"), models=(Compiled("m", 99), Compiled("n", None)))
    assert sentences(found, "libedgetpu")[0][1].startswith("16.0 std: a device")
    assert sentences(found, "model") == []


def test_a_device_that_is_not_for_us_is_said_with_the_group() -> None:
    why = "/dev/x may be opened by group plugdev only: `sudo usermod -aG plugdev $USER`, and log in anew."
    assert sentences(facts(chosen=why), "edge tpu") == [("bad", why)]


def test_devices_beside_the_chosen_one_are_notes() -> None:
    lame = Coral(
        kind="pci", address="a", path="/dev/apex_0", node="/dev/apex_0", ids=PCI, driver="apex", unusable="Hm."
    )
    assert sentences(facts(corals=(lame, STICK)), "edge tpu")[1:] == [("note", "Hm.")]
    assert sentences(facts(corals=(lame, STICK), chosen="Hm."), "edge tpu") == [("bad", "Hm.")]


def test_the_link_of_a_device_that_was_never_opened_may_change() -> None:
    slow = Coral(kind="usb", address="2-1", path="/s", node="/d", ids=USB_BEFORE, number=0, link="12 Mbit/s")
    assert (
        "has a link of 12 Mbit/s, which its first open may change: USB 2"
        in sentences(facts(chosen=slow), "edge tpu")[1][1]
    )


@pytest.mark.parametrize(
    "reason",
    [
        "crashed with SIGSEGV; `edgetpu-ci doctor` tries",
        "crashed with SIGABRT",
        "crashed with SIGBUS",
        "every inference failed: Encountered an unresolved custom op. Did you miss a custom op or delegate?",
    ],
)
def test_a_misfit_of_library_and_runtime(reason: str) -> None:
    (found,) = trial(reason)
    assert found.state == "bad"
    assert found.sentence.startswith("libedgetpu (16.0 std) and ai-edge-litert 2.3.0 do not fit together (")
    assert "): install a build of libedgetpu for TF 2.19" in found.sentence
    (never,) = trial(reason, options=Options(models=(), edgetpu_compat="never"))
    assert "): set `edgetpu_compat: auto`, or install a build" in never.sentence


def test_a_broken_usb_link_is_no_misfit() -> None:
    reason = "crashed with SIGABRT (USB transfer error 2 [LibUsbDataOutCallback])"
    assert trial(reason) == [Finding("bad", "edge tpu", f"m.tflite: {reason}")]


def test_a_library_that_refuses_a_model_without_a_package_was_understood() -> None:
    reason = "the runtime cannot prepare the model: Failed to prepare for TPU. Internal: Package verification failed"
    (found,) = trial(reason, model="")
    assert (found.state, found.sentence.partition("; ")[2]) == (
        "ok",
        "name a compiled model under `models` to see one run.",
    )
    assert trial(reason)[0].state == "bad"


@pytest.mark.parametrize(
    ("minimum", "version"), [("2.14.0", "2.13.0"), ("2.14.1", "2.14.0"), ("2.14.0", "2.5.0.post1")]
)
def test_a_runtime_is_too_old_for_a_model(minimum: str, version: str) -> None:
    why = edgetpu_findings.too_old("m.tflite", minimum, "tflite_runtime", version)
    assert why.startswith(f"m.tflite needs TFLite {minimum} or newer, and this is tflite-runtime {version}: install")


@pytest.mark.parametrize(
    ("minimum", "runtime", "version"),
    [
        ("2.14.0", "tflite_runtime", "2.14"),
        ("1.14.0", "tflite_runtime", "2.5.0.post1"),
        ("2.14.0", "ai_edge_litert", "1.4.0"),
        ("", "tflite_runtime", "2.5.0"),
        ("2.14.0", "tflite_runtime", ""),
    ],
)
def test_a_runtime_is_not_called_too_old_without_proof(minimum: str, runtime: str, version: str) -> None:
    assert edgetpu_findings.too_old("m.tflite", minimum, runtime, version) == ""


# The driver of PCIe devices.

KERNEL = "6.12.34+rpt-rpi-v8"
BARE = Coral(kind="pci", address="0000:01:00.0", path="", node="", ids=PCI, unusable="no driver")


def has(root: Path, *files: str, secure: bool = False) -> str:
    """What is said of a device without a driver on a host with these files."""
    corals.host(root)
    for file in files:
        corals.write(root / file, "")
    if secure:
        variable = root / "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
        variable.parent.mkdir(parents=True)
        variable.write_bytes(b"\6\0\0\0\1")
    found = facts(corals=(BARE,), chosen="no driver", driver=apex.find(world(root.parent, root=root)))
    ((state, said),) = sentences(found, "edge tpu")
    assert state == "bad"
    assert said.startswith("The Coral at 0000:01:00.0 has no driver: ")
    return said.partition("driver: ")[2]


def test_a_driver_that_is_not_there(tmp_path: Path) -> None:
    assert has(tmp_path) == f"/lib/modules has no apex for the running kernel {KERNEL}: install gasket-dkms."


def test_a_driver_that_is_built_for_another_kernel(tmp_path: Path) -> None:
    assert has(tmp_path, "lib/modules/6.6.1/updates/dkms/apex.ko.xz") == (
        f"gasket-dkms is built for 6.6.1 and not for the running kernel {KERNEL}: install this kernel's headers, then "
        "`sudo dkms autoinstall`."
    )


def test_a_driver_that_is_not_loaded(tmp_path: Path) -> None:
    said = has(tmp_path, f"lib/modules/{KERNEL}/updates/dkms/apex.ko")
    assert said == "apex is built but not loaded: `sudo modprobe apex`, and look into `dmesg` if that fails."


def test_a_driver_that_secure_boot_keeps_out(tmp_path: Path) -> None:
    said = has(tmp_path, f"lib/modules/{KERNEL}/updates/dkms/apex.ko", secure=True)
    assert said.startswith("apex is built but not loaded, and Secure Boot lets in signed modules only: enrol the key")


def test_a_driver_that_does_not_take_the_device(tmp_path: Path) -> None:
    said = has(tmp_path, f"lib/modules/{KERNEL}/updates/dkms/apex.ko", "sys/module/apex/version")
    assert said == "the driver apex is loaded and did not take it; `sudo dmesg | grep -i apex` says why."
