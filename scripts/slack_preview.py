"""Show the messages of sample incidents as Slack would; see scripts/slack-preview."""

import sys
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.fakes import browsers, slack_preview, slack_samples  # noqa: E402


def main() -> int:
    """Write a page and a picture of each sample."""
    from playwright.sync_api import sync_playwright

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.find())
        window = browser.new_page(viewport={"width": 660, "height": 100}, device_scale_factor=2)
        for name, messages in slack_samples.SAMPLES.items():
            page = folder / f"{name}.html"
            shown = [(msgspec.to_builtins(message), in_thread) for message, in_thread in messages]
            page.write_text(slack_preview.page(shown), encoding="utf-8")
            window.goto(page.resolve().as_uri())
            window.screenshot(path=page.with_suffix(".png"), full_page=True)
            print(page.with_suffix(".png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
