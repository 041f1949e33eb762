"""The history of github-action-benchmark: as data, with the right direction, and nothing lost in silence."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci import metrics
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.formats import data_js
from edgetpu_ci.model import Run
from tests.fakes.results import data


def shown(run: Run) -> list[str]:
    """Each value with unit and the direction of better."""
    lines = []
    for m in run.measurements:
        metric = metrics.find(m.metric)
        value = m.reason if m.value is None else metrics.amount(m.value, metric)
        lines.append(f"{m.subject}: {value} {metric.better or 'shown'}")
    return lines


def test_each_entry_is_a_run_in_our_units_with_the_direction_of_its_tool_or_unit() -> None:
    history = data_js.read(data("data.js"), "data.js")
    assert [shown(run) for run in history.runs] == [
        ["test_sums.py::test_sum: 4,000 1/s higher"],
        ["test_sums.py::test_sum: 3,900 1/s higher"],
        [
            "BenchmarkOld/sum: 41.69 ns lower",
            "BenchmarkOld/sum: 1 shown",
            "BenchmarkOld/sum: 6 B lower",
            "BenchmarkOld/sum: 0 lower",
            "BenchmarkNew: 12.00 ns lower",
            "BenchmarkNew: 1,800 MB/s higher",
        ],
        ["bench_sum: 0.05987 ms lower"],
        ["Sums.add: 102,000 1/s higher", "Sums.slow: 2,500 ms lower"],
        ["BM_Sum: 0.007000 ms lower"],
        ["Score: 93 points higher", "Broken: it is not a number higher"],
    ]


def test_a_run_knows_its_commit_its_time_and_its_suite_as_the_device() -> None:
    first = data_js.read(data("data.js"), "data.js").runs[0]
    assert first.id == "20260201T100000Z-34a8c541"
    assert first.at.isoformat() == "2026-02-01T10:00:00+00:00"
    assert first.commit == "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"
    assert first.url.endswith(first.commit)
    assert first.machine.key == "github-action-benchmark-python-18885f27"


def test_what_cannot_be_taken_over_is_named_with_its_reason() -> None:
    assert data_js.read(data("data.js"), "data.js").passed_over == (
        'data.js: entry 6 of "Go, C++ and Java" is of a tool "abacus", whose better direction is unknown.',
        'data.js: entry 7 of "Go, C++ and Java" cannot be read: Expected `int`, got `str` - at `$.date`.',
    )


def entry(**parts: object) -> bytes:
    """A file of one suite with one entry."""
    one = {"commit": {"id": "c"}, "date": 1, "tool": "go", "benches": [], **parts}
    return b"window.BENCHMARK_DATA = " + json.dumps({"entries": {"s": [one]}}).encode()


@pytest.mark.parametrize("date", [10**18, -(10**18), 10**400])
def test_a_date_out_of_this_world_is_passed_over(date: int) -> None:
    (reason,) = data_js.read(entry(date=date), "data.js").passed_over
    assert 'data.js: entry 1 of "s"' in reason


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (b"", "does not begin with `window.BENCHMARK_DATA =`; name the data.js of the web page"),
        (b'{"entries": {}}', "does not begin with"),
        (b"window.BENCHMARK_DATA = {", "data.js cannot be read: Input data was truncated"),
        (b"window.BENCHMARK_DATA = alert(1)", "data.js cannot be read: JSON is malformed"),
        (b'window.BENCHMARK_DATA = {"entries": {}}; alert(1)', "data.js cannot be read: JSON is malformed"),
    ],
)
def test_another_file_or_a_program_is_refused_in_one_sentence(file: bytes, says: str) -> None:
    with pytest.raises(DocumentError) as raised:
        data_js.read(file, "data.js")
    assert says in str(raised.value)


@given(
    st.dictionaries(st.text(max_size=20), st.floats(allow_nan=False, allow_infinity=False), max_size=5),
    st.text(max_size=20),
)
def test_any_names_values_and_units_are_runs_or_passed_over(values: dict[str, float], unit: str) -> None:
    benches = [{"name": name, "value": value, "unit": unit} for name, value in values.items()]
    history = data_js.read(entry(tool="customBiggerIsBetter", benches=benches), "data.js")
    assert len(history.runs) + len(history.passed_over) == 1
    for run in history.runs:
        assert len(run.measurements) == len(benches)
