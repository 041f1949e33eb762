"""Git repositories as users have them: commits, a remote, and clones of it."""

import os
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{
        f"GIT_{who}_{what}": f"{who.lower()}@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
}


def git(folder: Path, *arguments: str, **more: str) -> str:
    """What git prints, whoever the machine says works on it."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **_ENVIRONMENT, **more}
    done = subprocess.run(["git", "-C", str(folder), *arguments], env=environment, capture_output=True, check=True)
    return done.stdout.decode().strip()


def create(folder: Path) -> Path:
    """An empty repository whose branch is `main`."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    return folder


def commit(folder: Path, files: Mapping[str, bytes | None], message: str = "change", at: datetime | None = None) -> str:
    """Write or (None) remove files, and commit all there is; octocat does so, where it matters when."""
    for name, data in files.items():
        path = folder / name
        if data is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    git(folder, "add", "--all")
    dated = {f"GIT_{who}_DATE": f"{at:%FT%TZ}" for who in ("AUTHOR", "COMMITTER")} if at else {}
    who = {"GIT_AUTHOR_NAME": "octocat"} if at else {}
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message, **dated, **who)
    return git(folder, "rev-parse", "HEAD")


def clone(origin: Path, folder: Path, *options: str) -> Path:
    """A clone over the file protocol, which can be shallow."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    git(folder.parent, "clone", "--quiet", *options, f"file://{origin}", str(folder))
    return folder
