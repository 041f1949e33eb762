"""Score our A/B rule and its peers' on rounds of unchanged code with slowdowns and bursts put in: tables."""

import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import count
from math import exp, sqrt
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

import numpy as np  # noqa: E402 - only after our own folder is first on the path
import pyarrow.parquet as pq  # noqa: E402
from msgspec.structs import replace  # noqa: E402

from edgetpu_ci.loads import turns  # noqa: E402
from edgetpu_ci.stats import disturbance, paired  # noqa: E402
from edgetpu_ci.stats.paired import Decision, Paired  # noqa: E402
from scripts import ab_peers  # noqa: E402
from scripts.ab_peers import Samples  # noqa: E402

DATA = Path(os.environ["EDGETPU_CI_DETECTION"], "data")
FAMILY, ROUNDS, PEERS_ROUNDS = 24, 30, 20
LIVE_ROUNDS = int(turns.SPARE * paired.LOOKS[-1])
HARMLESS, SLOWED, PEERS_SLOWED = 2000, 2000, 400
SLOWDOWNS = (1.01, 1.02, 1.03, 1.05, 1.10)
BURSTS, BURST_ROUNDS, BURST = 0.04, 2.5, (0.2, 0.6)

Change = Callable[[Samples], Samples]


class Window(NamedTuple):
    """So many consecutive rounds of one model: base and head (rounds x invokes) and which came first."""

    base: Samples
    head: Samples
    orders: tuple[Any, ...]


def main() -> None:
    """Print every table."""
    harmless()
    slowdowns()
    live()
    shapes()
    bursts()
    forks()


def harmless() -> None:
    """Unchanged code in families of 24, for our rule and for its peers'."""
    print(f"Harmless pull requests: {HARMLESS:,}, each {FAMILY} disjoint windows; {PEERS_ROUNDS} rounds for peers\n")
    print(
        "| rule | harmless PRs that fail | metrics that fail | rounds a quiet metric | inconclusive |\n|" + "---|" * 5
    )
    for effect in (0.01, 0.0):
        found = [_decide(windows, effect) for windows in _pull_requests(HARMLESS)]
        metrics = [decision for decisions in found for decision in decisions]
        rounds = fmean(decision.rounds + decision.dropped for decision in metrics)
        print(
            f"| **ours**, `min_effect` {100 * effect:.0f} % | {_share([_failed(decisions) for decisions in found])} "
            f"| {_share([decision.finding == 'regressed' for decision in metrics])} | {rounds:.1f} "
            f"| {_share([decision.finding == 'inconclusive' for decision in metrics])} |"
        )
    for name in ab_peers.RULES:
        flags = [[_peer(name, place, 1.0) for place in places] for places in _places(HARMLESS)]
        every = [flag for each in flags for flag in each]
        print(f"| {name} | {_share([any(each) for each in flags])} | {_share(every)} | {PEERS_ROUNDS} | |")


def slowdowns() -> None:
    """One metric of 24 is slower."""
    print(f"\nOne metric slower, n = {SLOWED:,} (peers {PEERS_SLOWED}): found, in %\n")
    print("| rule | " + " | ".join(f"{100 * (factor - 1):.0f} %" for factor in SLOWDOWNS) + " |\n|" + "---|" * 6)
    for effect in (0.0, 0.01):
        cells = [_share([_found(w, effect, lambda x, f=f: f * x) for w in _singles(SLOWED)]) for f in SLOWDOWNS]  # type: ignore[misc]
        print(f"| **ours**, `min_effect` {100 * effect:.0f} % | " + " | ".join(cells) + " |")
    for name in ab_peers.RULES:
        places = [places[0] for places in _places(PEERS_SLOWED)]
        cells = [_share([_peer(name, place, factor) for place in places]) for factor in SLOWDOWNS]
        print(f"| {name} | " + " | ".join(cells) + " |")


def live() -> None:
    """The rule as `compare` and `run` play it: rounds are taken while they are needed, and some in place of others."""
    print(f"\nLive, `min_effect` 1 %, n = {HARMLESS:,} and {SLOWED:,}, windows of {LIVE_ROUNDS} rounds\n")
    slower = " | ".join(f"{100 * (factor - 1):.0f} % found" for factor in SLOWDOWNS)
    print(f"| live looks | harmless PRs that fail | rounds a quiet metric | inconclusive | {slower} |\n|" + "---|" * 9)
    for name, patient in (("`compare` and `run`: patient", True), ("the same without patience", False)):
        found = [_play(_metrics(windows, 0.01), patient=patient) for windows in _pull_requests(HARMLESS, LIVE_ROUNDS)]
        metrics = [decision for decisions in found for decision in decisions]
        cells = [
            _share([_failed(decisions) for decisions in found]),
            f"{fmean(decision.rounds + decision.dropped for decision in metrics):.1f}",
            _share([decision.finding == "inconclusive" for decision in metrics]),
            *(_share(list(_played(factor, patient=patient))) for factor in SLOWDOWNS),
        ]
        print(f"| {name} | " + " | ".join(cells) + " |")


def _played(factor: float, *, patient: bool) -> Iterator[bool]:
    """Whether one metric of the family that is slower is found."""
    for window in _singles(SLOWED, LIVE_ROUNDS):
        slower = window._replace(head=factor * window.head)
        yield _failed(_play(_metrics([slower], 0.01), patient=patient))


def _play(metrics: Sequence[Paired], *, patient: bool) -> tuple[Decision, ...]:
    """As `turns.play`: each that is still there takes rounds until so many count; all are asked; the settled leave."""
    taken = [_first(metric, 0) for metric in metrics]
    settled: set[str] = set()
    for look in paired.LOOKS:
        taken = [
            held if held.id in settled else _take(metric, held.looks, look)
            for metric, held in zip(metrics, taken, strict=True)
        ]
        settled = {found.id for found in paired.decide(taken, FAMILY, patient=patient) if found.settled}
    return paired.decide(taken, FAMILY, patient=patient)


def _take(metric: Paired, looks: tuple[tuple[bool, ...], ...], look: int) -> Paired:
    """Its first rounds, until so many count or no more are taken; looked at then, as before at `looks`."""
    most = int(turns.SPARE * look)
    rounds = next((n for n in range(look, most) if paired.counted(_first(metric, n)) >= look), most)
    return replace(_first(metric, rounds), looks=(*looks, (False,) * rounds))


def _first(metric: Paired, rounds: int) -> Paired:
    return replace(metric, pairs=metric.pairs[:rounds], orders=metric.orders[:rounds])


def shapes() -> None:
    """Slowdowns that hit only some invokes or some processes, by the statistic of the slot."""
    quantiles = (0.1, 0.5, 0.9)
    print(f"\nOnly some are slower, n = {SLOWED // 4:,}: found, in %, by the statistic of the slot (`min_effect` 0)\n")
    print("| slower | " + " | ".join(f"p{100 * q:.0f}" for q in quantiles) + " |\n|" + "---|" * 4)
    named: dict[str, Change] = {
        "nothing": lambda head: head,
        "slowest 5 % of invokes, 1.5 times": lambda head: _where(head, _tail(head), 1.5),
        "20 % of invokes, +30 %": lambda head: _where(head, _some(head.shape, 0.2), 1.3),
        "half of the invokes, +30 %": lambda head: _where(head, _some(head.shape, 0.5), 1.3),
        "20 % of the processes, +30 %": lambda head: _where(head, _some((len(head), 1), 0.2), 1.3),
        "half of the processes, +10 %": lambda head: _where(head, _some((len(head), 1), 0.5), 1.1),
    }
    for name, change in named.items():
        cells = [_share([_found(w, 0.0, change, q) for w in _singles(SLOWED // 4)]) for q in quantiles]
        print(f"| {name} | " + " | ".join(cells) + " |")


def bursts() -> None:
    """Stolen CPU in one arm, in clusters, with and without the test that leaves contended rounds out."""
    seen = disturbance.contended
    low, high = map(exp, BURST)
    where = f"in {100 * BURSTS:.0f} % of rounds, in clusters of {BURST_ROUNDS}"
    print(f"\nOne arm {low:.1f} to {high:.1f} times as slow {where}, n = {HARMLESS:,}, `min_effect` 1 %\n")
    print("| contended rounds | harmless PRs that fail | 5 % missed | 2 % missed | rounds dropped |\n|" + "---|" * 5)
    for name, rule in (("stay", lambda levels: (False,) * len(levels)), ("are left out", seen)):
        disturbance.contended = rule
        rng = _rng(7)
        found = [_decide([_burst(window, rng) for window in windows], 0.01) for windows in _pull_requests(HARMLESS)]
        missed = [
            _share([not _found(_burst(w, rng), 0.01, lambda x, f=f: f * x) for w in _singles(SLOWED)])  # type: ignore[misc]
            for f in (1.05, 1.02)
        ]
        metrics = [decision for decisions in found for decision in decisions]
        dropped = sum(decision.dropped for decision in metrics) / sum(d.rounds + d.dropped for d in metrics)
        cells = (_share([_failed(decisions) for decisions in found]), *missed, f"{100 * dropped:.1f} %")
        print(f"| {name} | " + " | ".join(cells) + " |")
    disturbance.contended = seen


def forks() -> None:
    """JMH: ten forks of unchanged code are five pairs."""
    rows = pq.read_table(DATA / "jmh_aa/forks.parquet").to_pylist()
    slots: dict[str, list[float]] = {}
    for row in rows:
        slots.setdefault(row["benchmark"], []).append(paired.slot(row["ns_per_op"]))
    metrics = [Paired(id=name, pairs=tuple(zip(of[::2], of[1::2], strict=True))) for name, of in slots.items()]
    found = paired.decide(metrics, len(metrics))
    needed = sorted(decision.rounds_needed for decision in found if decision.rounds_needed)
    kinds = {
        kind: sum(d.finding == kind for d in found) for kind in ("regressed", "improved", "unchanged", "inconclusive")
    }
    print(f"\njmh_aa, {len(found)} benchmarks of {len(metrics[0].pairs)} pairs: {kinds}")
    print(f"rounds needed: said of {len(needed)}, median {median(needed):.0f}, from {needed[0]} to {needed[-1]}")


@cache
def _models() -> tuple[Window, ...]:
    """All rounds of each model, arm A as base."""
    rows = pq.read_table(DATA / "own_aa_tflite/slots.parquet").to_pylist()
    slots: dict[str, dict[str, dict[int, Any]]] = {}
    for row in rows:
        slots.setdefault(row["model"], {}).setdefault(row["arm"], {})[row["round"]] = row
    return tuple(Window(_invokes(arms["A"]), _invokes(arms["B"]), _orders(arms["A"])) for arms in slots.values())


def _invokes(slots: dict[int, Any]) -> Samples:
    return np.array([slots[number]["latency_us"] for number in sorted(slots)], dtype=np.float64)


def _orders(slots: dict[int, Any]) -> tuple[Any, ...]:
    return tuple("AB" if slots[number]["pos"] == 0 else "BA" for number in sorted(slots))


def _places(n: int, rounds: int = ROUNDS) -> Iterator[list[tuple[int, int]]]:
    """For each pull request, where its disjoint windows begin: model and round."""
    rng = _rng(1)
    for _ in range(n):
        offset = rng.randrange(rounds)
        starts = [
            (model, start)
            for model, every in enumerate(_models())
            for start in range(offset, len(every.base) - rounds + 1, rounds)
        ]
        yield rng.sample(starts, FAMILY)


def _window(place: tuple[int, int], rounds: int = ROUNDS) -> Window:
    model, start = place
    base, head, orders = _models()[model]
    part = slice(start, start + rounds)
    return Window(base[part], head[part], orders[part])


def _pull_requests(n: int, rounds: int = ROUNDS) -> Iterator[list[Window]]:
    return ([_window(place, rounds) for place in places] for places in _places(n, rounds))


def _singles(n: int, rounds: int = ROUNDS) -> Iterator[Window]:
    return (_window(places[0], rounds) for places in _places(n, rounds))


def _decide(windows: Sequence[Window], effect: float) -> tuple[Decision, ...]:
    return paired.decide(_metrics(windows, effect), FAMILY)


def _metrics(windows: Sequence[Window], effect: float) -> list[Paired]:
    return [_paired(str(place), window, effect) for place, window in enumerate(windows)]


def _found(window: Window, effect: float, change: Change, quantile: float = 0.1) -> bool:
    """Whether one metric of the family is said to be worse when its head is changed; the others are quiet."""
    changed = window._replace(head=change(window.head))
    return paired.decide([_paired("m", changed, effect, quantile)], FAMILY)[0].finding == "regressed"


def _paired(name: str, window: Window, effect: float, quantile: float = 0.1) -> Paired:
    base, head = (np.quantile(side, quantile, axis=1).tolist() for side in (window.base, window.head))
    return Paired(id=name, pairs=tuple(zip(base, head, strict=True)), orders=window.orders, effect=effect)


@cache
def _peer(name: str, place: tuple[int, int], factor: float) -> bool:
    window = _window(place, PEERS_ROUNDS)
    return ab_peers.RULES[name](window.base, factor * window.head)


def _burst(window: Window, rng: random.Random) -> Window:
    """Clusters of rounds in which the CPU was stolen from one arm."""
    base, head = window.base.copy(), window.head.copy()
    inside = rng.random() < BURSTS
    for place in range(len(base)):
        if inside:
            rng.choice((base, head))[place] *= exp(rng.uniform(*BURST))
        enters = BURSTS / (1 - BURSTS) / BURST_ROUNDS
        inside = rng.random() < (1 - 1 / BURST_ROUNDS if inside else enters)
    return window._replace(base=base, head=head)


_seeds = count()


def _some(shape: tuple[int, ...], share: float) -> Any:  # noqa: ANN401 - a mask of numpy's
    return np.random.default_rng(next(_seeds)).random(shape) < share


def _tail(head: Samples) -> Any:  # noqa: ANN401 - a mask of numpy's
    return head > np.quantile(head, 0.95, axis=1, keepdims=True)


def _where(head: Samples, mask: Any, factor: float) -> Samples:  # noqa: ANN401 - a mask of numpy's
    return np.where(mask, factor * head, head)


def _failed(decisions: Sequence[Decision]) -> bool:
    return any(decision.finding == "regressed" for decision in decisions)


def _share(flags: Sequence[bool]) -> str:
    """A share in percent and its Monte Carlo standard error; of none, what it is below with 95 % certainty."""
    share = fmean(flags)
    if not any(flags):
        return f"0 (below {300 / len(flags):.2g})"
    return f"{100 * share:.2f} ± {100 * sqrt(share * (1 - share) / len(flags)):.2f}"


def _rng(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - no secret


if __name__ == "__main__":
    main()
