"""Coverage reports: what is counted once, and what broken files do."""

import json
from collections.abc import Callable
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.model import Measurement
from edgetpu_ci.quality import cobertura, coverage_json, covered, lcov
from edgetpu_ci.quality.records import Counts, Coverage


def fault(read: Callable[[], Coverage]) -> str:
    """The sentence why it cannot be read; empty where it can."""
    try:
        read()
    except DocumentError as error:
        return str(error)
    return ""


def xml(text: str) -> Coverage:
    return cobertura.read([text.encode()], "c.xml")


def figures(*reports: Coverage) -> dict[str, Measurement]:
    return {m.metric: m for m in covered.figures([(f"{number}", one) for number, one in enumerate(reports)])}


def counts(lines: int, hit: int, branches: int = 0, taken: int = 0) -> Counts:
    return Counts(lines=lines, lines_covered=hit, branches=branches, branches_covered=taken)


def summary(**values: object) -> bytes:
    known = {"covered_lines": 3, "num_statements": 4, "percent_covered": 66.7}
    return json.dumps({"meta": {"format": 3}, "totals": {**known, **values}, "new": {"key": [1]}}).encode()


def test_several_reports_are_summed_and_never_averaged() -> None:
    """A mean of percents would say 75."""
    found = figures(Coverage(sources={"a.py": counts(10, 5)}), Coverage(sources={"b.py": counts(990, 990)}))
    assert found["test_coverage"].value == 99.5


def test_lines_and_branches_are_summed_as_coverage_py_does() -> None:
    """The published example: coverage.json says 66.7 where the line-rate of coverage.xml is 0.75."""
    found = figures(Coverage(sources={"a.py": counts(4, 3, 2, 1)}))
    assert [round(m.value or 0, 1) for m in found.values()] == [66.7, 75.0, 50.0]


def test_without_branches_coverage_is_that_of_lines() -> None:
    found = figures(coverage_json.read(summary(), "c.json"))
    assert found["test_coverage"].value == found["line_coverage"].value == 75
    assert found["branch_coverage"].reason.startswith("not known: no report has branches; coverage.py tells them after")


def test_nothing_to_cover_is_not_full_coverage() -> None:
    """coverage.py itself says 100 % of a file without a statement."""
    found = figures(coverage_json.read(summary(covered_lines=0, num_statements=0), "c.json"))
    assert (found["test_coverage"].value, found["test_coverage"].reason) == (
        None,
        "not known: no report has a line of code",
    )


def test_of_a_source_in_several_reports_the_best_counts() -> None:
    found = figures(
        Coverage(sources={"a.py": counts(10, 9), "b.py": counts(10, 0)}),
        Coverage(sources={"a.py": counts(10, 4, 4, 4)}),
    )
    # Of a.py the report that has branches, however little it covers.
    assert found["test_coverage"].value == pytest.approx(100 * 8 / 24)
    assert dict(found["test_coverage"].details)["in several reports"].startswith("1 of the source files")


COBERTURA = """<?xml version="1.0"?>
<!DOCTYPE coverage SYSTEM "http://127.0.0.1:9/xml/coverage-04.dtd">
<coverage line-rate="0.99" lines-valid="1000" lines-covered="999" branches-valid="0" branches-covered="0">
<packages><package><classes>
<class filename="a.c"><methods><method name="f"><lines><line number="1" hits="1"/></lines></method></methods>
<lines>
<line number="1" hits="1" branch="true" condition-coverage="50% (1/2)"/><line number="2" hits="0"/></lines></class>
<class filename="a.c"><lines><line number="2" hits="4"/><line number="3" hits="-1"/></lines></class>
</classes></package></packages></coverage>"""


def test_cobertura_is_counted_by_its_lines() -> None:
    """Lines of methods are those of their class again; two classes may be in one file; the root may say anything."""
    assert xml(COBERTURA).sources == {"a.c": counts(3, 2, 2, 1)}


def under(*folders: str, file: str = "a.c") -> set[str]:
    """What a file is called in a report that names these folders."""
    said = "".join(f"<source>{folder}</source>" for folder in folders)
    name = f'<class filename="{file}"><lines><line number="1" hits="1"/></lines></class>'
    return set(xml(f"<coverage><sources>{said}</sources>{name}</coverage>").sources)


def test_files_of_one_name_in_two_folders_are_two() -> None:
    """coverage.py tells a file from its `source`, which is one of `<sources>`."""
    assert (under("/here/one"), under("/here/two")) == ({"/here/one/a.c"}, {"/here/two/a.c"})
    assert under(" . ", file="./src/a.c") == {"src/a.c"}
    assert under("/here", file="/there/a.c") == {"/there/a.c"}
    # Which of several it is, nobody says.
    assert under("/here/one", "/here/two") == under() == {"a.c"}
    assert under("/here", "/here", file="") == {""}


def test_cobertura_without_lines_is_counted_by_its_root() -> None:
    root = '<coverage lines-valid="8" lines-covered="6" branches-valid="5" branches-covered="2"/>'
    assert xml(root).sources == {"": counts(8, 6, 5, 2)}


LCOV = """TN:one
SF:a.c
FN:1,f
DA:1,3
DA:2,0,checksum
DA:3,-4
BRDA:1,0,0,2
BRDA:1,0,1,-
BRDA:2,0,0,0
LF:99
LH:98
end_of_record
TN:two
SF:a.c
DA:2,1
end_of_record
SF:b.c
LF:10
LH:5
BRF:9
BRH:4
end_of_record
"""


def test_lcov_is_counted_by_its_lines_and_by_its_sums_where_it_has_none() -> None:
    found = lcov.read(LCOV.replace("\n", "\r\n").encode(), "c.info")
    assert found.sources == {"a.c": counts(3, 2, 3, 1), "b.c": counts(10, 5, 9, 4)}


def test_two_tests_that_take_a_branch_each_take_both() -> None:
    first, other = (f"TN:\nSF:a.c\nDA:1,1\nBRDA:1,0,0,{a}\nBRDA:1,0,1,{b}\nend_of_record\n" for a, b in ("1-", "-1"))
    assert lcov.read((first + other).encode(), "c").sources == {"a.c": counts(1, 1, 2, 2)}


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"SF:a.c\nDA:1,1\n", 'c is cut off: its last record has no "end_of_record".'),
        (b"SF:a.c\nDA:x,1\nend_of_record", "c cannot be read: DA is 'x', which is no count."),
        (b"SF:a.c\nDA:1\nend_of_record", "c cannot be read: DA is '', which is no count."),
        (b"SF:a.c\nBRDA:\nend_of_record", "c cannot be read: BRDA is '', which is no count."),
        (b"SF:a.c\nLF:9" + b"9" * 5000, "c cannot be read: LF is '" + "9" * 40 + "', which is no count."),
    ],
)
def test_a_broken_lcov_file_is_a_sentence(data: bytes, fault: str) -> None:
    with pytest.raises(DocumentError) as raised:
        lcov.read(data, "c")
    assert str(raised.value) == fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("<report/>", "c.xml is no Cobertura file: it begins with <report>."),
        (
            '<coverage><class filename="a"><line number="1" hits="NaN"/></class></coverage>',
            "c.xml cannot be read: hits of a line is 'NaN', which is no count.",
        ),
        (
            '<coverage><class filename="a"><line hits="1"/></class></coverage>',
            "c.xml cannot be read: number of a line is '', which is no count.",
        ),
        ('<coverage lines-valid="1e9"/>', "c.xml cannot be read: lines-valid is '1e9', which is no count."),
        (
            '<!DOCTYPE coverage [<!ENTITY a "a">]><coverage/>',
            "c.xml cannot be read: it declares entities, which no report needs.",
        ),
        (COBERTURA[:400], "c.xml cannot be read: unclosed token: line "),
    ],
)
def test_a_broken_cobertura_file_is_a_sentence(text: str, fault: str) -> None:
    with pytest.raises(DocumentError) as raised:
        xml(text)
    assert str(raised.value).startswith(fault)


@pytest.mark.parametrize(
    "values",
    [{"covered_lines": -1}, {"num_statements": 1e300}, {"num_statements": float("nan")}, {"covered_lines": "3"}],
)
def test_numbers_that_are_no_counts_are_a_sentence(values: dict[str, object]) -> None:
    with pytest.raises(DocumentError, match=r"c\.json cannot be read: "):
        coverage_json.read(summary(**values), "c.json")


def test_a_report_that_has_more_covered_than_there_is_is_none() -> None:
    with pytest.raises(DocumentError, match=r"c\.json says that 1,000,000,000 of 4 lines are covered"):
        coverage_json.read(summary(covered_lines=10**9), "c.json")
    with pytest.raises(DocumentError, match=r"c\.xml says that 5 of 2 branches are covered"):
        xml('<coverage lines-valid="8" lines-covered="6" branches-valid="2" branches-covered="5"/>')
    with pytest.raises(DocumentError, match=r"c\.info says that 9 of 4 lines are covered"):
        lcov.read(b"SF:a\nLF:4\nLH:9\nend_of_record\n", "c.info")


def test_a_format_of_coverage_py_to_come_is_not_guessed_at() -> None:
    data = summary().replace(b'"format": 3', b'"format": 99')
    with pytest.raises(DocumentError, match=r"c\.json is of format 99 of coverage\.py; up to 3 is known here"):
        coverage_json.read(data, "c.json")


COUNTS = st.builds(
    lambda lines, branches, a, b: counts(lines, min(a, lines), branches, min(b, branches)),
    *[st.integers(0, 9)] * 4,
)
REPORTS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), COUNTS).map(lambda sources: Coverage(sources=sources)),
    min_size=1,
    max_size=4,
)


@given(REPORTS)
def test_the_order_of_reports_changes_nothing(reports: list[Coverage]) -> None:
    found = [[m.value for m in figures(*order).values()] for order in permutations(reports)]
    assert all(one == found[0] for one in found)
    assert all(value is None or 0 <= value <= 100 for value in found[0])


@given(st.binary(max_size=200) | st.text(alphabet="SF:DABR,0123-\n", max_size=200).map(str.encode))
def test_any_bytes_are_coverage_or_one_sentence(data: bytes) -> None:
    for read in (lcov.read, coverage_json.read, lambda data, source: cobertura.read([data], source)):
        assert fault(lambda read=read: read(data, "c"))[:2] in ("", "c ")  # type: ignore[misc]
