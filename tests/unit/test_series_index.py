"""The index of series: the same as reading all reports, but for what was read before."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgetpu_ci import codec, course, history, series_index
from edgetpu_ci.errors import StoreError
from edgetpu_ci.model import Machine, Measurement, Report, Run, Series
from edgetpu_ci.series_index import POINTS, UNSAVED
from edgetpu_ci.store.folder import Folder
from tests.fakes.world import AT, Said, world


def report(number: int, value: float = 1.0, *, device: str = "pi", pull_request: int | None = None) -> Report:
    at = AT + timedelta(hours=number)
    run = Run(
        id=f"{at:%Y%m%dT%H%M%SZ}-{number:04}",
        at=at,
        machine=Machine(key=device),
        measurements=(
            Measurement(subject="m", metric="latency_p10_ms", value=value),
            Measurement(subject="m", metric="model_bytes", value=123_456_789),
        ),
        commit=f"{number:040x}",
        pull_request=pull_request,
    )
    return Report(run=run)


def keep(store: Folder, *reports: Report) -> None:
    for one in reports:
        store.append(history.REPORTS, one.run.id, codec.encode_json(one))


class Counting(Folder):
    """A folder that knows what was read, and may refuse to be written."""

    read_names: list[str]
    closed = False

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        object.__setattr__(self, "read_names", [])

    def read(self, kind: str, name: str) -> bytes:
        self.read_names.append(name)
        return super().read(kind, name)

    def swap(self, name: str, old: bytes | None, new: bytes | None) -> bool:
        if self.closed:
            raise StoreError("it is closed.")
        return super().swap(name, old, new)


def load(store: Folder, folder: Path, said: list[str] | None = None, *, keep: bool = True) -> tuple[Series, ...]:
    heard = Said() if said is None else said
    return series_index.load(store, "pi", world(folder, warn=heard.append), keep=keep)


def values(known: tuple[Series, ...], metric: str = "latency_p10_ms") -> list[float]:
    return [point.value for one in known if one.metric == metric for point in one.points]


def test_a_run_reads_only_the_reports_that_are_new(tmp_path: Path) -> None:
    store = Counting(tmp_path)
    keep(store, *(report(n, n + 1) for n in range(40)))
    first = load(store, tmp_path)
    assert len(store.read_names) == 40
    keep(store, report(40, 41))
    store.read_names.clear()
    known = load(store, tmp_path)
    assert store.read_names == [report(40).run.id]
    assert values(known) == [*values(first), 41]
    assert known[0].points[:40] == first[0].points
    assert known[0].points[3].commit == f"{3:040x}"


def test_other_devices_and_pull_requests_are_looked_at_once_and_are_no_points(tmp_path: Path) -> None:
    store = Counting(tmp_path)
    keep(store, *(report(n, device="other") for n in range(20)), *(report(n, pull_request=7) for n in range(20, 40)))
    keep(store, report(41))
    load(store, tmp_path)
    store.read_names.clear()
    assert values(load(store, tmp_path)) == [1.0]
    assert store.read_names == []


def test_a_report_that_came_late_is_found(tmp_path: Path) -> None:
    store = Counting(tmp_path)
    keep(store, *(report(n, n + 1) for n in range(40) if n != 30))
    load(store, tmp_path)
    keep(store, report(30, 31))
    assert values(load(store, tmp_path)) == [float(n + 1) for n in range(40)]


def test_few_new_reports_are_read_and_not_written(tmp_path: Path) -> None:
    store = Counting(tmp_path)
    keep(store, *(report(n) for n in range(UNSAVED - 1)))
    load(store, tmp_path)
    assert not (tmp_path / "state").exists()
    keep(store, report(UNSAVED))
    load(store, tmp_path, keep=False)
    assert not (tmp_path / "state").exists()
    load(store, tmp_path)
    assert len([path for path in (tmp_path / "state").iterdir() if path.name.startswith("series-")]) == 1


@pytest.mark.parametrize("broken", [b"", b"{", b'{"format": "another"}', b"half"])
def test_an_index_that_is_corrupt_or_of_another_kind_is_made_anew(tmp_path: Path, broken: bytes) -> None:
    store = Counting(tmp_path)
    keep(store, *(report(n, n + 1) for n in range(30)))
    whole = load(store, tmp_path)
    (place,) = (path for path in (tmp_path / "state").iterdir() if path.name.startswith("series-"))
    place.write_bytes(place.read_bytes()[:200] if broken == b"half" else broken)
    said: list[str] = []
    assert load(store, tmp_path, said) == whole
    assert len(said) == 1
    assert "made anew" in said[0]
    store.read_names.clear()
    assert load(store, tmp_path) == whole
    assert store.read_names == []


def test_columns_that_do_not_belong_together_are_made_anew(tmp_path: Path) -> None:
    store = Counting(tmp_path)
    keep(store, *(report(n, n + 1) for n in range(30)))
    whole = load(store, tmp_path)
    (place,) = (path for path in (tmp_path / "state").iterdir() if path.name.startswith("series-"))
    place.write_bytes(place.read_bytes().replace(b'"commits":[', b'"commits":["one too many",'))
    assert load(store, tmp_path) == whole


def test_a_store_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    store = Counting(tmp_path)
    object.__setattr__(store, "closed", True)
    keep(store, *(report(n) for n in range(30)))
    said: list[str] = []
    assert len(values(load(store, tmp_path, said))) == 30
    assert "could not be kept" in said[0]


def test_values_keep_seven_digits_and_facts_all(tmp_path: Path) -> None:
    store = Counting(tmp_path)
    keep(store, *(report(n, 2.123456789) for n in range(30)))
    load(store, tmp_path)
    known = load(store, tmp_path)
    assert set(values(known)) == {2.123457}
    assert set(values(known, "model_bytes")) == {123_456_789}


def test_only_the_newest_points_stay_and_what_stands_of_the_time_before_stays_too(tmp_path: Path) -> None:
    store = Counting(tmp_path)
    level = [1.0] * 30 + [1.2] * (POINTS + 10)
    keep(store, *(report(n, value * (1 + (n * 7 % 5 - 2) / 1000)) for n, value in enumerate(level)))
    load(store, tmp_path)
    (known,) = (one for one in load(store, tmp_path) if one.metric == "latency_p10_ms")
    assert len(known.points) == POINTS
    (shift,) = course.standing(known)
    assert (shift.good.commit, shift.bad.commit, round(shift.after, 1)) == (f"{29:040x}", f"{30:040x}", 1.2)


@pytest.mark.parametrize("place", [0, 3, 10, 19, 20, 40])
def test_a_change_at_the_edge_of_what_stays_is_told_once(tmp_path: Path, place: int) -> None:
    store = Counting(tmp_path)
    level = [1.0] * (30 + place) + [1.2] * (POINTS - place)
    keep(store, *(report(n, value * (1 + (n * 7 % 5 - 2) / 1000)) for n, value in enumerate(level)))
    load(store, tmp_path)
    (known,) = (one for one in load(store, tmp_path) if one.metric == "latency_p10_ms")
    (shift,) = course.standing(known)
    assert shift.bad.commit == f"{30 + place:040x}"


def test_the_name_of_a_device_may_be_anything(tmp_path: Path) -> None:
    store = Counting(tmp_path)
    odd = "../../pi · usb:0\n"
    keep(store, *(replace(r, run=replace(r.run, machine=Machine(key=odd))) for r in map(report, range(30))))
    series_index.load(store, odd, world(tmp_path), keep=True)
    assert len(list((tmp_path / "state").iterdir())) == 2
