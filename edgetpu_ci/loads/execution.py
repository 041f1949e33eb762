"""What one process that runs a model leaves in the trace: recorded when it is over, from times it handed back."""

from collections.abc import Iterator, Mapping
from itertools import accumulate, count, pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from edgetpu_ci.loads import slot, turns
from edgetpu_ci.loads.faults import Fault
from edgetpu_ci.observed import Observed, Span, Value

NAME: Final = "benchmark_execution"
PHASES: Final = ("model_loading", "warmup", "measurement")
"""One after the other, inside of it."""

Spent = tuple[int, int]
"""From and to which nanoseconds since 1970."""

Known = dict[str, Value]


class Turn(NamedTuple):
    """Whose turn it is: a subject's, on which side of a comparison, and which of its turns, from 1."""

    subject: str
    side: turns.Side
    number: int


def turns_of(subject: str, side: turns.Side) -> Iterator[Turn]:
    """One after the other; those in which something broke count too."""
    return (Turn(subject, side, number) for number in count(1))


def of_slot(turn: Turn, threads: int, spent: Spent, answer: slot.Answer | Fault | str, observed: Observed) -> None:
    """The span of a slot, and inside of it one for each phase that is known."""
    known: Known = {"edgetpu_ci.model": turn.subject, "edgetpu_ci.arm": turn.side, "edgetpu_ci.round": turn.number}
    if not isinstance(answer, slot.Answer):
        observed.record(_span(known, threads, spent, answer))
        return
    known["edgetpu_ci.inferences"] = len(answer.wall_ns)
    place = observed.record(_span(known, threads, spent, answer))
    for name, (start, end) in zip(PHASES, pairwise(_moments(answer, spent)), strict=False):
        observed.record(Span(name, start, end, {}, place))


def of_load(
    asked: Mapping[str, Any], threads: int, spent: Spent, answer: slot.Said | Fault | str, observed: Observed
) -> None:
    """The span of any other load, which tells no phases; `asked` is the worker's request."""
    known: Known = {"edgetpu_ci.model": Path(asked["model"]).name, "edgetpu_ci.load": asked["task"]}
    observed.record(_span(known, threads, spent, answer))


def _span(known: Known, threads: int, spent: Spent, answer: slot.Said | Fault | str) -> Span:
    if isinstance(answer, str | Fault):
        return Span(NAME, *spent, known, fault=answer if isinstance(answer, str) else answer.text)
    fault = answer.fault() if isinstance(answer, slot.Answer) else None
    more: Known = {"edgetpu_ci.device": slot.device([answer], threads)}
    return Span(NAME, *spent, known | more, fault=fault.text if fault else "")


def _moments(answer: slot.Answer, spent: Spent) -> list[int]:
    """Between which times the phases lie; none of a worker that does not tell."""
    if answer.loading is None or answer.timed is None:
        return []
    # A clock that was set meanwhile must not turn the order round, nor put a phase outside of what it is part of.
    told = accumulate((round(1e9 * at) for at in (*answer.loading, *answer.timed)), max)
    return [min(max(at, spent[0]), spent[1]) for at in told]
