"""Who we are to GitHub: an App's installation, a token of one's own, or the job's; PyGithub speaks with Apps."""

import re
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from edgetpu_ci.errors import ConfigError, DeliveryError, DeniedError, UnsetError

if TYPE_CHECKING:
    from github import GithubException, GithubIntegration
    from github.Auth import AppAuth, Auth

APP_ID: Final = "EDGETPU_CI_APP_ID"
APP_KEY: Final = "EDGETPU_CI_APP_KEY"
INSTALLATION: Final = "EDGETPU_CI_APP_INSTALLATION"
TOKEN: Final = "EDGETPU_CI_TOKEN"  # noqa: S105 - a name
OF_A_JOB: Final = "a job's own token"
_NAMES: Final = (TOKEN, "GITHUB_TOKEN", "GH_TOKEN")
_REFUSED: Final = (401, 403, 404, 422)
_SENDABLE: Final = re.compile("[!-~]*")
_OF_AN_APP: Final = "ghs_"
_HIDDEN: Final = "***"


class Access:
    """What opens GitHub: a token that is made anew when it has expired. It never shows in a representation."""

    def __init__(self, env: Mapping[str, str], repository: str, url: str) -> None:
        self._env = env
        self._repository = repository
        self._url = url
        self._auth: Auth | None = None
        self._app = _app(env) if env.get(APP_ID) else None
        self._seen: set[str] = set()
        self._one = threading.Lock()
        if not self._app and not _given(env):
            raise UnsetError("There is no GitHub token: give the Action `github-token`, or set GITHUB_TOKEN.")
        if not _SENDABLE.fullmatch(_given(env)):
            raise ConfigError("The GitHub token has blanks or characters that no token has; give it anew.")

    @property
    def name(self) -> str:
        """The name of the variable it is from, or that it is a job's own: what that may not, no setting gives it."""
        if self._app:
            return APP_ID
        name = next(name for name in _NAMES if self._env.get(name, "").strip())
        return OF_A_JOB if name != TOKEN and _given(self._env).startswith(_OF_AN_APP) else name

    def bearer(self) -> str:
        """The token as of now.

        DeniedError when GitHub gives the App none, requests.RequestException when it may in a moment.
        """
        with self._one:
            token = self._of_app(self._app) if self._app else _given(self._env)
            self._seen.add(token)
            return token

    def hidden(self, text: str) -> str:
        """A text from outside without any secret of ours: a server may say what it was told."""
        known = {*self._seen, _given(self._env), self._env.get(APP_KEY, "")} - {""}
        for secret in sorted(known, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        return text

    def _of_app(self, app: "AppAuth") -> str:
        from github import BadAttributeException, GithubException

        try:
            auth = self._auth = self._auth or self._installed(app)
            token = auth.token
        except GithubException as error:
            raise _refusal(error, self._repository) from None
        except (BadAttributeException, RuntimeError, TypeError, ValueError):
            token = None
        if not token:
            raise DeliveryError("GitHub's answer to the App that asked for a token cannot be read; try again later.")
        return token

    def _installed(self, app: "AppAuth") -> "Auth":
        client = _client(app, self._url)
        number = self._env.get(INSTALLATION) or client.get_repo_installation(*self._repository.split("/", 1)).id
        return app.get_installation_auth(int(number), requester=client.requester)


def _given(env: Mapping[str, str]) -> str:
    return next((token for name in _NAMES if (token := env.get(name, "").strip())), "")


def _app(env: Mapping[str, str]) -> "AppAuth":
    """The App; ConfigError when what we know of it is not enough to speak for it."""
    from github import Auth
    from jwt import PyJWTError

    # Some places that keep secrets make one line of them.
    key = env.get(APP_KEY, "").replace("\\n", "\n")
    if not key:
        raise ConfigError(f"{APP_ID} is set and {APP_KEY} is not; give the App's private key.")
    if not env.get(INSTALLATION, "0").isdecimal():
        raise ConfigError(f"{INSTALLATION} is not the number of an installation.")
    app = Auth.AppAuth(env[APP_ID], key)
    try:
        app.create_jwt()
    except (PyJWTError, ValueError, TypeError):
        # Nothing of these: they may quote the key.
        raise ConfigError(f"{APP_KEY} is no private key in PEM; give the file's whole text.") from None
    return app


def _client(app: "AppAuth", url: str) -> "GithubIntegration":
    from github import GithubIntegration

    # Its own patience has no end to speak of, and waits without a word: we have ours.
    return GithubIntegration(
        auth=app, base_url=url, timeout=20, retry=None, seconds_between_requests=None, seconds_between_writes=None
    )


def _refusal(error: "GithubException", repository: str) -> Exception:
    from github import RateLimitExceededException
    from requests import HTTPError

    if error.status not in _REFUSED or isinstance(error, RateLimitExceededException):
        return HTTPError(error.status)
    step = f"check {APP_ID} and {APP_KEY}, and that the App is installed there"
    return DeniedError(f"GitHub gave the App no token for {repository} ({error.status}): {step}.")
