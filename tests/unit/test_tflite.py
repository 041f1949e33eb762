"""Reading model files: real ones, broken ones, hostile ones."""

import struct
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edgetpu_ci import reference, tflite
from edgetpu_ci.errors import ModelError
from edgetpu_ci.tflite.flatbuffer import MAX_ITEMS
from edgetpu_ci.tflite.flatbuffer_writer import Numbers, Table, pack
from edgetpu_ci.tflite.names import DTYPES, OPERATORS
from tests.fakes import compiled

IDENTIFIER = b"TFL3"


@pytest.fixture(scope="session")
def schema() -> Any:
    """The reader of the schema that comes with LiteRT: the one we are held against."""
    return pytest.importorskip("ai_edge_litert.schema_py_generated", reason="ai-edge-litert is not installed")


def _numbers(enumeration: type) -> dict[int, str]:
    return {number: name for name, number in vars(enumeration).items() if isinstance(number, int)}


def test_operators_and_types_have_the_names_of_the_schema(schema: Any) -> None:
    assert dict(enumerate(OPERATORS)) == _numbers(schema.BuiltinOperator)
    assert dict(enumerate(name.upper() for name in DTYPES)) == _numbers(schema.TensorType)


def _assert_reads_alike(data: bytes, schema: Any) -> None:
    ours, theirs = tflite.parse(data, "model"), schema.ModelT.InitFromPackedBuf(data)
    codes = [(max(code.builtinCode, code.deprecatedBuiltinCode), code) for code in theirs.operatorCodes]
    names = [code.customCode.decode() if code.customCode else OPERATORS[number] for number, code in codes]
    assert ours.description == (theirs.description or b"").decode()
    assert ours.buffer_bytes == sum(len(buffer.data) for buffer in theirs.buffers if buffer.data is not None)
    assert list(ours.metadata) == [entry.name.decode() for entry in theirs.metadata or ()]
    for mine, other in zip(ours.subgraphs, theirs.subgraphs, strict=True):
        assert [operator.name for operator in mine.operators] == [names[step.opcodeIndex] for step in other.operators]
        _assert_same_tensors(mine.inputs, other.inputs, other.tensors)
        _assert_same_tensors(mine.outputs, other.outputs, other.tensors)
        for operator, step in zip(mine.operators, other.operators, strict=True):
            assert operator.version == theirs.operatorCodes[step.opcodeIndex].version
            _assert_same_tensors(operator.inputs, step.inputs, other.tensors)
            _assert_same_tensors(operator.outputs, step.outputs, other.tensors)


def _assert_same_tensors(ours: tuple[tflite.Tensor | None, ...], numbers: Any, tensors: Any) -> None:
    for tensor, number in zip(ours, numbers, strict=True):
        if tensor is None:
            assert number == -1
            continue
        other, name = tensors[number], (tensors[number].name or b"").decode()
        assert tensor.name == name or name.startswith(tensor.name.removesuffix("…"))
        assert list(tensor.shape) == list(other.shape if other.shape is not None else ())
        assert DTYPES.index(tensor.dtype) == other.type
        scales: Any = other.quantization.scale if other.quantization and other.quantization.scale is not None else ()
        assert tensor.scale == (scales[0] if len(scales) == 1 else None)
        assert tensor.zero_point == (other.quantization.zeroPoint[0] if len(scales) == 1 else None)


def test_real_models_are_read_as_litert_reads_them(models: Path, schema: Any) -> None:
    files = sorted(models.glob("*.tflite"))
    assert files
    for file in files:
        _assert_reads_alike(file.read_bytes(), schema)


def test_what_we_write_litert_reads_as_we_do(schema: Any) -> None:
    _assert_reads_alike(reference.build(32, 0.25), schema)
    _assert_reads_alike(compiled.build(), schema)


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("mobilenet_v2_1.0_224_quant", 300.78),
        ("mobilenet_v1_0.25_128_quant", 13.57),
        ("deeplabv3_mnv2_dm05_pascal_quant", 867.50),
    ],
)
def test_macs_of_published_models(models: Path, name: str, millions: float) -> None:
    model = tflite.load(models / f"{name}.tflite", name)
    assert round(sum(kind.macs for kind in tflite.kinds(model.operators)) / 1e6, 2) == millions


def test_the_oldest_runtime_that_can_run_it_is_read_from_the_metadata(models: Path) -> None:
    assert tflite.load(models / "mobilenet_v2_1.0_224_quant.tflite", "m").minimum_runtime == "1.5.0"


def test_a_model_survives_json() -> None:
    model = tflite.parse(reference.build(32, 0.25), "m")
    assert msgspec.json.decode(msgspec.json.encode(model), type=tflite.Model) == model


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "m.tflite is empty; build or copy the model again."),
        (b"TFL", "m.tflite is not a TFLite model: its bytes 4 to 7 must be 'TFL3', and it ends after 3."),
        (b"<!DOCTYPE html>", "m.tflite is not a TFLite model: its bytes 4 to 7 must be 'TFL3', and it has 'CTYP'."),
        (b"\x89HDF\r\n\x1a\n", "m.tflite is a Keras HDF5 file; convert it to TFLite first."),
        (b"PK\x03\x04....", "m.tflite is a ZIP archive; unpack it, or convert the model in it to TFLite."),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 3577760\n",
            "m.tflite is a Git LFS pointer, not the model; run `git lfs pull`, or check out with `lfs: true`.",
        ),
        (
            b"\x10\0\0\0TFL3",
            "m.tflite is a truncated or damaged TFLite model: it points to byte 16, and has 8; build or copy it again.",
        ),
        (
            pack({0: 3}, IDENTIFIER),
            "m.tflite is a truncated or damaged TFLite model: it has no subgraph; build or copy it again.",
        ),
    ],
)
def test_what_is_no_model_is_said_in_one_sentence(data: bytes, said: str) -> None:
    with pytest.raises(ModelError) as error:
        tflite.parse(data, "m.tflite")
    assert str(error.value) == said


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"^gone\.tflite cannot be read: no such file or directory\.$"):
        tflite.load(tmp_path / "gone.tflite", "gone.tflite")


def test_a_file_too_large_to_be_a_model_is_not_read(tmp_path: Path) -> None:
    large = tmp_path / "large.tflite"
    with large.open("wb") as file:
        file.truncate((2 << 30) + 1)
    with pytest.raises(ModelError, match=r"has 2,147,483,649 bytes; a TFLite model has at most 2,147,483,648"):
        tflite.load(large, "large.tflite")


def test_a_model_cut_anywhere_is_refused_or_whole() -> None:
    data = compiled.build()
    for length in range(8, len(data)):
        with pytest.raises(ModelError, match="truncated or damaged"):
            tflite.parse(data[:length], "cut.tflite")


def _model(**fields: Any) -> bytes:
    """A model of one operator on one tensor, whose parts can be replaced."""
    only = Numbers("i", (0,))
    tensor: Table = {0: Numbers("i", fields.get("shape", (1, 2))), 3: fields.get("name", "x")}
    step: Table = {0: fields.get("code", 0), 1: Numbers("i", fields.get("inputs", (0,))), 2: only}
    root: Table = {
        0: 3,
        1: [{0: 25, 3: fields.get("builtin", 25)}],
        2: [{0: [tensor], 1: only, 2: only, 3: [step]}],
        3: fields.get("description", ""),
        4: [fields.get("buffer", {})],
    }
    return pack(root, IDENTIFIER)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (_model(inputs=(7,)), "tensor 7 is used, and there are 1"),
        (_model(code=3), "operator code 3 is used, and there are 1"),
        (_model(shape=(1 << 30,) * 3), "more elements than can exist"),
        (_model(shape=(1,) * 33), "33 dimensions"),
        (_model(inputs=(0,) * (MAX_ITEMS + 1)), "its lists have more than 500,000 entries"),
    ],
)
def test_numbers_that_cannot_be_right_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        tflite.parse(data, "m.tflite")


def test_a_list_that_claims_two_billion_entries_is_refused() -> None:
    data = _model(inputs=(0,) * 77)
    claim = data.replace(struct.pack("<I", 77), struct.pack("<I", 1 << 31))
    with pytest.raises(ModelError, match="a list of 2,147,483,648 entries does not fit"):
        tflite.parse(claim, "m.tflite")


def test_a_buffer_behind_the_end_is_refused() -> None:
    behind = _model(buffer={1: 100, 2: 1 << 20})
    with pytest.raises(ModelError, match="a buffer ends at byte"):
        tflite.parse(behind, "m.tflite")


def test_an_operator_newer_than_our_list_keeps_its_number() -> None:
    assert tflite.parse(_model(builtin=999), "m").operators[0].name == "BUILTIN_999"


def test_an_operand_left_out_stays_in_its_place() -> None:
    inputs = tflite.parse(_model(inputs=(-1, 0)), "m").operators[0].inputs
    assert inputs[0] is None
    assert inputs[1]
    assert inputs[1].name == "x"


def test_names_cannot_carry_terminal_commands_or_lines() -> None:
    model = tflite.parse(_model(name="x\x1b[2J\n::error::", description="a\rb"), "m")
    assert model.subgraphs[0].inputs[0]
    assert model.subgraphs[0].inputs[0].name == "x\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}::error::"
    assert model.description == "a\N{REPLACEMENT CHARACTER}b"


def test_a_name_of_a_megabyte_is_cut() -> None:
    model = tflite.parse(_model(description="d" * (1 << 20)), "m")
    assert model.description == "d" * 200 + "…"
