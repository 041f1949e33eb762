"""How much may be asked in a span of time, by a clock that is handed in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)


@dataclass(kw_only=True)
class Limit:
    """One resource: what was spent since its span began, and in `total`."""

    now: Callable[[], datetime]
    most: int = 1000
    span: timedelta = HOUR
    spent: int = 0
    total: int = 0
    began: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.now()

    def over(self, cost: int = 1) -> bool:
        """Whether that is more than is left of this span, or of a new one."""
        if self.now() - self.began >= self.span:
            self.began, self.spent = self.now(), 0
        return self.spent + cost > self.most

    def spend(self, cost: int) -> bool:
        """Whether that is still allowed; it is spent then."""
        if self.over(cost):
            return False
        self.spent, self.total = self.spent + cost, self.total + cost
        return True

    @property
    def left(self) -> int:
        """What may still be spent."""
        return self.most - self.spent

    @property
    def resets(self) -> datetime:
        """When the next span begins."""
        return self.began + self.span

    def headers(self, resource: str) -> dict[str, str]:
        """As GitHub writes them."""
        return {
            "x-ratelimit-limit": str(self.most),
            "x-ratelimit-remaining": str(self.left),
            "x-ratelimit-used": str(self.spent),
            "x-ratelimit-reset": str(int(self.resets.timestamp())),
            "x-ratelimit-resource": resource,
        }

    def shown(self) -> dict[str, int]:
        """As the endpoint of limits shows it."""
        resets = int(self.resets.timestamp())
        return {"limit": self.most, "remaining": self.left, "used": self.spent, "reset": resets}
