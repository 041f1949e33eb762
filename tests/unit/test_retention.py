"""Whether logs are kept as long as the policy says, and no longer."""

import pytest

from edgetpu_ci.upkeep import audit
from edgetpu_ci.upkeep.account import Retention
from edgetpu_ci.upkeep.audit import Logging
from tests.fakes.world import AT


@pytest.mark.parametrize(
    ("kept", "elsewhere", "value"),
    [
        (90, ("ERROR", "CRITICAL"), 1),
        (90, (), None),
        (90, None, 1),
        (400, (), 0),
        (120, (), 0),
    ],
    ids=["goes elsewhere", "goes nowhere", "nothing is logged", "kept too long", "kept too long and not long enough"],
)
def test_what_is_kept_too_long_is_broken_and_what_goes_nowhere_is_unknown(
    kept: int, elsewhere: tuple[str, ...] | None, value: float | None
) -> None:
    policy = Logging(days=audit.POLICY, actions="WARNING", elsewhere=elsewhere)
    assert audit.retention(Retention(days=kept), policy, (), AT).value == value
