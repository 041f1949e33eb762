"""Run git in a folder; what went wrong is one sentence."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from edgetpu_ci.errors import GitError
from edgetpu_ci.world import Ran, World

# Our sentences and what we look for in git's are English; a job has nobody to ask for a password.
_ENV = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
_NOTHING: Mapping[str, str] = MappingProxyType({})
_REJECTED = re.compile(rb"\[remote rejected\] \((.+)\)")
_USER = re.compile(r"(?<=//)[^/@\s]+@")


def run(
    world: World,
    folder: Path,
    *arguments: str,
    stdin: bytes = b"",
    env: Mapping[str, str] = _NOTHING,
    seconds: float = 60,
) -> bytes:
    """What `git ARGUMENTS` prints in `folder`; GitError when it fails."""
    ran = attempt(world, folder, *arguments, stdin=stdin, env=env, seconds=seconds)
    if ran.status != 0:
        raise GitError(f"`git {arguments[0]}` failed in {folder}: {reason(ran)}.")
    return ran.stdout


def attempt(
    world: World,
    folder: Path,
    *arguments: str,
    stdin: bytes = b"",
    env: Mapping[str, str] = _NOTHING,
    seconds: float = 60,
) -> Ran:
    """How `git ARGUMENTS` ended, for who reads more out of a failure. GitError when there is no git or it hung.

    `env` may hold secrets: arguments and files are seen by others, the environment of git is not.
    """
    try:
        ran = world.run(["git", "-C", str(folder), *arguments], stdin, seconds, {**_ENV, **env})
    except OSError as error:
        raise GitError(f"git cannot be started ({error.strerror}); install it.") from error
    if ran.status is None:
        raise GitError(f"`git {arguments[0]}` in {folder} did not end within {seconds:g} s.")
    return ran


def reason(ran: Ran) -> str:
    """What git gives as its reason, without the user or password an address may hold."""
    if rejected := _REJECTED.search(ran.stdout):
        return rejected[1].decode(errors="replace")
    lines = [line.strip() for line in ran.stderr.decode(errors="replace").splitlines() if line.strip()]
    said = [line for line in lines if line.startswith(("fatal: ", "error: "))] or lines[-1:]
    text = said[0].split(": ", 1)[-1] if said else f"exit status {ran.status}"
    return _USER.sub("", text).rstrip(".")
