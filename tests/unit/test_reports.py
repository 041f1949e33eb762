"""The collector of reports: which files, what a broken one costs, and which figures are made of linters and types."""

import codecs
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import IO, cast, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci import metrics, quality
from edgetpu_ci.collect import reports
from edgetpu_ci.errors import ConfigError, DocumentError, InputError
from edgetpu_ci.model import Collected
from edgetpu_ci.quality import figures
from edgetpu_ci.quality.records import Counts, Coverage, Inventory, Lint, Outcomes, Record, Scan, Typing
from edgetpu_ci.supply.findings import Finding
from tests.fakes.world import AT, world

FIXTURES = Path(__file__).parents[1] / "fixtures/reports"

JUNIT = b'<testsuite><testcase classname="c" name="a" time="1"/></testsuite>'
COVERAGE = b'{"meta": {"branch_coverage": false}, "totals": {"covered_lines": 8, "num_statements": 10}}'
BANDIT = b'{"errors": [], "generated_at": "2026-03-01T00:00:00Z", "results": []}'
RUFF = json.dumps(
    [{"code": code, "filename": "a.py", "noqa_row": 1} for code in ("F821", "PLE0101", "F401", "E501")]
).encode()


def collect(folder: Path, *files: str | reports.File, sources: tuple[str, ...] = ()) -> Collected:
    return reports.collect(reports.Options(files=files, sources=sources), world(folder))


def write(folder: Path, **files: bytes) -> None:
    """Files whose names have a dot where the keyword has two underscores."""
    for name, data in files.items():
        (folder / name.replace("__", ".")).write_bytes(data)


def found(collected: Collected) -> dict[str, float | str | None]:
    """The value of each metric, or the reason."""
    return {m.metric: m.reason if m.value is None else m.value for m in collected.measurements}


def test_a_pattern_without_a_file_says_to_run_the_tool_first(tmp_path: Path) -> None:
    write(tmp_path, a__py=b"x = 1\n")
    for files, sources in ((("*.xml",), ()), (("a.py",), ("src/**/*.py",))):
        options = reports.Options(files=files, sources=sources)
        with pytest.raises(InputError, match=r'No file matches ".*" in .*; run the tool that writes it before'):
            reports.check(options, world(tmp_path))
    with pytest.raises(ConfigError, match="No report is named; list some"):
        collect(tmp_path)


def test_a_file_that_two_patterns_match_is_read_once_under_the_format_that_is_named(tmp_path: Path) -> None:
    write(tmp_path, mypy__json=b"")
    with_format = reports.File(path="mypy.json", format="mypy")
    assert found(collect(tmp_path, with_format, "./*.json")) == {"type_errors": 0}
    assert found(collect(tmp_path, "*.json", with_format)) == {"type_errors": 0}


@pytest.mark.parametrize(
    ("name", "data", "fault", "unknown"),
    [
        ("c.json", COVERAGE[:-1], "c.json cannot be read: Input data was truncated", "test_coverage"),
        ("j.xml", JUNIT[:-1], "j.xml cannot be read: unclosed token: line 1, column 54", "test_pass_rate"),
        ("j.xml", b"<testsuite>\0</testsuite>", "j.xml cannot be read: not well-formed", "flaky_tests"),
        ("b.json", BANDIT + b"x", "b.json cannot be read: JSON is malformed", "security_score"),
        ("r.json", RUFF.replace(b"1", b"NaN", 1)[:-1] + b", 5]", "r.json cannot be read: ", "linting_score"),
        ("lc.txt", b"  9  9  9  4 total\n", "lc.txt says that 9 of 4 functions have types.", "type_coverage"),
    ],
)
def test_a_broken_report_costs_its_own_figures_and_is_named(
    tmp_path: Path, name: str, data: bytes, fault: str, unknown: str
) -> None:
    write(tmp_path, good__json=b'{"spdxVersion": "SPDX-2.3", "packages": []}')
    (tmp_path / name).write_bytes(data)
    collected = collect(tmp_path, name, "good.json")
    figure = found(collected)
    assert str(figure[unknown]).startswith(f"not known: {fault}")
    assert figure["sbom_components"] == 0
    (said,) = collected.incomplete
    assert said.startswith(fault)
    assert said.endswith(" or name another `format`.")


def test_what_one_report_cannot_say_another_does_not_make_up_for(tmp_path: Path) -> None:
    write(tmp_path, a__xml=JUNIT, b__xml=JUNIT[:-1])
    collected = collect(tmp_path, "*.xml")
    assert all(m.value is None and "b.xml cannot be read" in m.reason for m in collected.measurements)


@pytest.mark.parametrize(
    "data",
    [b"", b"\n \n", codecs.BOM_UTF16_LE, bytes(9), b"hello", pytest.param(bytes(range(256)), id="bytes"), b"<html/>"],
)
def test_what_is_no_report_is_named_and_the_others_go_on(tmp_path: Path, data: bytes) -> None:
    write(tmp_path, a__txt=data, c__json=COVERAGE)
    collected = collect(tmp_path, "a.txt", "c.json")
    assert found(collected)["test_coverage"] == 80
    assert len(collected.incomplete) == 1
    assert "name its `format`" in collected.incomplete[0]


@pytest.mark.parametrize("data", [b"[]", b" [ ]\n"])
def test_a_linter_that_found_nothing_is_told_by_its_name_alone(tmp_path: Path, data: bytes) -> None:
    write(tmp_path, ruff__json=data, lint__json=data, c__json=COVERAGE)
    assert found(collect(tmp_path, "c.json", "ruff.json"))["linting_score"] == 100
    assert found(collect(tmp_path, "c.json", reports.File(path="lint.json", format="pylint")))["linting_score"] == 100
    collected = collect(tmp_path, "c.json", "lint.json")
    assert "linting_score" not in found(collected)
    assert collected.incomplete == (
        "lint.json is an empty list, which says not of what; name its `format`, such as ruff or pylint.",
    )


def test_a_report_of_another_format_than_named_is_a_sentence(tmp_path: Path) -> None:
    write(tmp_path, c__json=COVERAGE)
    collected = collect(tmp_path, reports.File(path="c.json", format="junit"))
    assert collected.incomplete[0].endswith("It was read as junit: write it again, or name another `format`.")


def test_what_is_no_text_is_said_without_words_of_a_programmer(tmp_path: Path) -> None:
    write(tmp_path, b__json=BANDIT.replace(b"2026", b"\x90026"))
    (fault,) = collect(tmp_path, "b.json").incomplete
    assert fault.startswith("b.json cannot be read: it is no text in UTF-8.")


def test_a_name_with_a_line_break_does_not_break_the_sentence(tmp_path: Path) -> None:
    (tmp_path / "a\n::error::b.xml").write_bytes(b"<testsuite>")
    assert collect(tmp_path, "*.xml").incomplete[0].startswith("a\\n::error::b.xml cannot be read")


def test_a_report_that_the_disk_does_not_give_is_a_sentence(tmp_path: Path) -> None:
    # A file of the kernel that may be opened, and not read from its beginning.
    collected = collect(tmp_path, reports.File(path="/proc/self/mem", format="junit"))
    assert collected.incomplete == ("/proc/self/mem cannot be read: input/output error.",)
    assert str(found(collected)["tests"]).startswith("not known: /proc/self/mem cannot be read")


def test_code_that_cannot_be_read_leaves_unknown_how_clean_it_is(tmp_path: Path) -> None:
    write(tmp_path, r__json=RUFF)
    collected = collect(tmp_path, "r.json", sources=("/proc/self/mem",))
    assert collected.incomplete == ("/proc/self/mem cannot be read: input/output error.",)
    assert found(collected)["linting_score"] == "not known: /proc/self/mem cannot be read: input/output error"


def test_a_report_that_is_not_there_leaves_the_figures_of_its_format_unknown(tmp_path: Path) -> None:
    write(tmp_path, c__json=COVERAGE)
    for file in ("reports/junit.xml", reports.File(path="tests.xml", format="junit")):
        collected = collect(tmp_path, "c.json", file)
        assert found(collected)["test_coverage"] == 80
        assert str(found(collected)["tests"]).startswith("not known: No file matches")
        assert len(collected.incomplete) == 1
    nameless = collect(tmp_path, "c.json", "x/*.out")
    assert set(found(nameless)) == {"test_coverage", "line_coverage", "branch_coverage"}
    assert len(nameless.incomplete) == 1


def test_a_folder_is_no_report_and_its_files_are_to_be_named(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (fault,) = collect(tmp_path, "reports").incomplete
    assert fault == '"reports" is a folder; name files in it, such as "reports/*.json".'


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_powershell_wrote_is_read(tmp_path: Path, encoding: str) -> None:
    for name, data in (("c.json", COVERAGE), ("j.xml", JUNIT), ("lcov.info", b"SF:a\r\nDA:1,1\r\nend_of_record\r\n")):
        (tmp_path / name).write_bytes(data.decode().encode(encoding))
    collected = collect(tmp_path, "*.*")
    assert collected.incomplete == ()
    assert {"test_coverage", "tests"} <= found(collected).keys()


def test_a_report_of_100_megabytes_is_a_sentence(tmp_path: Path) -> None:
    with (tmp_path / "c.json").open("wb") as file:
        file.write(COVERAGE[:-1])
        # Sparse: blanks would take their room on the disk.
        file.truncate(100 << 20)
    (fault,) = collect(tmp_path, "c.json").incomplete
    assert fault.startswith("c.json has more than the 64 MB that are read; report less in one file.")


class Long:
    """A file that goes on for so many pieces."""

    def __init__(self, beginning: bytes, piece: bytes, pieces: int, end: bytes) -> None:
        self._rest: Iterator[bytes] = iter((beginning, *(piece for _ in range(pieces)), end))

    def read(self, _size: int) -> bytes:
        return next(self._rest, b"")


def test_100_megabytes_of_tests_are_read_as_they_come() -> None:
    output = b"<testcase name='a'><system-out>" + b"x" * (1 << 20) + b"</system-out></testcase>"
    (found,) = quality.read(cast("IO[bytes]", Long(b"<testsuite>", output, 100, b"</testsuite>")), "j.xml", "junit")
    assert isinstance(found, Outcomes)
    assert found.cases == 100


def test_a_report_without_an_end_is_left() -> None:
    endless = Long(b"<testsuite>", b" " * (8 << 20), 1000, b"")
    with pytest.raises(DocumentError, match=r"j\.xml has more than the 512 MB that are read"):
        quality.read(cast("IO[bytes]", endless), "j.xml", "junit")


def test_linting_score_is_pylints_own_times_ten(tmp_path: Path) -> None:
    write(tmp_path, r__json=RUFF, c__json=COVERAGE.replace(b"10", b"200"))
    figure = found(collect(tmp_path, "*.json"))
    assert figure["linting_score"] == pytest.approx(100 * (1 - (5 * 2 + 2) / 200))
    assert figure["lint_violations_per_kloc"] == pytest.approx(1000 * 4 / 200)


def test_one_violation_is_called_by_the_singular(tmp_path: Path) -> None:
    one = json.dumps([{"code": "F821", "filename": "a.py", "noqa_row": 1}]).encode()
    write(tmp_path, ruff__json=one, c__json=COVERAGE)
    score = next(m for m in collect(tmp_path, "*.json").measurements if m.metric == "linting_score")
    assert dict(score.details)["violations"] == "1 error"


def test_a_score_is_never_below_zero_and_information_is_no_violation(tmp_path: Path) -> None:
    messages = [{"type": kind, "message-id": "X"} for kind in ("fatal", "error", "warning", "info")]
    write(tmp_path, p__json=json.dumps(messages).encode(), a__py=b"x = 1\n\n \t\ny = 2")
    (score, density) = collect(tmp_path, "p.json", sources=("*.py",)).measurements
    assert (score.value, density.value) == (0, 1500)
    assert dict(score.details)["of"] == "2 lines of `sources` that are not blank"


@pytest.mark.parametrize(
    ("code", "errors"),
    [(None, 1), ("invalid-syntax", 1), ("E999", 1), ("E902", 1), ("PLE0101", 1), ("F823", 1), ("F822", 0), ("E501", 0)],
)
def test_what_breaks_code_weighs_five_times(code: str | None, errors: int) -> None:
    data = json.dumps([{"code": code, "name": "x", "count": 3, "fixable": False}]).encode()
    assert quality.FORMATS["ruff"].read([data], "r") == Lint(tool="ruff", errors=3 * errors, others=3 * (1 - errors))


def test_types_of_two_checkers(tmp_path: Path) -> None:
    for name in ("pyright.json", "pyright-verifytypes.json"):
        (tmp_path / name).write_bytes((FIXTURES / name).read_bytes())
    line = {"file": "a.py", "line": 1, "column": 0, "message": "m", "hint": None, "code": "c"}
    complaints = [{**line, "severity": severity} for severity in ("error", "note", "error")]
    write(tmp_path, mypy__json=b"\r\n".join(json.dumps(one).encode() for one in complaints))
    collected = collect(tmp_path, "*.json")
    (public, errors) = collected.measurements
    assert (public.metric, round(public.value or 0, 2), public.n) == ("public_type_coverage", 96.07, 458)
    assert (errors.metric, errors.value) == ("type_errors", 4)
    assert errors.details == (("mypy", "2 in mypy.json"), ("pyright", "2 in pyright.json"))


def test_a_package_pyright_did_not_find_is_not_untyped(tmp_path: Path) -> None:
    """The trap: its completeness is 0, of no symbol at all."""
    write(tmp_path, v__json=(FIXTURES / "pyright-verifytypes-untyped.json").read_bytes())
    (public,) = collect(tmp_path, "v.json").measurements
    assert public.value is None
    assert "the package needs a py.typed file and must be installed" in public.reason


def test_a_line_that_mypy_did_not_write_is_named(tmp_path: Path) -> None:
    good = b'{"file": "a.py", "line": 1, "severity": "error"}\n'
    write(tmp_path, m__json=good + b"Traceback (most recent call last):\n")
    assert collect(tmp_path, "m.json").incomplete[0].startswith("m.json line 2 cannot be read")


def test_no_function_is_not_full_of_types(tmp_path: Path) -> None:
    write(tmp_path, lc__txt=b"      0       0      0      0 total\n")
    assert found(collect(tmp_path, "lc.txt")) == {"type_coverage": "not known: mypy counted no function"}


def test_no_test_and_few_tests_have_no_rate(tmp_path: Path) -> None:
    write(tmp_path, j__xml=b"<testsuites/>")
    assert found(collect(tmp_path, "j.xml")) == {
        "test_pass_rate": "not known: no tests that ran; 5 are needed",
        "flaky_tests": 0,
        "test_execution_time_seconds": "not known: no test says how long it took",
        "tests": 0,
    }


def test_an_old_scan_says_nothing_and_a_bill_alone_is_no_scan(tmp_path: Path) -> None:
    write(tmp_path, b__json=BANDIT.replace(b"2026-03-01", b"2026-02-01"), s__json=b'{"bomFormat": "CycloneDX"}')
    assert found(collect(tmp_path, "b.json")) == {
        "security_score": "not known: the last scan is 31 days old, more than 7"
    }
    assert found(collect(tmp_path, "s.json")) == {"sbom_components": 0}


def test_a_scan_that_does_not_say_when_is_as_old_as_its_file(tmp_path: Path) -> None:
    write(tmp_path, p__json=b'{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}')
    for age, value in (
        (timedelta(days=1), 100),
        (timedelta(days=8), "not known: the last scan is 8 days old, more than 7"),
    ):
        os.utime(tmp_path / "p.json", times=2 * ((AT - age).timestamp(),))
        assert found(collect(tmp_path, "p.json")) == {"security_score": value}


def test_the_oldest_of_several_scans_counts(tmp_path: Path) -> None:
    write(tmp_path, a__json=BANDIT, b__json=BANDIT.replace(b"2026-03-01", b"2026-02-01"))
    (score,) = collect(tmp_path, "*.json").measurements
    assert score.reason == "not known: the last scan is 31 days old, more than 7"
    assert ("scan", "bandit, none, 2026-02-01 00:00 UTC (b.json)") in score.details


def test_one_source_is_counted_once_wherever_a_tool_tells_it_from(tmp_path: Path) -> None:
    """coverage.py's XML tells files from its `source`, its JSON from where it ran, others from the root of the disk."""
    summary = {"covered_lines": 1, "num_statements": 1}
    lines = '<class filename="a.py"><lines><line number="1" hits="1"/></lines></class>'
    write(
        tmp_path,
        c__json=json.dumps(
            {"meta": {"branch_coverage": 0}, "totals": summary, "files": {"src/a.py": {"summary": summary}}}
        ).encode(),
        c__xml=f"<coverage><sources><source>{tmp_path}/src</source></sources>{lines}</coverage>".encode(),
        c__info=f"SF:{tmp_path}/src/a.py\nDA:1,1\nend_of_record\n".encode(),
    )
    figure = collect(tmp_path, "c.*").measurements[0]
    assert (figure.metric, figure.value, figure.n) == ("test_coverage", 100, 1)


def test_code_is_not_measured_by_what_is_left_of_its_coverage(tmp_path: Path) -> None:
    write(tmp_path, a__json=COVERAGE, b__json=COVERAGE[:60], r__json=RUFF, a__py=b"x = 1\n" * 100)
    assert "nothing says how much code there is" in str(found(collect(tmp_path, "*.json"))["linting_score"])
    # Two errors of five, and two others, in a hundred lines.
    assert found(collect(tmp_path, "*.json", sources=("a.py",)))["linting_score"] == pytest.approx(88)


def test_places_are_told_from_here(tmp_path: Path) -> None:
    issue = {"test_id": "B1", "filename": f"{tmp_path}/src/a.py", "line_number": 3, "issue_severity": "LOW"}
    write(tmp_path, b__json=json.dumps({"generated_at": f"{AT:%Y-%m-%dT%H:%M:%SZ}", "results": [issue]}).encode())
    (score,) = collect(tmp_path, "b.json").measurements
    assert ("−1 low", "B1 at src/a.py:3 (bandit)") in score.details


def test_names_from_strangers_are_printable_and_short(tmp_path: Path) -> None:
    long = "x" * 1_000_000
    vulnerable = {"name": f"a\x1b[31m{long}", "version": "1", "vulns": [{"id": long}]}
    skipped = [{"name": "b", "skip_reason": long}]
    case = f"<testcase name='{long}'/>"
    write(
        tmp_path,
        p__json=json.dumps({"dependencies": [vulnerable]}).encode(),
        s__json=json.dumps({"dependencies": skipped}).encode(),
        j__xml=f"<testsuite>{case}{case}</testsuite>".encode(),
    )
    os.utime(tmp_path / "p.json", times=(AT.timestamp(), AT.timestamp()))
    for file in ("p.json", "s.json", "j.xml"):
        for one in collect(tmp_path, file).measurements:
            said = [one.reason, *(text for _, text in one.details)]
            assert all(len(text) < 400 and text.isprintable() for text in said), one


def test_every_figure_is_in_the_catalogue_with_its_definition() -> None:
    defined = {kpi.metric.name for kpi in metrics.KPIS}
    assert {metric for known in quality.FORMATS.values() for metric in known.metrics} < defined
    assert set(quality.FORMATS) == set(get_args(quality.Name))


RECORDS: tuple[Record, ...] = (
    Coverage(sources={"a": Counts(lines=3, lines_covered=1)}),
    Coverage(sources={"a": Counts(lines=3, lines_covered=2), "b": Counts(lines=1)}),
    Outcomes(ends={("", "c", "a"): "failed"}, seconds=0.1, cases=1),
    Outcomes(ends={("", "c", "a"): "passed"}, seconds=0.7, cases=1),
    Lint(tool="ruff", errors=1),
    Typing(tool="mypy", functions=(1, 2), errors=3),
    Scan(tool="x", findings=(Finding(source="x", id="CVE-1", package="p", severity="low"),)),
    Scan(tool="y", findings=(Finding(source="y", id="CVE-1", package="P", severity="high"),)),
    Inventory(components=frozenset({("a", "1")})),
)
REPORTS = [
    figures.Report(source=f"{number}", format="junit", written=AT - timedelta(days=number), records=(record,))
    for number, record in enumerate(RECORDS)
]


@given(st.permutations(REPORTS))
def test_the_order_of_reports_changes_nothing(order: Sequence[figures.Report]) -> None:
    assert figures.of(order, None, AT) == figures.of(REPORTS, None, AT)


@given(
    st.sampled_from(list(quality.FORMATS)), st.binary(max_size=200) | st.sampled_from([JUNIT, COVERAGE, BANDIT, RUFF])
)
def test_any_bytes_under_any_format_are_records_or_one_sentence(name: quality.Name, data: bytes) -> None:
    said = sentence(lambda: quality.read(io.BytesIO(data), "r", name))
    assert not said or (said.startswith("r ") and "\n" not in said)


@given(st.binary(max_size=200) | st.sampled_from([JUNIT, COVERAGE, RUFF, BANDIT]))
def test_any_bytes_are_of_a_format_or_one_sentence(data: bytes) -> None:
    said = sentence(lambda: quality.tell(data, "r"))
    assert not said or said.startswith("r is ")


def test_without_the_extra_xml_is_refused_with_the_command_that_installs_it(tmp_path: Path) -> None:
    write(tmp_path, j__xml=JUNIT)
    program = """
import sys
sys.modules["defusedxml"] = None
from edgetpu_ci import errors, quality
try:
    quality.read(open("j.xml", "rb"), "j.xml", "junit")
except errors.ConfigError as error:
    print(error)
"""
    here = {**os.environ, "PYTHONPATH": str(Path(quality.__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=here, capture_output=True, text=True, check=True
    )
    assert done.stdout == "Reading j.xml needs defusedxml; install it with: pip install 'edgetpu-ci[kpis]'.\n"


def sentence(read: Callable[[], object]) -> str:
    """Why it cannot be read; empty where it can."""
    try:
        read()
    except DocumentError as error:
        return str(error)
    return ""
