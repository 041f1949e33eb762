"""How often what is given to users fails, and how soon that is repaired (DORA)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from edgetpu_ci.kpis import delivery, summary
from edgetpu_ci.kpis.delivery import Delivered
from edgetpu_ci.kpis.rows import Rows, Source
from edgetpu_ci.kpis.scope import Scope
from edgetpu_ci.kpis.window import Window, hours
from edgetpu_ci.model import REPOSITORY, Measurement
from edgetpu_ci.stats.shares import Share

NEEDS: Final[tuple[Source, ...]] = ("deployments", "pulls")
METRICS: Final = ("change_fail_rate", "deployment_rework_rate", "failed_deployment_recovery_time_hours")


def of(rows: Rows, scope: Scope) -> Iterator[Measurement]:
    """The key figures of `METRICS`: without the labels of pull requests nobody knows what repaired another."""
    found, what = delivery.delivered(rows, scope.options), delivery.called(rows, scope.options)
    yield _share("change_fail_rate", found, lambda one: one.failed, what, scope)
    yield _share("deployment_rework_rate", found, lambda one: one.repairs, what, scope)
    yield _recovery(found, what, scope)


def _share(
    metric: str, found: Sequence[Delivered], counts: Callable[[Delivered], bool], what: str, scope: Scope
) -> Measurement:
    def part(window: Window) -> Share:
        given = window.ended(found, lambda one: one.at)
        return sum(map(counts, given)), len(given)

    return scope.share(REPOSITORY, metric, part, of=what)


def _recovery(found: Sequence[Delivered], what: str, scope: Scope) -> Measurement:
    recovered = list(_recoveries(found))

    def values(window: Window) -> list[float]:
        return [hours(failed.at, good.at) for failed, good in recovered if window.has(good.at)]

    open_ones = sum(one.failed for one in found) - len(recovered)
    details = (("excluded", summary.listed([("without one that followed and held", open_ones)])),)
    of = f"failed {what} that were followed by one that held"
    return scope.spread(REPOSITORY, "failed_deployment_recovery_time_hours", values, of=of, details=details)


def _recoveries(found: Sequence[Delivered]) -> Iterator[tuple[Delivered, Delivered]]:
    """Each that failed with the next that did not."""
    good = None
    for one in reversed(found):
        if not one.failed:
            good = one
        elif good:
            yield one, good
