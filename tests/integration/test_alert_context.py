"""What is told beside an incident: from the clone, else from GitHub by two requests, else not at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edgetpu_ci import codec, history
from edgetpu_ci.alerting import context
from edgetpu_ci.alerting.recent import Recent
from edgetpu_ci.config import Config, Step
from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.incidents.record import Context, Incident, Receipt, Sighting
from edgetpu_ci.render import incident as in_issue
from edgetpu_ci.render import pagerduty
from edgetpu_ci.render.slack import incident as in_slack
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.world import World, run_process
from tests.fakes import repository, streak
from tests.fakes.alerting import report, value
from tests.fakes.contract import contract
from tests.fakes.endpoints import Endpoints, Refused, hub
from tests.fakes.streak import BAD, GOOD, REPO
from tests.fakes.world import world

HUB = f"/repos/{REPO}"
COMPARE, COMMIT, PULLS = f"{HUB}/compare/{GOOD}...{BAD}", f"{HUB}/commits/{BAD}", f"{HUB}/commits/{BAD}/pulls"
PAGE = f"https://github.com/{REPO}"


def commit(message: str = "Faster") -> dict[str, Any]:
    """As GitHub shows one."""
    shown: dict[str, Any] = contract().example("get", "/repos/{owner}/{repo}/commits/{ref}", 200)
    written = {**shown["commit"], "message": message, "author": {**shown["commit"]["author"], "name": "octocat"}}
    # The file in GitHub's example lacks what GitHub's description requires.
    return {**shown, "sha": BAD, "commit": written, "files": []}


def answers(message: str = "Faster") -> dict[str, object]:
    """Three commits, and the pull request that had the last."""
    compared = contract().example("get", "/repos/{owner}/{repo}/compare/{basehead}", 200)
    pull = contract().example("get", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", 200)[0]
    return {
        COMPARE: {**compared, "total_commits": 3, "commits": [{**commit(), "sha": "0" * 40}, commit(message)]},
        COMMIT: commit(message),
        PULLS: [{**pull, "number": 12, "requested_teams": []}],
    }


def asked(endpoints: Endpoints) -> list[str]:
    """The paths, each and its answer as GitHub's own description has them."""
    for path, _query in endpoints.asked:
        assert contract().faults("GET", path, b"", 200, json.dumps(endpoints.answers[path]).encode()) == []
    return [path for path, _query in endpoints.asked]


def rule(**parts: Any) -> AlertRule:
    """That of the incident."""
    return AlertRule(name="build_failure_streak", match="*/build_failure_streak", above=3, **parts)


def settings(store: Step | None = None, contacts: dict[str, dict[str, str]] | None = None, **parts: Any) -> Config:
    """A configuration with one rule."""
    alerting = Alerting(rules=(rule(**parts),), contacts=contacts or {})
    return Config(alerting=alerting, store=store or Step(use="folder"))


def look_up(known: Config, here: World, incident: Incident) -> Context:
    """As a job does, with a store of its own."""
    return context.look_up(known, Recent(store=Folder(here.cwd / "store"), world=here), here, incident)


def of_hub(folder: Path, endpoints: Endpoints, incident: Incident | None = None) -> Context:
    """As a job without a clone looks it up."""
    with hub(endpoints, folder) as here:
        return look_up(settings(), here, incident or streak.opened())


def test_github_is_asked_twice_for_what_no_clone_tells(tmp_path: Path) -> None:
    endpoints = Endpoints(answers())
    found = of_hub(tmp_path, endpoints)
    assert (found.author, found.pull_request, found.commits) == ("octocat", "#12", 3)
    assert asked(endpoints) == [COMPARE, PULLS]


def test_a_number_in_the_subject_saves_a_request(tmp_path: Path) -> None:
    for subject in ("Faster (#12)", "Merge pull request #12 from acme/faster\n\nFaster (#7)"):
        endpoints = Endpoints(answers(subject))
        assert of_hub(tmp_path, endpoints).pull_request == "#12"
        assert asked(endpoints) == [COMPARE]


def test_without_a_good_run_the_commit_alone_is_asked_for(tmp_path: Path) -> None:
    endpoints = Endpoints(answers())
    for good in (None, streak.seen(-180, BAD)):
        endpoints.asked.clear()
        found = of_hub(tmp_path, endpoints, streak.opened(alerts=(streak.alert(good=good),)))
        assert (found.author, found.commits) == ("octocat", None)
        assert asked(endpoints) == [COMMIT, PULLS]
        assert "compare" not in dict(found.links)


def test_its_issue_is_linked_once_there_is_one(tmp_path: Path) -> None:
    said = {
        "slack #dev": Receipt(ref="C1:1.2", at=streak.seen(0, BAD).at),
        "issue acme/detector": Receipt(ref="93", at=streak.seen(0, BAD).at),
        "issue @acme/leads": Receipt(ref="93", at=streak.seen(0, BAD).at),
    }
    found = of_hub(tmp_path, Endpoints(answers()), streak.opened(receipts=said))
    links = [url for name, url in found.links if name == "issue"]
    assert len(links) == 1
    assert links[0].endswith("/acme/detector/issues/93")


def test_several_who_are_told_of_an_incident_cost_the_same_two_requests(tmp_path: Path) -> None:
    endpoints = Endpoints(answers())
    with hub(endpoints, tmp_path) as here:
        first, second = (look_up(settings(), here, streak.opened()) for _ in range(2))
    assert first == second
    assert asked(endpoints) == [COMPARE, PULLS]


def test_whose_commit_it_is_is_told_of_the_commit_that_is_told(tmp_path: Path) -> None:
    """Else somebody is named beside what another wrote."""
    began = streak.seen(-60, "0ddba11" + "0" * 33)
    over = streak.alert(fingerprint="1" * 16, state="resolved", bad=began, good=None)
    incident = streak.opened(alerts=(over, streak.alert()))
    endpoints = Endpoints(answers())
    known = of_hub(tmp_path, endpoints, incident)
    assert asked(endpoints) == [COMPARE, PULLS]
    notice = streak.notice(incident, context=known)
    shown = map(
        str, (in_issue.issue(incident, known), in_slack.standing(notice), pagerduty.event(notice, "trigger", "key"))
    )
    assert all("0ddba11" not in text.partition(BAD[:7])[0] and BAD[:7] in text for text in shown)


@pytest.mark.parametrize("answer", [Refused(404), Refused(403), Refused(422), {"total_commits": "many"}, []])
def test_whatever_github_answers_the_rest_is_told(tmp_path: Path, answer: object) -> None:
    found = of_hub(tmp_path, Endpoints(dict.fromkeys((COMPARE, COMMIT, PULLS), answer)))
    assert (found.author, found.pull_request, found.commits) == ("", "", None)
    assert dict(found.links) == {
        "commit": f"{PAGE}/commit/{BAD}",
        "compare": f"{PAGE}/compare/{GOOD}...{BAD}",
        "code": f"{PAGE}/blob/{BAD}/.github/workflows/ci.yml#L17",
        "run": f"https://github.example/{REPO}/actions/runs/31",
    }


def test_without_a_token_nobody_is_asked(tmp_path: Path) -> None:
    found = look_up(settings(), world(tmp_path, env={"GITHUB_REPOSITORY": REPO}), streak.opened())
    assert found.repository == REPO
    assert [name for name, _ in found.links] == ["commit", "compare", "code", "run"]


def test_a_clone_that_knows_all_of_it_asks_nobody(tmp_path: Path) -> None:
    origin = repository.create(tmp_path / "origin")
    good = repository.commit(origin, {"a": b"1"})
    repository.commit(origin, {"a": b"2"})
    bad = repository.commit(origin, {"a": b"3"}, "Slower (#31)")
    alert = streak.alert(bad=streak.seen(commit=bad), good=streak.seen(-60, good))
    endpoints = Endpoints({})
    with hub(endpoints, origin, run=run_process) as here:
        found = look_up(settings(), here, streak.opened(alerts=(alert,)))
    assert (found.author, found.pull_request, found.commits) == ("author@example.org", "#31", 2)
    assert endpoints.asked == []


def test_a_run_of_a_pull_request_knows_its_number(tmp_path: Path) -> None:
    endpoints = Endpoints(answers())
    alert = streak.alert(bad=replace(streak.seen(), pull_request=7))
    assert of_hub(tmp_path, endpoints, streak.opened(alerts=(alert,))).pull_request == "#7"
    assert asked(endpoints) == [COMPARE]


def test_of_several_alerts_the_one_that_began_first_is_told_of(tmp_path: Path) -> None:
    later = streak.alert(bad=streak.seen(5, "d" * 40), where="later.py:1")
    found = look_up(settings(), job(tmp_path), streak.opened(alerts=(later, streak.alert())))
    assert dict(found.links)["commit"].endswith(BAD)


@pytest.mark.parametrize("commit", ["", "main; rm -rf /", "--output=x", "HEAD", f"{BAD}x"])
def test_what_is_no_commit_is_neither_looked_up_nor_linked(tmp_path: Path, commit: str) -> None:
    seen = Sighting(at=streak.BEGAN, commit=commit)
    endpoints = Endpoints({})
    found = of_hub(tmp_path, endpoints, streak.opened(alerts=(streak.alert(bad=seen, where=""),)))
    assert found.links == ()
    assert endpoints.asked == []


def job(folder: Path, **env: str) -> World:
    """One without a token."""
    return world(folder, env=env)


def link(name: str, folder: Path, config: Config, incident: Incident | None = None, **env: str) -> str:
    """The address of that name; empty where there is none."""
    found = look_up(config, job(folder, **env), incident or streak.opened())
    return dict(found.links).get(name, "")


def test_links_lie_on_the_server_of_the_job(tmp_path: Path) -> None:
    server = "https://github.acme.example/"
    assert link("commit", tmp_path, settings(), GITHUB_SERVER_URL=server) == f"{server}{REPO}/commit/{BAD}"


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ("src/a b.py:3", "/src/a%20b.py#L3"),
        ("./src/x.py:3:14", "/src/x.py#L3"),
        ("bench.yml", "/bench.yml"),
        ("ünï.py:1", "/%C3%BCn%C3%AF.py#L1"),
    ],
)
def test_a_file_and_line_are_linked_as_of_the_commit(tmp_path: Path, where: str, shown: str) -> None:
    incident = streak.opened(alerts=(streak.alert(where=where),))
    assert link("code", tmp_path, settings(), incident) == f"{PAGE}/blob/{BAD}{shown}"


def test_a_runbook_is_an_address_or_a_file_as_of_the_commit(tmp_path: Path) -> None:
    wiki = "https://wiki.acme.example/streak"
    assert link("runbook", tmp_path, settings(runbook=wiki)) == wiki
    path = "docs/streak.md"
    assert link("runbook", tmp_path, settings(runbook=path)) == ""
    (tmp_path / "docs").mkdir()
    (tmp_path / path).write_text("# Streak\n")
    assert link("runbook", tmp_path, settings(runbook=path)) == f"{PAGE}/blob/{BAD}/{path}"
    assert link("runbook", tmp_path, settings()) == ""
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks/build_failure_streak.md").touch()
    assert link("runbook", tmp_path, settings()) == f"{PAGE}/blob/{BAD}/runbooks/build_failure_streak.md"


def test_a_report_is_linked_where_the_store_is_a_branch_of_this_repository(tmp_path: Path) -> None:
    seen = replace(streak.seen(), report="20260304T050600Z-0123")
    incident = streak.opened(alerts=(streak.alert(bad=seen),))
    on_branch = settings(Step(use="branch", with_={"branch": "ci/data"}))
    path = f"{PAGE}/blob/ci/data/documents/kpis/2026-03/20260304T050600Z-0123.json"
    assert link("report", tmp_path, on_branch, incident) == path
    assert link("report", tmp_path, settings(), incident) == ""
    elsewhere = settings(Step(use="branch", with_={"remote": "https://example.org/x"}))
    assert link("report", tmp_path, elsewhere, incident) == ""
    strange = streak.opened(alerts=(streak.alert(bad=replace(seen, report="../../x")),))
    assert link("report", tmp_path, on_branch, strange) == ""


@pytest.mark.parametrize(
    ("owner", "contacts", "named"),
    [
        ("builders", {"builders": {"issue": "@acme/builders"}}, "@acme/builders"),
        ("builders", {"builders": {"slack": "#builders"}}, "builders"),
        ("builders", {"builders": {"issue": "acme/incidents"}}, "builders"),
        ("@ada", {}, "@ada"),
        ("", {}, ""),
    ],
)
def test_an_owner_is_mentioned_as_the_configuration_says(
    tmp_path: Path, owner: str, contacts: dict[str, dict[str, str]], named: str
) -> None:
    config = settings(owner=owner, contacts=contacts)
    found = look_up(config, job(tmp_path), streak.opened())
    assert (found.owner, found.mention or found.owner) == (owner, named)


def test_an_alert_whose_rule_is_gone_is_told_without_it(tmp_path: Path) -> None:
    assert look_up(Config(), job(tmp_path), streak.opened()).owner == ""


def test_the_last_values_of_the_store_are_told_beside_with_a_picture(tmp_path: Path) -> None:
    here = job(tmp_path)
    for number in range(3):
        one = report(value("failure_streak", number, "ci.yml"), minutes=number)
        Folder(here.cwd / "store").append(history.KPIS, one.run.id, codec.encode_json(one))
    found = look_up(settings(), here, streak.opened())
    assert list(found.recent) == [0, 1, 2]
    assert found.chart().startswith(b"\x89PNG")
