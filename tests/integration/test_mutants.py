"""Damaged models: only a result or one sentence, ever, and soon."""

import random
import struct
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from time import process_time

import msgspec
import pytest

from edgetpu_ci import reference, tflite
from edgetpu_ci.collect import inference, model_file
from edgetpu_ci.errors import ModelError
from edgetpu_ci.render import model as render
from edgetpu_ci.world import run_process
from tests.fakes import compiled
from tests.fakes.world import world

TELLING = (0, 1, 4, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF)
"""Numbers at the edges of what a field can hold."""


@pytest.fixture(scope="module", params=["our own", "real"])
def originals(request: pytest.FixtureRequest) -> list[bytes]:
    """Our own models are always there; real ones where their folder is named."""
    if request.param == "our own":
        tables = compiled.build(blob=compiled.Tables(streamed=64))
        return [reference.build(32, 0.25), compiled.build(), compiled.build(tail=False, blob=bytes(10_000)), tables]
    folder: Path = request.getfixturevalue("models")
    return [file.read_bytes() for file in sorted(folder.glob("*.tflite"))]


def mutants(originals: list[bytes], seed: int) -> Iterator[bytes]:
    """Endless damaged models, the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - damage, not a secret
    while True:
        data = bytearray(draw.choice(originals))
        for _ in range(draw.choice((1, 1, 2, 8, 64))):
            _damage(data, draw)
        yield bytes(data)


def _damage(data: bytearray, draw: random.Random) -> None:
    # Structure stands at both ends of a file, and weights in between, where damage does little.
    near = draw.randrange(8, min(len(data), 4096))
    at = draw.choice((near, len(data) - near, draw.randrange(8, len(data))))
    match draw.randrange(4):
        case 0:
            data[at] ^= 1 << draw.randrange(8)
        case 1:
            data[at : at + 4] = struct.pack("<I", draw.choice(TELLING))
        case 2:
            data[at : at + 16] = data[near : near + 16]
        case _:
            del data[at : at + draw.randrange(1, 8)]


def _survives(data: bytes) -> bool:
    """Whether it could be read; then it can also be told, and kept."""
    try:
        model = tflite.parse(data, "mutant.tflite")
    except ModelError:
        return False
    assert render.text(model)
    assert msgspec.json.encode(model)
    return True


def test_four_hundred_mutants_are_read_or_refused_and_never_for_long(originals: list[bytes]) -> None:
    read = 0
    for mutant in islice(mutants(originals, seed=1), 400):
        start = process_time()
        read += _survives(mutant)
        assert process_time() - start < 2
    assert 40 < read < 360, "the damage is either nothing or everything"


def test_real_models_cut_at_many_points_are_refused(originals: list[bytes]) -> None:
    for data in originals:
        for step in range(20):
            assert not _survives(data[: len(data) * step // 20])


def test_mutants_are_measured_or_have_a_reason_and_nothing_is_raised(originals: list[bytes], tmp_path: Path) -> None:
    readable = (mutant for mutant in mutants(originals, seed=2) if _survives(mutant))
    for number, mutant in enumerate(islice(readable, 12)):
        (tmp_path / f"mutant{number}.tflite").write_bytes(mutant)
    (tmp_path / "cut.tflite").write_bytes(originals[0][:5000])
    real = world(tmp_path, run=run_process)
    everything = ("*.tflite",)
    quick = inference.Options(models=everything, rounds=1, seconds=0.01, count=1, warmup_count=1, timeout_seconds=20)
    measured = inference.collect(quick, real).measurements
    facts = model_file.collect(model_file.Options(models=everything), real).measurements
    for measurements in (measured, facts):
        assert len({measurement.subject for measurement in measurements}) == 13
        assert all(measurement.value is not None or measurement.reason for measurement in measurements)
