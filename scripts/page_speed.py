"""Open a page of many series from disk, again and again, and time until it can be used."""

import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402 - only after our own folder is first

from edgetpu_ci import machine  # noqa: E402
from edgetpu_ci.render.page import page  # noqa: E402
from edgetpu_ci.world import real_world  # noqa: E402
from tests.fakes import browsers, histories  # noqa: E402

TIMES = 9
DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def main() -> None:
    """Print megabytes and seconds, with the machine and how often it was tried."""
    series, runs = (int(given) for given in [*sys.argv[1:], *("200", "2000")[len(sys.argv) - 1 :]])
    known = histories.many(series, runs)
    started = time.perf_counter()
    text = page(known)
    print(f"{len(known)} series x {runs} runs: {len(text.encode()) / 1e6:.2f} MB, written in {_since(started):.2f} s")
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder, "history.html")
        file.write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=browsers.find())
        opened, picked = zip(*(_times(browser, file.as_uri()) for _ in range(TIMES)), strict=True)
        print(f"Chromium {browser.version}, headless, n = {TIMES}, on {_machine()}")
    print(f"until all series are shown: median {median(opened):.2f} s, most {max(opened):.2f} s")
    print(f"from a click to one series, drawn: median {median(picked):.2f} s, most {max(picked):.2f} s")


def _times(browser: Browser, address: str) -> tuple[float, float]:
    """Seconds until the series are on the screen, and from a click on the first until it is drawn."""
    window = browser.new_page()
    started = time.perf_counter()
    window.goto(address)
    opened = _drawn(window, ".card", started)
    started = time.perf_counter()
    window.click(".card")
    picked = _drawn(window, "#details dl", started)
    window.close()
    return opened, picked


def _drawn(window: Page, what: str, started: float) -> float:
    window.wait_for_selector(what)
    window.evaluate(DRAWN)
    return _since(started)


def _since(started: float) -> float:
    return time.perf_counter() - started


def _machine() -> str:
    host = machine.identify(real_world())
    return f"{'virtual, ' if host.hypervisor else ''}{host.cores} cores {host.cpu}"


if __name__ == "__main__":
    main()
