"""Any command as a benchmark: its time or its number, and what is said when it has none."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import codec
from edgetpu_ci.collect import command
from edgetpu_ci.errors import ConfigError, GitError
from edgetpu_ci.judging.interleaved import Standing
from edgetpu_ci.loads.beside import Beside
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.world import Ran, World
from tests.fakes import world as fake

TOOK = {"number": "took ([0-9.a-z]+)"}


class Shell:
    """Answers what is run in a folder, and takes a second each time."""

    def __init__(self, **answers: str | Ran | None) -> None:
        self.answers = answers
        self.asked: list[tuple[str, list[str]]] = []

    def run(self, argv: Sequence[str], _stdin: bytes, _timeout: float, _env: object = None) -> Ran:
        assert argv[:2] == ["env", "-C"]
        folder = Path(argv[2]).name
        self.asked.append((folder, list(argv[3:])))
        answer = self.answers.get("setup" if argv[-1] == "make" else folder, "took 2.5")
        return answer if isinstance(answer, Ran) else Ran(status=0, stdout=(answer or "").encode(), stderr=b"")

    def monotonic(self) -> float:
        return float(len(self.asked))

    def world(self, folder: Path) -> World:
        return fake.world(folder / "head", run=self.run, monotonic=self.monotonic)


def failing(status: int | None, said: str = "") -> Ran:
    return Ran(status=status, stdout=b"", stderr=said.encode())


def options(**given: Any) -> command.Options:
    return codec.convert({"name": "search", "command": "bench", **given}, command.Options, "collect[0].with")


def alone(folder: Path, shell: Shell, **given: Any) -> Measurement:
    (measurement,) = command.collect(options(**given), shell.world(folder)).measurements
    return measurement


def beside(folder: Path, shell: Shell, **given: Any) -> Collected:
    base = Beside(
        file=lambda _: "",
        folder=lambda: folder / "base",
        standing=lambda _: {"search": Standing(10, settled=True)},
        left=lambda: 1.0,
    )
    return command.collect_beside(options(**given), base, shell.world(folder))


def test_without_a_number_it_is_the_time_that_counts(tmp_path: Path) -> None:
    found = alone(tmp_path, Shell(), rounds=4)
    assert (found.key, found.value, found.slots, found.n) == ("search/time_ms", 1000.0, (1000.0,) * 4, 4)


@pytest.mark.parametrize(
    ("unit", "better", "metric", "value"),
    [
        ("ms", "lower", "time_ms", 2.5),
        ("s", "lower", "time_ms", 2500.0),
        ("us", "lower", "time_ms", 0.0025),
        ("ns", "lower", "time_ms", 2.5e-6),
        ("MB", "lower", "value_lower_MB", 2.5),
        ("frames/s", "higher", "value_higher_frames_per_s", 2.5),
        ("", "higher", "value_higher_unit", 2.5),
    ],
)
def test_a_number_has_its_unit_and_its_direction(
    tmp_path: Path, unit: str, better: str, metric: str, value: float
) -> None:
    found = alone(tmp_path, Shell(), **TOOK, unit=unit, better=better)
    assert found.metric == metric
    assert found.value == pytest.approx(value)


def test_a_line_is_for_bash_and_words_are_not(tmp_path: Path) -> None:
    shell = Shell()
    alone(tmp_path, shell, command="bench | tee log", rounds=1)
    alone(tmp_path, shell, command=["bench", "a b"], rounds=1)
    assert shell.asked == [("head", ["bash", "-c", "bench | tee log"]), ("head", ["bench", "a b"])]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (failing(2, "warming up\nno data\n"), "it ended with status 2: no data"),
        (failing(2, "ERROR: no such package\nhint: see above\n"), "it ended with status 2: ERROR: no such package"),
        (failing(1), "it ended with status 1: it said nothing"),
        (failing(None), "it was not done within 600 s"),
        ("nothing here", "it printed nothing that `number` (took ([0-9.a-z]+)) finds"),
        ("bee", "it printed nothing that `number` (took ([0-9.a-z]+)|bee) finds"),
        ("took long", "`number` found 'long', which is no number"),
        ("took 0", "it printed 0, and only a number above zero can be compared"),
        ("took inf", "it printed inf, and only a number above zero can be compared"),
        ("took nan", "it printed nan, and only a number above zero can be compared"),
    ],
)
def test_what_has_no_number_has_a_reason(tmp_path: Path, answer: str | Ran, reason: str) -> None:
    number = f"{TOOK['number']}|bee" if answer == "bee" else TOOK["number"]
    found = alone(tmp_path, Shell(head=answer), number=number)
    assert (found.value, found.failed, found.reason) == (None, True, reason)


def test_it_is_set_up_once_in_each_checkout_before_anything_counts(tmp_path: Path) -> None:
    shell = Shell()
    taken = beside(tmp_path, shell, setup="make")
    builds = [(place, folder) for place, (folder, words) in enumerate(shell.asked) if words[-1] == "make"]
    assert builds == [(0, "base"), (2, "head")]
    assert len(taken.rounds["search"].orders) == 10
    assert [len(m.slots) for m in (*taken.base, *taken.measurements)] == [10, 10]


def test_a_build_that_fails_is_a_reason(tmp_path: Path) -> None:
    found = alone(tmp_path, Shell(setup=failing(2, "no rule to make target")), setup="make")
    assert found.reason == "`setup`: it ended with status 2: no rule to make target"


def test_where_the_base_cannot_run_it_the_head_is_measured_alone(tmp_path: Path) -> None:
    taken = beside(tmp_path, Shell(base=failing(127, "bench: not found")))
    assert taken.without == {"search": "the base cannot run it: it ended with status 127: bench: not found"}
    assert taken.measurements[0].value == 1000.0
    assert (taken.base, taken.rounds) == ((), {})


class Fails(Shell):
    """One whose base breaks in its third round."""

    def run(self, argv: Sequence[str], stdin: bytes, timeout: float, env: object = None) -> Ran:
        done = super().run(argv, stdin, timeout, env)
        broken = sum(folder == "base" for folder, _ in self.asked) > 3 and Path(argv[2]).name == "base"
        return failing(3, "out of disk") if broken else done


def test_a_base_that_breaks_on_the_way_costs_the_head_nothing(tmp_path: Path) -> None:
    taken = beside(tmp_path, Fails())
    assert taken.without == {"search": "the base cannot run it: it ended with status 3: out of disk"}
    assert (taken.measurements[0].value, taken.base, taken.rounds) == (1000.0, (), {})


def test_a_base_that_git_cannot_give_is_said_and_the_head_measured(tmp_path: Path) -> None:
    def missing() -> Path:
        raise GitError("git has no disk left.")

    base = Beside(file=lambda _: "", folder=missing, standing=lambda _: {}, left=lambda: 1.0)
    taken = command.collect_beside(options(), base, Shell().world(tmp_path))
    assert taken.without == {"search": "its base cannot be had: git has no disk left."}
    assert taken.measurements[0].value == 1000.0


def test_a_head_that_fails_beside_its_base_says_so(tmp_path: Path) -> None:
    taken = beside(tmp_path, Shell(head=failing(1, "broken")))
    assert taken.measurements[0].reason == "it ended with status 1: broken"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"command": ""}, "`command` is empty"),
        ({"number": "took (["}, "`number` is no regular expression: unterminated character set"),
        ({"number": "took [0-9]+"}, "`number` needs a group around the number"),
        ({"unit": "ms"}, "`unit` and `better` are of a `number` that is printed"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(tmp_path: Path, given: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        alone(tmp_path, Shell(), **given)


def test_what_can_be_compared_is_known_before_it_runs(tmp_path: Path) -> None:
    assert command.series(options(), fake.world(tmp_path)) == ("search/time_ms",)
