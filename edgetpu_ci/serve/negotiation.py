"""What a client would rather have: which text of metrics, packed or not. Pure.

RFC 9110, 12.4.2 and 12.5; Prometheus names every version it reads, each with its weight.
"""

from collections.abc import Iterator
from typing import Final

_OPENMETRICS: Final = "application/openmetrics-text"
_PLAIN: Final = ("text/plain", "text/*", "*/*")


def wants_openmetrics(accept: str) -> bool:
    """Whether OpenMetrics 1.0 is liked better than Prometheus' own text, which is what everybody else gets."""
    weights = {_name(kind, parameters): weight for kind, parameters, weight in _listed(accept)}
    plain = next((weights[kind] for kind in _PLAIN if kind in weights), 0.0)
    return weights.get(_OPENMETRICS, 0.0) > plain


def wants_gzip(accept_encoding: str) -> bool:
    """Whether a body may be packed."""
    return any(kind == "gzip" and weight > 0 for kind, _, weight in _listed(accept_encoding))


def _name(kind: str, parameters: dict[str, str]) -> str:
    """Another version of a kind is another kind."""
    versions = {_OPENMETRICS: "1.0.0", "text/plain": "0.0.4"}
    known = versions.get(kind, "")
    version = parameters.get("version", known)
    return kind if version == known else f"{kind} {version}"


def _listed(header: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Each that is named, its parameters, and its weight from 0 to 1."""
    for part in header.split(","):
        kind, *rest = (piece.strip().lower() for piece in part.split(";"))
        parameters = {name: value for name, _, value in (piece.partition("=") for piece in rest)}
        yield kind, parameters, _weight(parameters.get("q", "1"))


def _weight(text: str) -> float:
    """What is no weight is none at all."""
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0
