"""The facts of compiled models as measurements: alone, with their source, together on one Edge TPU, beside a base."""

from pathlib import Path

import pytest

from edgetpu_ci import reference
from edgetpu_ci.collect import model_file
from edgetpu_ci.loads.beside import Beside
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.tflite.writer import Network
from tests.fakes import compiled
from tests.fakes.compiled import Tables
from tests.fakes.world import world

UNREADABLE = "what the Edge TPU compiler wrote into the file is not readable: its options are no map"


def write(folder: Path, **models: bytes) -> None:
    folder.mkdir(exist_ok=True)
    for name, data in models.items():
        (folder / f"{name}.tflite").write_bytes(data)


def by_key(measurements: tuple[Measurement, ...]) -> dict[str, Measurement]:
    return {measurement.key: measurement for measurement in measurements}


def collect(folder: Path, *, source: str = "", share: bool = False) -> dict[str, Measurement]:
    options = model_file.Options(models=("*_edgetpu.tflite",), source_model=source, share_tpu=share)
    return by_key(model_file.collect(options, world(folder)).measurements)


def source_of(*, hidden: str = "FULLY_CONNECTED", inputs: int = 8) -> bytes:
    """What `compiled.build` may have been compiled from: a layer, an operator that adds nothing, and the tail."""
    net = Network("a source")
    image = net.tensor("image", "uint8", (1, inputs, 8, 3))
    weights = net.tensor("weights", "uint8", (10, 192))
    scores, more, last = (net.tensor(name, "uint8", (1, 10)) for name in ("scores", "more", "last"))
    net.operator(hidden, [image, weights], [scores])
    net.operator("RELU", [scores], [more])
    net.operator("SOFTMAX", [more], [last])
    return net.pack([image], [last])


def test_a_compiled_model_tells_what_travels_when(tmp_path: Path) -> None:
    tables = Tables(cached=2 << 20, streamed=100, bytes_in=192, bytes_out=16, minimum_runtime=13, token=0xAB)
    write(tmp_path, m_edgetpu=compiled.build(blob=tables))
    facts = collect(tmp_path)
    assert {key.removeprefix("m_edgetpu/"): fact.value for key, fact in facts.items()} == {
        "model_bytes": (tmp_path / "m_edgetpu.tflite").stat().st_size,
        "macs_millions": None,
        "ops": 2,
        "ops_on_cpu": 1,
        "tpu_segments": 1,
        "cached_parameter_bytes": 2 << 20,
        "streamed_parameter_bytes": 100,
        "on_chip_percent": 25,
        "dma_bytes": 208,
        "minimum_runtime": 13,
        "ops_on_tpu": None,
        "macs_on_tpu_millions": None,
    }
    assert facts["m_edgetpu/tpu_segments"].details == (
        ("compiler", "cl/1"),
        ("token", "0x00000000000000ab"),
        ("execution only", "model for beagle: 100 B parameters, 512 B instructions, 0 B scratch"),
        ("parameter caching", "Unknown for beagle: 2,097,152 B parameters, 64 B instructions, 0 B scratch"),
    )
    assert facts["m_edgetpu/dma_bytes"].details == (("in", "192 B"), ("out", "16 B"))
    unnamed = "the compiled file does not tell it; name its source model with `source_model`"
    assert facts["m_edgetpu/ops_on_tpu"].reason == facts["m_edgetpu/macs_on_tpu_millions"].reason == unnamed


def test_a_model_that_is_not_compiled_has_none_of_these_facts(tmp_path: Path) -> None:
    write(tmp_path, m_edgetpu=reference.build(32, 0.25))
    assert {key.rpartition("/")[2] for key in collect(tmp_path, share=True)} == {"model_bytes", "macs_millions", "ops"}


def test_a_blob_of_another_shape_costs_only_what_it_would_have_told(tmp_path: Path) -> None:
    write(tmp_path, m_edgetpu=compiled.build(), w_edgetpu=compiled.build(blob=Tables()))
    facts = collect(tmp_path, share=True)
    assert facts["m_edgetpu/ops_on_cpu"].value == facts["m_edgetpu/tpu_segments"].value == 1
    missing = ("cached_parameter_bytes", "streamed_parameter_bytes", "on_chip_percent", "dma_bytes", "minimum_runtime")
    assert {facts[f"m_edgetpu/{metric}"].reason for metric in missing} == {UNREADABLE}
    assert facts["w_edgetpu/cached_parameter_bytes"].value == 4096
    assert {facts[f"{name}/switch_upload_bytes"].reason for name in ("m_edgetpu", "w_edgetpu")} == {
        f"of m_edgetpu, {UNREADABLE}"
    }


def test_the_source_tells_what_runs_on_the_chip(tmp_path: Path) -> None:
    write(tmp_path, m=source_of(), m_edgetpu=compiled.build(blob=Tables()))
    facts = collect(tmp_path, source="{model}.tflite")
    assert facts["m_edgetpu/ops_on_tpu"].value == 2
    assert facts["m_edgetpu/ops_on_tpu"].details == (("FULLY_CONNECTED", "1"), ("RELU", "1"))
    assert facts["m_edgetpu/macs_on_tpu_millions"].value == 0.00192


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (source_of(inputs=9), "the model that `source_model` names takes other inputs: it is another one"),
        (compiled.build(blob=Tables()), "the model that `source_model` names is compiled itself"),
        (b"", "m.tflite is empty; build or copy the model again."),
    ],
)
def test_what_cannot_be_the_source_is_said(tmp_path: Path, source: bytes, said: str) -> None:
    write(tmp_path, m=source, m_edgetpu=compiled.build(blob=Tables()))
    facts = collect(tmp_path, source="{model}.tflite")
    assert facts["m_edgetpu/ops_on_tpu"].reason == facts["m_edgetpu/macs_on_tpu_millions"].reason == said


def test_macs_that_the_source_does_not_tell_are_not_guessed(tmp_path: Path) -> None:
    write(tmp_path, m=source_of(hidden="UNIDIRECTIONAL_SEQUENCE_LSTM"), m_edgetpu=compiled.build(blob=Tables()))
    facts = collect(tmp_path, source="m.tflite")
    assert facts["m_edgetpu/ops_on_tpu"].value == 2
    assert facts["m_edgetpu/macs_on_tpu_millions"].reason == (
        "the MACs of UNIDIRECTIONAL_SEQUENCE_LSTM cannot be told from the source model"
    )


def test_more_macs_on_the_cpu_than_in_the_source_are_no_negative_number(tmp_path: Path) -> None:
    left = Network("m")
    image = left.tensor("image", "uint8", (1, 8, 8, 3))
    weights, scores = left.tensor("weights", "uint8", (10, 192)), left.tensor("scores", "uint8", (1, 10))
    left.operator("edgetpu-custom-op", [image], [image], 1, {5: compiled.options(Tables())})
    left.operator("FULLY_CONNECTED", [image, weights], [scores])
    write(tmp_path, m=source_of(hidden="RELU"), m_edgetpu=left.pack([image], [scores]))
    assert collect(tmp_path, source="m.tflite")["m_edgetpu/macs_on_tpu_millions"].reason.startswith(
        "more MACs are left"
    )


def switches(folder: Path) -> dict[str, float | None]:
    return {
        key: fact.value for key, fact in collect(folder, share=True).items() if key.endswith("/switch_upload_bytes")
    }


def test_models_compiled_apart_upload_their_parameters_again(tmp_path: Path) -> None:
    one, two = (compiled.build(blob=Tables(token=n, cached=1000 * n)) for n in (1, 2))
    write(tmp_path, a_edgetpu=one, b_edgetpu=two)
    assert switches(tmp_path) == {"a_edgetpu/switch_upload_bytes": 1000, "b_edgetpu/switch_upload_bytes": 2000}
    assert collect(tmp_path, share=True)["a_edgetpu/switch_upload_bytes"].details == (("shares with", "b_edgetpu"),)


def test_models_compiled_together_upload_nothing_again(tmp_path: Path) -> None:
    write(tmp_path, **{f"{n}_edgetpu": compiled.build(blob=Tables(token=7)) for n in "ab"})
    assert set(switches(tmp_path).values()) == {0}


def test_one_that_keeps_nothing_on_the_chip_still_drives_out_the_others(tmp_path: Path) -> None:
    streaming = compiled.build(blob=Tables(token=0, cached=0, streamed=500))
    write(tmp_path, a_edgetpu=compiled.build(blob=Tables(cached=64)), b_edgetpu=streaming)
    assert switches(tmp_path) == {"a_edgetpu/switch_upload_bytes": 64, "b_edgetpu/switch_upload_bytes": 0}


def test_a_model_alone_uploads_nothing_again(tmp_path: Path) -> None:
    write(tmp_path, a_edgetpu=compiled.build(blob=Tables()), b=source_of())
    assert switches(tmp_path) == {"a_edgetpu/switch_upload_bytes": 0}


def test_without_share_tpu_nobody_asks_what_a_switch_uploads(tmp_path: Path) -> None:
    write(tmp_path, a_edgetpu=compiled.build(blob=Tables()))
    assert "a_edgetpu/switch_upload_bytes" not in collect(tmp_path)


def beside(head: Path, base: Path, *, source: str = "") -> Collected:
    def file(path: Path) -> Path | str:
        return base / path.name if (base / path.name).exists() else "it is new"

    options = model_file.Options(models=("*_edgetpu.tflite",), source_model=source, share_tpu=True)
    side = Beside(file=file, folder=lambda: base, standing=lambda _: {}, left=lambda: 1.0)
    return model_file.collect_beside(options, side, world(head))


def test_a_base_is_read_with_its_own_source_and_its_own_neighbours(tmp_path: Path) -> None:
    one, two = (compiled.build(blob=Tables(token=n)) for n in (1, 2))
    write(tmp_path / "base", a_edgetpu=one, a=source_of(hidden="RELU"))
    write(tmp_path / "head", a_edgetpu=one, b_edgetpu=two, a=source_of(), b=source_of())
    found = beside(tmp_path / "head", tmp_path / "base", source="{model}.tflite")
    head, base = by_key(found.measurements), by_key(found.base)
    assert head["a_edgetpu/macs_on_tpu_millions"].value == 0.00192
    assert base["a_edgetpu/macs_on_tpu_millions"].value == 0
    assert head["a_edgetpu/switch_upload_bytes"].value == 4096
    assert base["a_edgetpu/switch_upload_bytes"].value == 0
    assert found.without == {"b_edgetpu": "it is new"}


def test_a_source_that_the_base_lacks_is_its_reason(tmp_path: Path) -> None:
    one = compiled.build(blob=Tables())
    write(tmp_path / "base", a_edgetpu=one)
    write(tmp_path / "head", a_edgetpu=one, a=source_of())
    found = beside(tmp_path / "head", tmp_path / "base", source="{model}.tflite")
    assert by_key(found.base)["a_edgetpu/ops_on_tpu"].reason == "it is new"


def test_published_models_with_their_sources(models: Path) -> None:
    facts = collect(models, source="{model}.tflite", share=True)
    deeplab, mobilenet = "deeplabv3_mnv2_dm05_pascal_quant_edgetpu", "mobilenet_v1_0.25_128_quant_edgetpu"
    assert facts[f"{deeplab}/macs_on_tpu_millions"].value == pytest.approx(867.50 - 148.59, abs=0.01)
    assert facts[f"{deeplab}/ops_on_tpu"].value == 64
    assert facts[f"{mobilenet}/macs_on_tpu_millions"].value == pytest.approx(13.57, abs=0.005)
    assert facts[f"{mobilenet}/switch_upload_bytes"].value == 566_912
    assert facts["keras_lstm_mnist_ptq_edgetpu/macs_on_tpu_millions"].value is None
