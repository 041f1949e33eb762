"""The report a stranger's job left behind, fetched by the trusted job that `workflow_run` starts."""

import io
import zipfile
import zlib
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import codec
from edgetpu_ci.errors import ConfigError, DeliveryError, DocumentError
from edgetpu_ci.event import Event
from edgetpu_ci.github_api import Api
from edgetpu_ci.model import Report
from edgetpu_ci.world import World

NAME = "edgetpu-ci-report"
MEMBER = "report.json"
MAX_ZIP_BYTES = 4 << 20
_TIMEOUT_SECONDS = 20
_PLAIN: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What the standard library raises on a file that is not, or not wholly, a zip file.
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError)


class _Artifact(Struct, frozen=True):
    id: int
    name: str
    size_in_bytes: int
    expired: bool


class _Artifacts(Struct, frozen=True):
    artifacts: list[_Artifact]


class _HeadRepository(Struct, frozen=True):
    id: int


class _Head(Struct, frozen=True):
    sha: str
    repo: _HeadRepository | None


class _Pull(Struct, frozen=True):
    number: int
    head: _Head


def fetch_report(happened: Event, world: World, name: str = NAME) -> bytes:
    """The bytes of `report.json` in an artifact of the run that ended; DocumentError when it is not as agreed."""
    api = Api(happened.repository, world, "actions: read")
    found = _newest(api, happened, name)
    if found.size_in_bytes > MAX_ZIP_BYTES:
        raise DocumentError(f"The artifact {name} has {found.size_in_bytes:,} bytes; upload only {MEMBER}.")
    place = api.ask("GET", f"{api.repository}/actions/artifacts/{found.id}/zip").headers.get("location", "")
    return unpack(_download(place, world), name)


def find_pull_request(happened: Event, world: World) -> int | None:
    """The open pull request whose head is the commit that was measured, by GitHub's word alone.

    None when there is none, also when its head has moved on.
    """
    if not (happened.head_owner and happened.head_branch and happened.commit):
        return None
    api = Api(happened.repository, world, "pull-requests: read")
    query = {"state": "open", "head": f"{happened.head_owner}:{happened.head_branch}"}
    for pull in api.pages(f"{api.repository}/pulls", _Pull, query):
        head = pull.head
        if head.sha == happened.commit and head.repo and head.repo.id == happened.head_repository_id:
            return pull.number
    return None


def trusted(report: Report, happened: Event, pull_request: int | None) -> Report:
    """The report with its claims about where it comes from replaced by what GitHub says."""
    run = replace(
        report.run,
        commit=happened.commit,
        branch=happened.branch,
        pull_request=pull_request,
        url=happened.run_url,
    )
    return replace(report, run=run)


def unpack(data: bytes, name: str) -> bytes:
    """The one file in a zip file, read in memory and never written anywhere."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if [member.filename for member in members] != [MEMBER] or members[0].compress_type not in _PLAIN:
                raise DocumentError(f"The artifact {name} must hold {MEMBER} and nothing else.")
            if members[0].file_size > codec.MAX_JSON_BYTES:
                raise DocumentError(f"{MEMBER} in the artifact {name} has more than {codec.MAX_JSON_BYTES:,} bytes.")
            # The size a member declares is a claim like any other: what is read is counted here.
            with archive.open(members[0]) as file:
                return file.read(codec.MAX_JSON_BYTES)
    except _BROKEN as error:
        raise DocumentError(f"The artifact {name} is not a zip file that can be read: {error}.") from error


def _newest(api: Api, happened: Event, name: str) -> _Artifact:
    """The artifact of this name; a run that was tried again has one for each attempt."""
    if happened.run_id is None:
        raise ConfigError("The event names no workflow run; fetch a report only under `on: workflow_run`.")
    path = f"{api.repository}/actions/runs/{happened.run_id}/artifacts"
    listed = api.send("GET", path, _Artifacts, query={"name": name, "per_page": 100}).artifacts
    kept = [artifact for artifact in listed if artifact.name == name and not artifact.expired]
    if not kept:
        raise DocumentError(
            f"Run {happened.run_id} has no artifact {name}; the measuring job must upload {MEMBER} under it."
        )
    return max(kept, key=lambda artifact: artifact.id)


def _download(place: str, world: World) -> bytes:
    """Fetch from the storage GitHub redirects to: another host, which must never see the token."""
    import requests

    secure = not world.env.get("GITHUB_API_URL", "").startswith("http://")
    if urlsplit(place).scheme not in ({"https"} if secure else {"https", "http"}):
        raise DeliveryError("GitHub's redirect to the artifact leads to no https address; run this job again.")
    try:
        with requests.get(
            place,
            # An `auth` of our own keeps requests from looking for credentials in ~/.netrc.
            auth=lambda request: request,
            headers={"Accept-Encoding": "identity"},
            allow_redirects=False,
            stream=True,
            timeout=_TIMEOUT_SECONDS,
        ) as answer:
            if answer.status_code != requests.codes.ok:
                raise DeliveryError(f"The artifact's storage answered {answer.status_code}; run this job again.")
            return _read(answer.iter_content(1 << 16))
    except requests.RequestException as error:
        raise DeliveryError(
            f"The artifact could not be fetched ({type(error).__name__}); run this job again."
        ) from error


def _read(chunks: Iterable[bytes]) -> bytes:
    data = b""
    for chunk in chunks:
        data += chunk
        if len(data) > MAX_ZIP_BYTES:
            raise DocumentError(f"The artifact has more than {MAX_ZIP_BYTES:,} bytes; upload only {MEMBER}.")
    return data
