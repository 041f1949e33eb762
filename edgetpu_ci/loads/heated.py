"""How hot it got while a model was measured, and in how many slots that slowed it down."""

from collections.abc import Sequence
from statistics import fmean

from edgetpu_ci.device import thermal
from edgetpu_ci.loads.model_slot import Taken
from edgetpu_ci.model import Measurement


def measurements(subject: str, slots: Sequence[Taken]) -> list[Measurement]:
    """How hot it got, and in how many slots something was throttled or too warm at the start.

    Nothing where nothing of it is told. The temperature is that of the accelerators, else of the host.
    """
    windows = [taken.window for taken in slots]
    made = _temperature(subject, "tpu_temperature_celsius", [thermal.hottest(w.heats)[0] for w in windows])
    made = made or _temperature(subject, "temperature_celsius", [thermal.hottest(w.heats)[1] for w in windows])
    if windows and all(window.after.heat.tells for window in windows):
        made.append(_share(subject, "throttled_percent", [bool(thermal.throttled(w.heats)) for w in windows]))
    if any(window.warm for window in windows):
        made.append(_share(subject, "warm_start_percent", [bool(window.warm) for window in windows]))
    return made


def _temperature(subject: str, metric: str, slots: Sequence[float | None]) -> list[Measurement]:
    known = tuple(celsius for celsius in slots if celsius is not None)
    if not known or len(known) < len(slots):
        return []
    return [Measurement(subject=subject, metric=metric, value=max(known), n=len(known), slots=known)]


def _share(subject: str, metric: str, slots: Sequence[bool]) -> Measurement:
    percents = tuple(100.0 * found for found in slots)
    return Measurement(subject=subject, metric=metric, value=fmean(percents), n=len(percents), slots=percents)
