"""Numbers and names as people read them, and foreign text made harmless."""

import unicodedata
from collections.abc import Iterable, Sequence
from math import isinf
from statistics import median
from typing import Final

from edgetpu_ci import metrics
from edgetpu_ci.judging import phrases
from edgetpu_ci.model import Comparison, Measurement, Metric, Run, Trend

NAME, SENTENCE, REASON = 80, 500, 1500
"""How much of a foreign name, of a foreign sentence, and of why something is not known, is shown."""

_NAMED: Final = 3
_LEAST_P: Final = 0.0001
_LEAST_HEIGHT: Final = 0.05
_UNITS_IN_NAMES: Final = (
    *("_ms", "_fps", "_percent", "_mb", "_seconds", "_millions", "_mb_per_second", "_per_second"),
    *("_celsius", "_watts", "_mj", "_tops_per_watt", "_minutes", "_mb_per_hour"),
    *("_hours", "_days", "_usd", "_gb"),
)
_SPELLED: Final = {
    "macs": "MACs",
    "tpu": "TPU",
    "cpu": "CPU",
    "dma": "DMA",
    "tops": "TOPS",
    "ops": "operators",
    "bytes": "size",
    "pr": "PR",
    "ci": "CI",
    "api": "API",
    "kloc": "kLOC",
    "sha": "SHA",
}
# Controls and formats hide or reorder what is printed; surrogates and private characters mean nothing to a reader.
_INVISIBLE: Final = {"Cc", "Cf", "Cs", "Co"}
_BARS: Final = "▁▂▃▄▅▆▇█"


def plain(text: str, most: int = NAME) -> str:
    """Foreign text on one line of at most `most` characters, each of them visible."""
    shown = _visible(" ".join(text[: 4 * most].split()))
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def place(run: Run, most: int = NAME) -> str:
    """Where a run was measured; a simulated device is none, and nobody shall take it for one."""
    named = plain(run.machine.host or run.machine.key, most) or "an unnamed machine"
    return f"a simulated Edge TPU ({named})" if run.is_simulated else named


def prose(text: str) -> str:
    """Text with foreign parts for a terminal or a log: its lines stay, and each of them is tame and visible."""
    return "\n".join(tame(_visible(line)) for line in text.split("\n"))


def _visible(line: str) -> str:
    if line.isascii() and line.isprintable():
        return line
    return "".join("\ufffd" if unicodedata.category(sign) in _INVISIBLE else sign for sign in line)


def tame(text: str) -> str:
    """Without what a CI runner would take for a command, wherever it stands in a line."""
    return text.replace("::", "∷").replace("##[", "## [")


def label(metric: str) -> str:
    """A metric without its unit, in words: `latency_p99_ms` is "latency p99"."""
    unit = next((unit for unit in _UNITS_IN_NAMES if metric.endswith(unit)), "")
    parts = plain(metric.removesuffix(unit)).split("_")
    return " ".join(_SPELLED.get(part, part) for part in parts).strip() or "unnamed"


def names(named: Iterable[str], kind: str) -> str:
    """Up to three names, or how many there are."""
    known = list(named)
    return ", ".join(map(plain, known)) if len(known) <= _NAMED else f"{len(known):,} {kind}"


def value(measurement: Measurement) -> str:
    """What was measured, or why there is nothing."""
    if measurement.value is None:
        return f"n/a ({plain(measurement.reason, SENTENCE) or 'no reason given'})"
    return metrics.amount(measurement.value, metrics.find(measurement.metric))


def interval(measurement: Measurement) -> str:
    """The 95 % interval of a value in its unit; empty when there is none."""
    if measurement.interval is None or measurement.value is None:
        return ""
    return span(*measurement.interval, metrics.find(measurement.metric))


def span(low: float, high: float, metric: Metric, between: str = " … ") -> str:
    """Two values of one metric with the unit written once."""
    first = metrics.amount(low, metric).removesuffix(f" {metric.unit}") if metric.unit else metrics.amount(low, metric)
    return f"{first}{between}{metrics.amount(high, metric)}"


def from_to(comparison: Comparison) -> str:
    """`2.62 → 2.93 ms`."""
    return span(comparison.base, comparison.head, metrics.find(comparison.metric), " → ")


def course(trend: Trend) -> str:
    """The first and the last value of a trend."""
    return span(trend.values[0], trend.values[-1], metrics.find(trend.metric), " → ")


def change(comparison: Comparison) -> str:
    """A change in words with an arrow for where the value went: `▼ 11 % slower (−11.5 … −10.7 %)`."""
    if comparison.finding == "unchanged" and comparison.interval is None:
        return "equal"
    if comparison.finding == "unchanged":
        return f"{phrases.unchanged(comparison)} {_percents(comparison)}".rstrip()
    if comparison.finding == "inconclusive":
        return f"inconclusive {_percents(comparison)}".rstrip()
    arrow = "▲" if comparison.head > comparison.base else "▼"
    return f"{arrow} {phrases.describe(comparison)} {_percents(comparison)}".rstrip()


def _percents(comparison: Comparison) -> str:
    if comparison.interval is None:
        return ""
    low, high = (f"{100 * (ratio - 1):+.1f}".replace("-", "−") for ratio in comparison.interval)
    return f"({low} … {high} %)"


def p_value(comparison: Comparison) -> str:
    """The chance of such a difference without a change, adjusted for all that was tested with it."""
    p = comparison.p_adjusted
    if p is None:
        return ""
    return "< 0.0001" if p < _LEAST_P else f"{p:.2g}" if p < 1 else "1"


def resolution(comparisons: Iterable[Comparison]) -> str:
    """The change that the rounds of a usual metric could just tell from none: half its interval."""
    halves = [(c.interval[1] / c.interval[0]) ** 0.5 - 1 for c in comparisons if c.interval and min(c.interval) > 0]
    return f"{float(f'{100 * median(halves):.2g}'):,g} %" if halves else ""


def commit(name: str) -> str:
    """A commit as people write it, with what git says of work that is not in it; empty when it is none."""
    plain_name = name.removesuffix("-dirty")
    if not (plain_name.isalnum() and plain_name.isascii()):
        return ""
    return plain_name[:7] + name[len(plain_name) :]


def direction(comparison: Comparison) -> str:
    """What became of it in one word: slower, faster, larger, smaller, higher or lower."""
    grew = comparison.head > comparison.base
    if pace := phrases.pace(comparison.metric, grew=grew):
        return pace
    if metrics.find(comparison.metric).unit in {"B", "MB"}:
        return "larger" if grew else "smaller"
    return "higher" if grew else "lower"


def sparkline(values: Sequence[float]) -> str:
    """The course of some values as a row of bars, the least lowest."""
    low, height = min(values), max(values) - min(values)
    if height == 0 or isinf(height):
        return _BARS[3] * len(values)
    # Without this the noise of a steady course would go from the floor to the ceiling, and look like news.
    height = max(height, _LEAST_HEIGHT * max(map(abs, values)))
    return "".join(_BARS[round((len(_BARS) - 1) * ((value - low) / height))] for value in values)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: wide letters take two, accents none."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def cut(text: str, width: int) -> str:
    """As much of a text as has room in so many columns."""
    if columns(text) <= width:
        return text
    while columns(text) >= width:
        text = text[:-1]
    return f"{text}…"
