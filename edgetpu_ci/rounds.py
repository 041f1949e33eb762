"""Rounds as a file has them, from whatever measured: checked, and each slot made to its statistic. Pure."""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from edgetpu_ci import codec
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.stats import paired

MAX_BYTES = 256 << 20
"""24 metrics of 300 rounds of 1,000 samples each side stay below."""

MOST = round(paired.LOOKS[-1] / (1 - paired.MOST_DROPPED))
"""Rounds of a metric that are read: where fewer than the last look asks for count of them, more than MOST_DROPPED were
disturbed, and no further ones would change that."""

_SMALLEST, _LARGEST = 1e-30, 1e30
"""Any unit of anything fits between them, and so do the ratios and their powers among numbers."""


class _Round(Struct, frozen=True):
    base: list[float]
    head: list[float]
    order: Literal["AB", "BA"] | None = None


class _Metric(Struct, frozen=True):
    id: str
    rounds: list[_Round]
    better: paired.Direction = "lower"


class _Document(Struct, frozen=True):
    metrics: list[_Metric]
    family: Annotated[int, Meta(le=1_000_000)] | None = None
    min_effect: Annotated[float, Meta(ge=0, lt=100)] = 1.0


def read(data: bytes, source: str, percent: float | None) -> tuple[tuple[paired.Paired, ...], int]:
    """The metrics of a rounds file and the size of their family.

    `percent` is the smallest change that matters, in place of the file's. DocumentError names what is wrong and where.
    """
    document = codec.decode_foreign_json(data, _Document, source, MAX_BYTES)
    if fault := next(_faults(document), ""):
        raise DocumentError(f"{source}: {fault}.")
    effect = (document.min_effect if percent is None else percent) / 100
    metrics = tuple(_paired(metric, effect) for metric in document.metrics)
    return metrics, document.family or len(metrics)


def _paired(metric: _Metric, effect: float) -> paired.Paired:
    rounds = metric.rounds[:MOST]
    orders = [each.order for each in rounds if each.order]
    return paired.Paired(
        id=metric.id,
        better=metric.better,
        pairs=tuple((paired.slot(each.base, metric.better), paired.slot(each.head, metric.better)) for each in rounds),
        # An order that is not known of each round says nothing.
        orders=tuple(orders) if len(orders) == len(rounds) else (),
        effect=effect,
    )


def _faults(document: _Document) -> Iterator[str]:
    if not document.metrics:
        yield "it has no metrics"
    if document.family is not None and document.family < len(document.metrics):
        yield f"its family of {document.family} is smaller than its {len(document.metrics)} metrics"
    seen = set()
    for place, metric in enumerate(document.metrics, 1):
        if not _is_text(metric.id):
            yield f"the id of metric {place} is half a character (a lone surrogate), which cannot be printed"
        if metric.id in seen:
            yield f'the metric "{metric.id}" is there twice'
        seen.add(metric.id)
        for number, each in enumerate(metric.rounds, 1):
            for arm, samples in (("base", each.base), ("head", each.head)):
                if fault := _fault(samples):
                    yield f'metric "{metric.id}", round {number}, {arm}: {fault}'


def _fault(samples: list[float]) -> str:
    if not samples:
        return "no samples"
    wrong = next((sample for sample in samples if not _SMALLEST <= sample <= _LARGEST), None)
    if wrong is None:
        return ""
    return f"{wrong:g} is no measurement; each is above zero and finite, from {_SMALLEST:g} to {_LARGEST:g}"


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
