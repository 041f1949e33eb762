"""The comment: what a reader sees first, what is folded, and what a stranger cannot do to it."""

import re
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edgetpu_ci import codec
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.judging import interleaved
from edgetpu_ci.model import Comparison, Measurement, Report, Rule, Runner, Trend, Verdict
from edgetpu_ci.render import badge, chart, gfm, lines, markdown, mermaid, table, words
from tests.fakes import reports, snapshots
from tests.fakes.world import AT

OURS = re.compile(r"<!-- edgetpu-ci:v1 key=default -->|</?(details|summary|sub)>|\]\(https://github\.com/octo/")
NASTY = st.text(st.sampled_from("<>[]()|`\\@#:/_*~$&!-+=.% \n\r\t\x1b\u202e\u200b" + "aw12h")) | st.text()


@pytest.mark.parametrize(
    "make",
    [
        reports.beside,
        reports.fell_back,
        reports.regressed,
        reports.all_clear,
        reports.first_run,
        reports.previous_run,
        reports.crashed,
        reports.invalid,
        reports.answering_wrongly,
        reports.nothing_measured,
        reports.contended,
        reports.drifted,
        reports.hostile,
        reports.many,
    ],
)
def test_the_whole_comment_reads_as_it_should(make: Callable[[], Report]) -> None:
    snapshots.check(f"comment_{make.__name__}.md", markdown.comment(make()))


def heading(report: Report, *, withdrawn: bool = False) -> str:
    return markdown.comment(report, withdrawn=withdrawn).splitlines()[1]


def visible(report: Report) -> str:
    return re.sub(r"<details>.*?</details>", "", markdown.comment(report), flags=re.DOTALL)


def test_the_marker_is_the_first_line_and_tells_comments_apart() -> None:
    said = markdown.comment(reports.all_clear(), key="arm")
    assert said.splitlines()[0] == markdown.marker("arm") != markdown.marker("default")


def test_a_regression_is_counted_by_its_direction_and_its_place() -> None:
    assert heading(reports.regressed()).startswith("### ❌ Edge TPU CI: 1 slower on pi5-usb-1 · ")


def test_lower_throughput_is_slower_and_points_down() -> None:
    assert "380.3 → 340.4 1/s | **▼ 11 % slower (−10.8 … −10.3 %)**" in visible(reports.regressed())


def test_higher_latency_is_slower_and_points_up() -> None:
    slower = Comparison(
        subject="m",
        metric="latency_p10_ms",
        base=2.0,
        head=2.2,
        ratio=1.1,
        interval=(1.09, 1.11),
        finding="regressed",
    )
    assert words.change(slower) == "▲ 10 % slower (+9.0 … +11.0 %)"
    assert words.direction(slower) == "slower"


def test_more_memory_is_larger() -> None:
    more = Comparison(subject="m", metric="memory_peak_mb", base=70, head=80, ratio=8 / 7, finding="regressed")
    assert words.direction(more) == "larger"


def test_a_fact_that_changed_with_a_slowdown_is_its_likely_cause() -> None:
    assert (
        "**Likely cause:** operators of mobilenet_v2 fell back to the CPU: 0 → 2 (2 RESIZE_BILINEAR more)."
        in visible(reports.regressed())
    )


def test_the_operator_that_fell_back_is_named_before_what_else_changed() -> None:
    assert (
        "**Likely cause:** operators of deeplab_edgetpu fell back to the CPU: 3 → 5 (1 RESIZE_BILINEAR more, "
        "1 ADD more); the model file changed: operators on TPU 67 → 65, cached parameter size"
    ) in visible(reports.fell_back())


def test_a_fact_that_changed_without_a_fallback_is_named_with_its_model() -> None:
    then, now = reports.model("m", 2.6), reports.model("m", 2.9, seed=2)
    grown = [replace(m, value=4_000_000.0) if m.metric == "model_bytes" else m for m in now]
    assert "**Likely cause:** the model file of m changed: model size 3,577,760 → 4,000,000 B." in visible(
        reports.report(grown, then)
    )


def test_a_faster_model_needs_no_cause() -> None:
    faster = reports.report(reports.model("m", 2.0, seed=2, on_cpu=1), reports.model("m", 2.6), rules=reports.RULES[:1])
    assert "1 faster" in heading(faster)
    assert "Likely cause" not in markdown.comment(faster)


def test_nothing_measured_is_not_said_as_a_regression() -> None:
    assert heading(reports.nothing_measured()) == "### ❔ Edge TPU CI: nothing could be measured on pi5-usb-1"


def test_facts_of_a_model_file_are_not_measured() -> None:
    broken = [reports.without(m, "hung") if m.device else m for m in reports.model("m", 2.0)]
    assert "nothing could be measured" in heading(reports.report(broken))


def test_all_fine_is_one_calm_line_and_folds() -> None:
    calm = heading(reports.all_clear())
    assert calm == "### ✅ Edge TPU CI: all passed on pi5-usb-1 · 15 unchanged · 6 within limits"
    assert "|" not in visible(reports.all_clear())


def test_an_alarm_that_is_over_is_taken_back() -> None:
    said = markdown.comment(reports.all_clear(), withdrawn=True)
    assert "✅ Edge TPU CI: all clear on pi5-usb-1" in said
    assert "What was reported here before is gone." in said


def test_the_base_is_named_where_everyone_sees_it() -> None:
    assert "Base: baseline accepted by Ada Lovelace on 2026-02-20" in visible(reports.regressed())


def test_a_previous_run_is_never_called_a_baseline() -> None:
    assert "at most 5 % worse · previous run, not a baseline |" in visible(reports.previous_run())


def test_a_first_run_says_how_to_go_on() -> None:
    assert "3 without a baseline" in heading(reports.first_run())
    assert "**Next:** `edgetpu-ci baseline accept REPORT` makes this run the baseline" in visible(reports.first_run())


def test_a_crash_takes_one_line_however_many_metrics_it_took() -> None:
    rows = [line for line in visible(reports.crashed()).splitlines() if line.startswith("| ❔")]
    assert rows == [f"| ❔ | yolo_nano · 12 metrics | not measured |  | {reports.CRASH} |"]


def test_a_crash_is_seen_also_where_no_rule_names_the_model() -> None:
    broken = [reports.without(m, reports.CRASH) for m in reports.model("yolo", 7.9) if m.device]
    said = reports.report([*reports.model("m", 2.0), *broken], rules=[Rule(match="m/error_rate_percent", max=0)])
    assert heading(said) == "### ❔ Edge TPU CI: 1 not measured on pi5-usb-1 · 1 within limits"


def test_a_percentile_without_enough_samples_is_no_alarm_where_nobody_demands_it() -> None:
    said = reports.crashed()
    assert "Not measured: latency p99: n/a (needs 662 samples, has 500)" in markdown.comment(said)
    assert "662" not in visible(said)


def test_a_busy_machine_is_said_outside_the_folds() -> None:
    assert "**The machine was busy:** waited for a CPU 8 % of the time" in visible(reports.contended())


def test_owner_and_runbook_stand_beside_what_failed() -> None:
    rule = Rule(match="*/latency_p99_ms", max=1, owner="vision team", runbook="runbooks/slow.md")
    said = visible(reports.report(reports.model("m", 2.0), rules=[rule]))
    assert "is above the most allowed, 1 ms · owner vision team · runbook runbooks/slow.md |" in said


def test_macs_are_given_with_two_decimals_and_bytes_whole() -> None:
    said = markdown.comment(reports.first_run())
    assert "| MACs | 300.78 M |" in said
    assert "| model size | 3,577,760 B |" in said


def test_a_metric_nobody_knows_is_shown() -> None:
    odd = Measurement(subject="m", metric="joules_per_inference", value=0.0042)
    assert "| joules per inference | 0.004200 |" in markdown.comment(reports.report([odd]))


@pytest.mark.parametrize("values", [(1.0, 2.0), (5.0, 5.0, 5.0), (1e-7, 3e-7), (1e6,) * 59 + (1.1e6,), (0.0, 0.0)])
def test_a_trend_is_a_chart_without_exponents_and_with_a_height(values: tuple[float, ...]) -> None:
    drawn = mermaid.chart(Trend(subject='m"]', metric="latency_p50_ms", values=values))
    low, high = re.findall(r'y-axis "ms" (\S+) --> (\S+)', drawn)[0]
    assert float(low) < min(values)
    assert float(high) > max(values)
    assert not re.search(r"\de[-+]?\d", drawn)
    assert 'title "m??: latency p50"' in drawn
    points = re.findall(r"line \[(.*)\]", drawn)[0].split(", ")
    assert [float(point) for point in points] == pytest.approx(values, rel=1e-3)


def test_a_single_point_is_no_trend() -> None:
    alone = replace(reports.all_clear(), trend=(Trend(subject="m", metric="x", values=(1.0,)),))
    assert "<summary>Trend" not in markdown.comment(alone)


def test_numbers_nobody_would_write_out_stay_short() -> None:
    huge = Measurement(subject="m", metric="model_bytes", value=1e300)
    assert "| model size | 1e+300 B |" in markdown.comment(reports.report([huge]))


def test_values_that_never_changed_are_a_level_line() -> None:
    assert words.sparkline((5.0, 5.0, 5.0)) == "▄▄▄"
    assert words.sparkline((1.0, 2.0, 8.0)) == "▁▂█"


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2).map(tuple))
def test_any_trend_can_be_said(values: tuple[float, ...]) -> None:
    trend = Trend(subject="m", metric="x", values=values)
    assert len(words.sparkline(values)) == len(values)
    assert mermaid.chart(trend).count("```") in {0, 2}


@given(NASTY)
def test_foreign_text_is_only_text(text: str) -> None:
    said = gfm.text(text)
    assert said.count("`") % 2 == 0
    # Code is what it is, whatever stands in it; and it holds nothing that a table or a tag is made of.
    assert not re.search(r"[<>|\n]", said)
    said = re.sub(r"`[^`]*`", "·", said)
    assert not re.search(r"[<>|\[\]\n\r\x00-\x1f\u202e]|@[\w-]|#\d|://|\bwww\.", re.sub(r"&#\d+;", "·", said))


@given(NASTY)
def test_a_hostile_report_makes_no_tag_no_link_no_mention_and_no_cell(text: str) -> None:
    said = markdown.comment(reports.hostile(text))
    rest = OURS.sub("", said)
    assert "<" not in rest
    assert "](" not in rest
    assert not re.search(r"@\w|(?<!&)#\d", rest)
    for found in re.findall(r"(?:^\|.*\n)+", said, re.MULTILINE):
        assert len({line.count("|") for line in found.splitlines()}) == 1


@given(st.integers(1_500, 70_000), st.sampled_from([reports.many, reports.hostile, reports.regressed]))
def test_a_comment_keeps_its_limit_its_marker_and_its_verdict(limit: int, make: Callable[[], Report]) -> None:
    report = make()
    said = markdown.comment(report, limit=limit)
    assert len(said.encode()) <= limit
    assert said.splitlines()[:2] == markdown.comment(report, limit=10**9).splitlines()[:2]


def test_folds_give_way_before_rows_and_rows_say_how_many_are_left_out() -> None:
    report = reports.many(300)
    without_folds = markdown.comment(report)
    assert "<details>" not in without_folds
    assert without_folds.count("| ❌ |") == 75
    assert "Left out for length" in without_folds
    few = markdown.comment(report, limit=4_000)
    assert f"… and {75 - few.count('| ❌ |')} more" in few
    assert 0 < few.count("| ❌ |") < 75


def test_the_last_fold_goes_first() -> None:
    whole = markdown.comment(reports.regressed())
    less = markdown.comment(reports.regressed(), limit=len(whole.encode()) - 1)
    assert "<summary>Trend" in whole
    assert "<summary>Trend" not in less
    assert "<summary>The machine" in less


def test_what_a_noisy_runner_cannot_tell_has_one_way_back() -> None:
    noisy = "noisy runner (floor 3.2 %, allowed 1 %)"
    runner = Runner(tests=1, at=AT, floor=0.032, allowed=0.01, quarantine=noisy)
    whole = reports.contended()
    text = markdown.comment(replace(whole, runner=runner))
    assert f"**Out of gating:** {noisy}: only a change beyond 9.9 % counts; 5 clean self-tests in a row" in text
    assert "| Noise floor | 3.2 %, by 1 self-test, the last on 2026-03-04 |" in text
    assert "Run it again when the machine is quiet" not in text
    assert "Run it again when the machine is quiet" in markdown.comment(whole)
    assert "Noise floor" not in markdown.comment(whole)
    assert "Out of gating" not in markdown.heading(replace(whole, runner=runner), ())


def test_what_is_undecided_against_a_base_beside_asks_for_no_rounds_it_would_not_take() -> None:
    whole = reports.contended()
    beside = replace(whole, comparisons=tuple(replace(c, against="base commit") for c in whole.comparisons))
    assert "or with more `rounds`" in markdown.comment(whole)
    said = markdown.comment(beside)
    assert "or with more `rounds`" not in said
    assert "Run it again on a calmer host; `edgetpu-ci selftest` tells what this runner can." in said


def test_what_heat_kept_from_being_told_asks_for_a_cooler_device_or_head() -> None:
    whole = reports.contended()
    (subject,) = {c.subject for c in whole.comparisons if c.finding == "inconclusive"}
    heat = Measurement(subject=subject, metric="throttled_percent", value=100)
    hot = replace(whole, run=replace(whole.run, measurements=(*whole.run.measurements, heat)))
    assert "Run it again on a cooler device" in markdown.comment(hot)
    assert "when the machine is quiet" not in markdown.comment(hot)
    own = Comparison(subject=subject, metric=heat.metric, base=0, head=100, finding="regressed", against="base commit")
    said = markdown.comment(replace(hot, comparisons=(*hot.comparisons, own)))
    assert "Find what makes the head heat its device more" in said
    assert "cooler device" not in said


def test_a_base_that_broke_is_invalid_and_no_matter_of_a_calmer_host() -> None:
    why = f"{interleaved.OF_BASE}invalid: USB transfer error 2"
    void = Comparison(
        subject="m", metric="time_ms", base=2, head=2, finding="inconclusive", against="base commit", because=why
    )
    measured = Measurement(subject="m", metric="time_ms", value=2)
    verdict = Verdict(subject="m", metric="time_ms", status="unknown", weight="fail", because=why)
    said = replace(reports.report([measured], rules=()), comparisons=(void,), verdicts=(verdict,))
    assert heading(said).startswith("### ❔ Edge TPU CI: 1 invalid on ")
    assert "calmer host" not in markdown.comment(said)


def test_a_fact_that_fails_is_not_counted_with_those_that_only_changed() -> None:
    assert "1 slower on pi5-usb-1 · 1 beyond limits · 4 changed" in heading(reports.fell_back())


def test_what_rounds_can_tell_is_of_intervals_that_are_some() -> None:
    comparison = reports.in_pairs().comparisons[0]
    odd = [replace(comparison, interval=bounds) for bounds in ((1.0, -1.0), (-1.0, 1.0), (0.0, 0.0))]
    assert words.resolution(odd) == ""
    assert words.resolution([*odd, replace(comparison, interval=(0.99, 1.01))]) == "1 %"


def test_what_a_user_feels_stands_before_the_facts_that_may_be_why() -> None:
    slow = Comparison(subject="m", metric="latency_p10_ms", base=2, head=2.1, ratio=1.05, finding="regressed")
    fact = Comparison(subject="m", metric="macs_millions", base=100, head=128, ratio=1.28, finding="regressed")
    gone = Comparison(subject="m", metric="throughput_fps", base=100, head=0, ratio=0.0, finding="regressed")
    measured = [Measurement(subject="m", metric=c.metric, value=c.head) for c in (fact, slow, gone)]
    said = replace(reports.report(measured, rules=()), comparisons=(fact, slow, gone))
    assert "2 slower · 1 changed" in heading(said)
    assert [line.metrics[0] for line in lines.of(said)] == ["throughput_fps", "latency_p10_ms", "macs_millions"]


@given(st.randoms(use_true_random=False))
def test_whatever_numbers_a_report_holds_there_is_a_comment_a_table_and_a_badge(draw: Random) -> None:
    report = reports.with_numbers(draw)
    assert markdown.comment(report).startswith("<!--")
    assert table.text(report, 80, colour=False)
    assert badge.of(report).startswith("<svg")
    assert chart.panels(report)


@pytest.mark.parametrize("floor", [-0.1, 1e200])
def test_a_runner_with_a_floor_that_is_none_is_refused(floor: float) -> None:
    odd = replace(reports.whole(), runner=Runner(allowed=0.01, floor=floor))
    with pytest.raises(DocumentError, match=r"runner\.floor"):
        codec.decode_json(codec.encode_json(odd), Report, "a report")


def test_a_model_that_answers_otherwise_is_said_also_where_nobody_demands_it() -> None:
    otherwise = Measurement(
        subject="yolo_nano", metric="output_mismatch_percent", value=0.2, details=(("boxes", "2 of 9"),)
    )
    calm = reports.all_clear()
    said = markdown.comment(replace(calm, run=replace(calm.run, measurements=(*calm.run.measurements, otherwise))))
    assert "1 answering otherwise" in said.splitlines()[1]
    assert "| ℹ️ | yolo_nano · output mismatch | 0.2000 % |" in said
    assert "for the same inputs it does not answer as its base does" in said


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a1b2c3d4e5", "a1b2c3d"), ("a1b2c3d4e5-dirty", "a1b2c3d-dirty"), ("", ""), ("../x", ""), ("`x`-dirty", "")],
)
def test_a_commit_is_shown_as_people_write_it(name: str, shown: str) -> None:
    assert words.commit(name) == shown


def test_a_steady_course_looks_steady() -> None:
    assert words.sparkline([100, 99.9]) == "▁▁"
    assert words.sparkline([100, 50]) == "█▁"
