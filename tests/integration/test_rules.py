"""The rules that `render` writes, beside promtool: they are taken, hold, and decide as we do."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgetpu_ci import codec, config, stack
from edgetpu_ci.config import Config, Step
from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.config.observability import Flavour, Health, Observability, Stack
from edgetpu_ci.stack import annotations, promql
from edgetpu_ci.stack.place import Place
from tests.fakes import engines
from tests.fakes.agreement import timelines, trying

EXAMPLES = Path(__file__).parents[2] / "examples"
PLACE = Place(
    repository="o/r",
    url="https://github.com/o/r",
    runbooks={"test_coverage_drop": 'books/{{ its }} "cover"\n.md', "r0": 'https://wiki.example/{{ "r0" }}'},
)
FLAVOURS: tuple[Flavour, ...] = ("scrape", "push")

Promtool = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def promtool() -> Promtool:
    program = engines.find("promtool")
    if program is None:
        pytest.skip("promtool is not here; `scripts/engines` brings it")
    return lambda *arguments: subprocess.run([program, *arguments], capture_output=True, check=False, text=True)


def written(settings: Config, folder: Path) -> list[str]:
    """The files of Prometheus, written below a folder."""
    found = {path: text for path, text in stack.files(settings, PLACE).items() if path.startswith("prometheus/")}
    for path, text in found.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return [str(folder / path) for path in found]


def drawn(seed: int, flavour: Flavour) -> Config:
    """Alerts with every demand, and with braces where words go."""
    rules = [rule for one in timelines.scenarios(seed, 1) for rule in one.rules]
    named = tuple(replace(rule, name=f"r{n}", owner="{{", summary="{") for n, rule in enumerate(rules))
    alerting = Alerting(rules=named, notify=(Step(use="slack", with_={"channel": "#ci"}),))
    return Config(alerting=alerting, observability=Observability(stack=Stack(flavour=flavour)))


def far_apart(flavour: Flavour) -> Config:
    """An alert that fires after a minute, one after days, and one of a benchmark that is weeks old."""
    times = {"soon": "1 min", "late": "2 days"}
    rules = tuple(AlertRule(name=n, match="*/build_time", above=300, for_=time) for n, time in times.items())
    observed = Observability(stack=Stack(flavour=flavour), health=Health(benchmark_age="4 weeks"))
    return Config(collect=(Step(use="inference"),), alerting=Alerting(rules=rules), observability=observed)


def example(path: Path, flavour: Flavour) -> Config:
    settings = config.load(path)
    return replace(settings, observability=Observability(stack=replace(settings.observability.stack, flavour=flavour)))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_prometheus_takes_the_rules_of_every_example_and_of_drawn_alerts(
    promtool: Promtool, tmp_path: Path, flavour: Flavour
) -> None:
    settings = [*(example(path, flavour) for path in EXAMPLES.glob("*/edgetpu-ci.yml")), drawn(1, flavour)]
    files = [
        path
        for number, one in enumerate(settings)
        for path in written(one, tmp_path / str(number))
        if "/rules/" in path
    ]
    ran = promtool("check", "rules", *files)
    assert (ran.returncode, ran.stdout.count("SUCCESS")) == (0, len(files)), ran.stdout + ran.stderr
    ran = promtool("check", "config", *(path for path in map(str, tmp_path.rglob("prometheus.yml"))))
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_unit_tests_of_rules_hold(promtool: Promtool, tmp_path: Path, flavour: Flavour) -> None:
    monitoring = example(EXAMPLES / "monitoring/edgetpu-ci.yml", flavour)
    files = [
        *(path for path in written(monitoring, tmp_path / "example") if "/tests/" in path),
        *(path for path in written(drawn(2, flavour), tmp_path / "drawn") if "/tests/" in path),
        *(path for path in written(far_apart(flavour), tmp_path / "far") if "/tests/" in path),
    ]
    ran = promtool("test", "rules", *files)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("alerts.yml", "_ratio) < 0.8", "_ratio) < 0.79"),
        ("alerts.yml", "_ratio) < 0.8", "_ratio) <= 0.8"),
        ("alerts.yml", "below 80 %", "below 90 %"),
        ("escalation.yml", "for: 3600s", "for: 7200s"),
        ("dead-man.yml", "> 172800", "> 86400"),
        ("runbooks.yml", "cover", "cove"),
        ("recording.yml", "edgetpu_ci_test_coverage_ratio * 100", "edgetpu_ci_test_coverage_ratio * 1"),
    ],
)
def test_a_rule_that_is_changed_by_hand_fails_its_unit_test(
    promtool: Promtool, tmp_path: Path, file: str, before: str, after: str
) -> None:
    written(example(EXAMPLES / "monitoring/edgetpu-ci.yml", "scrape"), tmp_path)
    rules = tmp_path / "prometheus/rules" / file
    text = rules.read_text()
    assert before in text
    rules.write_text(text.replace(before, after))
    assert promtool("test", "rules", str(tmp_path / "prometheus/tests" / file)).returncode == 1


def test_of_what_was_pushed_the_commit_of_the_newest_run_is_told(promtool: Promtool, tmp_path: Path) -> None:
    """As Prometheus has it: each run pushes a series of its own, once."""
    commit = annotations.templates("push").commit
    rule = {"alert": "bad", "expr": "x", "annotations": {"commit": commit}}
    info = {"repo": "o/r", "branch": "main", "machine": "repository"}
    series = {
        'x{repo="o/r", branch="main"}': "1x60",
        promql.series("edgetpu_ci_last_run_info", {**info, "commit": "c1"}): "1 _x60",
        promql.series("edgetpu_ci_last_run_info", {**info, "commit": "c2"}): "_x21 1 _x40",
        promql.series("edgetpu_ci_last_run_info", {**info, "branch": "other", "commit": "c3"}): "_x25 1 _x40",
    }
    labels = {"repo": "o/r", "branch": "main"}
    looks = [
        {
            "eval_time": at,
            "alertname": "bad",
            "exp_alerts": [{"exp_labels": labels, "exp_annotations": {"commit": told}}],
        }
        for at, told in (("10m", "c1"), ("21m", "c2"), ("50m", "c2"))
    ]
    given = [{"series": name, "values": values} for name, values in series.items()]
    test = {"interval": "1m", "input_series": given, "alert_rule_test": looks}
    (tmp_path / "rules.yml").write_text(codec.encode_yaml_lines({"groups": [{"name": "x", "rules": [rule]}]}))
    (tmp_path / "test.yml").write_text(codec.encode_yaml_lines({"rule_files": ["rules.yml"], "tests": [test]}))
    ran = promtool("test", "rules", str(tmp_path / "test.yml"))
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def ready(promtool: Promtool, tmp_path_factory: pytest.TempPathFactory) -> list[trying.Prepared]:
    """Only where promtool is; else all that need it are skipped."""
    assert promtool("--version").returncode == 0
    return trying.prepared(3, 8, tmp_path_factory.mktemp("agreement"))


def test_prometheus_fires_when_our_evaluator_does(ready: list[trying.Prepared]) -> None:
    tried = trying.agreement(ready)
    assert tried.disagreements == ""
    assert tried.checks > 2000
    assert min(tried.direct, tried.firing, *tried.left_out.values()) > 0


@pytest.mark.parametrize("mutant", trying.MUTANTS, ids=lambda mutant: mutant.name)
def test_an_evaluator_that_decides_otherwise_is_noticed(mutant: trying.Mutant, ready: list[trying.Prepared]) -> None:
    assert trying.noticed_in(mutant, ready) is not None
