"""A trend as a chart that GitHub draws by itself."""

import re

from edgetpu_ci import metrics
from edgetpu_ci.model import Trend
from edgetpu_ci.render import words

_ROOM_ABOVE_AND_BELOW = 0.1


def chart(trend: Trend) -> str:
    """A fenced block with the line of a trend of at least two values."""
    title = f"{_quoted(trend.subject)}: {_quoted(words.label(trend.metric))}"
    unit = _quoted(metrics.find(trend.metric).unit) or "value"
    low, high = _range(trend.values)
    return "\n".join(
        [
            "```mermaid",
            "xychart-beta",
            f'  title "{title}"',
            f'  x-axis "run, the newest last" 1 --> {len(trend.values)}',
            f'  y-axis "{unit}" {low:.6g} --> {high:.6g}',
            f"  line [{', '.join(_number(value) for value in trend.values)}]",
            "```",
        ]
    )


def _range(values: tuple[float, ...]) -> tuple[float, float]:
    low, high = min(values), max(values)
    # A flat line needs a height too.
    margin = _ROOM_ABOVE_AND_BELOW * (high - low or abs(high) or 1.0)
    return low - margin, high + margin


def _number(value: float) -> str:
    return f"{value:.6g}"


def _quoted(text: str) -> str:
    """What may stand between quotes there: everything else could end the string, or the block."""
    return re.sub(r"[^\w ./%-]", "?", words.plain(text, 40))
