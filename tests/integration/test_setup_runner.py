"""`scripts/setup-runner`: what it would do to a system, and that it leaves alone what is so already."""

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/setup-runner"
RULE = "etc/udev/rules.d/60-coral.rules"
READY = "All is as it should be."


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A fresh Debian with the account of a runner."""
    write(tmp_path, "etc/debian_version", "12.8\n")
    write(tmp_path, "etc/passwd", "root:x:0:0::/root:/bin/bash\nrunner:x:990:990::/home/runner:/bin/bash\n")
    write(tmp_path, "etc/group", "root:x:0:\nplugdev:x:46:\n")
    write(tmp_path, "var/lib/dpkg/status", package("libusb-1.0-0", "2:1.0.26-1"))
    return tmp_path


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def package(name: str, version: str, status: str = "install ok installed") -> str:
    return f"Package: {name}\nStatus: {status}\nPriority: optional\nVersion: {version}\nDescription: x\n\n"


def setup(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, timeout=60, check=False)


def said(system: Path, *arguments: str) -> list[str]:
    """The lines of a run that ended well."""
    done = setup("--root", str(system), *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def steps(lines: list[str], kind: str) -> list[str]:
    """What stands behind a mark: `already so` or `would do`."""
    return [line.removeprefix(kind).strip() for line in lines if line.startswith(kind)]


def refused(*arguments: str) -> str:
    done = setup(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("setup-runner: ")
    return done.stderr.removeprefix("setup-runner: ").strip()


def complete(system: Path, version: str = "16.0") -> None:
    """Make everything as the script wants it."""
    write(system, "etc/group", "plugdev:x:46:pi,runner\n")
    write(system, "var/lib/dpkg/status", package("libedgetpu1-std", version))
    write(system, RULE, rule())


def rule() -> str:
    """The text of the rule as the script holds it."""
    return SCRIPT.read_text().split("rule_text='")[1].split("'")[0] + "\n"


def test_a_fresh_system_is_told_each_command_and_is_not_changed(system: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in system.rglob("*")}
    lines = said(system)
    commands = [line.strip() for line in lines if line.strip().startswith("$ ")]
    assert commands == [
        "$ usermod --append --groups plugdev runner",
        f"$ tee {system}/{RULE}",
        "$ udevadm control --reload-rules",
        "$ udevadm trigger --subsystem-match=usb --subsystem-match=apex",
        "$ apt-get install --yes --allow-downgrades libedgetpu1-std=16.0",
    ]
    assert steps(lines, "already so") == ["the account runner is there", "the group plugdev is there"]
    assert lines[-1] == "3 to do; nothing was changed. With --apply it is done."
    assert {path: path.stat().st_mtime_ns for path in system.rglob("*")} == before


def test_a_system_that_is_set_up_is_left_alone(system: Path) -> None:
    complete(system)
    lines = said(system)
    assert (steps(lines, "would do"), len(steps(lines, "already so")), lines[-1]) == ([], 5, READY)


def test_the_rule_covers_both_ids_on_usb_and_pcie() -> None:
    text = rule()
    for ids in ('idVendor}=="1a6e", ATTRS{idProduct}=="089a"', 'idVendor}=="18d1", ATTRS{idProduct}=="9302"'):
        (line,) = (line for line in text.splitlines() if ids in line)
        assert line.endswith('GROUP="plugdev"')
    assert 'SUBSYSTEM=="apex", MODE="0660", GROUP="apex"' in text


@pytest.mark.parametrize(
    ("path", "text", "todo"),
    [
        ("etc/passwd", "root:x:0:0::/root:/bin/bash\n", "the account runner is there"),
        ("etc/group", "plugdev:x:46:runners\n", "runner is in the group plugdev"),
        (RULE, "# of somebody else\n", "the device belongs to its group"),
        ("var/lib/dpkg/status", package("libedgetpu1-max", "16.0"), "libedgetpu1-std 16.0 is installed"),
        (
            "var/lib/dpkg/status",
            package("libedgetpu1-std", "16.0", "deinstall ok config-files"),
            "libedgetpu1-std 16.0 is installed",
        ),
        ("var/lib/dpkg/status", package("libedgetpu1-std", "16.0tf2.19.1-1"), "libedgetpu1-std 16.0 is installed"),
    ],
    ids=["account", "group", "rule", "the other clock", "removed", "another build"],
)
def test_the_one_thing_that_is_not_so_is_told(system: Path, path: str, text: str, todo: str) -> None:
    complete(system)
    write(system, path, text)
    (step,) = steps(said(system), "would do")
    assert step.startswith(todo)


def test_a_device_on_pcie_needs_its_group_and_its_driver(system: Path) -> None:
    complete(system)
    write(system, "sys/bus/pci/devices/0000:01:00.0/uevent", "PCI_CLASS=FF00\nPCI_ID=1AC1:089A\n")
    assert steps(said(system), "would do") == [
        "the group apex is there",
        "runner is in the group apex",
        "the driver of the device on PCIe is loaded",
    ]
    write(system, "etc/group", "plugdev:x:46:runner\napex:x:991:runner\n")
    (system / "sys/class/apex").mkdir(parents=True)
    assert said(system)[-1] == READY


def test_full_clock_is_another_package(system: Path) -> None:
    complete(system)
    assert steps(said(system, "--library", "max"), "would do") == ["libedgetpu1-max 16.0 is installed"]


def test_the_label_is_for_the_page_that_has_the_token(system: Path) -> None:
    assert "            --labels pi5-usb --ephemeral" in said(system, "--label", "pi5-usb")
    write(system, "home/runner/actions-runner/.runner", "{}")
    (line,) = steps(said(system, "--label", "pi5-usb"), "look")
    assert line.endswith("must be pi5-usb")


@pytest.fixture
def deb(tmp_path: Path) -> Path:
    """A package of the right name and nothing in it."""
    if not shutil.which("dpkg-deb"):
        pytest.skip("packages are made by dpkg-deb, which is not here")
    return build(tmp_path, "libedgetpu1-std")


def build(folder: Path, name: str) -> Path:
    fields = f"Package: {name}\nVersion: 16.0tf2.19.1-1\nArchitecture: all\nMaintainer: a <a@b.c>\nDescription: x\n"
    write(folder, f"{name}/DEBIAN/control", fields)
    place = folder / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--build", folder / name, place], check=True, capture_output=True)
    return place


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_a_package_file_is_installed_once(system: Path, deb: Path) -> None:
    complete(system)
    lines = said(system, "--library", str(deb), "--sha256", digest(deb))
    assert steps(lines, "would do") == ["libedgetpu1-std 16.0tf2.19.1-1 is installed"]
    assert f"            $ apt-get install --yes --allow-downgrades {deb}" in lines
    complete(system, version="16.0tf2.19.1-1")
    assert said(system, "--library", str(deb), "--sha256", digest(deb))[-1] == READY


def test_a_package_file_that_is_another_is_not_installed(system: Path, deb: Path) -> None:
    def problem(*arguments: str) -> str:
        done = setup("--root", str(system), *arguments)
        assert done.returncode == 2
        return done.stderr

    other = build(system, "openssl")
    assert "not the one you named; do not install it" in problem("--library", str(deb), "--sha256", "0" * 64)
    assert "needs --sha256: 64 digits" in problem("--library", str(deb))
    assert "is the package openssl" in problem("--library", str(other), "--sha256", digest(other))
    assert "There is no file none.deb" in problem("--library", "none.deb", "--sha256", "0" * 64)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--user", "a b"], "a b cannot be the name of an account."),
        (["--label", "a,b"], "a,b cannot be a label; use letters, digits, - and _."),
        (["--user"], "--user needs a value."),
        (["--force"], "--force is no option; --help lists them."),
        (["--apply", "--root", "/nowhere"], "--apply changes this host, so it does not go with --root."),
        (["--root", "/nowhere"], "This is no Debian, Ubuntu or Raspberry Pi OS."),
    ],
)
def test_what_is_misspelled_is_said_and_nothing_is_looked_at(arguments: list[str], sentence: str) -> None:
    assert refused(*arguments) == sentence


def test_another_library_is_refused(system: Path) -> None:
    done = setup("--root", str(system), "--library", "newest")
    assert (done.returncode, done.stderr) == (
        2,
        "setup-runner: --library takes std, max or a .deb file, and not newest.\n",
    )


def test_applying_is_for_root() -> None:
    if os.geteuid() == 0:
        pytest.skip("this is root")
    assert refused("--apply") == "--apply needs root; run it with sudo."


def test_this_host_is_looked_at_and_not_changed() -> None:
    if not Path("/etc/debian_version").exists():
        pytest.skip("this is no Debian")
    done = setup()
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].endswith(("nothing was changed. With --apply it is done.", READY))


def test_help_is_what_stands_above() -> None:
    assert "--sha256" in setup("--help").stdout
