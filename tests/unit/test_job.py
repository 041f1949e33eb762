"""Summary, annotations and outputs of a job, and what foreign text cannot do to them."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.publish import job
from edgetpu_ci.world import World
from tests.fakes import kpi_reports, reports
from tests.fakes.world import Said, world


def in_actions(folder: Path, said: Said | None = None) -> World:
    files = {name: str(folder / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    return world(folder, env={"GITHUB_ACTIONS": "true", **files}, out=(said if said is not None else Said()).append)


def outputs(text: str) -> dict[str, str]:
    """Read outputs as the runner does: a name, an end mark, lines until that mark."""
    found, lines = {}, iter(text.split("\n"))
    for line in lines:
        if line:
            name, end = line.split("<<")
            value = []
            while (part := next(lines)) != end:
                value.append(part)
            found[name] = "\n".join(value)
    return found


def test_the_summary_is_added_to_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "GITHUB_STEP_SUMMARY").write_text("# Earlier")
    job.publish(job.Options(), reports.regressed(), in_actions(tmp_path))
    said = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert said.startswith("# Earlier\n\n### ❌ Edge TPU CI: 1 slower on pi5-usb-1")
    assert "<!-- edgetpu-ci" not in said


def test_the_summary_stays_within_githubs_limit_counting_what_is_there(tmp_path: Path) -> None:
    place = tmp_path / "GITHUB_STEP_SUMMARY"
    place.write_bytes(b"x" * (job.MAX_SUMMARY_BYTES - 5_000))
    job.publish(job.Options(), reports.many(), in_actions(tmp_path))
    assert job.MAX_SUMMARY_BYTES - 5_000 < place.stat().st_size <= job.MAX_SUMMARY_BYTES
    assert "❌ Edge TPU CI: 10 slower" in place.read_text()


def test_a_full_summary_is_left_alone_with_a_warning(tmp_path: Path) -> None:
    place, warned = tmp_path / "GITHUB_STEP_SUMMARY", Said()
    place.write_bytes(b"x" * (job.MAX_SUMMARY_BYTES - 10))
    full = world(tmp_path, env={"GITHUB_STEP_SUMMARY": str(place)}, warn=warned.append)
    job.publish(job.Options(), reports.regressed(), full)
    assert place.stat().st_size == job.MAX_SUMMARY_BYTES - 10
    assert warned == ["warning: this step's summary is full; nothing was added to it."]


def test_a_summary_that_cannot_be_written_names_the_file_and_the_reason(tmp_path: Path) -> None:
    (tmp_path / "GITHUB_STEP_SUMMARY").mkdir()
    with pytest.raises(DeliveryError, match=r"GITHUB_STEP_SUMMARY cannot be written: is a directory\."):
        job.publish(job.Options(), reports.regressed(), in_actions(tmp_path))


def test_outside_actions_nothing_is_said_or_written(tmp_path: Path) -> None:
    said = Said()
    outside = world(tmp_path, out=said.append)
    job.publish(job.Options(), reports.regressed(), outside)
    job.write_outputs({"status": "failed"}, outside)
    assert said == []
    assert not list(tmp_path.iterdir())


def test_both_parts_can_be_switched_off(tmp_path: Path) -> None:
    said = Said()
    silent = job.Options(summary=False, annotations=False)
    job.publish(silent, reports.regressed(), in_actions(tmp_path, said))
    assert said == []
    assert not list(tmp_path.iterdir())


def test_what_failed_is_an_error_and_what_warned_a_warning(tmp_path: Path) -> None:
    said = Said()
    job.publish(job.Options(), reports.regressed(), in_actions(tmp_path, said))
    error, fallen, warning = said
    slower = "mobilenet_v2 · throughput sustained: 11 %25 slower than the baseline"
    missed = "efficientdet0 · latency p99: 12.83 ms is allowed, but misses the target, 12 ms"
    assert error == f"::error title=Edge TPU CI%3A slower::{slower}"
    fell = "mobilenet_v2 · operators on CPU: 2 more than the baseline: 2 RESIZE_BILINEAR more"
    assert fallen == f"::error title=Edge TPU CI%3A beyond limits::{fell}"
    assert warning == f"::warning title=Edge TPU CI%3A with a warning::{missed}"


def test_a_crash_is_one_error_by_name() -> None:
    assert job.annotations(reports.crashed()) == [
        f"::error title=Edge TPU CI%3A not measured::yolo_nano · 12 metrics: {reports.CRASH}"
    ]


def test_no_more_annotations_than_github_shows() -> None:
    assert len(job.annotations(reports.many(80))) == job.MAX_ANNOTATIONS


@given(st.text())
def test_a_hostile_report_gives_one_line_for_each_annotation(text: str) -> None:
    for line in job.annotations(reports.hostile(text)):
        assert re.fullmatch(r"::(error|warning) title=[^:,\n\r]*::[^\n\r]*", line)


@given(st.text(), st.text() | st.text(st.sampled_from(",:%\r\n=a")))
def test_a_command_cannot_be_ended_by_what_it_says(message: str, title: str) -> None:
    line = job.command("error", message, title=title)
    head, _, data = line.removeprefix("::error title=").partition("::")
    unescaped = [re.sub("%(0D|0A|3A|2C|25)", lambda m: chr(int(m[1], 16)), part) for part in (head, data)]
    assert unescaped == [title, message]
    assert not re.search("[:,]", head)
    assert not re.search(r"[\r\n]", line)


@given(st.dictionaries(st.sampled_from(["status", "report", "a-b"]), st.text()))
def test_outputs_are_read_back_as_they_were_whatever_they_hold(values: dict[str, str]) -> None:
    hostile = {name: f"{value}\nend_0123456789abcdef\nstatus=passed" for name, value in values.items()}
    written = "".join(job._output(name, value, world(Path())) for name, value in hostile.items())
    assert outputs(written) == hostile


def test_a_name_that_would_break_the_file_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no name for an output"):
        job.write_outputs({"a\nstatus": "passed"}, in_actions(tmp_path))


def test_outputs_are_added_to_the_file_the_runner_names(tmp_path: Path) -> None:
    (tmp_path / "GITHUB_OUTPUT").write_text("earlier=1\n")
    job.write_outputs({"status": "failed", "report": "a\nb"}, in_actions(tmp_path))
    added = (tmp_path / "GITHUB_OUTPUT").read_text().removeprefix("earlier=1\n")
    assert outputs(added) == {"status": "failed", "report": "a\nb"}


def test_outputs_that_cannot_be_written_are_a_warning_and_no_failure(tmp_path: Path) -> None:
    warned = Said()
    job.write_outputs({"status": "x"}, world(tmp_path, env={"GITHUB_OUTPUT": str(tmp_path)}, warn=warned.append))
    assert warned == [f"warning: the outputs were not written to {tmp_path}: is a directory."]


def test_key_figures_are_announced_as_what_they_are() -> None:
    first, second = job.annotations(kpi_reports.kpis_two_breaches())
    assert first == (
        "::error title=edgetpu-ci KPIs%3A beyond limits::"
        "repository · test coverage: 78.20 %25 is below the least allowed, 80 %25"
    )
    assert "build success rate" in second
