"""A tiny project with faults of all kinds, and the reports that real tools write of it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

CODE: Final = '''\
"""Sums, some of them badly written."""

import os
import pickle
import subprocess


def add(a: int, b: int) -> int:
    if a > b:
        return a + b
    return b + a


def untyped(x):
    return undefined_name


def shell(command: str) -> bytes:
    return subprocess.check_output(command, shell=True)


def load(data):
    return pickle.loads(data)


class Half:
    def typed(self) -> "int":
        return "no"

    def untyped(self, value):
        return value
'''

TESTS: Final = """\
import pytest

from tiny.sums import add

TRIES = []


def test_passes():
    assert add(1, 2) == 3


@pytest.mark.parametrize("a", [1, 2])
def test_many(a):
    assert add(a, 0) == a


def test_fails():
    assert add(1, 1) == 3


@pytest.mark.flaky(reruns=2)
def test_flaky():
    TRIES.append(1)
    assert len(TRIES) > 1


@pytest.mark.flaky(reruns=1)
def test_fails_again():
    assert False


@pytest.mark.skip(reason="not here")
def test_skipped(): ...


@pytest.mark.xfail
def test_fails_as_expected():
    assert False


@pytest.mark.xfail
def test_passes_unexpectedly(): ...


@pytest.mark.xfail(strict=True)
def test_may_not_pass(): ...


@pytest.fixture
def breaks_before():
    raise RuntimeError


@pytest.fixture
def breaks_after():
    yield
    raise RuntimeError


def test_of_a_broken_setup(breaks_before): ...


def test_of_a_broken_teardown(breaks_after): ...


def test_fails_and_its_teardown(breaks_after):
    assert False
"""

WORKFLOW: Final = """\
on: pull_request_target
permissions: write-all
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - run: echo "${{ github.event.pull_request.title }}"
"""

# What pip-audit writes is made by its own formats, as the service it asks is not to be had in tests.
_AUDIT: Final = """\
import datetime, pathlib
from packaging.version import Version
from pip_audit._format import CycloneDxFormat, JsonFormat
from pip_audit._service.interface import ResolvedDependency, SkippedDependency, VulnerabilityResult
found = VulnerabilityResult.create(
    ids=["PYSEC-2018-28", "CVE-2018-18074", "GHSA-x84v-xcm2-53pg"], description="It leaks.",
    fix_versions=[Version("2.20.0")], published=datetime.datetime(2018, 10, 9),
)
of = {ResolvedDependency("requests", Version("2.19.0")): [found], ResolvedDependency("idna", Version("3.7")): []}
skipped = {**of, SkippedDependency("tiny", "Dependency not found on the index: tiny (0.1)"): []}
for name, result in (("pip-audit", of), ("pip-audit-skipped", skipped), ("pip-audit-empty", {})):
    pathlib.Path(f"{name}.json").write_text(JsonFormat(True, True).format(result, []))
cyclonedx = CycloneDxFormat(CycloneDxFormat.InnerFormat.Json)
pathlib.Path("cyclonedx.json").write_text(cyclonedx.format(of, []))
"""

_RUFF: Final = ("ruff", "check", "--isolated", "--select", "ALL", "--ignore", "D203,D213", "src")

COMMANDS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("", ("coverage", "run", "--branch", "--source=src", "-m", "pytest", "-q", "--junitxml=junit.xml", "tests")),
    ("", ("coverage", "json", "-o", "coverage.json")),
    ("", ("coverage", "xml", "-o", "coverage.xml")),
    ("", ("coverage", "lcov", "-o", "coverage.lcov")),
    ("", (*_RUFF, "--output-format=json", "--output-file=ruff.json")),
    ("", (*_RUFF, "--output-format=sarif", "--output-file=ruff.sarif")),
    ("ruff-statistics.json", (*_RUFF, "--statistics", "--output-format=json")),
    ("", ("ruff", "check", "--isolated", "--output-format=json", "--output-file=ruff-syntax.json", "broken")),
    ("ruff-syntax-statistics.json", ("ruff", "check", "--isolated", "--statistics", "--output-format=json", "broken")),
    (
        "",
        ("ruff", "check", "--isolated", "--select=F632", "--output-format=json", "--output-file=ruff-none.json", "src"),
    ),
    ("", ("pylint", "--exit-zero", "--output-format=json:pylint.json,json2:pylint2.json", "src/tiny")),
    ("mypy.json", ("mypy", "--strict", "--output=json", "--linecount-report=linecount", "src")),
    ("", ("bandit", "-q", "-r", "src", "-f", "json", "-o", "bandit.json")),
    ("", ("bandit", "-q", "-r", "broken", "-f", "json", "-o", "bandit-broken.json")),
    ("zizmor.sarif", ("zizmor", "-q", "--offline", "--format=sarif", ".github/workflows/ci.yml")),
    ("", (sys.executable, "-c", _AUDIT)),
)
"""Where standard output goes, if anywhere, and the command."""


def make(folder: Path) -> Path:
    """Write the project and run every tool once; the reports lie in `folder`."""
    for name, text in (
        ("src/tiny/__init__.py", '"""Tiny."""\n'),
        ("src/tiny/sums.py", CODE),
        ("tests/test_sums.py", TESTS),
        ("pytest.ini", "[pytest]\npythonpath = src\naddopts = -p no:cacheprovider\n"),
        (".github/workflows/ci.yml", WORKFLOW),
        ("broken/syntax.py", "def f(:\n    pass\n"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    # What measures or runs these tests must not measure or steer those of the project.
    here = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "PYTEST"))}
    for output, command in COMMANDS:
        # They end with 1 where they find something, as they all do here.
        done = subprocess.run(command, cwd=folder, env=here, capture_output=True, check=False)
        assert done.returncode in (0, 1), (command, done.stderr.decode())
        if output:
            (folder / output).write_bytes(done.stdout)
    return folder
