"""The watts of a stretch of time, and when a meter does not tell them."""

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.device import power
from edgetpu_ci.errors import DocumentError

STEADY = [(t / 10, 2.5) for t in range(101)]


def test_a_steady_draw_is_what_it_is() -> None:
    assert power.watts(STEADY, (2.03, 7.77)) == pytest.approx(2.5)


def test_the_mean_of_a_ramp_is_its_middle() -> None:
    ramp = [(float(t), float(t)) for t in range(11)]
    assert power.watts(ramp, (2.5, 7.5)) == pytest.approx(5)


@given(st.lists(st.floats(0.1, 50), min_size=8, max_size=40), st.floats(0.05, 0.9), st.floats(0.05, 0.9))
def test_the_mean_lies_between_the_least_and_the_most_and_halves_add_up(
    drawn: list[float], cut: float, first: float
) -> None:
    samples = [(100 + n * 0.2, watts) for n, watts in enumerate(drawn)]
    start, end = 100.0, samples[-1][0]
    whole = power.watts(samples, (start, end))
    assert isinstance(whole, float)
    assert min(drawn) - 1e-9 <= whole <= max(drawn) + 1e-9
    middle = start + (end - start) * (cut + first) / 2
    halves = [power.watts(samples, span) for span in ((start, middle), (middle, end))]
    if all(isinstance(half, float) for half in halves):
        joules = float(halves[0]) * (middle - start) + float(halves[1]) * (end - middle)
        assert joules == pytest.approx(whole * (end - start), rel=1e-6)


@pytest.mark.parametrize(
    ("samples", "span", "said"),
    [
        ([], (1, 2), "the meter told nothing"),
        (STEADY, (9, 12), "the meter ends 2.0 s too early; if its clock is off, `meter_offset_seconds` moves it"),
        (STEADY, (-3600, -3590), "the meter begins 3600.0 s too late"),
        ([*STEADY[:30], *STEADY[60:]], (1, 9), "a gap of 3.1 s within the measured time"),
        (STEADY, (5.01, 5.15), "the meter has 1 samples in the 0.14 s that were timed; raise `seconds`"),
    ],
)
def test_what_does_not_cover_the_run_is_refused(
    samples: list[tuple[float, float]], span: tuple[float, float], said: str
) -> None:
    found = power.watts(samples, span)
    assert isinstance(found, str)
    assert said in found


def test_a_gap_beside_the_run_does_no_harm() -> None:
    assert power.watts([*STEADY[:30], *STEADY[60:]], (6.5, 9)) == pytest.approx(2.5)


@given(st.lists(st.floats(0.5, 60), min_size=5, max_size=30), st.floats(70, 500))
def test_a_counter_that_wraps_gives_the_power_it_counted(drawn: list[float], wraps_at: float) -> None:
    total = [0.0, *accumulate(watts * 0.5 for watts in drawn)]
    readings = [(n * 0.5, joules % wraps_at) for n, joules in enumerate(total)]
    found = [watts for _, watts in power.from_counter(readings, wraps_at)]
    assert found == pytest.approx(drawn, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("1000.5,2.5\n1001.5,3\n", (1000.5, 2.5)),
        ("\ufefftimestamp, W\n1000.5, 2.5\n", (1000.5, 2.5)),
        ("# a USB meter\n\n1000.5,2.5,5.02\n", (1000.5, 2.5)),
        ("2026-03-04T05:06:07Z,2.5\n", (1772600767.0, 2.5)),
        ("2026-03-04T05:06:07.5,2.5\n", (1772600767.5, 2.5)),
        ("1772600767500,2.5\n", (1772600767.5, 2.5)),
    ],
)
def test_what_meters_write_is_read(text: str, first: tuple[float, float]) -> None:
    assert power.read_csv(text, "power.csv")[0] == first


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2\nnoise\n", "power.csv, line 2: 'noise' is no `timestamp,watts`"),
        ("1,2\n2,nan\n", "line 2"),
        ("1,2\ninf,2\n", "line 2"),
        ("5,2\n4,2\n", "its times do not rise"),
    ],
)
def test_what_is_no_record_of_power_is_said(text: str, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        power.read_csv(text, "power.csv")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        samples = power.read_csv(text, "power.csv")
    except DocumentError:
        return
    assert all(before[0] <= after[0] for before, after in pairwise(samples))


def test_operations_per_second_and_watt() -> None:
    """A model of 300 M MACs at 400 inferences a second and 2 W: 0.24 TOPS over 2 W."""
    energy = 1000 * 2 / 400
    assert power.tops_per_watt(300, energy) == pytest.approx(2 * 300e6 * 400 / 1e12 / 2)
