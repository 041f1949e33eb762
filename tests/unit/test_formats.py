"""What a file of each tool holds, in our metrics and units; and one sentence where it holds nothing."""

import json
from statistics import median
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci import formats, metrics
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.formats import Name
from edgetpu_ci.formats.measured import MOST_SLOTS
from edgetpu_ci.model import Measurement
from tests.fakes.results import FILES, data


def read(file: str, name: Name | None = None) -> dict[str, Measurement]:
    """The measurements of a fixture by `subject/metric`."""
    return {measurement.key: measurement for measurement in formats.read(data(file), file, name)}


def shown(found: dict[str, Measurement]) -> dict[str, str]:
    """Each value with its unit and the direction of better, as `1.5 ms lower`."""
    said = {}
    for key, measurement in found.items():
        metric = metrics.find(measurement.metric)
        value = "failed" if measurement.value is None else metrics.amount(measurement.value, metric)
        said[key] = f"{value} {metric.better or 'shown'}" if measurement.value is not None else value
    return said


EXPECTED: dict[str, dict[str, str]] = {
    "pytest-benchmark.json": {
        "test_bench.py::test_sort[100]/time_ms": "0.002000 ms lower",
        "test_bench.py::test_sort[1000]/time_ms": "0.02960 ms lower",
        "test_bench.py::test_join/time_ms": "310.4 ns lower",
    },
    "google-benchmark.json": {
        "BM_Copy/64/time_ms": "1.374 ns lower",
        "BM_Copy/64/cpu_time_ms": "1.370 ns lower",
        "BM_Copy/64/bandwidth_mb_per_second": "46,705 MB/s higher",
        "BM_Copy/64/custom_chunks": "8 shown",
        "BM_Copy/64/throughput_per_second": "729,766,685 1/s higher",
        "BM_Copy/4096/time_ms": "31.03 ns lower",
        "BM_Copy/4096/cpu_time_ms": "31.01 ns lower",
        "BM_Copy/4096/bandwidth_mb_per_second": "132,074 MB/s higher",
        "BM_Copy/4096/custom_chunks": "512 shown",
        "BM_Copy/4096/throughput_per_second": "32,244,628 1/s higher",
        "BM_Broken/time_ms": "failed",
    },
    "hyperfine.json": {
        "head -c 1k /dev/zero/time_ms": "0.8266 ms lower",
        "head -c 1k /dev/zero/cpu_time_ms": "0.7952 ms lower",
        "head -c 64k /dev/zero/time_ms": "0.8353 ms lower",
        "head -c 64k /dev/zero/cpu_time_ms": "0.7970 ms lower",
    },
    "go.txt": {
        "sums.BenchmarkSum/small/time_ms": "6.256 ns lower",
        "sums.BenchmarkSum/small/bandwidth_mb_per_second": "12,788 MB/s higher",
        "sums.BenchmarkSum/small/custom_items": "10 shown",
        "sums.BenchmarkSum/small/value_lower_p99-ns_per_op": "51.50 p99-ns/op lower",
        "sums.BenchmarkSum/large/time_ms": "0.002773 ms lower",
        "sums.BenchmarkSum/large/bandwidth_mb_per_second": "28,847 MB/s higher",
        "sums.BenchmarkSum/large/custom_items": "10,000 shown",
        "sums.BenchmarkSum/large/value_lower_p99-ns_per_op": "34.50 p99-ns/op lower",
        "sums.BenchmarkRepeat/time_ms": "78.74 ns lower",
        "sums.BenchmarkRepeat/allocated_bytes": "208 B lower",
        "sums.BenchmarkRepeat/allocations": "1 lower",
        "sums.BenchmarkBroken/time_ms": "failed",
    },
    "catch2.xml": {
        "Fibonacci/fib 10/time_ms": "64.06 ns lower",
        "Fibonacci/fib 20/time_ms": "0.008660 ms lower",
        "Broken/throws/time_ms": "failed",
    },
    "catch2.txt": {
        "Fibonacci/fib 10/time_ms": "62.97 ns lower",
        "Fibonacci/fib 20/time_ms": "0.008557 ms lower",
        "Broken/throws/time_ms": "failed",
    },
    "criterion/sum/100/new/sample.json": {"sum/100/time_ms": "1.286 ns lower"},
    "criterion/sum/10000/new/estimates.json": {"sum/10000/time_ms": "1.336 ns lower"},
    "cargo-criterion.jsonl": {"sum/100/time_ms": "61.25 ns lower", "sum/10000/time_ms": "0.005117 ms lower"},
    "jmh.json": {
        "org.example.Sums.add (size=10)/throughput_per_second": "102,000 1/s higher",
        "org.example.Sums.add (size=10)/allocated_bytes": "24 B lower",
        "org.example.Sums.add (size=100)/throughput_per_second": "12,000 1/s higher",
        "org.example.Sums.add (size=10)/time_ms": "0.009600 ms lower",
        "org.example.Sums.start (single shot)/time_ms": "250 ms lower",
    },
    "benchmark-dotnet.json": {
        "Example.Sums.Launched/time_ms": "0.001500 ms lower",
        "Example.Sums.Launched/allocated_bytes": "88 B lower",
        "Example.Sums.Alone/time_ms": "251.5 ns lower",
        "Example.Sums.Broken/time_ms": "failed",
    },
    "benchmark_model.txt": {
        "detector/time_ms": "13.57 ms lower",
        "detector/first_inference_ms": "15.24 ms lower",
        "detector/model_load_ms": "12.50 ms lower",
        "broken/time_ms": "failed",
    },
    "litert-benchmark.txt": {
        "mobilenet_v1_0.25_128_quant/time_ms": "0.4600 ms lower",
        "mobilenet_v1_0.25_128_quant/first_inference_ms": "0.6500 ms lower",
        "mobilenet_v1_0.25_128_quant/model_load_ms": "1.900 ms lower",
    },
    "bencher.json": {
        "detect/time_ms": "88.00 ns lower",
        "detect/throughput_per_second": "5.550 1/s higher",
        "/bin/sh -c ./build.sh/build_time_seconds": "87 s lower",
        "detector/value_lower_bytes": "4,200 bytes lower",
        "detector/custom_mean-average-precision": "0.7100 shown",
    },
}


@pytest.mark.parametrize("file", EXPECTED)
def test_a_file_is_recognised_and_read_in_our_units_with_its_direction(file: str) -> None:
    assert shown(read(file)) == EXPECTED[file]


def test_the_same_values_are_better_small_or_large_as_the_format_says() -> None:
    assert shown(read("custom.json", "custom-smaller-is-better")) == {
        "Startup/time_ms": "812.5 ms lower",
        "Download size/value_lower_kB": "431.2 kB lower",
        "Frames/value_lower_frames_per_s": "58.90 frames/s lower",
        "Score/value_lower_points": "93 points lower",
    }
    assert shown(read("custom.json", "custom-bigger-is-better")) == {
        "Startup/value_higher_ms": "812.5 ms higher",
        "Download size/value_higher_kB": "431.2 kB higher",
        "Frames/throughput_per_second": "58.90 1/s higher",
        "Score/value_higher_points": "93 points higher",
    }


def test_a_list_of_values_does_not_say_what_is_better_so_the_format_must() -> None:
    with pytest.raises(DocumentError, match="does not say which values are better; name its `format`: custom-smaller"):
        read("custom.json")


@pytest.mark.parametrize(
    ("file", "key", "slots", "n"),
    [
        ("hyperfine.json", "head -c 1k /dev/zero/time_ms", 12, 12),
        ("jmh.json", "org.example.Sums.add (size=10)/throughput_per_second", 3, 6),
        ("benchmark-dotnet.json", "Example.Sums.Launched/time_ms", 3, 9),
        # What one process repeats shares its memory layout and its moment: no slots.
        ("pytest-benchmark.json", "test_bench.py::test_sort[100]/time_ms", 0, 40),
        ("google-benchmark.json", "BM_Copy/64/time_ms", 0, 8),
        ("go.txt", "sums.BenchmarkSum/small/time_ms", 0, 6),
        ("criterion/sum/100/new/sample.json", "sum/100/time_ms", 0, 20),
        ("jmh.json", "org.example.Sums.add (size=10)/time_ms", 0, 3),
        ("benchmark-dotnet.json", "Example.Sums.Alone/time_ms", 0, 4),
        ("benchmark_model.txt", "detector/time_ms", 2, 2),
        ("litert-benchmark.txt", "mobilenet_v1_0.25_128_quant/time_ms", 3, 3),
        ("catch2.xml", "Fibonacci/fib 10/time_ms", 0, 20),
        ("google-benchmark-aggregates.json", "BM_Copy/64/time_ms", 0, 0),
    ],
)
def test_slots_are_processes_and_nothing_else(file: str, key: str, slots: int, n: int) -> None:
    measurement = read(file)[key]
    assert (len(measurement.slots), measurement.n) == (slots, n)


def test_forks_and_launches_are_one_slot_each_the_median_of_their_iterations() -> None:
    assert read("jmh.json")["org.example.Sums.add (size=100)/throughput_per_second"].slots == (12e3, 10e3, 15e3)
    launched = read("benchmark-dotnet.json")["Example.Sums.Launched/time_ms"]
    assert launched.slots == pytest.approx((0.0015, 0.0016, 0.0014))


def test_aggregates_alone_give_the_median() -> None:
    whole, aggregates = read("google-benchmark.json"), read("google-benchmark-aggregates.json")
    assert aggregates["BM_Copy/64/time_ms"].value == pytest.approx(whole["BM_Copy/64/time_ms"].value)


def test_an_interval_of_another_confidence_is_not_taken_for_ours() -> None:
    catch = read("catch2.xml")["Fibonacci/fib 10/time_ms"]
    assert catch.interval == pytest.approx((63.9574e-6, 64.1674e-6))
    other = data("catch2.xml").replace(b'ci="0.95"', b'ci="0.9"')
    assert formats.read(other, "catch2.xml")[0].interval is None
    assert read("jmh.json")["org.example.Sums.add (size=10)/throughput_per_second"].interval is None
    assert read("bencher.json")["detect/time_ms"].details == (("lower value", "87.42"), ("upper value", "88.88"))


@pytest.mark.parametrize(
    ("file", "key", "reason"),
    [
        ("google-benchmark.json", "BM_Broken/time_ms", "no device"),
        ("go.txt", "sums.BenchmarkBroken/time_ms", "bench_test.go:32: no data"),
        ("catch2.xml", "Broken/throws/time_ms", "no <data>"),
        ("catch2.txt", "Broken/throws/time_ms", "no <data>"),
        ("benchmark-dotnet.json", "Example.Sums.Broken/time_ms", "its log says why"),
        ("benchmark_model.txt", "broken/time_ms", "ERROR: Could not open '/data/local/tmp/broken.tflite'."),
    ],
)
def test_what_failed_in_the_file_has_failed_with_its_reason(file: str, key: str, reason: str) -> None:
    measurement = read(file)[key]
    assert measurement.failed
    assert reason in measurement.reason


def test_a_command_that_may_fail_says_how_often_it_did() -> None:
    assert read("hyperfine-failed.json")["false/time_ms"].details == (("exit status not 0", "in 3 of 3 runs"),)


def test_a_killed_command_has_failed() -> None:
    killed = data("hyperfine-failed.json").replace(b"[\n        1,", b"[\n        null,")
    (measurement,) = formats.read(killed, "h.json")
    assert measurement.failed
    assert measurement.reason == "a run of the command was killed"


GO = """\
pkg: example.org/a/sums
BenchmarkX-8 \t 10 \t 5 ns/op \t 3 widgets \t 7 hits/op
BenchmarkX-4 \t 10 \t 6 ns/op
pkg: example.org/b/sums
Unit hits/op better=higher
BenchmarkX-8 \t 10 \t 7 ns/op \t NaN widgets
FAIL\texample.org/broken [build failed]
"""


def test_go_names_stay_apart_by_package_and_processors_where_they_must() -> None:
    found = {m.key: m for m in formats.read(GO.encode(), "go.txt")}
    assert shown(found) == {
        "example.org/a/sums.BenchmarkX-8/time_ms": "5.000 ns lower",
        "example.org/a/sums.BenchmarkX-8/custom_widgets": "3 shown",
        "example.org/a/sums.BenchmarkX-8/value_higher_hits_per_op": "7 hits/op higher",
        "example.org/a/sums.BenchmarkX-4/time_ms": "6.000 ns lower",
        "example.org/b/sums.BenchmarkX/time_ms": "7.000 ns lower",
        "example.org/b/sums.BenchmarkX/custom_widgets": "failed",
        "broken/time_ms": "failed",
    }
    assert found["broken/time_ms"].reason == "go test failed: build failed"
    assert found["example.org/b/sums.BenchmarkX/custom_widgets"].reason == "it is not a number"


def test_output_of_go_appended_to_a_file_is_a_process_each_time_its_package_is_named() -> None:
    found = {m.key: m for m in formats.read(data("go.txt") * 2, "go.txt")}
    assert found["sums.BenchmarkRepeat/time_ms"].slots == pytest.approx((78.74e-6, 78.74e-6))
    assert found["sums.BenchmarkRepeat/time_ms"].n == 12


def test_a_long_name_that_catch2_breaks_is_put_together_again() -> None:
    text = data("catch2.txt").decode()
    broken = text.replace("fib 20   ", "fib 20 of").replace(" " * 40 + "8.55658 us", f"{'the long name':<40}8.55658 us")
    assert broken != text
    assert formats.read(broken.encode(), "c.txt")[1].subject == "Fibonacci/fib 20 of the long name"


def test_commands_of_one_name_are_told_apart_by_their_parameters() -> None:
    results = json.loads(data("hyperfine.json"))
    for result in results["results"]:
        result["command"] = "head"
    found = formats.read(json.dumps(results).encode(), "h.json")
    assert {m.subject for m in found} == {"head (size=1k)", "head (size=64k)"}


@pytest.mark.parametrize(("name", "file"), FILES.items())
def test_a_file_cut_off_or_of_another_format_is_one_sentence_with_its_name_and_the_next_step(
    name: Name, file: str
) -> None:
    whole = data(file)
    other = data("hyperfine.json" if name != "hyperfine" else "jmh.json")
    for broken in (b"", b"{", b"\xff\xfe\x00", whole[:50], other):
        with pytest.raises(
            DocumentError, match=r"^r\.out.*(name another `format`|look at what the benchmark printed)\.$"
        ):
            formats.read(broken, "r.out", name)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (b" \n", "r.out is empty; look at what the benchmark printed."),
        (b"hello", "r.out is of no format known here; name its `format`: pytest-benchmark,"),
        (b'{"machine_info": {}, "benchmarks": []}', "r.out has no benchmarks, read as pytest-benchmark; look at"),
        (b'{"machine_info": {}, "benchmarks": [', "cannot be read: Input data was truncated. It was read as pytest-b"),
        (b'{"machine_info": {}, "benchmarks": [{"fullname": NaN}]}', "cannot be read: JSON is malformed: invalid char"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><Catch name="x"/>', "has a document type, which no benchmark needs. It was"),
        (b'<Catch name="x"><BenchmarkResults', "cannot be read: unclosed token"),
    ],
)
def test_nothing_to_read_is_said_with_the_next_step(broken: bytes, says: str) -> None:
    with pytest.raises(DocumentError) as raised:
        formats.read(broken, "r.out")
    assert says in str(raised.value)


def test_numbers_that_are_none_fail_their_benchmark_and_no_other() -> None:
    listed = [{"name": name, "unit": "ms", "value": value} for name, value in (("a", "NaN"), ("b", None), ("c", "1.5"))]
    found = formats.read(json.dumps(listed).encode(), "c.json", "custom-smaller-is-better")
    assert [(m.value, m.reason) for m in found] == [(None, "it is not a number")] * 2 + [(1.5, "")]


def test_what_powershell_redirects_is_read() -> None:
    text = data("go.txt").decode()
    assert formats.read(text.encode("utf-16"), "go.txt") == formats.read(text.encode(), "go.txt")
    assert formats.read(text.encode("utf-8-sig"), "go.txt") == formats.read(text.encode(), "go.txt")


def test_every_format_can_be_named_and_has_a_file_here() -> None:
    assert set(get_args(Name)) == set(formats.FORMATS) == set(FILES)


@given(st.lists(st.floats(min_value=1e-9, max_value=1e9), min_size=1, max_size=200))
def test_runs_become_at_most_twenty_slots_between_their_extremes_with_the_same_middle(runs: list[float]) -> None:
    file = {"results": [{"command": "t", "mean": 1, "times": runs}]}
    (measurement,) = formats.read(json.dumps(file).encode(), "h.json")
    assert measurement.value == pytest.approx(1e3 * median(runs))
    assert len(measurement.slots) == (min(len(runs), MOST_SLOTS) if len(runs) > 1 else 0)
    assert all(min(runs) * 0.999 <= slot / 1e3 <= max(runs) * 1.001 for slot in measurement.slots)
