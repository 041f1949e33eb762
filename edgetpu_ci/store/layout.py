"""Where documents lie on the branch: one file each, and of old months one archive."""

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator

from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.errors import DocumentError, StoreError

MARK = "edgetpu-ci-data.json"
"""The file by which we know a branch that we began."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
_DATED = re.compile(r"(\d{4})(\d\d)\d\dT")
_DOCUMENT = re.compile(r"documents/([^/]+)/(?:\d{4}-\d\d/)?([^/]+)\.json")
_ARCHIVE = re.compile(r"documents/([^/]+)/(\d{4}-\d\d)(?:-\d+)?\.tar\.gz")
_PART = 32 << 20
_MOST = _PART + codec.MAX_JSON_BYTES + (1 << 20)

Document = tuple[str, bytes]
"""A name and what it holds."""


class Place(Struct, frozen=True):
    """What a path of the branch holds: the document `name` of a kind or, without a name, an archive of a month."""

    kind: str
    name: str = ""
    month: str = ""


def safe(name: str) -> str:
    """A name that cannot leave its folder."""
    if not NAME.fullmatch(name):
        raise StoreError(f"{name!r} cannot be the name of a document: letters, digits, dot, dash and underscore only.")
    return name


def path(kind: str, name: str) -> str:
    """`documents/KIND/2026-05/NAME.json`, or without the month where the name has no date."""
    folder = f"documents/{safe(kind)}/"
    return f"{folder}{month(name)}/{safe(name)}.json" if month(name) else f"{folder}{safe(name)}.json"


def month(name: str) -> str:
    """The month a name begins with, as 2026-05; empty when it begins with none."""
    dated = _DATED.match(name)
    return f"{dated[1]}-{dated[2]}" if dated else ""


def place(where: str) -> Place | None:
    """What lies at a path; None for what is not ours."""
    if (found := _DOCUMENT.fullmatch(where)) and NAME.fullmatch(found[1]) and NAME.fullmatch(found[2]):
        return Place(found[1], found[2], month(found[2])) if path(found[1], found[2]) == where else None
    if (found := _ARCHIVE.fullmatch(where)) and NAME.fullmatch(found[1]):
        return Place(found[1], month=found[2])
    return None


def archives(kind: str, of: str, documents: Iterable[Document], taken: Iterable[str]) -> dict[str, bytes]:
    """Archives of a month by their paths, none of which is `taken`; more than one when it is large."""
    used = set(taken)
    numbers = (n for n in range(1, len(used) + 10_000) if _archive(kind, of, n) not in used)
    return {_archive(kind, of, number): pack(part) for number, part in zip(numbers, _parts(documents), strict=False)}


def _archive(kind: str, of: str, number: int) -> str:
    return f"documents/{kind}/{of}{'' if number == 1 else f'-{number}'}.tar.gz"


def _parts(documents: Iterable[Document]) -> Iterator[list[Document]]:
    part: list[Document] = []
    size = 0
    for name, data in documents:
        if part and size + len(data) > _PART:
            yield part
            part, size = [], 0
        part.append((name, data))
        # Its padding and header, and those of a name longer than a header's.
        size += len(data) + 4 * tarfile.BLOCKSIZE
    if part:
        yield part


def pack(documents: Iterable[Document]) -> bytes:
    """A tar.gz of documents: the same bytes for the same documents."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in documents:
            member = tarfile.TarInfo(f"{name}.json")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)


def unpack(data: bytes, source: str) -> list[Document]:
    """The documents of an archive; DocumentError when it is none, or larger than any of ours."""
    try:
        return list(_members(_inflate(data)))
    except (tarfile.TarError, zlib.error, EOFError, ValueError, RecursionError) as error:
        raise DocumentError(f"{source} is no archive of documents: {error}.") from error


def _inflate(data: bytes) -> bytes:
    inflating = zlib.decompressobj(wbits=31)
    plain = inflating.decompress(data, _MOST)
    if not inflating.eof:
        raise EOFError("it ends too early, or holds more than an archive may")
    return plain


def _members(plain: bytes) -> Iterator[Document]:
    left = len(plain)
    with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
        for member in archive:
            name = member.name.removesuffix(".json")
            file = archive.extractfile(member) if _is_plain(member) and NAME.fullmatch(name) else None
            if file is None:
                raise ValueError("it holds what no document is called")
            if not 0 <= member.size <= left:
                raise ValueError(f"{name} is larger than its archive")
            left -= member.size
            yield name, file.read()


def _is_plain(member: tarfile.TarInfo) -> bool:
    """Neither a folder or link nor a file with holes, which unpacks to any size."""
    return member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
