"""Result files of other benchmark tools: each module reads one format into measurements, from bytes alone."""

import codecs
import re
from collections.abc import Callable
from functools import partial
from typing import Final, Literal, NamedTuple

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.formats import (
    bencher,
    benchmark_dotnet,
    benchmark_model,
    catch2,
    catch2_console,
    criterion,
    custom,
    go,
    google_benchmark,
    hyperfine,
    jmh,
    litert_benchmark,
    pytest_benchmark,
)
from edgetpu_ci.model import Measurement

Name = Literal[
    "pytest-benchmark",
    "google-benchmark",
    "jmh",
    "benchmark-dotnet",
    "hyperfine",
    "cargo-criterion",
    "criterion-sample",
    "criterion-estimates",
    "catch2",
    "catch2-console",
    "benchmark_model",
    "litert-benchmark",
    "go",
    "custom-smaller-is-better",
    "custom-bigger-is-better",
    "bencher",
]


class Format(NamedTuple):
    """How one tool writes results: `read(data, source)`, and patterns that such a file has all of."""

    read: Callable[[bytes, str], list[Measurement]]
    marks: tuple[bytes, ...]


_CUSTOM: Final = (rb"\A\s*\[", rb'"name"', rb'"unit"', rb'"value"')

FORMATS: Final[dict[Name, Format]] = {
    "pytest-benchmark": Format(pytest_benchmark.read, (rb'"machine_info"', rb'"benchmarks"')),
    "google-benchmark": Format(google_benchmark.read, (rb'"context"', rb'"benchmarks"')),
    "jmh": Format(jmh.read, (rb'"primaryMetric"',)),
    "benchmark-dotnet": Format(benchmark_dotnet.read, (rb'"HostEnvironmentInfo"', rb'"Benchmarks"')),
    "hyperfine": Format(hyperfine.read, (rb'"results"', rb'"command"')),
    "cargo-criterion": Format(criterion.read_messages, (rb'"reason"\s*:\s*"benchmark-complete"',)),
    "criterion-sample": Format(criterion.read_sample, (rb'"iters"', rb'"times"')),
    "criterion-estimates": Format(criterion.read_estimates, (rb'"point_estimate"', rb'"confidence_interval"')),
    "catch2": Format(catch2.read, (rb"<Catch(2TestRun)?[\s>]",)),
    "catch2-console": Format(catch2_console.read, (rb"(?m)^benchmark name\s+samples\s+iterations",)),
    "benchmark_model": Format(benchmark_model.read, (rb"Graph: \[|Inference timings in us:",)),
    "litert-benchmark": Format(litert_benchmark.read, (rb"benchmark_litert_model|BENCHMARK RESULTS",)),
    "go": Format(go.read, (rb"(?m)^(Benchmark\S*\s|--- FAIL: Benchmark|goos: |FAIL\t)",)),
    "custom-smaller-is-better": Format(partial(custom.read, better="lower"), _CUSTOM),
    "custom-bigger-is-better": Format(partial(custom.read, better="higher"), _CUSTOM),
    "bencher": Format(bencher.read, (rb"\A\s*\{", rb'"value"')),
}


def read(data: bytes, source: str, name: Name | None = None) -> list[Measurement]:
    """The results in a file, in its order; without a `name` the content tells the format.

    Raises DocumentError when the file is of another format, cut off, or without a benchmark.
    """
    text = _utf8(data)
    name = name or _detect(text, source)
    try:
        found = FORMATS[name].read(text, source)
    except DocumentError as error:
        raise DocumentError(f"{error} It was read as {name}: write it again, or name another `format`.") from error
    if not found:
        raise DocumentError(f"{source} has no benchmarks, read as {name}; look at what the benchmark printed.")
    return found


def _utf8(data: bytes) -> bytes:
    """The same text in UTF-8 without a mark: what PowerShell redirects is UTF-16."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    return data.removeprefix(codecs.BOM_UTF8)


def _detect(data: bytes, source: str) -> Name:
    fitting = [name for name, known in FORMATS.items() if all(re.search(mark, data) for mark in known.marks)]
    if not data.strip():
        raise DocumentError(f"{source} is empty; look at what the benchmark printed.")
    if not fitting:
        raise DocumentError(f"{source} is of no format known here; name its `format`: {', '.join(FORMATS)}.")
    if fitting[0].startswith("custom-"):
        raise DocumentError(
            f"{source} does not say which values are better; "
            "name its `format`: custom-smaller-is-better or custom-bigger-is-better."
        )
    return fitting[0]
