"""Values as Grafana writes them, in the units that our dashboards have."""

from typing import Any

_TIMES = ((604_800, "weeks"), (86_400, "days"), (3600, "hours"), (60, "mins"), (1, "s"), (1e-3, "ms"), (1e-6, "µs"))
_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "µ"))
_PREFIXED = {"watt": "W", "joule": "J", "decbytes": "B"}


def said(value: float, defaults: dict[str, Any]) -> str:
    """A value with its unit, or the word it stands for."""
    for mapping in defaults["mappings"]:
        if word := mapping["options"].get(f"{value:g}"):
            return str(word["text"])
    unit, decimals = defaults["unit"], defaults.get("decimals")
    if unit == "s":
        return _scaled(value, decimals, _TIMES, " ")
    if unit in _PREFIXED:
        return _scaled(value, decimals, tuple((size, f"{prefix}{_PREFIXED[unit]}") for size, prefix in _PREFIXES), " ")
    if unit == "percentunit":
        return f"{_number(100 * value, decimals)}%"
    before, behind = {
        "percent": ("", "%"), "celsius": ("", " °C"), "currencyUSD": ("$", ""), "none": ("", ""),
    }.get(unit, ("", unit.removeprefix("suffix:")))  # fmt: skip
    return f"{before}{_number(value, decimals)}{behind}"


def _scaled(value: float, decimals: int | None, sizes: tuple[tuple[float, str], ...], space: str) -> str:
    size, name = next(((size, name) for size, name in sizes if abs(value) >= size), sizes[-1] if value else sizes[4])
    return f"{_number(value / size, decimals)}{space}{name}"


def _number(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    return f"{value:,.0f}" if value % 1 == 0 or abs(value) >= 1000 else f"{value:.3g}"
