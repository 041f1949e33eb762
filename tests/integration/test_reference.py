"""The reference model: the same bytes everywhere, and a network that really computes."""

from hashlib import sha256
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from edgetpu_ci import reference, tflite
from edgetpu_ci.errors import StoreError


def test_each_build_gives_the_very_same_bytes_in_under_a_second() -> None:
    start = process_time()
    data = reference.build()
    assert process_time() - start < 1
    assert sha256(data).hexdigest() == reference.SHA256


def test_it_has_the_macs_of_mobilenet_v2() -> None:
    kinds = tflite.kinds(tflite.parse(reference.build(), "reference").operators)
    assert round(sum(kind.macs for kind in kinds) / 1e6, 2) == 300.78


def test_it_has_the_operators_of_mobilenet_v2(models: Path) -> None:
    published = tflite.load(models / "mobilenet_v2_1.0_224_quant.tflite", "published")
    assert tflite.kinds(tflite.parse(reference.build(), "reference").operators) == tflite.kinds(published.operators)


def test_writing_keeps_what_is_there_and_repairs_what_is_damaged(tmp_path: Path) -> None:
    path = reference.write(tmp_path / "new" / reference.NAME)
    written = path.stat().st_mtime_ns, path.stat().st_ino
    reference.write(path)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == written
    path.write_bytes(path.read_bytes()[:1000])
    reference.write(path)
    assert sha256(path.read_bytes()).hexdigest() == reference.SHA256
    assert [file.name for file in path.parent.iterdir()] == [reference.NAME]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="could not be written"):
        reference.write(tmp_path / "file" / reference.NAME)


def _probabilities(data: bytes, pixels: bytes) -> list[float]:
    litert: Any = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed")
    import numpy as np

    interpreter = litert.Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    image, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.set_tensor(image["index"], np.frombuffer(pixels, np.int8).reshape(image["shape"]))
    interpreter.invoke()
    scale, zero_point = result["quantization"]
    return [float((value - zero_point) * scale) for value in interpreter.get_tensor(result["index"])[0].astype(int)]


@pytest.mark.parametrize(("resolution", "width"), [(224, 1.0), (32, 0.25), (96, 0.35)])
def test_it_runs_and_its_answer_depends_on_the_image_and_is_not_saturated(resolution: int, width: float) -> None:
    data, size = reference.build(resolution, width), 3 * resolution**2
    stripes, grey = bytes(n * n % 251 for n in range(size)), bytes(size)
    answers = [_probabilities(data, stripes), _probabilities(data, grey)]
    for probabilities in answers:
        assert len(probabilities) == 1001
        assert 0.5 < sum(probabilities) < 1.1
        assert max(probabilities) < 0.9
        assert sum(probability > 0 for probability in probabilities) > 10
    assert answers[0] != answers[1]
