"""What measuring adds: our recorded latency beside a bare invoke and litert-benchmark, in one run on one machine."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from edgetpu_ci import reference, stats  # noqa: E402
from edgetpu_ci.collect import inference  # noqa: E402
from edgetpu_ci.world import real_world  # noqa: E402

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ARMS = ("ours", "bare", "theirs")
WARMUP_MS = 100
LEAST_MS = 50
GOAL_US = 0.2
GOAL_RATIO = 1.02


@dataclass
class Compared:
    """One model: the p10 of each round by arm in ms, and of each round what recording added in µs."""

    name: str
    p10: dict[str, list[float]] = field(default_factory=lambda: {arm: [] for arm in ARMS})
    added_us: list[float] = field(default_factory=list)

    def ratios(self, other: str) -> list[float]:
        """Ours over another arm, round by round."""
        return [ours / theirs for ours, theirs in zip(self.p10["ours"], self.p10[other], strict=True)]


def main() -> None:
    """Compare, print a table, draw the picture."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("models", nargs="*", type=Path, help="default: the reference model and a small one")
    options.add_argument("--rounds", type=int, default=12)
    options.add_argument("--count", type=int, default=150, help="inferences of an arm in a round")
    options.add_argument("--png", type=Path, default=Path("edgetpu-ci-report/overhead.png"))
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = wanted.models or _models(Path(folder))
        compared = [compare(model, wanted.rounds, wanted.count) for model in models]
    print(table(compared))
    wanted.png.parent.mkdir(parents=True, exist_ok=True)
    draw(compared, wanted.png)
    print(f"\nPicture: {wanted.png}")


def _models(folder: Path) -> list[Path]:
    small = folder / "small.tflite"
    small.write_bytes(reference.build(32, 0.1))
    return [reference.write(folder / "reference.tflite"), small]


def compare(model: Path, rounds: int, count: int) -> Compared:
    """All arms in each round, forwards and backwards by turns, each in a fresh process."""
    compared = Compared(model.stem)
    guess = stats.percentile(sorted(ours(model, 20)), 0.10)
    # As many inferences and as long a warm-up for all: a tiny model is slower until the CPU's caches have learnt it.
    amounts = (max(count, ceil(LEAST_MS / guess)), max(10, ceil(WARMUP_MS / guess)))
    for number in range(rounds):
        print(f"{model.stem}: round {number + 1} of {rounds}", file=sys.stderr)
        for arm in ARMS if number % 2 == 0 else reversed(ARMS):
            times = ours(model, amounts[0]) if arm == "ours" else run(arm, model, amounts)
            compared.p10[arm].append(stats.percentile(sorted(times), 0.10))
        added = [recorded - bare for bare, recorded in run("pairs", model, amounts)]
        compared.added_us.append(1000 * median(added))
    return compared


def ours(model: Path, count: int) -> list[float]:
    """The latencies the toolkit records, in ms."""
    options = inference.Options(
        models=(str(model.resolve()),), rounds=1, count=count, seconds=0, warmup_seconds=WARMUP_MS / 1000
    )
    collected = inference.collect(options, real_world())
    if not collected.samples:
        sys.exit(f"{model}: {collected.measurements[0].reason}")
    return [nanoseconds / 1e6 for nanoseconds in collected.samples[f"{model.stem}/latency_ns/1"]]


def run(arm: str, model: Path, amounts: tuple[int, int]) -> Any:  # noqa: ANN401 - JSON of our own
    """Another arm's numbers."""
    program = Path(__file__).with_name("overhead_arm.py")
    argv = [sys.executable, str(program), arm, str(model), *map(str, amounts)]
    ran = subprocess.run(argv, capture_output=True, check=False)  # noqa: S603 - a program of ours
    if ran.returncode:
        said = [line for line in ran.stderr.decode(errors="replace").splitlines() if "Error" in line]
        sys.exit(f"{model}: the arm {arm} ended with {said[-1:] or ran.returncode}; leave this model out.")
    return json.loads(ran.stdout)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of the median over rounds, all of them when they are few."""
    return stats.percentile_interval(sorted(values), 0.5) or (min(values), max(values))


def table(compared: Sequence[Compared]) -> str:
    """Medians over rounds with their 95 % intervals."""
    head = ("model", "p10 ours", "bare", "litert-benchmark", "ours / bare", "ours / litert-benchmark", "recording adds")
    rows = [head, *(_row(one) for one in compared)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _row(one: Compared) -> tuple[str, ...]:
    return (
        one.name,
        *(f"{median(one.p10[arm]):.4g} ms" for arm in ARMS),
        *(_with_interval(one.ratios(other), "{:.3f}") for other in ("bare", "theirs")),
        _with_interval(one.added_us, "{:+.3f}") + " µs",
    )


def _with_interval(values: Sequence[float], form: str) -> str:
    low, high = interval(values)
    return f"{form} ({form} to {form})".format(median(values), low, high)


def draw(compared: Sequence[Compared], path: Path) -> None:
    """Each round a dot, the interval of the median a bar, the goal a line."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 1.4 + 1.1 * len(compared)), dpi=130, layout="constrained")
    ratios, added = figure.subplots(1, 2, width_ratios=(3, 2))
    for axes, none, goal, label in (
        (ratios, 1, GOAL_RATIO, "p10 of our latency, as a ratio"),
        (added, 0, GOAL_US, "what recording adds to a latency, µs"),
    ):
        # Three times the goal to each side, so that the goal is seen whatever a busy host does to single rounds.
        axes.set_xlim(none - 3 * (goal - none), none + 3 * (goal - none))
        axes.axvline(none, color="black", linewidth=0.6)
        axes.axvline(goal, color="#d55e00", linestyle="--", linewidth=1)
        axes.set_xlabel(label)
        axes.tick_params(labelsize=8)
    for place, one in enumerate(compared):
        _dots(ratios, place - 0.2, one.ratios("bare"), "#8a8a8a")
        _dots(ratios, place + 0.2, one.ratios("theirs"), "#0072b2")
        _dots(added, place, one.added_us, "#0072b2")
    ratios.set_yticks(
        range(len(compared)), [f"{one.name}\ngrey: to bare invoke\nblue: to litert-benchmark" for one in compared]
    )
    added.set_yticks(range(len(compared)), [one.name for one in compared])
    for axes in (ratios, added):
        axes.set_ylim(len(compared) - 0.5, -0.5)
    says = "Dots: rounds of fresh processes (beyond the scale: at its edge). Bars: 95 % interval of their median."
    figure.suptitle(f"{says} Dashed: the goal.", fontsize=9)
    figure.savefig(path)


def _dots(axes: "Axes", place: float, values: Sequence[float], colour: str) -> None:
    (least, most), middle = axes.get_xlim(), median(values)
    shown = [min(max(value, least), most) for value in values]
    spread = [place + 0.2 * (number / max(1, len(values) - 1) - 0.5) for number in range(len(values))]
    axes.plot(shown, spread, "o", color=colour, alpha=0.35, markersize=4, clip_on=False)
    axes.plot(interval(values), [place, place], color=colour, linewidth=3)
    axes.plot([min(max(middle, least), most)], [place], "D", color=colour, markeredgecolor="white", clip_on=False)
    if not least < middle < most:
        edge = least if middle <= least else most
        axes.annotate(f"{middle:.3g}", (edge, place), (8, 6), textcoords="offset points", fontsize=8)


if __name__ == "__main__":
    main()
