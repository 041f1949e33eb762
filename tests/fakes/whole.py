"""A repository as a user has it, with every collector of key figures set up, and all the services these ask."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from edgetpu_ci import app, collect, config, event, measure
from edgetpu_ci.app import Outcome
from edgetpu_ci.memory import State
from edgetpu_ci.model import Measurement, Run
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.transport import github
from edgetpu_ci.upkeep import access, reviews
from edgetpu_ci.world import World, run_process
from tests.fakes import repository
from tests.fakes.clock import Clock
from tests.fakes.hub import EVERYTHING, FakeHub
from tests.fakes.hub.endpoints import NEEDS
from tests.fakes.hub.repository import END
from tests.fakes.loopback import Reply, serve
from tests.fakes.package_index import Upload, index, statistics
from tests.fakes.world import Said, world

NEEDED: Final = EVERYTHING | frozenset(NEEDS.values())
"""All that a token can be given of what is asked for."""

REVIEW_KEY: Final = "a long random text of the tests"
SECRET: Final = "AKIAPLANTEDSECRET7EXAMPLE"  # noqa: S105 - planted, to be found nowhere

OBJECTS: Final[dict[str, Any]] = {
    "": {"private": True, "owner": {"login": "octo", "type": "Organization"}},
    "/actions/artifacts": [{"size_in_bytes": 5}],
    "/actions/permissions/artifact-and-log-retention": {"days": 90},
    "/actions/runners": [{"status": "online"}],
    "/actions/secrets": [{}],
    "/actions/workflows/security.yml/runs": [{}],
    "/code-scanning/alerts": [{"state": "open"}],
    "/code-scanning/analyses": [{}],
    "/collaborators": [{}],
    "/dependabot/alerts": [{"state": "open"}],
    "/environments": [{}],
    "/hooks": [{}],
    "/keys": [{}],
    "/secret-scanning/alerts": [{"secret": SECRET, "validity": "inactive"}],
    "/vulnerability-alerts": Reply(status=204),
    "/organizations/octo/settings/billing/usage/summary": {"timePeriod": {"year": END.year, "month": END.month}},
}
_AUDIT: Final = {"dependencies": [{"name": "alpha", "version": "1.0", "vulns": []}], "fixes": []}
_JUNIT: Final = """<?xml version="1.0"?>
<testsuites><testsuite name="all" tests="2" failures="0" errors="0" skipped="0" time="1.5">
<testcase classname="test_all" name="test_one" time="1.0"/><testcase classname="test_all" name="test_two" time="0.5"/>
</testsuite></testsuites>
"""
_CONFIG: Final = """\
kpis:
  - use: github
    with: {{retention_days: {days}}}
  - use: github_actions
  - use: reports
    with:
      files:
        - {{path: reports/coverage.json, format: coverage-json}}
        - {{path: reports/junit.xml, format: junit}}
  - use: security
    with: {{files: [reports/pip-audit.json], scan_workflow: security.yml}}
  - use: dependencies
    with: {{audit: [reports/pip-audit.json], index: "{index}"}}
  - use: pypi
    with: {{packages: [alpha], index: "{index}", statistics: "{statistics}"}}
  - use: site
    with: {{urls: ["{site}"]}}
  - use: cost
    with: {{plan: team, monitoring: {{usd_per_month: 3}}}}
  - use: compliance
    with: {{reviewed: 2026-11-01}}

quality_gates:
  code_coverage: {{minimum: 80, target: 90}}
  build_time: {{maximum: 300}}
  test_execution_time: {{maximum: 60}}
"""


@dataclass
class Whole:
    """A checkout in `folder`, the GitHub of its repository, and a clock that only waiting moves."""

    folder: Path
    hub: FakeHub
    clock: Clock = field(default_factory=Clock)
    said: Said = field(default_factory=Said)

    @property
    def env(self) -> dict[str, str]:
        """The environment of the job that runs it."""
        newest = max(self.hub.of.runs.values(), key=lambda run: run.created, default=None)
        own = {
            "GITHUB_RUN_ID": f"{newest.id if newest else 1}",
            "GITHUB_RUN_ATTEMPT": f"{newest.attempt if newest else 1}",
        }
        return {**self.hub.env, **own, reviews.VARIABLE: REVIEW_KEY}

    @property
    def store(self) -> State:
        """What is kept from one run to the next."""
        return Folder(self.folder / ".edgetpu-ci")

    def world(self, days: float = 0) -> World:
        """As of some days after the repository's end."""
        at = END + timedelta(days=days)
        times = {"sleep": self.clock.sleep, "monotonic": self.clock.monotonic, "now": lambda: at}
        said = {"out": self.said.append, "warn": self.said.append}
        return world(self.folder, env=self.env, run=run_process, **times, **said)

    def take(self, state: State, days: float = 0) -> Run:
        """What `run --kpis` measures, with a memory of its own, and nothing judged or drawn."""
        world, settings = self.world(days), config.of_kpis(config.load(self.folder / config.FILE))
        collectors = [collect.bind(step, f"kpis[{n}]") for n, step in enumerate(settings.collect)]
        return measure.take(collectors, None, event.read(world), world, state=state).run

    def run(self, days: float = 0) -> Outcome:
        """`run --kpis`."""
        settings = config.of_kpis(config.load(self.folder / config.FILE))
        return app.run(settings, self.folder / "edgetpu-ci-report", self.world(days))

    def reviewed(self) -> None:
        """Have who may reach the repository signed off."""
        world = self.world()
        reviews.sign_off(Folder(self.folder / ".edgetpu-ci"), access.read(github.connect(world)), "maintainer", world)


def measured(run: Run) -> dict[str, Measurement]:
    """What was measured, by subject and metric."""
    return {one.key: one for one in run.measurements}


@contextmanager
def services(last: date) -> Iterator[dict[str, str]]:
    """A package index, download statistics until a day, and a site: their addresses as the configuration has them."""
    packages = {"alpha": [Upload(version="1.0"), Upload(version="1.1")]}
    downloads = {"alpha": {last - timedelta(days=back): 10 + back % 3 for back in range(100)}}
    with index(packages) as packs, statistics(downloads) as counts, serve(_site) as port:
        yield {"index": packs.url, "statistics": counts.url, "site": f"http://127.0.0.1:{port}/"}


@contextmanager
def whole(folder: Path, hub: FakeHub, days: int = 800) -> Iterator[Whole]:
    """A checkout of the hub's repository with all services; rows are kept for `days`."""
    with services(END.date() - timedelta(days=1)) as addresses:
        lay_out(folder, days=days, **addresses)
        yield Whole(folder, hub)


def hub(of: Any, **parts: Any) -> FakeHub:
    """A GitHub that has something of everything and lets all of it be read."""
    return FakeHub(of, **{"now": lambda: END, "granted": NEEDED, "objects": dict(OBJECTS), **parts})


def lay_out(folder: Path, **filled: object) -> None:
    """A git repository with the configuration, a lock file and the reports of other tools."""
    repository.create(folder)
    files = {
        "edgetpu-ci.yml": _CONFIG.format(**filled),
        "requirements.txt": "alpha==1.0\n",
        "reports/coverage.json": json.dumps({"totals": {"covered_lines": 91, "num_statements": 100}}),
        "reports/junit.xml": _JUNIT,
        "reports/pip-audit.json": json.dumps(_AUDIT),
        ".github/workflows/ci.yml": "on: push\npermissions: {}\njobs: {}\n",
        ".gitignore": ".edgetpu-ci/\nedgetpu-ci-report/\n",
    }
    repository.commit(folder, {name: text.encode() for name, text in files.items()})


def _site(_request: object) -> Reply:
    return Reply(status=200, body=b"<h1>Manual</h1>")
