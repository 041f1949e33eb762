"""Show the messages of sample incidents as Slack would, or in Slack; see scripts/slack-preview."""

import sys
from pathlib import Path

import msgspec
from msgspec.structs import replace

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from edgetpu_ci.errors import EdgeTpuCiError  # noqa: E402
from edgetpu_ci.notify import slack  # noqa: E402
from edgetpu_ci.world import real_world  # noqa: E402
from tests.fakes import browsers, slack_notices, slack_preview, slack_samples  # noqa: E402


def main() -> int:
    """Pictures, or what Slack makes of the same."""
    if sys.argv[1] == "--send":
        return send(sys.argv[2])
    return draw(Path(sys.argv[1]))


def send(channel: str) -> int:
    """Tell a channel of an incident from its opening to its end; each step is found again as if its job was killed."""
    options, world, receipt = slack.Options(), real_world(), None
    try:
        for kind, incident in slack_samples.STORY:
            notice = slack_notices.notice(kind, incident, address=channel)
            told = slack.tell(options, replace(notice, earlier=receipt), world)
            receipt = slack.tell(options, replace(notice, earlier=receipt, perhaps=True), world)
            print(f"{kind}: {receipt.ref}{'' if receipt.ref == told.ref else ' (said twice)'}")
    except EdgeTpuCiError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def draw(folder: Path) -> int:
    """Write a page and a picture of each sample."""
    from playwright.sync_api import sync_playwright

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
