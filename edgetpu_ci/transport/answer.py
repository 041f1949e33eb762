"""What is asked and what came back, as plain records; and what kind of answer that is."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.errors import DocumentError

Query = Mapping[str, str | int]

UNANSWERED: Final = 0
ACCEPTED, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, UNPROCESSABLE, TOO_MANY = 202, 401, 403, 404, 422, 429
ERRORS: Final = 400
SERVER_ERRORS: Final = 500
_GATEWAY: Final = frozenset({502, 504})
_MOST_WORDS: Final = 200
_RATE_LIMIT: Final = re.compile("rate limit|abuse detection", re.IGNORECASE)


class Request(Struct, frozen=True, kw_only=True):
    """A request; `url` is whole, `path` what sentences say of it, `body` what is sent as JSON.

    `divides`: the asker asks for less when it was too much, so that the same is not asked again.
    """

    verb: str
    url: str
    path: str
    resource: str
    query: Query | None = None
    body: Any = None
    divides: bool = False


class _Complaint(Struct, frozen=True):
    message: str = ""


class Answer(Struct, frozen=True, kw_only=True):
    """What came: header names in lower case, `at` by the server's clock; `why` nothing came, when status is 0.

    `said` is what GraphQL says inside an answer that HTTP calls good, and `cost` what it says the query cost.
    """

    status: int
    at: datetime
    headers: Mapping[str, str] = {}
    data: bytes = b""
    why: str = ""
    said: Literal["", "limited", "heavy"] = ""
    cost: int = 1

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left of the limit."""
        return self.headers.get("x-ratelimit-remaining") == "0"

    @property
    def limited(self) -> bool:
        """Whether this is "slow down", which GitHub says with 403 and, in GraphQL, with 200 as well as with 429."""
        if self.status == FORBIDDEN:
            return self.exhausted or "retry-after" in self.headers or bool(_RATE_LIMIT.search(self.words))
        return self.status == TOO_MANY or self.said == "limited"

    @property
    def heavy(self) -> bool:
        """Whether it was too much for one answer, as far as one can tell."""
        return self.said == "heavy" or self.status in _GATEWAY or self.why == "ReadTimeout"

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed in a moment; 202 is "being computed"."""
        return self.status in {UNANSWERED, ACCEPTED} or self.status >= SERVER_ERRORS or self.said == "heavy"

    @property
    def words(self) -> str:
        """GitHub's own words on one short line."""
        try:
            said = codec.decode_json(self.data, _Complaint, "").message
        except DocumentError:
            said = ""
        return " ".join(said.split())[:_MOST_WORDS]

    def number(self, header: str) -> int | None:
        """A header that is a number such as can be meant."""
        text = self.headers.get(header, "")
        return int(text) if re.fullmatch("[0-9]{1,10}", text) else None
