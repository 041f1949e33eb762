"""Many tests at once: what each p is worth in its family. Members that bring no p count as 1."""

from collections.abc import Mapping


def holm(ps: Mapping[str, float], family: int) -> dict[str, float]:
    """Adjusted so that rejecting what is at most alpha errs anywhere in the family with chance alpha (Holm 1979)."""
    adjusted, greatest = {}, 0.0
    for place, name in enumerate(sorted(ps, key=ps.__getitem__)):
        greatest = max(greatest, min(1.0, (family - place) * ps[name]))
        adjusted[name] = greatest
    return adjusted


def likely(ps: Mapping[str, float], family: int, share: float) -> frozenset[str]:
    """Those of which about this share is chance (Benjamini and Hochberg 1995)."""
    ordered = sorted(ps, key=ps.__getitem__)
    within = [place for place, name in enumerate(ordered, 1) if ps[name] <= share * place / family]
    return frozenset(ordered[: max(within, default=0)])
