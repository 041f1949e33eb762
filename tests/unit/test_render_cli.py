"""`edgetpu-ci render`: what it writes, what `--check` says of it, and what it leaves alone."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from edgetpu_ci import cli, config, rendering
from edgetpu_ci.stack.document import MARK
from edgetpu_ci.world import Ran
from tests.fakes.world import world

EXAMPLE = Path(__file__).parents[2] / "examples/monitoring"
RULES = "monitoring/prometheus/rules/alerts.yml"
CONFIG = """\
alerting:
  rules:
    - {name: coverage, match: "*/test_coverage", below: 80, runbook: coverage}
  notify: [{use: issue}]
"""

Render = Callable[..., int]


@pytest.fixture
def render(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Render:
    monkeypatch.chdir(tmp_path)
    Path("edgetpu-ci.yml").write_text(CONFIG)
    return lambda *arguments: cli.run(["render", *arguments])


def test_what_is_written_is_up_to_date(render: Render, capsys: pytest.CaptureFixture[str]) -> None:
    assert render() == 0
    assert f"wrote      {RULES}" in capsys.readouterr().out.splitlines()
    assert render("--check") == 0
    assert render() == 0
    assert capsys.readouterr() == ("", "")


def test_each_file_that_is_out_of_date_is_named_with_the_next_step(
    render: Render, capsys: pytest.CaptureFixture[str]
) -> None:
    render()
    Path(RULES).write_text(Path(RULES).read_text().replace("0.8", "0.7"))
    Path("monitoring/prometheus/prometheus.yml").unlink()
    Path("monitoring/old.yml").write_text(f"# {MARK}\n")
    Path("monitoring/mine.yml").write_text("scrape_configs: []\n")
    capsys.readouterr()
    assert render("--check") == 1
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "missing    monitoring/prometheus/prometheus.yml",
        f"stale      {RULES}",
        "left over  monitoring/old.yml",
        "Delete what is left over; from a file of your own, take the words that name `edgetpu-ci render`.",
        "edgetpu-ci: Run `edgetpu-ci render` and commit what it writes.",
    ]


def test_nothing_is_deleted_that_it_did_not_write_nor_what_is_left_over(
    render: Render, capsys: pytest.CaptureFixture[str]
) -> None:
    render()
    Path("monitoring/old.yml").write_text(f"# {MARK}\n")
    Path("monitoring/mine.yml").write_text("mine\n")
    assert render() == 0
    assert "left over  monitoring/old.yml" in capsys.readouterr().err
    assert (Path("monitoring/old.yml").exists(), Path("monitoring/mine.yml").read_text()) == (True, "mine\n")


def test_what_is_large_is_none_of_ours(render: Render) -> None:
    render()
    Path("monitoring/data").write_text(f"{MARK}\n" + "x" * (1 << 20))
    assert render("--check") == 0


def test_a_file_of_somebody_else_is_not_replaced_nor_anything_written(
    render: Render, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(RULES).parent.mkdir(parents=True)
    Path(RULES).write_text("groups: []\n")
    assert render() == 2
    assert f"{RULES} was not written by `edgetpu-ci render`; move it away" in capsys.readouterr().err
    assert Path(RULES).read_text() == "groups: []\n"
    assert [str(path) for path in Path("monitoring").rglob("*") if path.is_file()] == [RULES]


def test_the_flavour_of_the_command_line_goes_before_that_of_the_file(render: Render) -> None:
    render("--flavour", "push")
    assert "last_over_time(edgetpu_ci_test_coverage_ratio[30d])" in Path(RULES).read_text()
    assert render("--check") == 1
    assert render("--check", "--flavour", "push") == 0


@pytest.mark.parametrize(
    ("job", "origin", "address"),
    [
        ({"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/r"}, "", "https://github.com/o/r"),
        ({}, "git@github.com:o/r.git", "https://github.com/o/r"),
        ({}, "https://somebody:secret@git.example.com/o/r/", "https://git.example.com/o/r"),
        ({}, "/srv/git/r.git", ""),
    ],
)
def test_a_runbook_is_a_link_where_the_repository_is_known(
    tmp_path: Path, job: dict[str, str], origin: str, address: str
) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(CONFIG)
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks/coverage.md").write_text("# Coverage\n")

    def git(argv: Sequence[str], *_: object) -> Ran:
        is_asked = "get-url" in argv and origin
        return Ran(status=0 if is_asked else 2, stdout=f"{origin}\n".encode(), stderr=b"")

    found = rendering.files(config.load(tmp_path / "edgetpu-ci.yml"), world(tmp_path, env=job, run=git))
    there = f"{address}/blob/HEAD/runbooks/coverage.md" if address else "runbooks/coverage.md"
    assert f"runbook_url: {there}\n" in found["prometheus/rules/alerts.yml"]


@pytest.mark.parametrize("folder", ["''", ".", "/srv/monitoring", "../monitoring", "a/../.."])
def test_it_is_written_in_the_repository_in_a_folder_of_its_own(
    render: Render, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    Path("edgetpu-ci.yml").write_text(f"observability: {{stack: {{folder: {folder}}}}}\n")
    assert render() == 2
    assert "observability.stack.folder must name a folder in the repository" in capsys.readouterr().err
    assert [path.name for path in Path().iterdir()] == ["edgetpu-ci.yml"]


def test_a_folder_that_cannot_be_is_an_error_of_the_configuration(
    render: Render, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("edgetpu-ci.yml").write_text(f"observability: {{stack: {{folder: {'x' * 300}}}}}\n")
    assert (render(), render("--check")) == (2, 2)
    assert capsys.readouterr().err.count("cannot be read: file name too long.") == 2


@pytest.mark.parametrize(
    ("alerting", "link"),
    [
        ("{runbooks: {errors: {trigger: error_rate > 5%, actions: []}}}", ""),
        ("{rules: [{name: a, match: '*/build_time', above: 1, runbook: nowhere}]}", ""),
        ("{rules: [{name: a, match: '*/build_time', above: 1}]}", ""),
        ("{rules: [{name: a, match: '*/build_time', above: 1, runbook: docs/on call.md}]}", "docs/on%20call.md"),
        ("{rules: [{name: a, match: '*/build_time', above: 1, runbook: /etc/hosts}]}", ""),
        (f"{{rules: [{{name: a, match: '*/build_time', above: 1, runbook: {'x' * 300}}}]}}", ""),
    ],
)
def test_a_runbook_is_linked_only_where_there_is_a_file(tmp_path: Path, alerting: str, link: str) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(f"alerting: {alerting}\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/on call.md").write_text("# On call\n")
    job = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/r"}
    found = rendering.files(config.load(tmp_path / "edgetpu-ci.yml"), world(tmp_path, env=job))
    links = re.findall("runbook_url: (.*)", found["prometheus/rules/alerts.yml"])
    assert links == ([f"https://github.com/o/r/blob/HEAD/{link}"] if link else [])


def test_the_example_is_what_is_rendered_of_it() -> None:
    settings = config.load(EXAMPLE / "edgetpu-ci.yml")
    assert rendering.faults(settings, world(EXAMPLE)) == ()
