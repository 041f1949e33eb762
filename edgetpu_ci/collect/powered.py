"""What the slots of a model drew: watts, energy of one inference, inferences for a watt; always of a named meter."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

from edgetpu_ci import power, stats
from edgetpu_ci.collect.bench import Bench, Idle
from edgetpu_ci.collect.model_slot import Taken
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.meters import Meter
from edgetpu_ci.model import Measurement

_WATTS: Final = "power_watts"
_ENERGY: Final = "energy_per_inference_mj"
_OF: Final[dict[str, Callable[[float, float], float]]] = {
    _WATTS: lambda watts, _per_second: watts,
    _ENERGY: lambda watts, per_second: 1000 * watts / per_second,
    "inferences_per_second_per_watt": lambda watts, per_second: per_second / watts,
}
"""Each from the watts and the inferences per second of one slot."""

EFFICIENCY: Final = "power_efficiency_tops_per_watt"
_NO_TIMES: Final = "the worker does not say between which times it measured"

Idles = tuple[Idle | None, Idle | None]
"""Before the first slot and after the last."""


def measurements(subject: str, slots: Sequence[Taken], idles: Idles, bench: Bench) -> list[Measurement]:
    """What a meter says of some slots, or why it says nothing; nothing at all where no meter was asked for."""
    if bench.meter is None or not slots:
        return []
    if isinstance(bench.meter, str):
        return _unknown(subject, bench.meter, ())
    named = (("meter", bench.meter.name),)
    drawn = _drawn(slots, bench.meter)
    if isinstance(drawn, str):
        return _unknown(subject, drawn, named)
    details = (*named, *_idle(idles, bench.meter))
    made = [_over_slots(subject, metric, [of(*slot) for slot in drawn], details) for metric, of in _OF.items()]
    if bench.meter.of_device:
        return made
    reason = f"{bench.meter.name} says nothing of the accelerator"
    return [*made, Measurement(subject=subject, metric=EFFICIENCY, reason=reason, details=named)]


def _unknown(subject: str, reason: str, details: tuple[tuple[str, str], ...]) -> list[Measurement]:
    return [
        Measurement(subject=subject, metric=metric, reason=reason, details=details) for metric in (*_OF, EFFICIENCY)
    ]


def _over_slots(subject: str, metric: str, slots: Sequence[float], details: tuple[tuple[str, str], ...]) -> Measurement:
    return Measurement(
        subject=subject,
        metric=metric,
        value=median(slots),
        n=len(slots),
        interval=stats.percentile_interval(sorted(slots), 0.5),
        slots=tuple(slots),
        details=details,
    )


def _drawn(slots: Sequence[Taken], meter: Meter) -> list[tuple[float, float]] | str:
    """The watts and the inferences per second of each slot, or why one of them is not known."""
    spans = [taken.answer.timed for taken in slots if taken.answer.timed]
    if len(spans) < len(slots):
        return _NO_TIMES
    try:
        whole = () if meter.live else meter.recorded((), (spans[0][0], spans[-1][1]))
        known = [
            power.watts(meter.recorded(taken.samples, span) if meter.live else whole, span)
            for taken, span in zip(slots, spans, strict=True)
        ]
    except DocumentError as error:
        return str(error)
    if reason := next((each for each in known if isinstance(each, str)), ""):
        return f"{sum(isinstance(each, str) for each in known)} of {len(slots)} slots: {reason}"
    drawn = [each for each in known if not isinstance(each, str)]
    if min(drawn) <= 0:
        return f"the meter says {min(drawn):g} W, and whatever works draws power"
    return [
        (watts, len(taken.answer.wall_ns) / (span[1] - span[0]))
        for watts, taken, span in zip(drawn, slots, spans, strict=True)
    ]


def _idle(idles: Idles, meter: Meter) -> list[tuple[str, str]]:
    """What was drawn before and after; the two differ, since a device that was opened once sleeps less deeply."""
    names = ("idle before", "idle after")
    return [(name, _watts(idle, meter)) for name, idle in zip(names, idles, strict=True) if idle]


def _watts(idle: Idle, meter: Meter) -> str:
    try:
        found: float | str = power.watts(meter.recorded(idle.samples, idle.span), idle.span)
    except DocumentError as error:
        found = str(error)
    return found if isinstance(found, str) else f"{found:.4g} W"
