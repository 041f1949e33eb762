"""One job at a time on a device: real processes, real locks, on a host of our own."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgetpu_ci.device import coral, lease
from edgetpu_ci.device.coral import Coral
from edgetpu_ci.errors import BusyError, DeviceError, RefusedError
from edgetpu_ci.world import World
from tests.fakes import corals
from tests.fakes.program import environment
from tests.fakes.users import needs_root, somebody
from tests.fakes.world import Said, world

ROOT = Path(__file__).parents[2]
MINUTE = 60


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = corals.host(tmp_path / "root")
    corals.usb(place)
    corals.pci(place)
    return place


class Job:
    """Another job of this host, a process of its own."""

    def __init__(self, root: Path, limit: int, *rest: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.tenant", str(root), str(limit), *rest],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._child.pid

    def says(self) -> str:
        """Its next line."""
        return self._pipe(self._child.stdout).readline().rstrip()

    def go(self) -> None:
        """Let it end."""
        with suppress(BrokenPipeError):
            self._pipe(self._child.stdin).close()
        self._child.wait(MINUTE)

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self._child.kill()
        assert self._child.wait(MINUTE) == -signal.SIGKILL

    def end(self) -> None:
        """Leave nothing behind, however the test went."""
        self._child.kill()
        self._child.wait(MINUTE)
        for pipe in (self._child.stdin, self._child.stdout):
            with suppress(BrokenPipeError):
                self._pipe(pipe).close()

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe
        return pipe


@contextmanager
def job(root: Path, limit: int, *rest: str) -> Iterator[Job]:
    started = Job(root, limit, *rest)
    try:
        yield started
    finally:
        started.end()


def usb(outside: World) -> Coral:
    return coral.choose("usb", coral.find(outside))


def test_a_second_job_waits_and_then_has_it(root: Path) -> None:
    with job(root, 0, "usb") as first:
        assert first.says() == "has"
        with job(root, MINUTE, "usb") as second:
            assert second.says() == (
                f"warns Waiting at most 60 s for usb:0 at 2-1: process {first.pid} of "
                "https://github.com/me/models/actions/runs/17 since 2026-03-04 05:06 UTC uses it."
            )
            first.go()
            assert second.says() == "has"


def test_however_long_it_waits_it_says_so_once(root: Path) -> None:
    warned, looks = Said(), Said()
    with ExitStack() as first:
        first.enter_context(lease.hold([usb(world(root.parent))], 0, world(root.parent)))

        def sleep(_seconds: float) -> None:
            looks.append("looked")
            if len(looks) == 20:
                first.close()

        outside = world(root.parent, sleep=sleep, warn=warned.append)
        with lease.hold([usb(outside)], MINUTE, outside):
            assert (len(looks), len(warned)) == (20, 1)


def test_after_the_limit_the_one_who_has_it_is_named(root: Path) -> None:
    with job(root, 0, "usb") as first:
        assert first.says() == "has"
        with job(root, 0, "usb") as second:
            assert second.says() == (
                f"error usb:0 at 2-1 is still used by process {first.pid} of "
                "https://github.com/me/models/actions/runs/17 since 2026-03-04 05:06 UTC: "
                "wait until it is done, or end it."
            )


def test_another_device_is_not_waited_for(root: Path) -> None:
    with job(root, 0, "usb") as first, job(root, 0, "pci") as second:
        assert (first.says(), second.says()) == ("has", "has")


def test_the_lock_of_a_killed_job_is_taken_at_once(root: Path) -> None:
    outside = world(root.parent)
    with job(root, 0, "usb") as first:
        assert first.says() == "has"
        assert str(lease.tenant(usb(outside), outside)).startswith(f"process {first.pid} of https://")
        first.kill()
        assert lease.tenant(usb(outside), outside) is None
        with job(root, 0, "usb") as second:
            assert second.says() == "has"


def test_a_child_of_a_killed_job_that_still_has_the_device_is_not_disturbed(root: Path) -> None:
    with job(root, 0, "usb") as first:
        assert first.says() == "has"
        first.kill()
    corals.process(root, 99, "python3", "worker", opened=("/dev/bus/usb/002/003",))
    with job(root, MINUTE, "usb") as second:
        assert second.says().startswith("error usb:0 at 2-1 is used by process 99 (python3 worker), and was not opened")


def test_several_are_taken_in_one_order_so_that_nobody_keeps_what_another_waits_for(root: Path) -> None:
    with job(root, 0, "pci") as first:
        assert first.says() == "has"
        with job(root, MINUTE, "usb", "pci") as both:
            assert both.says().startswith("warns Waiting at most 60 s for pci:0 at 0000:01:00.0: ")
            with job(root, 0, "usb") as third:
                assert third.says() == "has"


def test_no_turn_is_lost_among_jobs_that_want_the_same(root: Path, tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    wanted = [("usb", "pci"), ("pci", "usb"), ("usb", "pci", "usb"), ("usb",)]
    jobs = [Job(root, MINUTE, *names, "--count", str(number), "50") for names in wanted]
    try:
        for one in jobs:
            one.go()
            assert [line for line in iter(one.says, "") if line.startswith("error")] == []
    finally:
        for one in jobs:
            one.end()
    assert number.read_text() == "200"


def test_what_it_was_when_chosen_may_have_changed_when_it_is_ours(root: Path) -> None:
    corals.usb(root, "2-2", device=8, opened=False)
    outside = world(root.parent)
    chosen = coral.choose("usb:0", coral.find(outside))
    corals.usb(root, "2-2", device=9, opened=True)
    corals.usb(root, "2-3", device=10, opened=False)
    with lease.hold([chosen], 0, outside) as (device,):
        assert (chosen.name, device.name) == ("usb:0", "usb:1")
        assert (device.address, device.node) == ("2-2", "/dev/bus/usb/002/009")


def test_a_device_that_is_gone_by_then_is_said_to_be(root: Path) -> None:
    outside = world(root.parent)
    chosen = usb(outside)
    (root / "sys/bus/usb/devices/2-1").unlink()
    with (
        pytest.raises(DeviceError, match=r"^The Coral at 2-1 is gone; plug it in again"),
        lease.hold([chosen], 0, outside),
    ):
        pytest.fail("it is not there")


def test_a_lock_is_open_to_all_users_whatever_our_mask(root: Path) -> None:
    outside = world(root.parent)
    before = os.umask(0o077)
    try:
        with lease.hold([usb(outside)], 0, outside):
            pass
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)
    (lock,) = (root / "run/lock").iterdir()
    assert lock.stat().st_mode & 0o777 == 0o666
    assert lock.read_text() == ""


def test_what_a_lock_says_is_anybody_s_word(root: Path) -> None:
    outside = world(root.parent)
    with lease.hold([usb(outside)], 0, outside):
        (lock,) = (root / "run/lock").iterdir()
        for foreign in ("", "nonsense", '{"pid": "x"}', "[" * 5000, "\0\x1b[31m"):
            lock.write_text(foreign)
            assert lease.tenant(usb(outside), outside) is None
            with (
                pytest.raises(BusyError, match="is still used by another process"),
                lease.hold([usb(outside)], 0, outside),
            ):
                pytest.fail("it is ours")


@needs_root
def test_a_lock_that_another_user_made_is_ours_to_take() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        outside = world(corals.host(Path(folder, "root")).parent)
        corals.usb(outside.root)
        device = usb(outside)
        for node in (outside.root / "dev").rglob("*"):
            node.chmod(0o777)
        with somebody(), lease.hold([device], 0, outside):
            pass
        (lock,) = (outside.root / "run/lock").iterdir()
        assert lock.stat().st_uid != 0
        with lease.hold([device], 0, outside):
            assert str(os.getpid()) in lock.read_text()
        with somebody(), lease.hold([device], 0, outside):
            assert str(os.getpid()) in lock.read_text()


@pytest.mark.parametrize("kind", ["a link", "a hard link", "a dangling link", "a folder", "a pipe"])
def test_something_else_in_its_place_is_refused_and_not_written_to(root: Path, tmp_path: Path, kind: str) -> None:
    outside = world(root.parent)
    device = usb(outside)
    with lease.hold([device], 0, outside):
        (lock,) = (root / "run/lock").iterdir()
    lock.unlink()
    mine = tmp_path / "mine"
    mine.write_text("precious")
    make: dict[str, Callable[[], object]] = {
        "a link": lambda: lock.symlink_to(mine),
        "a hard link": lambda: lock.hardlink_to(mine),
        "a dangling link": lambda: lock.symlink_to(tmp_path / "new"),
        "a folder": lock.mkdir,
        "a pipe": lambda: os.mkfifo(lock),
    }
    make[kind]()
    with pytest.raises(RefusedError, match=r"^The lock .*-usb-2-1\.lock .*remove it, or ask who made it\.$"):
        lease.hold([device], 0, outside).__enter__()
    assert mine.read_text() == "precious"
    assert not (tmp_path / "new").exists()


def test_a_lock_that_was_cleaned_away_while_waiting_is_made_anew(root: Path) -> None:
    outside = world(root.parent)
    device = usb(outside)

    def clean(_seconds: float) -> None:
        (lock,) = (root / "run/lock").iterdir()
        lock.unlink()

    with lease.hold([device], 0, outside), lease.hold([device], MINUTE, world(root.parent, sleep=clean)):
        (lock,) = (root / "run/lock").iterdir()
        assert str(os.getpid()) in lock.read_text()


def test_a_lock_that_was_cleaned_away_before_it_was_taken_keeps_nobody_out_and_is_made_anew(root: Path) -> None:
    outside, lock = world(root.parent), root / "run/lock/edgetpu-ci-usb-2-1.lock"
    left = [lock]

    def clean(event: str, _arguments: object) -> None:
        if event == "fcntl.flock" and left:
            left.pop().unlink()

    # An audit hook stays until the process ends; this one has nothing more to do by then.
    sys.addaudithook(clean)
    with lease.hold([usb(outside)], 0, outside):
        assert not left
        tenant = lease.tenant(usb(outside), outside)
    assert tenant
    assert tenant.pid == os.getpid()


def test_all_users_choose_the_same_folder_by_what_it_is(root: Path) -> None:
    outside = world(root.parent)
    (root / "run/lock").chmod(0o755)
    with lease.hold([usb(outside)], 0, outside):
        assert [path.name for path in (root / "tmp").iterdir()] == ["edgetpu-ci-usb-2-1.lock"]
    (root / "tmp").chmod(0o755)
    with pytest.raises(RefusedError, match="Neither /run/lock nor /tmp is a folder that all users share"):
        lease.hold([usb(outside)], 0, outside).__enter__()


def test_what_cannot_be_seen_is_said_before_it_is_opened(root: Path) -> None:
    (root / "proc/1").rename(root / "proc/gone")
    warned = Said()
    with lease.hold(coral.find(world(root.parent)), 0, world(root.parent, warn=warned.append)):
        assert [line[:50] for line in warned] == ["Whether processes of other users have usb:0 open c"]


class Opened:
    """Which files were opened below a folder, by Python's own word."""

    def __init__(self) -> None:
        self.below: str | None = None
        self.places: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, what: str, told: tuple[object, ...]) -> None:
        if self.below and what == "open" and str(told[0]).startswith(self.below):
            self.places.append(str(told[0]))


OPENED = Opened()
HELD_BY = ("nobody", "driver", "open file", "claim")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(st.tuples(st.sampled_from(["usb", "pci"]), st.sampled_from(HELD_BY)), min_size=1, max_size=4),
    opened=st.booleans(),
)
def test_whatever_the_host_nothing_is_opened_and_what_is_held_is_refused(
    *, tmp_path_factory: pytest.TempPathFactory, kinds: list[tuple[str, str]], opened: bool
) -> None:
    root = corals.host(tmp_path_factory.mktemp("host") / "root")
    held = {_put(root, number, kind, by, opened=opened) for number, (kind, by) in enumerate(kinds)} - {""}
    outside = world(root.parent)
    OPENED.places, OPENED.below = [], str(root / "dev")
    try:
        for device in coral.find(outside):
            if device.node in held:
                with pytest.raises(BusyError, match="was not opened"), lease.hold([device], 0, outside):
                    pytest.fail("it is held")
            else:
                with lease.hold([device], 0, outside) as (ours,):
                    assert ours == device
    finally:
        OPENED.below = None
    assert OPENED.places == []


def _put(root: Path, number: int, kind: str, by: str, *, opened: bool) -> str:
    """A device of a kind; its node when somebody uses it."""
    if kind == "usb":
        node = corals.usb(root, f"2-{number + 1}", device=number, opened=opened)
        if by == "claim":
            corals.claim(root, f"2-{number + 1}")
    else:
        node = corals.pci(root, number, owner=500 if by == "driver" else 0)
    if by == "open file":
        corals.process(root, 600 + number, "detector", opened=(node,))
    is_held = by == "open file" or (kind, by) in {("usb", "claim"), ("pci", "driver")}
    return node if is_held else ""


def test_the_ear_hears_what_is_opened(tmp_path: Path) -> None:
    (tmp_path / "node").touch()
    OPENED.places, OPENED.below = [], str(tmp_path)
    (tmp_path / "node").read_bytes()
    OPENED.below = None
    assert OPENED.places == [str(tmp_path / "node")]
