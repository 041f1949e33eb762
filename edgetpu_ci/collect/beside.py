"""The base of a run, to be measured in turns with the head: its files, and who says when it is enough."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgetpu_ci.model import Collected


@dataclass(frozen=True)
class Beside:
    """What a collector needs to measure a base beside the head.

    `file` gives the base's version of a file of the head, or in words why there is none; `folder` a whole checkout of
    the base. `settled` is asked after each look, with all that was measured so far, which subjects need no further
    round; later looks are taken only while less than `budget_seconds` was spent. `itself`: the head is its own base,
    and measured beside it for all that.
    """

    file: Callable[[Path], Path | str]
    folder: Callable[[], Path]
    settled: Callable[[Collected], frozenset[str]]
    budget_seconds: float
    itself: bool = False
