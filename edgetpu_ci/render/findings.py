"""What rounds of base and head say, as text: a line for each metric, and below it what explains it."""

from collections.abc import Iterator, Sequence
from typing import Final

from edgetpu_ci.model import Finding
from edgetpu_ci.render import words
from edgetpu_ci.stats.paired import Decision

_MARK: Final[dict[Finding, str]] = {"regressed": "✗", "improved": "✓", "unchanged": "✓", "inconclusive": "?"}


def text(decisions: Sequence[Decision]) -> str:
    """A table, widest where the names are."""
    width = max((len(words.plain(decision.id)) for decision in decisions), default=0)
    return "\n".join(line for decision in decisions for line in _lines(decision, width))


def _lines(decision: Decision, width: int) -> Iterator[str]:
    change = "" if decision.ratio is None else _percent(decision.ratio)
    if decision.interval:
        change += f" ({' to '.join(map(_percent, decision.interval))})"
    name = words.tame(words.plain(decision.id)).ljust(width)
    yield (
        f"{_MARK[decision.finding]} {name}  {decision.finding:12}  {change:30}  "
        f"p {decision.p_adjusted:.2g}, {decision.rounds} rounds"
    )
    for remark in _remarks(decision):
        yield f"  {' ' * width}  {remark}"


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.1f} %".replace("-", "−")


def _remarks(decision: Decision) -> Iterator[str]:
    if decision.because:
        yield decision.because
    if decision.rounds_needed:
        yield f"about {decision.rounds_needed} rounds would decide"
    if decision.worth_a_look:
        yield "worth a look: likely a change, not proven"
    if decision.dropped:
        yield f"{decision.dropped} rounds do not count: other work disturbed them"
    yield from decision.notes
