"""Families as the text that is scraped: Prometheus 0.0.4 and OpenMetrics 1.0. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://prometheus.io/docs/specs/om/open_metrics_spec/ have the formats.
"""

from collections.abc import Iterable, Iterator
from math import isfinite, isnan
from typing import Final

from edgetpu_ci.exposition.record import Family, Labels, Line, Sample

PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_END: Final = "# EOF\n"


def prometheus(families: Iterable[Family]) -> str:
    """What every Prometheus reads; without times, of which a single old one would spoil the whole scrape."""
    return "".join(_prometheus(families))


def openmetrics(families: Iterable[Family]) -> str:
    """The same as OpenMetrics."""
    return "".join(_openmetrics(families))


def history(past: Iterable[tuple[Family, Iterable[Line]]]) -> Iterator[str]:
    """Families with all their values and when those were (in seconds), as a backfill needs them: piece by piece."""
    for family, lines in past:
        yield _head(family)
        for name, labels, times, values in lines:
            start = f"{name}{_block(labels)}"
            moments = zip(times, values, strict=True)
            yield "".join(f"{start} {value!r} {at / 1000:.3f}\n" for at, value in moments)
    yield _END


def _prometheus(families: Iterable[Family]) -> Iterator[str]:
    blocks: dict[Labels, str] = {}
    for family in families:
        if family.samples:
            yield f"# HELP {family.name} {_help(family.help)}\n# TYPE {family.name} gauge\n"
            yield from _lines(family.name, family.samples, blocks)


def _openmetrics(families: Iterable[Family]) -> Iterator[str]:
    blocks: dict[Labels, str] = {}
    for family in families:
        if family.samples:
            yield _head(family)
            yield from _lines(family.name, family.samples, blocks)
    yield _END


def _head(family: Family) -> str:
    unit = f"# UNIT {family.name} {family.unit}\n" if family.unit else ""
    return f"# TYPE {family.name} gauge\n{unit}# HELP {family.name} {_escaped(family.help)}\n"


def _lines(name: str, samples: Iterable[Sample], blocks: dict[Labels, str]) -> Iterator[str]:
    for one in samples:
        # What is known of a subject has the same labels in each family, and writing them is most of the work.
        if (block := blocks.get(one.labels)) is None:
            block = blocks[one.labels] = _block(one.labels)
        yield f"{name}{block} {repr(one.value) if isfinite(one.value) else _odd(one.value)}\n"


def _block(labels: Labels) -> str:
    inner = ",".join([f'{name}="{_escaped(value)}"' for name, value in labels if value])
    return f"{{{inner}}}" if inner else ""


def _escaped(text: str) -> str:
    # Hardly any has one of them, and looking is faster than replacing.
    if "\\" in text or '"' in text or "\n" in text:
        return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return text


def _help(text: str) -> str:
    """Of the help in Prometheus's format, where a quote is itself."""
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _odd(value: float) -> str:
    return "NaN" if isnan(value) else "+Inf" if value > 0 else "-Inf"
