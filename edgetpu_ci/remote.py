"""The repository a branch lies in: its address, how we show who we are, and what its refusals mean."""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from edgetpu_ci import git
from edgetpu_ci.errors import ConfigError, GitError, StoreError, UnreachableError
from edgetpu_ci.world import World

_REFUSALS = {
    r"protected branch|GH006|GH013|rule violations": (
        "The branch {branch} at {url} is protected: let GitHub Actions write to it in the repository's rules, "
        "or name another in `store.with.branch`."
    ),
    r"GH001|exceeds GitHub's file size limit|pack exceeds maximum": (
        "{url} takes no files as large as these; measure fewer models in one run."
    ),
    r"hook declined|\[remote rejected\]": (
        "{url} refused to change the branch {branch} ({reason}); see its hooks and rules."
    ),
    r"error: 403|Permission to .+ denied|[Pp]ermission denied|unable to create temporary object directory": (
        "We may not write to {url}: give the job `permissions: contents: write`, "
        "which a pull request from a fork never has."
    ),
    r"Authentication failed|could not read (Username|Password)|error: 401|Invalid username": (
        "{url} does not know our token: give the Action `github-token`, or set GITHUB_TOKEN."
    ),
    r"not found|error: 404|does not appear to be a git repository|does not exist": (
        "There is no repository at {url}, or our token may not see it; `store.with.remote` names another."
    ),
}
_UNREACHABLE = re.compile(
    r"Could not resolve|Failed to connect|Couldn't connect|Connection (refused|reset|timed out)|timed out|too slow|"
    r"RPC failed|unexpected disconnect|early EOF|hung up|Empty reply|error: (429|5\d\d)|unexpected flush|"
    r"end of file|transfer closed|bad (line length|pack header)|Operation too slow"
)

_SETTINGS = (
    # A server that says nothing for this long (seconds) is given up.
    ("http.lowSpeedLimit", "1"),
    ("http.lowSpeedTime", "30"),
    ("core.hooksPath", "/dev/null"),
    # No housekeeping that goes on behind us.
    ("gc.autoDetach", "false"),
)


@dataclass(frozen=True)
class Remote:
    """An address without user or password, and the header that says who we are (empty: git's own means)."""

    url: str
    header: str = field(default="", repr=False)

    def env(self, theirs: int = 0) -> dict[str, str]:
        """The environment that lets git find the remote `origin` and log in: in no argument and no file.

        `theirs` is how many settings the environment holds already.
        """
        # The empty header takes away those of the user's own configuration: GitHub refuses to be told twice.
        headers = [(f"http.{self.url}.extraHeader", value) for value in ("", self.header)] if self.header else []
        settings = [("remote.origin.url", self.url), *_SETTINGS, *headers]
        found = {"GIT_CONFIG_COUNT": str(theirs + len(settings))}
        for number, (key, value) in enumerate(settings, theirs):
            found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return found

    def refusal(self, said: str, reason: str, branch: str) -> StoreError | None:
        """What git's words of a failure mean; None when they tell nothing about the other side."""
        for pattern, sentence in _REFUSALS.items():
            if re.search(pattern, said):
                return StoreError(sentence.format(url=self.url, branch=branch, reason=self.tame(reason)))
        if _UNREACHABLE.search(said):
            return UnreachableError(f"{self.url} cannot be reached: {self.tame(reason)}.")
        return None

    def tame(self, text: str) -> str:
        """Text of the other side without what we showed it."""
        return text.replace(self.header.rpartition(" ")[2], "***") if self.header else text


def find(named: str, world: World) -> Remote:
    """The repository that is named, else the job's, else `origin` of where we are; ConfigError when there is none."""
    url = named or _job(world) or _origin(world)
    if "://" not in url:
        # What is neither a folder nor an address is ssh's short form.
        return Remote(str((world.cwd / url).resolve()) if (world.cwd / url).exists() else url)
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    plain = urlunsplit(parts._replace(netloc=host))
    if parts.scheme not in {"http", "https"}:
        return Remote(url)
    return Remote(plain, _header(unquote(user) or _login(plain, world)))


def _job(world: World) -> str:
    repository = world.env.get("GITHUB_REPOSITORY", "")
    return f"{_server(world)}/{repository}" if repository else ""


def _server(world: World) -> str:
    return (world.env.get("GITHUB_SERVER_URL") or "https://github.com").rstrip("/")


def _origin(world: World) -> str:
    try:
        return git.run(world, world.cwd, "remote", "get-url", "origin").decode().strip()
    except GitError as error:
        raise ConfigError(
            f"Where the data branch lies is not known ({error}); name it in `store.with.remote`."
        ) from error


def _login(url: str, world: World) -> str:
    """Who we are to the server of this job; nobody else is shown its token."""
    token = world.env.get("GITHUB_TOKEN") or world.env.get("GH_TOKEN")
    return f"x-access-token:{token}" if token and url.startswith(f"{_server(world)}/") else ""


def _header(login: str) -> str:
    if not login:
        return ""
    name, _, password = login.partition(":")
    return f"Authorization: Basic {b64encode(f'{name}:{password}'.encode()).decode()}"
