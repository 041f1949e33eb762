"""Decoding what other tools wrote: capped, strict in what is used, deaf to everything else."""

import codecs
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Final, Protocol, TypeVar

import msgspec
from msgspec import Meta

from edgetpu_ci.errors import DocumentError, InputError

if TYPE_CHECKING:
    from xml.etree.ElementTree import XMLParser

if TYPE_CHECKING:
    from xml.etree.ElementTree import XMLParser

T = TypeVar("T")

MOST_BYTES: Final = 64 << 20
"""Of a report that is decoded as a whole."""

MOST_STREAMED_BYTES: Final = 512 << 20
"""Of one that is read piece by piece: JUnit, Cobertura."""

Count = Annotated[int, Meta(ge=0, le=10**12)]

_MOST_DIGITS: Final = 12
_DEEPEST: Final = 200
_LONGEST_MARK: Final = 4 << 20
"""Bytes of one tag or comment: expat looks at all of it again with each piece that comes."""

_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Elements(Protocol):
    """Who is told of each element of an XML file; `tag` is without its namespace. `text` is None for who reads none."""

    @property
    def text(self) -> Callable[[str], None] | None: ...
    def start(self, tag: str, given: dict[str, str]) -> None: ...
    def end(self, tag: str) -> None: ...


def part(some: int, all_: int, source: str, what: str) -> int:
    """How many of all; DocumentError where a report has more of them than there are."""
    if some > all_:
        raise DocumentError(f"{source} says that {some:,} of {all_:,} {what} are covered.")
    return some


def json(data: bytes, into: type[T], source: str) -> T:
    """Decode a report; keys that `into` does not have are not looked at. DocumentError names `source` and place."""
    try:
        return msgspec.json.decode(data, type=into)
    except UnicodeDecodeError as error:
        raise DocumentError(f"{source} cannot be read: it is no text in UTF-8.") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise DocumentError(f"{source} cannot be read: {error}.") from error


def need_defusedxml(source: str) -> None:
    """InputError where what reads XML is not installed."""
    try:
        import defusedxml.ElementTree  # noqa: F401 - only to know
    except ImportError as error:
        raise InputError(
            f"Reading {source} needs defusedxml; install it with: pip install 'edgetpu-ci[kpis]'."
        ) from error


def xml(chunks: Iterable[bytes], elements: Elements, source: str) -> None:
    """Tell `elements` of all there is, without building a tree; entities are refused, nothing is fetched.

    A document type is let through, as Cobertura's is named in every file that has one.
    """
    need_defusedxml(source)
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    first, pieces = _first(chunks)
    # A declaration says what the file was before it was changed to UTF-8.
    encoding = "utf-8" if first.startswith(_UTF16) else None
    parser = DefusedXMLParser(target=_Target(elements, source), encoding=encoding)
    try:
        _feed(parser, utf8(chain([first], pieces)), source)
        parser.close()
    except (ParseError, ValueError, LookupError) as error:
        if isinstance(error, IndexError | KeyError):
            raise  # No encoding that nobody knows, but a fault of ours.
        raise DocumentError(f"{source} cannot be read: {_fault(error)}.") from error


def _feed(parser: "XMLParser", chunks: Iterable[bytes], source: str) -> None:
    fed = 0
    for chunk in chunks:
        parser.feed(chunk)
        fed += len(chunk)
        if fed - parser.parser.CurrentByteIndex > _LONGEST_MARK:
            most = _LONGEST_MARK >> 20
            raise DocumentError(f"{source} cannot be read: a tag or comment has more than {most} MB.")


def _first(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    pieces = iter(chunks)
    return next(pieces, b""), pieces


def _fault(error: Exception) -> str:
    from defusedxml import DefusedXmlException

    return "it declares entities, which no report needs" if isinstance(error, DefusedXmlException) else str(error)


class _Target:
    """Passes elements on, without their namespaces, down to a depth that no report has."""

    def __init__(self, elements: Elements, source: str) -> None:
        self._elements, self._source, self._depth = elements, source, 0
        if elements.text:
            self.data = elements.text

    def start(self, tag: str, given: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise DocumentError(f"{self._source} cannot be read: elements are nested more than {_DEEPEST} deep.")
        self._elements.start(tag.rpartition("}")[2], given)

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._elements.end(tag.rpartition("}")[2])


def count(text: str, source: str, what: str) -> int:
    """A count that is written as text; a negative one, which gcov writes when it overflows, is none."""
    digits = text.strip().removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS):
        raise DocumentError(f"{source} cannot be read: {what} is {text[:40]!a}, which is no count.")
    return max(int(text), 0)


def moment(text: str | None) -> datetime | None:
    """A time as ISO 8601 has it, UTC where no zone is told; None for what is none."""
    try:
        at = datetime.fromisoformat(text or "")
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def whole(chunks: Iterable[bytes], source: str) -> bytes:
    """All of a report that is decoded as a whole, as UTF-8."""
    return b"".join(utf8(capped(chunks, source, MOST_BYTES)))


def capped(chunks: Iterable[bytes], source: str, most: int) -> Iterator[bytes]:
    """The same pieces; DocumentError as soon as there are more bytes than `most`."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise DocumentError(f"{source} has more than the {most >> 20:,} MB that are read; report less in one file.")
        yield chunk


def utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text in UTF-8 without a mark: what PowerShell redirects is UTF-16."""
    first, pieces = _first(chunks)
    if not first.startswith(_UTF16):
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    yield decoder.decode(first).encode(errors="replace")
    for piece in pieces:
        yield decoder.decode(piece).encode(errors="replace")
    yield decoder.decode(b"", final=True).encode(errors="replace")
