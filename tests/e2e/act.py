"""A user's repository, and `act` running its workflows with the Action of this checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from edgetpu_ci import reference
from tests.fakes import repository

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.txt", "requirements-bench.txt", "requirements-kpis.txt")
OURS = (".github/workflows", "action.yml", "edgetpu_ci", "scripts", *LOCKS)
MODEL = "models/tiny.tflite"
CONFIG = {
    "collect": [
        {
            "use": "inference",
            "with": {"models": ["models/*.tflite"], "rounds": 1, "count": 5, "seconds": 0, "warmup_seconds": 0},
        }
    ],
    "rules": [{"match": "*/error_rate_percent", "max": 0}],
    "publish": [{"use": "job"}, {"use": "pull_request"}],
}
WORKFLOW = """\
on: [pull_request, pull_request_target, push]
jobs:
  benchmark:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v7
      - {id: edgetpu-ci, uses: edgetpu-ci/edgetpu-ci@v1}
"""
# In the place of actions/upload-artifact: leaves the files where the test looks.
_UPLOAD = """\
inputs: {name: {required: true}, path: {required: true}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {NAME: "${{ inputs.name }}", FROM: "${{ inputs.path }}"}
      run: mkdir -p "$ARTIFACTS/$NAME" && cp -r "$FROM" "$ARTIFACTS/$NAME"
"""
# In the place of actions/download-artifact, and of both halves of actions/cache.
_DOWNLOAD = """\
inputs: {name: {required: true}, path: {required: true}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {NAME: "${{ inputs.name }}", TO: "${{ inputs.path }}"}
      run: mkdir -p "$TO" && cp -r "$ARTIFACTS/$NAME"/*/. "$TO"
"""
_RESTORE = """\
inputs: {path: {required: true}, key: {required: true}, restore-keys: {required: true}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {TO: "${{ inputs.path }}"}
      run: if [ -d "$ARTIFACTS/cache" ]; then cp -r "$ARTIFACTS/cache" "$TO"; fi
"""
_SAVE = """\
inputs: {path: {required: true}, key: {required: true}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {FROM: "${{ inputs.path }}"}
      run: mkdir -p "$ARTIFACTS" && rm -rf "$ARTIFACTS/cache" && cp -r "$FROM" "$ARTIFACTS/cache"
"""
_REUSABLE = ("bench.yml", "kpis.yml")
_STAND_INS = {
    "actions/upload-artifact": {"action.yml": _UPLOAD},
    "actions/download-artifact": {"action.yml": _DOWNLOAD},
    "actions/cache": {"restore/action.yml": _RESTORE, "save/action.yml": _SAVE},
}


@dataclass(frozen=True)
class Job:
    """What act told of a workflow, line by line."""

    status: int
    lines: list[dict[str, Any]]
    stderr: str

    @property
    def passed(self) -> bool:
        """Whether every job did."""
        return self.status == 0

    @cached_property
    def log(self) -> str:
        """What the steps printed."""
        return "".join(line["msg"] for line in self.lines if line.get("raw_output"))

    @property
    def outputs(self) -> dict[str, str]:
        """What our step handed to the next ones; paths as seen from the repository."""
        ours = [line for line in self._commands("set-output") if line["stepID"] == ["edgetpu-ci"]]
        return {line["name"]: line["arg"].rpartition("/hostexecutor/")[2] for line in ours}

    def said(self, command: str) -> list[str]:
        """Annotations of a level: `notice`, `warning` or `error`."""
        return [line["arg"] for line in self._commands(command)]

    @property
    def summary(self) -> str:
        """The job's summary."""
        return "".join(line["content"] for line in self._commands("summary"))

    def _commands(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line.get("command") == name]


@dataclass(frozen=True)
class Repository:
    """A user's repository with one small model; `act` runs one of its workflows."""

    folder: Path
    action: Path
    tools: Path
    actions: dict[str, Path] = field(default_factory=dict)

    @property
    def artifacts(self) -> Path:
        """Where uploaded files end."""
        return self.folder.with_name("artifacts")

    def write(self, path: str, content: str | bytes | Mapping[str, Any]) -> None:
        """Put a file there: text, bytes, or YAML of a mapping."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, str | bytes) else yaml.safe_dump(dict(content))
        place.write_bytes(data.encode() if isinstance(data, str) else data)

    def commit(self) -> str:
        """Commit what is there; the commit."""
        return repository.commit(self.folder, {})

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return repository.git(self.folder, "rev-parse", "HEAD")

    def act(
        self, event: str, payload: Mapping[str, Any], env: Mapping[str, str], workflow: str = "edgetpu-ci.yml"
    ) -> Job:
        """Run a workflow as if this event had happened; GITHUB_TOKEN of `env` is the job's token."""
        place = self.folder.with_name("event.json")
        place.write_text(json.dumps(payload))
        told = {"ARTIFACTS": str(self.artifacts), "RUNNER_ENVIRONMENT": "github-hosted", **env}
        token = told.pop("GITHUB_TOKEN", "")
        command = ["act", event, "--json", "--no-cache-server", "--actor", "ada", "-P", "ubuntu-24.04=-self-hosted"]
        command += ["-P", "self-hosted=-self-hosted"]
        command += ["-W", f".github/workflows/{workflow}", "-e", str(place), "-s", f"GITHUB_TOKEN={token}"]
        command += [part for name, value in told.items() for part in ("--env", f"{name}={value}")]
        actions = {"edgetpu-ci/edgetpu-ci@v1": self.action, **self.actions}
        command += [part for name, path in actions.items() for part in ("--local-repository", f"{name}={path}")]
        return self._run(command)

    def _run(self, command: list[str]) -> Job:
        # Nothing of our own environment may reach the steps.
        home = self.folder.with_name("home")
        cache = home / ".cache/act/tool_cache"
        if not cache.is_symlink():
            cache.parent.mkdir(parents=True)
            cache.symlink_to(self.tools)
        env = {**path(), "HOME": str(home)}
        ran = subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=120, check=False
        )
        lines = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
        return Job(ran.returncode, lines, ran.stderr)


def path() -> dict[str, str]:
    """The PATH of a job: first our own tools and Python."""
    return {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def use(user: Repository, example: str) -> str:
    """Install a workflow of examples/, with stand-ins for the actions that need GitHub; its file name."""
    text = _for_act((ROOT / "examples" / example).read_text())
    name = Path(example).name
    user.write(f".github/workflows/{name}", text)
    reusable = [(ROOT / ".github/workflows" / called).read_text() for called in _REUSABLE]
    for action, files in _STAND_INS.items():
        place = user.folder.with_name(action.replace("/", "-"))
        for file, content in files.items():
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            (place / file).write_text(content)
        for version in re.findall(rf"{action}(?:/\w+)?@(\w+)", "".join([text, *reusable])):
            user.actions[f"{action}@{version}"] = place
    return name


def _for_act(workflow: str) -> str:
    """Without what GitHub knows since 2026 and act does not: `queue`, as it runs one at a time anyway, and a right."""
    return re.sub(r"\n +(queue: max|vulnerability-alerts: read)(?=\n)", "", workflow)


def create(folder: Path, action: Path, tools: Path) -> Repository:
    """A repository with a model, a configuration and a workflow of one step."""
    made = Repository(folder / "repository", action, tools)
    made.write(MODEL, reference.build(32, 0.35))
    made.write("edgetpu-ci.yml", CONFIG)
    made.write(".github/workflows/edgetpu-ci.yml", WORKFLOW)
    repository.create(made.folder)
    repository.git(made.folder, "remote", "add", "origin", "https://github.com/acme/detector")
    made.commit()
    return made


def copy_action(place: Path) -> Path:
    """What a runner downloads for `uses:`, less what it would not run."""
    for name in OURS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    for called in _REUSABLE:
        workflow = place / ".github/workflows" / called
        workflow.write_text(_for_act(workflow.read_text()))
    return place
