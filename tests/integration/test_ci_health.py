"""The health of CI itself, with services on loopback that answer, do not, or not always."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from edgetpu_ci import ci_health, codec, store
from edgetpu_ci.ci_health import verdict
from edgetpu_ci.ci_health.verdict import Part
from edgetpu_ci.config import Config, Step
from edgetpu_ci.config.alerting import Alerting
from edgetpu_ci.config.observability import Health, Observability
from edgetpu_ci.errors import RefusedError
from edgetpu_ci.model import SIMULATED
from edgetpu_ci.world import World
from tests.fakes import package_index, slack_server
from tests.fakes.alerting import report, value
from tests.fakes.clock import Clock
from tests.fakes.endpoints import REPOSITORY, Endpoints, Refused, hub
from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.package_index import PackageIndex, Upload
from tests.fakes.pagerduty import SERVICE, PagerDuty
from tests.fakes.slack_server import TOKEN, Slack
from tests.fakes.world import AT, world

REVOKED = "xoxb-revoked"
RUNNERS = f"/repos/{REPOSITORY}/actions/runners"


@dataclass
class Town:
    """Everything CI depends on; `page` is what the documentation answers, `beats` are those that were heard."""

    github: Endpoints
    packages: PackageIndex
    slack: Slack
    pagerduty: PagerDuty
    world: World
    url: str
    page: Reply
    beats: list[str]

    def examine(
        self, collect: tuple[Step, ...] = (), more: tuple[Step, ...] = (), seconds: float = 60, **health: Any
    ) -> dict[str, Part]:
        ways = (
            Step(use="pagerduty", with_={"url": f"{self.url}/pagerduty"}),
            Step(use="slack", with_={"channel": "#ci", "base_url": self.slack.base_url}),
            Step(use="issue"),
            *more,
        )
        wanted = Health(packages=("detector",), index=self.packages.url, docs=(f"{self.url}/docs",), **health)
        settings = Config(collect=collect, alerting=Alerting(notify=ways), observability=Observability(health=wanted))
        return {part.name: part for part in ci_health.examine(settings, self.world, seconds)}


@contextmanager
def town(folder: Path, **env: str) -> Iterator[Town]:
    github = Endpoints({"/rate_limit": {"resources": {}}, RUNNERS: {"runners": [{"status": "online"}]}})
    pagerduty, beats = PagerDuty(), list[str]()
    with ExitStack() as stack:
        there = Town(github, PackageIndex({}), Slack(), pagerduty, World, "", Reply(status=200), beats)  # type: ignore[arg-type]

        def answer(request: Request) -> Reply:
            if request.target.startswith("/pagerduty"):
                asked = request.target.removeprefix("/pagerduty")
                return pagerduty.answer(Request(verb=request.verb, target=asked, headers={}, body=request.body))
            if request.target == "/beat":
                beats.append(request.verb)
                return Reply(status=200)
            return there.page

        there.url = f"http://127.0.0.1:{stack.enter_context(serve(answer))}"
        there.slack = stack.enter_context(slack_server.slack_server())
        there.packages = stack.enter_context(package_index.index({"detector": [Upload(version="1.0.0")]}))
        here = stack.enter_context(hub(github, folder))
        secrets = {"SLACK_BOT_TOKEN": TOKEN, "PAGERDUTY_ROUTING_KEY": SERVICE, "PULSE": f"{there.url}/beat"}
        there.world = World(**{**vars(here), "env": {**here.env, **secrets, **env}, "sleep": Clock().sleep})
        yield there


def states(parts: dict[str, Part]) -> dict[str, str]:
    return {name: part.state for name, part in parts.items()}


def test_all_is_well(tmp_path: Path) -> None:
    with town(tmp_path) as there:
        parts = there.examine(runners=1)
    assert states(parts) == {
        "package detector": "up",
        "site 127.0.0.1/docs": "up",
        "GitHub API": "up",
        "runners": "up",
        "pagerduty": "up",
        "slack": "up",
    }
    assert verdict.status(list(parts.values())) == "healthy"
    assert there.pagerduty.alerts == [], "nobody is paged to see whether paging works"
    assert there.slack.messages == []


def test_each_service_that_is_down_is_named_and_costs_the_others_nothing(tmp_path: Path) -> None:
    with town(tmp_path, SLACK_BOT_TOKEN=REVOKED) as there:
        there.packages.broken["/detector/"] = 503
        there.page = Reply(status=500)
        there.github.answers["/rate_limit"] = Refused(503)
        there.github.answers[RUNNERS] = {"runners": [{"status": "offline"}]}
        there.pagerduty.faults[:] = [Reply(status=503)] * 9
        parts = there.examine(runners=1)
    assert set(states(parts).values()) == {"down"}
    assert len(parts) == 6
    assert "invalid_auth" in parts["slack"].said
    assert REVOKED not in str(parts)
    assert parts["pagerduty"].said == "PagerDuty answered 503, where it should have refused an empty event"


def test_one_hiccup_is_no_outage(tmp_path: Path) -> None:
    with town(tmp_path) as there:
        there.pagerduty.faults[:] = [Reply(status=503)]
        assert there.examine()["pagerduty"].state == "up"


def test_a_webhook_of_slack_is_tried_with_a_message_that_nobody_sees(tmp_path: Path) -> None:
    with town(tmp_path, SLACK_BOT_TOKEN="", SLACK_WEBHOOK_URL="later") as there:
        for address, state in ((there.slack.hook, "up"), (f"{there.slack.url}/services/gone", "down")):
            there.world = World(**{**vars(there.world), "env": {**there.world.env, "SLACK_WEBHOOK_URL": address}})
            part = there.examine()["slack"]
            assert (part.state, there.slack.messages) == (state, [])
            assert "services" not in part.said


def test_runners_that_the_token_may_not_see_are_unknown_not_down(tmp_path: Path) -> None:
    with town(tmp_path) as there:
        there.github.answers[RUNNERS] = Refused(403)
        parts = there.examine(runners=1)
    assert parts["runners"].state == "unknown"
    assert "administration: read" in parts["runners"].said
    assert verdict.status(list(parts.values())) == "degraded"


@pytest.mark.parametrize(("age", "state"), [(timedelta(days=2), "up"), (timedelta(days=2, minutes=1), "down")])
def test_the_age_of_the_newest_benchmark_counts(tmp_path: Path, age: timedelta, state: str) -> None:
    _keep(tmp_path, age)
    with town(tmp_path) as there:
        found = there.examine(collect=(Step(use="inference"),))["newest benchmark"]
    assert found.state == state
    assert found.said.endswith("old, 2 days allowed")


def test_a_benchmark_of_a_clock_that_was_ahead_is_not_new_for_ever(tmp_path: Path) -> None:
    _keep(tmp_path, -timedelta(days=400))
    _keep(tmp_path, timedelta(days=3))
    with town(tmp_path) as there:
        found = there.examine(collect=(Step(use="inference"),))["newest benchmark"]
    assert (found.state, found.said) == ("down", "3 days old, 2 days allowed")


def test_who_never_answers_is_down_and_not_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, town(tmp_path) as there:
        silent = f"http://127.0.0.1:{mute.getsockname()[1]}"
        parts = there.examine(more=(Step(use="alertmanager", with_={"url": silent}),), seconds=0.5)
    assert parts["alertmanager"] == Part(name="alertmanager", state="down", said="it did not answer in 0.5 s")


def test_a_fault_of_ours_is_no_verdict(tmp_path: Path) -> None:
    def broken() -> float:
        raise ZeroDivisionError

    with town(tmp_path) as there:
        there.world = World(**{**vars(there.world), "monotonic": broken})
        with pytest.raises(ZeroDivisionError):
            there.examine()


def test_a_webhook_of_ones_own_is_not_tried_and_makes_nothing_worse(tmp_path: Path) -> None:
    env = {"EDGETPU_CI_WEBHOOK_URL": "https://hooks.example/abc", "EDGETPU_CI_WEBHOOK_SECRET": "0123456789abcdef" * 2}
    with town(tmp_path, **env) as there:
        parts = there.examine(more=(Step(use="webhook"),))
    assert parts["webhook"].state == "untried"
    assert verdict.status(list(parts.values())) == "healthy"


def test_a_store_without_a_benchmark_says_so(tmp_path: Path) -> None:
    with town(tmp_path) as there:
        assert there.examine(collect=(Step(use="inference"),))["newest benchmark"] == Part(
            name="newest benchmark", state="unknown", said="no benchmark of the main line is in the store"
        )


def test_the_heart_beats_only_where_nothing_is_down(tmp_path: Path) -> None:
    with town(tmp_path) as there:
        assert there.examine(heartbeat="PULSE")["heartbeat"].state == "up"
        assert there.beats == ["GET"]
        there.page = Reply(status=500)
        assert there.examine(heartbeat="PULSE")["heartbeat"].state == "unknown"
        assert there.beats == ["GET"], "who misses it raises the alarm"


def test_a_heartbeat_without_an_address_is_not_well(tmp_path: Path) -> None:
    with town(tmp_path, PULSE="") as there:
        assert there.examine(heartbeat="PULSE")["heartbeat"].said == "PULSE holds no address to ask"


def test_a_job_of_a_fork_asks_nobody(tmp_path: Path) -> None:
    payload = tmp_path / "event.json"
    head, base = ({"sha": "a" * 40, "ref": "x", "repo": {"full_name": name}} for name in ("other/name", REPOSITORY))
    payload.write_bytes(codec.encode_json({"pull_request": {"number": 1, "head": head, "base": base}}))
    told = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(payload)}
    with town(tmp_path, **told) as there, pytest.raises(RefusedError, match="run it on main"):
        there.examine()


def test_what_a_simulated_device_measured_is_no_benchmark(tmp_path: Path) -> None:
    _keep(tmp_path, timedelta(hours=1), device=f"{SIMULATED} usb")
    with town(tmp_path) as there:
        assert there.examine(collect=(Step(use="inference"),))["newest benchmark"].state == "unknown"


def _keep(folder: Path, age: timedelta, device: str = "cpu") -> None:
    """A report of a benchmark so old, in the store."""
    found = report(value("throughput_fps", 100, "mobilenet", device=device), machine="pi-4")
    at = AT - age
    kept = structs.replace(found, run=structs.replace(found.run, at=at, id=f"{at:%Y%m%dT%H%M%SZ}-run"))
    keeper = store.open_store(Step(use="folder"), world(folder))
    keeper.append("reports", kept.run.id, codec.encode_json(kept))
