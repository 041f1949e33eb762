"""Several devices: which of them the exit status and the outputs are of."""

import itertools

import pytest

from edgetpu_ci import on_devices
from edgetpu_ci.app import Outcome
from edgetpu_ci.errors import ConfigError, DeliveryError, EdgeTpuCiError, StoreError
from edgetpu_ci.model import Rule
from tests.fakes import reports

FAST, SLOW = reports.model("m", 2.0), reports.model("m", 9.0)
FAILS = Rule(match="*/latency_p50_ms", max=5)
PASSED = Outcome(reports.report(FAST, rules=(FAILS,)))
FAILED = Outcome(reports.report(SLOW, rules=(FAILS,)))
UNSAVED = Outcome(reports.report(FAST, rules=(FAILS,)), problems=(DeliveryError("The comment was not written."),))


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ((PASSED, PASSED), 0),
        ((PASSED, FAILED), 1),
        ((PASSED, UNSAVED), 4),
        ((FAILED, UNSAVED), 1),
        ((FAILED, StoreError("No space.")), 1),
        ((PASSED, ConfigError("Wrong.")), 2),
    ],
)
def test_the_exit_status_is_of_the_worst(results: tuple[Outcome | EdgeTpuCiError, ...], status: int) -> None:
    for order in itertools.permutations(results):
        assert on_devices.exit_status(dict(zip("ab", order, strict=True))) == status
