"""Models of whose speed nothing can be said, since heat spoilt too many of their rounds. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from edgetpu_ci import metrics
from edgetpu_ci.model import Measurement
from edgetpu_ci.stats.paired import MOST_DROPPED

_SPOILS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "throttled_percent": "throttled in {:.0f} % of the rounds; cool the device, or feed it better, and try again",
        "warm_start_percent": "not comparable: {:.0f} % of the rounds began above `cool_below_celsius`",
    }
)

_SPEEDS: Final = {"ms", "s", "1/s", "W", "mJ", "1/s/W", "TOPS", "TOPS/W"}
"""Units of what is otherwise on a device that is slowed down."""

_SHARES: Final = {"tops_peak_percent"}
"""And what is a share of it."""


def by_heat(measurements: Iterable[Measurement]) -> dict[str, str]:
    """In words why, of each such subject."""
    shares = [(m.subject, m.metric, m.value or 0) for m in measurements if m.metric in _SPOILS]
    return {name: _SPOILS[metric].format(share) for name, metric, share in shares if share > 100 * MOST_DROPPED}


def is_speed(metric: str) -> bool:
    """Whether a metric is of what heat changes."""
    return metrics.find(metric).unit in _SPEEDS or metric in _SHARES


def cause(disturbed: Sequence[str]) -> str:
    """In words the one thing that spoilt so many rounds that they decide nothing; empty where there is none."""
    said = [what for what in disturbed if what]
    why = max(said, key=said.count, default="")
    times = said.count(why)
    return f"{why} (in {times} of {len(disturbed)} rounds)" if times > MOST_DROPPED * len(disturbed) else ""
