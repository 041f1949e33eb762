"""Who we are to GitHub: an App's installation, a token of one's own, or the job's; PyGithub speaks with Apps."""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from edgetpu_ci.errors import ConfigError, DeliveryError, DeniedError

if TYPE_CHECKING:
    from github import GithubIntegration
    from github.Auth import AppAuth, Auth

APP_ID: Final = "EDGETPU_CI_APP_ID"
APP_KEY: Final = "EDGETPU_CI_APP_KEY"
INSTALLATION: Final = "EDGETPU_CI_APP_INSTALLATION"
TOKEN: Final = "EDGETPU_CI_TOKEN"  # noqa: S105 - a name
_REFUSED: Final = (401, 403, 404, 422)
_HIDDEN: Final = "***"


class Access:
    """What opens GitHub: a token that is made anew when it has expired. It never shows in a representation."""

    def __init__(self, env: Mapping[str, str], repository: str, url: str) -> None:
        self._env = env
        self._repository = repository
        self._url = url
        self._auth: Auth | None = None
        self._seen: set[str] = set()
        self._one = threading.Lock()
        if env.get(APP_ID):
            _app(env)
        elif not _given(env):
            raise ConfigError("There is no GitHub token: give the Action `github-token`, or set GITHUB_TOKEN.")

    def bearer(self) -> str:
        """The token as of now; DeniedError or DeliveryError when GitHub gives the App none."""
        with self._one:
            token = self._of_app() if self._env.get(APP_ID) else _given(self._env)
            self._seen.add(token)
            return token

    def hidden(self, text: str) -> str:
        """A text from outside without any secret of ours: a server may say what it was told."""
        for secret in sorted(
            {*self._seen, _given(self._env), self._env.get(APP_KEY, "")} - {""}, key=len, reverse=True
        ):
            text = text.replace(secret, _HIDDEN)
        return text

    def _of_app(self) -> str:
        from github import GithubException
        from jwt import PyJWTError
        from requests import RequestException

        try:
            auth = self._auth = self._auth or self._installed()
            token = auth.token
        except GithubException as error:
            raise _refusal(error.status, self._repository) from None
        except RequestException as error:
            raise DeliveryError(f"GitHub gave the App no token ({type(error).__name__}); try again later.") from None
        except (PyJWTError, ValueError, TypeError):
            # Nothing of these: they may quote the key.
            raise ConfigError(f"{APP_KEY} is no private key in PEM; give the file's whole text.") from None
        return token

    def _installed(self) -> "Auth":
        app = _app(self._env)
        client = _client(app, self._url)
        number = self._env.get(INSTALLATION) or client.get_repo_installation(*self._repository.split("/", 1)).id
        return app.get_installation_auth(int(number), requester=client.requester)


def _given(env: Mapping[str, str]) -> str:
    return env.get(TOKEN) or env.get("GITHUB_TOKEN") or env.get("GH_TOKEN") or ""


def _app(env: Mapping[str, str]) -> "AppAuth":
    from github import Auth

    # Some places that keep secrets make one line of them.
    key = env.get(APP_KEY, "").replace("\\n", "\n")
    if not key:
        raise ConfigError(f"{APP_ID} is set and {APP_KEY} is not; give the App's private key.")
    if not env.get(INSTALLATION, "0").isdecimal():
        raise ConfigError(f"{INSTALLATION} is not the number of an installation.")
    return Auth.AppAuth(env[APP_ID], key)


def _client(app: "AppAuth", url: str) -> "GithubIntegration":
    from github import GithubIntegration
    from urllib3.util import Retry

    # PyGithub's own patience has no end to speak of, and waits without a word.
    patience = Retry(
        total=3,
        backoff_factor=1,
        status_forcelist=(502, 503, 504),
        allowed_methods=None,
        respect_retry_after_header=False,
    )
    return GithubIntegration(
        auth=app, base_url=url, timeout=20, retry=patience, seconds_between_requests=None, seconds_between_writes=None
    )


def _refusal(status: int, repository: str) -> DeliveryError:
    sentence = f"GitHub gave the App no token for {repository} ({status})"
    if status in _REFUSED:
        step = f"check {APP_ID} and {APP_KEY}, and that the App is installed there"
        return DeniedError(f"{sentence}: {step}.")
    return DeliveryError(f"{sentence}; try again later.")
