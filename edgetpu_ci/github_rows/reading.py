"""Reading what is new in a repository: part by part, none of which takes the others down with it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from edgetpu_ci.errors import DeliveryError, DeniedError, MissingError
from edgetpu_ci.github_rows import catching_up, histories, overview, standing
from edgetpu_ci.github_rows.cursors import Asked
from edgetpu_ci.github_rows.desk import Desk
from edgetpu_ci.github_rows.overview import ABOUT, DEPLOYMENTS, RELEASES, Overview
from edgetpu_ci.github_rows.standing import Runners

SETTLED: Final = timedelta(days=7)
"""A deployment that began so long ago has ended."""
