"""A trend as a chart that GitHub draws by itself."""

import re
from math import floor, log10

from edgetpu_ci import metrics
from edgetpu_ci.model import Trend
from edgetpu_ci.render import words

_MARGIN = 0.1
_STEPS = 4
"""Decimal digits of the drawn height."""
_TOO_GREAT, _MOST_PLACES = 1e15, 15


def chart(trend: Trend) -> str:
    """A fenced block with the line of a trend of at least two values; empty when they are too great to draw."""
    low, high = min(trend.values), max(trend.values)
    if max(-low, high) > _TOO_GREAT:
        return ""
    # A flat line needs a height too.
    margin = _MARGIN * (high - low or abs(high)) or 1.0
    places = min(_MOST_PLACES, max(0, _STEPS - floor(log10(margin))))
    title = f"{_quoted(trend.subject)}: {_quoted(words.label(trend.metric))}"
    unit = _quoted(metrics.find(trend.metric).unit) or "value"
    return "\n".join(
        [
            "```mermaid",
            "xychart-beta",
            f'  title "{title}"',
            f'  x-axis "run, the newest last" 1 --> {len(trend.values)}',
            f'  y-axis "{unit}" {low - margin:.{places}f} --> {high + margin:.{places}f}',
            # No exponents: the chart's grammar has none.
            f"  line [{', '.join(f'{value:.{places}f}' for value in trend.values)}]",
            "```",
        ]
    )


def _quoted(text: str) -> str:
    """What may stand between quotes there: everything else could end the string, or the block."""
    return re.sub(r"[^\w ./%-]", "?", words.plain(text, 40))
