"""The folder store: whole documents or none, and values swapped only by who read them last."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgetpu_ci.errors import DocumentError, StoreError
from edgetpu_ci.memory import Forgetful, State
from edgetpu_ci.store.folder import Folder


def test_a_document_is_read_back_as_written_and_listed_oldest_first(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    store.append("reports", "20260102T000000Z-b", b"two")
    store.append("reports", "20260101T000000Z-a", b"one")
    assert store.names("reports") == ["20260101T000000Z-a", "20260102T000000Z-b"]
    assert store.read("reports", "20260102T000000Z-b") == b"two"


def test_a_file_of_another_name_is_no_document(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    place = store.append("reports", "report", b"ours")
    for name in ("report (1).json", ".hidden.json", "a\nb.json", "é.json", "report.json.bak"):
        place.with_name(name).write_bytes(b"not ours")
    assert [store.read("reports", name) for name in store.names("reports")] == [b"ours"]


def test_a_document_is_never_overwritten(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    store.append("reports", "a", b"first")
    with pytest.raises(StoreError, match="it exists already"):
        store.append("reports", "a", b"second")
    assert store.read("reports", "a") == b"first"


def test_a_missing_document_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"a\.json cannot be read: No such file"):
        Folder(tmp_path).read("reports", "a")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "", ".hidden", "x\n"])
def test_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError, match="cannot be the name of a document"):
        Folder(tmp_path).append("reports", name, b"")


def test_where_nothing_can_be_written_one_sentence_says_so_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "documents").write_text("a file where a folder must be")
    with pytest.raises(StoreError, match=r"documents/reports/a\.json could not be written: .*is a file, where a"):
        Folder(tmp_path).append("reports", "a", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["documents"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's full disk")
def test_a_full_disk_leaves_no_half_document(tmp_path: Path) -> None:
    # A file that may not grow: the write fails as on a full disk.
    import resource

    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            Folder(tmp_path).append("reports", "a", b"x" * 100_000)
        except StoreError as error:
            os._exit(7 if "file too large" in str(error) else 8)
        os._exit(9)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7
    assert list((tmp_path / "documents" / "reports").iterdir()) == []


def test_a_value_is_swapped_only_from_what_was_read(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    assert store.state("cursor") is None
    assert store.swap("cursor", None, b"1")
    assert not store.swap("cursor", None, b"2")
    assert store.swap("cursor", b"1", b"3")
    assert store.state("cursor") == b"3"


@pytest.mark.parametrize("make", [Folder, lambda _folder: Forgetful()], ids=["folder", "forgetful"])
def test_several_values_are_set_together_or_not_at_all(tmp_path: Path, make: Callable[[Path], State]) -> None:
    store = make(tmp_path)
    assert store.swap_all({"rows": (None, b"1"), "cursor": (None, b"1")})
    assert not store.swap_all({"rows": (b"1", b"2"), "cursor": (b"0", b"2")})
    assert store.states(["rows", "cursor", "none"]) == {"rows": b"1", "cursor": b"1"}
    assert store.swap_all({"rows": (b"1", None), "cursor": (b"1", b"3"), "new": (None, b"4")})
    assert store.states(store.values()) == {"cursor": b"3", "new": b"4"}


def test_of_many_writers_none_is_lost(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    store.swap("count", None, b"0")

    def add() -> None:
        for _ in range(25):
            while not store.swap("count", old := store.state("count"), b"%d" % (int(old or b"0") + 1)):
                pass

    writers = [threading.Thread(target=add) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert store.state("count") == b"100"


def test_killed_in_the_middle_of_writing_every_document_there_is_whole(tmp_path: Path) -> None:
    data = b"x" * 2_000_000
    child = os.fork()
    if child == 0:
        for number in range(10_000):
            Folder(tmp_path).append("reports", f"r{number:05}", data)
        os._exit(0)
    reports = tmp_path / "documents" / "reports"
    for _ in range(2_000):
        if len(list(reports.glob("*.json"))) > 3:
            break
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    names = Folder(tmp_path).names("reports")
    assert len(names) > 3
    assert all(Folder(tmp_path).read("reports", name) == data for name in names)


def test_a_folder_is_not_folded_and_a_check_leaves_nothing(tmp_path: Path) -> None:
    store = Folder(tmp_path / "store")
    assert store.check() == "can be written."
    assert list(tmp_path.iterdir()) == []
    store.append("reports", "20260101T000000Z-a", b"1")
    assert store.fold("2026-02") == 0
    assert store.names("reports") == ["20260101T000000Z-a"]


def test_a_value_is_removed_only_by_who_read_it_last(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    assert store.values() == []
    store.swap("cursor", None, b"1")
    assert not store.swap("cursor", b"2", None)
    assert store.values() == ["cursor"]
    assert store.swap("cursor", b"1", None)
    assert store.state("cursor") is None
    assert store.values() == []
    assert store.forget() == ""


def test_documents_are_dropped_by_name(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    for name in ("a", "b", "c"):
        store.append("reports", name, b"{}")
    store.append("reviews", "a", b"{}")
    assert store.drop("reports", ["a", "c", "d"]) == 2
    assert (store.names("reports"), store.names("reviews")) == (["b"], ["a"])


def test_a_file_where_the_store_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    store = Folder(tmp_path / "store")
    for ask in (store.check, lambda: store.swap("name", None, b"x"), lambda: store.append("kpis", "a", b"{}")):
        with pytest.raises(StoreError, match="store is a file, where a folder is needed; move it away"):
            ask()


def test_a_folder_where_a_value_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "state" / "github-cursors").mkdir(parents=True)
    with pytest.raises(StoreError, match="github-cursors cannot be read: it is a folder; move it away"):
        Folder(tmp_path).state("github-cursors")
