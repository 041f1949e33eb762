"""What a token must be allowed for all rows: one endpoint a permission, each asked for one item."""

from functools import partial
from typing import Final

from msgspec import Raw

from edgetpu_ci.errors import EdgeTpuCiError
from edgetpu_ci.github_rows import issues, jobs, overview, pulls, runs, standing
from edgetpu_ci.transport.github import GitHub

ENDPOINTS: Final = (
    ("pulls", pulls.NEEDS),
    ("issues", issues.NEEDS),
    ("actions/runs", runs.NEEDS),
    ("commits/HEAD/check-runs", jobs.NEEDS),
    ("deployments", overview.NEEDS[overview.DEPLOYMENTS]),
    ("releases", overview.NEEDS[overview.RELEASES]),
    ("actions/runners", standing.NEEDS),
)


def refused(github: GitHub) -> tuple[EdgeTpuCiError, ...]:
    """Why some rows may not be read."""
    found = github.gather(
        [
            partial(github.get, f"/repos/{github.repository}/{path}", Raw, needs=needs, query={"per_page": 1})
            for path, needs in ENDPOINTS
        ]
    )
    return tuple(one for one in found if isinstance(one, EdgeTpuCiError))
