"""The configuration file: what it accepts, and the sentences when it does not."""

from pathlib import Path

import pytest

from edgetpu_ci import config
from edgetpu_ci.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    path = folder / "edgetpu-ci.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no .*/edgetpu-ci\.yml; `edgetpu-ci init` writes one"):
        config.load(tmp_path / "edgetpu-ci.yml")


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        config.load(tmp_path)


@pytest.mark.parametrize("demand", ["", ", max: 1, exact: true", ", worse_by_percent: 5, min: 1"])
def test_a_rule_makes_exactly_one_demand(tmp_path: Path, demand: str) -> None:
    path = write(tmp_path, f"collect: []\nrules:\n- {{match: '*'{demand}}}\n")
    with pytest.raises(ConfigError, match=r"rules\[0\] must demand exactly one of"):
        config.load(path)


def test_a_band_must_rise(tmp_path: Path) -> None:
    path = write(tmp_path, "collect: []\nrules:\n- {match: '*', min: 5, max: 1}\n")
    with pytest.raises(ConfigError, match=r"rules\[0\]: min, target and max must rise"):
        config.load(path)


def test_quality_gates_can_be_given_as_the_users_document_writes_them(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
collect: []
quality_gates:
  code_coverage: {minimum: 80, target: 90}
  performance_regression: {maximum: 10}
  build_time: {maximum: 300}
""",
    )
    coverage, regression, build = config.demands(config.load(path))
    assert (coverage.match, coverage.min, coverage.target) == ("*/code_coverage", 80, 90)
    assert (regression.match, regression.worse_by_percent) == ("*/throughput_sustained_fps", 10)
    assert (build.match, build.max) == ("*/build_time", 300)


@pytest.mark.parametrize("gate", ["{}", "{minimum: 10}", "{maximum: -5}", "{maximum: 10, target: 5}"])
def test_a_gate_on_a_change_takes_a_maximum_and_nothing_else(tmp_path: Path, gate: str) -> None:
    path = write(tmp_path, f"collect: []\nquality_gates: {{performance_regression: {gate}}}\n")
    with pytest.raises(ConfigError, match=r"quality_gates\.performance_regression is a change: give it `maximum`"):
        config.load(path)


@pytest.mark.parametrize("gate", ["{}", "{minimum: 90, maximum: 10}"])
def test_a_gate_without_a_demand_is_refused(tmp_path: Path, gate: str) -> None:
    path = write(tmp_path, f"collect: []\nquality_gates: {{code_coverage: {gate}}}\n")
    with pytest.raises(ConfigError, match=r"quality_gates\.code_coverage"):
        config.load(path)


def test_performance_degradation_is_a_change_too(tmp_path: Path) -> None:
    path = write(tmp_path, "collect: []\nquality_gates: {performance_degradation: {maximum: 20}}\n")
    (rule,) = config.demands(config.load(path))
    assert (rule.match, rule.worse_by_percent) == ("*/throughput_sustained_fps", 20)
