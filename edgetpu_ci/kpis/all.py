"""All key figures that are made of a repository's rows."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Protocol

from edgetpu_ci.kpis import (
    builds,
    commits,
    delivery,
    durations,
    health,
    issues,
    lead,
    pulls,
    queues,
    repairs,
    reruns,
    scope,
    summary,
    window,
)
from edgetpu_ci.kpis.options import Options
from edgetpu_ci.kpis.rows import Rows, Source
from edgetpu_ci.kpis.scope import Scope
from edgetpu_ci.model import REPOSITORY, Measurement


class _Part(Protocol):
    """A module of key figures: the sources it needs, what it always says of the repository, and how."""

    @property
    def NEEDS(self) -> tuple[Source, ...]: ...  # noqa: N802 - a module's constant
    @property
    def METRICS(self) -> tuple[str, ...]: ...  # noqa: N802
    def of(self, rows: Rows, scope: Scope) -> Iterator[Measurement]: ...


PARTS: Final[tuple[_Part, ...]] = (
    commits,
    pulls,
    issues,
    delivery,
    repairs,
    lead,
    builds,
    reruns,
    durations,
    queues,
    health,
)


def of(rows: Rows, options: Options, as_of: datetime) -> tuple[Measurement, ...]:
    """Every key figure of the window of `options.days` that ends at `as_of`.

    Those whose rows are missing are unknown, for the reason that `rows.missing` has; they cost the others nothing.
    """
    here = window.last(options.days, as_of)
    return tuple(measured for part in PARTS for measured in _of(part, rows, options, here))


def _of(part: _Part, rows: Rows, options: Options, here: window.Window) -> Iterator[Measurement]:
    asked = scope.of(rows, options, here, *part.NEEDS)
    reason = next((rows.missing[source] for source in part.NEEDS if source in rows.missing), None) or asked.erased
    if not reason:
        yield from part.of(rows, asked)
    else:
        yield from (summary.unknown(REPOSITORY, name, reason, details=asked.details) for name in part.METRICS)
