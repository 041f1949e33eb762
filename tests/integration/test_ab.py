"""`edgetpu-ci ab` from outside: rounds in, findings out, and what it says of bad ones."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.program import edgetpu_ci

DOCUMENT = Path(__file__).parents[2] / "docs" / "ab.md"
CONTRACT = {"id", "finding", "ratio", "interval", "p", "p_adjusted", "rounds", "rounds_needed"}


def metric(name: str, change: float, rounds: int = 30, noise: float = 0.004, **more: Any) -> dict[str, Any]:
    rng = random.Random(name)  # noqa: S311 - no secret
    slots = [
        {
            "order": rng.choice(["AB", "BA"]),
            "base": [2 + noise * rng.gauss(0, 1) for _ in range(20)],
            "head": [change * (2 + noise * rng.gauss(0, 1)) for _ in range(20)],
        }
        for _ in range(rounds)
    ]
    return {"id": name, "rounds": slots, **more}


def document(*metrics: dict[str, Any], **more: Any) -> str:
    return json.dumps({"metrics": metrics, **more})


def findings(folder: Path, text: str, *options: str) -> dict[str, Any]:
    done = edgetpu_ci(folder, "ab", "-", "--json", *options, given=text)
    assert (done.returncode, done.stderr) == (0, "")
    return {found["id"]: found for found in json.loads(done.stdout)["metrics"]}


def test_each_metric_has_what_is_promised_in_the_order_given(tmp_path: Path) -> None:
    given = [metric("slower", 1.05), metric("same", 1.0), metric("fps", 1.05, better="higher"), metric("few", 2, 5)]
    (tmp_path / "rounds.json").write_text(document(*given, family=24))
    done = edgetpu_ci(tmp_path, "ab", "rounds.json", "--json")
    found = json.loads(done.stdout)["metrics"]
    assert done.returncode == 0
    assert all(set(one) >= CONTRACT for one in found)
    assert [(one["id"], one["finding"], one["rounds"]) for one in found] == [
        ("slower", "regressed", 20),
        ("same", "unchanged", 10),
        ("fps", "improved", 20),
        ("few", "inconclusive", 5),
    ]
    slower = found[0]
    assert slower["interval"][0] < slower["ratio"] < slower["interval"][1]
    assert slower["p_adjusted"] == pytest.approx(24 * slower["p"])
    assert found[3]["rounds_needed"] >= 10


def test_the_least_effect_is_the_files_or_the_options(tmp_path: Path) -> None:
    slower = metric("m", 1.05)
    assert findings(tmp_path, document(slower))["m"]["finding"] == "regressed"
    assert findings(tmp_path, document(slower, min_effect=10))["m"]["finding"] == "unchanged"
    assert findings(tmp_path, document(slower, min_effect=10), "--min-effect", "3")["m"]["finding"] == "regressed"


def test_the_smallest_and_the_largest_samples_are_judged(tmp_path: Path) -> None:
    apart = {"id": "m", "rounds": [{"base": [1e-30], "head": [1e30]}, {"base": [1e30], "head": [1e-30]}] * 10}
    assert findings(tmp_path, document(apart))["m"]["finding"] == "inconclusive"
    assert edgetpu_ci(tmp_path, "ab", "-", given=document(apart)).returncode == 0


def test_people_get_a_line_for_each_metric_and_what_explains_it(tmp_path: Path) -> None:
    given = document(metric("latency", 1.05), metric("::error::", 1.0, 6), family=24)
    done = edgetpu_ci(tmp_path, "ab", "-", given=given)
    assert done.returncode == 0
    first, second, *rest = done.stdout.splitlines()
    assert first.startswith("✗ latency    regressed     +5.0 % (+4.9 % to +5.1 %)")
    assert second.startswith("? ∷error∷    inconclusive")
    assert rest[0].strip() == "6 of at least 10 rounds that count"


GOOD = {"base": [1.0], "head": [1.0]}
GOOD_METRIC = {"id": "good", "rounds": [GOOD]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "standard input cannot be read: "),
        ("[]", "standard input cannot be read: Expected `object`, got `array`."),
        ('{"metrics": []}', "it has no metrics"),
        ('{"metrics": [{"id": "m"}]}', "Object missing required field `rounds` - at `$.metrics[0]`"),
        (document({"id": "m", "rounds": [GOOD, {"base": [1], "head": []}]}), 'metric "m", round 2, head: no samples'),
        (document({"id": "m", "rounds": [{"base": [1, 0], "head": [1]}]}), 'metric "m", round 1, base: 0 is no'),
        (
            document({"id": "m", "rounds": [GOOD, {"base": [1], "head": [-2.5]}]}),
            "round 2, head: -2.5 is no measurement",
        ),
        (document({"id": "m", "rounds": [{"base": [float("nan")], "head": [1]}]}), "round 1, base: nan is no"),
        (document({"id": "m", "rounds": [{"base": [float("inf")], "head": [1]}]}), "round 1, base: inf is no"),
        (document({"id": "m", "rounds": [{"base": [1e-308], "head": [1e308]}]}), "round 1, base: 1e-308 is no"),
        (document({"id": "m", "rounds": [GOOD, {"base": [1], "head": [1e308]}]}), "round 2, head: 1e+308 is no"),
        (document(GOOD_METRIC, {"id": "\ud800", "rounds": []}), "the id of metric 2 is half a character"),
        (document(GOOD_METRIC, family=10**400), "<= 1000000 - at `$.family`"),
        (document(GOOD_METRIC, min_effect=float("nan")), "min_effect"),
        (document({"id": "m", "rounds": [{"base": ["1"], "head": [1]}]}), "at `$.metrics[0].rounds[0].base[0]`"),
        (document({"id": "m", "rounds": [{"base": [10**400], "head": [1]}]}), "standard input cannot be read"),
        (document({"id": "m", "rounds": []}, {"id": "m", "rounds": []}), 'the metric "m" is there twice'),
        (document({"id": "a", "rounds": []}, {"id": "b", "rounds": []}, family=1), "its family of 1 is smaller than"),
        (document({"id": "m", "rounds": [], "better": "faster"}), "Invalid enum value 'faster'"),
        (document({"id": "m", "rounds": []}, min_effect=-1), "`float` >= 0.0 - at `$.min_effect`"),
    ],
)
def test_bad_input_is_one_sentence_that_names_the_place(tmp_path: Path, text: str, said: str) -> None:
    done = edgetpu_ci(tmp_path, "ab", "-", "--json", given=text)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert said in done.stderr


def test_a_file_that_is_not_there_and_a_percentage_that_is_none(tmp_path: Path) -> None:
    done = edgetpu_ci(tmp_path, "ab", "rounds.json")
    assert (done.returncode, done.stderr) == (2, "edgetpu-ci: rounds.json cannot be read: no such file or directory.\n")
    assert edgetpu_ci(tmp_path, "ab", "rounds.json", "--min-effect", "100").returncode == 2


def test_the_example_of_the_documentation_works_as_written(tmp_path: Path) -> None:
    given, printed = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert {"metrics": list(findings(tmp_path, given).values())} == json.loads(printed)
