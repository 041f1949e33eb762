"""What is out of the range of its history is measured again before anybody is told."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from msgspec import Struct

from edgetpu_ci import collect, history, recheck
from edgetpu_ci.measure import Taken
from edgetpu_ci.model import Collected, Machine, Measurement, Report, Rule, Run, Series
from edgetpu_ci.world import World
from tests.fakes.world import AT, world

RULES = [Rule(match="*/latency_p10_ms", no_change_point=True)]


class Nothing(Struct, frozen=True):
    """No options."""


@dataclass
class Second:
    """A collector whose second measurement is known; `asked` are the subjects it was to measure again."""

    values: dict[str, float]
    asked: list[frozenset[str]] = field(default_factory=list)
    Options = Nothing

    def collect(self, _options: Nothing, _world: World) -> Collected:
        raise AssertionError

    def collect_again(self, _options: Nothing, subjects: frozenset[str], _world: World) -> Collected:
        self.asked.append(subjects)
        found = [latency(name, value) for name, value in self.values.items() if name in subjects]
        return Collected(measurements=tuple(found), samples={f"{m.subject}/latency_ns/1": [2.0] for m in found})


class Once:
    """A collector that cannot measure again."""

    Options = Nothing

    def collect(self, _options: Nothing, _world: World) -> Collected:
        raise AssertionError


def latency(subject: str, value: float) -> Measurement:
    return Measurement(subject=subject, metric="latency_p10_ms", value=value)


def run(number: int, **values: float) -> Run:
    found = tuple(latency(name, value) for name, value in values.items())
    return Run(id=f"r{number:03}", at=AT + timedelta(days=number), machine=Machine(key="pi"), measurements=found)


def known() -> tuple[Series, ...]:
    """Twenty runs of two models at 2 and 5 ms."""
    factors = [1 + (n * 7 % 5 - 2) / 1000 for n in range(20)]
    return history.points(Report(run=run(n, a=2 * factor, b=5 * factor)) for n, factor in enumerate(factors))


def settle(folder: Path, now: Run, *collectors: Second | Once) -> Taken:
    bound = [collect.Bound(collector, Nothing()) for collector in collectors]
    samples = {"a/latency_ns/1": [1.0], "b/latency_ns/1": [1.0]}
    return recheck.settle(Taken(run=now, samples=samples), bound, known(), RULES, world(folder))


def test_what_is_in_range_is_not_measured_again(tmp_path: Path) -> None:
    collector = Second({})
    now = run(20, a=2.001, b=5.0)
    assert settle(tmp_path, now, collector).run == now
    assert collector.asked == []


def test_a_second_measurement_that_disagrees_counts_and_both_are_noted(tmp_path: Path) -> None:
    collector = Second({"a": 2.002, "b": 7.0})
    taken = settle(tmp_path, run(20, a=2.5, b=5.0), collector)
    assert collector.asked == [frozenset({"a"})]
    assert [m.value for m in taken.run.measurements] == [2.002, 5.0]
    (note,) = taken.run.notes
    assert note.startswith("a: latency p10 2.500 ms was out of the range of its latest runs; ")
    assert note.endswith("measured again: 2.002 ms, which counts instead.")
    assert taken.samples == {"a/latency_ns/1": [2.0], "b/latency_ns/1": [1.0]}


def test_a_second_measurement_that_agrees_leaves_the_first(tmp_path: Path) -> None:
    taken = settle(tmp_path, run(20, a=2.5, b=5.0), Second({"a": 2.49}))
    assert [m.value for m in taken.run.measurements] == [2.5, 5.0]
    assert "2.490 ms, again out of it" in taken.run.notes[0]
    assert taken.samples["a/latency_ns/1"] == [1.0]


def test_out_of_range_on_the_other_side_is_no_agreement(tmp_path: Path) -> None:
    taken = settle(tmp_path, run(20, a=2.5, b=5.0), Second({"a": 1.5}))
    assert taken.run.measurements[0].value == 1.5


def test_each_model_is_settled_alone(tmp_path: Path) -> None:
    taken = settle(tmp_path, run(20, a=2.5, b=6.0), Second({"a": 2.0, "b": 6.0}))
    assert [m.value for m in taken.run.measurements] == [2.0, 6.0]
    assert len(taken.run.notes) == 2


def test_a_collector_that_cannot_repeat_leaves_what_it_measured(tmp_path: Path) -> None:
    now = run(20, a=2.5, b=5.0)
    assert settle(tmp_path, now, Once()).run == now
