"""The collector of result files: which files, under which names, and what several files of one benchmark are."""

import json
from pathlib import Path

import pytest

from edgetpu_ci.collect import results
from edgetpu_ci.errors import ConfigError, DocumentError
from edgetpu_ci.formats import Name
from edgetpu_ci.formats.measured import MOST_SLOTS
from edgetpu_ci.model import Measurement
from tests.fakes.results import FOLDER
from tests.fakes.world import world


def collect(folder: Path, *files: str, form: Name | None = None) -> tuple[Measurement, ...]:
    return results.collect(results.Options(files=files, format=form), world(folder)).measurements


def custom(path: Path, *named: tuple[str, float | str]) -> None:
    """A file of values in milliseconds."""
    path.write_text(json.dumps([{"name": name, "unit": "ms", "value": value} for name, value in named]))


SMALLER: Name = "custom-smaller-is-better"


def test_files_of_different_tools_are_read_in_the_order_named() -> None:
    found = collect(FOLDER, "go.txt", "catch2.xml", "./go.txt")
    assert [m.subject for m in found][:1] == ["sums.BenchmarkSum/small"]
    assert found[-1].subject == "Broken/throws"
    assert next(m for m in found if m.key == "sums.BenchmarkSum/small/time_ms").n == 6


def test_one_benchmark_in_several_files_has_a_slot_for_each(tmp_path: Path) -> None:
    for number in range(8):
        custom(tmp_path / f"r{number}.json", ("a", 10.0 + number), ("b", 1.0))
    a, b = collect(tmp_path, "r*.json", form=SMALLER)
    assert (a.value, a.slots) == (13.5, tuple(10.0 + n for n in range(8)))
    assert a.interval == (10.0, 17.0)
    assert b.slots == (1.0,) * 8


def test_more_files_than_slots_share_them(tmp_path: Path) -> None:
    for number in range(45):
        custom(tmp_path / f"r{number:02}.json", ("a", 10.0 + number))
    (a,) = collect(tmp_path, "r*.json", form=SMALLER)
    assert (a.value, len(a.slots)) == (32.0, MOST_SLOTS)


def test_repetitions_in_several_files_are_one_slot_a_file(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.txt").write_bytes((FOLDER / "go.txt").read_bytes())
    found = {m.key: m for m in collect(tmp_path, "*.txt")}
    assert found["sums.BenchmarkRepeat/allocated_bytes"].slots == (208.0, 208.0)
    assert found["sums.BenchmarkRepeat/allocated_bytes"].n == 12


def test_a_benchmark_that_failed_in_one_file_has_failed(tmp_path: Path) -> None:
    custom(tmp_path / "1.json", ("a", 10.0))
    custom(tmp_path / "2.json", ("a", "NaN"))
    (a,) = collect(tmp_path, "*.json", form=SMALLER)
    assert (a.value, a.failed, a.reason) == (None, True, "it is not a number")


def test_each_benchmark_of_criterion_is_called_by_its_folders() -> None:
    found = collect(FOLDER, "criterion/**/new/sample.json")
    assert [m.subject for m in found] == ["sum/100", "sum/10000"]


def test_a_name_used_twice_in_a_file_is_numbered(tmp_path: Path) -> None:
    custom(tmp_path / "r.json", ("a", 1.0), ("a", 2.0), ("b", 3.0), ("a", 4.0))
    assert [m.subject for m in collect(tmp_path, "r.json", form=SMALLER)] == ["a", "a #2", "b", "a #3"]


def test_foreign_names_become_visible_and_short_and_stay_apart(tmp_path: Path) -> None:
    custom(tmp_path / "r.json", ("x\x1b[31m\u202e/*", 1.0), ("y" * 500 + "1", 2.0), ("y" * 500 + "2", 3.0))
    strange, first, second = (m.subject for m in collect(tmp_path, "r.json", form=SMALLER))
    assert strange == "x\\x1b[31m\\u202e/*"
    assert len(first) == len(second) < 210
    assert first != second


def test_a_benchmark_without_a_name_is_a_sentence(tmp_path: Path) -> None:
    custom(tmp_path / "r.json", (" ", 1.0))
    with pytest.raises(DocumentError, match=r"r.json has a benchmark without a name; give it one\."):
        collect(tmp_path, "r.json", form=SMALLER)


def test_more_results_than_a_report_holds_are_a_sentence(tmp_path: Path) -> None:
    custom(tmp_path / "r.json", *((f"b{number}", 1.0) for number in range(results.MOST_RESULTS + 1)))
    with pytest.raises(DocumentError, match=r"5,001 results are more than 5,000; read fewer files in one run\."):
        collect(tmp_path, "r.json", form=SMALLER)


def test_a_pattern_without_a_file_says_to_run_the_benchmark_first(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'No result file matches "\*\.json" in .*; run the benchmark before edgetpu'):
        collect(tmp_path, "*.json")
    with pytest.raises(ConfigError, match=r"No result file is named"):
        collect(tmp_path)
