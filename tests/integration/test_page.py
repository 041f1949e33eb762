"""The page of all series in a browser, opened from disk as a person does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, sync_playwright

from edgetpu_ci import metrics
from edgetpu_ci.model import Series
from edgetpu_ci.render.page import page
from tests.fakes import browsers, histories
from tests.fakes.reports import HOSTILE

SERIES = histories.few()
SLOWER = next(one for one in SERIES if one.subject == "mobilenet_v2" and one.changes)
LAST = len(SLOWER.points)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    place = browsers.find()
    if place is None:
        pytest.skip("there is no Chromium; scripts/browser brings one")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=place)


class Opened:
    """A page in a window, and whatever it complained of or asked for."""

    def __init__(self, window: Page, file: Path) -> None:
        self.window, self.heard, self.asked = window, list[str](), list[str]()
        window.on("console", lambda message: self.heard.append(message.text))
        window.on("pageerror", lambda error: self.heard.append(str(error)))
        window.on("dialog", lambda dialog: self.heard.append(dialog.message))
        window.on("request", lambda request: self.asked.append(request.url))
        window.goto(file.as_uri())

    def text(self, selector: str) -> str:
        return self.window.inner_text(selector)

    def at(self, share: float) -> tuple[float, float]:
        """A place in the large chart, as a share of its width."""
        box = self.window.locator("#chart").bounding_box()
        assert box
        return box["x"] + share * box["width"], box["y"] + box["height"] / 2

    def drag(self, start: float, end: float) -> None:
        self.window.mouse.move(*self.at(start))
        self.window.mouse.down()
        self.window.mouse.move(*self.at(end), steps=5)
        self.window.mouse.up()

    def shown_cards(self) -> list[str]:
        return [card.inner_text() for card in self.window.locator(".card:visible").all()]

    def until(self, view: str) -> None:
        """Waits until a view is there: the browser goes to a new address in its own time."""
        self.window.wait_for_selector(view, state="visible")

    def picked(self) -> int:
        """Which run the details are of, counted from 1."""
        return int(self.window.get_attribute("#chart", "aria-valuenow") or 0)

    def colours(self) -> int:
        """How many colours the large chart is drawn in: an empty one has one."""
        return int(
            self.window.evaluate("""() => {
            const canvas = document.getElementById("chart");
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            return new Set(new Uint32Array(data.buffer)).size;
        }""")
        )


def opened(browser: Browser, folder: Path, series: tuple[Series, ...] = SERIES, **options: object) -> Opened:
    file = folder / "history.html"
    file.write_text(page(series), encoding="utf-8")
    context = browser.new_context(offline=True, **{"viewport": {"width": 1300, "height": 900}, **options})  # type: ignore[arg-type]
    return Opened(context.new_page(), file)


def test_it_opens_from_disk_and_shows_what_changed_last_first(browser: Browser, tmp_path: Path) -> None:
    shown = opened(browser, tmp_path)
    cards = shown.shown_cards()
    assert len(cards) == len(SERIES)
    assert [text in card for text, card in zip(("30 % slower?", "11 % slower"), cards, strict=False)] == [True, True]
    assert shown.text("#summary").startswith("40 series · 2 devices · 9,600 values · newest 2026-03-0")
    assert shown.heard == []
    assert shown.asked == [(tmp_path / "history.html").as_uri()]


def test_a_series_is_picked_zoomed_and_asked_for_a_commit(browser: Browser, tmp_path: Path) -> None:
    shown = opened(browser, tmp_path)
    shown.window.click(".card:has-text('11 % slower')")
    shown.until("#single")
    assert shown.text("#single-title") == "mobilenet_v2 · latency p10"
    assert shown.text("#better") == "lower is better ↓"
    assert shown.text("#shown") == "all 240 runs"
    assert shown.colours() > 5
    shown.drag(0.7, 0.9)
    first, last = (int(part) for part in shown.text("#shown").split()[1:4:2])
    assert 160 < first < last < 235
    shown.window.mouse.click(*shown.at(0.5))
    run = shown.picked()
    assert first <= run <= last
    point = SLOWER.points[run - 1]
    details = shown.text("#details")
    assert point.commit in details.replace("\n", "")
    assert point.report in details
    assert f"{point.at:%Y-%m-%d %H:%M} UTC" in details
    assert shown.window.get_attribute("#details a", "href") == point.url
    shown.window.click("#reset")
    assert shown.text("#shown") == "all 240 runs"
    assert (shown.heard, len(shown.asked)) == ([], 1)


def test_the_wheel_goes_closer_and_back_and_then_leaves_the_page_to_scroll(browser: Browser, tmp_path: Path) -> None:
    shown = opened(browser, tmp_path, viewport={"width": 1300, "height": 500})
    shown.window.click(".card >> nth=1")
    shown.until("#single")
    shown.window.locator("#chart").scroll_into_view_if_needed()
    shown.window.mouse.move(*shown.at(0.5))
    shown.window.mouse.wheel(0, -300)
    shown.window.wait_for_function("document.getElementById('shown').textContent.startsWith('runs ')")
    for _ in range(3):
        shown.window.mouse.wheel(0, 600)
    shown.window.wait_for_function("document.getElementById('shown').textContent.startsWith('all ')")


def test_a_change_leads_to_its_first_run_and_names_the_commits(browser: Browser, tmp_path: Path) -> None:
    shown = opened(browser, tmp_path)
    shown.window.click(".card:has-text('11 % slower')")
    shown.until("#single")
    change = SLOWER.changes[-1]
    good, bad = (SLOWER.points[index].commit[:10] for index in (change.index - 1, change.index))
    newest = shown.window.locator("#changes button").first
    assert f"after {good} … {bad}" in newest.inner_text()
    newest.click()
    assert shown.picked() == change.index + 1
    assert "from here on (confirmed)" in shown.text("#details")


def test_everything_can_be_done_with_keys(browser: Browser, tmp_path: Path) -> None:
    shown = opened(browser, tmp_path)
    shown.window.focus(".card:has-text('11 % slower')")
    shown.window.keyboard.press("Enter")
    shown.until("#chart")
    shown.window.focus("#chart")
    assert shown.picked() == LAST
    for key, run in (("ArrowLeft", LAST - 1), ("Home", 1), ("ArrowRight", 2), ("End", LAST)):
        shown.window.keyboard.press(key)
        assert shown.picked() == run
    assert SLOWER.points[-1].commit[:10] in (shown.window.get_attribute("#chart", "aria-valuetext") or "")
    shown.window.keyboard.press("+")
    assert shown.text("#shown").startswith("runs ")
    shown.window.keyboard.press("0")
    assert shown.text("#shown") == "all 240 runs"
    shown.window.keyboard.press("Escape")
    shown.until("#overview")
    assert len(shown.shown_cards()) == len(SERIES)


def test_device_model_and_metric_are_picked_and_the_address_leads_back(browser: Browser, tmp_path: Path) -> None:
    shown = opened(browser, tmp_path)
    shown.window.click(".card >> nth=0")
    shown.until("#single")
    shown.window.select_option("#to-subject", "yolo_nano")
    shown.until("#single-title:has-text('yolo_nano')")
    shown.window.select_option("#to-metric", "memory_peak_mb")
    shown.until("#single-title:text-is('yolo_nano · memory peak')")
    shown.window.select_option("#to-device", histories.DEVICES[1])
    shown.until(f"#single-about:has-text('{histories.DEVICES[1]}')")
    shown.window.reload()
    shown.until("#single-title:text-is('yolo_nano · memory peak')")
    shown.window.go_back()
    shown.until(f"#single-about:has-text('{histories.DEVICES[0]}')")
    assert shown.window.input_value("#to-device") == histories.DEVICES[0]


def test_the_overview_is_searched_and_filtered(browser: Browser, tmp_path: Path) -> None:
    shown = opened(browser, tmp_path)
    shown.window.fill("#search", "yolo p99")
    assert len(shown.shown_cards()) == 2
    shown.window.select_option("#by-device", histories.DEVICES[0])
    assert len(shown.shown_cards()) == 1
    shown.window.click("#chips button:has-text('Became worse')")
    assert shown.shown_cards() == []
    shown.window.click("#none button")
    assert len(shown.shown_cards()) == len(SERIES)
    shown.window.fill("#search", SLOWER.points[SLOWER.changes[-1].index].commit[:10])
    assert any("11 % slower" in card for card in shown.shown_cards())


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_it_is_dark_or_light_as_the_system_is_until_somebody_chooses(
    browser: Browser, tmp_path: Path, scheme: str, other: str
) -> None:
    shown = opened(browser, tmp_path, color_scheme=scheme)
    theme = "document.documentElement.dataset.theme"
    ground = "getComputedStyle(document.body).backgroundColor"
    before = shown.window.evaluate(ground)
    assert shown.window.evaluate(theme) == scheme
    shown.window.click("#theme")
    assert shown.window.evaluate(theme) == other
    assert shown.window.evaluate(ground) != before
    shown.window.reload()
    assert shown.window.evaluate(theme) == other


def test_on_a_phone_nothing_is_wider_than_the_screen_and_a_tap_picks(browser: Browser, tmp_path: Path) -> None:
    shown = opened(browser, tmp_path, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    wider = "document.documentElement.scrollWidth > 360"
    assert not shown.window.evaluate(wider)
    shown.window.tap(".card:has-text('11 % slower')")
    shown.until("#single")
    assert not shown.window.evaluate(wider)
    shown.window.locator("#chart").scroll_into_view_if_needed()
    shown.window.touchscreen.tap(*shown.at(0.5))
    assert 60 < shown.picked() < 180


@pytest.mark.parametrize("foreign", [HOSTILE, "</script><img src=x onerror=alert(1)>", "<!--<script>", "javascript:x"])
def test_foreign_text_stays_text(browser: Browser, tmp_path: Path, foreign: str) -> None:
    points = tuple(replace(p, commit=foreign, report=foreign, url=foreign) for p in SLOWER.points)
    known = replace(SLOWER, device=foreign, subject=foreign, metric=foreign, points=points)
    shown = opened(browser, tmp_path, (known, SERIES[-1]))
    shown.window.click(".card >> nth=0")
    shown.until("#single")
    said = " ".join(foreign.split()).replace("\x1b", "\ufffd").replace("\u202e", "\ufffd")
    assert shown.window.text_content("#details dd code") == said
    assert shown.window.locator("img, #details a").count() == 0
    assert (shown.heard, len(shown.asked)) == ([], 1)


def test_values_are_written_as_everywhere_else(browser: Browser, tmp_path: Path) -> None:
    values = (0.0, 2.0, 2.5, 123.456, 1234.5678, 3_577_760.0, 0.0123, 0.000123, -4.2, 2.5e15)
    known = tuple(
        replace(SLOWER, subject=f"{metric} {value!r}", metric=metric, points=(replace(SLOWER.points[0], value=value),))
        for value in values
        for metric in ("latency_p10_ms", "throughput_fps", "macs_millions")
    )
    shown = opened(browser, tmp_path, tuple(replace(one, changes=()) for one in known))
    cards = {card.split("\n")[0]: card.split("\n")[1] for card in shown.shown_cards()}
    assert cards == {one.subject: metrics.amount(one.points[0].value, metrics.find(one.metric)) for one in known}


def test_one_run_and_no_series_are_drawn_too(browser: Browser, tmp_path: Path) -> None:
    none = opened(browser, tmp_path, ())
    assert none.text("#none") == "There is no series yet: each run adds to some."
    one = opened(browser, tmp_path, (replace(SLOWER, points=SLOWER.points[:1], changes=()),))
    one.window.click(".card")
    one.until("#single")
    assert one.picked() == 1
    assert one.text("#shown") == "all 1 run"
    assert none.heard + one.heard == []
