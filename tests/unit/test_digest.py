"""The digest of a week: what it says in each rendering, and that nothing missing counts as good."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from edgetpu_ci import metrics
from edgetpu_ci.config import durations
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.digest import Known, compose, composing, week
from edgetpu_ci.digest.record import Digest
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.model import Report, Verdict, Weight
from edgetpu_ci.render.digest import html, markdown, said
from edgetpu_ci.render.slack import digest as slack
from edgetpu_ci.render.slack.message import Message
from tests.fakes import digests, snapshots
from tests.fakes.digests import NOW, STREAK, WEEK, days_before, known
from tests.fakes.kpi_reports import figure
from tests.fakes.slack import active, faults

STORIES = (
    digests.digest_quiet,
    digests.digest_attention,
    digests.digest_incomplete,
    digests.digest_stale,
    digests.digest_only_kpis,
    digests.digest_only_benchmarks,
    digests.digest_empty,
    digests.digest_hostile,
    digests.digest_huge,
)
every_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)


def messages(known: Known) -> list[Message]:
    """All that is sent to Slack of it, by a bot and by a webhook."""
    digest, kpis = compose(known), next(iter(known.kpis), None)
    details = slack.thread(digest, kpis)
    return [slack.whole(digest, threaded=True), slack.whole(digest, threaded=False), *([details] if details else [])]


@every_story
def test_it_reads_as_it_was_read(story: Callable[[], Known]) -> None:
    snapshots.check(f"{story.__name__}.md", markdown.text(compose(story())))


def test_its_page_reads_as_it_was_read() -> None:
    snapshots.check("digest_attention.html", html.page(compose(digests.digest_attention())))


def test_in_slack_it_reads_as_it_was_read() -> None:
    told = [msgspec.to_builtins(message) for message in messages(digests.digest_attention())]
    snapshots.check("digest_attention_slack.json", json.dumps(told, indent=1, ensure_ascii=False))


@every_story
def test_slack_takes_every_message_and_nobody_is_called_by_one(story: Callable[[], Known]) -> None:
    for message in messages(story()):
        assert faults(msgspec.to_builtins(message)) == []
        assert active(msgspec.to_builtins(message)) == []
    assert len(messages(story())[0].blocks) <= slack.MOST


def test_a_quiet_week_is_three_blocks() -> None:
    digest = compose(digests.digest_quiet())
    assert said.title(digest) == "edgetpu-ci — week 47: all green, 9 steady"
    assert [block["type"] for block in slack.whole(digest, threaded=True).blocks] == ["header", "section", "context"]


@every_story
def test_a_page_loads_nothing_and_runs_nothing(story: Callable[[], Known]) -> None:
    page = html.page(compose(story()))
    assert not re.search(r"<(script|img|link|iframe|object|form)|javascript:|\bon\w+=|url\(|@import", page)
    assert {address.split("/")[2] for address in re.findall('href="([^"]*)"', page)} <= {"github.com"}


def without(known: Known, *names: str) -> Known:
    """The same where these figures are not known."""
    run = known.kpis[0].run
    gone = tuple(
        replace(m, value=None, reason="not known: refused", earlier=None) if m.metric in names else m
        for m in run.measurements
    )
    return replace(known, kpis=(replace(known.kpis[0], run=replace(run, measurements=gone)), *known.kpis[1:]))


def kpis_with(known: Known, **parts: object) -> Known:
    """The same where the newest run of key figures has other parts."""
    run = replace(known.kpis[0].run, **parts)
    return replace(known, kpis=(replace(known.kpis[0], run=run), *known.kpis[1:]))


QUIET = digests.digest_quiet()


@pytest.mark.parametrize(
    "spoilt",
    [
        without(QUIET, "build_success_rate"),
        without(QUIET, "minutes_month_to_date"),
        without(QUIET, "vulnerable_dependencies"),
        kpis_with(QUIET, incomplete=("Runs were not read.",)),
        kpis_with(QUIET, dependencies=(digests.WEAK,)),
        replace(QUIET, wanted=(*QUIET.wanted, "pypi")),
        replace(QUIET, incidents=(digests.incident(),)),
        digests.digest_stale(),
        digests.digest_empty(),
        replace(QUIET, kpis=tuple(replace(report, verdicts=()) for report in QUIET.kpis), benchmarks=()),
    ],
    ids=["figure", "cost", "security", "incomplete", "weak", "collector", "incident", "stale", "empty", "no demand"],
)
def test_what_is_missing_or_grave_is_never_green(spoilt: Known) -> None:
    digest = compose(spoilt)
    assert not digest.is_quiet
    assert "all green" not in markdown.text(digest)


def test_what_may_be_unknown_is_neither_steady_nor_a_gate_that_is_not_known() -> None:
    counted: tuple[tuple[Weight, int, int], ...] = (("pass", 5, 0), ("warn", 6, 1))
    for weight, judged, unknown in counted:
        verdict = Verdict(subject="x", metric="security_score", status="unknown", weight=weight, because="not scanned")
        report = replace(QUIET.kpis[0], verdicts=(*QUIET.kpis[0].verdicts, verdict))
        digest = compose(replace(QUIET, kpis=(report, *QUIET.kpis[1:])))
        assert (digest.gates[0].judged, digest.gates[0].unknown) == (judged, unknown)
        assert digest.steady == compose(QUIET).steady


def titles(digest: Digest) -> list[str]:
    """What needs attention, by name."""
    return [one.name or one.metric for one in digest.attention]


def test_the_gravest_comes_first_and_a_figure_an_incident_is_about_is_not_said_twice() -> None:
    coverage = AlertRule(name="test_coverage_drop", match="*/code_coverage", below=80, owner="quality-team")
    story = digests.digest_attention()
    dropped = digests.incident(coverage, 2)
    both = compose(replace(story, incidents=(dropped, *story.incidents), rules=(coverage, STREAK)))
    assert titles(both) == [
        "build_failure_streak",
        "throughput_sustained_fps",
        "build_success_rate",
        "test_coverage_drop",
    ]
    assert both.attention[-1].owner == "quality-team"
    assert (len(compose(story).attention), both.steady) == (4, compose(story).steady)


def test_of_a_rule_that_is_gone_an_incident_is_still_told() -> None:
    digest = compose(replace(QUIET, incidents=(digests.incident(),), rules=()))
    assert titles(digest) == ["build_failure_streak"]


def test_who_acknowledged_is_not_named_and_what_is_over_is_not_told() -> None:
    taken = digests.incident(acknowledged_at=NOW, acknowledged_by="octocat")
    over = digests.incident(number=2, resolved_at=NOW)
    text = markdown.text(compose(replace(QUIET, incidents=(taken, over))))
    assert "build failure streak (critical, acknowledged)" in text
    assert "1 needs attention" in text
    assert "octocat" not in text


def test_a_muted_incident_asks_for_nobody_and_is_not_green() -> None:
    digest = compose(replace(QUIET, incidents=(digests.incident(),), muted=frozenset({"f" * 16})))
    assert (digest.attention, digest.is_quiet) == ((), False)
    assert "1 open incident is muted." in markdown.text(digest)


def reports(*coverages: tuple[int, float]) -> tuple[Report, ...]:
    """Reports so many days before with that coverage, newest first."""
    return tuple(digests.kpis(days_before(days), digests.headlines(coverage=value)) for days, value in coverages)


@pytest.mark.parametrize(
    ("story", "since"),
    [
        (reports((0, 70.0), (1, 70.0), (2, 70.0), (3, 91.0), (7, 70.0)), "since Wed 18 Nov"),
        (reports((0, 70.0), (1, 91.0), (2, 70.0)), "since Fri 20 Nov"),
        (reports((0, 70.0), (1, 70.0), (7, 70.0)), "at least since Fri 13 Nov"),
    ],
)
def test_since_when_something_does_not_hold_is_the_start_of_an_unbroken_row(
    story: tuple[Report, ...], since: str
) -> None:
    text = markdown.text(compose(known(kpis=story)))
    assert f"**test coverage**: 70 % → ≥ 80 % · {since} · [run]" in text


def test_each_machine_counts_with_its_newest_report_and_is_named_where_there_are_several() -> None:
    bad = digests.benchmark(days_before(1), errors=3)
    other = replace(bad.run.machine, key="another", host="pi4-2")
    there = digests.benchmark(days_before(2), errors=4)
    both = (bad, replace(there, run=replace(there.run, machine=other)), digests.benchmark(days_before(3), errors=5))
    text = markdown.text(compose(known(benchmarks=both)))
    assert "mobilenet_v2 · error rate · pi4-2" in text
    assert "4 of 8 broken" in text
    assert "5.000 %" not in text


def test_of_several_machines_a_loss_says_on_which() -> None:
    lost = digests.benchmark(days_before(1), history=(digests.slower(),))
    there = replace(lost.run, machine=replace(lost.run.machine, key="another", host="pi4-2"))
    both = compose(known(benchmarks=(lost, replace(lost, run=there, history=()))))
    assert "Largest regression: **mobilenet_v2 · throughput sustained · pi5-usb-1** 11 % slower" in markdown.text(both)


def test_reports_that_were_too_many_to_read_are_counted() -> None:
    assert "7 older reports of the week were not read." in markdown.text(compose(known(left=7)))


def test_a_loss_before_the_week_still_needs_attention_and_is_not_the_weeks_largest() -> None:
    old = digests.slower(days_before(20))
    digest = compose(known(benchmarks=(digests.benchmark(days_before(1), history=(old,)),)))
    assert titles(digest) == ["throughput_sustained_fps"]
    assert digest.worst is None
    assert "no change beyond noise in 1 run" in markdown.text(digest)


def test_what_is_only_suspected_and_what_is_a_gain_are_no_loss() -> None:
    slower = digests.slower()
    doubt = replace(slower, shifts=tuple(replace(shift, tier="suspected") for shift in slower.shifts))
    digest = compose(
        known(benchmarks=(digests.benchmark(days_before(1), history=(doubt,), comparisons=(digests.WIN,)),))
    )
    assert (digest.worst, digest.best and digest.best.subject) == (None, "yolo_nano")
    lost = compose(known(benchmarks=(digests.benchmark(days_before(1), history=(slower,)),)))
    assert (lost.worst and lost.worst.subject, lost.best) == ("mobilenet_v2", None)


def test_the_largest_loss_and_gain_that_are_felt_are_told_not_the_newest() -> None:
    small = replace(digests.WIN, subject="small", ratio=1.02, head=119.5)
    lost = replace(digests.WIN, subject="lost", finding="regressed", ratio=0.5, head=58.6, interval=(0.49, 0.51))
    less = replace(lost, subject="less", ratio=0.9)
    grown = replace(lost, subject="grown", metric="latency_p99_ms", ratio=1.7)
    fact = replace(lost, subject="fact", metric="macs_millions", ratio=9.0)
    newest = digests.benchmark(days_before(0), comparisons=(small, less))
    earlier = digests.benchmark(days_before(2), comparisons=(digests.WIN, lost, grown, fact))
    digest, alone = (
        compose(known(benchmarks=story))
        for story in ((newest, earlier), (digests.benchmark(days_before(2), comparisons=(fact,)),))
    )
    assert [one and one.subject for one in (digest.worst, digest.best, alone.worst)] == ["grown", "yolo_nano", "fact"]


def test_an_arrow_stands_only_where_a_figure_moved() -> None:
    pairs = {pair.name: pair.value for pair in said.of(compose(digests.digest_attention())).pairs}
    assert pairs["build success rate"] == "84.3 % ▼ from 98.1 % · n=142"
    assert pairs["PR merge time"] == "9.1 h steady · p75 31.0 h · n=17"
    assert pairs["deployments"] == "2/week · n=9"


def test_two_hundred_figures_and_five_hundred_incidents_are_counted_and_three_shown() -> None:
    told = said.of(compose(digests.digest_huge()))
    assert (len(told.attention), told.more) == (3, 697)
    assert len(html.page(compose(digests.digest_huge()))) < 20_000


def test_a_figure_of_many_thousands_of_characters_stays_a_line() -> None:
    names = ("build_success_rate", "run_duration_seconds")
    measured = (*(figure(name, None, reason="because " * 5000) for name in names), *digests.headlines()[4:])
    story = known(kpis=(digests.kpis(days_before(0), measured, branch="b" * 5000),), repository="r" * 5000)
    for message in messages(story):
        assert faults(msgspec.to_builtins(message)) == []
    assert len(markdown.text(compose(story))) < 5000


@pytest.mark.parametrize(
    ("at", "name"),
    [
        (datetime(2026, 11, 23, 6, 7, tzinfo=UTC), "2026-W47"),
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), "2026-W47"),
        (datetime(2026, 11, 24, 0, 0, tzinfo=UTC), "2026-W48"),
        (datetime(2027, 1, 1, 12, 0, tzinfo=UTC), "2026-W53"),
        (datetime(2024, 12, 31, 12, 0, tzinfo=UTC), "2025-W01"),
    ],
)
def test_a_digest_is_of_the_week_of_the_day_before(at: datetime, name: str) -> None:
    assert week.lately(at).name == name
    assert week.parse(name) == week.lately(at)


def test_a_week_begins_on_monday_and_ends_with_the_next() -> None:
    assert (WEEK.start, WEEK.end) == (datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))
    assert WEEK.before.name == "2026-W46"


@pytest.mark.parametrize("name", ["2026-W54", "2026-W00", "2026-47", "W47", "", "2026-W471", "9999-W52", "0001-W01"])
def test_other_names_are_no_weeks(name: str) -> None:
    with pytest.raises(ConfigError, match="write the year and the number of ISO 8601, such as 2026-W47"):
        week.parse(name)


def test_a_monday_tells_of_the_whole_week_before() -> None:
    monday = WEEK.end + timedelta(hours=6)
    text = markdown.text(compose(known(now=monday)))
    assert "Mon 16 Nov to Sun 22 Nov 2026, UTC" in text
    assert "KPIs 3 d old" in text


def test_every_figure_that_is_looked_for_is_in_the_catalogue() -> None:
    assert all(metrics.published(name) for name in (*composing.HEADLINES, *composing.SECURITY, *composing.COST))


def test_an_address_with_a_query_is_one_in_a_page() -> None:
    page = html.page(compose(kpis_with(QUIET, url="https://github.com/octo/models?a=1&b=2")))
    assert 'href="https://github.com/octo/models?a=1&amp;b=2"' in page


def test_of_a_long_course_the_newest_is_drawn() -> None:
    trend = replace(QUIET.kpis[0].trend[0], values=(*[0.0] * 50, *[90.0] * 11, 100.0))
    report = replace(QUIET.kpis[0], trend=(trend,))
    [pair, *_] = said.of(compose(replace(digests.digest_attention(), kpis=(report,)))).pairs
    assert (len(pair.spark), pair.spark[0], pair.spark[-1]) == (12, "▁", "█")


def test_fewer_than_last_week_is_said_without_a_sign() -> None:
    digest = compose(QUIET)
    mended = replace(digest, gates=tuple(replace(gate, earlier=2) for gate in digest.gates))
    assert "5 of 5 hold (2 fewer than last week)" in markdown.text(mended)


def test_what_ended_in_the_week_is_said_and_is_not_all_green() -> None:
    quiet = digests.digest_quiet()
    one = digests.incident(resolved_at=NOW)
    hours = (NOW - min(alert.bad.at for alert in one.alerts)).total_seconds() / 3600
    text = markdown.text(compose(replace(quiet, over=(one,))))
    assert f"1 incident is over: build_failure_streak after {durations.words(timedelta(hours=hours))}." in text
    assert "all green" not in text
    many = markdown.text(compose(replace(quiet, over=(one,) * 5)))
    assert "5 incidents are over: " in many
    assert ", 2 more." in many


def test_where_only_alerts_watch_no_gate_is_set() -> None:
    bare = replace(known(), kpis=tuple(replace(each, verdicts=()) for each in known().kpis), benchmarks=())
    assert "No gate is set; 1 alert watches." in markdown.text(compose(replace(bare, rules=(STREAK,))))
    assert "Nothing is demanded, so nothing is judged." in markdown.text(compose(replace(bare, rules=())))
