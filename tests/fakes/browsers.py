"""The browser of this machine, if there is one."""

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find() -> str | None:
    """Where it is; `scripts/browser` brings one."""
    return next((place for name in NAMES if (place := shutil.which(name))), None)
