"""The names by which an alert and an incident are found again: as Alertmanager makes them. Pure."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final

_OFFSET: Final = 0xCBF29CE484222325
_PRIME: Final = 0x100000001B3
_BITS: Final = (1 << 64) - 1
_END: Final = b"\xff"

_ESCAPED: Final = {'"': '\\"', "\\": "\\\\"} | dict(zip("\a\b\f\n\r\t\v", ("\\" + c for c in "abfnrtv"), strict=True))


def fingerprint(labels: Mapping[str, str]) -> str:
    """Which alert it is, in 16 hexadecimal digits: FNV-1a (64 bits) over its sorted labels.

    As `LabelSet.Fingerprint` of Prometheus: after each name and each value comes a byte 0xFF that no text has. A label
    that is empty is none.
    """
    found = _OFFSET
    for byte in b"".join(part.encode() + _END for label in _given(labels) for part in label):
        found = (found ^ byte) * _PRIME & _BITS
    return f"{found:016x}"


def group_key(severity: str, labels: Mapping[str, str]) -> str:
    """Which incident it is: the SHA-256 of the key that Alertmanager gives a group, and PagerDuty as its `dedup_key`.

    Of a route below the root with the one matcher `severity`. `labels` are those the group has in common.
    """
    inner = ", ".join(f"{name}={quoted(value)}" for name, value in _given(labels))
    return sha256(f"{{}}/{{severity={quoted(severity)}}}:{{{inner}}}".encode()).hexdigest()


def _given(labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((name, labels[name]) for name in sorted(labels) if labels[name])


def quoted(text: str) -> str:
    """A text as Go's `%q` writes it."""
    return f'"{"".join(_escaped(character) for character in text)}"'


def _escaped(character: str) -> str:
    if character in _ESCAPED or character.isprintable():
        return _ESCAPED.get(character, character)
    code = ord(character)
    if code < ord(" ") or character == "\x7f":
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"
