"""A git server on loopback: git's own HTTP backend behind our small server, with a token and faults on demand."""

import base64
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.fakes.loopback import Reply, Request, serve


@dataclass
class GitServer:
    """One repository, by its `name`. `answer` may be replaced by what asks `through` or fails in its own way."""

    root: Path
    port: int = 0
    token: str = field(default_factory=lambda: f"ghs_{secrets.token_hex(18)}")
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[Request], Reply] = field(init=False)
    name: str = "owner/name"

    def __post_init__(self) -> None:
        self.answer = self.through
        git(self.root, "init", "-q", "--bare", "--initial-branch=main", str(self.repository))
        git(self.repository, "config", "uploadpack.allowFilter", "true")
        # As servers do: nothing is tidied up while it may be asked for.
        git(self.repository, "config", "gc.auto", "0")

    @property
    def repository(self) -> Path:
        return self.root / self.name

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.host}/{self.name}"

    @property
    def env(self) -> dict[str, str]:
        """What a job of this server knows."""
        return {"GITHUB_SERVER_URL": self.host, "GITHUB_REPOSITORY": self.name, "GITHUB_TOKEN": self.token}

    def protect(self, said: str) -> None:
        """Refuse every write with these words, as a rule of the repository would."""
        hook = self.repository / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
        hook.chmod(0o755)

    def files(self, branch: str = "edgetpu-ci-data") -> list[str]:
        """Paths on a branch."""
        return git(self.repository, "ls-tree", "-r", "--name-only", branch).decode().split()

    def content(self, path: str, branch: str = "edgetpu-ci-data") -> bytes:
        """A file on a branch."""
        return git(self.repository, "cat-file", "blob", f"{branch}:{path}")

    def edit(self, files: dict[str, bytes], branch: str = "edgetpu-ci-data") -> None:
        """Change files on a branch by hand."""
        tip = subprocess.run(
            ["git", "rev-parse", "-q", "--verify", branch], cwd=self.repository, stdout=subprocess.PIPE, check=False
        )
        parent = b"from %b" % tip.stdout if tip.stdout else b""
        parts = [
            b"M 100644 inline %b\ndata %d\n%b\n" % (path.encode(), len(data), data) for path, data in files.items()
        ]
        stream = b"commit refs/heads/%b\ncommitter H <h@example.com> 0 +0000\ndata 4\nHand\n" % branch.encode()
        git(self.repository, "fast-import", "--quiet", stdin=stream + parent + b"".join(parts))

    def through(self, request: Request) -> Reply:
        """What git answers, to who may ask."""
        url = urlsplit(request.target)
        login = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if login.partition(":")[2] != self.token:
            return Reply(status=401, headers={"www-authenticate": 'Basic realm="git"'})
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": url.path,
            "QUERY_STRING": url.query,
            "REQUEST_METHOD": request.verb,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
            "REMOTE_USER": "job",
            "REMOTE_ADDR": "127.0.0.1",
        }
        ran = subprocess.run(["git", "http-backend"], input=request.body, env=env, capture_output=True, check=False)
        return _reply(ran.stdout)

    def _answer(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.answer(request)


@contextmanager
def git_server(root: Path) -> Iterator[GitServer]:
    """A server with an empty repository below `root`, until the block ends."""
    root.mkdir(parents=True, exist_ok=True)
    server = GitServer(root)
    with serve(server._answer) as server.port:
        yield server


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """What git prints in a folder."""
    return _checked(["git", *arguments], folder, stdin)


def _checked(argv: Sequence[str], folder: Path, stdin: bytes) -> bytes:
    return subprocess.run(argv, cwd=folder, input=stdin, stdout=subprocess.PIPE, check=True).stdout


def _reply(printed: bytes) -> Reply:
    head, _, body = printed.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
    status = int(headers.pop("Status", "200").split()[0])
    return Reply(status=status, headers=headers, body=body)
