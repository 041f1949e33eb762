"""Key figures in the comment and on a terminal: what a stranger sees first, and what is said of what is not known."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edgetpu_ci import metrics
from edgetpu_ci.model import Dependency, Earlier, Measurement, Report, Rule
from edgetpu_ci.quality import linted, records
from edgetpu_ci.render import chart, dependencies, key_figures, markdown, table, words
from tests.fakes import kpi_reports, reports, snapshots
from tests.fakes.kpi_reports import figure

OURS = re.compile(r"<!-- edgetpu-ci:v1 key=default -->|</?(details|summary|sub)>|\]\(https://github\.com/octo/")
NASTY = st.text(st.sampled_from("<>[]()|`\\@#:/_*~$&!-+=.% \n\r\t\x1b\u202e\u200b" + "aw12h")) | st.text()

MAKERS = [
    kpi_reports.kpis_all_well,
    kpi_reports.kpis_two_breaches,
    kpi_reports.kpis_incomplete,
    kpi_reports.kpis_hostile,
    kpi_reports.kpis_many,
]


@pytest.mark.parametrize("make", MAKERS)
def test_the_whole_comment_reads_as_it_should(make: Callable[[], Report]) -> None:
    snapshots.check(f"comment_{make.__name__}.md", markdown.comment(make()))


@pytest.mark.parametrize(("make", "width"), [*((make, 120) for make in MAKERS), (kpi_reports.kpis_two_breaches, 80)])
def test_the_whole_table_reads_as_it_should(make: Callable[[], Report], width: int) -> None:
    snapshots.check(f"table_{make.__name__}_{width}.txt", table.text(make(), width, colour=False))


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(make: Callable[[], Report], width: int) -> None:
    assert all(len(line) <= width for line in table.text(make(), width, colour=False).splitlines())


def heading(report: Report) -> str:
    return markdown.comment(report).splitlines()[1]


def visible(report: Report) -> str:
    return re.sub(r"<details>.*?</details>", "", markdown.comment(report), flags=re.DOTALL)


def test_the_heading_counts_and_speaks_of_no_machine() -> None:
    assert heading(kpi_reports.kpis_two_breaches()) == (
        "### ❌ edgetpu-ci KPIs: 2 below their limit · 3 as they should be · 6 without a limit"
    )


def test_one_is_said_in_the_singular() -> None:
    said = heading(
        kpi_reports.report([figure("build_time_seconds", 301, n=9), figure("tests", 4)], kpi_reports.GATES[2:3])
    )
    assert said == "### ❌ edgetpu-ci KPIs: 1 above its limit · 1 without a limit"


def test_without_a_rule_there_is_no_sign_of_success() -> None:
    assert heading(kpi_reports.report(kpi_reports.well(), ())) == "### ℹ️ edgetpu-ci KPIs: 11 without a limit"


def test_nothing_collected_is_said() -> None:
    assert heading(kpi_reports.report((), (), ("GitHub did not answer.",))) == (
        "### ❔ edgetpu-ci KPIs: nothing could be collected · incomplete"
    )


def last(report: Report) -> str:
    return table.text(report, 120, colour=False).splitlines()[-1]


def test_figures_of_parts_alone_are_counted_as_they_are() -> None:
    site = kpi_reports.report([figure("site_up", 1, "a.example"), figure("site_up", 1, "b.example")], ())
    assert heading(site) == "### ℹ️ edgetpu-ci KPIs: 2 without a limit"
    assert last(site) == "KPIs: 2 without a limit; nothing is demanded of them"


def test_what_is_incomplete_bears_no_sign_of_success() -> None:
    for rules, counted in ((kpi_reports.GATES, "5 as they should be · 6"), ((), "11")):
        partly = kpi_reports.report(kpi_reports.well(), rules, ("The token was refused.",))
        assert heading(partly) == f"### ❔ edgetpu-ci KPIs: incomplete · {counted} without a limit"
        assert last(partly) == f"? KPIs incomplete: {counted.replace(' ·', ',')} without a limit"


def test_what_failed_is_incomplete_beside() -> None:
    worse = kpi_reports.report([figure("build_time_seconds", 301, n=9)], kpi_reports.GATES[2:3], ("No answer.",))
    assert heading(worse) == "### ❌ edgetpu-ci KPIs: incomplete · 1 above its limit"
    assert last(worse) == "✗ KPIs failed, incomplete: 1 above its limit"


@pytest.mark.parametrize("make", MAKERS)
def test_nothing_is_said_of_a_machine_or_a_base(make: Callable[[], Report]) -> None:
    for said in (markdown.comment(make()), table.text(make(), 120, colour=False)):
        assert not re.search(r"Base:|baseline|machine|fv-az123|Edge TPU", said)


def test_breaches_come_before_every_group() -> None:
    said = visible(kpi_reports.kpis_two_breaches())
    assert said.index("Needs attention") < said.index("build success rate") < said.index("**Code quality**")


def change(now: float, before: Earlier | None, metric: str = "build_success_rate") -> str:
    return key_figures.change(figure(metric, now, n=99, earlier=before))


def test_an_arrow_is_shown_only_beyond_noise() -> None:
    assert change(84, Earlier(value=97, n=99, moved=True)) == "▼ worse, from 97 %"
    assert change(97, Earlier(value=84, n=99, moved=True)) == "▲ better, from 84 %"
    assert change(84, Earlier(value=97, n=99)) == "steady"
    assert change(84, None) == ""


def test_the_better_direction_is_that_of_the_metric() -> None:
    assert change(9, Earlier(value=4, n=9, moved=True), "pr_merge_time_hours") == "▲ worse, from 4 h"
    assert change(9, Earlier(value=4, n=9, moved=True), "commits_per_week") == "▲ from 4 /week"


def test_what_is_not_known_has_no_arrow_and_says_why_once() -> None:
    unknown = figure("build_success_rate", None, reason="not known: only 3 runs", earlier=Earlier(value=9, moved=True))
    assert key_figures.change(unknown) == ""
    assert key_figures.value(unknown) == "not known: only 3 runs"


def test_a_machine_that_collects_as_well_has_them_folded_and_not_twice() -> None:
    both = reports.report([*reports.models(), *kpi_reports.well()], rules=(Rule(match="*/error_rate_percent", max=0),))
    said = markdown.comment(both)
    assert heading(both).startswith("### ✅ Edge TPU CI: all passed on pi5-usb-1")
    assert "<summary>KPIs: 11</summary>" in said
    assert said.count("PR merge time") == 1


def test_incomplete_is_said_of_a_machine_too() -> None:
    both = reports.report(reports.models())
    both = replace(both, run=replace(both.run, incomplete=("Code scanning alerts were not read.",)))
    assert "**Incomplete:** Code scanning alerts were not read." in visible(both)
    assert "! incomplete: Code scanning alerts were not read." in table.text(both, 100, colour=False)


@pytest.mark.parametrize("limit", [900, 2000, 5000, 60_000])
@pytest.mark.parametrize("make", MAKERS)
def test_a_comment_never_exceeds_its_bytes(make: Callable[[], Report], limit: int) -> None:
    assert len(markdown.comment(make(), limit=limit).encode()) <= limit


def test_breaches_are_the_last_to_give_way() -> None:
    said = markdown.comment(kpi_reports.kpis_many(), limit=1600)
    assert "workflow-58.yml" in said
    assert "Code quality" not in said
    assert "Left out for length" in said


def test_a_reason_that_a_rule_does_not_weigh_is_shown_and_does_not_count_as_demanded() -> None:
    rule = Rule(match="*/security_score", min=85, unknown="pass")
    said = heading(kpi_reports.report([Measurement(subject="repository", metric="security_score", reason="no scan"),
                                       figure("tests", 9)], (rule,)))  # fmt: skip
    assert said == "### ✅ edgetpu-ci KPIs: 1 without a limit · 1 not known"


def test_dependencies_are_folded_the_worst_first_and_capped() -> None:
    said = markdown.comment(kpi_reports.kpis_many())
    start = said.index("<summary>Dependencies: 1 critical, 2 high, 1 medium, 1 low, 395 outdated</summary>")
    rows = [line for line in said[start:].splitlines() if line.startswith("| package-")]
    assert [row.split(" | ")[3] for row in rows[:6]] == ["critical", "high", "high", "medium", "low", ""]
    assert rows[1].startswith("| package-023")
    assert len(rows) == 50
    assert "… and 350 more" in said
    assert "package-" not in visible(kpi_reports.kpis_many())


def test_what_nobody_says_the_severity_of_is_vulnerable_all_the_same() -> None:
    known = [
        Dependency(package="a", current="1", latest="2"),
        Dependency(package="b", current="1", advisories=("PYSEC-1",)),
    ]
    assert [one.package for one in dependencies.ordered(known)] == ["b", "a"]
    assert dependencies.title(known) == "Dependencies: 1 vulnerable, 1 outdated"


@given(NASTY)
def test_a_hostile_report_makes_no_tag_no_link_no_mention_and_no_cell(text: str) -> None:
    said = markdown.comment(kpi_reports.kpis_hostile(text))
    rest = OURS.sub("", said)
    assert "<" not in rest
    assert "](" not in rest
    assert not re.search(r"@\w|(?<!&)#\d", rest)
    for found in re.findall(r"(?:^\|.*\n)+", said, re.MULTILINE):
        assert len({line.count("|") for line in found.splitlines()}) == 1


@given(NASTY)
def test_a_hostile_table_is_tame_and_keeps_its_width(text: str) -> None:
    said = table.text(kpi_reports.kpis_hostile(text), 80, colour=False)
    assert not re.search(r"::|##\[|[\x00-\x09\x0b-\x1f\u202e]", said)
    assert all(words.columns(line) <= 80 for line in said.splitlines())


@pytest.mark.parametrize("number", [1e308, -1e308, 5e-324, 0.0, -1.0])
def test_whatever_numbers_there_are_they_are_shown(number: float) -> None:
    before = Earlier(value=-number, n=3, moved=True)
    one = figure("build_success_rate", number, n=3, interval=(number, -number), earlier=before)
    odd = kpi_reports.report([one], dependencies=[Dependency(package="p", current="1", epss=number)])
    assert "build success rate" in markdown.comment(odd)
    assert "build success rate" in table.text(odd, 80, colour=False)
    assert chart.image(odd, "png").startswith(b"\x89PNG")


def test_a_long_reason_is_whole_to_its_last_word_and_said_once() -> None:
    report = kpi_reports.kpis_incomplete()
    for said in (markdown.comment(report), " ".join(table.text(report, 120, colour=False).split())):
        assert said.count("the scan of requirements.txt is from 2026-01-05") == 1
        assert "zizmor.sarif are more than 7 days old; scan it again" in said


def test_a_permission_is_said_once_with_all_it_costs_and_where_a_token_goes() -> None:
    report = kpi_reports.kpis_incomplete()
    step = "give an App's or a personal token as EDGETPU_CI_TOKEN (runners online, artifact retention)"
    for said in (markdown.comment(report), " ".join(table.text(report, 120, colour=False).split())):
        assert said.count(f"2 figures need `administration: read`, which GITHUB_TOKEN cannot have: {step}") == 1
        assert said.count("EDGETPU_CI_TOKEN") == 2
        assert "GitHub answered 403, Resource" not in said


def test_an_answer_that_must_be_another_is_said_in_words_with_its_evidence() -> None:
    evidence = ("evidence", "the newest scan is of 2026-03-01 05:00 UTC, 72.1 hours ago")
    scan = figure("daily_scan_compliant", 0, details=(evidence, ("as of", "now"), ("among them", "none")))
    rule = Rule(match="*/daily_scan_compliant", min=1, severity="warn")
    said = table.text(kpi_reports.report([scan], (rule,)), 120, colour=False)
    assert f"\n! daily scan compliant: no, and it must be yes; {evidence[1]}\n" in said
    assert "least allowed" not in said
    (row,) = [r for r in visible(kpi_reports.report([scan], (rule,))).splitlines() if "daily scan" in r]
    assert row == f"| ⚠️ | daily scan compliant | no |  |  |  | ▄▄▄▄▄▄▄▄▄ | must be yes; {evidence[1]} |"


def test_a_terminal_says_of_what_it_is_and_what_steady_means() -> None:
    first = " ".join(table.text(kpi_reports.kpis_all_well(), 100, colour=False).partition("\n\n")[0].split())
    assert first == (
        "a1b2c3d on main · 2026-03-04 05:06 UTC · 2026-02-02 05:06 to 2026-03-04 05:06 UTC, 30 days · "
        "an arrow where the difference to the time before is beyond noise, else steady"
    )


def test_the_window_of_a_first_run_is_said_too() -> None:
    first = [replace(one, earlier=None) for one in kpi_reports.well()]
    said = table.text(kpi_reports.report(first), 120, colour=False).splitlines()[0]
    assert said.endswith("2026-02-02 05:06 to 2026-03-04 05:06 UTC, 30 days")


def test_one_violation_is_none_of_many() -> None:
    lint = records.Lint(tool="ruff", errors=1, others=2)
    (score, _) = linted.figures([("ruff.json", lint)], linted.Size(lines=100, counted="statements"))
    assert dict(score.details)["violations"] == "1 error, 2 others"


def test_what_there_was_none_of_is_no_detail_unless_it_could_have_been_excluded() -> None:
    said = markdown.comment(kpi_reports.kpis_all_well())
    assert "excluded: none" in said
    assert "in draft" not in said


@pytest.mark.parametrize(
    ("hours", "said"), [(0.0002565, "0.9234 s"), (0.009, "32.40 s"), (0.5, "0.5000 h"), (0, "0 h"), (30, "30 h")]
)
def test_less_than_a_minute_of_hours_is_said_in_seconds(hours: float, said: str) -> None:
    assert key_figures.value(figure("security_scan_age_hours", hours)) == said


def test_what_is_1_or_0_is_answered_with_yes_or_no() -> None:
    known = [kpi.metric for kpi in metrics.KPIS if kpi.is_yes_or_no]
    assert {"package_available", "data_retention_compliant", "branch_protected"} <= {metric.name for metric in known}
    assert {metric.unit for metric in known} == {""}
    assert [key_figures.value(figure("package_available", number)) for number in (1, 0, 0.5)] == ["yes", "no", "0.5000"]
    assert change(0, Earlier(value=1, n=9, moved=True), "package_available") == "▼ worse, from yes"
