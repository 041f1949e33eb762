"""Families as the text that is scraped: Prometheus 0.0.4 and OpenMetrics 1.0. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://prometheus.io/docs/specs/om/open_metrics_spec/ have the formats.
"""

from collections.abc import Iterable, Iterator
from math import isfinite, isnan
from typing import Final

from edgetpu_ci.exposition.record import Family, Labels, Sample

PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def prometheus(families: Iterable[Family]) -> str:
    """What every Prometheus reads; without times, of which a single old one would spoil the whole scrape."""
    return "".join(_prometheus(families))


def openmetrics(families: Iterable[Family], *, times: bool = False) -> str:
    """The same as OpenMetrics; with `times` (seconds), as a backfill needs them.

    Those of a series are then in order, and of several of one moment (to the millisecond) the last counts: readers
    drop others without a word. A sample without a time is left out.
    """
    return "".join(_openmetrics(families, times=times))


def _prometheus(families: Iterable[Family]) -> Iterator[str]:
    blocks: dict[Labels, str] = {}
    for family in families:
        if family.samples:
            yield f"# HELP {family.name} {_help(family.help)}\n# TYPE {family.name} gauge\n"
            yield from _lines(family.name, family.samples, blocks)


def _openmetrics(families: Iterable[Family], *, times: bool) -> Iterator[str]:
    blocks: dict[Labels, str] = {}
    for family in families:
        lines = list(_timed(family) if times else _lines(family.name, family.samples, blocks))
        if lines:
            yield f"# TYPE {family.name} gauge\n"
            if family.unit:
                yield f"# UNIT {family.name} {family.unit}\n"
            yield f"# HELP {family.name} {_escaped(family.help)}\n"
            yield from lines
    yield "# EOF\n"


def _lines(name: str, samples: Iterable[Sample], blocks: dict[Labels, str]) -> Iterator[str]:
    for labels, value, _ in samples:
        # What is known of a subject has the same labels in each family, and writing them is most of the work.
        if (block := blocks.get(labels)) is None:
            block = blocks[labels] = _block(labels)
        yield f"{name}{block} {repr(value) if isfinite(value) else _odd(value)}\n"


def _timed(family: Family) -> Iterator[str]:
    series: dict[Labels, dict[int, float]] = {}
    for labels, value, at in family.samples:
        if at is not None:
            series.setdefault(labels, {})[round(at.timestamp() * 1000)] = value
    for labels, values in series.items():
        start = f"{family.name}{_block(labels)}"
        for milliseconds, value in sorted(values.items()):
            yield f"{start} {repr(value) if isfinite(value) else _odd(value)} {milliseconds / 1000:.3f}\n"


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
