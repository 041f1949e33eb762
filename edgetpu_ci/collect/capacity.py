"""Search the highest rate of frames that a model serves in time: how many cameras a device is good for."""

from collections.abc import Sequence
from functools import partial
from math import floor
from pathlib import Path
from statistics import fmean
from typing import Annotated, Final

from msgspec import Meta

from edgetpu_ci import stats
from edgetpu_ci.loads import failures, frames, load, models, on_device, sampled, slot, turns
from edgetpu_ci.loads.frames import Flow, Frames, Milliseconds, Percent, Rate, Served
from edgetpu_ci.loads.on_device import Place
from edgetpu_ci.loads.target import Seconds
from edgetpu_ci.loads.tries import Tries
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.stats import rates
from edgetpu_ci.stats.rates import Tried
from edgetpu_ci.world import World

METRICS: Final = ("capacity_per_second", "cameras")

FIRST: Final = 20
"""Frames from which the first guess is made, those of one camera."""


class Options(Frames, frozen=True, kw_only=True):
    """`models`: paths and globs of .tflite files. Of each, the highest rate is searched that meets the deadline.

    A rate is met when the p99 of the latency of its frames, from when each was due to its result, is at most
    `deadline_ms` (by default the time between two frames of a camera), at most `drop_percent` were dropped or failed,
    and frames do not come faster than they are served on average. Rates are tried in fresh processes, with as many
    frames as p99 needs, half way between met and missed until those are `within_percent` of each other, and the answer
    once more; or until `budget_seconds` are over. `cameras` is how many of `camera_fps` that rate is.
    """

    models: tuple[str, ...]
    camera_fps: Rate = 30
    deadline_ms: Milliseconds | None = None
    drop_percent: Percent = 1
    within_percent: Annotated[float, Meta(gt=0, le=100)] = 2
    budget_seconds: Seconds = 300


def collect(options: Options, world: World) -> Collected:
    """The capacity of each model, and how many cameras that is."""
    named = models.find(options.models, world)
    with on_device.taken(options, [file for _, file in named], world) as place:
        found = [(name, _Search(file, place, world)) for name, file in named]
        for number, (name, search) in enumerate(found, start=1):
            search.run()
            world.progress(f"{name}: capacity", number, len(found))
    return Collected(
        measurements=tuple(m for name, search in found for m in _of(name, search, options)),
        contended=load.contended(each for _, search in found for each in search.slots.taken),
        notes=tuple(f"{name}: {note}" for name, search in found if (note := _note(search, options))),
    )


def verdict(served: Served, flow: Flow, drop_percent: float) -> str:
    """Why a rate was missed; empty when it was met."""
    lost = 100 * served.lost / served.offered
    if lost > drop_percent:
        return f"{lost:.3g} % of the frames were dropped"
    if few := sampled.too_few(0.99, len(served.wait_ns)):
        return few
    p99 = stats.percentile(sorted(served.latency_ms), 0.99)
    if p99 > flow.deadline_ms:
        return f"p99 was {p99:.4g} ms"
    # A short run does not last until a queue that grows slowly is too long.
    load_ = flow.rate * fmean(served.service_ns) / 1e9
    return f"frames came {load_:.4g} times as fast as they were served" if load_ > 1 else ""


class _Search:
    """The search for one model: what was tried, and what broke."""

    def __init__(self, file: Path, place: Place[Options], world: World) -> None:
        self.file, self.options, self.world = file, place.options, world
        self.slots = Tries[turns.Slot[Served]](record=failures.Record(stopped=place.refuse(file)))
        self.tried: list[Tried] = []
        self.top, self.is_short = 0.0, False

    def run(self) -> None:
        """Try rates until the answer is known, or time is up."""
        end = self.world.monotonic() + self.options.budget_seconds
        first = None
        while first is None:
            if self.slots.is_over:
                return
            first = self._serve(Flow(self.options.camera_fps, FIRST, self._deadline))
        # Even if as many as may be are dropped, no more are served than by the quickest inferences.
        self.top = 1e9 / sampled.p10(first.service_ns) / (1 - self.options.drop_percent / 100)
        while not self.slots.is_over and (rate := self._following()):
            seconds = frames.enough(self.options.drop_percent) / rate
            if self.world.monotonic() + seconds > end:
                self.is_short = True
                return
            self._try(rate)

    @property
    def _deadline(self) -> float:
        return self.options.deadline_ms or 1000 / self.options.camera_fps

    def _following(self) -> float | None:
        return rates.following(self.tried, self.top, self.options.within_percent / 100)

    def _try(self, rate: float) -> None:
        flow = Flow(rate, frames.enough(self.options.drop_percent), self._deadline, len(self.tried))
        if served := self._serve(flow):
            self.tried.append(Tried(rate, verdict(served, flow, self.options.drop_percent)))

    def _serve(self, flow: Flow) -> Served | None:
        taken = self.slots.take(partial(frames.serve, self.options, self.file, flow, self.world), self.world)
        return taken.answer if taken else None


def _of(name: str, search: _Search, options: Options) -> list[Measurement]:
    if nothing := search.slots.nothing:
        return load.unmeasured(name, METRICS, nothing)
    answers = [each.answer for each in search.slots.taken]
    where = slot.device(answers, options.threads)
    return [*_found(name, search, where, options), *frames.broken(name, answers, search.slots.record, where)]


def _found(name: str, search: _Search, where: str, options: Options) -> list[Measurement]:
    known = rates.bracket(search.tried, search.top)
    if known.met is None:
        reason = _none(search, options)
        return [Measurement(subject=name, metric=metric, reason=reason, device=where) for metric in METRICS]
    n = sum(each.answer.offered for each in search.slots.taken)
    details = (("met", f"{known.met:.4g}/s"), ("not met", f"{known.missed:.4g}/s: {_why(known.missed, search.tried)}"))
    values = zip(METRICS, (known.met, floor(known.met / options.camera_fps)), strict=True)
    return [
        sampled.rounded(Measurement(subject=name, metric=metric, value=value, n=n, details=details), where)
        for metric, value in values
    ]


def _why(rate: float, tried: Sequence[Tried]) -> str:
    return next((each.missed for each in tried if each.rate == rate and each.missed), "inferences take longer")


def _none(search: _Search, options: Options) -> str:
    if not search.tried:
        in_time = f"no rate could be tried in {options.budget_seconds:g} s; raise `budget_seconds`"
        return search.slots.record.reason or in_time
    lowest = min(search.tried, key=lambda each: each.rate)
    return f"no rate was met; at {lowest.rate:.3g}/s {lowest.missed}"


def _note(search: _Search, options: Options) -> str:
    """What makes the answer less certain than its two bounds say."""
    known = rates.bracket(search.tried, search.top)
    said = []
    if again := rates.contradictions(search.tried):
        said.append(f"{again} of the rates tried were met although a lower or the same one was missed")
    if search.is_short and known.met:
        said.append(
            f"the search ended after {options.budget_seconds:g} s, between {known.met:.4g} and {known.missed:.4g}/s"
        )
    return f"{'; '.join(said)}." if said else ""
