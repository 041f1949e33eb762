"""How much to ask for at once: as much as GitHub could answer lately."""

from collections.abc import Callable
from typing import Final, TypeVar

from edgetpu_ci.errors import DeliveryError, TooHeavyError

T = TypeVar("T")

_START: Final = 50
_STEP: Final = 10


class PageSize:
    """The size of the next page: grows slowly up to `most`, and is halved when it was too much."""

    def __init__(self, most: int = 100) -> None:
        self._most = most
        self.now = min(_START, most)

    def went_well(self) -> None:
        """A page of this size came."""
        self.now = min(self.now + _STEP, self._most)

    def failed(self) -> bool:
        """None came; whether a smaller one can be asked for."""
        is_least = self.now == 1
        self.now = max(self.now // 2, 1)
        return not is_least


def fitting(ask: Callable[[int], T], size: PageSize) -> T:
    """What `ask` finds for the largest size that goes; DeliveryError when not even one item can be had."""
    while True:
        try:
            found = ask(size.now)
        except TooHeavyError as error:
            if not size.failed():
                raise DeliveryError(f"GitHub could not answer even for a page of one item: {error}") from error
        else:
            size.went_well()
            return found
