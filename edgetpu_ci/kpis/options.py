"""What of the definitions a project may set for itself."""

import re
from typing import Annotated, Literal

from msgspec import Meta, Struct

from edgetpu_ci.errors import ConfigError
from edgetpu_ci.kpis.rows import DeploymentKind

Days = Annotated[float, Meta(gt=0, le=3650)]


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`days`: how long the window is that ends now; it is compared with the same time before.

    `build_pattern`, `test_pattern`: regular expressions, found anywhere in the name of a job, whatever the case, that
    builds or tests; where no job is called so, in the names of steps. `deployments`: what a deployment is; "auto" takes
    those to production, where there are none the versions on the package index, then the releases. `hotfix_labels`: a
    deployment with a pull request that has one repairs the one before, if that is no older than `hotfix_days`.
    `stale_days`: what is open and has not changed for so long is stale.
    """

    days: Days = 30
    build_pattern: str = r"\bbuild"
    test_pattern: str = r"\b(py)?tests?\b"
    deployments: Literal["auto"] | DeploymentKind = "auto"
    hotfix_labels: tuple[str, ...] = ("hotfix", "incident")
    hotfix_days: Days = 7
    stale_days: Days = 60


def check(options: Options) -> None:
    """ConfigError where a pattern is no regular expression."""
    for name in ("build_pattern", "test_pattern"):
        try:
            re.compile(getattr(options, name))
        except re.error as error:
            raise ConfigError(f"{name} is no regular expression: {error}.") from error
