"""Whose stack it is: what is known of a repository without asking anybody. Pure."""

from collections.abc import Mapping

from msgspec import Struct, field


class Place(Struct, frozen=True, kw_only=True):
    """A repository ("owner/name") at `url`, empty where it is not known; the runbook of each alert: a file or address.

    It is the same in a job and in a clone, so that both render the same.
    """

    repository: str = ""
    url: str = ""
    runbooks: Mapping[str, str] = field(default_factory=dict)
