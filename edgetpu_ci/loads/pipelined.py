"""A model in segments, each on a device of its own, in one process."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Annotated, Final

from msgspec import Meta
from msgspec.structs import replace

from edgetpu_ci.loads import load, sampled, slot, target, turns
from edgetpu_ci.loads.faults import Fault
from edgetpu_ci.loads.load import Load
from edgetpu_ci.loads.slot import Nanoseconds
from edgetpu_ci.model import Measurement
from edgetpu_ci.world import World

METRICS: Final = ("pipeline_p50_ms", "pipeline_interval_p50_ms", "imbalance")

_Times = tuple[Nanoseconds, ...]


class Piped(load.Loaded, frozen=True, kw_only=True):
    """Nanoseconds of frames alone, between two results of a full pipeline, and of each segment in a full one.

    `moved_bytes` are what a frame takes into the second segment and each further one.
    """

    alone_ns: _Times = ()
    interval_ns: _Times = ()
    segments_ns: tuple[tuple[Annotated[int, Meta(ge=1)], ...], ...] = ()
    moved_bytes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what a worker of ours cannot say."""
        if not self.kind and not (self.alone_ns and self.interval_ns and self.segments_ns and all(self.segments_ns)):
            raise ValueError("nothing was completed")

    @property
    def attempted(self) -> int:
        """How many frames went through."""
        return len(self.alone_ns) + len(self.interval_ns)

    @property
    def imbalance(self) -> float:
        """The slowest segment's median time against the mean of all."""
        return imbalance([median(times) for times in self.segments_ns])


def imbalance(times: Sequence[float]) -> float:
    """The longest of some times against their mean."""
    return max(times) / fmean(times)


def run(
    options: Load, files: Sequence[Path], devices: Sequence[str], count: int, world: World
) -> turns.Slot[Piped] | Fault | str:
    """One process with all the segments, or what broke, or why there is none."""
    segments = [
        target.request(replace(options, device=device, input=()), file, world)
        for file, device in zip(files, devices, strict=True)
    ]
    told = [{name: one[name] for name in ("model", "edgetpu", "inputs")} for one in segments]
    told[0]["inputs"] = target.request(options, files[0], world)["inputs"]
    # What fills the pipeline is not counted.
    return load.take(
        options,
        load.request(options, files[0], "pipeline", world, segments=told, count=count + len(files) + 1),
        Piped,
        world,
    )


def measurements(subject: str, answers: Sequence[Piped], names: Sequence[str], options: Load) -> list[Measurement]:
    """How long a frame takes, how often one is done, and how evenly the work is divided."""
    alone = [[nanoseconds / 1e6 for nanoseconds in answer.alone_ns] for answer in answers]
    interval = [[nanoseconds / 1e6 for nanoseconds in answer.interval_ns] for answer in answers]
    n = sum(map(len, alone))
    balance = sampled.over_slots(subject, "imbalance", [answer.imbalance for answer in answers], n)
    made = [
        sampled.pooled(subject, "pipeline_p50_ms", 0.50, alone),
        sampled.pooled(subject, "pipeline_interval_p50_ms", 0.50, interval),
        replace(balance, details=_details(answers, names)),
    ]
    return [sampled.rounded(measurement, slot.device(answers, options.threads)) for measurement in made]


def _details(answers: Sequence[Piped], names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    moved = ("", *(f", takes {count:,} B over" for count in answers[0].moved_bytes))
    medians = [median(median(each.segments_ns[place]) for each in answers) / 1e6 for place in range(len(names))]
    return tuple((name, f"{ms:.4g} ms{said}") for name, ms, said in zip(names, medians, moved, strict=True))


def warnings(measured: Sequence[Measurement], whole: Measurement | None) -> str:
    """In words what the segments do not bring, against the model that is not divided; empty when they do."""
    known = {each.metric: each.value for each in measured}
    latency, interval = known["pipeline_p50_ms"], known["pipeline_interval_p50_ms"]
    if whole is None or whole.value is None or latency is None or interval is None:
        return ""
    said = []
    if interval > whole.value:
        said.append(f"a result comes every {interval:.4g} ms, from the whole model alone every {whole.value:.4g} ms")
    if latency > whole.value:
        said.append(
            f"a frame takes {latency:.4g} ms through all segments, through the whole model {whole.value:.4g} ms"
        )
    return "; ".join(said)
