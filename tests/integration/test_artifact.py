"""The report of a stranger's run: fetched through the API, never believed, never unpacked to disk."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import artifact, codec, event
from edgetpu_ci.errors import ConfigError, DeliveryError, DeniedError, DocumentError
from edgetpu_ci.world import World
from tests.fakes import actions, reports
from tests.fakes.actions import HEAD, RUN_ID, THEIRS
from tests.fakes.github import FakeGitHub

REPORT = b'{"format": "edgetpu-ci report"}'


@pytest.fixture(params=["", "/api/v3"], ids=["github.com", "Enterprise Server"])
def github(request: pytest.FixtureRequest) -> Iterator[FakeGitHub]:
    """Each test sees both ways GitHub's API is reached, and breaks no rule of its description."""
    with FakeGitHub(base_path=request.param) as fake:
        yield fake
        assert fake.violations == []


def trusted_job(folder: Path, github: FakeGitHub, payload: dict[str, Any] | None = None) -> World:
    return actions.job(
        folder,
        "workflow_run",
        payload or actions.workflow_run(),
        env={"GITHUB_API_URL": github.url},
        github=lambda: actions.connect(github.url, github.token),
    )


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def fetch(folder: Path, github: FakeGitHub) -> bytes:
    job = trusted_job(folder, github)
    return artifact.fetch_report(event.read(job), job)


def test_the_report_of_the_run_is_fetched_in_two_requests(tmp_path: Path, github: FakeGitHub) -> None:
    github.upload(RUN_ID, artifact.NAME, zipped({"report.json": REPORT}))
    assert fetch(tmp_path, github) == REPORT
    assert len(github.requests) == 2


def test_the_token_stays_with_github_and_is_never_shown_to_the_storage(tmp_path: Path, github: FakeGitHub) -> None:
    github.upload(RUN_ID, artifact.NAME, zipped({"report.json": REPORT}))
    fetch(tmp_path, github)
    (stored,) = github.stored
    assert "authorization" not in stored.headers
    assert github.token not in str(stored)
    assert all(github.token in request.headers["authorization"] for request in github.requests)


def test_the_newest_of_several_attempts_counts_and_an_expired_one_does_not(tmp_path: Path, github: FakeGitHub) -> None:
    github.upload(RUN_ID, artifact.NAME, zipped({"report.json": b"old"}))
    github.upload(RUN_ID, artifact.NAME, zipped({"report.json": REPORT}))
    github.upload(RUN_ID, artifact.NAME, zipped({"report.json": b"gone"}), expired=True)
    github.upload(RUN_ID + 1, artifact.NAME, zipped({"report.json": b"of another run"}))
    assert fetch(tmp_path, github) == REPORT


def test_a_run_without_the_artifact_is_said(tmp_path: Path, github: FakeGitHub) -> None:
    github.upload(RUN_ID, "something-else", zipped({"report.json": REPORT}))
    with pytest.raises(DocumentError, match="Run 990 has no artifact edgetpu-ci-report; the measuring job must upload"):
        fetch(tmp_path, github)


def _lying(data: bytes, size: int) -> bytes:
    """A zip file whose member declares another size than it has."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(data) + packed.flush()
    sizes = (zlib.crc32(data), len(body), size)
    name = b"report.json"
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, *sizes, len(name), 0) + name + body
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, *sizes, len(name), 0, 0, 0, 0, 0, 0) + name
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(local), 0)
    return local + entry + end


BOMB = b"\0" * (codec.MAX_JSON_BYTES + 2)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a zip file"),
        (b"PK\x03\x04 and then nothing", "not a zip file"),
        (zipped({"report.json": REPORT})[:-30], "not a zip file"),
        (zipped({}), "must hold report.json and nothing else"),
        (zipped({"report.json": REPORT, "../../.bashrc": b"x"}), "must hold report.json and nothing else"),
        (zipped({"../report.json": REPORT}), "must hold report.json and nothing else"),
        (zipped({"/etc/report.json": REPORT}), "must hold report.json and nothing else"),
        (zipped({"report.json": REPORT}, zipfile.ZIP_LZMA), "must hold report.json and nothing else"),
        (zipped({f"{number}": b"" for number in range(5_000)}), "must hold report.json and nothing else"),
        (zipped({"report.json": BOMB}), "report.json in the artifact edgetpu-ci-report has more than 16,777,216"),
        (_lying(BOMB, 10), "not a zip file"),
        (_lying(b"x", 1 << 31), "has more than 16,777,216"),
        (b"\0" * (artifact.MAX_ZIP_BYTES + 1), "upload only report.json"),
    ],
    ids=[
        "empty",
        "header only",
        "truncated",
        "no member",
        "two members",
        "parent folder",
        "absolute",
        "LZMA",
        "many members",
        "bomb",
        "bomb that lies",
        "claims 2 GiB",
        "large",
    ],
)
def test_a_hostile_artifact_is_refused_in_one_sentence(
    tmp_path: Path, github: FakeGitHub, data: bytes, said: str
) -> None:
    github.upload(RUN_ID, artifact.NAME, data)
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(DocumentError, match=said):
        fetch(tmp_path, github)
    assert {path.name for path in tmp_path.iterdir()} - before <= {"event.json"}


def test_a_two_member_archive_with_the_same_name_twice_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("report.json", REPORT)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("report.json", b"{}")
    with pytest.raises(DocumentError, match="nothing else"):
        artifact.unpack(file.getvalue(), "x")


def test_an_encrypted_member_is_refused() -> None:
    data = bytearray(zipped({"report.json": REPORT}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(DocumentError, match="not a zip file that can be read"):
        artifact.unpack(bytes(data), "x")


def test_a_job_that_may_not_read_artifacts_is_told_which_permission_it_needs(tmp_path: Path) -> None:
    with FakeGitHub() as github:
        github.fail(403, message="Resource not accessible by integration")
        with pytest.raises(DeniedError, match="permissions: actions: read"):
            fetch(tmp_path, github)


def test_an_artifact_too_large_by_its_own_account_is_not_downloaded(tmp_path: Path, github: FakeGitHub) -> None:
    github.upload(RUN_ID, artifact.NAME, b"\0" * (artifact.MAX_ZIP_BYTES + 1))
    with pytest.raises(DocumentError, match="upload only"):
        fetch(tmp_path, github)
    assert github.stored == []


@pytest.mark.parametrize("place", ["", "file:///etc/passwd", "ftp://example.com/x"])
def test_a_redirect_to_anything_but_the_web_is_not_followed(tmp_path: Path, place: str) -> None:
    with FakeGitHub() as github:
        github.upload(RUN_ID, artifact.NAME, zipped({"report.json": REPORT}))
        github.redirect = place
        with pytest.raises(DeliveryError, match="leads to no https address"):
            fetch(tmp_path, github)


def test_from_real_github_only_https_is_followed(tmp_path: Path, github: FakeGitHub) -> None:
    github.upload(RUN_ID, artifact.NAME, zipped({"report.json": REPORT}))
    job = actions.job(
        tmp_path,
        "workflow_run",
        actions.workflow_run(),
        env={"GITHUB_API_URL": "https://api.github.com"},
        github=lambda: actions.connect(github.url, github.token),
    )
    with pytest.raises(DeliveryError, match="no https address"):
        artifact.fetch_report(event.read(job), job)
    assert github.stored == []


def test_a_storage_that_refuses_is_said(tmp_path: Path, github: FakeGitHub) -> None:
    github.upload(RUN_ID, artifact.NAME, zipped({"report.json": REPORT}))
    github.redirect = f"{github.storage}/signed/0"
    with pytest.raises(DeliveryError, match="storage answered 404; run this job again"):
        fetch(tmp_path, github)


def test_a_storage_that_leads_on_is_not_followed(tmp_path: Path, github: FakeGitHub) -> None:
    github.upload(RUN_ID, artifact.NAME, zipped({"report.json": REPORT}))
    github.redirect = f"{github.storage}/moved/1001"
    with pytest.raises(DeliveryError, match="storage answered 302"):
        fetch(tmp_path, github)


def test_a_storage_that_is_gone_is_said(tmp_path: Path, github: FakeGitHub) -> None:
    github.upload(RUN_ID, artifact.NAME, zipped({"report.json": REPORT}))
    with FakeGitHub() as gone:
        github.redirect = f"{gone.storage}/signed/1001"
    with pytest.raises(DeliveryError, match=r"could not be fetched \(ConnectionError\); run this job again"):
        fetch(tmp_path, github)


def test_an_artifact_larger_than_its_account_is_not_read_to_the_end(tmp_path: Path, github: FakeGitHub) -> None:
    github.upload(RUN_ID, artifact.NAME, b"\0" * (artifact.MAX_ZIP_BYTES + 1), size=100)
    with pytest.raises(DocumentError, match="has more than 4,194,304 bytes; upload only"):
        fetch(tmp_path, github)


def test_a_strangers_report_keeps_its_numbers_and_loses_its_claims(tmp_path: Path, github: FakeGitHub) -> None:
    claimed = reports.regressed()
    job = trusted_job(tmp_path, github)
    believed = artifact.trusted(claimed, event.read(job), 9)
    assert believed.run.measurements == claimed.run.measurements
    assert (believed.run.commit, believed.run.branch, believed.run.pull_request) == (HEAD, "faster", 9)
    assert believed.run.url == f"https://github.example/acme/detector/actions/runs/{RUN_ID}"
    assert claimed.run.commit != HEAD


def test_a_repository_that_is_none_is_not_asked_for(tmp_path: Path, github: FakeGitHub) -> None:
    job = actions.job(tmp_path, "workflow_run", actions.workflow_run(), env={"GITHUB_REPOSITORY": "acme/../user"})
    with pytest.raises(ConfigError, match="set GITHUB_REPOSITORY to owner/name"):
        artifact.fetch_report(event.read(job), job)
    assert github.requests == []


def test_without_a_finished_run_there_is_nothing_to_fetch(tmp_path: Path, github: FakeGitHub) -> None:
    payload = actions.workflow_run()
    del payload["workflow_run"]["id"]
    job = trusted_job(tmp_path, github, payload)
    with pytest.raises(ConfigError, match="on: workflow_run"):
        artifact.fetch_report(event.read(job), job)


def _find(folder: Path, github: FakeGitHub) -> int | None:
    job = trusted_job(folder, github)
    return artifact.find_pull_request(event.read(job), job)


def test_the_pull_request_is_found_by_its_head(tmp_path: Path, github: FakeGitHub) -> None:
    github.open_pull_request(8, sha=HEAD, owner="ada", branch="faster", repository_id=5)
    github.open_pull_request(9, sha=HEAD, owner="mallory", branch="faster", repository_id=THEIRS)
    assert _find(tmp_path, github) == 9
    assert len(github.requests) == 1


@pytest.mark.parametrize("other", [{"sha": "d" * 40}, {"repository_id": 5}, {"branch": "slower"}, {"owner": "eve"}])
def test_a_pull_request_that_only_looks_alike_is_not_taken(
    tmp_path: Path, github: FakeGitHub, other: dict[str, Any]
) -> None:
    same = {"sha": HEAD, "owner": "mallory", "branch": "faster", "repository_id": THEIRS}
    github.open_pull_request(9, **{**same, **other})
    assert _find(tmp_path, github) is None


def test_a_pull_request_whose_repository_is_gone_is_not_taken(tmp_path: Path) -> None:
    # GitHub then says null, against its own description: so this fake is not asked for violations.
    with FakeGitHub() as github:
        github.open_pull_request(9, sha=HEAD, owner="mallory", branch="faster", repository_id=None)
        assert _find(tmp_path, github) is None


def test_a_run_whose_repository_is_gone_has_no_pull_request_and_costs_no_request(
    tmp_path: Path, github: FakeGitHub
) -> None:
    payload = actions.workflow_run()
    payload["workflow_run"]["head_repository"] = None
    job = trusted_job(tmp_path, github, payload)
    assert artifact.find_pull_request(event.read(job), job) is None
    assert github.requests == []
