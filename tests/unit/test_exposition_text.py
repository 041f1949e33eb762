"""The text that is scraped: what Prometheus's own client reads of it, and what promtool finds wrong."""

import subprocess
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from math import inf, isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import parser as of_prometheus
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as of_openmetrics

from edgetpu_ci import metrics
from edgetpu_ci.exposition import families, text
from edgetpu_ci.exposition.record import Family, Known, Labels, Reading, Sample
from edgetpu_ci.incidents.record import Book
from tests.fakes import engines

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
read_prometheus: Callable[[str], Iterable[Metric]] = of_prometheus.text_string_to_metric_families
read_openmetrics: Callable[[str], Iterable[Metric]] = of_openmetrics.text_string_to_metric_families
HOSTILE = st.text(st.sampled_from('\\"\n{},= \t\r# EOF') | st.characters(codec="utf-8"), max_size=12)


def labelled(values: Iterable[tuple[str, str]]) -> Labels:
    return tuple((f"l{number}_{name}", value) for number, (name, value) in enumerate(values))


SAMPLES = st.dictionaries(
    st.lists(st.tuples(st.sampled_from(["a", "repo"]), HOSTILE), max_size=3).map(labelled),
    st.floats() | st.integers(-9, 9).map(float),
    min_size=1,
    max_size=5,
)


def read(found: Iterable[Metric]) -> dict[str, tuple[str, dict[frozenset[tuple[str, str]], float]]]:
    return {
        metric.name: (metric.documentation, {frozenset(s.labels.items()): s.value for s in metric.samples})
        for metric in found
    }


@settings(max_examples=40)
@given(SAMPLES, HOSTILE.map(str.strip))
def test_what_is_written_is_read_as_it_was_by_the_client_of_prometheus(
    samples: dict[Labels, float], meaning: str
) -> None:
    kept = {frozenset(pair for pair in labels if pair[1]): value for labels, value in samples.items()}
    given = [Sample(tuple(labels), value) for labels, value in kept.items()]
    family = Family(name="edgetpu_ci_x_seconds", help=meaning, unit="seconds", samples=given)
    for found in (
        read(read_prometheus(text.prometheus([family]))),
        read(read_openmetrics(text.openmetrics([family]))),
    ):
        documentation, values = found["edgetpu_ci_x_seconds"]
        assert values.keys() == kept.keys()
        assert all(values[key] == kept[key] or (isnan(values[key]) and isnan(kept[key])) for key in kept)
        assert documentation == meaning


def test_each_format_as_it_stands() -> None:
    samples = [Sample((("repo", 'o"\\\n'), ("device", "")), 0.5, AT), Sample((), inf), Sample((("a", "b"),), nan)]
    family = Family(name="edgetpu_ci_x_ratio", help='a "share"', unit="ratio", samples=samples)
    empty = Family(name="edgetpu_ci_y", help="nothing")
    values = 'edgetpu_ci_x_ratio{repo="o\\"\\\\\\n"} 0.5\nedgetpu_ci_x_ratio +Inf\nedgetpu_ci_x_ratio{a="b"} NaN\n'
    assert text.prometheus([family, empty]) == (
        f'# HELP edgetpu_ci_x_ratio a "share"\n# TYPE edgetpu_ci_x_ratio gauge\n{values}'
    )
    assert text.openmetrics([family, empty]) == (
        "# TYPE edgetpu_ci_x_ratio gauge\n# UNIT edgetpu_ci_x_ratio ratio\n"
        f'# HELP edgetpu_ci_x_ratio a \\"share\\"\n{values}# EOF\n'
    )


def test_no_foreign_metric_stands_in_the_place_of_one_of_ours() -> None:
    foreign = [Reading(name, (), 7, AT) for name in ("latency_p99_seconds", "build_info", "store-readable")]
    readings = [*foreign, Reading("latency_p99_ms", (), 2, AT)]
    found = families.of(Known(version="0.1.0", readings=readings))
    names = [family.name for family in found]
    assert names == sorted(set(names))
    written = text.prometheus(found)
    assert "edgetpu_ci_latency_p99_seconds 0.002\n" in written
    assert 'edgetpu_ci_build_info{version="0.1.0"} 1\n' in written
    assert "7" not in written


@pytest.mark.skipif(engines.find("promtool") is None, reason="promtool is not here; scripts/engines brings it")
def test_promtool_finds_nothing_wrong_with_any_metric_of_the_catalogue() -> None:
    labels = (("repo", "o/r"), ("subject", "m"))
    readings = [Reading(metric.name, labels, 1.5, AT) for metric in metrics.CATALOGUE]
    some = [Sample(labels, 1)]
    known = Known(version="1", readings=readings, bad_runs=some, regressions=some, book=Book())
    found = families.of(known)
    checked = subprocess.run(
        [str(engines.find("promtool")), "check", "metrics"],
        input=text.prometheus(found).encode(),
        capture_output=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
    assert len(found) > len(metrics.CATALOGUE)
