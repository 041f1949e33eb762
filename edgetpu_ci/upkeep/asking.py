"""Asking GitHub for several things, of which each may be refused: an answer, or why there is none."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from edgetpu_ci.errors import EdgeTpuCiError
from edgetpu_ci.transport.github import GitHub

T = TypeVar("T")


class No(NamedTuple):
    """Why there is no answer, as a reason goes on after "not known: "."""

    why: str


def gather(github: GitHub, asks: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Answers by name, asked for side by side; a `No` for each that failed."""
    found = github.gather(list(asks.values()))
    return {name: no(it) if isinstance(it, EdgeTpuCiError) else it for name, it in zip(asks, found, strict=True)}


def no(error: EdgeTpuCiError) -> No:
    """Why something could not be had."""
    return No(str(error).rstrip("."))


def listed(github: GitHub, path: str, item: type[T], needs: str, **query: str | int) -> list[T]:
    """All items of a list, of every page."""
    pages = github.pages(path, list[item], needs=needs, query=query)  # type: ignore[valid-type]
    return [one for page in pages for one in page]
