"""The store on a branch, against a real git server: nothing is lost, nothing is told to who should not know."""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgetpu_ci import codec, history
from edgetpu_ci.errors import ConfigError, DocumentError, StoreError, UndeliveredError, UnreachableError
from edgetpu_ci.model import Machine, Report, Run
from edgetpu_ci.store import layout
from edgetpu_ci.store.branch import Branch, Options, open_store
from edgetpu_ci.world import World, run_process
from tests.fakes import world as fake
from tests.fakes.git_server import GitServer, git, git_server
from tests.fakes.loopback import Reply, Request

ROOT = Path(__file__).resolve().parent.parent.parent
BASE64 = "eC1hY2Nlc3MtdG9rZW46"
"""How a token begins in a header."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with git_server(tmp_path / "server") as started:
        yield started


def world(server: GitServer, folder: Path, **parts: object) -> World:
    """A job of the server in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {"env": server.env, "run": run_process, "token": lambda: secrets.token_hex(8)}
    return fake.world(folder, **{**known, **parts})


def store(server: GitServer, folder: Path, **parts: object) -> Branch:
    return open_store(Options(), world(server, folder, **parts))


def name(number: int, month: int = 3) -> str:
    return f"2026{month:02}04T{number:06}Z-a"


def receives(request: Request) -> bool:
    """Whether it is the push itself."""
    return request.verb == "POST" and request.target.endswith("git-receive-pack")


def test_one_look_at_a_branch_asks_its_server_once_and_sees_one_moment(server: GitServer, tmp_path: Path) -> None:
    one, other = store(server, tmp_path / "a"), store(server, tmp_path / "b")
    one.append("reports", name(1), b'{"n": 1}')
    assert other.swap("series", None, b"9")
    seen = other.snapshot()
    one.append("reports", name(2), b'{"n": 2}')
    before = len(server.requests)
    assert (seen.names("reports"), seen.names("kpis"), seen.read("reports", name(1))) == ([name(1)], [], b'{"n": 1}')
    assert len(server.requests) == before
    assert seen.state("series") == b"9"
    assert other.snapshot().names("reports") == [name(1), name(2)]


def test_what_one_job_wrote_another_reads(server: GitServer, tmp_path: Path) -> None:
    one, other = store(server, tmp_path / "a"), store(server, tmp_path / "b")
    assert one.append("reports", name(1), b'{"n": 1}') == Path(f"documents/reports/2026-03/{name(1)}.json")
    other.append("reports", name(2), b'{"n": 2}')
    assert one.names("reports") == [name(1), name(2)]
    assert one.read("reports", name(2)) == b'{"n": 2}'
    assert one.names("reviews") == []
    assert layout.MARK in server.files()


def test_the_checkout_is_left_as_it_was(server: GitServer, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    git(checkout, "init", "-q", "--initial-branch=main")
    git(checkout, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x")
    (checkout / ".gitignore").write_text(".edgetpu-ci/\n")
    git(checkout, "add", ".")
    before = {p: p.read_bytes() for p in sorted((checkout / ".git").rglob("*")) if p.is_file()}
    kept = store(server, checkout)
    kept.append("reports", name(1), b"{}")
    kept.fold("2026-04")
    assert {p: p.read_bytes() for p in sorted((checkout / ".git").rglob("*")) if p.is_file()} == before
    assert git(checkout, "status", "--porcelain") == b"A  .gitignore\n"


def test_the_commit_names_who_started_the_job(server: GitServer, tmp_path: Path) -> None:
    env = {**server.env, "GITHUB_ACTOR": "octo<cat>", "GITHUB_ACTOR_ID": "7"}
    store(server, tmp_path / "a", env=env).append("reports", name(1), b"{}")
    said = git(server.repository, "log", "-1", "--format=%an <%ae>: %s", "edgetpu-ci-data").decode().strip()
    assert said == f"octocat <7+octocat@users.noreply.github.com>: Add documents/reports/2026-03/{name(1)}.json"


def test_a_name_that_is_taken_is_refused_and_the_same_again_is_the_same(server: GitServer, tmp_path: Path) -> None:
    kept = store(server, tmp_path / "a")
    kept.append("reports", "a", b"1")
    kept.append("reports", "a", b"1")
    with pytest.raises(StoreError, match="it exists already on the branch edgetpu-ci-data"):
        kept.append("reports", "a", b"2")
    assert store(server, tmp_path / "b").read("reports", "a") == b"1"
    kept.append("reports", "b", b"3")
    assert kept.names("reports") == ["a", "b"]


def test_many_documents_are_one_commit(server: GitServer, tmp_path: Path) -> None:
    kept = store(server, tmp_path / "a")
    kept.extend("reports", [(name(n), b"%d" % n) for n in range(200)])
    kept.extend("reports", [])
    assert git(server.repository, "rev-list", "--count", "edgetpu-ci-data").strip() == b"1"
    assert [kept.read("reports", each) for each in kept.names("reports")] == [b"%d" % n for n in range(200)]
    server.protect("no")
    with pytest.raises(UndeliveredError, match=r"Until then 2 documents wait in .+outbox\."):
        kept.extend("reports", [(name(n), b"%d" % n) for n in (300, 301)])


WRITER = """
import sys
from pathlib import Path
from tests.fakes.git_server import GitServer
from tests.integration.test_branch import name, store
class Known(GitServer):
    def __post_init__(self): pass
number, count, port = map(int, sys.argv[1:4])
kept = store(Known(Path(sys.argv[4]), port, sys.argv[5]), Path(sys.argv[6]) / str(number))
for n in range(count):
    kept.append("reports", name(1000 * number + n), b'{"of": %d}' % number)
"""


def writer(server: GitServer, tmp_path: Path, number: int, count: int) -> subprocess.Popen[bytes]:
    """A job in a process of its own."""
    argv = [str(number), str(count), str(server.port), str(server.root), server.token, str(tmp_path / "jobs")]
    return subprocess.Popen([sys.executable, "-c", WRITER, *argv], cwd=ROOT)


def test_of_many_jobs_at_once_no_document_is_lost(server: GitServer, tmp_path: Path) -> None:
    jobs = [writer(server, tmp_path, number, 2) for number in range(8)]
    assert [job.wait() for job in jobs] == [0] * 8
    expected = [name(1000 * number + n) for number in range(8) for n in range(2)]
    assert store(server, tmp_path / "reader").names("reports") == expected


def test_of_many_jobs_at_a_folder_no_document_is_lost(tmp_path: Path) -> None:
    remote = tmp_path / "data.git"
    git(tmp_path, "init", "-q", "--bare", str(remote))

    def add(number: int) -> None:
        job = fake.world(tmp_path, run=run_process, token=lambda: secrets.token_hex(8))
        kept = open_store(Options(remote=f"file://{remote}", keep=f"keep/{number}"), job)
        for n in range(10):
            kept.append("reports", name(1000 * number + n), b"{}")

    jobs = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(git(remote, "ls-tree", "-r", "--name-only", "edgetpu-ci-data").split()) == 80 + 2


def test_of_many_swaps_at_once_none_is_lost(server: GitServer, tmp_path: Path) -> None:
    def add(number: int) -> None:
        kept = store(server, tmp_path / str(number))
        for _ in range(2):
            while not kept.swap("count", old := kept.state("count"), b"%d" % (int(old or b"0") + 1)):
                pass

    jobs = [threading.Thread(target=add, args=(number,)) for number in range(3)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert store(server, tmp_path / "reader").state("count") == b"6"


def test_a_value_is_swapped_only_from_what_was_read(server: GitServer, tmp_path: Path) -> None:
    one, other = store(server, tmp_path / "a"), store(server, tmp_path / "b")
    assert one.state("cursor") is None
    assert one.swap("cursor", None, b"1")
    assert not other.swap("cursor", None, b"2")
    assert other.swap("cursor", b"1", b"3")
    assert one.state("cursor") == b"3"


def test_a_swap_whose_answer_was_lost_counts_once(server: GitServer, tmp_path: Path) -> None:
    pushes = []

    def losing(request: Request) -> Reply:
        reply = server.through(request)
        if receives(request):
            pushes.append(request)
            if len(pushes) == 1:
                return Reply(status=502)
        return reply

    server.answer = losing
    assert store(server, tmp_path / "a", sleep=lambda _: None).swap("cursor", None, b"job 7")
    assert len(pushes) == 1


@pytest.mark.parametrize("before", [True, False], ids=["before the server took it", "after the server took it"])
def test_killed_in_the_middle_of_a_push_the_branch_is_whole_and_the_next_job_goes_on(
    server: GitServer, tmp_path: Path, *, before: bool
) -> None:
    pushes = []

    def killing(request: Request) -> Reply:
        if receives(request):
            pushes.append(request)
        third = receives(request) and len(pushes) == 3
        if third and before:
            os.kill(job.pid, signal.SIGKILL)
            job.wait()
            return Reply(status=502)
        reply = server.through(request)
        if third:
            os.kill(job.pid, signal.SIGKILL)
            job.wait()
        return reply

    server.answer = killing
    job = writer(server, tmp_path, 1, 100)
    assert job.wait() == -signal.SIGKILL
    git(server.repository, "fsck", "--strict", "--connectivity-only")
    kept = store(server, tmp_path / "jobs" / "1")
    kept.append("reports", name(1999), b"{}")
    assert kept.names("reports") == [name(1000), name(1001), name(1002), name(1999)]


def test_locks_and_rubble_of_a_job_that_was_killed_are_cleared_away(server: GitServer, tmp_path: Path) -> None:
    kept = store(server, tmp_path / "a")
    kept.append("reports", name(1), b"{}")
    kept.names("reports")
    mirror = tmp_path / "a" / ".edgetpu-ci" / "branch" / "git"
    (mirror / "shallow.lock").touch()
    (mirror / "refs" / "remotes" / "origin" / "data.lock").touch()
    kept.append("reports", name(2), b"{}")
    for part in (mirror / "objects").rglob("*"):
        if part.is_file():
            part.chmod(0o644)
            part.write_bytes(b"rubble")
    kept.append("reports", name(3), b"{}")
    assert kept.names("reports") == [name(1), name(2), name(3)]


def test_an_index_that_is_broken_is_made_anew(server: GitServer, tmp_path: Path) -> None:
    kept = store(server, tmp_path / "a")
    kept.append("reports", name(1), b"{}")
    kept.names("reports")
    (tmp_path / "a" / ".edgetpu-ci" / "branch" / "index.sqlite").write_bytes(b"rubble" * 1000)
    with pytest.raises(StoreError, match=r"index\.sqlite cannot be used \(.+\); it is made anew by the next command"):
        kept.names("reports")
    assert kept.names("reports") == [name(1)]


def test_missing_empty_and_held_are_three_sentences_and_corrupt_is_a_fault(server: GitServer, tmp_path: Path) -> None:
    kept = store(server, tmp_path / "a")
    assert kept.check().endswith("does not exist yet; the first report begins it.")
    with pytest.raises(DocumentError, match="does not exist"):
        kept.read("reports", "a")
    kept.swap("cursor", None, b"1")
    assert kept.check().endswith("holds no documents yet.")
    with pytest.raises(DocumentError, match=r"has no documents/reports/a\.json"):
        kept.read("reports", "a")
    kept.append("reports", name(1), b"{}")
    assert kept.check().endswith("holds 1 documents.")
    server.edit({f"documents/reports/2026-03/{name(2)}.json": b"{", "documents/reports/2026-02.tar.gz": b"no"})
    with pytest.raises(StoreError, match=r"2026-02\.tar\.gz is no archive .+ \(2 files in all\); restore or remove it"):
        kept.check()


def test_nothing_is_left_by_a_check(server: GitServer, tmp_path: Path) -> None:
    store(server, tmp_path / "a").check()
    assert git(server.repository, "for-each-ref") == b""


def report(number: int) -> bytes:
    run = Run(id=name(number), at=fake.AT, machine=Machine(key="pi"), measurements=())
    return codec.encode_json(Report(run=run))


def test_on_a_branch_edited_by_hand_what_is_ours_is_read_and_what_is_not_is_left_alone(
    server: GitServer, tmp_path: Path
) -> None:
    said = fake.Said()
    job = world(server, tmp_path / "a", warn=said.append)
    kept = open_store(Options(), job)
    kept.append("reports", name(1), report(1))
    foreign = {"README.md": b"Hello", "documents/reports/notes.txt": b"x", "a/b": b"c", "documents/x.json": b"{}"}
    broken = {f"documents/reports/2026-03/{name(2)}.json": b'{"format": ', "documents/reports/2026-01.tar.gz": b"no"}
    server.edit({**foreign, **broken})
    kept.append("reports", name(3), report(3))
    assert [r.run.id for r in history.recent(kept, "pi", job)] == [name(3), name(1)]
    assert len(said) == 2
    assert "2026-01.tar.gz is no archive of documents" in said[0]
    assert name(2) in said[1]
    assert kept.fold("2026-04") == 2
    left = {*foreign, *broken, layout.MARK, "documents/reports/2026-03.tar.gz"}
    assert set(server.files()) == left
    assert server.content("README.md") == b"Hello"


def test_a_branch_that_others_began_is_not_written_to(server: GitServer, tmp_path: Path) -> None:
    server.edit({"main.c": b"int main;"}, "main")
    kept = open_store(Options(branch="main"), world(server, tmp_path / "a"))
    with pytest.raises(StoreError, match="was not begun by edgetpu-ci"):
        kept.append("reports", name(1), b"{}")
    with pytest.raises(StoreError, match="was not begun by edgetpu-ci"):
        kept.fold("2026-04")
    assert server.files("main") == ["main.c"]


@pytest.mark.parametrize("branch", ["", "-x", "a..b", "a b", "x.lock", "a/", "refs:x", "a//b"])
def test_a_name_no_branch_can_have_is_refused(server: GitServer, tmp_path: Path, branch: str) -> None:
    with pytest.raises(ConfigError, match="cannot be the name of a branch"):
        open_store(Options(branch=branch), world(server, tmp_path / "a"))


def test_a_shallow_repository_can_hold_the_branch(server: GitServer, tmp_path: Path) -> None:
    store(server, tmp_path / "a").append("reports", name(0), b"{}")
    for number in (1, 2):
        server.edit({layout.path("reports", name(number)): b"{}"})
    git(tmp_path, "clone", "-q", "--bare", "--depth=1", "-b", "edgetpu-ci-data",
        f"file://{server.repository}", "shallow.git")  # fmt: skip
    kept = open_store(Options(remote="shallow.git"), world(server, tmp_path))
    kept.append("reports", name(3), b"{}")
    assert kept.names("reports") == [name(n) for n in range(4)]


def test_a_deleted_branch_is_said_and_begun_anew(server: GitServer, tmp_path: Path) -> None:
    said = fake.Said()
    kept = store(server, tmp_path / "a", warn=said.append)
    kept.append("reports", name(1), b"{}")
    kept.names("reports")
    last = git(server.repository, "rev-parse", "edgetpu-ci-data").decode().strip()
    git(server.repository, "update-ref", "-d", "refs/heads/edgetpu-ci-data")
    kept.append("reports", name(2), b"{}")
    assert kept.names("reports") == [name(2)]
    assert len(said) == 1
    assert "was deleted" in said[0]
    assert last in said[0]


def test_deleted_between_reading_and_writing_it_is_begun_anew(server: GitServer, tmp_path: Path) -> None:
    kept = store(server, tmp_path / "a")
    kept.append("reports", name(1), b"{}")

    def deleting(request: Request) -> Reply:
        if receives(request):
            server.answer = server.through
            git(server.repository, "update-ref", "-d", "refs/heads/edgetpu-ci-data")
        return server.through(request)

    server.answer = deleting
    kept.append("reports", name(2), b"{}")
    assert kept.names("reports") == [name(2)]


def test_what_a_protected_branch_refuses_waits_here_and_goes_with_the_next(server: GitServer, tmp_path: Path) -> None:
    kept = store(server, tmp_path / "a")
    server.protect("error: GH006: Protected branch update failed")
    with pytest.raises(
        UndeliveredError, match=r"is protected: .+ Until then the document waits in (.+\.json)\."
    ) as refused:
        kept.append("reports", name(1), b"{}")
    assert Path(str(refused.value).rsplit(" in ", 1)[1].rstrip(".")).read_bytes() == b"{}"
    (server.repository / "hooks" / "pre-receive").unlink()
    kept.append("reports", name(2), b"{}")
    assert store(server, tmp_path / "b").names("reports") == [name(1), name(2)]
    assert list((tmp_path / "a" / ".edgetpu-ci" / "branch" / "outbox").rglob("*.json")) == []


def test_what_a_hook_refuses_is_said_in_its_words(server: GitServer, tmp_path: Path) -> None:
    server.protect("no")
    with pytest.raises(UndeliveredError, match=r"refused to change the branch .+ \(pre-receive hook declined\)"):
        store(server, tmp_path / "a").append("reports", name(1), b"{}")


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply(status=403), "contents: write"),
        (Reply(status=401), "does not know our token"),
        (Reply(status=404), "There is no repository"),
        (Reply(status=503), "cannot be reached"),
    ],
)
def test_a_server_that_refuses_costs_one_sentence_and_no_document(
    server: GitServer, tmp_path: Path, reply: Reply, sentence: str
) -> None:
    kept = store(server, tmp_path / "a", sleep=lambda _: None)
    server.answer = lambda _: reply
    with pytest.raises(UndeliveredError) as refused:
        kept.append("reports", name(1), b"{}")
    assert sentence in str(refused.value)
    assert server.token not in str(refused.value)
    server.answer = server.through
    kept.append("reports", name(2), b"{}")
    assert kept.names("reports") == [name(1), name(2)]


def test_a_server_that_is_gone_is_a_sentence(server: GitServer, tmp_path: Path) -> None:
    env = {**server.env, "GITHUB_SERVER_URL": "http://127.0.0.1:9"}
    with pytest.raises(UnreachableError, match="cannot be reached"):
        store(server, tmp_path / "a", env=env, sleep=lambda _: None).names("reports")


def test_others_who_are_always_faster_are_an_end_in_time(server: GitServer, tmp_path: Path) -> None:
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds + 100

    def overtaken(request: Request) -> Reply:
        if receives(request):
            server.edit({layout.MARK: b"{}", "a": str(len(server.requests)).encode()})
        return server.through(request)

    server.answer = overtaken
    kept = store(server, tmp_path / "a", sleep=sleep, monotonic=lambda: clock[0])
    with pytest.raises(UndeliveredError, match="Others changed the branch edgetpu-ci-data for 300 s"):
        kept.append("reports", name(1), b"{}")


def test_the_token_is_in_no_argument_and_no_file(server: GitServer, tmp_path: Path) -> None:
    seen = []

    def looking(request: Request) -> Reply:
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.append(process.read_bytes().decode(errors="replace"))
            except OSError:
                continue
        return server.through(request)

    server.answer = looking
    kept = store(server, tmp_path / "a")
    kept.append("reports", name(1), b"{}")
    kept.names("reports")
    assert sum("git-remote-http" in line or "remote-http" in line for line in seen) > 0
    files = [path.read_bytes() for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert len(files) > 3
    for secret in (server.token, BASE64):
        assert not [line for line in seen if secret in line]
        assert not [data for data in files if secret.encode() in data]
    assert all(secret not in request.target for request in server.requests for secret in (server.token, BASE64))


def test_folded_documents_are_read_as_before_and_the_history_is_gone(server: GitServer, tmp_path: Path) -> None:
    kept, other = store(server, tmp_path / "a"), store(server, tmp_path / "b")
    held = {name(n, month): b'{"n": %d}' % n for month in (1, 2, 3) for n in range(3)}
    kept.append("reports", name(0, 1), held[name(0, 1)])
    server.edit({layout.path("reports", each): data for each, data in held.items()})
    kept.append("reviews", "undated", b"{}")
    assert other.names("reports") == list(held)
    assert kept.fold("2026-03") == 6
    assert kept.fold("2026-03") == 0
    assert {f for f in server.files() if f.startswith("documents/reports/")} == {
        "documents/reports/2026-01.tar.gz",
        "documents/reports/2026-02.tar.gz",
        *(f"documents/reports/2026-03/{name(n)}.json" for n in range(3)),
    }
    assert git(server.repository, "rev-list", "--count", "edgetpu-ci-data").strip() == b"1"
    for reader in (kept, other, store(server, tmp_path / "c")):
        assert {each: reader.read("reports", each) for each in reader.names("reports")} == held
    kept.append("reports", name(9, 1), b"{}")
    assert kept.fold("2026-03") == 1
    assert "documents/reports/2026-01-2.tar.gz" in server.files()
    assert len(other.names("reports")) == 10


def test_of_two_documents_of_a_name_folding_keeps_both(server: GitServer, tmp_path: Path) -> None:
    kept = store(server, tmp_path / "a")
    for data in (b'"first"', b'"second"'):
        kept.append("reports", name(1), data)
        assert kept.fold("2026-04") == 1
    archives = [path for path in server.files() if path.endswith(".tar.gz")]
    assert [layout.unpack(server.content(path), path) for path in sorted(archives, reverse=True)] == [
        [(name(1), b'"first"')],
        [(name(1), b'"second"')],
    ]


def test_a_fold_and_writers_at_once_lose_nothing(server: GitServer, tmp_path: Path) -> None:
    store(server, tmp_path / "a").append("reports", name(0, 1), b"{}")
    server.edit({layout.path("reports", name(n, 1)): b"{}" for n in range(1, 4)})
    job = writer(server, tmp_path, 1, 6)
    while job.poll() is None:
        store(server, tmp_path / "b").fold("2026-04")
        time.sleep(0.05)
    assert job.returncode == 0
    assert len(store(server, tmp_path / "c").names("reports")) == 10


def test_erasing_and_writers_at_once_lose_nothing_that_was_not_meant(server: GitServer, tmp_path: Path) -> None:
    erasing = store(server, tmp_path / "a")
    erasing.append("kpis", name(0, 1), b"{}")
    erasing.swap("rows", None, b"of others")
    job = writer(server, tmp_path, 1, 6)
    forgotten = []
    while job.poll() is None:
        erasing.drop("kpis", erasing.names("kpis"))
        forgotten.append(erasing.forget())
    assert job.returncode == 0
    assert all(forgotten)
    other = store(server, tmp_path / "c")
    assert (len(other.names("reports")), other.names("kpis"), other.state("rows")) == (6, [], b"of others")


def test_a_value_that_is_too_large_is_said_and_not_taken_for_none(server: GitServer, tmp_path: Path) -> None:
    kept = store(server, tmp_path / "a")
    kept.swap("other", None, b"as it was")
    server.edit({"state/rows": os.urandom(33 << 20)})
    for ask in (lambda: kept.state("rows"), lambda: kept.swap("rows", None, b"new")):
        with pytest.raises(StoreError, match=r"state/rows on the branch .+ is larger than any of ours; restore or"):
            ask()
    assert kept.state("other") == b"as it was"


def test_only_new_files_are_read_again(server: GitServer, tmp_path: Path) -> None:
    writing, reading = store(server, tmp_path / "a"), store(server, tmp_path / "b")
    big = secrets.token_hex(200_000).encode()
    writing.append("reports", name(1), b'"%b"' % big)
    sizes = []

    def measuring(request: Request) -> Reply:
        reply = server.through(request)
        sizes.append(len(reply.body))
        return reply

    server.answer = measuring
    reading.names("reports")
    first = sum(sizes)
    writing.append("reports", name(2), b"{}")
    sizes.clear()
    assert reading.names("reports") == [name(1), name(2)]
    assert first > 200_000
    assert sum(sizes) < 5_000
    sizes.clear()
    store(server, tmp_path / "c").append("reports", name(3), b"{}")
    assert sum(sizes) < 5_000, "a job that only writes reads no documents"


def test_documents_are_dropped_from_files_and_from_archives(server: GitServer, tmp_path: Path) -> None:
    kept = store(server, tmp_path / "a")
    for number, month in ((1, 1), (2, 1), (3, 2), (4, 3)):
        kept.append("kpis", name(number, month), b'{"n": %d}' % number)
    kept.append("reports", name(1, 1), b"{}")
    kept.fold("2026-03")
    assert kept.drop("kpis", [name(1, 1), name(3, 2), name(4, 3), "none"]) == 3
    assert kept.names("kpis") == [name(2, 1)]
    assert store(server, tmp_path / "b").read("kpis", name(2, 1)) == b'{"n": 2}'
    assert kept.names("reports") == [name(1, 1)]
    assert [path for path in server.files() if "/kpis/" in path] == ["documents/kpis/2026-01.tar.gz"]
    assert kept.drop("kpis", ["none"]) == kept.drop("kpis", []) == 0


def test_several_values_are_set_in_one_commit_or_not_at_all(server: GitServer, tmp_path: Path) -> None:
    kept, other = store(server, tmp_path / "a"), store(server, tmp_path / "b")
    assert kept.swap_all({"rows": (None, b"1"), "cursor": (None, b"1")})
    assert git(server.repository, "rev-list", "--count", "edgetpu-ci-data").strip() == b"1"
    assert other.states(["rows", "cursor", "none"]) == {"rows": b"1", "cursor": b"1"}
    assert other.swap("cursor", b"1", b"2")
    assert not kept.swap_all({"rows": (b"1", b"3"), "cursor": (b"1", b"3")})
    assert kept.swap_all({"rows": (b"1", None), "cursor": (b"2", b"4")})
    assert other.states(other.values()) == {"cursor": b"4"}


def test_what_is_removed_and_forgotten_is_in_no_commit_of_the_branch(server: GitServer, tmp_path: Path) -> None:
    kept = store(server, tmp_path / "a")
    assert kept.forget() == ""
    kept.append("reports", name(1), b"{}")
    kept.append("kpis", name(1), b'{"of": "somebody"}')
    assert kept.drop("kpis", kept.names("kpis")) == 1
    kept.swap("rows", None, b"somebody's")
    assert not kept.swap("rows", b"another's", None)
    assert kept.swap("rows", b"somebody's", None)
    assert kept.values() == []
    assert "every clone and fork keeps its own" in kept.forget()
    assert not kept.mirror.folder.exists()
    assert b"somebody" not in b"".join(path.read_bytes() for path in tmp_path.glob("a/**/*") if path.is_file())
    assert git(server.repository, "rev-list", "--count", "edgetpu-ci-data").strip() == b"1"
    assert kept.names("reports") == [name(1)]
