"""The verdict on the health of CI, and the exit status it has."""

from pathlib import Path

import pytest

from edgetpu_ci import cli
from edgetpu_ci.ci_health import verdict
from edgetpu_ci.ci_health.verdict import Part

UP, DOWN, UNKNOWN, UNTRIED = (
    Part(name="a", state="up", said="it answers"),
    Part(name="GitHub API", state="down", said="it | did <b>not</b>"),
    Part(name="runners", state="unknown", said="the token needs more"),
    Part(name="webhook", state="untried", said="nobody can try it"),
)


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ((UP,), "healthy"),
        ((UP, UNKNOWN), "degraded"),
        ((UP, UNKNOWN, DOWN), "unhealthy"),
        ((), "degraded"),
        ((UP, UNTRIED), "healthy"),
        ((UNTRIED,), "degraded"),
    ],
)
def test_what_nobody_knows_is_not_well(parts: tuple[Part, ...], status: str) -> None:
    assert verdict.status(parts) == status


def test_it_is_read_a_line_a_part() -> None:
    assert verdict.text((UP, DOWN)) == "✓ a           it answers\n✗ GitHub API  it | did <b>not</b>\nunhealthy"


def test_what_services_say_stays_in_its_cell_of_the_summary() -> None:
    *_, row = verdict.summary((DOWN,)).strip().splitlines()
    assert row.count("|") - row.count("\\|") == 4
    assert "<b>" not in row


def test_of_what_nobody_knows_the_exit_status_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "edgetpu-ci.yml"
    file.write_text("observability: {health: {benchmark_age: 2 days}}\n", encoding="utf-8")
    for name in ("GITHUB_REPOSITORY", "GITHUB_EVENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    assert cli.run(["health", "--config", str(file)]) == 5
    assert capsys.readouterr().out.splitlines()[-1] == "degraded"


def test_a_summary_that_cannot_be_written_leaves_the_verdict_to_later_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, told = tmp_path / "edgetpu-ci.yml", tmp_path / "told"
    file.write_text("{}\n", encoding="utf-8")
    for name in ("GITHUB_REPOSITORY", "GITHUB_EVENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file / "none"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(told))
    assert cli.run(["health", "--config", str(file)]) == 4
    assert "degraded" in told.read_text()
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("age", ["soon", "immediate", ""])
def test_an_age_that_is_none_is_refused(tmp_path: Path, age: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "edgetpu-ci.yml"
    file.write_text(f'observability: {{health: {{benchmark_age: "{age}"}}}}\n', encoding="utf-8")
    assert cli.run(["health", "--config", str(file)]) == 2
    assert "observability.health.benchmark_age" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["readthedocs.io", "https://", "ftp://docs.example"])
def test_a_page_without_an_address_is_refused_before_anybody_is_asked(
    tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "edgetpu-ci.yml"
    file.write_text(f'observability: {{health: {{docs: ["{url}"]}}}}\n', encoding="utf-8")
    assert cli.run(["health", "--config", str(file)]) == 2
    assert f'observability.health.docs[0]: "{url}" is no address' in capsys.readouterr().err
