"""Minutes, prices and the month's end: each sum done by hand beside it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from edgetpu_ci import memory
from edgetpu_ci.github_rows import cursors
from edgetpu_ci.github_rows.spans import Span
from edgetpu_ci.kpis.rows import Job, WorkflowRun
from edgetpu_ci.memory import Forgetful
from edgetpu_ci.model import Measurement
from edgetpu_ci.upkeep import forecast, kept, minutes, rates, spending
from edgetpu_ci.upkeep.forecast import Bill
from edgetpu_ci.upkeep.minutes import Prices, Used
from edgetpu_ci.upkeep.rates import Rate

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PRIVATE, PUBLIC = Prices(public=False), Prices(public=True)
LINUX = ("ubuntu-latest",)
SECOND = timedelta(seconds=1)
ENDED = NOW - timedelta(minutes=1)


def job(name: str = "test", seconds: float = 60, *, ended: datetime = ENDED, **parts: object) -> Job:
    known = {"conclusion": "success", "started": ended - timedelta(seconds=seconds), "completed": ended}
    return Job(name=name, **{**known, **parts})  # type: ignore[arg-type]


def run(
    *jobs: Job, workflow: str = "ci.yml", created: datetime = NOW - timedelta(hours=1), **parts: object
) -> WorkflowRun:
    known = {
        "id": 1,
        "number": 1,
        "attempt": 1,
        "workflow": workflow,
        "event": "push",
        "branch": "main",
        "commit": "c0ffee",
        "status": "completed",
        "created": created,
        "updated": created,
        "jobs": jobs,
    }
    return WorkflowRun(**{**known, **parts})  # type: ignore[arg-type]


def spent(*runs: WorkflowRun, prices: Prices = PRIVATE, **parts: object) -> spending.Spent:
    known = {"uses": tuple(minutes.used(runs, prices, NOW)), "now": NOW, "first": NOW - timedelta(days=60)}
    return spending.Spent(**{**known, **parts})  # type: ignore[arg-type]


def measured(of: spending.Spent) -> dict[str, Measurement]:
    return {one.key: one for one in spending.measure(of)}


@pytest.mark.parametrize(("seconds", "counted"), [(0, 0), (1, 1), (60, 1), (61, 2), (3600, 60), (-5, 0)])
def test_each_begun_minute_counts_whole(seconds: float, counted: int) -> None:
    assert minutes.total(minutes.used([run(job(seconds=seconds))], PRIVATE, NOW)) == counted


def test_every_attempt_counts_and_skipped_jobs_do_not() -> None:
    first = job(seconds=90, ended=NOW - timedelta(minutes=30), attempt=1, conclusion="failure", labels=LINUX)
    again = job(seconds=90, attempt=2, labels=LINUX)
    skipped = job("deploy", seconds=600, conclusion="skipped")
    # ⌈90 s / 60⌉ = 2 minutes, twice.
    assert minutes.total(minutes.used([run(first, again, skipped, attempt=2)], PRIVATE, NOW)) == 4


def test_a_job_that_a_later_attempt_took_over_is_paid_once() -> None:
    again = NOW - timedelta(minutes=20)
    built = job("build", 600, ended=NOW - timedelta(minutes=40), attempt=1, labels=LINUX)
    failed = job("test", 300, ended=NOW - timedelta(minutes=30), attempt=1, conclusion="failure", labels=LINUX)
    repeated = job("test", 300, attempt=2, labels=LINUX)
    listed_again = structs.replace(built, attempt=2, created=again)
    # 10 for building, 5 twice for testing.
    whole = run(built, failed, listed_again, repeated, attempt=2, started=again)
    assert minutes.total(minutes.used([whole], PRIVATE, NOW)) == 20


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("ubuntu-latest", "linux"),
        ("Ubuntu-24.04", "linux"),
        ("ubuntu-slim", "linux_slim"),
        ("ubuntu-24.04-arm", "linux_arm"),
        ("windows-2025", "windows"),
        ("windows-11-arm", "windows_arm"),
        ("macos-15", "macos"),
        ("macos-15-intel", "macos"),
        ("macos-latest-xlarge", "macos_xl"),
        ("macos-14-large", "macos_l"),
        ("ubuntu-latest-4-cores", "linux_4_core"),
        ("windows-latest-8-cores", "windows_8_core"),
        ("self-hosted", "self-hosted"),
        ("our-big-one", ""),
    ],
)
def test_a_label_tells_the_kind_of_runner(label: str, kind: str) -> None:
    assert rates.sku([label], {}) == kind


def test_a_user_says_what_labels_stand_for() -> None:
    assert rates.sku(["Our-Big-One"], {"our-big-one": "linux_8_core"}) == "linux_8_core"
    assert rates.sku(["self-hosted", "gpu"], {"gpu": "linux_4_core_gpu"}) == "linux_4_core_gpu"


def test_a_rate_holds_from_its_day_on_and_ones_own_comes_first() -> None:
    assert rates.rate("linux", date(2025, 12, 31)) == 0.008
    assert rates.rate("linux", date(2026, 1, 1)) == 0.006
    own = [Rate(sku="linux", usd_per_minute=0.004, valid_from=date(2026, 6, 1))]
    assert rates.rate("linux", date(2026, 5, 31), own) == 0.006
    assert rates.rate("linux", date(2026, 6, 1), own) == 0.004
    assert rates.rate("self-hosted", date(2020, 1, 1)) == 0
    assert rates.rate("linux", date(2020, 1, 1)) is None
    assert rates.rate("", date(2026, 6, 1)) is None


def test_labels_of_a_job_are_those_of_the_newest_run_that_tells_them() -> None:
    old = run(job(labels=("macos-15",)), created=NOW - timedelta(days=2))
    new = run(job(labels=LINUX), created=NOW - timedelta(days=1))
    silent, other = run(job()), run(job(), workflow="other.yml")
    kinds = [(one.workflow, one.sku) for one in minutes.used([silent, new, old, other], PRIVATE, NOW)]
    assert kinds == [("ci.yml", "linux"), ("ci.yml", "linux"), ("ci.yml", "macos"), ("other.yml", "")]


def test_a_private_repository_pays_by_the_kind_of_runner_and_workflows_and_labels_are_told_apart() -> None:
    lint = run(job("lint", 60, labels=LINUX), workflow="lint.yml")
    test = run(
        job("linux", 600, labels=LINUX),
        job("mac", 600, labels=("macos-15",)),
        job("ours", 600, labels=("self-hosted",)),
    )
    found = measured(spent(lint, test))
    # 1 + 10 + 10 + 10 minutes; 11 × 0.006 + 10 × 0.062 = 0.066 + 0.62 = 0.686 USD.
    assert found["repository/minutes_month_to_date"].value == 31
    assert found["repository/cost_month_to_date_usd"].value == pytest.approx(0.686)
    assert found["ci.yml/workflow_cost_month_to_date_usd"].value == pytest.approx(0.68)
    assert found["lint.yml/workflow_minutes_month_to_date"].value == 1
    assert found["ubuntu-latest/runner_cost_month_to_date_usd"].value == pytest.approx(0.066)
    assert found["self-hosted/runner_cost_month_to_date_usd"].value == 0
    assert dict(found["repository/minutes_month_to_date"].details)["minutes"] == "10 self-hosted"
    assert dict(found["repository/minutes_month_to_date"].details)["window"] == (
        "2026-11-01 00:00 to 2026-11-25 12:00 UTC, the month so far"
    )


def test_a_public_repository_pays_for_larger_runners_alone() -> None:
    found = measured(
        spent(run(job(seconds=600, labels=LINUX), job("big", 600, labels=("macos-15-xlarge",))), prices=PUBLIC)
    )
    # 10 × 0.102; the 10 minutes on ubuntu-latest are free.
    assert found["repository/cost_month_to_date_usd"].value == pytest.approx(1.02)
    assert dict(found["repository/minutes_month_to_date"].details)["minutes"] == "10 free, 10 on larger runners"


def test_minutes_without_a_price_are_counted_apart_and_said() -> None:
    of = spent(
        run(job(seconds=600, labels=LINUX), job("gpu", 300, labels=("our-gpu",)), job("new", 60)), unread=2, ended=100
    )
    found = measured(of)
    assert found["repository/cost_month_to_date_usd"].value == pytest.approx(0.06)
    assert "6 without a price" in dict(found["repository/cost_month_to_date_usd"].details)["minutes"]
    assert found["our-gpu/runner_cost_month_to_date_usd"].value is None
    said = list(spending.incomplete(of))
    assert said[0].startswith("6 of 16 minutes of this month have no price")
    assert said[1].startswith("The jobs of 2 runs were not read yet")


def test_where_nothing_has_a_price_the_cost_is_not_known() -> None:
    found = measured(spent(run(job(labels=("our-gpu",))), budget=5.0))
    for name in ("cost_month_to_date_usd", "cost_forecast_usd", "budget_used_percent"):
        cost = found[f"repository/{name}"]
        assert (cost.value, cost.reason[:40]) == (None, "not known: of 1 minutes none has a price")


@pytest.mark.parametrize(
    ("labels", "runners", "step"),
    [
        (("our-gpu",), {}, "what kind of runner is our-gpu is not known; name it under `runners`"),
        (LINUX, {LINUX[0]: "linux_9_core"}, "there is no rate of linux_9_core; give one under `rates`"),
        ((), {}, "the labels of their jobs were not read yet"),
    ],
)
def test_what_has_no_price_is_said_with_what_is_missing_for_it(
    labels: tuple[str, ...], runners: dict[str, str], step: str
) -> None:
    of = spent(run(job(labels=labels)), prices=Prices(public=False, runners=runners))
    found = measured(of)
    assert found["repository/cost_forecast_usd"].value is None
    assert found["repository/cost_forecast_usd"].reason.endswith(step)
    (said,) = spending.incomplete(of)
    assert step in said


def test_without_kept_runs_nothing_is_known() -> None:
    assert {one.value for one in spending.measure(spent(first=None))} == {None}


def test_a_job_counts_in_the_month_and_at_the_rate_of_when_it_ended() -> None:
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    here = [job(name, 60, ended=at, labels=LINUX) for name, at in (("before", midnight - SECOND), ("on", midnight))]
    uses = minutes.used([run(*here, created=midnight - timedelta(hours=1))], PRIVATE, NOW)
    assert [one.usd for one in uses] == [0.008, 0.006]
    january = spending.Spent(uses=tuple(uses), now=midnight + timedelta(days=1), first=midnight - timedelta(days=60))
    assert [one.at for one in january.of_month] == [midnight]


def test_no_more_than_four_weeks_tell_the_rest_of_a_month() -> None:
    ends = {days: forecast.days_known(NOW - timedelta(days=days), NOW) for days in (5, 28, 60, -1)}
    assert (ends, forecast.days_known(None, NOW)) == ({5: 5, 28: 28, 60: 28, -1: 0}, 0)


def test_of_a_month_that_is_kept_in_part_no_sum_is_told() -> None:
    found = measured(spent(run(job(labels=LINUX)), first=NOW - timedelta(days=20), budget=5.0))
    assert {one.value for one in found.values()} == {None}
    assert found["repository/cost_month_to_date_usd"].reason == (
        "not known: runs are kept only from 2026-11-05 12:00 UTC on; `use: github` goes on reading, or its "
        "`retention_days` are too few"
    )


def test_where_the_jobs_of_many_runs_are_not_read_nothing_is_known() -> None:
    runs = [run(job(labels=LINUX)) for _ in range(18)] + [run(jobs=None), run(jobs=None)]
    unread, ended = minutes.unread(runs, NOW - timedelta(days=28))
    found = measured(spent(*runs, unread=unread, ended=ended))
    assert found["repository/minutes_month_to_date"].reason == "not known: the jobs of 2 of 20 runs were not read"
    assert found["repository/cost_forecast_usd"].value is None
    assert minutes.unread([*runs, run(status="in_progress", jobs=None)], NOW) == (0, 0)


def test_a_month_without_a_run_costs_nothing() -> None:
    assert measured(spent())["repository/cost_month_to_date_usd"].value == 0


def test_included_minutes_pay_for_standard_runners_and_weigh_by_system() -> None:
    uses = run(
        job("linux", 6000, labels=LINUX),
        job("windows", 3000, labels=("windows-latest",)),
        job("big", 600, labels=("ubuntu-latest-4-cores",)),
    )
    # List: linux 100 × 0.006 = 0.60, windows 50 × 0.010 = 0.50, larger 10 × 0.012 = 0.12.
    # Included minutes used: 100 + 2 × 50 = 200. With 150 included, 50 of 200 are paid: 1.10 / 4 + 0.12 = 0.395.
    assert measured(spent(uses, included=150))["repository/cost_month_to_date_usd"].value == pytest.approx(0.395)
    assert measured(spent(uses, included=2000))["repository/cost_month_to_date_usd"].value == pytest.approx(0.12)


def test_the_budget_says_what_is_used_of_it() -> None:
    found = measured(spent(run(job(seconds=6000, labels=LINUX)), budget=5.0))
    # 100 × 0.006 = 0.60 of 5.00.
    assert found["repository/budget_used_percent"].value == pytest.approx(12)
    assert "repository/budget_used_percent" not in measured(spent())
    assert "repository/budget_used_percent" not in measured(spent(first=None))


def daily(usd: float, days: int, *, kind: str = "linux") -> list[Used]:
    """The same cost at noon less an hour of each of the last days."""
    ends = [NOW - timedelta(days=day, hours=1) for day in range(days)]
    return [Used(at=at, workflow="ci.yml", labels=LINUX, minutes=10, sku=kind, usd=usd) for at in reversed(ends)]


def test_the_forecast_of_equal_days_is_certain() -> None:
    found = forecast.forecast(daily(2.0, 28), 28, 0, NOW)
    # 25 days of November so far: 50 USD. 5.5 days are left: 11 USD.
    assert found.usd == pytest.approx(61)
    assert found.interval == pytest.approx((61, 61))


def test_the_forecast_of_unequal_days_has_their_spread() -> None:
    uses = [
        Used(at=one.at, workflow="", labels=(), minutes=1, sku="linux", usd=4.0 * (n % 2))
        for n, one in enumerate(daily(0, 28))
    ]
    found = forecast.forecast(uses, 28, 0, NOW)
    # Days of 0 and 4: mean 2, variance 28 × 4 / 27 = 4.1481; the sum of the 5.5 days left has
    # 4.1481 × (5.5 + 5.5² / 28) = 27.296, its root 5.2246; times Student's 2.0518 for 27 degrees of freedom: 10.72.
    # So far: 13 of the 25 days, 52 USD.
    assert found.usd == pytest.approx(52 + 11)
    assert found.interval == pytest.approx((63 - 10.72, 63 + 10.72), abs=0.01)


def test_the_forecast_takes_off_at_the_end_what_is_included() -> None:
    # 30.5 days of 10 minutes are 305 included minutes used, of list price 61; 200 are included: 61 × 105 / 305 = 21.
    assert forecast.forecast(daily(2.0, 28), 28, 200, NOW).usd == pytest.approx(21)


def test_a_forecast_needs_seven_days() -> None:
    early = datetime(2026, 11, 3, tzinfo=UTC)
    found = measured(spent(first=early - timedelta(days=6), now=early))["repository/cost_forecast_usd"]
    assert found.reason == "not known: runs are kept of 6 days; 7 are needed"


def test_the_forecast_says_how_it_stands_to_the_budget() -> None:
    # 61 USD of equal days, and of days that differ by a few cents.
    uneven = [*daily(2.0, 27), structs.replace(daily(2.0, 28)[0], usd=1.5)]
    for uses, budget, said in (
        (tuple(daily(2.0, 28)), 70, "within"),
        (tuple(daily(2.0, 28)), 50, "beyond"),
        (tuple(uneven), 61, "not sure to be within"),
    ):
        found = measured(spent(uses=uses, budget=float(budget)))["repository/cost_forecast_usd"]
        assert dict(found.details)["budget"] == f"{said} {budget}.00 USD"


@given(
    costs=st.lists(st.floats(0, 1e6), min_size=28, max_size=28),
    included=st.floats(0, 1e4),
    hour=st.integers(0, 30 * 24 - 1),
)
def test_a_forecast_lies_in_its_interval_and_is_no_less_than_what_was_spent(
    costs: list[float], included: float, hour: int
) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=hour)
    uses = [
        Used(at=now - timedelta(days=28 - n, hours=-1), workflow="", labels=(), minutes=5, sku="linux", usd=cost)
        for n, cost in enumerate(costs)
    ]
    found = forecast.forecast(uses, 28, included, now)
    so_far = forecast.bill(minutes.between(uses, forecast.month(now)[0], now)).net(included)
    low, high = found.interval
    slack = 1e-9 * (1 + high)
    assert so_far - slack <= low <= found.usd + slack
    assert found.usd <= high + slack


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_no_bill_is_negative_or_above_its_list_price(
    standard: float, larger: float, used: float, included: float
) -> None:
    assert larger <= Bill(standard, larger, used).net(included) <= standard + larger


def test_students_quantiles_are_those_of_the_tables() -> None:
    from scipy.stats import t

    for freedom in range(6, 28):
        assert forecast.student(freedom) == pytest.approx(t.ppf(0.975, freedom), rel=0.003)


def test_a_month_begins_at_its_first_day_in_utc() -> None:
    at = datetime.fromisoformat("2026-12-31T23:30:00-02:00")
    assert forecast.month(at) == (datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC))


def test_of_a_month_that_was_erased_or_lost_in_part_no_sum_is_told() -> None:
    reason = measured(spent(run(), first=NOW - timedelta(days=1), erased="rows before 2026-11-24 were erased"))
    assert reason["repository/minutes_month_to_date"].reason == "not known: rows before 2026-11-24 were erased"


@pytest.mark.parametrize("data", [None, b"", b"no gzip"])
def test_runs_that_are_lost_in_the_store_are_not_taken_for_none(data: bytes | None) -> None:
    known = cursors.Cursors(runs=(Span(NOW - timedelta(days=90), NOW),), held=(name := f"github-runs-{NOW:%Y-%m}",))
    state = Forgetful({cursors.NAME: memory.pack(known)})
    state.swap(name, None, data)
    found = kept.ended(state, NOW - timedelta(days=30))
    assert (found.runs, found.since) == ((), NOW)
