"""The page of all series as a file: what is embedded, that it cannot get out, and how large it is."""

import base64
import hashlib
import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edgetpu_ci.model import Change, Point, Series
from edgetpu_ci.render import words
from edgetpu_ci.render.page import page
from tests.fakes import histories
from tests.fakes.reports import HOSTILE
from tests.fakes.world import AT

ESCAPES = ("</script><script>alert(1)</script>", "<!--<script>", "]]>", "\u2028\u2029", "&lt;/script&gt;", "${x}$data")


class Elements(HTMLParser):
    """The tags of a page in order, and what stands in its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.inside = ""
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.contents: dict[str, list[str]] = {"script": [], "style": []}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.inside = tag
        if tag in self.contents:
            self.contents[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = "" if tag == self.inside else self.inside

    def handle_data(self, data: str) -> None:
        if self.inside in self.contents:
            self.contents[self.inside][-1] += data


def embedded(text: str) -> Any:
    return json.loads(Elements(text).contents["script"][0])


def series(*values: float, name: str = "m", metric: str = "latency_p10_ms", **parts: Any) -> Series:
    points = tuple(Point(at=AT + timedelta(hours=n), value=value, commit=f"c{n}") for n, value in enumerate(values))
    return Series(device="d", subject=name, metric=metric, points=points, **parts)


def step(index: int, before: float, after: float, **parts: Any) -> Change:
    return Change(index=index, before=before, after=after, **{"tier": "confirmed", **parts})


EMPTY = Elements(page([])).tags


def test_states_are_embedded_as_words() -> None:
    known = embedded(page([series(0, 2, metric="thermal_state")]))["metrics"]
    assert known["thermal_state"]["states"] == ["optimal", "warm", "throttled"]


@pytest.mark.parametrize("foreign", [*ESCAPES, HOSTILE])
def test_no_foreign_text_leaves_its_place(foreign: str) -> None:
    point = Point(at=AT, value=1.0, commit=foreign, report=foreign, url=foreign)
    text = page([Series(device=foreign, subject=foreign, metric=foreign, points=(point,))])
    assert Elements(text).tags == EMPTY
    found = embedded(text)
    said = words.plain(foreign, 200)
    (one,) = found["series"]
    assert (one["device"], one["subject"], one["metric"]) == (said, said, said)
    assert found["runs"]["commit"]["texts"] == found["runs"]["report"]["texts"] == [said]


@given(st.text(max_size=40))
def test_no_text_at_all_changes_the_elements_of_the_page(foreign: str) -> None:
    text = page([replace(series(1.0), subject=foreign, device=foreign)])
    assert Elements(text).tags == EMPTY
    assert embedded(text)["series"][0]["subject"] == words.plain(foreign, 200)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://github.com/octo/models/actions/runs/1", True),
        ("http://github.com/octo", False),
        ("javascript:alert(1)", False),
        ("https://evil.example/ onclick=x", False),
        (" https://github.com/octo", False),
        ("https://user@evil.example", False),
        ("", False),
    ],
)
def test_only_a_plain_https_address_is_kept(url: str, *, kept: bool) -> None:
    point = Point(at=AT, value=1.0, url=url)
    found = embedded(page([replace(series(1.0), points=(point,))]))
    assert found["runs"]["url"]["texts"] == [url if kept else ""]


def unfolded(found: Any, one: Any) -> list[tuple[int, float, str, str, str]]:
    """The points of a series again: seconds, value, commit, report, url."""
    at = list(accumulate(found["runs"]["at"]))
    columns = [found["runs"][name] for name in ("commit", "report", "url")]
    texts = [[column["texts"][place] for place in accumulate(column["places"])] for column in columns]
    pairs = zip(one["runs"][::2], one["runs"][1::2], strict=True)
    places = [place for first, count in pairs for place in range(first, first + count)]
    return [
        (at[place], value, *(column[place] for column in texts))
        for place, value in zip(places, one["values"], strict=True)
    ]


POINTS = st.lists(
    st.builds(
        Point,
        at=st.integers(0, 5).map(lambda hours: AT + timedelta(hours=hours)),
        value=st.integers(0, 10**9) | st.integers(1, 99_999).map(lambda thousandths: thousandths / 1000),
        commit=st.sampled_from(["", "a", "b"]),
        report=st.sampled_from(["", "r1", "r2"]),
        url=st.sampled_from(["", "https://x.example/1", "https://x.example/2"]),
    ),
    min_size=1,
    max_size=8,
)


@given(st.lists(st.tuples(st.sampled_from("de"), POINTS), max_size=4))
def test_what_is_embedded_are_the_points_again(drawn: list[tuple[str, list[Point]]]) -> None:
    known = [
        Series(device=device, subject=f"m{n}", metric="ops", points=tuple(points))
        for n, (device, points) in enumerate(drawn)
    ]
    found = embedded(page(known))
    again = {one["subject"]: unfolded(found, one) for one in found["series"]}
    assert again == {
        one.subject: [(int(p.at.timestamp()), p.value, p.commit, p.report, p.url) for p in one.points] for one in known
    }


def test_measured_values_keep_more_digits_than_are_shown_and_facts_all() -> None:
    found = embedded(page([series(2.6234567891, 3_577_761.0)]))
    assert found["series"][0]["values"] == [2.62346, 3_577_761]


def test_the_newest_change_is_first_and_what_never_changed_follows_by_name() -> None:
    known = [
        series(1.0, 1.0, name="z"),
        series(1.0, 1.0, name="a"),
        series(1.0, 2.0, 2.0, name="early", changes=(step(1, 1.0, 2.0),)),
        series(1.0, 1.0, 2.0, name="late", changes=(step(2, 1.0, 2.0),)),
    ]
    assert [one["subject"] for one in embedded(page(known))["series"]] == ["late", "early", "a", "z"]


@pytest.mark.parametrize(
    ("metric", "after", "kind", "said"),
    [
        ("latency_p10_ms", 1.25, "worse", "▲ 25 % slower"),
        ("latency_p10_ms", 0.75, "better", "▼ 25 % faster"),
        ("throughput_sustained_fps", 0.75, "worse", "▼ 25 % slower"),
        ("throughput_sustained_fps", 1.25, "better", "▲ 25 % faster"),
        ("model_bytes", 1.25, "changed", "▲ 25 % more"),
    ],
)
def test_a_change_is_said_in_words_with_its_direction(metric: str, after: float, kind: str, said: str) -> None:
    known = series(1.0, after, metric=metric, changes=(step(1, 1.0, after),))
    (change,) = embedded(page([known]))["series"][0]["changes"]
    assert (change["kind"], change["said"]) == (kind, said)


def test_a_change_from_nothing_has_a_size_too() -> None:
    known = series(0.0, 2.0, metric="ops_on_cpu", changes=(step(1, 0.0, 2.0),))
    assert embedded(page([known]))["series"][0]["changes"][0]["said"] == "▲ 2 more"


def test_what_was_withdrawn_or_lies_beyond_the_points_is_not_shown() -> None:
    changes = (step(1, 1.0, 2.0, withdrawn_at=1), step(5, 1.0, 2.0), step(0, 1.0, 2.0))
    assert embedded(page([series(1.0, 2.0, changes=changes)]))["series"][0]["changes"] == []


def test_a_series_without_points_is_none() -> None:
    assert embedded(page([series()]))["series"] == []


def test_the_policy_allows_our_script_and_style_and_nothing_else() -> None:
    text = page(histories.few(20))
    found = Elements(text)
    policy = next(value for name, value in found.attributes if name == "content" and "default-src" in (value or ""))
    (style,), script = found.contents["style"], found.contents["script"][1]
    hashes = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (script, style)]
    assert policy is not None
    assert policy.startswith(f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; ")
    assert "unsafe" not in policy


def test_nothing_is_fetched_and_no_text_becomes_structure() -> None:
    text = page([])
    found = Elements(text)
    assert not [value for name, value in found.attributes if name in {"src", "srcset", "action", "style"}]
    assert {value for name, value in found.attributes if name == "href"} == {"#", "#main"}
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(", text)
    assert not re.search(r"url\(|@import", found.contents["style"][0])


def test_the_same_series_give_the_same_page() -> None:
    assert page(histories.few(30)) == page(tuple(reversed(histories.few(30))))


def test_200_series_of_2000_runs_take_at_most_8_megabytes() -> None:
    known = histories.many(200, 2_000)
    assert (len(known), {len(one.points) for one in known}) == (200, {2_000})
    assert len(page(known).encode()) <= 8_000_000
