"""`use: compliance`, `review access` and `erase` against a GitHub that answers or refuses."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgetpu_ci import collect, config, memory
from edgetpu_ci.alerting import keeper
from edgetpu_ci.collect import compliance
from edgetpu_ci.errors import ConfigError, DocumentError, StoreError
from edgetpu_ci.github_rows import cursors
from edgetpu_ci.incidents import postmortem
from edgetpu_ci.incidents.record import Receipt
from edgetpu_ci.kpis.rows import Issue
from edgetpu_ci.model import Measurement
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.transport import github
from edgetpu_ci.upkeep import access, reviews
from edgetpu_ci.upkeep import audit as audit_rules
from tests.fakes.endpoints import Endpoints, Refused, hub
from tests.fakes.incidents import incident
from tests.fakes.world import Said, world

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
REPO = "/repos/owner/name"
PEOPLE, KEYS, HOOKS = f"{REPO}/collaborators", f"{REPO}/keys", f"{REPO}/hooks"
SECRETS, ENVIRONMENTS = f"{REPO}/actions/secrets", f"{REPO}/environments"
TOKENS, RETENTION = (
    f"{REPO}/actions/permissions/workflow",
    f"{REPO}/actions/permissions/artifact-and-log-retention",
)
ANALYSES, SCANS = f"{REPO}/code-scanning/analyses", f"{REPO}/actions/workflows/security.yml/runs"
ISSUES = f"{REPO}/issues"
SECRET = "a long random text of the tests"  # noqa: S105 - of nothing

WIRE = {"url": "https://me:word@hooks.example.org/T0/s3cret", "insecure_ssl": "0", "secret": "********"}
ANSWERS: Mapping[str, object] = {
    PEOPLE: [{"login": "octocat", "role_name": "admin", "email": "octo@example.org"}],
    KEYS: [{"id": 4711, "title": "octocat's laptop", "read_only": True, "added_by": "octocat"}],
    HOOKS: [{"id": 12, "active": True, "events": ["push"], "config": WIRE}],
    SECRETS: {"total_count": 1, "secrets": [{"name": "INDEX_TOKEN", "updated_at": "2026-01-01T00:00:00Z"}]},
    ENVIRONMENTS: {"environments": [{"name": "production", "protection_rules": [{"type": "required_reviewers"}]}]},
    TOKENS: {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False},
    RETENTION: {"days": 90, "maximum_allowed_days": 90},
    ANALYSES: [{"created_at": "2026-11-24T11:00:00Z"}],
    SCANS: {"workflow_runs": [{"updated_at": "2026-11-25T02:00:00Z"}]},
    ISSUES: [
        {"number": 17, "closed_at": "2026-11-01T00:00:00Z"},
        {"number": 18, "closed_at": "2026-11-24T00:00:00Z"},
        {"number": 19, "closed_at": "2026-11-01T00:00:00Z", "pull_request": {"url": "there"}},
        {"number": 3, "closed_at": "2025-11-01T00:00:00Z"},
    ],
}
OPTIONS = compliance.Options(reviewed=date(2026, 11, 1))

ALL = {
    "data_retention_compliant",
    "data_minimisation_compliant",
    "permissions_audit_compliant",
    "access_review_compliant",
    "daily_scan_compliant",
    "incident_documentation_compliant",
    "configuration_review_compliant",
}


@pytest.fixture
def store(tmp_path: Path) -> Folder:
    """One in which access was reviewed 10 days ago, in a checkout with a post-mortem."""
    folder = tmp_path / "docs/postmortems"
    folder.mkdir(parents=True)
    (folder / "2026-11-01.md").write_text("What happened in #17.\n")
    kept = Folder(tmp_path / "store")
    sign_off(kept, tmp_path, at=NOW - timedelta(days=10))
    return kept


def sign_off(
    kept: Folder, folder: Path, answers: Mapping[str, object] = ANSWERS, *, at: datetime = NOW, key: str = SECRET
) -> list[str]:
    """Sign off what GitHub says; what was warned of."""
    said = Said()
    with hub(Endpoints(answers), folder, now=lambda: at, warn=said.append) as here:
        keyed = {**here.env, reviews.VARIABLE: key} if key else here.env
        told = world(folder, env=keyed, now=lambda: at, warn=said.append)
        reviews.sign_off(kept, access.read(github.connect(here)), "maintainer on duty", told)
    return said


def audit(
    kept: Folder,
    folder: Path,
    answers: Mapping[str, object] = ANSWERS,
    options: compliance.Options = OPTIONS,
    key: str = SECRET,
) -> dict[str, Measurement]:
    with hub(Endpoints(answers), folder, now=lambda: NOW) as here:
        keyed = {**here.env, reviews.VARIABLE: key} if key else here.env
        told = world(folder, env=keyed, now=lambda: NOW)
        return {one.metric: one for one in compliance.collect_remembering(options, kept, told).measurements}


def evidence(one: Measurement) -> str:
    return dict(one.details)["evidence"]


def test_where_every_rule_is_kept_each_says_by_what(store: Folder, tmp_path: Path) -> None:
    found = audit(store, tmp_path)
    assert {name: one.value for name, one in found.items()} == dict.fromkeys(ALL, 1)
    assert {name: evidence(one) for name, one in found.items() if name != "data_minimisation_compliant"} == {
        "data_retention_compliant": "GitHub keeps logs and artifacts 90 days (looked at within a week), "
        "WARNING may be kept 90; "
        "no row is past its days",
        "permissions_audit_compliant": "nothing differs from the review of 2026-11-15",
        "access_review_compliant": "signed off 2026-11-15 by maintainer on duty; due every 92 days",
        "daily_scan_compliant": "the newest successful run of security.yml is of 2026-11-25 02:00 UTC, 10.0 hours ago",
        "incident_documentation_compliant": "incidents closed more than 5 days ago in the last year: 1",
        "configuration_review_compliant": "reviewed 2026-11-01; due every 92 days",
    }
    assert {dict(one.details)["as of"] for one in found.values()} == {"2026-11-25 12:00 UTC"}
    elsewhere = dict(found["data_retention_compliant"].details)["not on GitHub"]
    assert elsewhere == "to be kept elsewhere: ERROR 365 days, CRITICAL 365 days"


def test_what_github_keeps_too_short_must_go_elsewhere_or_nobody_knows(store: Folder, tmp_path: Path) -> None:
    def found(elsewhere: tuple[str, ...]) -> Measurement:
        return audit(store, tmp_path, options=replace(OPTIONS, elsewhere=elsewhere))["data_retention_compliant"]

    assert found(("ERROR", "CRITICAL")).value == 1
    assert found(("INFO", "ERROR")).value is None
    assert found(()).reason == (
        "not known: GitHub keeps 90 days, too short for ERROR 365 days, CRITICAL 365 days; send them to the "
        "`aggregator` of `observability.logs`, which can keep them"
    )
    shorter = replace(
        OPTIONS, elsewhere=(), log_retention_days={**OPTIONS.log_retention_days, "ERROR": 60, "CRITICAL": 90}
    )
    assert audit(store, tmp_path, options=shorter)["data_retention_compliant"].value == 1


def test_an_incidents_own_issue_may_have_the_post_mortem(store: Folder, tmp_path: Path) -> None:
    closed = {"number": 20, "closed_at": "2026-11-02T00:00:00Z"}
    form = postmortem.form()
    written = form.replace("\n\n<!--", "\n\nAs far as we know.\n\n<!--")
    for body, value in ((None, 0), (form, 0), (written, 1)):
        found = audit(store, tmp_path, {**ANSWERS, ISSUES: [{**closed, "body": body}]})
        assert found["incident_documentation_compliant"].value == value
    (tmp_path / "docs/postmortems/2026-11-02.md").write_text("See #20.\n")
    assert audit(store, tmp_path, {**ANSWERS, ISSUES: [closed]})["incident_documentation_compliant"].value == 1


@pytest.mark.parametrize(
    ("changed", "metric", "said"),
    [
        ({RETENTION: {"days": 400}}, "data_retention_compliant", "GitHub keeps logs and artifacts 400 days"),
        (
            {PEOPLE: [{"login": "octocat", "role_name": "admin"}, {"login": "mona", "role_name": "write"}]},
            "permissions_audit_compliant",
            "since 2026-11-15: 1 collaborator added, 1 outside collaborator added",
        ),
        ({KEYS: [{"id": 4711, "read_only": False}]}, "permissions_audit_compliant", "1 deploy key changed"),
        ({HOOKS: []}, "permissions_audit_compliant", "1 hook removed"),
        (
            {HOOKS: [{"id": 12, "events": ["push"], "config": {**WIRE, "url": "https://elsewhere.example"}}]},
            "permissions_audit_compliant",
            "1 hook changed",
        ),
        (
            {SECRETS: {"secrets": [{"name": "OTHER"}]}},
            "permissions_audit_compliant",
            "1 secret removed, 1 secret added",
        ),
        (
            {ENVIRONMENTS: {"environments": [{"name": "production"}]}},
            "permissions_audit_compliant",
            "1 environment changed",
        ),
        (
            {TOKENS: {"default_workflow_permissions": "write"}},
            "permissions_audit_compliant",
            "1 token of workflows changed",
        ),
        (
            {SCANS: {"workflow_runs": [{"updated_at": "2026-11-24T10:00:00Z"}]}, ANALYSES: []},
            "daily_scan_compliant",
            "the newest successful run of security.yml is of 2026-11-24 10:00 UTC, 26.0 hours ago",
        ),
        (
            {SCANS: Refused(404), ANALYSES: []},
            "daily_scan_compliant",
            "there is no code-scanning analysis and no successful run of security.yml",
        ),
        (
            {ISSUES: [{"number": 20, "closed_at": "2026-11-02T00:00:00Z"}]},
            "incident_documentation_compliant",
            "incidents closed more than 5 days ago in the last year: 1; no post-mortem of: #20",
        ),
    ],
)
def test_a_rule_that_is_broken_says_by_what(
    store: Folder, tmp_path: Path, changed: Mapping[str, object], metric: str, said: str
) -> None:
    found = audit(store, tmp_path, {**ANSWERS, **changed})
    assert {name for name, one in found.items() if one.value != 1} == {metric}
    assert (found[metric].value, said in evidence(found[metric])) == (0, True)


def test_a_critical_incident_without_an_issue_is_named_in_a_file(store: Folder, tmp_path: Path) -> None:
    over = NOW - timedelta(days=6)
    known = [
        incident(number=7, opened_at=over, resolved_at=over),
        incident(number=8, opened_at=over, resolved_at=NOW - timedelta(days=1)),
        incident(number=9, severity="warning", opened_at=over, resolved_at=over),
        incident(
            number=10, opened_at=over, resolved_at=over, receipts={"issue owner/name": Receipt(ref="17", at=over)}
        ),
    ]
    keeper.put_away(store, known, world(tmp_path))
    store.append("incidents", "20261101T000000Z-x", b"no incident")
    found = audit(store, tmp_path)["incident_documentation_compliant"]
    said = "incidents closed more than 5 days ago in the last year: 2"
    assert (found.value, evidence(found)) == (0, f"{said}; no post-mortem of: f329e9e0-7")
    (tmp_path / "docs/postmortems/streak.md").write_text("build_failure_streak f329e9e0-7 was a full disk.\n")
    found = audit(store, tmp_path)["incident_documentation_compliant"]
    assert (found.value, evidence(found)) == (1, said)


def test_no_login_is_in_the_evidence_of_a_difference(store: Folder, tmp_path: Path) -> None:
    people = [{"login": "mona", "role_name": "write"}]
    found = audit(store, tmp_path, {**ANSWERS, PEOPLE: people})["permissions_audit_compliant"]
    assert "mona" not in repr(found)
    assert "octocat" not in repr(found)


@pytest.mark.parametrize(
    ("path", "metric", "permission"),
    [
        (RETENTION, "data_retention_compliant", "administration: read"),
        (PEOPLE, "permissions_audit_compliant", "metadata: read"),
        (KEYS, "permissions_audit_compliant", "administration: read"),
        (HOOKS, "permissions_audit_compliant", "repository-hooks: read"),
        (SECRETS, "permissions_audit_compliant", "secrets: read"),
        (ENVIRONMENTS, "permissions_audit_compliant", "actions: read"),
        (TOKENS, "permissions_audit_compliant", "administration: read"),
        (ISSUES, "incident_documentation_compliant", "issues: read"),
    ],
)
def test_what_is_refused_is_not_known_and_names_the_permission(
    store: Folder, tmp_path: Path, path: str, metric: str, permission: str
) -> None:
    found = audit(store, tmp_path, {**ANSWERS, path: Refused(403)})
    assert {name for name, one in found.items() if one.value != 1} == {metric}
    assert found[metric].value is None
    assert permission in found[metric].reason


def test_of_two_sources_of_scans_one_that_is_fresh_is_enough(store: Folder, tmp_path: Path) -> None:
    refused = {**ANSWERS, ANALYSES: Refused(403)}
    assert audit(store, tmp_path, refused)["daily_scan_compliant"].value == 1
    found = audit(store, tmp_path, {**refused, SCANS: {"workflow_runs": []}})["daily_scan_compliant"]
    assert found.value is None
    assert "security-events: read" in found.reason


def test_a_difference_is_told_even_when_something_else_may_not_be_read(store: Folder, tmp_path: Path) -> None:
    found = audit(store, tmp_path, {**ANSWERS, HOOKS: [], SECRETS: Refused(403)})["permissions_audit_compliant"]
    assert found.value == 0


def test_what_had_no_part_in_the_review_is_not_known(store: Folder, tmp_path: Path) -> None:
    sign_off(store, tmp_path, {**ANSWERS, SECRETS: Refused(403)})
    found = audit(store, tmp_path)["permissions_audit_compliant"]
    assert (found.value, found.reason) == (None, "not known: the last review had no part of: secret")


def test_without_a_review_nothing_is_asked_about_access(tmp_path: Path) -> None:
    endpoints = Endpoints(ANSWERS)
    with hub(endpoints, tmp_path, now=lambda: NOW) as here:
        found = {one.metric: one for one in compliance.collect(OPTIONS, here).measurements}
    assert found["access_review_compliant"].value == 0
    assert found["permissions_audit_compliant"].value is None
    assert PEOPLE not in [path for path, _ in endpoints.asked]


def test_a_review_of_long_ago_is_due(store: Folder, tmp_path: Path) -> None:
    sign_off(store, tmp_path, at=NOW - timedelta(days=93))
    assert audit(store, tmp_path)["access_review_compliant"].value == 0


def test_with_another_key_the_difference_is_not_known(store: Folder, tmp_path: Path) -> None:
    assert audit(store, tmp_path)["permissions_audit_compliant"].value == 1
    # What was found with the other key, and is good for a week, says nothing with this one.
    found = audit(store, tmp_path, key="another text, long and random")["permissions_audit_compliant"]
    assert found.reason == "not known: the key of the last review is not the one that is set"


def test_without_a_secret_the_key_lies_in_the_store_and_that_is_said(store: Folder, tmp_path: Path) -> None:
    (said,) = sign_off(store, tmp_path, key="")
    assert f"Set a secret {reviews.VARIABLE}" in said
    assert audit(store, tmp_path, key="")["permissions_audit_compliant"].value == 1
    assert sign_off(store, tmp_path, at=NOW + timedelta(days=1), key="") == []


def test_a_key_that_can_be_guessed_is_refused(store: Folder, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="shorter than 16 characters"):
        audit(store, tmp_path, key="short")


@pytest.mark.parametrize("role", ["", "  ", "octocat@example.org", "x" * 81])
def test_one_signs_off_as_a_role(tmp_path: Path, role: str) -> None:
    found = access.Access((access.Grant("hook", "1"),))
    with pytest.raises(ConfigError, match="Sign off as a role"):
        reviews.sign_off(Folder(tmp_path), found, role, world(tmp_path))


def test_what_nobody_could_read_cannot_be_signed_off(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to sign off: 403"):
        reviews.sign_off(Folder(tmp_path), access.Access((), {"hook": "403"}), "owner", world(tmp_path))


class _Busy(Folder):
    def swap(self, *_: object) -> bool:
        return False


def test_of_two_who_sign_off_at_once_one_is_told(tmp_path: Path) -> None:
    here = world(tmp_path, env={reviews.VARIABLE: SECRET})
    with pytest.raises(StoreError, match="at the same time"):
        reviews.sign_off(_Busy(tmp_path), access.Access((access.Grant("hook", "1"),)), "owner", here)


def test_nothing_of_a_person_is_in_the_store(store: Folder) -> None:
    (name,) = store.names("reviews")
    kept = store.read("reviews", name) + repr(memory.unpack(store.state("access-review") or b"", dict, "it")).encode()
    for secret in (b"octo", b"laptop", b"4711", b"****", b"s3cret", b"word"):
        assert secret not in kept


def test_a_value_that_is_not_registered_breaks_minimisation(store: Folder, tmp_path: Path) -> None:
    store.swap("stargazers", None, memory.pack(["octocat"]))
    store.swap(
        "github-issues-2026-11", None, memory.pack([{"number": 1, "title": "x", "updated": "2026-11-01T00:00:00Z"}])
    )
    found = audit(store, tmp_path)["data_minimisation_compliant"]
    assert (found.value, evidence(found)) == (0, "not registered: stargazers, title in github-issues-2026-11")


def test_a_row_past_its_days_breaks_retention(store: Folder, tmp_path: Path) -> None:
    old = Issue(number=1, created=datetime(2025, 5, 2, tzinfo=UTC), updated=datetime(2025, 6, 2, tzinfo=UTC))
    touched = Issue(number=2, created=datetime(2025, 5, 2, tzinfo=UTC), updated=datetime(2026, 6, 2, tzinfo=UTC))
    store.swap("github-issues-2025-05", None, memory.pack([old, touched]))
    found = audit(store, tmp_path)["data_retention_compliant"]
    assert (found.value, evidence(found)) == (0, "rows of more than 400 days in github-issues-2025-05: 1")


@pytest.mark.parametrize(("days", "said"), [(90, "rows of more than 90 days in github-issues-2026-06: 1"), (400, "")])
def test_rows_are_held_against_the_days_they_are_kept_for(store: Folder, tmp_path: Path, days: int, said: str) -> None:
    june = Issue(number=1, created=datetime(2026, 6, 2, tzinfo=UTC), updated=datetime(2026, 6, 2, tzinfo=UTC))
    store.swap("github-issues-2026-06", None, memory.pack([june]))
    store.swap(cursors.NAME, None, memory.pack(cursors.Cursors(days=days)))
    found = audit(store, tmp_path)["data_retention_compliant"]
    assert (found.value, said in evidence(found)) == (not said, True)


@pytest.mark.parametrize("updated", [None, 7, "yesterday", "2025-06-02T00:00:00"])
def test_a_row_whose_time_is_none_is_said(store: Folder, tmp_path: Path, updated: object) -> None:
    row = {"number": 1, "created": "2025-05-02T00:00:00Z", "updated": updated}
    store.swap("github-issues-2025-05", None, memory.pack([row]))
    with pytest.raises(DocumentError, match="github-issues-2025-05 in the store has a row whose `updated` is no time"):
        audit(store, tmp_path)


def test_a_month_that_is_none_is_not_registered(store: Folder, tmp_path: Path) -> None:
    store.swap("github-issues-2025-13", None, memory.pack([]))
    assert audit(store, tmp_path)["data_minimisation_compliant"].value == 0


def test_a_configuration_without_a_date_or_with_an_old_one_is_not_reviewed(store: Folder, tmp_path: Path) -> None:
    metric = "configuration_review_compliant"
    assert audit(store, tmp_path, options=compliance.Options())[metric].value is None
    assert audit(store, tmp_path, options=compliance.Options(reviewed=date(2026, 8, 24)))[metric].value == 0
    assert audit(store, tmp_path, options=compliance.Options(reviewed=date(2026, 8, 25)))[metric].value == 1


def test_a_review_to_come_and_a_level_without_days_are_refused(tmp_path: Path) -> None:
    here = world(tmp_path, now=lambda: NOW)
    with pytest.raises(ConfigError, match="`reviewed: 2026-11-26` of `use: compliance` is still to come"):
        compliance.check(compliance.Options(reviewed=date(2026, 11, 26)), here)
    with pytest.raises(ConfigError, match='"TRACE", which has no days'):
        compliance.check(compliance.Options(actions_logs="TRACE"), here)
    with pytest.raises(ConfigError, match='`log_retention_days` of `use: compliance` has "WARN", which is no level'):
        compliance.check(compliance.Options(actions_logs="WARN", log_retention_days={"WARN": 3}), here)
    compliance.check(OPTIONS, here)


def test_the_example_is_a_configuration(tmp_path: Path) -> None:
    settings = config.load(Path(__file__).parents[2] / "examples/compliance.yml")
    here = world(tmp_path, now=lambda: NOW)
    for number, step in enumerate(settings.kpis):
        collect.bind(step, f"collect[{number}]").check(here)
    (policy,) = [step.with_["log_retention_days"] for step in settings.kpis if step.use == "compliance"]
    assert policy == audit_rules.POLICY


def test_a_probe_names_each_missing_permission_once(tmp_path: Path) -> None:
    answers = {**ANSWERS, RETENTION: Refused(403), KEYS: Refused(403), SECRETS: Refused(403)}
    with hub(Endpoints(answers), tmp_path, now=lambda: NOW) as here:
        found = compliance.probe(OPTIONS, here)
    assert ["administration: read" in str(found[0]), "secrets: read" in str(found[1]), len(found)] == [True, True, 2]


def test_every_figure_has_a_published_definition() -> None:
    from edgetpu_ci.metrics import upkeep

    assert {kpi.metric.name for kpi in upkeep.COMPLIANCE} == ALL
