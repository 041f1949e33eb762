"""Erasing: what was meant is gone, everything else is as it was, and the record of it has no data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from msgspec import Struct

from edgetpu_ci import codec, memory
from edgetpu_ci.alerting import keeper
from edgetpu_ci.errors import ConfigError, StoreError
from edgetpu_ci.github_rows import cursors
from edgetpu_ci.incidents.record import STORED, Book
from edgetpu_ci.kpis import rows as kpi_rows
from edgetpu_ci.kpis.rows import Issue, Pull
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.upkeep import erase, register
from edgetpu_ci.upkeep.erase import Before, Erased, Erasure, Everything, Number
from tests.fakes.incidents import incident
from tests.fakes.world import world


class _Numbered(Struct):
    number: int


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T12:00:00").replace(tzinfo=UTC)


def pull(number: int, created: str) -> Pull:
    return Pull(number=number, base="main", created=at(created), labels=("fix",), updated=at("2026-02-01"))


def issue(number: int, created: str) -> Issue:
    return Issue(number=number, created=at(created), updated=at("2026-02-01"))


VALUES: dict[str, list[Pull] | list[Issue]] = {
    "github-pulls-2025-11": [pull(1, "2025-11-03")],
    "github-pulls-2025-12": [pull(2, "2025-12-10"), pull(3, "2025-12-20")],
    "github-pulls-2026-01": [pull(4, "2026-01-05")],
    "github-issues-2025-12": [issue(2, "2025-12-01"), issue(5, "2025-12-24")],
}


@pytest.fixture
def store(tmp_path: Path) -> Folder:
    kept = Folder(tmp_path / "store")
    for name, rows in VALUES.items():
        kept.swap(name, None, memory.pack(rows))
    kept.swap("github-cursors", None, memory.pack({"swept": "2026-01-05T00:00:00Z"}))
    kept.swap("series-0123456789abcdef", None, b"of a machine")
    kept.swap("selftest-pi-12345678", None, b"of a machine")
    return kept


def numbers(store: Folder) -> dict[str, list[int]]:
    names = [name for name in store.values() if name in VALUES]
    return {
        name: [row.number for row in memory.unpack(store.state(name) or b"", list[_Numbered], name)] for name in names
    }


def record(store: Folder) -> Erasure:
    (name,) = store.names("erasures")
    return codec.decode_json(store.read("erasures", name), Erasure, name)


def test_what_came_to_be_before_a_day_goes_and_the_rest_is_as_it_was(store: Folder, tmp_path: Path) -> None:
    whole = store.state("github-pulls-2026-01")
    done = erase.erase(store, Before(date(2025, 12, 15)), world(tmp_path))
    assert done.erased == (
        Erased("github-issues-2025-12", 1, "rows"),
        Erased("github-pulls-2025-11", 1, "rows"),
        Erased("github-pulls-2025-12", 1, "rows"),
    )
    assert numbers(store) == {
        "github-issues-2025-12": [5],
        "github-pulls-2025-12": [3],
        "github-pulls-2026-01": [4],
    }
    assert store.state("github-pulls-2026-01") == whole
    assert record(store) == Erasure(
        at=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
        scope="what came to be before 2025-12-15",
        values=3,
        rows=3,
        documents=0,
    )


def test_what_is_left_of_a_value_is_packed_as_it_was(store: Folder, tmp_path: Path) -> None:
    erase.erase(store, Before(date(2025, 12, 15)), world(tmp_path))
    assert store.state("github-pulls-2025-12") == memory.pack([pull(3, "2025-12-20")])


@pytest.mark.parametrize(
    ("of", "name", "left"), [("pull request", "github-pulls-2025-12", 3), ("issue", "github-issues-2025-12", 5)]
)
def test_one_number_goes_and_the_other_of_the_same_number_stays(
    store: Folder, tmp_path: Path, of: str, name: str, left: int
) -> None:
    done = erase.erase(store, Number(of, 2), world(tmp_path))  # type: ignore[arg-type]
    assert done.erased == (Erased(name, 1, "rows"),)
    assert numbers(store) == {**{key: [row.number for row in rows] for key, rows in VALUES.items()}, name: [left]}
    assert record(store).scope == f"one {of}"


def test_everything_of_key_figures_goes_and_nothing_of_machines(store: Folder, tmp_path: Path) -> None:
    done = erase.erase(store, Everything(), world(tmp_path))
    assert store.values() == ["audit-2026-03", "selftest-pi-12345678", "series-0123456789abcdef"]
    assert (len(done.erased), record(store).scope) == (5, "all key figures")


def test_documents_go_by_their_time_and_records_of_erasures_stay(store: Folder, tmp_path: Path) -> None:
    store.swap(register.SERIES, None, b"made from reports")
    for kind in ("kpis", "reviews", "erasures", "reports"):
        for day in ("20251231", "20260101"):
            store.append(kind, f"{day}T000000Z-a", b"{}")
    done = erase.erase(store, Before(date(2026, 1, 1)), world(tmp_path))
    assert done.erased[-2:] == (Erased("kpis", 1, "documents"), Erased("reviews", 1, "documents"))
    assert store.names("kpis") == store.names("reviews") == ["20260101T000000Z-a"]
    assert len(store.names("reports")) == 2
    assert len(store.names("erasures")) == 3
    assert store.state(register.SERIES) is None


def test_of_incidents_what_is_over_goes_and_what_is_open_stays(store: Folder, tmp_path: Path) -> None:
    old, late = at("2025-12-01"), at("2026-02-01")
    known = [
        incident(number=1, opened_at=old, resolved_at=old),
        incident(number=2, opened_at=old),
        incident(number=3, opened_at=late, resolved_at=late),
    ]
    keeper.put_away(store, known[:1], world(tmp_path))
    store.swap(STORED, None, memory.pack(Book(incidents=tuple(known), opened=3)))
    done = erase.erase(store, Before(date(2026, 1, 1)), world(tmp_path))
    assert {(one.name, one.count, one.what) for one in done.erased if one.name == STORED} == {
        ("incidents", 1, "rows"),
        ("incidents", 1, "documents"),
    }
    assert keeper.load(store) == Book(incidents=tuple(known[1:]), opened=3)


def test_a_book_that_cannot_be_read_is_named(store: Folder, tmp_path: Path) -> None:
    store.swap(STORED, None, b"no book")
    (unread,) = erase.erase(store, Before(date(2026, 1, 1)), world(tmp_path)).unread
    assert "incidents in the store cannot be read" in unread


def test_what_is_not_there_is_not_erased_but_recorded_as_asked_for(store: Folder, tmp_path: Path) -> None:
    done = erase.erase(store, Number("issue", 99), world(tmp_path))
    assert done == erase.Done((), "")
    assert (record(store).values, record(store).rows) == (0, 0)


def test_a_row_of_a_newer_version_keeps_what_this_one_does_not_know(store: Folder, tmp_path: Path) -> None:
    row = {"number": 7, "created": "2026-02-01T00:00:00Z", "updated": "2026-02-01T00:00:00Z", "invented": True}
    store.swap("github-issues-2026-02", None, memory.pack([row, {**row, "number": 8}]))
    erase.erase(store, Number("issue", 8), world(tmp_path))
    assert store.state("github-issues-2026-02") == memory.pack([row])


@dataclass(frozen=True)
class Contested(Folder):
    """A store where another job adds a row between the first look and the swap."""

    def swap_all(self, changes: Mapping[str, memory.Swap]) -> bool:
        other = Folder(self.root)
        name = max(changes)
        rows = memory.unpack(other.state(name) or b"", list[Pull], name)
        if len(rows) == 1:
            other.swap(name, other.state(name), memory.pack([*rows, pull(9, "2025-11-30")]))
        return super().swap_all(changes)


def test_what_another_job_wrote_meanwhile_is_not_lost(store: Folder, tmp_path: Path) -> None:
    done = erase.erase(Contested(store.root), Before(date(2025, 11, 20)), world(tmp_path))
    assert done.erased == (Erased("github-pulls-2025-11", 1, "rows"),)
    assert numbers(store)["github-pulls-2025-11"] == [9]


@dataclass(frozen=True)
class Reading(Folder):
    """A store to which another job adds a month once, when its cursors go."""

    def swap(self, name: str, old: bytes | None, new: bytes | None) -> bool:
        if name == "github-cursors":
            Folder(self.root).swap("github-pulls-2026-02", None, memory.pack([pull(9, "2026-02-01")]))
        return super().swap(name, old, new)


def test_what_a_job_adds_while_everything_goes_goes_too(store: Folder, tmp_path: Path) -> None:
    done = erase.erase(Reading(store.root), Everything(), world(tmp_path))
    assert Erased("github-pulls-2026-02", 1, "value") in done.erased
    assert store.values() == ["audit-2026-03", "selftest-pi-12345678", "series-0123456789abcdef"]


@dataclass(frozen=True)
class Locked(Folder):
    """A store where others are always faster."""

    def swap_all(self, *_: object) -> bool:
        return False


def test_where_others_always_write_it_is_said(store: Folder, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is written by other jobs all the time; erase again"):
        erase.erase(Locked(store.root), Number("issue", 2), world(tmp_path))
    assert store.names("erasures") == []


def test_the_cursors_remember_what_was_erased_until_when_it_mattered(store: Folder, tmp_path: Path) -> None:
    erase.erase(store, Before(date(2025, 12, 15)), world(tmp_path))
    erase.erase(store, Number("issue", 5), world(tmp_path, token=lambda: "another1"))
    known = cursors.load(store)
    gone = kpi_rows.Erased(before=datetime(2025, 12, 15, tzinfo=UTC), last=at("2026-02-01"), is_open=True)
    assert known.erased == {"pulls": gone, "issues": gone}
    assert known.swept == datetime(2026, 1, 5, tzinfo=UTC)


def test_a_value_that_cannot_be_read_is_named_and_the_others_are_erased(store: Folder, tmp_path: Path) -> None:
    store.swap("github-pulls-2025-12", store.state("github-pulls-2025-12"), b"no gzip")
    done = erase.erase(store, Before(date(2026, 1, 1)), world(tmp_path))
    assert [one.name for one in done.erased] == ["github-issues-2025-12", "github-pulls-2025-11"]
    (said,) = done.unread
    assert said.startswith("github-pulls-2025-12 in the store cannot be read")
    assert said.endswith("restore an earlier version of it there, or remove it.")
    assert record(store).rows == 3


def test_a_day_that_has_not_come_is_refused(store: Folder, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="2026-03-05 has not come yet"):
        erase.erase(store, Before(date(2026, 3, 5)), world(tmp_path))
    assert numbers(store) == {name: [row.number for row in rows] for name, rows in VALUES.items()}
    assert store.names("erasures") == []
