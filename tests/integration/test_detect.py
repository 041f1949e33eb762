"""`edgetpu-ci detect` from outside: lines in, lines out, and what it says of bad ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.program import edgetpu_ci

STEP = [10.0, 10.1, 9.9, 10.05, 9.95] * 6 + [12.0, 12.1, 11.9, 12.05, 11.95] * 3


def series(folder: Path, *lines: object) -> None:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / "series.jsonl").write_text(text + "\n")


def changes(folder: Path, *options: str) -> list[Any]:
    done = edgetpu_ci(folder, "detect", "series.jsonl", "--json", *options)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_offline_a_change_has_its_place_tier_levels_and_finding(tmp_path: Path) -> None:
    series(tmp_path, {"id": "a", "values": STEP, "better": "lower", "unit": "ms"}, "", {"id": 7, "values": [1, 2]})
    assert changes(tmp_path) == [
        {
            "id": "a",
            "changes": [{"index": 30, "tier": "confirmed", "before": 10.0, "after": 12.0, "finding": "regressed"}],
        },
        {"id": 7, "changes": []},
    ]


@pytest.mark.parametrize(("better", "finding"), [("lower", "regressed"), ("higher", "improved"), ("either", "changed")])
def test_the_finding_follows_what_is_better(tmp_path: Path, better: str, finding: str) -> None:
    series(tmp_path, {"id": "a", "values": STEP, "better": better})
    assert changes(tmp_path)[0]["changes"][0]["finding"] == finding


def test_online_it_is_told_when_each_thing_was_said(tmp_path: Path) -> None:
    series(tmp_path, {"id": "a", "values": STEP})
    (change,) = changes(tmp_path, "--online")[0]["changes"]
    assert change["index"] == 30
    assert 32 <= change["suspected_at"] <= change["confirmed_at"] <= 36
    assert change["withdrawn_at"] is None


def test_standard_input_is_read_and_people_get_words(tmp_path: Path) -> None:
    line = json.dumps({"id": "latency", "values": STEP, "better": "lower"})
    done = edgetpu_ci(tmp_path, "detect", "-", given=line)
    assert done.stdout.splitlines() == ["latency: 1 change", "  30  10 → 12 (+20.0 %)  regressed, confirmed"]


def test_a_foreign_name_is_made_harmless_in_words_and_kept_in_json(tmp_path: Path) -> None:
    series(tmp_path, {"id": "a\n::error::b", "values": []})
    done = edgetpu_ci(tmp_path, "detect", "series.jsonl")
    assert done.stdout == "a ∷error∷b: no change\n"
    assert changes(tmp_path) == [{"id": "a\n::error::b", "changes": []}]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "b", "values": [1, NaN]}', 'the series "b" has no finite number at index 1'),
        ('{"id": "b", "values": [1, 2, -Infinity]}', 'the series "b" has no finite number at index 2'),
        ('{"id": "b", "values": [null]}', 'the series "b" has no finite number at index 0'),
        ('{"id": "b", "values": [1e999]}', 'the series "b" has no finite number at index 0'),
        ('{"id": "b", "values": ["1"]}', "values[0]"),
        ('{"id": "b"}', "values"),
        ('{"id": "b", "values": [], "better": "faster"}', "better"),
        ("[1, 2]", "object"),
        ('{"id": ', "cannot be read"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_a_bad_line_is_one_sentence_and_the_good_ones_before_it_stand(tmp_path: Path, line: str, said: str) -> None:
    series(tmp_path, {"id": "a", "values": []}, line)
    done = edgetpu_ci(tmp_path, "detect", "series.jsonl", "--json")
    assert done.returncode == 2
    assert done.stdout == '{"id": "a", "changes": []}\n'
    assert done.stderr.startswith("edgetpu-ci: series.jsonl line 2")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = edgetpu_ci(tmp_path, "detect", "none.jsonl")
    assert (done.returncode, done.stderr) == (2, "edgetpu-ci: none.jsonl cannot be read: no such file or directory.\n")
