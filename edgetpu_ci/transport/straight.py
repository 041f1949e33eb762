"""A session of requests that goes nowhere but where it is sent."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from requests import Session


def session() -> "Session":
    """One that looks at no redirect: it would read such an answer whole, however large, even to go nowhere."""
    import requests

    class Straight(requests.Session):
        """As it says."""

        def get_redirect_target(self, resp: object) -> None:  # noqa: ARG002 - as requests has it
            return None

    return Straight()
