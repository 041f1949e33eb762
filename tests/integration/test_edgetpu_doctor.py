"""What `doctor` says of Edge TPUs: through the real worker, with the C library in libedgetpu's place."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgetpu_ci.collect import inference
from edgetpu_ci.device import coral, lease
from edgetpu_ci.doctor import edgetpu
from edgetpu_ci.doctor.finding import Finding
from edgetpu_ci.world import Ran, World, run_process
from tests.fakes import compiled, corals, program, runtimes
from tests.fakes import libedgetpu as stand_in
from tests.fakes import world as fake
from tests.fakes.world import NOTHING

PACKAGES = Path(__file__).parents[1] / "fakes/pycoral"
USB = "usb:/sys/bus/usb/devices/2-1"
MODEL = "m_edgetpu.tflite"


@dataclass
class Host:
    """A host with Corals in its sysfs, whose library lists what it is told."""

    folder: Path
    library: Path

    def __post_init__(self) -> None:
        (self.folder / MODEL).write_bytes(compiled.build(blob=compiled.Tables(minimum_runtime=13)))
        corals.host(self.root)

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def world(self, env: Mapping[str, str] = NOTHING) -> World:
        def run(argv: Sequence[str], stdin: bytes, timeout: float, own: Mapping[str, str] = NOTHING) -> Ran:
            return run_process(argv, stdin, timeout, {**own, **env})

        return fake.world(self.folder, run=run)

    def examine(self, env: Mapping[str, str], **options: object) -> list[Finding]:
        """What is said where the library's environment is `env`."""
        wanted = {"models": (MODEL,), "edgetpu_library": str(self.library), **options}
        return list(edgetpu.examine([inference.Options(**wanted)], self.world(env)))  # type: ignore[arg-type]


@pytest.fixture
def host(tmp_path: Path, libedgetpu: Path) -> Host:
    return Host(tmp_path, libedgetpu)


def said(findings: Sequence[Finding], state: str) -> list[str]:
    return [f.sentence for f in findings if f.state == state]


ONE = stand_in.environment(USB)


def test_a_device_that_runs_the_model_is_said_with_its_adapter(host: Host) -> None:
    corals.usb(host.root)
    found = host.examine(ONE)
    assert [(f.state, f.what) for f in found] == [
        ("ok", "libedgetpu"),
        ("ok", "edge tpu"),
        ("ok", "edge tpu"),
        ("ok", "adapter"),
    ]
    library, device, trial, adapter = (f.sentence for f in found)
    assert library.startswith("unknown build ")
    assert "version 14 of the runtime: by its checksum it is none of Google's 16.0" in library
    assert device == "usb:0, usb 5 Gbit/s at 2-1: nobody is seen to use it."
    assert trial == f"{MODEL} runs on usb 5 Gbit/s at 2-1 · kernel 6.12."
    assert adapter == (
        "Put between: ai-edge-litert 2.3.0 reads more of a registration than libedgetpu 16.0 hands over."
    )


def test_a_library_that_is_missing_is_said_and_nothing_that_follows_from_it(host: Host) -> None:
    corals.usb(host.root)
    (missing,) = said(found := host.examine(ONE, edgetpu_library="libedgetpu.so.99"), "bad")
    assert missing.startswith("libedgetpu, without which no model compiled for the Edge TPU runs, cannot be loaded (")
    assert "install it (docs/operations.md), name it with `edgetpu_library:`" in missing
    assert len(found) == 2
    (named,) = said(host.examine(ONE, edgetpu_library="lib/libedgetpu.so.1"), "bad")
    assert named.startswith("what `edgetpu_library:` names cannot be loaded (")


def test_libusb_that_is_missing_is_said(host: Host) -> None:
    # Of a version that no host has.
    needed = host.folder / "libusb-1.0.so.99"
    library = host.folder / "libedgetpu.so.1"
    build = [shutil.which("cc") or "gcc", "-shared", "-x", "c", "/dev/null"]
    subprocess.run([*build, "-o", needed, "-Wl,-soname,libusb-1.0.so.99"], check=True)
    subprocess.run([*build, "-o", library, "-Wl,--no-as-needed", "-x", "none", needed], check=True)
    needed.unlink()
    corals.usb(host.root)
    (missing,) = said(host.examine(ONE, edgetpu_library=str(library)), "bad")
    assert missing.startswith("libedgetpu needs libusb, which is missing (libusb-1.0.so.99: cannot open shared object")
    assert missing.endswith("; apt install libusb-1.0-0")


def test_another_library_under_that_name_is_said(host: Host) -> None:
    corals.usb(host.root)
    (other,) = said(host.examine(ONE, edgetpu_library="libm.so.6"), "bad")
    assert other == "what `edgetpu_library:` names is no libedgetpu: libm.so.6 has no edgetpu_version"


def test_no_device_is_said_with_where_to_look(host: Host) -> None:
    (none,) = said(host.examine(stand_in.environment()), "bad")
    assert none.startswith("There is no Coral on this host: plug one in, and look for it with `lsusb` (1a6e:089a")


def test_a_device_that_only_the_library_sees_is_tried_with_a_note(host: Host) -> None:
    found = host.examine(ONE)
    assert said(found, "bad") == []
    (note,) = said(found, "note")
    assert note.startswith("libedgetpu lists /sys/bus/usb/devices/2-1, which /sys does not show here, so that who uses")
    assert f"{MODEL} runs." in said(found, "ok")


def test_a_device_that_a_program_uses_is_not_opened(host: Host) -> None:
    node = corals.usb(host.root)
    corals.process(host.root, 4711, "frigate", opened=(node,))
    # Whoever opened it would crash here.
    found = host.examine(stand_in.environment(stand_in.device(USB, crash_after=0)))
    (used,) = said(found, "bad")
    assert used.startswith("usb:0 at 2-1 is used by process 4711 (frigate), and was not opened, because that can abort")
    assert used.endswith("who uses it: end that program, or name another device.")


def test_a_device_that_another_job_has_is_not_tried(host: Host) -> None:
    corals.usb(host.root)
    with lease.hold(coral.find(host.world()), 1, host.world()):
        found = host.examine(stand_in.environment(stand_in.device(USB, crash_after=0)))
    (note,) = said(found, "note")
    assert note.startswith(f"usb:0 at 2-1 is used by process {os.getpid()} of {host.folder} since 2026-03-04 05:06 UTC")
    assert note.endswith(", and was not tried; a run waits for it for 600 s at most.")
    assert said(found, "bad") == []


def test_without_a_place_for_locks_nothing_is_opened(host: Host) -> None:
    corals.usb(host.root)
    for folder in ("run/lock", "tmp"):
        (host.root / folder).rmdir()
    (refused,) = said(host.examine(ONE), "bad")
    assert refused.endswith("as locks need: `sudo chmod 1777 /tmp`.")


def test_who_cannot_be_seen_is_a_note_and_put_at_risk_for_a_model_only(host: Host) -> None:
    corals.usb(host.root)
    (host.root / "proc/self/ns/pid").unlink()
    corals.link(host.root / "proc/self/ns/pid", "pid:[4711]")
    (note,) = said(found := host.examine(ONE), "note")
    assert note.startswith("Whether processes outside this container have usb:0 open cannot be seen")
    assert any(sentence.startswith(f"{MODEL} runs on ") for sentence in said(found, "ok"))
    without = host.examine(stand_in.environment(stand_in.device(USB, crash_after=0)), models=())
    assert (said(without, "note"), len(said(without, "ok"))) == ([note], 2)


def test_a_link_of_usb_2_is_a_note(host: Host) -> None:
    corals.usb(host.root, speed="480")
    (note,) = said(found := host.examine(ONE), "note")
    assert note.startswith("usb:0 at 2-1 has a link of 480 Mbit/s: USB 2, with which users saw 18.6 ms instead of 3.0")
    assert "use a port for USB 3 (blue), the cable that came with the device, and no hub." in note
    assert said(found, "bad") == []


def test_a_library_and_a_runtime_that_do_not_fit_are_said_with_the_way_out(host: Host) -> None:
    corals.usb(host.root)
    old = stand_in.environment(USB, abi="2.5")
    (misfit,) = said(host.examine(old, edgetpu_compat="never"), "bad")
    assert misfit.startswith("libedgetpu (unknown build ")
    assert misfit.endswith(
        ") and ai-edge-litert 2.3.0 do not fit together (crashed with SIGSEGV): set `edgetpu_compat: auto`, or install "
        "a build of libedgetpu for TF 2.19, such as feranick's 16.0TF2.19.1-1 (docs/operations.md)."
    )
    assert said(host.examine(old), "bad") == []
    assert "Not used: edgetpu_compat is never." in said(host.examine(ONE, edgetpu_compat="never"), "ok")


def test_a_device_that_does_not_open_is_said(host: Host) -> None:
    corals.usb(host.root)
    (failed,) = said(host.examine(stand_in.environment(USB, load_failures=1, state=host.folder)), "bad")
    assert failed == (
        "It is there, and libedgetpu could not open it: try once more, plug it in anew, and then try another port and "
        "cable."
    )


def test_a_model_for_a_newer_runtime_is_said_and_another_one_tried(host: Host) -> None:
    corals.usb(host.root)
    (host.folder / "old_edgetpu.tflite").write_bytes(compiled.build(blob=compiled.Tables(minimum_runtime=10)))
    env = stand_in.environment(USB, runtime_version=12)
    found = host.examine(env, models=("*_edgetpu.tflite",))
    (newer,) = said(found, "bad")
    assert newer.startswith(f"{MODEL} was compiled for version 13 of the runtime, and this libedgetpu has 12: install")
    assert newer.endswith("a newer one, or compile it with `edgetpu_compiler --min_runtime_version 12`.")
    assert "old_edgetpu.tflite runs on usb 5 Gbit/s at 2-1 · kernel 6.12." in said(found, "ok")


def test_a_device_that_fails_is_said_with_the_model(host: Host) -> None:
    corals.usb(host.root)
    (failed,) = said(host.examine(stand_in.environment(stand_in.device(USB, fail_after=0))), "bad")
    assert failed.startswith(f"{MODEL}: Request cancelled: the device gave up; plug it in again")


def test_a_simulated_device_is_no_device(host: Host) -> None:
    (note,) = host.examine(NOTHING, device="simulated")
    assert note.state == "note"
    assert note.sentence.startswith("It is simulated: each inference takes the time that `simulated` says, and nothing")


def test_what_no_model_needs_is_no_fault(host: Host) -> None:
    (host.folder / "cpu.tflite").write_bytes(b"no model")
    assert host.examine(NOTHING, models=("cpu.tflite",)) == []
    corals.pci(host.root, told={"status": "LAMED"})
    found = host.examine(NOTHING, models=("cpu.tflite",))
    assert said(found, "note")[0].startswith("The driver says that /dev/apex_0 is LAMED: switch the host off and on")
    assert said(found, "bad") == []


def test_a_coral_without_a_model_is_opened_once(host: Host) -> None:
    corals.usb(host.root)
    assert "A model without anything for it runs on usb 5 Gbit/s at 2-1 · kernel 6.12." in said(
        host.examine(ONE, models=()), "ok"
    )


def test_models_that_run_alike_are_looked_at_once(host: Host) -> None:
    corals.usb(host.root)
    options = inference.Options(models=(MODEL,), edgetpu_library=str(host.library))
    alike = inference.Options(models=(MODEL,), edgetpu_library=str(host.library), rounds=3)
    assert len(list(edgetpu.examine([options, alike], host.world(ONE)))) == 4


# The program.


def doctor(host: Host, options: str, **env: str) -> subprocess.CompletedProcess[str]:
    (host.folder / "edgetpu-ci.yml").write_text(
        f"collect: [{{use: inference, with: {{models: [{MODEL}], edgetpu_library: {host.library}{options}}}}}]"
    )
    return program.edgetpu_ci(host.folder, "doctor", **env)


def test_the_program_fails_when_the_library_does_not_fit(host: Host) -> None:
    old = stand_in.environment(USB, abi="2.5")
    assert doctor(host, "", **old).returncode == 0
    ran = doctor(host, ", edgetpu_compat: never", **old)
    assert ran.returncode == 2
    assert "✗ libedgetpu     libedgetpu (unknown build " in ran.stdout


def test_another_pycoral_is_said_once(host: Host) -> None:
    python = host.folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={PACKAGES / "reefs"} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    ran = doctor(host, ", runtime: pycoral, python: ./python")
    assert ran.stdout.count("is not Google's, but another of the same name, about coral reefs; remove it") == 1


def test_googles_pycoral_is_called_so(host: Host) -> None:
    python = host.folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={PACKAGES / "google"} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    ran = doctor(host, ", runtime: pycoral, python: ./python", **ONE)
    assert "✓ runtime        Google's pycoral" in ran.stdout


def test_tflite_runtime_with_numpy_2_is_said_once(host: Host) -> None:
    python = runtimes.python("tflite-runtime-2.14-numpy-2")
    ran = doctor(host, f", python: {python}", **ONE)
    assert ran.stdout.count("tflite-runtime 2.14.0 does not work with numpy 2; install an older one:") == 1
