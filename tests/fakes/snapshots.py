"""Whole files to compare with; UPDATE_SNAPSHOTS=1 writes them anew, to be read before they are committed."""

import os
from pathlib import Path

_FOLDER = Path(__file__).parent.parent / "snapshots"


def check(name: str, text: str) -> None:
    """Fail unless `text` is what the snapshot holds."""
    place = _FOLDER / name
    if os.environ.get("UPDATE_SNAPSHOTS"):
        place.write_text(text + "\n", encoding="utf-8")
    assert text + "\n" == place.read_text(encoding="utf-8")
