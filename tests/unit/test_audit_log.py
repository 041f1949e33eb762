"""The audit log: whatever is done to its lines afterwards is found, and said of which."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edgetpu_ci import audit_log, memory
from edgetpu_ci.audit_log import Act, Line
from edgetpu_ci.memory import Forgetful
from edgetpu_ci.observed import Observed
from edgetpu_ci.store.folder import Folder
from tests.fakes.world import AT, Said, world

HERE = Path("nowhere")


def written(count: int, months: int = 1) -> Forgetful:
    """So many lines in each of some months, from March."""
    state = Forgetful()
    for month in range(months):
        here = world(HERE, now=lambda month=month: AT + timedelta(days=31 * month))
        for number in range(count):
            audit_log.record(state, Act("closed", f"incident {number}", by="maintainer on duty"), here)
    return state


def found(state: Forgetful, head: str = "") -> list[str]:
    return list(audit_log.faults(audit_log.lines(state), head))


def changed(state: Forgetful, name: str, change: Callable[[list[Line]], list[Line]]) -> None:
    lines = memory.unpack(state.kept[name], list[Line], name)
    state.kept[name] = memory.pack(change(lines))


def test_lines_of_several_months_are_one_chain() -> None:
    state = written(3, months=3)
    assert state.values() == ["audit-2026-03", "audit-2026-04", "audit-2026-05"]
    lines = audit_log.lines(state)
    assert [one.line.number for one in lines] == list(range(1, 12))
    assert [(str(one), one.line.of) for one in lines if one.line.what == "continued"] == [
        ("audit-2026-03, line 4", "audit-2026-04"),
        ("audit-2026-04, line 4", "audit-2026-05"),
    ]
    assert found(state, lines[-1].line.hash) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda lines: [lines[0], replace(lines[1], by="somebody else"), *lines[2:]],
            "audit-2026-03, line 2 was changed, or put there: the line after it is of another one.",
        ),
        (lambda lines: [lines[0], *lines[2:]], "audit-2026-03, line 2: a line before it went missing."),
        (lambda lines: [lines[0], *lines[3:]], "audit-2026-03, line 2: 2 lines before it went missing."),
        (lambda lines: lines[1:], "audit-2026-03, line 1: what stood before it was removed, and no line says that"),
        (
            lambda lines: [lines[0], replace(lines[1], previous=lines[0].hash, of="forged"), *lines[1:]],
            "audit-2026-03, line 3 follows audit-2026-03, line 1, and stands behind audit-2026-03, line 2:",
        ),
        (
            lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
            "audit-2026-03, line 2 follows audit-2026-03, line 3, and stands behind audit-2026-03, line 1:",
        ),
    ],
    ids=["changed", "removed", "two removed", "beginning removed", "inserted", "reordered"],
)
def test_what_was_done_to_a_line_is_said_with_its_place(change: Callable[[list[Line]], list[Line]], said: str) -> None:
    state = written(5)
    changed(state, "audit-2026-03", change)
    assert found(state)[0].startswith(said)


def test_a_month_that_is_gone_is_found() -> None:
    state = written(2, months=3)
    del state.kept["audit-2026-04"]
    assert found(state) == ["audit-2026-05, line 1: 3 lines before it went missing."]


def test_last_lines_that_are_gone_are_found_by_who_knows_the_newest_hash() -> None:
    state = written(3)
    head = audit_log.lines(state)[-1].line.hash
    changed(state, "audit-2026-03", lambda lines: lines[:-1])
    assert found(state) == []
    assert found(state, head) == [f"No line has the hash {head[:16]}…: the line that had it was changed or removed."]


@settings(max_examples=50)
@given(st.data())
def test_any_other_order_or_choice_of_lines_is_found(data: st.DataObject) -> None:
    state = written(6)
    lines = audit_log.lines(state)
    chosen = data.draw(st.lists(st.sampled_from(lines), max_size=7))
    is_whole = chosen == lines[: len(chosen)]
    assert is_whole == (not list(audit_log.faults(chosen)))
    assert (chosen == lines) == (not list(audit_log.faults(chosen, lines[-1].line.hash)))


def test_months_are_forgotten_when_their_time_is_over_and_the_chain_says_so() -> None:
    state = written(2, months=4)
    here = world(HERE, now=lambda: AT + timedelta(days=100))
    assert audit_log.forget(state, AT + timedelta(days=45), here) == ["audit-2026-03", "audit-2026-04"]
    lines = audit_log.lines(state)
    assert [(one.line.what, one.line.of) for one in lines[-2:]] == [
        ("forgotten", "audit-2026-03"),
        ("forgotten", "audit-2026-04"),
    ]
    assert found(state) == []
    assert audit_log.forget(state, AT + timedelta(days=900), here) == ["audit-2026-05"]
    assert found(state) == []


@dataclass(frozen=True)
class Racing(Folder):
    """A store in which another job is faster once."""

    def swap_all(self, changes: object) -> bool:
        if not self.values():
            audit_log.record(Folder(self.root), Act("closed", "first", by="another job"), world(HERE))
        return super().swap_all(changes)  # type: ignore[arg-type]


def test_two_jobs_share_one_chain(tmp_path: Path) -> None:
    events: list[str] = []
    observed = Observed(sinks=[lambda event: events.append(event.name)])
    here = world(tmp_path, sleep=lambda _: None, observed=observed)
    audit_log.record(Racing(tmp_path), Act("closed", "second"), here)
    lines = audit_log.lines(Folder(tmp_path))
    assert [one.line.of for one in lines] == ["first", "second"]
    assert list(audit_log.faults(lines)) == []
    assert events == ["store_conflict", "audit_recorded"]


def test_a_job_that_begins_a_month_goes_on_from_the_last_line_of_the_one_before(tmp_path: Path) -> None:
    state = Folder(tmp_path)
    audit_log.record(state, Act("closed", "first"), world(HERE))

    @dataclass(frozen=True)
    class Slow(Folder):
        def swap_all(self, changes: object) -> bool:
            if len(audit_log.lines(self)) == 1:
                audit_log.record(state, Act("closed", "meanwhile"), world(HERE))
            return super().swap_all(changes)  # type: ignore[arg-type]

    later = world(HERE, now=lambda: AT + timedelta(days=31), sleep=lambda _: None)
    audit_log.record(Slow(tmp_path), Act("closed", "in April"), later)
    lines = audit_log.lines(state)
    assert [(one.name, one.line.of) for one in lines] == [
        ("audit-2026-03", "first"),
        ("audit-2026-03", "meanwhile"),
        ("audit-2026-03", "audit-2026-04"),
        ("audit-2026-04", "in April"),
    ]
    assert list(audit_log.faults(lines)) == []


def test_a_job_that_knew_nothing_of_the_next_month_adds_to_that(tmp_path: Path) -> None:
    state = Folder(tmp_path)
    audit_log.record(state, Act("closed", "first"), world(HERE))

    @dataclass(frozen=True)
    class Late(Folder):
        def values(self) -> list[str]:
            known = super().values()
            if len(known) == 1:
                later = world(HERE, now=lambda: AT + timedelta(days=31))
                audit_log.record(state, Act("closed", "in April"), later)
            return known

    audit_log.record(Late(tmp_path), Act("closed", "still in March"), world(HERE, sleep=lambda _: None))
    lines = audit_log.lines(state)
    assert [one.line.of for one in lines] == ["first", "audit-2026-04", "in April", "still in March"]
    assert list(audit_log.faults(lines)) == []


def test_after_the_newest_month_was_removed_the_log_goes_on() -> None:
    state = written(1, months=2)
    head = audit_log.lines(state)[-1].line.hash
    del state.kept["audit-2026-04"]
    audit_log.record(state, Act("closed", "after it"), world(HERE))
    assert state.values() == ["audit-2026-03", "audit-2026-04"]
    assert found(state) == []
    assert len(found(state, head)) == 1


def test_a_clock_that_is_behind_begins_no_earlier_month() -> None:
    state = written(1, months=2)
    audit_log.record(state, Act("closed", "late"), world(HERE))
    assert state.values() == ["audit-2026-03", "audit-2026-04"]
    assert found(state) == []


def test_what_cannot_be_recorded_is_said_and_undoes_nothing(tmp_path: Path) -> None:
    said = Said()
    (tmp_path / "state").touch()
    audit_log.record(Folder(tmp_path), Act("closed", "the incident"), world(tmp_path, warn=said.append))
    assert said[0].startswith("warning: That the incident was closed is not in the audit log: ")


def test_a_secret_in_a_reason_is_not_kept() -> None:
    state = Forgetful()
    secret = "ghp_abcdefghijklmnopqrstuvwxyz012345"  # noqa: S105 - of nobody
    audit_log.record(state, Act("silenced", f"all of {secret}", f"see {secret}"), world(HERE))
    line = audit_log.lines(state)[0].line
    assert (line.of, line.text) == ("all of ***", "see ***")


def test_a_job_is_named_and_not_who_started_it() -> None:
    state = Forgetful()
    env = {"GITHUB_RUN_ID": "17", "GITHUB_WORKFLOW": "bench", "GITHUB_ACTOR": "octocat"}
    audit_log.record(state, Act("configured", "alerting"), world(HERE, env=env))
    audit_log.record(state, Act("configured", "alerting"), world(HERE))
    assert [one.line.by for one in audit_log.lines(state)] == ["run 17 of bench", "by hand"]
