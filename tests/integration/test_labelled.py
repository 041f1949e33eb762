"""On series that people labelled, we find what they found."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci.stats import changes

ANNOTATORS = 5


@pytest.fixture(scope="module")
def score(labelled: Path) -> Any:
    found = importlib.util.spec_from_file_location("score", labelled / "score.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def series(labelled: Path) -> list[dict[str, Any]]:
    rows = lines(labelled / "data/sap_hana/dev.jsonl")
    marked = [{"x": row["values"], "ann": [sorted(marks) for marks in row["annotations"].values()]} for row in rows]
    return [one for one in marked if len(one["ann"]) == ANNOTATORS]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_offline_most_changes_that_people_agree_on_are_found(score: Any, series: list[dict[str, Any]]) -> None:
    found = score.score_offline(series[::3], lambda values: [change.index for change in changes.find(values)])
    assert found["F1"] >= 0.8


def test_online_they_are_confirmed_soon_and_few_alarms_are_false(score: Any, series: list[dict[str, Any]]) -> None:
    def confirmed(values: list[float]) -> list[tuple[int, int]]:
        return [
            (change.confirmed_at, change.index) for change in changes.watch(values) if change.confirmed_at is not None
        ]

    found = score.score_online(series[::12], confirmed)
    assert found["F1"] >= 0.75
    assert found["fa_per_1000"] <= 0.6
    assert found["delay"] <= 7


def test_the_regressions_of_sap_are_found_and_its_look_alikes_are_not(labelled: Path) -> None:
    for one in lines(labelled / "data/sap_hana_small/series.jsonl"):
        worse = [change.index for change in changes.find(one["values"]) if change.after > change.before]
        if one["verdict"] == "regression":
            assert any(abs(at - one["last_good_index_1based"]) <= 5 for at in worse), one["id"]
        else:
            assert worse == [], one["id"]
