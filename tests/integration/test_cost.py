"""`use: cost` against a GitHub that answers or refuses: what it may not read costs only that figure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edgetpu_ci import collect, memory
from edgetpu_ci.collect import cost
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.github_rows import cursors
from edgetpu_ci.github_rows.cursors import Cursors
from edgetpu_ci.github_rows.spans import Span
from edgetpu_ci.kpis.rows import Job, WorkflowRun
from edgetpu_ci.model import Measurement
from edgetpu_ci.upkeep.rates import Rate
from edgetpu_ci.upkeep.services import Service
from tests.fakes.endpoints import Endpoints, Refused, hub
from tests.fakes.world import world
from tests.unit import test_github_rows as rows

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
REPO = "/repos/owner/name"
ARTIFACTS, CACHES = f"{REPO}/actions/artifacts", f"{REPO}/actions/cache/usage"
RETENTION = f"{REPO}/actions/permissions/artifact-and-log-retention"
BILL = "/organizations/owner/settings/billing/usage/summary"


def artifact(megabytes: int, day: int, *, expired: bool = False) -> dict[str, object]:
    created = f"2026-11-{day:02}T12:00:00Z"
    return {"size_in_bytes": megabytes * 10**6, "expired": expired, "created_at": created}


def line(sku: str, quantity: float, net: float, **parts: object) -> dict[str, object]:
    known = {"product": "Actions", "sku": sku, "unitType": "minutes", "pricePerUnit": 0.006}
    return {**known, "grossQuantity": quantity, "grossAmount": quantity * 0.006, "netAmount": net, **parts}


ANSWERS: Mapping[str, object] = {
    REPO: {"private": True, "owner": {"login": "owner", "type": "Organization"}},
    ARTIFACTS: (
        {"artifacts": [artifact(500, 24), artifact(250, 23, expired=True)]},
        {"artifacts": [artifact(1500, 15)]},
        {"artifacts": [artifact(9000, 2, expired=True)]},
        {"artifacts": [artifact(9000, 1)]},
    ),
    CACHES: {"active_caches_size_in_bytes": 2_500_000_000, "active_caches_count": 7},
    RETENTION: {"days": 90, "maximum_allowed_days": 400},
    BILL: {
        "timePeriod": {"year": 2026, "month": 11},
        "usageItems": [
            line("Actions Linux", 90, 0.5),
            line("Actions storage", 744, 0.25, unitType="GigabyteHours", pricePerUnit=0.00034),
        ],
    },
}


def kept(*more: WorkflowRun) -> memory.Forgetful:
    """One run of 10 minutes on Linux, yesterday, and one of October."""
    state = memory.Forgetful()
    state.swap(cursors.NAME, None, memory.pack(Cursors(runs=(Span(NOW - timedelta(days=90), NOW),))))
    for ended in (NOW - timedelta(days=1), NOW - timedelta(days=40)):
        started = ended - timedelta(minutes=10)
        job = Job(name="test", conclusion="success", started=started, completed=ended, labels=("ubuntu-latest",))
        rows = [one for one in (run(1, started, job), *more) if one.created.month == ended.month]
        state.swap(f"github-runs-{ended:%Y-%m}", None, memory.pack(rows))
    return state


def run(number: int, created: datetime, job: Job) -> WorkflowRun:
    return WorkflowRun(
        id=number,
        number=number,
        attempt=1,
        workflow="ci.yml",
        event="push",
        branch="main",
        commit="c0ffee",
        status="completed",
        created=created,
        updated=created,
        jobs=(job,),
    )


def measured(
    folder: Path, options: cost.Options | None = None, answers: Mapping[str, object] = ANSWERS
) -> dict[str, Measurement]:
    with hub(Endpoints(answers), folder, now=lambda: NOW) as here:
        found = cost.collect_remembering(options or cost.Options(), kept(), here)
    return {one.metric: one for one in found.measurements if one.subject == "repository"}


def test_everything_that_may_be_read_is_told(tmp_path: Path) -> None:
    found = measured(tmp_path, cost.Options(budget_usd=6, monitoring=Service(usd_per_month=8)))
    values = {name: one.value for name, one in found.items()}
    assert values.pop("cost_forecast_usd") == pytest.approx(0.06 + 5.5 * 0.06 / 28)
    assert values == {
        "minutes_month_to_date": 10,
        "cost_month_to_date_usd": pytest.approx(0.06),
        "budget_used_percent": pytest.approx(1),
        "billed_month_to_date_usd": pytest.approx(0.75),
        # The third page has only what expired: the fourth is not read.
        "artifact_storage_gb": pytest.approx(2.0),
        # 0.5 GB × 24 h + 1.5 GB × 240 h = 372 GB-hours × 0.00034.
        "artifact_storage_cost_usd": pytest.approx(0.12648),
        "cache_storage_gb": pytest.approx(2.5),
        "artifact_retention_days": 90,
        "api_calls_used": 7,
        "monitoring_cost_usd": 8,
    }
    assert all("window" in dict(one.details) for one in found.values() if one.value is not None)


def test_requests_are_counted_and_what_is_left_is_told(tmp_path: Path) -> None:
    found = measured(tmp_path)["api_calls_used"]
    assert dict(found.details)["limit of core"] == "7 requests"


def test_a_run_of_last_month_that_was_run_again_in_this_one_counts_in_this_one(tmp_path: Path) -> None:
    ended = datetime(2026, 11, 10, tzinfo=UTC)
    again = Job(name="test", started=ended - timedelta(minutes=3), completed=ended, attempt=2)
    state = kept(run(2, datetime(2026, 10, 15, tzinfo=UTC), again))
    with hub(Endpoints(ANSWERS), tmp_path, now=lambda: NOW) as here:
        found = {one.key: one for one in cost.collect_remembering(cost.Options(), state, here).measurements}
    assert found["repository/minutes_month_to_date"].value == 13


def test_minutes_are_those_of_the_rows_that_are_kept(tmp_path: Path) -> None:
    # Six runs a day of two jobs of 50 s; the 11th of April begins. Few runs were looked at in detail: of the others the
    # labels are those of the same jobs. 10 days × 6 × 2 × 1 minute = 120; × 0.006 = 0.72 USD; 30 such days = 2.16 USD.
    state = memory.Forgetful()
    here = world(tmp_path, now=lambda: rows.NOW)
    collect.github.measure(rows.repository(runs=600), collect.github.Options(), state, here)
    answers = {
        **ANSWERS,
        BILL: {"timePeriod": {"year": 2026, "month": 4}, "usageItems": [line("actions_linux", 125, 0.75)]},
    }
    with hub(Endpoints(answers), tmp_path, now=lambda: rows.NOW) as job:
        collected = cost.collect_remembering(cost.Options(), state, job)
    found = {one.key: one for one in collected.measurements}
    assert collected.incomplete == ()
    assert found["repository/minutes_month_to_date"].value == 120
    assert found["ubuntu-latest/runner_cost_month_to_date_usd"].value == pytest.approx(0.72)
    assert found["repository/cost_forecast_usd"].value == pytest.approx(2.16)
    bill = dict(found["repository/billed_month_to_date_usd"].details)
    assert bill["jobs, by our count"] == "0.72 USD; by GitHub's 0.75 USD"


def test_the_bill_is_asked_for_by_month_so_that_it_does_not_stand_still_on_its_first_day(tmp_path: Path) -> None:
    endpoints = Endpoints(ANSWERS)
    with hub(endpoints, tmp_path, now=lambda: NOW) as here:
        cost.collect_remembering(cost.Options(), kept(), here)
    (query,) = [query for path, query in endpoints.asked if path == BILL]
    assert query == {"year": "2026", "month": "11", "repository": "owner/name", "product": "actions"}
    assert len([path for path, _ in endpoints.asked if path == ARTIFACTS]) == 3
    frozen = {**ANSWERS, BILL: {"timePeriod": {"year": 2026, "month": 11, "day": 1}, "usageItems": []}}
    found = measured(tmp_path, answers=frozen)["billed_month_to_date_usd"]
    assert found.reason == "not known: GitHub's bill is not of 2026-11, but of 2026-11-1"


def test_a_users_bill_is_at_another_place(tmp_path: Path) -> None:
    place = "/users/owner/settings/billing/usage/summary"
    answers = {**ANSWERS, REPO: {"private": True, "owner": {"login": "owner", "type": "User"}}, place: ANSWERS[BILL]}
    assert measured(tmp_path, answers=answers)["billed_month_to_date_usd"].value == pytest.approx(0.75)


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize(
    ("path", "lost", "permission"),
    [
        (BILL, {"billed_month_to_date_usd"}, "organization-administration: read"),
        (ARTIFACTS, {"artifact_storage_gb", "artifact_storage_cost_usd"}, "actions: read"),
        (CACHES, {"cache_storage_gb"}, "actions: read"),
        (RETENTION, {"artifact_retention_days"}, "administration: read"),
        (
            REPO,
            {
                "minutes_month_to_date",
                "cost_month_to_date_usd",
                "cost_forecast_usd",
                "budget_used_percent",
                "billed_month_to_date_usd",
                "artifact_storage_cost_usd",
            },
            "metadata: read",
        ),
    ],
)
def test_what_is_refused_costs_its_own_figures_and_names_the_permission(
    tmp_path: Path, path: str, lost: set[str], permission: str, status: int
) -> None:
    options = cost.Options(storage_usd_per_gb_month=0.25, budget_usd=5)
    before, found = measured(tmp_path, options), measured(tmp_path, options, {**ANSWERS, path: Refused(status)})
    gone = {name for name, one in found.items() if one.value is None and before[name].value is not None}
    assert gone == lost
    for name in lost:
        assert found[name].reason.startswith(f"not known: GitHub answered {status}")
        assert (permission in found[name].reason) == (status != 500)


def test_a_price_of_storage_that_was_given_comes_first(tmp_path: Path) -> None:
    # 372 GB-hours of the 720 of November, at 0.25 USD a GB-month.
    found = measured(tmp_path, cost.Options(storage_usd_per_gb_month=0.25))["artifact_storage_cost_usd"]
    assert found.value == pytest.approx(372 / 720 * 0.25)


def test_what_was_stored_before_the_month_costs_from_its_beginning_on(tmp_path: Path) -> None:
    old = {"size_in_bytes": 10**9, "created_at": "2026-10-01T00:00:00Z"}
    unknown = {"size_in_bytes": 10**9}
    found = measured(tmp_path, answers={**ANSWERS, ARTIFACTS: {"artifacts": [old, unknown]}})
    # 2 GB × 588 hours of November until now × 0.00034.
    assert found["artifact_storage_cost_usd"].value == pytest.approx(2 * 588 * 0.00034)


def test_a_price_of_a_month_on_the_bill_is_one_of_its_hours(tmp_path: Path) -> None:
    month = line("actions_storage", 1, 0.25, unitType="GigabyteMonths", pricePerUnit=0.25)
    bill = {"timePeriod": {"year": 2026, "month": 11}, "usageItems": [month]}
    found = measured(tmp_path, answers={**ANSWERS, BILL: bill})["artifact_storage_cost_usd"]
    assert found.value == pytest.approx(372 / 720 * 0.25)


def test_where_a_gap_was_not_read_yet_runs_are_kept_from_after_it_on(tmp_path: Path) -> None:
    state = kept()
    known = Span(NOW - timedelta(days=90), NOW - timedelta(days=9)), Span(NOW - timedelta(days=3), NOW)
    state.kept[cursors.NAME] = memory.pack(Cursors(runs=known))
    with hub(Endpoints(ANSWERS), tmp_path, now=lambda: NOW) as here:
        found = {one.key: one for one in cost.collect_remembering(cost.Options(), state, here).measurements}
    assert "runs are kept only from 2026-11-22 12:00 UTC on" in found["repository/minutes_month_to_date"].reason


def test_what_nobody_gave_a_price_for_is_not_measured(tmp_path: Path) -> None:
    found = measured(tmp_path, answers={**ANSWERS, BILL: Refused(403)})
    assert {
        name for name in found if "storage_cost" in name or name.endswith(("ing_cost_usd", "ion_cost_usd"))
    } == set()
    assert "budget_used_percent" not in found


def test_a_public_repository_stores_artifacts_for_nothing(tmp_path: Path) -> None:
    public = {**ANSWERS, REPO: {"private": False, "owner": {"login": "owner", "type": "Organization"}}}
    found = measured(tmp_path, cost.Options(storage_usd_per_gb_month=0.25), public)["artifact_storage_cost_usd"]
    assert (found.value, dict(found.details)["price"]) == (0, "none: a public repository")


def test_of_more_artifacts_than_are_read_nothing_is_said(tmp_path: Path) -> None:
    pages = tuple({"artifacts": [artifact(100, 24)]} for _ in range(25))
    found = measured(tmp_path, answers={**ANSWERS, ARTIFACTS: pages})["artifact_storage_gb"]
    assert found.reason == "not known: more than 2,000 artifacts are alive, at least 2 GB"


def test_a_service_costs_what_was_given_and_is_called_an_estimate(tmp_path: Path) -> None:
    # 5 + 1,200 × 0.01 = 17 USD.
    service = Service(usd_per_month=5, usd_per_unit=0.01, units=1200)
    found = measured(tmp_path, cost.Options(logs=service))
    assert found["log_storage_cost_usd"].value == pytest.approx(17)
    assert dict(found["log_storage_cost_usd"].details)["estimated"] == "5 USD a month + 1200 × 0.01 USD"
    assert {"notification_cost_usd", "monitoring_cost_usd"}.isdisjoint(found)


def test_without_kept_runs_minutes_are_not_known(tmp_path: Path) -> None:
    with hub(Endpoints(ANSWERS), tmp_path, now=lambda: NOW) as here:
        found = {one.metric: one for one in cost.collect(cost.Options(), here).measurements}
    assert "list `use: github`" in found["minutes_month_to_date"].reason
    assert found["cache_storage_gb"].value == pytest.approx(2.5)


def test_a_kind_of_runner_without_a_rate_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='calls big a "linux_5_core", which has no rate; did you mean linux_'):
        cost.check(cost.Options(runners={"big": "linux_5_core"}), world(tmp_path))
    rate = Rate(sku="linux_5_core", usd_per_minute=0.01, valid_from=NOW.date())
    cost.check(cost.Options(runners={"big": "linux_5_core", "ours": "self-hosted"}, rates=(rate,)), world(tmp_path))


def test_every_figure_has_a_published_definition(tmp_path: Path) -> None:
    from edgetpu_ci.metrics import upkeep

    with hub(Endpoints(ANSWERS), tmp_path, now=lambda: NOW) as here:
        found = cost.collect_remembering(cost.Options(), kept(), here)
    assert {one.metric for one in found.measurements} <= {kpi.metric.name for kpi in upkeep.COST}
