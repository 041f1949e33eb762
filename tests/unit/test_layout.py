"""Where documents lie on the branch: found again under their names, and nothing else taken for one."""

import gzip
import io
import tarfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgetpu_ci.errors import DocumentError, StoreError
from edgetpu_ci.store import layout

names = st.from_regex(layout.NAME, fullmatch=True)
documents = st.lists(st.tuples(names, st.binary(max_size=2000)), max_size=5)


@given(kind=names, name=names)
def test_a_path_leads_back_to_its_document(kind: str, name: str) -> None:
    assert layout.place(layout.path(kind, name)) == layout.Place(kind, name, layout.month(name))


def test_a_dated_document_lies_in_its_month() -> None:
    assert layout.path("reports", "20260501T000000Z-a") == "documents/reports/2026-05/20260501T000000Z-a.json"
    assert layout.path("reviews", "a") == "documents/reviews/a.json"


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "documents/a.json",
        "documents/reports/notes.txt",
        "documents/reports/.hidden.json",
        "documents/reports/2026-05/undated.json",
        "documents/reports/2026-04/20260501T000000Z-a.json",
        "documents/reports/2026-05/x/20260501T000000Z-a.json",
        "documents/reports/2026-05.zip",
        "state/cursor",
    ],
)
def test_what_no_job_would_have_written_is_not_ours(path: str) -> None:
    assert layout.place(path) is None


LONGEST = "a" * 151


@given(documents)
@example([(LONGEST, b"{}"), ("b", b"")])
def test_an_archive_gives_back_what_was_packed_and_is_always_the_same(given_: list[layout.Document]) -> None:
    packed = layout.pack(given_)
    assert layout.unpack(packed, "it") == given_
    assert layout.pack(given_) == packed


def test_anybody_can_read_an_archive_with_tar() -> None:
    with tarfile.open(fileobj=io.BytesIO(layout.pack([("a", b"{}")])), mode="r:gz") as archive:
        assert archive.getnames() == ["a.json"]


def test_archives_take_numbers_that_are_free() -> None:
    taken = ["documents/reports/2026-05.tar.gz", "documents/reports/2026-05-3.tar.gz"]
    found = layout.archives("reports", "2026-05", [("a", b"x" * (20 << 20)), ("b", b"x" * (20 << 20))], taken)
    assert list(found) == ["documents/reports/2026-05-2.tar.gz", "documents/reports/2026-05-4.tar.gz"]
    assert [layout.place(path) for path in found] == [layout.Place("reports", month="2026-05")] * 2


def _tar(name: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.type = kind
        member.linkname = "/etc/passwd"
        archive.addfile(member)
    return packed.getvalue()


def _sized(size: int) -> bytes:
    """An archive of one header, which says that so many bytes follow."""
    member = tarfile.TarInfo("a.json")
    member.size = size
    return gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(2 * tarfile.BLOCKSIZE))


def _sparse() -> bytes:
    """An old GNU archive whose only file is one hole."""
    member = tarfile.TarInfo("a.json")
    member.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"%011o\0" % (600 << 20)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return gzip.compress(bytes(header) + bytes(2 * tarfile.BLOCKSIZE))


def _pax(**records: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a.json")
        member.pax_headers = {name.replace("_", "."): value for name, value in records.items()}
        archive.addfile(member)
    return packed.getvalue()


def _nested(depth: int) -> bytes:
    """Headers that each give a name to the next."""
    member = tarfile.TarInfo("././@LongLink")
    member.type = tarfile.GNUTYPE_LONGNAME
    return gzip.compress(member.tobuf(tarfile.GNU_FORMAT) * depth + bytes(2 * tarfile.BLOCKSIZE))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not gzip",
        gzip.compress(b"not tar"),
        layout.pack([("a", b"{}")])[:-20],
        _tar("../../etc/passwd"),
        _tar("a.json", tarfile.SYMTYPE),
        gzip.compress(bytes(80 << 20)),
        _sparse(),
        _pax(GNU_sparse_map="0,0", GNU_sparse_size=str(600 << 20)),
        _sized(600 << 20),
        _sized(-512),
        _nested(2000),
    ],
    ids=[
        *("empty", "no gzip", "no tar", "cut off", "a way out", "a link", "a bomb"),
        *("holes", "newer holes", "too large", "less than nothing", "nested"),
    ],
)
def test_what_is_no_archive_of_ours_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"^2026-05\.tar\.gz is no archive of documents: .+\.$"):
        layout.unpack(data, "2026-05.tar.gz")


def test_a_kind_cannot_leave_its_folder() -> None:
    with pytest.raises(StoreError, match="cannot be the name of a document"):
        layout.path("../..", "a")
