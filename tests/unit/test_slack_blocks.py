from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgetpu_ci.render.slack import blocks, limits, mrkdwn
from edgetpu_ci.render.slack.message import Part, message
from tests.fakes.slack import active, faults

_PIECES = st.sampled_from(
    [
        *("<!channel>", "<@U012AB>", "<#C1|x>", "@here", "https://evil.example/x", "<https://e.example|run>", "&lt;"),
        *(
            "*b*",
            "_i_",
            "~s~",
            "`c`",
            "```",
            "> q",
            "\n",
            ":tada:",
            "\u202e",
            "\u200b",
            "🛑",
            "a_b",
            "|",
            " ",
            "<",
            ">",
        ),
    ]
)
FOREIGN = st.lists(_PIECES | st.text(max_size=30), max_size=12).map("".join)
LONG = st.builds(lambda piece, times: piece * times, FOREIGN, st.sampled_from([1, 1, 500]))
PAIRS = st.lists(st.tuples(FOREIGN, FOREIGN), max_size=12)


def parts(foreign: str, pairs: list[tuple[str, str]], times: int) -> list[Part]:
    """One of each block, and many sections."""
    made = [
        blocks.header(foreign),
        blocks.section(mrkdwn.listed([mrkdwn.text(foreign, 3000)] * 3)),
        blocks.section(mrkdwn.text(foreign, 9000)),
        blocks.fields([(name, mrkdwn.text(value, 4000)) for name, value in pairs]),
        blocks.context(*[mrkdwn.code(name) for name, _ in pairs]),
        *blocks.links([(foreign, "https://ci.example/?a=1&b"), (foreign, foreign)] * times),
        blocks.table([name for name, _ in pairs] or ["a"], [[value for _, value in pairs]] * times),
    ]
    return [Part(rank, block) for rank, block in enumerate(made + [blocks.section(mrkdwn.text(foreign))] * times)]


@settings(max_examples=40, deadline=None)
@given(LONG, PAIRS, st.sampled_from([0, 1, 60, 130]))
def test_whatever_comes_a_message_is_within_all_limits_and_calls_nobody(
    foreign: str, pairs: list[tuple[str, str]], times: int
) -> None:
    made = msgspec.to_builtins(message(mrkdwn.text(foreign, 9000) or "nothing", parts(foreign, pairs, times)))
    assert faults(made) == []
    assert active([made["text"], made["blocks"]]) == []


@settings(max_examples=40, deadline=None)
@given(FOREIGN)
def test_foreign_text_formats_nothing(foreign: str) -> None:
    shown = mrkdwn.text(foreign, 3000)
    assert not set(shown) & set("*~`\n\u202e\u200b")
    assert not shown.startswith("&gt;")
    assert "://" not in shown


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("performance_regression", "performance_regression"),
        ("_slanted_ *bold* ~gone~ `code`", "ˍslantedˍ ∗bold∗ ∼gone∼ ˋcodeˋ"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        (">> quoted", "›› quoted"),
        ("two\nlines", "two lines"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("@channel", "@\u2060channel"),
        ("see https://evil.example", "see https:\u2060//evil.example"),
        ("at 12:30:45, :tada:", "at 12∶30:45, ∶tada:"),
        ("left\u202eright", "left\ufffdright"),
    ],
)
def test_a_sign_that_could_format_becomes_one_that_looks_alike(foreign: str, shown: str) -> None:
    assert mrkdwn.text(foreign) == shown


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://a b", "https://a|b", "https://a>b", "https://" + "a" * 3000]
)
def test_an_address_slack_would_not_take_is_no_link(url: str) -> None:
    assert mrkdwn.link("run", url) == "run"
    assert blocks.links([("run", url)]) == []


def test_a_link_a_date_and_an_entity_are_never_cut() -> None:
    link = mrkdwn.link("run", "https://ci.example/?a=1&b=2")
    assert link == "<https://ci.example/?a=1&amp;b=2|run>"
    assert mrkdwn.cut(f"a {link}", 20) == "a …"
    assert mrkdwn.cut("a&amp;b&amp;c", 8) == "a&amp;b…"
    date = mrkdwn.date(datetime(2026, 3, 4, 5, 6, tzinfo=UTC))
    assert date == "<!date^1772600760^{date_short_pretty} {time}|2026-03-04 05:06 UTC>"
    assert mrkdwn.cut(date, 20) == "…"


def test_lines_that_are_too_many_are_counted() -> None:
    assert mrkdwn.listed(["one", "two", "three"], 100) == "one\ntwo\nthree"
    assert mrkdwn.listed(["one", "two", "three"], 100, count=2) == "one\ntwo\n… +1 more"
    assert mrkdwn.listed(["x" * 40] * 9, 100) == "\n".join(["x" * 40] * 2 + ["… +7 more"])


@pytest.mark.parametrize(("size", "shown"), [(150, "x" * 150), (151, "x" * 149 + "…")])
def test_a_header_at_and_over_its_edge(size: int, shown: str) -> None:
    assert blocks.header("x" * size)["text"]["text"] == shown


def test_a_header_of_signs_outside_the_basic_plane_counts_them_twice() -> None:
    assert limits.size(blocks.header("🛑" * 150)["text"]["text"]) == 149


@pytest.mark.parametrize(("given", "shown"), [(10, 10), (11, 10)])
def test_fields_and_context_at_and_over_their_edge(given: int, shown: int) -> None:
    fields = blocks.fields([("n", "v")] * given)["fields"]
    elements = blocks.context(*["v"] * given)["elements"]
    assert len(fields) == len(elements) == shown
    assert (fields[-1]["text"] == elements[-1]["text"] == "… +2 more") is (given > 10)


def test_a_table_counts_the_rows_it_does_not_show() -> None:
    assert len(blocks.table(["a", "b:"], [["x", "1"]] * 99)["rows"]) == 100
    over = blocks.table(["a", "b:"], [["x", "1"]] * 100)["rows"]
    assert (len(over), over[-1][0]["text"]) == (100, "… +2 more")


def test_a_wide_table_leaves_room_for_the_other_blocks() -> None:
    rows = blocks.table(["a"] * 20, [["x" * 60] * 20] * 20)["rows"]
    assert len(msgspec.json.encode(rows)) <= 10_000
    assert rows[-1][0]["text"] == f"… +{20 - (len(rows) - 2)} more"


def test_the_least_important_block_goes_first_and_is_counted() -> None:
    made = [Part(0, blocks.header("what"))] + [Part(rank, blocks.section(f"rank {rank}")) for rank in (2, 3, 1, 3)]
    shown = message("what", made, most=4).blocks
    assert [block["text"]["text"] for block in shown[:-1]] == ["what", "rank 2", "rank 1"]
    assert shown[-1]["elements"][0]["text"] == "… +2 more"


@pytest.mark.parametrize(("given", "shown"), [(50, 50), (51, 50)])
def test_blocks_at_and_over_their_edge(given: int, shown: int) -> None:
    assert len(message("what", [Part(0, blocks.header("x"))] * given).blocks) == shown


@pytest.mark.parametrize(
    ("most", "shown"),
    [
        (3000, lambda markup: blocks.section(markup)["text"]),
        (2000, lambda markup: blocks.fields([("n", markup.removeprefix("xxxx"))])["fields"][0]),
        (3000, lambda markup: blocks.context(markup)["elements"][0]),
    ],
)
def test_a_text_at_and_over_its_edge(most: int, shown: Callable[[str], dict[str, str]]) -> None:
    assert len(shown("x" * most)["text"]) == most
    assert "…" not in shown("x" * most)["text"]
    over = shown("x" * (most + 1))["text"]
    assert (len(over), over[-1]) == (most, "…")


def test_the_text_of_the_notification_is_counted_in_bytes() -> None:
    parts = [Part(0, blocks.header("x"))]
    assert message("é" * 2000, parts).text == "é" * 2000
    over = message("é" * 2001, parts).text
    assert (len(over.encode()) <= 4000, over[-1]) == (True, "…")


def test_all_blocks_together_have_room_for_so_much() -> None:
    parts = [Part(n, blocks.section("x" * 2800)) for n in range(5)]
    shown = message("x", parts).blocks
    assert len(msgspec.json.encode(shown)) <= 12_000
    assert (len(shown), shown[-1]["elements"][0]["text"]) == (5, "… +1 more")


def test_what_is_not_shown_is_counted_within_the_room_there_is() -> None:
    for size in range(2800, 2960, 20):
        found = message("x", [Part(1, blocks.section("A" * size))] * 5).blocks
        assert found[-1]["type"] == "context"
        assert len(msgspec.json.encode(found)) <= limits.ALL_BLOCKS


def test_of_blocks_that_matter_alike_the_last_goes_first() -> None:
    made = message("x", [Part(1, blocks.section(str(n))) for n in range(60)]).blocks
    assert [block["text"]["text"] for block in made[:2]] == ["0", "1"]
