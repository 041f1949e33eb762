"""How outputs of a compiled model are held against those of the model on the CPU, and what is made of that."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.loads import fidelity
from edgetpu_ci.loads.fidelity import Reference
from edgetpu_ci.loads.model_slot import Options
from edgetpu_ci.loads.slot import Answer, Apart, Checked
from edgetpu_ci.model import Measurement
from edgetpu_ci.worker.edgetpu_worker import checking

OPTIONS = Options(models=())


def test_the_source_model_answers_as_many_inputs_as_are_checked() -> None:
    """The worker stands alone, and cannot be told by an import."""
    assert fidelity.MOST == checking.MOST


class Interpreter:
    """One that only tells what its one output is."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def get_output_details(self) -> list[dict[str, Any]]:
        return [{"name": "out", "quantization": (self.scale, 0)}]


def against(folder: Path, expected: Any, found: Any, scale: float = 1.0) -> dict[str, Any]:
    """One output, an input in each row."""
    np.savez(folder / "expected.npz", np.asarray(expected))
    sampled = {number: [row] for number, row in enumerate(np.asarray(found))}
    said: dict[str, Any] = checking.against(Interpreter(scale), sampled, str(folder / "expected.npz"))
    return said


def apart(expected: Any, found: Any) -> dict[str, Any]:
    said: dict[str, Any] = checking._against("out", np.asarray(expected), np.asarray(found))
    return said


@given(st.lists(st.integers(0, 200), min_size=2, max_size=9), st.integers(0, 50))
def test_steps_of_integers_are_their_difference(values: list[int], by: int) -> None:
    before = np.array([values], np.uint8)
    after = before.copy()
    after[0, 0] += by
    said = apart(before, after)
    assert (said["steps_max"], said["steps_mean"]) == (by, pytest.approx(by / len(values)))


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=9), st.integers(0, 20))
def test_steps_of_floats_are_parts_of_the_largest(values: list[float], steps: int) -> None:
    before = np.array([[*values, 1e6]])
    said = apart(before, before + steps * 1e6 / 255)
    assert said["steps_max"] == pytest.approx(steps, abs=1e-6)


@pytest.mark.parametrize(
    ("expected", "found", "steps"),
    [
        ([[np.nan, 1.0]], [[np.nan, 1.0]], 0),
        ([[0.0, 1.0]], [[np.nan, 1.0]], None),
        ([[0.0, 1.0]], [[np.inf, 1.0]], None),
        ([[np.inf, 1.0]], [[np.inf, 1.0]], 0),
        ([[0.0, 0.0]], [[0.0, 0.0]], 0),
    ],
)
def test_what_is_no_number_has_no_steps(expected: Any, found: Any, steps: float | None) -> None:
    said = apart(expected, found)
    assert said["steps_max"] == steps
    assert said["stuck"] == ("is no number where the CPU's is one" if steps is None else "")


MOVING = np.array([[0, 90, 10], [50, 5, 100], [7, 8, 200]], np.uint8)


@pytest.mark.parametrize(
    ("expected", "found", "said"),
    [
        (MOVING, MOVING, ""),
        (MOVING, MOVING[:1].repeat(3, 0), "is the same for every input"),
        (MOVING, np.zeros_like(MOVING), "is one number throughout"),
        (MOVING, np.array([[1] * 3, [2] * 3, [3] * 3], np.uint8), "is one number throughout"),
        # The CPU's move no more: nothing is known of it.
        (MOVING[:1].repeat(3, 0), MOVING[:1].repeat(3, 0), ""),
        (np.zeros_like(MOVING), np.zeros_like(MOVING), ""),
        (np.array([[100], [102], [101]], np.uint8), np.array([[101]] * 3, np.uint8), ""),
        (MOVING[:1], MOVING[:1], ""),
        (MOVING[:, :0], MOVING[:, :0], ""),
    ],
)
def test_an_output_that_does_not_move_is_stuck(expected: Any, found: Any, said: str) -> None:
    assert apart(expected, found)["stuck"] == said


def test_the_largest_agrees_to_a_step(tmp_path: Path) -> None:
    expected = np.array([[10, 90, 89], [10, 90, 88], [10, 90, 88]], np.uint8)
    found = np.array([[10, 80, 81], [10, 80, 81], [10, 81, 80]], np.uint8)
    assert against(tmp_path, expected, found)["agreeing"] == 2
    assert against(tmp_path, expected[:, :1], found[:, :1])["agreeing"] is None


def test_classes_agree_one_by_one(tmp_path: Path) -> None:
    expected = np.array([[[0, 5], [5, 20]], [[1, 1], [1, 1]]], np.int64)
    found = np.array([[[0, 5], [5, 5]], [[1, 1], [2, 2]]], np.int64)
    assert against(tmp_path, expected, found, scale=0)["agreeing"] == 1.25


def test_an_input_whose_inference_failed_is_left_out(tmp_path: Path) -> None:
    np.savez(tmp_path / "expected.npz", MOVING)
    sampled = {0: [MOVING[0]], 2: [MOVING[2]]}
    said = checking.against(Interpreter(), sampled, str(tmp_path / "expected.npz"))
    assert (said["examples"], said["agreeing"], said["outputs"][0]["steps_max"]) == (2, 2, 0)


@pytest.mark.parametrize("found", [MOVING[:, :2], np.zeros((3, 3, 1), np.uint8)])
def test_another_shape_is_not_compared(tmp_path: Path, found: Any) -> None:
    assert against(tmp_path, MOVING, found) is None


# From the slots to measurements.


def slot(*outputs: Apart, agreeing: float | None = 8) -> Answer:
    return Answer(checked=Checked(8, agreeing, outputs), takes=("x",), gives=("y",), kind="-")


def found(*slots: Answer) -> dict[str, Measurement]:
    known = Reference(file="f", takes=("x",), gives=("y",))
    return {m.metric: m for m in fidelity.measurements("m", known, slots, OPTIONS)}


def test_outputs_and_slots_are_taken_together() -> None:
    one, other = Apart("a", 30, 1.0, 0.5, ""), Apart("b", 10, 3.0, 1.5, "")
    said = found(slot(one, other), slot(one, other, agreeing=6))
    assert {name: m.value for name, m in said.items()} == {
        "output_steps_max": 3.0,
        "output_steps_mean": 0.75,
        "top1_agreement_percent": 87.5,
        "outputs_stuck": 0,
    }
    assert said["output_steps_max"].details == (("a", "up to 1 steps"), ("b", "up to 3 steps"))
    assert said["top1_agreement_percent"].slots == (100, 75)


def test_what_is_no_number_is_a_reason() -> None:
    said = found(slot(Apart("a", 30, None, None, "")))
    assert "is no number (NaN or infinite) where the CPU's is one" in said["output_steps_max"].reason
    assert said["output_steps_mean"].reason == said["output_steps_max"].reason


def test_an_output_that_is_stuck_in_one_slot_is_stuck() -> None:
    said = found(slot(Apart("a", 30, 1, 1, "")), slot(Apart("a", 30, 1, 1, "is one number throughout")))
    assert (said["outputs_stuck"].value, said["outputs_stuck"].details) == (1, (("a", "is one number throughout"),))


def test_a_first_output_of_one_number_has_no_largest() -> None:
    said = found(slot(Apart("a", 1, 1, 1, ""), agreeing=None))
    assert said["top1_agreement_percent"].reason == "the first output is a single number"
    assert not said["top1_agreement_percent"].failed


def test_nothing_is_said_where_nobody_asked_or_nothing_ran() -> None:
    assert fidelity.measurements("m", None, [slot()], OPTIONS) == []
    assert fidelity.measurements("m", Reference(reason="none"), [], OPTIONS) == []
