"""The body of an answer: no more of it, and no longer, than anybody reads."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from requests import Response

MOST_BYTES: Final = 64 << 20
_PIECE: Final = 1 << 16


def read(response: "Response", left: Callable[[], float]) -> bytes | None:
    """The whole of it, None when it is larger than anything we ask for.

    requests.ReadTimeout when `left` has no seconds any more, and other errors of requests where it breaks off.
    """
    from requests import ConnectionError as BrokenError
    from requests import ReadTimeout
    from urllib3.exceptions import HTTPError

    # Whatever has come: a piece of some size may come byte by byte, each in time. urllib3 before 2.1 cannot.
    look = getattr(response.raw, "read1", response.raw.read)
    pieces, size = [], 0
    try:
        while piece := look(_PIECE, decode_content=True):
            size += len(piece)
            if size > MOST_BYTES:
                return None
            if left() <= 0:
                raise ReadTimeout
            pieces.append(piece)
    except HTTPError as error:
        raise BrokenError from error
    return b"".join(pieces)
