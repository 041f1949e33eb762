"""The configuration used when models are named on the command line and there is no file."""

from collections.abc import Sequence

from edgetpu_ci.config import Config, Step
from edgetpu_ci.model import Rule


def settings(models: Sequence[str]) -> Config:
    """Measure these models, demand no errors, and tell of a change of 1 % or more."""
    named = {"models": list(models)}
    return Config(
        collect=(Step(use="model_file", with_=named), Step(use="inference", with_=named)),
        rules=(
            Rule(match="*/throughput_sustained_fps", worse_by_percent=1, unknown="warn"),
            Rule(match="*/error_rate_percent", max=0),
            Rule(match="*/macs_millions", exact=True, severity="warn", unknown="pass"),
        ),
    )
