"""The badge: what it says of a report, and that it is a picture whatever it says."""

import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from edgetpu_ci.model import Report
from edgetpu_ci.render import badge
from tests.fakes import kpi_reports, reports


def one_model() -> Report:
    return reports.report(reports.model("mobilenet_v2", 2.62), rules=())


def facts_only() -> Report:
    facts = [m for m in reports.model("m", 2.6) if not m.device]
    return replace(reports.report(facts, rules=()), comparisons=())


@pytest.mark.parametrize(
    ("make", "said", "colour"),
    [
        (reports.regressed, "1 slower", badge.RED),
        (reports.many, "10 slower", badge.RED),
        (reports.all_clear, "no regressions", badge.GREEN),
        (one_model, "2.672 ms", badge.GREEN),
        (reports.previous_run, "1 slower", badge.YELLOW),
        (reports.first_run, "3 without a baseline", badge.YELLOW),
        (reports.crashed, "1 not measured", badge.GREY),
        (reports.nothing_measured, "nothing measured", badge.GREY),
        (facts_only, "passed", badge.GREEN),
        (reports.in_pairs, "passed", badge.GREEN),
    ],
)
def test_a_report_is_one_short_message_in_the_colour_of_its_status(
    make: Callable[[], Report], said: str, colour: str
) -> None:
    drawn = badge.of(make())
    assert f"<title>edge tpu: {said}</title>" in drawn
    assert f'fill="{colour}"' in drawn


@pytest.mark.parametrize("foreign", ["<script>alert(1)</script>", '"><b a="', "a & b", "]]>", reports.HOSTILE, "人物"])
def test_any_text_is_text_of_a_valid_picture(foreign: str) -> None:
    drawn = ET.fromstring(badge.badge(foreign, foreign, badge.GREEN))  # noqa: S314 - our own
    tags = [element.tag.rpartition("}")[2] for element in drawn.iter()]
    assert tags == ["svg", "title", "path", "path", "g", "text", "text"]
    label, message = (element.text for element in drawn.iter() if element.tag.endswith("text"))
    assert label == message
    assert drawn.get("aria-label") == f"{label}: {message}"


def test_text_has_room_whatever_font_there_is() -> None:
    drawn = badge.badge("i" * 60, "W" * 200, badge.RED)
    width = int(re.findall(r'<svg[^>]* width="(\d+)"', drawn)[0])
    ends = [int(x) + int(length) for x, length in re.findall(r'x="(\d+)" y="14" textLength="(\d+)"', drawn)]
    assert len(ends) == 2
    assert max(ends) < width
    assert "W" * 59 + "…" in drawn


def test_white_text_can_be_read_on_every_colour() -> None:
    for colour in (badge.GREEN, badge.YELLOW, badge.RED, badge.GREY):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5


def test_key_figures_have_a_label_of_their_own() -> None:
    assert "<title>KPIs: 2 beyond limits</title>" in badge.of(kpi_reports.kpis_two_breaches())
