"""`incidents audit`, over a store."""

from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from edgetpu_ci import config, store
from edgetpu_ci.alerting import auditing, keeper
from edgetpu_ci.incidents import escalation
from edgetpu_ci.incidents.record import Book
from edgetpu_ci.world import World
from tests.fakes.incidents import NOW, incident
from tests.fakes.world import world

EXAMPLE = Path(__file__).parents[2] / "examples/alerts/edgetpu-ci.yml"
SETTINGS = replace(config.load(EXAMPLE), store=config.Step(use="folder"))


def audited(here: World, minutes: float) -> list[str]:
    return [escalation.sentence(one) for one in auditing.audit(SETTINGS, timedelta(minutes=minutes), here)]


def test_it_reads_the_book_of_the_store_and_the_matrix_of_the_configuration(tmp_path: Path) -> None:
    here = world(tmp_path, now=lambda: NOW + timedelta(minutes=32))
    assert audited(here, 15) == []
    kept = store.open_store(SETTINGS.store, here)
    keeper.change(kept, lambda _: Book(incidents=(incident(priority="p0", told_at=NOW),)), here)
    assert audited(here, 15) == [
        "build_failure_streak f329e9e0-1: cto was not told; due 2026-11-25 12:15 UTC, 17 min late",
        "build_failure_streak f329e9e0-1: engineering_manager was not told; due 2026-11-25 12:15 UTC, 17 min late",
    ]
    assert len(audited(here, 1)) == 4
