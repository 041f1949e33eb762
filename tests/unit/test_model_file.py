"""The facts of model files as measurements, as a table and as JSON."""

import json
from pathlib import Path

import pytest

from edgetpu_ci import inspection, reference, tflite
from edgetpu_ci.collect import model_file
from edgetpu_ci.errors import ConfigError, ModelError
from edgetpu_ci.model import Measurement
from edgetpu_ci.render import model as render
from edgetpu_ci.tflite.writer import Network
from tests.fakes import compiled
from tests.fakes.world import world


def _collect(folder: Path, pattern: str = "*.tflite") -> dict[str, Measurement]:
    options = model_file.Options(models=(pattern,))
    return {measurement.key: measurement for measurement in model_file.collect(options, world(folder)).measurements}


def test_a_model_has_size_macs_and_operators(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(reference.build(96, 0.35))
    facts = _collect(tmp_path)
    assert {key: fact.value for key, fact in facts.items()} == {
        "m/model_bytes": (tmp_path / "m.tflite").stat().st_size,
        "m/macs_millions": pytest.approx(10.06, abs=0.005),
        "m/ops": 67,
    }
    assert facts["m/ops"].details[:2] == (("CONV_2D", "36"), ("DEPTHWISE_CONV_2D", "17"))
    assert [name for name, _ in facts["m/model_bytes"].details] == ["sha256", "input", "output"]
    assert ("input", "image int8 1 × 96 × 96 × 3, scale 0.00784314, zero point 0") in facts["m/model_bytes"].details


def test_a_compiled_model_names_what_is_left_on_the_cpu_and_hides_its_macs(models: Path) -> None:
    facts = _collect(models, "deeplabv3*_edgetpu.tflite")
    name = "deeplabv3_mnv2_dm05_pascal_quant_edgetpu"
    assert facts[f"{name}/ops_on_cpu"].value == 8
    assert ("CONV_2D", "2") in facts[f"{name}/ops_on_cpu"].details
    assert facts[f"{name}/macs_millions"].value is None
    assert facts[f"{name}/macs_millions"].reason == "the MACs of edgetpu-custom-op cannot be told from the file"


def test_a_fully_compiled_model_leaves_nothing_on_the_cpu(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(compiled.build(tail=False))
    assert _collect(tmp_path)["m/ops_on_cpu"].value == 0


def test_operators_whose_macs_are_not_counted_are_named(models: Path) -> None:
    macs = _collect(models, "keras_lstm_mnist_ptq.tflite")["keras_lstm_mnist_ptq/macs_millions"]
    assert macs.value == 0.0056
    assert ("not counted", "1 × UNIDIRECTIONAL_SEQUENCE_LSTM") in macs.details


def test_a_broken_file_has_a_reason_and_the_others_are_measured(tmp_path: Path) -> None:
    (tmp_path / "broken.tflite").write_bytes(b"")
    (tmp_path / "whole.tflite").write_bytes(compiled.build())
    facts = _collect(tmp_path)
    for metric in ("model_bytes", "macs_millions", "ops"):
        assert facts[f"broken/{metric}"].value is None
        assert facts[f"broken/{metric}"].reason == "broken.tflite is empty; build or copy the model again."
    assert facts["whole/ops"].value == 2


def test_no_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No model file matches"):
        _collect(tmp_path)


def test_a_model_of_very_many_kinds_keeps_the_report_small(tmp_path: Path) -> None:
    net = Network("many")
    x = net.tensor("x", "int8", (1,))
    for number in range(70):
        net.operator(f"custom{number}", [x], [x])
    (tmp_path / "m.tflite").write_bytes(net.pack([x], [x]))
    details = _collect(tmp_path)["m/ops"].details
    assert len(details) == 51
    assert details[-1] == ("and", "20 more")


def test_the_table_of_a_model_tells_all_of_it() -> None:
    assert render.text(tflite.parse(reference.build(96, 0.35), "m")).splitlines()[2:] == [
        "description  edgetpu-ci reference: MobileNetV2 with random weights",
        "runtime      the file names none",
        "metadata     none",
        "input        image int8 1 × 96 × 96 × 3, scale 0.00784314, zero point 0",
        "output       probabilities int8 1 × 1001, scale 0.00390625, zero point -128",
        "MACs         10.06 M",
        "Edge TPU     not compiled for it: there is no edgetpu-custom-op",
        "",
        "operator           count   share    MACs   share",
        "CONV_2D               36  53.7 %  8.78 M  87.3 %",
        "DEPTHWISE_CONV_2D     17  25.4 %  1.27 M  12.7 %",
        "ADD                   11  16.4 %",
        "AVERAGE_POOL_2D        1   1.5 %",
        "RESHAPE                1   1.5 %",
        "SOFTMAX                1   1.5 %",
    ]


def test_the_table_of_a_compiled_model_tells_what_is_left_on_the_cpu() -> None:
    text = render.text(tflite.parse(compiled.build(), "m"))
    assert "Edge TPU     compiled for it; left on the CPU: 1 SOFTMAX" in text
    assert "MACs         unknown: those of edgetpu-custom-op cannot be told from the file" in text
    assert "edgetpu-custom-op      1  50.0 %  unknown" in text


def test_the_table_of_a_compiled_model_tells_its_executables() -> None:
    tables = compiled.Tables(token=0xE2C366FD5D62FA6B, cached=566_912, streamed=64, bytes_in=49_152, bytes_out=1_008)
    lines = render.text(tflite.parse(compiled.build(blob=tables), "m")).splitlines()
    assert lines[8:14] == [
        "Edge TPU     compiled for it; left on the CPU: 1 SOFTMAX",
        "compiler     cl/1, for version 13 of the runtime or newer",
        "token        0xe2c366fd5d62fa6b",
        "cached       566,912 bytes of parameters, 6.8 % of the chip's 8 MiB",
        "streamed     64 bytes of parameters at every inference",
        "moved        49,152 bytes in and 1,008 out at every inference",
    ]
    assert lines[-3:] == [
        "executable                 parameters  instructions      in    out  scratch",
        "execution only, beagle             64           512  49,152  1,008        0",
        "parameter caching, beagle     566,912            64       0      0        0",
    ]


def test_the_table_says_why_what_the_compiler_wrote_is_not_known() -> None:
    text = render.text(tflite.parse(compiled.build(), "m"))
    assert "packages     what the Edge TPU compiler wrote into the file is not readable: its options are no map" in text


def test_inspect_tells_programs_what_the_compiler_wrote(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(compiled.build(blob=compiled.Tables(token=(1 << 64) - 1)))
    (package,) = json.loads(inspection.text(path, as_json=True))["model"]["packages"]
    assert package["minimum_runtime"] == 13
    assert [each["kind"] for each in package["executables"]] == ["execution only", "parameter caching"]
    assert {each["token"] for each in package["executables"]} == {"0xffffffffffffffff"}


def test_an_operand_left_out_is_told_as_such() -> None:
    assert render.tensor(None) == "left out"


def test_inspect_says_the_same_to_people_and_to_programs(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(compiled.build())
    said = json.loads(inspection.text(path, as_json=True))
    assert said["compiled"] is True
    assert said["left_on_cpu"] == [{"name": "SOFTMAX", "count": 1, "macs": 0, "unknown": 0}]
    assert said["model"]["subgraphs"][0]["inputs"][0]["shape"] == [1, 8, 8, 3]
    assert f"sha256       {said['model']['sha256']}" in inspection.text(path, as_json=False)


def test_inspecting_what_is_no_model_names_the_path(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.tflite cannot be read: no such file or directory\.$"):
        inspection.text(tmp_path / "gone.tflite", as_json=False)
