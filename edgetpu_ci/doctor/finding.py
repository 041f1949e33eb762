"""What `doctor` says of one thing."""

from typing import Literal

from msgspec import Struct

State = Literal["ok", "note", "bad"]


class Finding(Struct, frozen=True):
    """One thing looked at: how it is, in one sentence."""

    state: State
    what: str
    sentence: str
