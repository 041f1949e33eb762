"""Users of other tools switch: their files through `run`, their history through `import`; and damage to both."""

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edgetpu_ci import formats, history
from edgetpu_ci.errors import EdgeTpuCiError
from edgetpu_ci.formats import Name, data_js, subjects
from edgetpu_ci.model import Measurement
from tests.fakes.program import edgetpu_ci
from tests.fakes.results import FILES, FOLDER, data

CONFIG = """\
collect:
- {use: results, with: {files: ["bench/*.json"]}}
rules:
- {match: "*/time_ms", worse_by_percent: 15}
"""


def measure(folder: Path, factor: float, runs: int = 10) -> None:
    """What `pytest --benchmark-json=bench/N.json` leaves in `folder` after so many runs, all so much slower."""
    (folder / "bench").mkdir(exist_ok=True)
    for number in range(runs):
        file = json.loads(data("pytest-benchmark.json"))
        for benchmark in file["benchmarks"]:
            rounds = benchmark["stats"]["data"]
            benchmark["stats"]["data"] = [factor * (1 + number / 1000) * seconds for seconds in rounds]
        (folder / f"bench/{number}.json").write_text(json.dumps(file))


def test_a_user_of_pytest_benchmark_has_a_gate_with_one_step_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(CONFIG)
    measure(tmp_path, 1)
    assert edgetpu_ci(tmp_path, "run").returncode == 5
    accepted = edgetpu_ci(tmp_path, "baseline", "accept", "--by", "Ada")
    assert accepted.returncode == 0, accepted.stderr
    same = edgetpu_ci(tmp_path, "run")
    assert same.returncode == 0, same.stdout
    measure(tmp_path, 1.3)
    slower = edgetpu_ci(tmp_path, "run")
    assert slower.returncode == 1
    assert "test_bench.py∷test_sort[100] · time: 30 % slower than the baseline" in slower.stdout
    measure(tmp_path, 1.05)
    assert "slower than" not in edgetpu_ci(tmp_path, "run").stdout


def test_the_rounds_of_one_process_decide_nothing(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(CONFIG)
    measure(tmp_path, 1)
    edgetpu_ci(tmp_path, "run")
    edgetpu_ci(tmp_path, "baseline", "accept", "--by", "Ada")
    shutil.rmtree(tmp_path / "bench")
    measure(tmp_path, 2, runs=1)
    alone = edgetpu_ci(tmp_path, "run")
    assert alone.returncode == 5
    assert "no rounds, each of a process of its own, to compare" in " ".join(alone.stdout.split())


def test_a_benchmark_that_failed_is_told_and_never_passes(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text("collect:\n- {use: results, with: {files: [go.txt]}}\n")
    shutil.copy(FOLDER / "go.txt", tmp_path)
    done = edgetpu_ci(tmp_path, "run")
    assert done.returncode == 5
    assert "sums.BenchmarkBroken · time: bench_test.go:32: no data" in done.stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("files: [none.json]", 'No result file matches "none.json"'),
        ("files: [go.txt], format: hyperfine", "go.txt cannot be read: JSON is malformed"),
        ("files: [go.txt], format: hyperfin", 'with (use: results): format: "hyperfin" is none of: pytest-benchmark,'),
        ("file: [go.txt]", 'unknown key "file"; did you mean "files"?'),
    ],
)
def test_a_wrong_file_or_format_is_one_sentence_and_2(tmp_path: Path, options: str, says: str) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(f"collect:\n- {{use: results, with: {{{options}}}}}\n")
    shutil.copy(FOLDER / "go.txt", tmp_path)
    done = edgetpu_ci(tmp_path, "run")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert says in done.stderr


def test_a_history_is_taken_over_once_and_what_is_not_is_said(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "data.js", tmp_path)
    (tmp_path / "edgetpu-ci.yml").write_text("collect: []\nstore: {use: folder, with: {path: kept}}\n")
    first, second = (edgetpu_ci(tmp_path, "import", "data.js") for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert "imported     7 runs, 0 more were there already" in first.stdout
    assert "passed over  2 entries" in first.stdout
    assert 'of a tool "abacus", whose better direction is unknown.' in first.stdout
    assert "imported     0 runs, 7 more were there already" in second.stdout
    reports = sorted((tmp_path / "kept/documents/reports").iterdir())
    assert len(reports) == 7
    assert all(history.decode(path.read_bytes(), path.name).run.measurements for path in reports)


def test_a_file_that_is_no_history_is_one_sentence_and_2(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "go.txt", tmp_path)
    for file, says in (("go.txt", "go.txt does not begin with"), ("none.js", "none.js cannot be read: no such file")):
        done = edgetpu_ci(tmp_path, "import", file)
        assert done.returncode == 2
        assert says in done.stderr


def mutants(whole: bytes, seed: str) -> Iterator[bytes]:
    """The file cut off at many places, then with bytes flipped, numbers exchanged and parts repeated."""
    draw = random.Random(seed)  # noqa: S311 - damage, not a secret
    yield from (whole[: len(whole) * step // 40] for step in range(40))
    for _ in range(160):
        broken = bytearray(whole)
        for _ in range(draw.choice((1, 1, 3, 10))):
            at = draw.randrange(len(broken))
            match draw.randrange(4):
                case 0:
                    broken[at] ^= 1 << draw.randrange(8)
                case 1:
                    broken[at : at + 2] = draw.choice((b"NaN", b"1e999", b"null", b"-1", b'"', b"9" * 400, b"<", b"\0"))
                case 2:
                    del broken[at : at + draw.randrange(1, 40)]
                case _:
                    broken[at:at] = broken[at // 2 : at // 2 + draw.randrange(1, 60)]
        yield bytes(broken)


@pytest.mark.parametrize(("name", "file"), FILES.items())
def test_damaged_files_are_results_or_one_sentence(name: Name, file: str) -> None:
    read = 0
    for mutant in mutants(data(file), name):
        for form in (name, None):
            try:
                found = subjects.distinct(formats.read(mutant, file, form), file)
            except EdgeTpuCiError as error:
                assert file in str(error)  # noqa: PT017 - either is right, depending on the damage
                continue
            read += 1
            assert all(m.value is not None or m.reason for m in found)
            assert msgspec.json.decode(msgspec.json.encode(found), type=list[Measurement]) == found
            assert len({m.key for m in found}) == len(found)
    assert read > 5, "the damage is everything"


def test_damaged_histories_are_runs_or_one_sentence() -> None:
    read = 0
    for mutant in mutants(data("data.js"), "data.js"):
        try:
            read += len(data_js.read(mutant, "data.js").runs)
        except EdgeTpuCiError as error:
            assert "data.js" in str(error)  # noqa: PT017 - either is right, depending on the damage
    assert read > 20
