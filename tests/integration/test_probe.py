"""`doctor` names each permission that a collector lacks."""

from pathlib import Path

from edgetpu_ci import doctor
from edgetpu_ci.collect import github
from tests.fakes.endpoints import Endpoints, Refused, hub
from tests.integration import test_compliance as compliance
from tests.integration.test_cost import ANSWERS, BILL, NOW, RETENTION

LISTS = ("pulls", "issues", "actions/runs", "commits/HEAD/check-runs", "deployments", "releases", "actions/runners")


def said(folder: Path, answers: dict[str, object], use: str = "cost", **env: str) -> list[tuple[str, str]]:
    (folder / "edgetpu-ci.yml").write_text(f"collect: [{{use: {use}}}]\n")
    with hub(Endpoints(answers), folder, now=lambda: NOW) as world:
        world.env.update(env)  # type: ignore[attr-defined]
        found = doctor.examine(folder / "edgetpu-ci.yml", world)
    return [(finding.state, finding.sentence) for finding in found if finding.what in {f"use: {use}", "token"}]


def test_a_token_that_may_read_all_is_well(tmp_path: Path) -> None:
    assert said(tmp_path, dict(ANSWERS)) == [("ok", "The token may read all that cost asks for.")]


def test_collectors_of_key_figures_are_asked_too_and_each_is_named(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text("collect: [{use: cost}]\nkpis: [{use: compliance}]\n")
    with hub(Endpoints({**compliance.ANSWERS, **ANSWERS}), tmp_path, now=lambda: NOW) as world:
        found = doctor.examine(tmp_path / "edgetpu-ci.yml", world)
    ok = [finding.what for finding in found if finding.sentence.startswith("The token may read all that")]
    assert ok == ["use: cost", "use: compliance"]


def test_each_permission_that_is_missing_is_named_with_who_can_give_it(tmp_path: Path) -> None:
    found = said(tmp_path, {**ANSWERS, BILL: Refused(403), RETENTION: Refused(403)})
    step = "which GITHUB_TOKEN cannot have: give an App's or a personal token as EDGETPU_CI_TOKEN"
    assert found == [
        ("note", f"1 figure needs `administration: read`, {step} (artifact retention)."),
        ("note", f"1 figure needs `organization-administration: read`, {step} (billed month to date)."),
    ]


def test_outside_a_job_it_says_what_to_set(tmp_path: Path) -> None:
    assert said(tmp_path, dict(ANSWERS), GITHUB_REPOSITORY="") == [
        ("bad", '"" is no repository; set GITHUB_REPOSITORY to owner/name.')
    ]


def test_of_the_repositorys_life_each_part_is_tried_once(tmp_path: Path) -> None:
    endpoints = Endpoints({f"/repos/owner/name/{path}": [] for path in LISTS})
    with hub(endpoints, tmp_path) as world:
        assert github.probe(github.Options(), world) == ()
    assert sorted(endpoints.asked) == sorted((f"/repos/owner/name/{path}", {"per_page": "1"}) for path in LISTS)


def test_the_part_that_is_refused_names_its_permission(tmp_path: Path) -> None:
    answers: dict[str, object] = {f"/repos/owner/name/{path}": [] for path in LISTS}
    found = said(tmp_path, {**answers, "/repos/owner/name/commits/HEAD/check-runs": Refused(403)}, use="github")
    ((state, sentence),) = found
    assert state == "note"
    assert sentence.startswith(
        "8 figures need `checks: read`: give it in the job's `permissions:`, or another token as"
    )
    assert sentence.endswith(" as EDGETPU_CI_TOKEN (first attempt success rate, flaky rate, run duration, workflow "
                             "duration, build time, test job time, suite queue time, minutes used).")  # fmt: skip
