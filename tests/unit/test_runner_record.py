"""The record of self-tests: whose it is, who else writes it, and what becomes of a broken one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edgetpu_ci import runner_record
from edgetpu_ci.errors import DocumentError, StoreError
from edgetpu_ci.noise import Gauge, SelfTest
from edgetpu_ci.store.folder import Folder
from tests.fakes.reports import MACHINE
from tests.fakes.world import AT, Said, world

GAUGE = Gauge(subject="m", ratio=1.001, interval=(0.995, 1.008), floor=0.0065, p=0.4, rounds=28, dropped=2)
TEST = SelfTest(at=AT, gauges=(GAUGE,), contended="2 % was stolen by the hypervisor")


@dataclass(frozen=True)
class Contested(Folder):
    """A store where somebody else writes between every look and swap, as often as `meddle` does."""

    meddle: Callable[[Folder], None] = lambda _: None

    def swap(self, name: str, old: bytes | None, new: bytes | None) -> bool:
        self.meddle(Folder(self.root))
        return super().swap(name, old, new)


def test_what_is_remembered_is_recalled(tmp_path: Path) -> None:
    store, here = Folder(tmp_path), world(tmp_path)
    assert runner_record.recall(store, MACHINE, here) == ()
    assert runner_record.remember(store, MACHINE, TEST, here) == (TEST,)
    assert runner_record.recall(store, MACHINE, here) == (TEST,)


def test_the_newest_are_kept(tmp_path: Path) -> None:
    store, here = Folder(tmp_path), world(tmp_path)
    for day in range(runner_record.KEPT + 3):
        runner_record.remember(store, MACHINE, replace(TEST, at=AT + timedelta(days=day)), here)
    kept = runner_record.recall(store, MACHINE, here)
    assert [(test.at - AT).days for test in kept] == list(range(3, runner_record.KEPT + 3))


def test_each_runner_has_its_own(tmp_path: Path) -> None:
    store, here = Folder(tmp_path), world(tmp_path)
    runner_record.remember(store, MACHINE, TEST, here)
    assert runner_record.recall(store, replace(MACHINE, host="pi5-usb-2"), here) == ()
    assert runner_record.recall(store, replace(MACHINE, key="other-4x"), here) == ()


@given(st.text(), st.text())
def test_any_host_has_a_name_that_a_store_takes(key: str, host: str) -> None:
    assert Folder(Path("nowhere")).state(runner_record.name(replace(MACHINE, key=key, host=host))) is None


def test_hosts_that_look_alike_in_a_name_are_told_apart() -> None:
    names = {runner_record.name(replace(MACHINE, host=host)) for host in ("a b", "a/b", "a-b")}
    assert len(names) == 3


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    store, here = Folder(tmp_path), world(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        made = [pool.submit(runner_record.remember, store, MACHINE, TEST, here) for _ in range(16)]
    assert [len(each.result()) > 0 for each in made] == [True] * 16
    assert len(runner_record.recall(store, MACHINE, here)) == 16


def test_one_who_was_overtaken_adds_to_what_is_there_now(tmp_path: Path) -> None:
    here, other = world(tmp_path), replace(TEST, contended="the other's")
    once = iter([True])

    def overtake(store: Folder) -> None:
        if next(once, False):
            runner_record.remember(store, MACHINE, other, here)

    assert runner_record.remember(Contested(tmp_path, overtake), MACHINE, TEST, here) == (other, TEST)


def test_one_who_is_always_overtaken_says_so(tmp_path: Path) -> None:
    here = world(tmp_path)
    count = iter(range(1000))

    def overtake(store: Folder) -> None:
        runner_record.remember(store, MACHINE, replace(TEST, contended=str(next(count))), here)

    with pytest.raises(StoreError, match="written by others all the time; run it again"):
        runner_record.remember(Contested(tmp_path, overtake), MACHINE, TEST, here)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"format": "edgetpu-ci self-tests", "schema": 1}',
        b'{"format": "edgetpu-ci self-tests", "schema": 1, "tests": [{"at": "2026-03-04", "gauges": []}]}',
        b'{"format": "edgetpu-ci self-tests", "schema": 1, "tests": [{"at": "2026-03-04T05:06:07Z", "gauges": []}]}',
    ],
)
def test_a_broken_record_is_said_and_begun_anew(tmp_path: Path, data: bytes) -> None:
    store, said = Folder(tmp_path), Said()
    here = world(tmp_path, warn=said.append)
    store.swap(runner_record.name(MACHINE), None, data)
    assert runner_record.recall(store, MACHINE, here) == ()
    assert "The record of self-tests of pi5-usb-1" in said[0]
    assert "It begins anew with the next self-test." in said[0]
    assert runner_record.remember(store, MACHINE, TEST, here) == (TEST,)
    assert runner_record.recall(store, MACHINE, here) == (TEST,)


@pytest.mark.parametrize(
    "data",
    [b'{"format": "edgetpu-ci self-tests", "schema": 2, "tests": "elsewhere"}', b'{"format": "other", "schema": 1}'],
)
def test_another_version_s_record_is_left_alone(tmp_path: Path, data: bytes) -> None:
    store, here = Folder(tmp_path), world(tmp_path)
    store.swap(runner_record.name(MACHINE), None, data)
    with pytest.raises(DocumentError, match="written by another version"):
        runner_record.recall(store, MACHINE, here)
    with pytest.raises(DocumentError, match="written by another version"):
        runner_record.remember(store, MACHINE, TEST, here)
    assert store.state(runner_record.name(MACHINE)) == data
