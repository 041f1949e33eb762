"""A file of OpenMetrics with times, of which promtool makes blocks for Prometheus."""

import shlex
from collections.abc import Iterable, Iterator
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Final

from edgetpu_ci.errors import StoreError
from edgetpu_ci.exposition import text
from edgetpu_ci.exposition.past import Past
from edgetpu_ci.files import write_pieces
from edgetpu_ci.telemetry.backfill.told import Brought

_FAST: Final = "--max-block-duration=8760h"
"""Without it promtool makes a block for each two hours: 1,460 of a year, in minutes instead of a second."""


def bring(past: Past, path: Path) -> Brought:
    """Write the file, piece by piece, and read it again."""
    written = sha256()

    def noted(pieces: Iterable[str]) -> Iterator[bytes]:
        for piece in pieces:
            data = piece.encode()
            written.update(data)
            yield data

    write_pieces(path, noted(text.history(past.families())))
    with path.open("rb") as file:
        if file_digest(file, sha256).digest() != written.digest():
            raise StoreError(f"{path} does not hold what was written; give it a file that nobody else writes.")
    sizes = [len(line.times) for line in past.lines()]
    return Brought(series=len(sizes), samples=sum(sizes), new=sum(sizes), where=str(path))


def command(path: Path) -> str:
    """What makes blocks of the file, to be moved into the folder of Prometheus's data."""
    return f"promtool tsdb create-blocks-from openmetrics {_FAST} {shlex.quote(str(path))} blocks"
