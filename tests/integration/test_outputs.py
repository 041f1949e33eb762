"""What models answer: compared with a base for the same inputs, and with labels; on a real runtime."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci import codec, reference
from edgetpu_ci.collect import inference
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.loads import agreement, model_slot
from edgetpu_ci.loads.model_slot import Options
from edgetpu_ci.model import Measurement
from edgetpu_ci.worker.edgetpu_worker import outputs
from edgetpu_ci.worker.edgetpu_worker.failed import Failed
from edgetpu_ci.world import Ran, World, run_process
from tests.fakes import world as fake


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "small.tflite"
    path.write_bytes(reference.build(32, 0.25))
    return path


def world(folder: Path) -> World:
    return fake.world(folder, run=run_process)


def options(**given: Any) -> Options:
    return codec.convert({"models": [], **given}, Options, "collect[0].with")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that looks at more of the same kind of image, and so sees other things."""
    path = tmp_path_factory.mktemp("models") / "other.tflite"
    path.write_bytes(reference.build(64, 0.25))
    return path


def of_head(base: Path, head: Path, folder: Path, **given: Any) -> dict[str, Measurement]:
    found, _ = agreement.beside("m", base, head, options(**given), world(folder))
    return {measurement.metric: measurement for measurement in found}


def test_a_model_answers_as_itself(model: Path, tmp_path: Path) -> None:
    found = of_head(model, model, tmp_path)["output_mismatch_percent"]
    assert (found.value, found.n, found.details) == (0.0, 8, ())


def test_another_model_answers_otherwise_and_it_is_said_where(model: Path, other: Path, tmp_path: Path) -> None:
    found = of_head(model, other, tmp_path)["output_mismatch_percent"]
    assert found.value is not None
    assert found.value > 0
    ((name, said),) = found.details
    assert name
    assert "of 8,008 differ, by up to" in said


def test_a_side_that_cannot_answer_is_a_reason(model: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.tflite").write_bytes(b"no model")
    broken = of_head(model, tmp_path / "broken.tflite", tmp_path)["output_mismatch_percent"]
    assert (broken.value, broken.failed) == (None, True)
    found, base = agreement.beside("m", tmp_path / "broken.tflite", model, options(), world(tmp_path))
    assert (found[0].failed, base) == (False, [])
    assert "the base gave no outputs to compare with: the runtime cannot read the model" in found[0].reason


def labelled(model: Path, folder: Path, *, wrong: int) -> dict[str, str]:
    """Five examples, and as labels what the model itself says, but for some."""
    np.save(folder / "x.npy", np.random.RandomState(1).randint(-128, 128, (5, 32, 32, 3)).astype(np.int8))
    asked = model_slot.outputs(options(examples="x.npy"), model, str(folder / "said.npz"), "", world(folder))
    assert not isinstance(asked, str)
    with np.load(folder / "said.npz") as said:
        labels = said["arr_0"].reshape(5, -1).argmax(1)
    labels[:wrong] += 1
    np.save(folder / "y.npy", labels)
    return {"examples": "x.npy", "labels": "y.npy"}


def test_accuracy_is_the_share_of_examples_whose_largest_output_is_their_label(model: Path, tmp_path: Path) -> None:
    (found,) = agreement.accuracy("m", model, options(**labelled(model, tmp_path, wrong=2)), world(tmp_path))
    assert (found.value, found.n) == (60.0, 5)


def test_accuracy_is_known_of_both_sides(model: Path, tmp_path: Path) -> None:
    found, base = agreement.beside("m", model, model, options(**labelled(model, tmp_path, wrong=1)), world(tmp_path))
    assert [m.metric for m in found] == ["output_mismatch_percent", "accuracy_top1_percent"]
    assert [m.metric for m in base] == ["accuracy_top1_percent"]
    assert found[1].value == base[0].value == 80


@pytest.mark.parametrize(
    ("rows", "labels", "sentence"),
    [
        ((5, 32, 32, 3), 4, "there are 5 examples and 4 labels"),
        ((0, 32, 32, 3), 0, "x.npy holds no examples"),
        ((0, 1), 0, "x.npy holds no examples"),
        ((), 1, "x.npy holds no examples"),
        ((5, 16, 16, 3), 5, r"holds int8 \[1, 16, 16, 3\], input .* takes int8 \[1, 32, 32, 3\]"),
    ],
)
def test_examples_that_do_not_fit_are_a_sentence(
    model: Path, tmp_path: Path, rows: tuple[int, ...], labels: int, sentence: str
) -> None:
    np.save(tmp_path / "x.npy", np.zeros(rows, np.int8))
    np.save(tmp_path / "y.npy", np.zeros(labels, int))
    (found,) = agreement.accuracy("m", model, options(examples="x.npy", labels="y.npy"), world(tmp_path))
    assert found.failed
    assert re.search(sentence, found.reason)


def test_no_examples_are_no_agreement(model: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((0, 1), np.int8))
    found = of_head(model, model, tmp_path, examples="x.npy")["output_mismatch_percent"]
    assert (found.value, found.n) == (None, 0)
    assert "x.npy holds no examples" in found.reason


def test_outputs_without_elements_are_neither_alike_nor_right(tmp_path: Path) -> None:
    empty = {"name": "out", "elements": 0, "differing": 0}
    said = {"examples": 8, "compared": [empty]}
    answering = fake.world(tmp_path, run=lambda *_: Ran(status=0, stdout=codec.encode_json(said), stderr=b""))
    found, _ = agreement.beside("m", tmp_path, tmp_path, options(labels="y.npy"), answering)
    assert [(m.value, m.failed, m.reason) for m in found] == [
        (None, False, "the outputs have no elements, so that nothing was compared"),
        (None, True, "the worker did not say how many answers were right"),
    ]


def test_the_largest_of_no_elements_is_no_label() -> None:
    answers = [[np.zeros((1, 0), np.float32)]] * 3
    with pytest.raises(Failed, match="the model's first output is empty"):
        outputs._correct(answers, np.zeros(3, int))


def test_labels_without_examples_are_refused_before_anything_runs(tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", np.zeros(1, int))
    with pytest.raises(ConfigError, match="`examples` and `labels` belong together"):
        inference.collect(options(labels="y.npy"), fake.world(tmp_path))


def difference(expected: Any, found: Any) -> dict[str, Any]:
    answer: dict[str, Any] = outputs._difference("out", np.asarray(expected), np.asarray(found))
    return answer


@given(st.lists(st.integers(-128, 127), min_size=1, max_size=9), st.integers(1, 5))
def test_integers_agree_only_when_they_are_equal(values: list[int], by: int) -> None:
    before = np.array([values], np.int16)
    after = before.copy()
    assert difference(before, after)["differing"] == 0
    after[0, 0] += by
    assert (difference(before, after)["differing"], difference(before, after)["largest"]) == (1, by)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=9))
def test_floats_agree_up_to_a_part_of_the_largest(values: list[float]) -> None:
    before = np.array([values], np.float32)
    scale = float(np.abs(before).max())
    nearly, apart = before.astype(np.float64) + 0.5e-4 * scale, before.astype(np.float64) + 1.5e-4 * scale + 1e-3
    assert difference(before.astype(np.float64), nearly)["differing"] == 0
    assert difference(before.astype(np.float64), apart)["differing"] == before.size


@pytest.mark.parametrize(
    ("before", "after", "differing"),
    [
        ([[np.nan, 1.0]], [[np.nan, 1.0]], 0),
        ([[np.nan, 1.0]], [[0.0, 1.0]], 1),
        ([[0.0, 1.0]], [[np.nan, 1.0]], 1),
        ([[np.inf, 1.0]], [[1.0, 1.0]], 1),
        ([[0.0, 0.0]], [[0.0, 0.0]], 0),
    ],
)
def test_what_is_no_number_agrees_with_itself_alone(before: Any, after: Any, differing: int) -> None:
    assert difference(before, after)["differing"] == differing


def test_another_shape_or_type_is_no_agreement() -> None:
    found = difference(np.zeros((1, 4), np.float32), np.zeros((1, 5), np.float32))
    assert (found["differing"], found["text"]) == (1, "float32 [4] against float32 [5]")
