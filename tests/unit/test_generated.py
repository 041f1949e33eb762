"""What is written twice is generated, and not stale."""

import subprocess
import sys
from pathlib import Path

from edgetpu_ci import metrics

ROOT = Path(__file__).parents[2]


def test_generated_tables_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/docs"), "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), "run scripts/docs"


def test_locks_name_no_index() -> None:
    for lock in ROOT.glob("requirements*.txt"):
        assert "://" not in lock.read_text(), lock


def test_every_metric_has_one_name() -> None:
    names = [name for metric in metrics.CATALOGUE for name in (metric.name, *metric.aliases)]
    assert len(names) == len(set(names))


def test_an_unknown_metric_is_shown_and_never_compared() -> None:
    assert metrics.find("from_the_future").better is None
