"""A job of GitHub Actions: its environment, its payload, and a World that talks to a fake GitHub."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from github import Auth, Github

from edgetpu_ci.world import World
from tests.fakes.world import world

REPOSITORY = "acme/detector"
OURS, THEIRS = 4242, 777
HEAD = "c0ffee" + "0" * 34
RUN_ID = 990
ENV = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": REPOSITORY,
    "GITHUB_SHA": "5" * 40,
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_RUN_ID": "31",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_ACTOR": "ada",
}


def repository(number: int, owner: str = "acme", *, private: bool = False) -> dict[str, Any]:
    """A repository as payloads show it."""
    return {"id": number, "full_name": f"{owner}/detector", "private": private, "owner": {"login": owner}}


def pull_request(
    number: int = 7,
    head: Mapping[str, Any] | None = None,
    *,
    private: bool = False,
    sha: str = HEAD,
    base: str = "b" * 40,
) -> dict[str, Any]:
    """The payload of `pull_request`; by default the head lies in the same repository."""
    ours = repository(OURS, private=private)
    side = {"sha": sha, "ref": "faster", "repo": ours if head is None else head}
    pull = {"number": number, "head": side, "base": {"sha": base, "ref": "main", "repo": ours}}
    return {"action": "synchronize", "number": number, "pull_request": pull, "repository": ours}


def workflow_run(owner: str = "mallory", repository_id: int = THEIRS, *, sha: str = HEAD) -> dict[str, Any]:
    """The payload of `workflow_run` after a run for a pull request from a fork."""
    run = {
        "id": RUN_ID,
        "event": "pull_request",
        "head_sha": sha,
        "head_branch": "faster",
        "head_repository": repository(repository_id, owner),
        "pull_requests": [],
    }
    return {"action": "completed", "workflow_run": run, "repository": repository(OURS)}


def job(folder: Path, name: str, payload: Mapping[str, Any] | bytes, **parts: Any) -> World:
    """A job that this event started; `env` adds to its environment."""
    place = folder / "event.json"
    place.write_bytes(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    env = {**ENV, "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(place), **parts.pop("env", {})}
    return world(folder, env=env, **parts)


def connect(url: str, token: str, timeout: int = 5) -> Github:
    """The client as `world` makes it, with a shorter patience."""
    return Github(
        auth=Auth.Token(token),
        base_url=url,
        timeout=timeout,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )
