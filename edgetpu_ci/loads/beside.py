"""The base of a run, to be measured in turns with the head: its files, and who says when it is enough."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgetpu_ci.judging.interleaved import Standing
from edgetpu_ci.model import Collected


@dataclass(frozen=True)
class Beside:
    """What a collector needs to measure a base beside the head.

    `file` gives the base's version of a file of the head, or in words why there is none; `folder` a whole checkout of
    the base, or EdgeTpuCiError. `standing` tells of all that a collector measured so far how far each subject is, and
    `left` how many seconds are left for rounds beyond the first look. `itself`: the head is its own base, and measured
    beside it for all that.
    """

    file: Callable[[Path], Path | str]
    folder: Callable[[], Path]
    standing: Callable[[Collected], Mapping[str, Standing]]
    left: Callable[[], float]
    itself: bool = False
