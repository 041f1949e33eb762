"""Key figures of incidents, by hand and from a store."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from edgetpu_ci import codec, config, memory, store
from edgetpu_ci.collect import incidents as collector
from edgetpu_ci.incidents import figures
from edgetpu_ci.incidents.record import STORED, Book, Incident, Step
from edgetpu_ci.model import Measurement
from tests.fakes.incidents import NOW, incident
from tests.fakes.world import world


def opened(days_ago: float, acknowledged: float | None = None, number: int = 1, **parts: Any) -> Incident:
    at = NOW - timedelta(days=days_ago)
    taken_on = at + timedelta(minutes=acknowledged) if acknowledged is not None else None
    return incident(number=number, opened_at=at, told_at=at, acknowledged_at=taken_on, **parts)


def measured(*known: Incident) -> dict[str, Measurement]:
    return {one.metric: one for one in figures.measurements(known, NOW)}


def test_what_is_open_and_what_nobody_took_on() -> None:
    found = measured(opened(1), opened(40, acknowledged=5), opened(2, resolved_at=NOW))
    assert (found["incidents_open"].value, found["incidents_unacknowledged"].value) == (2, 1)
    assert found["incidents_opened"].value == 2
    assert (earlier := found["incidents_opened"].earlier)
    assert earlier.value == 1


def test_how_soon_somebody_takes_one_on_is_a_median_of_at_least_five() -> None:
    soon = [opened(3, acknowledged=minutes) for minutes in (2, 4, 6, 90)]
    assert measured(*soon)["time_to_acknowledge_minutes"].reason.startswith("not known: only 4 acknowledged")
    assert measured(*soon, opened(1, acknowledged=8))["time_to_acknowledge_minutes"].value == 6


def test_the_latest_step_counts_and_without_one_there_is_no_figure() -> None:
    assert "escalation_lateness_minutes" not in measured(opened(1))
    steps = tuple(Step(contact="cto", after="15 min", due=NOW - timedelta(minutes=late), taken=NOW) for late in (3, 27))
    asked = Step(contact="oncall", due=NOW, taken=NOW)
    late = measured(opened(1, steps=(*steps, asked)))["escalation_lateness_minutes"]
    assert (late.value, late.n) == (27, 2)


def test_they_come_from_the_book_and_from_what_is_over(tmp_path: Path) -> None:
    here = world(tmp_path, now=lambda: NOW)
    kept = store.open_store(config.Step(use="folder"), here)
    over = opened(3, number=1, resolved_at=NOW)
    kept.append(STORED, "20261122T120000Z-f329e9e042cf0000-1", codec.encode_json(over))
    kept.append(STORED, "20261123T120000Z-f329e9e042cf0000-9", b"{")
    # Killed between the two, an incident stands in both.
    kept.swap(STORED, None, memory.pack(Book(incidents=(over, opened(1, number=2)))))
    found = collector.collect_remembering(collector.Options(), kept, here)
    assert {one.metric: one.value for one in found.measurements} | {"time_to_acknowledge_minutes": None} == {
        "incidents_open": 1,
        "incidents_unacknowledged": 1,
        "incidents_opened": 2,
        "time_to_acknowledge_minutes": None,
    }
    assert "20261123T120000Z" in found.incomplete[0]


def test_a_store_that_knows_of_none_has_none(tmp_path: Path) -> None:
    found = collector.collect(collector.Options(), world(tmp_path, now=lambda: NOW))
    assert [one.value for one in found.measurements] == [0, 0, 0, None]
