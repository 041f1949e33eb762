"""How much may be asked in an hour, by a clock that is handed in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)


@dataclass(kw_only=True)
class Limit:
    """One resource: what was spent since its hour began."""

    now: Callable[[], datetime]
    most: int = 1000
    spent: int = 0
    total: int = 0
    began: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.now()

    def spend(self, cost: int) -> bool:
        """Whether that is still allowed; it is spent then."""
        if self.now() - self.began >= HOUR:
            self.began, self.spent = self.now(), 0
        if self.spent + cost > self.most:
            return False
        self.spent, self.total = self.spent + cost, self.total + cost
        return True

    @property
    def left(self) -> int:
        """What may still be spent."""
        return self.most - self.spent

    @property
    def resets(self) -> datetime:
        """When the next hour begins."""
        return self.began + HOUR

    def headers(self, resource: str) -> dict[str, str]:
        """As GitHub writes them."""
        return {
            "x-ratelimit-limit": str(self.most),
            "x-ratelimit-remaining": str(self.left),
            "x-ratelimit-used": str(self.spent),
            "x-ratelimit-reset": str(int(self.resets.timestamp())),
            "x-ratelimit-resource": resource,
        }
