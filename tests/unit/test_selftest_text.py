"""How a self-test reads on a terminal."""

from datetime import timedelta

from msgspec.structs import replace

from edgetpu_ci import noise
from edgetpu_ci.noise import Gauge, SelfTest
from edgetpu_ci.render import selftest
from tests.fakes import snapshots
from tests.fakes.reports import HOSTILE, MACHINE
from tests.fakes.world import AT

CALM = SelfTest(
    at=AT,
    gauges=(
        Gauge(
            subject="mobilenet_v2", ratio=1.0012, interval=(0.9969, 1.0055), floor=0.0043, p=0.44, rounds=30, dropped=0
        ),
        Gauge(
            subject="yolo_nano", ratio=0.9951, interval=(0.9912, 0.9992), floor=0.0039, p=0.004, rounds=28, dropped=2
        ),
    ),
)
LOUD = replace(
    CALM,
    at=AT + timedelta(days=1),
    gauges=tuple(replace(gauge, floor=0.032, p=0.6) for gauge in CALM.gauges),
    contended="the model waited for a CPU 62% of the time",
)


def said(*tests: SelfTest) -> str:
    return selftest.text(MACHINE, tests, noise.standing(tests, 0.01))


def test_a_fit_runner() -> None:
    snapshots.check("selftest_fit.txt", said(CALM))


def test_a_noisy_one() -> None:
    snapshots.check("selftest_noisy.txt", said(replace(LOUD, at=AT), LOUD))


def test_names_are_shown_and_do_nothing() -> None:
    hostile = replace(CALM, gauges=(replace(CALM.gauges[0], subject=HOSTILE),), contended=HOSTILE)
    machine = replace(MACHINE, host=HOSTILE, key=HOSTILE)
    runner = replace(noise.standing([hostile], 0.01), quarantine=HOSTILE)
    text = selftest.text(machine, [hostile], runner)
    assert len(text.splitlines()) == 7
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_way_back_that_was_begun_says_how_far_it_is() -> None:
    runner = noise.standing([LOUD, CALM, CALM], 0.01)
    assert selftest.out_of_gating(runner).endswith(
        "3 more clean self-tests in a row bring it back: `edgetpu-ci selftest`"
    )
