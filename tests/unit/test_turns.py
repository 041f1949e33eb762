"""Base and head in turns: which order, how many rounds, and when it is enough."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count, pairwise
from pathlib import Path

import pytest

from edgetpu_ci.device.thermal import Heat
from edgetpu_ci.judging.interleaved import Standing
from edgetpu_ci.loads import contention, turns
from edgetpu_ci.world import World
from tests.fakes import world as fake

BUSY = 0.5


class Bench:
    """Two arms that take a second a slot and remember in which order they were asked."""

    def __init__(self, *, stolen: tuple[int, ...] = (), fails: int = 0) -> None:
        self.asked: list[str] = []
        self.stolen, self.fails = stolen, fails
        self.time = fake.AT

    def arm(self, name: str) -> turns.Arm[str]:
        def measure() -> turns.Slot[str] | str:
            self.asked.append(name)
            self.time += timedelta(seconds=1)
            if len(self.asked) == self.fails:
                return "crashed"
            taken = BUSY if (len(self.asked) - 1) // 2 in self.stolen else 0.0
            before, after = contention.Reading(total=10), contention.Reading(total=11, stolen=taken)
            return turns.Slot(name, contention.Window(wall=1, waited=0, ours=1, before=before, after=after, elapsed=1))

        return measure

    def match(self, name: str = "m") -> turns.Match[str]:
        return turns.Match(name, base=self.arm("base"), head=self.arm("head"))

    def world(self, folder: Path) -> World:
        return fake.world(folder, now=self.now)

    def now(self) -> datetime:
        return self.time


def play(
    bench: Bench, folder: Path, *matches: turns.Match[str], settled: Sequence[str] = (), seconds: float = 1000
) -> None:
    """Play until these are settled or the time is up; what counts is what no clock found disturbed."""

    def standing() -> dict[str, Standing]:
        return {m.name: Standing(m.known().disturbed.count(""), settled=m.name in settled) for m in matches}

    def left() -> float:
        return seconds - (bench.time - fake.AT).total_seconds()

    turns.play(matches, standing, left, bench.world(folder))


def test_every_two_rounds_begin_once_with_the_base_and_once_with_the_head(tmp_path: Path) -> None:
    bench = Bench()
    match = bench.match()
    play(bench, tmp_path, match)
    orders = match.known().orders
    assert len(orders) == 30
    assert all(set(orders[n : n + 2]) == {"AB", "BA"} for n in range(0, 30, 2))
    assert match.answers("base") == ["base"] * 30
    assert match.answers("head") == ["head"] * 30
    firsts = Counter(bench.asked[::2])
    assert firsts == {"base": 15, "head": 15}


@pytest.mark.parametrize(("settled", "looks"), [("m", [10]), ("", [10, 20, 30])])
def test_what_is_settled_at_a_look_is_left_alone(tmp_path: Path, settled: str, looks: list[int]) -> None:
    bench = Bench()
    match = bench.match()
    play(bench, tmp_path, match, settled=[settled])
    assert [len(seen) for seen in match.looks] == looks
    assert len(match.rounds) == looks[-1]


def test_each_match_stops_at_its_own_look(tmp_path: Path) -> None:
    bench = Bench()
    matches = [bench.match("m"), bench.match("n")]
    play(bench, tmp_path, *matches, settled=["m"])
    assert [len(match.rounds) for match in matches] == [10, 30]


def test_after_the_budget_no_further_look_is_begun(tmp_path: Path) -> None:
    bench = Bench()
    match = bench.match()
    play(bench, tmp_path, match, seconds=25)
    assert len(match.rounds) == 20


def test_disturbed_rounds_are_named_and_repeated(tmp_path: Path) -> None:
    bench = Bench(stolen=(3, 4))
    match = bench.match()
    play(bench, tmp_path, match, settled=["m"])
    disturbed = match.known().disturbed
    assert len(disturbed) == 12
    assert [n for n, what in enumerate(disturbed) if what] == [3, 4]
    assert disturbed[3] == "50% was stolen by the hypervisor"
    assert match.looks == [tuple(bool(what) for what in disturbed)]


def test_without_time_disturbed_rounds_are_not_repeated_but_the_first_look_is_reached(tmp_path: Path) -> None:
    bench = Bench(stolen=(3, 4))
    match = bench.match()
    play(bench, tmp_path, match, seconds=3)
    assert [len(seen) for seen in match.looks] == [10]


def test_what_is_known_at_a_look_stays_what_was_known(tmp_path: Path) -> None:
    """Three bursts stand out of ten rounds, and not of thirty that are mostly like them."""
    bench = Bench(stolen=(1, 4, 7, *range(13, 45)))
    match = bench.match()
    play(bench, tmp_path, match)
    assert sum(match.looks[0]) == 3
    assert "" in match.known().disturbed
    assert not any(match.known().disturbed[:10])


def test_a_host_that_is_always_disturbed_ends_all_the_same(tmp_path: Path) -> None:
    bursts = tuple(n for n in range(100) if n % 5 in (0, 1))
    bench = Bench(stolen=bursts)
    match = bench.match()
    play(bench, tmp_path, match)
    assert len(match.rounds) == 45


@pytest.mark.parametrize("fails", [1, 2, 7])
def test_a_round_of_which_one_half_failed_is_none_and_it_is_known_which(tmp_path: Path, fails: int) -> None:
    bench = Bench(fails=fails)
    match = bench.match()
    play(bench, tmp_path, match)
    assert len(bench.asked) == fails
    assert (match.reason, match.broke) == ("crashed", bench.asked[-1])
    assert len(match.rounds) == (fails - 1) // 2


def test_progress_shows_the_rounds_and_the_budget(tmp_path: Path) -> None:
    said: list[tuple[str, int, int]] = []
    bench = Bench()
    world = fake.world(tmp_path, now=bench.now, progress=lambda *what: said.append(what))
    turns.play([bench.match()], lambda: {"m": Standing(10, settled=True)}, lambda: 61.4, world)
    assert said[0] == ("rounds of base and head, 61 s left: m", 1, 30)
    assert said[-1] == ("measured", 30, 30)
    assert all(before[1] <= after[1] for before, after in pairwise(said))


def window(**facts: float) -> contention.Window:
    after = contention.Reading(total=1, mhz=facts.get("mhz", 0), heat=Heat(celsius=facts.get("celsius")))
    return contention.Window(
        wall=1, waited=facts.get("waited", 0), ours=1, before=contention.Reading(), after=after, elapsed=1
    )


def test_a_burst_stands_out_and_what_is_always_so_does_not() -> None:
    calm, waiting = window(waited=0.01), window(waited=0.4)
    assert contention.bursts([(calm, calm), (calm, waiting), (calm, calm)])[1] == "waited for a CPU 20% of the time"
    assert contention.bursts([(waiting, waiting)] * 4) == ("", "", "", "")
    fast, slow = window(mhz=1800), window(mhz=1000)
    assert contention.bursts([(fast, fast), (slow, fast), (fast, fast)])[1] == "the clock fell to 1,000 MHz of 1,800"


def test_which_arm_was_disturbed_makes_no_difference() -> None:
    calm, waiting = window(waited=0.01), window(waited=0.4)
    one = contention.bursts([(calm, calm), (calm, waiting), (calm, calm)])
    other = contention.bursts([(calm, calm), (waiting, calm), (calm, calm)])
    assert one == other


def test_a_machine_that_warms_up_is_said() -> None:
    degrees = count(50)
    rounds = [(window(celsius=next(degrees)), window(celsius=next(degrees))) for _ in range(10)]
    assert contention.warmed(rounds) == "the machine warmed up from 52 to 66 °C"
    assert contention.warmed([(window(celsius=50), None)] * 9) == ""
    assert contention.warmed([]) == ""
