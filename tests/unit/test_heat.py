"""Heat and power of a measured model, on a board that is only files and a worker that is only a function."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import codec, reference
from edgetpu_ci.collect import inference
from edgetpu_ci.judging import compare, interleaved, judge
from edgetpu_ci.judging.interleaved import Standing
from edgetpu_ci.loads.beside import Beside
from edgetpu_ci.model import Base, Collected, Machine, Measurement, Rule, Run
from edgetpu_ci.world import Ran, World
from tests.fakes import kernel
from tests.fakes import world as fake

MODEL = reference.build(32, 0.1)
FPS = "throughput_sustained_fps"
SUSTAINED = Rule(match=f"*/{FPS}", worse_by_percent=1)


class Board:
    """A host whose time passes only while something runs or sleeps; `at_slot` changes its files as a slot begins."""

    def __init__(self, folder: Path, at_slot: Callable[[int, str], None] = lambda _number, _arm: None) -> None:
        self.folder, self.at_slot = folder, at_slot
        self.root = folder / "root"
        self.time, self.slept, self.slots = fake.AT, 0.0, 0
        self.cool: Callable[[float], None] = lambda _slept: None

    def world(self) -> World:
        return fake.world(self.folder, run=self.run, now=lambda: self.time, monotonic=self.monotonic, sleep=self.sleep)

    def monotonic(self) -> float:
        return (self.time - fake.AT).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self.slept += seconds
        self.cool(self.slept)

    def run(self, _argv: Sequence[str], stdin: bytes, _timeout: float) -> Ran:
        request = json.loads(stdin)
        if request["task"] != "time":
            return Ran(status=0, stdout=b'{"kind": "asked", "text": "not asked"}', stderr=b"")
        self.slots += 1
        arm = Path(request["model"]).parent.name
        self.at_slot(self.slots, arm)
        began = self.time + timedelta(seconds=1)
        self.time += timedelta(seconds=4)
        return Ran(status=0, stdout=json.dumps(answer(began, arm)).encode(), stderr=b"")


def answer(began: datetime, arm: str) -> dict[str, Any]:
    """A hundred inferences of 20 ms in two seconds; the head's are a hundredth slower each time than those before."""
    wall = 20_000_000 if arm != "slow" else 21_000_000
    return {
        "runtime": "ai_edge_litert",
        "version": "2.3.0",
        "python": "3.11.2",
        "numpy": "2.0.0",
        "wall_ns": [wall] * 100,
        "cpu_ns": [wall // 10] * 100,
        "wait_ns": [0] * 100,
        "attempted": 100,
        "spent_ns": wall * 100,
        "load_ns": 5_000_000,
        "first_ns": 7_000_000,
        "memory_bytes": 50_000_000,
        "cpu_seconds": 0.5,
        "timed": [began.timestamp(), began.timestamp() + 2],
    }


def alone(board: Board, **options: Any) -> Collected:
    (board.folder / "m.tflite").write_bytes(MODEL)
    wanted = codec.convert({"models": ["m.tflite"], **options}, inference.Options, "collect[0].with")
    return inference.collect(wanted, board.world())


def beside(board: Board, rounds: int = 10, head: str = "head", world: World | None = None, **options: Any) -> Collected:
    """Base and head in turns until so many rounds count."""
    for arm in ("base", head):
        (board.folder / arm).mkdir()
        (board.folder / arm / "m.tflite").write_bytes(MODEL)
    wanted = codec.convert({"models": [f"{head}/m.tflite"], **options}, inference.Options, "collect[0].with")
    asked = Beside(
        file=lambda _path: board.folder / "base/m.tflite",
        folder=lambda: board.folder,
        standing=lambda taken: {
            name: Standing(known.disturbed.count(""), settled=len(known.orders) >= rounds)
            for name, known in taken.rounds.items()
        },
        left=lambda: 1e9,
        itself=True,
    )
    return inference.collect_beside(wanted, asked, world or board.world())


def of(found: Collected, metric: str) -> Measurement:
    return next(m for m in found.measurements if m.metric == metric)


def has(found: Collected, metric: str) -> bool:
    return any(m.metric == metric for m in found.measurements)


def heating(board: Board, *hot: int) -> Callable[[int, str], None]:
    """The accelerator is above its trip point in these slots, and cools down while nothing runs."""
    board.cool = lambda _slept: kernel.apex(board.root, temp="60050")
    return lambda number, _arm: kernel.apex(board.root, temp="86050" if number in hot else "60050")


def test_a_board_that_tells_nothing_has_no_word_of_heat_or_power(tmp_path: Path) -> None:
    found = alone(Board(tmp_path))
    assert found.notes == ()
    assert not any(has(found, metric) for metric in ("throttled_percent", "warm_start_percent", "power_watts"))


def test_a_throttled_slot_is_taken_again_after_it_has_cooled_down(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.at_slot = heating(board, 3, 7)
    kernel.apex(board.root)
    found = alone(board)
    assert (board.slots, len(of(found, FPS).slots)) == (12, 10)
    assert board.slept == 2
    assert of(found, "throttled_percent").value == pytest.approx(100 * 2 / 12)
    cause = "throttled: apex_0 reached its trip point of 84.8 °C, from which on it has 250 MHz"
    assert found.notes == (f"m: 2 of 12 rounds do not count ({cause}).",)


def test_a_run_that_stays_throttled_is_inconclusive_and_says_so(tmp_path: Path) -> None:
    board = Board(tmp_path, lambda *_: None)
    kernel.write(board.root, {kernel.PI: "4"})
    found = alone(board, cool_down_seconds=3)
    assert (board.slots, of(found, "throttled_percent").value) == (15, 100)
    run = Run(id="r", at=fake.AT, machine=Machine(key="pi"), measurements=found.measurements)
    before = Measurement(subject="m", metric=FPS, value=500, slots=(500.0,) * 10)
    base = Base(kind="baseline", label="", measurements=(before,))
    (speed,) = (c for c in compare.sequential(run, base, [SUSTAINED]) if c.metric == FPS)
    assert speed.finding == "inconclusive"
    assert speed.because.startswith("throttled in 100 % of the rounds")
    (verdict,) = judge.judge(found.measurements, (), [Rule(match=f"m/{FPS}", min=500)])
    assert verdict.status == "unknown"
    assert "throttled in 100 % of the rounds" in verdict.because


@pytest.mark.parametrize(
    ("metric", "status"),
    [("tops", "unknown"), ("tops_peak_percent", "unknown"), ("top1_agreement_percent", "failed")],
)
def test_heat_excuses_what_follows_from_speed_and_no_answer(metric: str, status: str) -> None:
    measured = [
        Measurement(subject="m", metric="throttled_percent", value=100),
        Measurement(subject="m", metric=metric, value=1),
    ]
    (verdict,) = judge.judge(measured, (), [Rule(match=f"m/{metric}", min=2)])
    assert verdict.status == status


def test_a_throttled_round_loses_both_arms_and_is_repeated(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.at_slot = heating(board, 3, 9)
    kernel.apex(board.root)
    found = beside(board)
    disturbed = found.rounds["m"].disturbed
    assert len(disturbed) == 12
    assert [n for n, what in enumerate(disturbed) if what] == [1, 4]
    assert disturbed[1].startswith("throttled: apex_0")
    assert len(of(found, FPS).slots) == 12


def test_which_arm_was_throttled_makes_no_difference(tmp_path: Path) -> None:
    seen = []
    for number, slots in enumerate(((3, 8), (4, 7))):
        folder = tmp_path / str(number)
        folder.mkdir()
        board = Board(folder)
        board.at_slot = heating(board, *slots)
        kernel.apex(board.root)
        seen.append(beside(board).rounds["m"].disturbed)
    assert seen[0] == seen[1]


def compared(found: Collected) -> dict[str, Any]:
    base = Base(kind="base commit", label="", measurements=found.base, rounds=found.rounds)
    family = frozenset({f"m/{FPS}"})
    made = interleaved.compare_rounds(found.measurements, base, [SUSTAINED], family).comparisons
    return {comparison.metric: comparison for comparison in made}


def test_a_head_that_is_throttled_more_than_its_base_is_a_finding(tmp_path: Path) -> None:
    board = Board(tmp_path)
    kernel.apex(board.root)
    board.cool = lambda _slept: kernel.apex(board.root, temp="60050")
    board.at_slot = lambda _number, arm: kernel.apex(board.root, temp="86050" if arm == "head" else "60050")
    found = compared(beside(board))
    burden = found["throttled_percent"]
    assert (burden.finding, burden.base, burden.head) == ("regressed", 0, 100)
    assert burden.because == "the head is throttled more often than the base beside it: its own doing"
    assert found[FPS].finding == "inconclusive"
    assert found[FPS].because.startswith("throttled: apex_0 reached its trip point")
    assert found[FPS].because.endswith("(in 15 of 15 rounds)")


def test_each_slot_waits_until_it_is_below_the_limit(tmp_path: Path) -> None:
    board = Board(tmp_path, lambda *_: kernel.apex(board.root, temp="70050"))
    board.cool = lambda slept: kernel.apex(board.root, temp="44800" if slept % 3 == 0 else "60050")
    kernel.apex(board.root)
    found = alone(board, cool_below_celsius=45)
    assert board.slept == 30
    assert found.notes == ()
    assert not has(found, "warm_start_percent")


def test_what_does_not_cool_down_in_time_is_not_comparable_and_is_waited_for_once(tmp_path: Path) -> None:
    board = Board(tmp_path)
    kernel.apex(board.root, temp="60050")
    found = beside(board, cool_below_celsius=45, cool_down_seconds=120)
    assert board.slept == 120
    assert "After 120 s of cooling down apex_0 is at 60 °C; it is not waited for again." in found.notes
    speed = compared(found)[FPS]
    assert (speed.finding, speed.because) == (
        "inconclusive",
        "not comparable: it began at 45 °C or above (in 15 of 15 rounds)",
    )
    assert of(found, "warm_start_percent").value == 100


def test_a_limit_that_nothing_can_be_held_against_is_said(tmp_path: Path) -> None:
    board = Board(tmp_path)
    assert alone(board, cool_below_celsius=45).notes == (
        "`cool_below_celsius` is not held: not available, nothing here tells a temperature.",
    )
    assert board.slept == 0


def test_a_reset_while_it_was_measured_is_said_and_its_round_does_not_count(tmp_path: Path) -> None:
    board = Board(tmp_path, lambda number, _arm: kernel.apex(board.root, reset_count=str(int(number >= 5))))
    kernel.apex(board.root)
    found = alone(board)
    assert (board.slots, len(of(found, FPS).slots)) == (11, 10)
    assert found.notes == (
        "m: 1 of 11 rounds do not count (apex_0 was reset once).",
        "apex_0 was reset once while it was measured.",
    )


def meter_file(board: Board, watts: Callable[[float], float], seconds: int = 200) -> None:
    """A meter that wrote five times a second from before the first slot."""
    start = fake.AT.timestamp() - 1
    lines = [f"{start + n / 5:.1f},{watts(n / 5 - 1)}" for n in range(5 * seconds)]
    (board.folder / "power.csv").write_text("\n".join(lines))


def test_a_meters_file_gives_watts_energy_and_inferences_for_a_watt(tmp_path: Path) -> None:
    board = Board(tmp_path)
    # Five seconds idle, ten slots of four seconds, five seconds idle: the device sleeps less deeply afterwards.
    meter_file(board, lambda at: 0.3 if at < 5 else 1.0 if at > 45.5 else 2.5)
    found = alone(board, meter="power.csv")
    assert of(found, "power_watts").value == pytest.approx(2.5)
    assert of(found, "energy_per_inference_mj").value == pytest.approx(1000 * 2.5 * 2 / 100)
    assert of(found, "inferences_per_second_per_watt").value == pytest.approx(50 / 2.5)
    details = dict(of(found, "power_watts").details)
    assert details["meter"] == "power.csv"
    assert float(details["idle before"].split()[0]) == pytest.approx(0.3, abs=0.05)
    assert float(details["idle after"].split()[0]) == pytest.approx(1.0, abs=0.2)
    assert len(of(found, "energy_per_inference_mj").slots) == 10


def test_a_meter_that_did_not_see_all_of_it_gives_no_value(tmp_path: Path) -> None:
    board = Board(tmp_path)
    meter_file(board, lambda _at: 2.5, seconds=30)
    found = of(alone(board, meter="power.csv"), "energy_per_inference_mj")
    assert found.value is None
    assert "4 of 10 slots: the meter ends" in found.reason
    assert not found.failed


def test_without_a_meter_there_is_no_value_and_a_reason(tmp_path: Path) -> None:
    found = alone(Board(tmp_path), meter="auto")
    for metric in ("power_watts", "energy_per_inference_mj", "power_efficiency_tops_per_watt"):
        assert of(found, metric).value is None
        assert of(found, metric).reason.startswith("not available: no power sensor")


def test_a_worker_that_does_not_say_when_it_timed_has_no_energy(tmp_path: Path) -> None:
    class Older(Board):
        def run(self, argv: Sequence[str], stdin: bytes, timeout: float) -> Ran:
            said = json.loads(super().run(argv, stdin, timeout).stdout)
            return Ran(status=0, stdout=json.dumps(said | {"timed": None}).encode(), stderr=b"")

    board = Older(tmp_path)
    meter_file(board, lambda _at: 2.5)
    assert of(alone(board, meter="power.csv"), "power_watts").reason == (
        "the worker does not say between which times it measured"
    )


def test_a_sensor_is_asked_while_the_model_runs(tmp_path: Path) -> None:
    """Our clock stands still but for what the worker moves on; the looks in between are real."""
    asked = threading.Event()

    class Living(Board):
        def run(self, argv: Sequence[str], stdin: bytes, timeout: float) -> Ran:
            ran = super().run(argv, stdin, timeout)
            end = self.time
            for step in range(8):
                self.time = end - timedelta(seconds=4 - step / 2)
                asked.clear()
                asked.wait(10)
            self.time = end
            return ran

    board = Living(tmp_path)
    kernel.sensor(board.root, 2.0)
    clock = board.world().now

    def now() -> datetime:
        if threading.current_thread() is not threading.main_thread():
            asked.set()
        return clock()

    wanted = inference.Options(models=("m.tflite",), meter="hwmon", rounds=2, idle_seconds=0)
    (tmp_path / "m.tflite").write_bytes(MODEL)
    world = fake.world(tmp_path, run=board.run, now=now, monotonic=board.monotonic, sleep=board.sleep)
    found = inference.collect(wanted, world)
    assert of(found, "power_watts").value == pytest.approx(2.0)
    assert dict(of(found, "power_watts").details)["meter"] == "INA226 (hwmon1)"


def test_how_hot_it_got_is_told_of_the_accelerator_and_else_of_the_host(tmp_path: Path) -> None:
    board = Board(tmp_path, lambda number, _arm: kernel.zone(tmp_path / "root", 50 + number))
    kernel.zone(board.root, 50)
    host = of(alone(board), "temperature_celsius")
    assert (host.value, len(host.slots)) == (60, 10)
    kernel.apex(board.root)
    assert of(alone(board), "tpu_temperature_celsius").value == 46.3


def test_energy_is_compared_round_by_round(tmp_path: Path) -> None:
    """The slow head takes a watt more: half as much energy again for each inference."""
    board = Board(tmp_path)
    slow: list[tuple[float, float]] = []

    def note(_number: int, arm: str) -> None:
        if arm == "slow":
            slow.append((board.monotonic(), board.monotonic() + 4))

    board.at_slot = note
    wanted = Rule(match="*/energy_per_inference_mj", worse_by_percent=5)

    def command(argv: Sequence[str], stdin: bytes, timeout: float, env: Mapping[str, str] = fake.NOTHING) -> Ran:
        if not env:
            return board.run(argv, stdin, timeout)
        start = fake.AT.timestamp()
        lines = [f"{start + n / 5:.1f},{3 if any(a <= n / 5 <= b for a, b in slow) else 2}" for n in range(-5, 2000)]
        return Ran(status=0, stdout="\n".join(lines).encode(), stderr=b"")

    world = replace(board.world(), run=command)
    found = beside(board, rounds=20, head="slow", world=world, meter_command="plug")
    options = inference.Options(models=("slow/m.tflite",), meter_command="plug")
    family = interleaved.demanded(inference.series(options, world), [wanted])
    assert family == {"m/energy_per_inference_mj"}
    base = Base(kind="base commit", label="", measurements=found.base, rounds=found.rounds)
    made = interleaved.compare_rounds(found.measurements, base, [wanted], family).comparisons
    (energy,) = (c for c in made if c.metric == "energy_per_inference_mj")
    assert energy.finding == "regressed"
    assert (energy.base, energy.head) == pytest.approx((40, 60))
    assert of(found, "energy_per_inference_mj").device == "cpu · ai-edge-litert 2.3.0 · 1 thread"


@pytest.mark.parametrize("device", ["usb", "usb:0", "simulated"])
def test_a_hot_pcie_accelerator_is_no_matter_of_a_run_that_is_not_on_it(tmp_path: Path, device: str) -> None:
    board = Board(tmp_path)
    kernel.apex(board.root, temp="91050")
    found = alone(board, device=device, cool_down_seconds=9)
    assert (board.slots, board.slept, found.notes) == (10, 0, ())
    assert not has(found, "throttled_percent")


def test_a_simulated_device_draws_nothing(tmp_path: Path) -> None:
    class Simulated(Board):
        def run(self, argv: Sequence[str], stdin: bytes, timeout: float) -> Ran:
            said = json.loads(super().run(argv, stdin, timeout).stdout)
            return Ran(status=0, stdout=json.dumps(said | {"edgetpu": {"library": "simulated"}}).encode(), stderr=b"")

    board = Simulated(tmp_path)
    kernel.sensor(board.root, 2.5)
    found = of(alone(board, meter="hwmon", device="simulated"), "power_watts")
    assert (found.value, found.reason) == (None, "the device is simulated, and draws nothing")
