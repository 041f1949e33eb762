"""What the slots of a model drew: watts, energy of one inference, inferences for a watt; always of a named meter."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

from edgetpu_ci import derive, stats
from edgetpu_ci.device import power
from edgetpu_ci.device.meters import Meter
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.loads import sampled
from edgetpu_ci.loads.bench import Bench, Idle
from edgetpu_ci.loads.model_slot import Options, Taken
from edgetpu_ci.loads.slot import device
from edgetpu_ci.model import Measurement

_OF: Final[dict[str, Callable[[float, float], float]]] = {
    "power_watts": lambda watts, _per_second: watts,
    derive.ENERGY: lambda watts, per_second: 1000 * watts / per_second,
    "inferences_per_second_per_watt": lambda watts, per_second: per_second / watts,
}
"""Each from the watts and the inferences per second of one slot."""

IN_SLOTS: Final = tuple(_OF)
"""What has a value in every slot, and so can be compared round by round."""

_SIMULATED: Final = "the device is simulated, and draws nothing"
_NO_TIMES: Final = "the worker does not say between which times it measured"

Details = tuple[tuple[str, str], ...]


def measurements(
    subject: str, slots: Sequence[Taken], idle: Details, options: Options, bench: Bench
) -> list[Measurement]:
    """What a meter says of some slots, or why it says nothing; nothing at all where no meter was asked for."""
    if bench.meter is None or not slots:
        return []
    where = device([taken.answer for taken in slots], options.threads)
    return [sampled.rounded(made, where) for made in _measurements(subject, slots, idle, bench)]


def _measurements(subject: str, slots: Sequence[Taken], idle: Details, bench: Bench) -> list[Measurement]:
    if any(taken.answer.edgetpu and taken.answer.edgetpu.is_simulated for taken in slots):
        return _unknown(subject, _SIMULATED, ())
    if bench.meter is None or isinstance(bench.meter, str):
        return _unknown(subject, bench.meter or "", ())
    named = (("meter", bench.meter.name),)
    drawn = _drawn(slots, bench.meter)
    if isinstance(drawn, str):
        return _unknown(subject, drawn, named)
    details = (*named, *idle)
    made = [_over_slots(subject, metric, [of(*slot) for slot in drawn], details) for metric, of in _OF.items()]
    if bench.meter.of_device:
        return made
    reason = f"{bench.meter.name} says nothing of the accelerator"
    return [*made, Measurement(subject=subject, metric=derive.EFFICIENCY, reason=reason, details=named)]


def _unknown(subject: str, reason: str, details: Details) -> list[Measurement]:
    return [
        Measurement(subject=subject, metric=metric, reason=reason, details=details)
        for metric in (*_OF, derive.EFFICIENCY)
    ]


def _over_slots(subject: str, metric: str, slots: Sequence[float], details: Details) -> Measurement:
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


def idle(before: Idle | None, after: Idle | None, bench: Bench) -> Details:
    """What was drawn before the first slot and after the last: a device that was opened once sleeps less deeply."""
    meter, known = bench.meter, (("idle before", before), ("idle after", after))
    if meter is None or isinstance(meter, str):
        return ()
    return tuple((name, _watts(stretch, meter)) for name, stretch in known if stretch)


def _watts(idle: Idle, meter: Meter) -> str:
    try:
        found: float | str = power.watts(meter.recorded(idle.samples, idle.span), idle.span)
    except DocumentError as error:
        found = str(error)
    return found if isinstance(found, str) else f"{found:.4g} W"
