"""Times as people write and say them."""

from datetime import timedelta

import pytest

from edgetpu_ci.config import durations
from edgetpu_ci.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("15 min", 15),
        ("15_min", 15),
        ("< 30 minutes", 30),
        ("< 1 hour", 60),
        ("4_hours", 240),
        ("24 hours", 1440),
        ("2 days", 2880),
        ("1.5h", 90),
        ("90 s", 1.5),
        ("immediate", 0),
        ("", 0),
    ],
)
def test_times_are_read_as_documents_write_them(text: str, minutes: float) -> None:
    assert durations.time(text, "here") == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["soon", "15", "-5 min", "min", "3 runs", "9999 days", "1e9 h", "15 min 3 s"])
def test_what_is_no_time_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(ConfigError, match=r'^here: ".*" is no length of time; write it as'):
        durations.time(text, "here")


@pytest.mark.parametrize(("text", "runs"), [("3 runs", 3), ("1 run", 1), ("2_runs", 2), ("3 min", None), ("", None)])
def test_runs_in_a_row(text: str, runs: int | None) -> None:
    assert durations.runs(text) == runs


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "0 min"),
        (0.4, "0 min"),
        (15, "15 min"),
        (60, "1 h"),
        (65, "1 h 5 min"),
        (1440, "1 day"),
        (3000, "2 days 2 h"),
        (4321, "3 days 1 min"),
    ],
)
def test_a_time_is_said_in_its_two_largest_parts(minutes: float, said: str) -> None:
    assert durations.words(timedelta(minutes=minutes)) == said
