"""What `doctor` says of a configuration, its store, and the token, against a GitHub that nobody here wrote."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgetpu_ci import doctor
from edgetpu_ci.doctor.finding import Finding
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.world import run_process
from tests.fakes import actions, repository
from tests.fakes.emulate import Emulated, emulate
from tests.fakes.github import FakeGitHub
from tests.fakes.world import world

STAND_IN = Path(__file__).parents[1] / "fakes/runtime"
CONFIG = "collect: []\npublish: [{use: pull_request}]\n"


@pytest.fixture
def github() -> Iterator[Emulated]:
    with emulate() as emulated:
        yield emulated


def token(folder: Path, github: Emulated | FakeGitHub, secret: str) -> Finding:
    (folder / "edgetpu-ci.yml").write_text(CONFIG)
    job = actions.job(
        folder,
        "push",
        {},
        env={"GITHUB_API_URL": github.url},
        github=lambda: actions.connect(github.url, secret),
    )
    return next(f for f in doctor.examine(folder / "edgetpu-ci.yml", job) if f.what == "token")


def test_a_token_that_is_known_is_told_what_it_may(tmp_path: Path, github: Emulated) -> None:
    assert token(tmp_path, github, github.personal_token).state in {"ok", "note"}


def test_a_token_github_does_not_take_is_a_fault_with_a_next_step(tmp_path: Path) -> None:
    with FakeGitHub() as strict:
        strict.fail(401, message="Bad credentials")
        found = token(tmp_path, strict, "ghs_expired")
    assert found.state == "bad"
    assert "GitHub answered 401 (Bad credentials)" in found.sentence
    assert "check that the token is the right one" in found.sentence


def test_without_a_job_the_token_is_not_tried(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(CONFIG)
    found = {f.what: f for f in doctor.examine(tmp_path / "edgetpu-ci.yml", world(tmp_path))}
    assert found["token"].state == "note"
    assert found["baseline"].state == "note"


def test_a_store_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(CONFIG)
    (tmp_path / ".edgetpu-ci").write_text("a file where a folder must be")
    found = {f.what: f for f in doctor.examine(tmp_path / "edgetpu-ci.yml", world(tmp_path))}
    assert found["store"].state == "bad"


def test_a_store_that_is_tried_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(CONFIG)
    kept = Folder(tmp_path / ".edgetpu-ci").append("reports", "a", b"{}")
    before = sorted(tmp_path.rglob("*"))
    found = {f.what: f for f in doctor.examine(tmp_path / "edgetpu-ci.yml", world(tmp_path))}
    assert found["store"] == Finding("ok", "store", "folder: can be written.")
    assert sorted(tmp_path.rglob("*")) == before
    assert kept.read_bytes() == b"{}"


def test_a_store_nobody_knows_is_a_fault_among_others(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(f"{CONFIG}store: {{use: nope}}\n")
    found = {f.what: f for f in doctor.examine(tmp_path / "edgetpu-ci.yml", world(tmp_path))}
    assert found["store"].state == "bad"
    assert "nope" in found["store"].sentence
    assert {"configuration", "baseline", "token"} < set(found)


def test_an_event_that_cannot_be_read_is_a_fault_among_others(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(CONFIG)
    (tmp_path / "event.json").write_text("{")
    env = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
    found = {f.what: f for f in doctor.examine(tmp_path / "edgetpu-ci.yml", world(tmp_path, env=env))}
    assert (found["token"].state, found["store"].state) == ("bad", "ok")
    assert "(GITHUB_EVENT_PATH) cannot be read" in found["token"].sentence


# What the configuration names.


def named(folder: Path, text: str) -> list[Finding]:
    (folder / "edgetpu-ci.yml").write_text(text)
    found = doctor.examine(folder / "edgetpu-ci.yml", world(folder, run=run_process))
    return [f for f in found if f.what in {"configuration", "base"}]


@pytest.mark.parametrize(
    ("step", "state", "sentence"),
    [
        ("use: inference, with: {models: ['*.tflite'], input: x.npy}", "bad", "There is no file x.npy, which"),
        ("use: inference, with: {models: ['*.tflite'], examples: e.npy, labels: l.npy}", "bad", "no file e.npy"),
        ("use: inference, with: {models: ['*.onnx']}", "bad", 'No model file matches "*.onnx"'),
        ("use: model_file, with: {models: ['*.onnx']}", "bad", 'No model file matches "*.onnx"'),
        ("use: command, with: {name: n, command: 'true', number: '('}", "bad", "is no regular expression"),
        ("use: results, with: {files: ['out/*.json']}", "note", 'No result file matches "out/*.json"'),
    ],
)
def test_a_step_that_cannot_be_done_is_a_finding(tmp_path: Path, step: str, state: str, sentence: str) -> None:
    (tmp_path / "m.tflite").write_bytes(b"")
    found = named(tmp_path, f"collect: [{{{step}}}]\n")[0]
    assert found.state == state
    assert sentence in found.sentence


def test_the_base_that_is_named_is_looked_for(tmp_path: Path) -> None:
    commit = repository.commit(repository.create(tmp_path), {"edgetpu-ci.yml": b"collect: []"})
    there = named(tmp_path, "collect: []\ncompare: {base: main}\n")[1:]
    assert there == [Finding("ok", "base", f"main is {commit[:12]}.")]
    (absent,) = named(tmp_path, "collect: []\ncompare: {base: nope}\n")[1:]
    assert (absent.state, absent.what) == ("bad", "base")
    assert 'There is no commit, branch, tag or file "nope"' in absent.sentence


def test_a_base_that_nobody_named_is_not_missed_where_there_is_no_repository(tmp_path: Path) -> None:
    (found,) = named(tmp_path, "collect: []\n")
    assert found.state == "ok"


def test_a_model_that_needs_a_newer_runtime_is_named(tmp_path: Path, models: Path) -> None:
    (tmp_path / "works.tflite").write_bytes((models / "mobilenet_v1_0.25_128_quant.tflite").read_bytes())
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={STAND_IN} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (tmp_path / "edgetpu-ci.yml").write_text(
        "collect: [{use: inference, with: {models: [works.tflite], python: ./python, runtime: tflite_runtime}}]"
    )
    found = doctor.examine(tmp_path / "edgetpu-ci.yml", world(tmp_path, run=run_process))
    (old,) = [f for f in found if f.state == "bad"]
    assert old.sentence.startswith("works.tflite needs TFLite 1.5.0 or newer, and this is tflite-runtime 0.0.1:")


TELLING = """\
alerting:
  notify: [{use: issue}, {use: webhook}, {use: pagerduty}]
  contacts:
    lead: {webhook: HOOK_OF_LEAD, pagerduty: KEY_OF_LEAD}
    builders: {issue: builders}
"""
SECRETS = {
    "EDGETPU_CI_WEBHOOK_URL": "https://hooks.example/",
    "EDGETPU_CI_WEBHOOK_SECRET": "a" * 16,
    "PAGERDUTY_ROUTING_KEY": "b" * 32,
}


def telling(folder: Path, env: dict[str, str]) -> list[tuple[str, str, str]]:
    (folder / "edgetpu-ci.yml").write_text(f"collect: []\n{TELLING}")
    here = world(folder, env=env, github=lambda: actions.connect("http://127.0.0.1:9", "t"))
    found = doctor.examine(folder / "edgetpu-ci.yml", here)
    return [(f.state, f.what, f.sentence.partition(";")[0]) for f in found if f.what.startswith("use: ")]


def test_a_contact_whom_nobody_could_tell_is_named_before_anything_is_wrong(tmp_path: Path) -> None:
    job = {"GITHUB_REPOSITORY": "acme/detector", "GITHUB_TOKEN": "t", "GITHUB_ACTIONS": "true", **SECRETS}
    unset = "HOOK_OF_LEAD is not set to an address of the web"
    found = telling(tmp_path, job)
    assert found == [
        ("bad", "use: issue", 'alerting.contacts.builders: "builders" is no address of issues'),
        ("bad", "use: webhook", f"alerting.contacts.lead: {unset}"),
        ("bad", "use: pagerduty", "alerting.contacts.lead: KEY_OF_LEAD is not set"),
    ]
    good = telling(tmp_path, job | {"HOOK_OF_LEAD": "https://hooks.example/lead", "KEY_OF_LEAD": "c" * 32})
    assert [state for state, _, _ in good] == ["bad", "ok", "ok"]


def test_at_a_desk_secrets_that_only_jobs_have_are_no_fault(tmp_path: Path) -> None:
    assert {state for state, _, _ in telling(tmp_path, {})} == {"note"}


OBSERVED = """
collect: []
observability:
  logs: {aggregator: {use: loki}}
  traces: {}
  health: {heartbeat: HEARTBEAT}
"""


def observed(folder: Path, env: dict[str, str], text: str = OBSERVED) -> list[tuple[str, str, str]]:
    (folder / "edgetpu-ci.yml").write_text(text)
    found = doctor.examine(folder / "edgetpu-ci.yml", world(folder, env=env))
    wanted = {"logs", "aggregator", "traces", "heartbeat"}
    return [(f.state, f.what, f.sentence.partition(";")[0]) for f in found if f.what in wanted]


def test_where_events_and_spans_could_not_go_is_said_before_a_job_loses_them(tmp_path: Path) -> None:
    assert observed(tmp_path, {}) == [
        ("ok", "logs", "Events go to .edgetpu-ci/logs, a file for each level, day and session."),
        ("note", "aggregator", "EDGETPU_CI_LOKI_URL is not set"),
        ("note", "traces", "OTEL_EXPORTER_OTLP_ENDPOINT is not set"),
        ("note", "heartbeat", "HEARTBEAT is not set"),
    ]
    set_ = {
        "EDGETPU_CI_LOKI_URL": "http://loki",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://tempo",
        "HEARTBEAT": "http://h",
    }
    assert [state for state, _, _ in observed(tmp_path, set_)] == ["ok", "ok", "ok"]
    meant = observed(tmp_path, {"EDGETPU_CI_LOKI_URL": "loki", "OTEL_EXPORTER_OTLP_ENDPOINT": "tempo:4318"})
    assert [(state, what) for state, what, _ in meant if state == "bad"] == [("bad", "aggregator"), ("bad", "traces")]
    typo = observed(tmp_path, {}, OBSERVED.replace("loki", "lokki"))
    assert ("bad", "aggregator", 'observability.logs.aggregator: there is no aggregator plugin "lokki"') in typo
    assert observed(tmp_path, {}, "collect: []\n") == []
