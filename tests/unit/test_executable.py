"""What the Edge TPU compiler wrote: real files against a table, our own, and what is damaged or hostile."""

import random
import struct
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci import tflite
from edgetpu_ci.tflite import executable, flexbuffer
from edgetpu_ci.tflite.executable import Package
from edgetpu_ci.tflite.flatbuffer import MAX_ITEMS, DamagedError, FlatBuffer
from edgetpu_ci.tflite.flatbuffer_writer import Nested, Table, pack
from tests.fakes import compiled
from tests.fakes.compiled import Tables

_SIZES = st.integers(min_value=0, max_value=3000)


def read(tables: Tables) -> Package:
    return executable.read(FlatBuffer(compiled.options(tables)))


@dataclass(frozen=True)
class Known:
    """What is known of a published model."""

    name: str
    token: str
    cached: int
    streamed: int
    bytes_in: int
    bytes_out: int
    instructions: int
    runtime: int


PUBLISHED = (
    Known("mobilenet_v1_0.25_128_quant", "0x6d146c3f97d6648c", 566_912, 0, 49_152, 1_008, 170_032, 12),
    Known("movenet_single_pose_lightning_ptq", "0x83f398195dd768f2", 2_862_656, 2_368, 110_592, 267_264, 133_408, 12),
    Known("deeplabv3_mnv2_dm05_pascal_quant", "0x36959a24102f7acd", 766_720, 0, 789_512, 279_040, 160_672, 12),
    Known("split_concat", "0x0f5daf073fcc3811", 192, 0, 384, 1_280, 23_648, 13),
    Known("keras_lstm_mnist_ptq", "0x6cad28922f0b3db3", 43_968, 576, 848, 80, 60_864, 12),
)


@pytest.mark.parametrize("known", PUBLISHED, ids=lambda known: known.name)
def test_published_models_say_what_is_known_of_them(models: Path, known: Known) -> None:
    (package,) = tflite.load(models / f"{known.name}_edgetpu.tflite", known.name).packages
    (main,) = package.inferring
    assert known == Known(
        name=known.name,
        token=package.token,
        cached=package.cached_bytes,
        streamed=package.streamed_bytes,
        bytes_in=main.bytes_in,
        bytes_out=main.bytes_out,
        instructions=main.instruction_bytes,
        runtime=package.minimum_runtime,
    )
    assert {each.chip for each in package.executables} == {"beagle"}
    assert package.compiler.startswith("cl/")


def test_every_compiled_model_at_hand_is_in_the_table(models: Path) -> None:
    assert {file.name for file in models.glob("*_edgetpu.tflite")} <= {
        f"{known.name}_edgetpu.tflite" for known in PUBLISHED
    }


@given(
    st.builds(
        Tables,
        token=st.integers(min_value=1, max_value=2**64 - 1),
        cached=_SIZES,
        streamed=_SIZES,
        instructions=_SIZES,
        bytes_in=_SIZES,
        bytes_out=_SIZES,
        scratch=_SIZES,
        minimum_runtime=st.integers(min_value=0, max_value=99),
        deterministic=st.booleans(),
    )
)
def test_what_is_written_is_read(tables: Tables) -> None:
    package = read(tables)
    (main,) = package.inferring
    assert package.minimum_runtime == tables.minimum_runtime
    assert package.token == main.token == f"{tables.token:#018x}"
    assert (package.cached_bytes, package.streamed_bytes) == (tables.cached, tables.streamed)
    assert (main.bytes_in, main.bytes_out) == (tables.bytes_in, tables.bytes_out)
    assert (main.instruction_bytes, main.scratch_bytes) == (tables.instructions, tables.scratch)
    assert main.kind == ("execution only" if tables.cached else "stand-alone")
    assert main.inputs[0].shape == (8, 8, 3)


def test_the_options_we_write_are_read_alike_by_the_library_of_the_format() -> None:
    flexbuffers = pytest.importorskip("flatbuffers.flexbuffers", reason="flatbuffers is not installed")
    data = compiled.options(Tables(compiler="cl/7"))
    theirs = flexbuffers.GetRoot(bytearray(data)).AsMap["4"]
    start, length = flexbuffer.entry(FlatBuffer(data), b"4")
    assert theirs.IsString
    assert data[start : start + length][4:8] == b"DWN1"
    assert flexbuffers.String(theirs._Indirect(), theirs._byte_width).Bytes == data[start : start + length]


def test_without_a_token_parameters_stay_beside_nothing() -> None:
    assert read(Tables(token=0)).token == ""


def options(package: bytes) -> bytes:
    """The options of a custom operator around any package."""
    return compiled.wrapped(package)


def package_of(*executables: bytes) -> bytes:
    return pack({0: 13, 1: pack({0: [Nested(each) for each in executables]}, bytes(4))}, b"DWN1")


def program(**fields: int) -> bytes:
    table: Table = {4: fields.get("scratch", 0), 13: fields.get("kind", 0), 8: [{0: "x", 1: fields.get("size", 1)}]}
    return pack(table, bytes(4))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it has no options"),
        (b"not a real executable", "its options are no map"),
        (b"\x09", "it points to byte -1, and has 1"),
        (options(b"DWN1"), "it points to byte 4, and has 4"),
        (options(b"\x08\0\0\0FAKE" + bytes(8)), "its executable does not begin as DWN1 does"),
        (options(pack({0: 13}, b"DWN1")), "it holds no executable for a single chip"),
        (options(package_of()), "it holds no executable for a single chip"),
        (options(package_of(program(kind=7))), "it has an executable of the unknown type 7"),
        (options(package_of(program(scratch=-1))), "it has a size of -1"),
        (options(package_of(program(size=-5))), "it has a size of -5"),
        (compiled.options(Tables()).replace(b"1\x004\x00", b"1\x005\x00"), "its options have no entry '4'"),
    ],
)
def test_what_is_no_package_is_said_and_the_rest_of_the_model_is_read(data: bytes, said: str) -> None:
    model = tflite.parse(compiled.build(blob=data), "m.tflite")
    assert model.unreadable == f"what the Edge TPU compiler wrote into the file is not readable: {said}"
    assert model.packages == ()
    assert [operator.name for operator in model.on_cpu] == ["SOFTMAX"]


def test_one_executable_named_a_hundred_thousand_times_is_refused() -> None:
    count, one = 100_000, program()
    # A root table whose only field is a list of offsets, all to the same few bytes behind it.
    head = struct.pack("<I4xHHHxxiI", 16, 6, 8, 4, 8, 4) + struct.pack("<I", count)
    behind = len(head) + 4 * count
    places = b"".join(struct.pack("<I", behind - at) for at in range(len(head), behind, 4))
    multiple = head + places + struct.pack("<I", len(one)) + one
    assert len(list(FlatBuffer(multiple).root().extents(0))) == count
    with pytest.raises(DamagedError, match=f"more than {MAX_ITEMS:,} entries"):
        executable.read(FlatBuffer(options(pack({0: 13, 1: multiple}, b"DWN1"))))


def test_options_cut_anywhere_are_refused_or_whole() -> None:
    data = compiled.options(Tables(cached=16, instructions=8))
    whole = executable.read(FlatBuffer(data))
    for length in range(len(data)):
        with pytest.raises(DamagedError):
            executable.read(FlatBuffer(data[:length]))
    assert whole.executables


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=8))
def test_options_with_any_damage_are_read_or_refused(seed: int, wounds: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - damage, not a secret
    data = bytearray(compiled.options(Tables(cached=16, streamed=8, instructions=8)))
    for _ in range(wounds):
        at = draw.randrange(len(data))
        edge = struct.pack("<I", draw.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)))
        data[at : at + 4] = draw.choice((bytes([draw.randrange(256)]) + data[at + 1 : at + 4], edge))
    try:
        package = executable.read(FlatBuffer(bytes(data)))
    except DamagedError:
        return
    assert package.executables
    assert package.cached_bytes <= len(data) * len(package.executables)
