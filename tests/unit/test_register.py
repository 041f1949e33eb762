"""Nothing is stored without a purpose: every field of every record that is kept has its line in the register."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edgetpu_ci import audit_log, codec, history, memory, series_index
from edgetpu_ci.alerting import keeper
from edgetpu_ci.collect import github
from edgetpu_ci.github_rows import cursors
from edgetpu_ci.incidents import intents
from edgetpu_ci.incidents.record import STORED, Book, Incident, Muted
from edgetpu_ci.kpis import rows
from edgetpu_ci.model import REPOSITORY, Machine, Report, Run
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.supply import downloads, standing
from edgetpu_ci.transport import seldom
from edgetpu_ci.upkeep import access, erase, register, review, reviews
from edgetpu_ci.upkeep.register import Kept
from edgetpu_ci.weekly import noted
from tests.fakes.incidents import Reached, incident, resolved
from tests.fakes.world import world
from tests.unit.test_github_rows import NOW, repository

RECORDS: dict[str, type[msgspec.Struct]] = {
    "github-pulls-2026-11": rows.Pull,
    "github-issues-2026-11": rows.Issue,
    "github-runs-2026-11": rows.WorkflowRun,
    "github-deliveries-2026-11": rows.Deployment,
    "github-cursors": cursors.Cursors,
    "downloads-edgetpu-ci": downloads.History,
    "dependencies-index": standing.Standing,
    "access-review": review.Review,
    "audit-2026-11": audit_log.Line,
    STORED: Book,
}

SILENCE = Muted(match={"alertname": "test_coverage_drop"}, until=NOW, reason="moving house")


def leaves(kind: Any, place: str = "") -> Iterator[str]:
    """The paths of all fields of a record that hold no further record."""
    for field in msgspec.structs.fields(kind):
        inner = list(records(msgspec.inspect.type_info(field.type)))
        path = f"{place}{field.encode_name}"
        for record, star in inner:
            yield from leaves(record, f"{path}.{star}")
        if not inner:
            yield path


def records(info: Any) -> Iterator[tuple[type, str]]:
    match info:
        case msgspec.inspect.StructType(cls=record):
            yield record, ""
        case msgspec.inspect.UnionType(types=types):
            for each in types:
                yield from records(each)
        case msgspec.inspect.VarTupleType(item_type=item) | msgspec.inspect.ListType(item_type=item):
            yield from records(item)
        case msgspec.inspect.DictType(value_type=value):
            yield from ((record, f"*.{star}") for record, star in records(value))
        case _:
            return


@pytest.mark.parametrize("name", RECORDS)
def test_every_field_of_a_row_is_registered_and_every_entry_is_a_field(name: str) -> None:
    kept = register.find("state", name)
    assert kept is not None
    assert set(leaves(RECORDS[name])) == set(kept.fields)


@pytest.mark.parametrize(
    ("kind", "record"), [("reviews", review.Review), ("erasures", erase.Erasure), (STORED, Incident)]
)
def test_every_field_of_a_document_is_registered(kind: str, record: type[msgspec.Struct]) -> None:
    kept = register.find("documents", kind)
    assert kept is not None
    assert set(leaves(record)) == set(kept.fields)


def test_reports_and_their_series_are_registered_part_by_part() -> None:
    kept, series = register.find("documents", history.KPIS), register.find("state", register.SERIES)
    assert kept is not None
    assert series is not None
    assert {field.encode_name for field in msgspec.structs.fields(Report)} == set(kept.fields)
    assert {field.encode_name for field in msgspec.structs.fields(series_index._Index)} == set(series.fields)


def test_the_series_of_the_repository_are_those_that_are_erased(tmp_path: Path) -> None:
    store, here = Folder(tmp_path), world(tmp_path)
    for number in range(series_index.UNSAVED):
        at = NOW.replace(minute=number)
        run = Run(id=f"{at:%Y%m%dT%H%M%SZ}-a", at=at, machine=Machine(key=REPOSITORY), measurements=())
        store.append(history.kind(REPOSITORY), run.id, codec.encode_json(Report(run=run)))
    series_index.load(store, REPOSITORY, here, keep=True)
    assert store.values() == [register.SERIES]
    erased = erase.erase(store, erase.Everything(), here).erased
    assert [(one.name, one.count) for one in erased] == [(register.SERIES, 1), ("kpis", series_index.UNSAVED)]
    assert (store.values(), store.names("kpis")) == ([f"audit-{here.now():%Y-%m}"], [])


@pytest.mark.parametrize("kept", register.REGISTER, ids=lambda kept: kept.what)
def test_every_entry_has_purpose_basis_and_days(kept: Kept) -> None:
    assert all(purpose.strip() for purpose in kept.fields.values())
    assert "GDPR" in kept.basis
    assert 0 < kept.days <= 3650
    assert all(field in kept.fields for field in (kept.at, kept.touched) if field)


def test_no_field_names_a_person() -> None:
    words = {"login", "author", "user", "email", "mail", "actor", "assignee", "title", "body", "avatar", "ip"}
    fields = {part for kept in register.REGISTER for path in kept.fields for part in path.split(".")}
    assert not fields & words


def test_after_a_whole_collection_nothing_else_is_in_the_store(tmp_path: Path) -> None:
    here = world(tmp_path, now=lambda: NOW, env={reviews.VARIABLE: "a long random text of the tests"})
    store = Folder(tmp_path / "store")
    delivered = rows.Deployment(name="v1", at=NOW, commit="c0ffee", kind="release", prerelease=True, failed=True)
    store.swap(f"github-deliveries-{NOW:%Y-%m}", None, memory.pack([delivered]))
    store.swap("downloads-pip", None, memory.pack(downloads.History(asked=NOW.date(), days={NOW.date(): 7}, why="no")))
    package = standing.Standing(name="pip", current="1", python="3.12", etag="e", latest="2", current_at=NOW)
    store.swap("dependencies-index", None, memory.pack([package]))
    github.measure(repository(runs=600, items=100), github.Options(), store, here)
    refused = seldom.Kept(until=NOW, by="GITHUB_TOKEN", refused="denied", why="no", permission="administration: read")
    store.swap("github-seldom", None, memory.pack({"hooks": refused}))
    store.swap("digest-2026-W47", None, memory.pack({"C0123ABCD": noted.Told(ref="C0123ABCD:1.0", begun=True)}))
    found = access.Access((access.Grant("collaborator", "octocat", "admin"),))
    reviews.sign_off(store, found, "maintainer on duty", here)
    one = resolved(incident())
    told = keeper.put_away(store, [one], here)
    assert told == (Book(), [])
    waiting = intents.plan(Book(), Book(incidents=(incident(),), silences=(SILENCE,)), Reached(), NOW)
    keeper.change(store, lambda _: waiting, here)
    erase.erase(store, erase.Number("issue", 3), here)
    kinds = set()
    for name in store.values():
        kept = register.find("state", name)
        assert kept, name
        kinds.add(kept.what)
        value = memory.unpack(store.state(name) or b"", msgspec.Raw, name)
        assert list(register.unregistered(msgspec.json.decode(value), kept.fields)) == []
        assert b"octocat" not in bytes(value)
    for kind in ("reviews", "erasures", "incidents"):
        kept = register.find("documents", kind)
        assert kept
        kinds.add(kept.what)
        for name in store.names(kind):
            value = msgspec.json.decode(store.read(kind, name))
            assert list(register.unregistered(value, kept.fields)) == []
    others = {"reports of the repository", "series of key figures, made from reports"}
    key = "the key of access reviews, where no secret is set for it"
    assert kinds == {kept.what for kept in register.REGISTER} - {key} - others


def test_what_is_not_registered_is_found_at_any_depth() -> None:
    known = {"number": "why", "jobs.name": "why", "asked.*.at": "why", "spans": "why"}
    value = {
        "number": 1,
        "title": "secret",
        "jobs": [{"name": "test", "runner": "hal"}],
        "asked": {"profile": {"at": 1, "who": "me"}},
        "spans": [{"anything": 1}],
    }
    assert list(register.unregistered([value], known)) == ["title", "jobs.runner", "asked.*.who"]
    assert list(register.unregistered({"number": 1}, known)) == []


@pytest.mark.parametrize("name", ["github-pulls", "github-pulls-2026-111", "github-stars-2026-11", "x-access-review"])
def test_other_names_are_not_registered(name: str) -> None:
    assert register.find("state", name) is None
