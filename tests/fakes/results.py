"""Result files of other tools, in tests/fixtures/results, and what stands in them."""

from pathlib import Path

from edgetpu_ci.formats import Name

FOLDER = Path(__file__).parents[1] / "fixtures" / "results"

FILES: dict[Name, str] = {
    "pytest-benchmark": "pytest-benchmark.json",
    "google-benchmark": "google-benchmark.json",
    "jmh": "jmh.json",
    "benchmark-dotnet": "benchmark-dotnet.json",
    "hyperfine": "hyperfine.json",
    "cargo-criterion": "cargo-criterion.jsonl",
    "criterion-sample": "criterion/sum/100/new/sample.json",
    "criterion-estimates": "criterion/sum/100/new/estimates.json",
    "catch2": "catch2.xml",
    "catch2-console": "catch2.txt",
    "benchmark_model": "benchmark_model.txt",
    "litert-benchmark": "litert-benchmark.txt",
    "go": "go.txt",
    "custom-smaller-is-better": "custom.json",
    "custom-bigger-is-better": "custom.json",
    "bencher": "bencher.json",
}
"""One file of each format."""


def data(name: str) -> bytes:
    """A fixture's bytes."""
    return (FOLDER / name).read_bytes()
