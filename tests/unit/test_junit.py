"""JUnit files: what counts as a test, how it ended, and what hostile files do."""

import tracemalloc
from collections.abc import Iterator
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.quality import foreign, junit
from edgetpu_ci.quality.records import Outcome, Outcomes


def read(text: str | bytes) -> Outcomes:
    data = text.encode() if isinstance(text, str) else text
    return junit.read([data[:7], data[7:]], "junit.xml")


def fault(data: bytes) -> str:
    """The sentence why it cannot be read; empty where it can."""
    try:
        read(data)
    except DocumentError as error:
        return str(error)
    return ""


def suite(*cases: str, name: str = "s") -> str:
    return f'<testsuite name="{name}" tests="99" failures="99" time="99">{"".join(cases)}</testsuite>'


def case(name: str, inside: str = "", **more: str) -> str:
    given = {"classname": "c", "time": "1.5", **more}
    attributes = "".join(f' {key}="{value}"' for key, value in given.items())
    return f'<testcase name="{name}"{attributes}>{inside}</testcase>'


def ends(text: str) -> dict[str, Outcome]:
    return {test[2]: end for test, end in read(text).ends.items()}


FAILED, ERROR = "<failure message='no'>at line 1</failure>", "<error/>"


@pytest.mark.parametrize(
    ("inside", "end"),
    [
        ("", "passed"),
        ("<system-out>error failure</system-out><properties><property name='error'/></properties>", "passed"),
        (FAILED, "failed"),
        (ERROR, "error"),
        (FAILED + ERROR, "error"),
        ("<skipped/>", "skipped"),
        ('<skipped type="pytest.xfail"/>', "xfailed"),
        ('<skipped type="pytest.skip" message="xfail"/>', "skipped"),
        ("<flakyFailure/>", "passed"),
        ("<failure/><rerunFailure/>", "failed"),
    ],
)
def test_how_a_case_ends(inside: str, end: Outcome) -> None:
    assert ends(suite(case("a", inside))) == {"a": end}


@pytest.mark.parametrize("given", [{"status": "notrun"}, {"result": "skipped"}, {"status": "disabled"}])
def test_what_was_not_run_is_skipped(given: dict[str, str]) -> None:
    assert ends(suite(case("a", **given))) == {"a": "skipped"}


@pytest.mark.parametrize(
    ("attempts", "end", "flaky"),
    [
        # pytest-rerunfailures leaves no mark on the attempts before the last.
        (("", ""), "passed", True),
        (("", FAILED), "failed", False),
        ((FAILED, ""), "passed", True),
        ((FAILED, FAILED, ""), "passed", True),
        ((FAILED, ERROR), "error", False),
        (("<skipped/>", "<skipped/>"), "skipped", False),
        (("<flakyError/>",), "passed", True),
    ],
)
def test_a_test_that_is_run_again(attempts: tuple[str, ...], end: Outcome, flaky: bool) -> None:  # noqa: FBT001
    found = read(suite(*(case("a", inside) for inside in attempts)))
    assert (list(found.ends.values()), bool(found.flaky)) == ([end], flaky)
    assert (found.cases, found.seconds) == (len(attempts), 1.5 * len(attempts))


def test_the_same_test_in_another_suite_is_no_rerun() -> None:
    """Files of several Pythons, merged into one: it failed when it failed on one of them."""
    text = f"<testsuites>{suite(case('a', FAILED))}{suite(case('a'))}</testsuites>"
    found = read(text)
    assert (list(found.ends.values()), found.flaky) == (["failed"], frozenset())


def test_suites_in_suites() -> None:
    inner = suite(case("b"), name="inner")
    text = f"<testsuites><testsuites>{suite(case('a'), inner, case('a'))}</testsuites></testsuites>"
    found = read(text)
    assert ends(text) == {"a": "passed", "b": "passed"}
    assert [test[2] for test in found.flaky] == ["a"]


def test_tests_of_no_class_are_told_apart_by_their_suites() -> None:
    text = (
        f"<testsuites>{suite(case('a', classname=''), name='x')}{suite(case('a', classname=''), name='y')}</testsuites>"
    )
    assert len(read(text).ends) == 2


def test_a_namespace_changes_nothing() -> None:
    assert ends(f'<testsuites xmlns="urn:x">{suite(case("a", FAILED))}</testsuites>') == {"a": "failed"}


@pytest.mark.parametrize(
    ("time", "seconds"),
    [("1,234.5", 1234.5), ("nan", None), ("inf", None), ("-1", None), ("1e300", None), ("", None), ("x", None)],
)
def test_times(time: str, seconds: float | None) -> None:
    found = read(suite(case("a", time=time)))
    assert (found.seconds, found.untimed) == (seconds or 0, int(seconds is None))


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "no element found"),
        (b"<testsuites>", "no element found"),
        (suite(case("a"))[:-5].encode(), "unclosed token|no element found"),
        (b"<testsuite><testcase></testsuite>", "mismatched tag"),
        (b"<html/>", r"junit.xml is no JUnit file: it begins with <html>\."),
        (b"<testsuite>\x00</testsuite>", "invalid token"),
        (b"<testsuite>\xff</testsuite>", "invalid token"),
        (b'<?xml version="1.0" encoding="klingon"?><testsuite/>', "unknown encoding"),
        (b'<?xml version="1.0" encoding="utf-16"?><testsuite/>', "encoding"),
        (f"{BOMB}<testsuite>&b;</testsuite>".encode(), "it declares entities, which no report needs"),
        (
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite name="&x;"/>',
            "it declares entities, which no report needs",
        ),
        pytest.param(b"<testsuite>" * 100_000, "elements are nested more than 200 deep", id="deep"),
    ],
)
def test_a_broken_file_is_a_sentence(data: bytes, fault: str) -> None:
    with pytest.raises(DocumentError, match=f"junit.xml .*({fault})|{fault}"):
        read(data)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    declared = encoding.removesuffix("-sig").removesuffix("-le").removesuffix("-be")
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    text = f'<?xml version="1.0" encoding="{declared}"?>{suite(case("grün"))}'
    assert [test[2] for test in read(mark + text.encode(encoding)).ends] == ["grün"]


def test_what_powershell_redirects_is_utf_16_and_says_that_it_is_utf_8() -> None:
    text = f'<?xml version="1.0" encoding="utf-8"?>{suite(case("a"))}'
    assert read(text.encode("utf-16")).cases == 1


def test_a_fault_of_ours_is_not_taken_for_one_of_the_file() -> None:
    class Faulty:
        text = None

        def start(self, _tag: str, given: dict[str, str]) -> None:
            given["missing"]

        def end(self, tag: str) -> None: ...

    with pytest.raises(KeyError):
        foreign.xml([b"<a/>"], Faulty(), "a.xml")


def test_a_document_type_is_not_fetched() -> None:
    assert read('<!DOCTYPE testsuite SYSTEM "http://127.0.0.1:9/junit.dtd"><testsuite/>').cases == 0


def test_a_file_is_never_held_as_a_whole() -> None:
    piece = suite(case("a", f"<system-out>{'x' * 1_000_000}</system-out>")).encode()
    tracemalloc.start()
    try:
        found = junit.read((b"<testsuites>", *[piece] * 50, b"</testsuites>"), "junit.xml")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (found.cases, peak < 10e6) == (50, True), f"{peak:,} bytes"


@pytest.mark.parametrize("begin", ["<testsuite name='", "<testsuite><!--", "<testsuite><?x ", "<!DOCTYPE a SYSTEM '"])
def test_a_tag_or_comment_without_an_end_is_left_early(begin: str) -> None:
    read_so_far = 0

    def endless() -> Iterator[bytes]:
        nonlocal read_so_far
        yield begin.encode()
        for _ in range(1 << 13):
            read_so_far += 1 << 16
            yield b"a" * (1 << 16)

    with pytest.raises(DocumentError, match=r"junit\.xml cannot be read: a tag or comment has more than 4 MB\."):
        junit.read(endless(), "junit.xml")
    assert read_so_far < 5 << 20


def test_more_tests_than_anybody_has_are_a_sentence() -> None:
    with pytest.raises(DocumentError, match=r"j has more than 2 tests; report fewer in one file\."):
        junit.read([suite(case("a"), case("b"), case("c")).encode()], "j", most=2)
    assert junit.read([suite(case("a"), case("b")).encode()], "j", most=2).cases == 2


CASES = st.lists(
    st.builds(case, st.sampled_from("abc"), st.sampled_from(["", FAILED, ERROR, "<skipped/>"])), max_size=6
)


@given(st.lists(CASES, min_size=1, max_size=4))
def test_the_order_of_files_changes_nothing(files: list[list[str]]) -> None:
    found = [read(suite(*cases)) for cases in files]
    merged = [junit.merged(order) for order in permutations(found)]
    assert all(one == merged[0] for one in merged)
    assert merged[0].cases == sum(len(cases) for cases in files)


@given(st.binary(max_size=300) | st.text(alphabet="<>/testsuicas &;\"='[]!", max_size=200).map(str.encode))
def test_any_bytes_are_tests_or_one_sentence(data: bytes) -> None:
    said = fault(data)
    assert not said or (said.startswith("junit.xml ") and said.endswith("."))
