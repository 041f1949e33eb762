"""What disturbs the head more than a base measured in the same rounds. Pure."""

from collections.abc import Mapping
from statistics import fmean
from typing import Final

from msgspec import Struct

from edgetpu_ci.model import Comparison, Measurement
from edgetpu_ci.stats import ranks

UNEVEN_ERROR: Final = 0.005
"""Chance of saying that the head waits, fails or throttles more when it does not, for each model."""


class _Burden(Struct, frozen=True):
    """Something the head may do worse than its base beside it: which way is worse, by how much, and what is said."""

    sign: int
    least: float
    because: str


_BURDENS: Final[Mapping[str, _Burden]] = {
    "run_queue_wait_percent": _Burden(1, 1.0, "the head waits longer for a CPU than the base beside it: its own doing"),
    "error_rate_percent": _Burden(1, 0.0, "the head fails more often than the base beside it"),
    "throttled_percent": _Burden(1, 0.0, "the head is throttled more often than the base beside it: its own doing"),
    "cpu_clock_mhz": _Burden(-1, 20.0, "the CPU is clocked lower under the head than under the base: it throttles"),
}


def find(base: Measurement, head: Measurement) -> Comparison | None:
    """What disturbs the head more than its base in the same rounds is the head's own doing."""
    known = _BURDENS.get(head.metric)
    if known is None or not head.slots or len(base.slots) != len(head.slots):
        return None
    worse = [known.sign * (now - then) for then, now in zip(base.slots, head.slots, strict=True)]
    # Rounds in which neither did anything of the kind say nothing of who does more.
    if fmean(worse) <= known.least or ranks.signed_rank_p([change for change in worse if change]) > UNEVEN_ERROR:
        return None
    return Comparison(
        subject=head.subject,
        metric=head.metric,
        base=fmean(base.slots),
        head=fmean(head.slots),
        finding="regressed",
        rounds=len(worse),
        against="base commit",
        because=known.because,
    )
