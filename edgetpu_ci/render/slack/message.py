"""A whole message: its blocks within what Slack takes together, and the text of its notification."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from edgetpu_ci.render.slack import blocks, limits, mrkdwn

_ROOM: Final = 200
"""Characters of JSON that the remark on what is not shown takes."""


class Part(NamedTuple):
    """A block and how soon it may be left out: the highest `rank` first, of the same the last first."""

    rank: int
    block: blocks.Block


class Message(Struct, frozen=True, kw_only=True):
    """What is sent: `blocks` to read, and `text` for notifications and screen readers."""

    text: str
    blocks: list[blocks.Block]


def message(text: str, parts: Sequence[Part], most: int = limits.BLOCKS) -> Message:
    """A message of at most `most` blocks; `text` is markup. What was left out is counted in its last line."""
    return Message(text=_bytes(text, limits.TEXT_BYTES), blocks=_fitted(parts, most))


def _fitted(parts: Sequence[Part], most: int) -> list[blocks.Block]:
    kept = list(parts)
    while len(kept) > 1 and not _fits(kept, len(parts), most):
        least = max(part.rank for part in kept)
        del kept[max(place for place, part in enumerate(kept) if part.rank == least)]
    missing = len(parts) - len(kept)
    said = [part.block for part in kept]
    return [*said, blocks.context(f"… +{missing:,} more")] if missing else said


def _fits(kept: Sequence[Part], of: int, most: int) -> bool:
    is_whole = len(kept) == of
    size = limits.size(msgspec.json.encode([part.block for part in kept]).decode())
    return len(kept) + (not is_whole) <= most and size + _ROOM * (not is_whole) <= limits.ALL_BLOCKS


def _bytes(text: str, most: int) -> str:
    """Text of at most `most` bytes; a character of UTF-16 has up to three."""
    return text if len(text.encode()) <= most else mrkdwn.cut(text, most // 3)
