"""The table on a terminal."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edgetpu_ci.model import Measurement, Report, Runner
from edgetpu_ci.render import table, words
from tests.fakes import reports, snapshots

ANSI = re.compile(r"\x1b\[\d+m")


@pytest.mark.parametrize(
    ("make", "width"),
    [
        (reports.regressed, 100),
        (reports.crashed, 100),
        (reports.previous_run, 100),
        (reports.contended, 80),
        (reports.drifted, 100),
        (reports.first_run, 60),
        (reports.hostile, 80),
    ],
)
def test_the_whole_table_reads_as_it_should(make: Callable[[], Report], width: int) -> None:
    snapshots.check(f"table_{make.__name__}.txt", table.text(make(), width, colour=False))


def test_the_last_line_is_the_verdict() -> None:
    said = table.text(reports.regressed(), 200, colour=False).splitlines()[-1]
    assert said.startswith("✗ failed on pi5-usb-1: 1 slower, ")


def test_a_previous_run_is_named_as_what_it_is() -> None:
    said = table.text(reports.previous_run(), 100, colour=False)
    assert "11 % slower than the previous run (not a baseline)" in said


def test_a_busy_machine_is_said() -> None:
    assert "! the machine was busy: waited for a CPU 8 %" in table.text(reports.contended(), 100, colour=False)


def test_a_missing_percentile_says_what_it_needs() -> None:
    assert "? latency p99: n/a (needs 662 samples, has 500)" in table.text(reports.crashed(), 100, colour=False)


def test_a_reason_that_ends_in_a_command_is_shown_to_its_end() -> None:
    reason = f"{'/long/path' * 9}/python cannot import a runtime ({'no module; ' * 9}); install one: pip install it"
    broken = reports.without(reports.model("m", 2.0)[-1], reason)
    said = table.text(reports.report([broken]), 100, colour=False)
    assert "install one: pip install it" in " ".join(said.split())


def test_a_metric_nobody_knows_is_shown() -> None:
    odd = Measurement(subject="m", metric="joules", value=0.5)
    assert re.search(r"joules +0\.5", table.text(reports.report([odd]), 80, colour=False))


def test_there_is_colour_only_where_it_is_asked_for() -> None:
    plain = table.text(reports.regressed(), 100, colour=False)
    coloured = table.text(reports.regressed(), 100, colour=True)
    assert "\x1b[31m✗ mobilenet_v2" in coloured
    assert ANSI.sub("", coloured) == plain
    assert "\x1b" not in plain


@given(st.text() | st.text(st.sampled_from("漢字한글:#[ \x1b\ne\u0301")), st.integers(0, 200))
def test_no_line_is_wider_than_asked_and_none_commands_a_runner(text: str, width: int) -> None:
    for line in table.text(reports.hostile(text), width, colour=False).split("\n"):
        assert words.columns(line) <= max(60, width)
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert "\x1b" not in line


def test_what_a_report_says_of_its_runner_commands_no_terminal() -> None:
    foreign = Runner(allowed=0.01, floor=0.03, quarantine="\x1b]0;pwn\x07 noisy\x9b31m")
    said = table.text(replace(reports.all_clear(), runner=foreign), 100, colour=False)
    assert "pwn\ufffd noisy" in said
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", said)
