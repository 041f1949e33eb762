"""Foreign names as subjects of ours: visible, not too long, and each used once."""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.model import Measurement

LONGEST: Final = 200


def printable(name: str) -> str:
    """A name can hold any byte; what is no text is written as an escape."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)


def short(name: str) -> str:
    """A printable name of at most LONGEST characters and a digest, so that long names stay apart."""
    shown = printable(name[: 4 * LONGEST].strip())
    return (
        shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…{sha256(name.encode(errors='replace')).hexdigest()[:6]}"
    )


def distinct(measurements: Sequence[Measurement], source: str) -> list[Measurement]:
    """The same under names of ours, with a number behind each that comes again; DocumentError for an empty name."""
    seen: Counter[str] = Counter()
    found = []
    for measurement in measurements:
        subject = short(measurement.subject)
        if not subject:
            raise DocumentError(f"{source} has a benchmark without a name; give it one.")
        named = replace(measurement, subject=subject)
        seen[named.key] += 1
        again = seen[named.key]
        found.append(replace(named, subject=f"{subject} #{again}") if again > 1 else named)
    return found
