"""GraphQL inside HTTP: what a query costs, and which of its errors mean what. Pure."""

import re
from typing import Final, Literal

from msgspec import Raw, Struct, field, structs

from edgetpu_ci import codec
from edgetpu_ci.errors import DeliveryError, DeniedError, DocumentError, MissingError
from edgetpu_ci.transport import refusal
from edgetpu_ci.transport.answer import Answer
from edgetpu_ci.transport.body import MOST_BYTES

_RATE: Final = "_rate"
_ASKS_RATE: Final = f" {_RATE}: rateLimit {{ cost limit remaining resetAt }} "
_LIMITED: Final = re.compile("rate limit|abuse detection", re.IGNORECASE)
_HEAVY: Final = re.compile("something went wrong|time[d ]*-?out|resource limits", re.IGNORECASE)
_HEAVY_TYPES: Final = frozenset({"MAX_NODE_LIMIT_EXCEEDED", "RESOURCE_LIMITS_EXCEEDED", "SERVICE_UNAVAILABLE"})
_UNSHOWN: Final = frozenset({"FORBIDDEN", "INSUFFICIENT_SCOPES", "NOT_FOUND"})
_MOST_WORDS: Final = 200


class Fault(Struct, frozen=True):
    """An error of an answer; `path` leads to the part of the data that is null for it."""

    message: str = ""
    type: str | None = None
    path: tuple[str | int, ...] | None = None

    @property
    def kind(self) -> Literal["limited", "heavy", "unshown", "other"]:
        """What it means for the asker."""
        if self.type == "RATE_LIMITED" or _LIMITED.search(self.message):
            return "limited"
        if self.type in _HEAVY_TYPES or _HEAVY.search(self.message):
            return "heavy"
        return "unshown" if self.type in _UNSHOWN else "other"

    @property
    def sentence(self) -> str:
        """Which part, and GitHub's words, on one short line."""
        where = ".".join(map(str, self.path or ()))
        return " ".join(f"{where}: {self.message}".split()).removeprefix(": ")[:_MOST_WORDS]


class Found(Struct, frozen=True):
    """An answer: what was found, and what was not."""

    data: Raw = Raw(b"null")
    errors: tuple[Fault, ...] | None = None


class _Rate(Struct, frozen=True):
    cost: int = 1
    remaining: int | None = None


class _Data(Struct, frozen=True):
    rate: _Rate | None = field(name=_RATE, default=None)


class _Weighed(Struct, frozen=True):
    data: _Data | None = None
    errors: tuple[Fault, ...] | None = None


def with_rate(query: str) -> str:
    """The query with a question for what it costs, the first in its operation."""
    named = re.search(r"\bquery\b", query)
    begins = named.end() if named and not query.lstrip().startswith("{") else 0
    depth = 0
    for place in range(begins, len(query)):
        depth += (query[place] == "(") - (query[place] == ")")
        if query[place] == "{" and depth == 0:
            return f"{query[: place + 1]}{_ASKS_RATE}{query[place + 1 :]}"
    raise ValueError(query)


def weighed(answer: Answer) -> Answer:
    """An answer with its cost, and with what its errors say of the whole."""
    try:
        answered = codec.decode_json(answer.data, _Weighed, "", MOST_BYTES)
    except DocumentError:
        return answer
    rate = (answered.data and answered.data.rate) or _Rate()
    kinds = {fault.kind for fault in answered.errors or ()}
    said: Literal["", "limited", "heavy"] = "limited" if "limited" in kinds else "heavy" if "heavy" in kinds else ""
    return structs.replace(answer, said=said, cost=max(rate.cost, 0), headers={**answer.headers, **_left(answer, rate)})


def _left(answer: Answer, rate: _Rate) -> dict[str, str]:
    """What is left by the answer's own word, where its header says more or nothing."""
    told = answer.number("x-ratelimit-remaining")
    if rate.remaining is None or (told is not None and told <= rate.remaining):
        return {}
    return {"x-ratelimit-remaining": str(rate.remaining)}


def found(answer: Answer) -> Found:
    """What an answer holds, without our question for its cost; DocumentError when it is none of GraphQL's."""
    whole = codec.decode_json(answer.data, Found, "GitHub's answer to GraphQL", MOST_BYTES)
    if bytes(whole.data) in {b"null", b""}:
        return whole
    parts = codec.decode_json(bytes(whole.data), dict[str, Raw], "GitHub's answer to GraphQL", MOST_BYTES)
    parts.pop(_RATE, None)
    return Found(Raw(codec.encode_json_line(parts)), whole.errors)


def refused(found: Found, needs: str, *, may_lack: bool) -> DeliveryError | None:
    """Why an answer is none: one of its errors, unless each only leaves a part empty and the asker may lack parts."""
    faults = found.errors or ()
    if broken := next((fault for fault in faults if fault.kind != "unshown"), None):
        return DeliveryError(f"GitHub answered a GraphQL query with: {broken.sentence}.")
    if not faults or (may_lack and bytes(found.data) != b"null"):
        return None
    sentence = f"GitHub answered a GraphQL query with: {faults[0].sentence.rstrip('.')}"
    if faults[0].type == "NOT_FOUND":
        return MissingError(f"{sentence}; check that it exists and that the token may see it (`{needs}`).")
    return DeniedError(f"{sentence}; {refusal.lacks(needs)}.", needs)
