"""Operations per second: from the MACs on the chip and the throughput of the same subject."""

import pytest

from edgetpu_ci import derive
from edgetpu_ci.model import Measurement


def macs(value: float | None = 300.78, reason: str = "") -> Measurement:
    return Measurement(subject="m", metric="macs_on_tpu_millions", value=value, reason=reason)


def speed(value: float | None = 1000 / 2.56, reason: str = "") -> Measurement:
    return Measurement(
        subject="m", metric="throughput_sustained_fps", value=value, reason=reason, n=700, device="usb", slots=(1.0,)
    )


def derived(*measurements: Measurement) -> dict[str, Measurement]:
    return {m.metric: m for m in derive.of(measurements) if m not in measurements}


def test_a_multiply_accumulate_is_two_operations() -> None:
    found = derived(macs(), speed())
    assert found["tops"].value == pytest.approx(0.235, abs=0.0005)
    assert found["tops_peak_percent"].value == pytest.approx(5.9, abs=0.05)
    assert (found["tops"].n, found["tops"].device, found["tops"].slots) == (700, "usb", ())


@pytest.mark.parametrize(
    ("measured", "reason"),
    [
        ((macs(None, "no source"), speed()), "no source"),
        ((macs(), speed(None, "it crashed")), "it crashed"),
    ],
)
def test_where_one_is_missing_its_reason_is_given(measured: tuple[Measurement, ...], reason: str) -> None:
    assert {(m.value, m.reason, m.failed) for m in derived(*measured).values()} == {(None, reason, False)}


@pytest.mark.parametrize("alone", [macs(), speed()])
def test_where_only_one_was_sought_nothing_follows(alone: Measurement) -> None:
    assert derive.of([alone]) == (alone,)


def test_what_is_judged_again_has_it_once() -> None:
    once = derive.of([macs(), speed()])
    assert derive.of(once) == once
