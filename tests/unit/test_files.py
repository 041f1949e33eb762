"""Files are written whole, in place of files alone; a name that no file can have is said."""

import os
import stat
from pathlib import Path

import pytest

from edgetpu_ci import app
from edgetpu_ci.errors import DocumentError, StoreError
from edgetpu_ci.files import locked, write_pieces, write_whole


def test_no_file_takes_the_place_of_a_device_or_a_pipe(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(os.devnull)
    for path in (pipe, link):
        with pytest.raises(StoreError, match="is a device or a pipe"):
            write_pieces(path, [b"series"])
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert link.is_symlink()


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "folder" / "one", b"first")
    write_whole(tmp_path / "folder" / "one", b"second")
    assert [path.read_bytes() for path in (tmp_path / "folder").iterdir()] == [b"second"]


@pytest.mark.parametrize(
    ("name", "says"), [("a" * 300, "file name too long"), ("a\0b", r"no name has that in it \(embedded null byte\)")]
)
def test_a_name_that_no_file_can_have_is_said(name: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"could not be written: {says}"):
        write_whole(tmp_path / name / "one", b"")
    with pytest.raises(StoreError, match=f"cannot be written: {says}"), locked(tmp_path / name / ".lock"):
        pass


def test_a_report_whose_name_is_too_long_is_said() -> None:
    with pytest.raises(DocumentError, match="cannot be read: file name too long"):
        app.read_report(Path("a" * 300))
