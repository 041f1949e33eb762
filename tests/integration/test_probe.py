"""`doctor` names each permission that a collector lacks."""

from pathlib import Path

from edgetpu_ci import doctor
from tests.fakes.endpoints import Endpoints, Refused, hub
from tests.integration.test_cost import ANSWERS, BILL, NOW, RETENTION

CONFIG = "collect: [{use: cost}]\n"


def said(folder: Path, answers: dict[str, object], **env: str) -> list[tuple[str, str]]:
    (folder / "edgetpu-ci.yml").write_text(CONFIG)
    with hub(Endpoints(answers), folder, now=lambda: NOW) as world:
        world.env.update(env)  # type: ignore[attr-defined]
        found = doctor.examine(folder / "edgetpu-ci.yml", world)
    return [(finding.state, finding.sentence) for finding in found if finding.what == "use: cost"]


def test_a_token_that_may_read_all_is_well(tmp_path: Path) -> None:
    assert said(tmp_path, dict(ANSWERS)) == [("ok", "The token may read all it asks for.")]


def test_each_permission_that_is_missing_is_named_with_who_can_give_it(tmp_path: Path) -> None:
    found = said(tmp_path, {**ANSWERS, BILL: Refused(403), RETENTION: Refused(403)})
    step = "which GITHUB_TOKEN cannot have; give an App's or a personal token."
    assert [state for state, _ in found] == ["note", "note"]
    assert found[0][1].endswith(f"the token needs `administration: read`, {step}")
    assert found[1][1].endswith(f"the token needs `organization-administration: read`, {step}")


def test_outside_a_job_it_says_what_to_set(tmp_path: Path) -> None:
    assert said(tmp_path, dict(ANSWERS), GITHUB_REPOSITORY="") == [
        ("bad", '"" is no repository; set GITHUB_REPOSITORY to owner/name.')
    ]
