"""`edgetpu-ci init`: a first configuration and workflow for the repository it stands in."""

from collections.abc import Iterable
from pathlib import Path

from edgetpu_ci import codec, tflite
from edgetpu_ci.config import FILE
from edgetpu_ci.errors import ConfigError, ModelError
from edgetpu_ci.files import write_new
from edgetpu_ci.world import World

WORKFLOW = ".github/workflows/edgetpu-ci.yml"
_MOST_NAMED = 20
_PASSED_OVER = {"node_modules", "site-packages", "venv"}

_CONFIG = """\
# What edgetpu-ci measures, demands and says. `edgetpu-ci doctor` checks this file and this machine.

collect:
  # Facts of the model files: size, operators, multiply-accumulates.
  - use: model_file
    with:
      models:
{models}
  # Latency, throughput, memory: each round is a fresh process.{compiled}
  - use: inference
    with:
      models:
{timed}
      # rounds: 10        # fresh processes per model
      # threads: 1
      # input: input.npy  # instead of seeded random data
      # python: /usr/bin/python3   # another interpreter that has the runtime

rules:
  # No inference may fail.
  - match: "*/error_rate_percent"
    max: 0
  # A pull request is measured in turns with its base: it fails when it is proven to be slower, by 1 % or more.
  # On main the base is the accepted baseline: `edgetpu-ci baseline accept` writes it, and you commit it.
  - match: "*/throughput_sustained_fps"
    worse_by_percent: 1
    unknown: warn
  # No lasting change for the worse in the history of main: what many small steps add up to.
  - match: "*/throughput_sustained_fps"
    no_change_point: true
    severity: warn
  # A budget of your own:
  # - match: "*/latency_p50_ms"
  #   max: 15

# Key figures of the repository (coverage, builds, pull requests, cost): `edgetpu-ci run --kpis` on a schedule.
# edgetpu-ci kpi list has them all.
# kpis:
#   - use: github
# quality_gates:
#   build_time: {{maximum: 300}}   # seconds

publish:
  - use: job            # summary, annotations and outputs of the job
  - use: pull_request   # one comment, edited in place
"""

_WORKFLOW = """\
name: edgetpu-ci
on:
  pull_request:
  push:
    branches: [main]

permissions: {{}}

# A newer push makes the older measurement pointless.
concurrency:
  group: edgetpu-ci-${{{{ github.ref }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}

jobs:
  benchmark:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      pull-requests: write   # for the comment; pull requests from forks go without
    steps:
      - uses: actions/checkout@{checkout}
        with:
          persist-credentials: false
      - id: edgetpu-ci
        uses: {action}
      # The report, to look at or to accept as a baseline: edgetpu-ci baseline accept report.json
      - if: always() && steps.edgetpu-ci.outputs.report
        uses: actions/upload-artifact@{upload}
        with:
          name: edgetpu-ci-report
          path: edgetpu-ci-report/
"""

CHECKOUT = UPLOAD = "v7"
ACTION = "edgetpu-ci/edgetpu-ci@v1"


def write(world: World) -> tuple[Path, ...]:
    """Write both files; ConfigError, and nothing written, when one is there already."""
    found = find_models(world.cwd)
    timed = tuple(name for name in found if not _is_compiled(world.cwd / name))
    compiled = "" if timed == found else "\n  # Not those compiled for the Edge TPU: on a CPU alone they do not run."
    texts = {
        world.cwd / FILE: _CONFIG.format(models=_listed(found), timed=_listed(timed, found), compiled=compiled),
        world.cwd / WORKFLOW: _WORKFLOW.format(checkout=CHECKOUT, upload=UPLOAD, action=ACTION),
    }
    if there := [path for path in texts if path.exists()]:
        raise ConfigError(f"{there[0]} is there already; nothing was written. Edit it, or move it away first.")
    for path, text in texts.items():
        write_new(path, text.encode())
    return tuple(texts)


def find_models(folder: Path) -> tuple[str, ...]:
    """The .tflite files below a folder, relative to it; passed over: hidden, installed, and names no YAML can hold."""
    names = (str(path.relative_to(folder)) for path in _walk(folder))
    return tuple(sorted(name for name in names if _is_text(name)))


def _is_compiled(path: Path) -> bool:
    """Whether a model needs an Edge TPU; what cannot be read does not say so."""
    try:
        return tflite.load(path, path.name).compiled
    except ModelError:
        return False


def _is_text(name: str) -> bool:
    """A file may be called by any bytes; those that are not UTF-8 are stand-ins here that cannot be written."""
    return name.encode(errors="ignore").decode() == name


def _walk(folder: Path) -> Iterable[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name in _PASSED_OVER or path.is_symlink():
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.suffix == ".tflite":
            yield path


def _listed(models: tuple[str, ...], all_of: tuple[str, ...] = ()) -> str:
    if not models:
        return "        - models/*.tflite   # no .tflite file was found here: name yours"
    is_all = not all_of or models == all_of
    names = ("**/*.tflite",) if is_all and len(models) > _MOST_NAMED else models
    return "\n".join(f"        - {_quoted(name)}" for name in names)


def _quoted(name: str) -> str:
    """A file name as YAML; brackets in it are letters here, not a glob."""
    return codec.encode_json(name.replace("[", "[[]")).decode().strip() if name != "**/*.tflite" else f'"{name}"'
