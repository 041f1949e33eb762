"""Which files a list of patterns means, and what each is called."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from edgetpu_ci.errors import ConfigError
from edgetpu_ci.loads import models
from tests.fakes.world import world


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def _subjects(folder: Path, patterns: Sequence[str]) -> list[str]:
    return [subject for subject, _ in models.find(patterns, world(folder))]


def test_a_model_is_called_by_its_stem_and_found_below_the_working_folder(tmp_path: Path) -> None:
    _touch(tmp_path, "models/mobilenet_v2_1.0_224.tflite")
    found = models.find(["models/*.tflite"], world(tmp_path))
    assert found == [("mobilenet_v2_1.0_224", tmp_path / "models/mobilenet_v2_1.0_224.tflite")]


def test_two_stars_search_all_folders_but_not_the_hidden_ones(tmp_path: Path) -> None:
    _touch(tmp_path, "a.tflite", "x/b.tflite", "x/y/c.tflite", ".venv/d.tflite", "x/readme.md")
    (tmp_path / "folder.tflite").mkdir()
    assert _subjects(tmp_path, ["**/*.tflite"]) == ["a", "b", "c"]


def test_the_same_stem_in_two_folders_is_told_apart_by_as_few_folders_as_needed(tmp_path: Path) -> None:
    _touch(tmp_path, "old/int8/m.tflite", "new/int8/m.tflite", "new/f32/m.tflite", "new/int8/other.tflite")
    assert _subjects(tmp_path, ["**/*.tflite"]) == ["f32/m", "new/int8/m", "other", "old/int8/m"]


def test_two_suffixes_of_one_stem_are_told_apart(tmp_path: Path) -> None:
    _touch(tmp_path, "m.tflite", "m.lite")
    assert _subjects(tmp_path, ["m.*"]) == ["m.lite", "m.tflite"]


def test_a_file_named_twice_is_measured_once_in_the_order_named(tmp_path: Path) -> None:
    _touch(tmp_path, "a.tflite", "b.tflite")
    assert _subjects(tmp_path, ["b.tflite", "*.tflite", "./a.tflite"]) == ["b", "a"]


def test_an_absolute_path_and_a_name_with_brackets_are_taken_as_they_are(tmp_path: Path) -> None:
    _touch(tmp_path, "elsewhere/a[1].tflite", "here/b.tflite")
    named = str(tmp_path / "elsewhere/a[1].tflite")
    assert models.find([named], world(tmp_path / "here")) == [("a[1]", Path(named))]


def test_a_name_that_is_no_text_is_escaped(tmp_path: Path) -> None:
    _touch(tmp_path, "a\nb\udcff.tflite")
    assert _subjects(tmp_path, ["*.tflite"]) == [r"a\nb\udcff"]


@pytest.mark.parametrize("pattern", ["missing.tflite", "none/*.tflite", "", "folder", "x" * 5000, "nul\0.tflite"])
def test_a_pattern_without_a_file_is_an_error_that_names_it(tmp_path: Path, pattern: str) -> None:
    _touch(tmp_path, "present.tflite", "folder/readme.md")
    with pytest.raises(ConfigError) as error:
        models.find(["present.tflite", pattern], world(tmp_path))
    assert f'"{pattern}"' in str(error.value)
    assert "check the path" in str(error.value)


def test_no_pattern_at_all_is_an_error_that_shows_how(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'"models/\*\.tflite"'):
        models.find([], world(tmp_path))
