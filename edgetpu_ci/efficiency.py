"""Operations per second and watt, where one collector measured the power and another knows the operations. Pure."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from edgetpu_ci import power
from edgetpu_ci.model import Measurement

METRIC: Final = "power_efficiency_tops_per_watt"
ENERGY: Final = "energy_per_inference_mj"
MACS: Final = "macs_on_tpu_millions"


def with_it(measurements: Sequence[Measurement]) -> tuple[Measurement, ...]:
    """The measurements, and of each model whose energy was measured also its efficiency, or why it is not known."""
    return (*measurements, *_efficiencies(measurements))


def _efficiencies(measurements: Sequence[Measurement]) -> Iterator[Measurement]:
    known = {measurement.key: measurement for measurement in measurements}
    for energy in measurements:
        if energy.metric == ENERGY and energy.slots and f"{energy.subject}/{METRIC}" not in known:
            yield _efficiency(energy, known.get(f"{energy.subject}/{MACS}"))


def _efficiency(energy: Measurement, macs: Measurement | None) -> Measurement:
    if macs is None or macs.value is None:
        reason = macs.reason if macs else "its MACs on the TPU are not known: name its `source_model`"
        return Measurement(subject=energy.subject, metric=METRIC, reason=reason, details=energy.details)
    slots = tuple(power.tops_per_watt(macs.value, slot) for slot in energy.slots)
    return Measurement(
        subject=energy.subject,
        metric=METRIC,
        value=median(slots),
        n=energy.n,
        slots=slots,
        device=energy.device,
        details=energy.details,
    )
