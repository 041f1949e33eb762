"""The base of a change, from real repositories: which commit it is, and its files."""

from pathlib import Path
from typing import NamedTuple

import pytest

from edgetpu_ci import base
from edgetpu_ci.errors import ConfigError, EdgeTpuCiError, GitError
from edgetpu_ci.event import Event
from edgetpu_ci.judging import judge
from edgetpu_ci.world import World, run_process
from tests.fakes import git_server, repository
from tests.fakes import world as fake
from tests.fakes.repository import git

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"


class Origin(NamedTuple):
    """A repository whose `main` went on after `topic` left it."""

    folder: Path
    fork: str
    main: str
    topic: str


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    folder = repository.create(tmp_path / "origin")
    repository.commit(folder, {"m.tflite": b"first"})
    fork = repository.commit(folder, {"m.tflite": b"second", "gone.tflite": b"gone"})
    git(folder, "switch", "--quiet", "--create", "topic")
    repository.commit(folder, {"m.tflite": b"third", "gone.tflite": None})
    topic = repository.commit(folder, {"new.tflite": b"new"})
    git(folder, "switch", "--quiet", "main")
    main = repository.commit(folder, {"m.tflite": b"meanwhile"})
    return Origin(folder, fork, main, topic)


def world(folder: Path) -> World:
    return fake.world(folder, run=run_process)


def pull_request(origin: Origin) -> Event:
    return Event(name="pull_request", commit=origin.topic, base_commit=origin.main, base_branch="main", pull_request=1)


def merged_for_testing(origin: Origin) -> str:
    """The merge that GitHub offers a pull request's job to check out."""
    git(origin.folder, "switch", "--quiet", "--detach", "main")
    git(origin.folder, "merge", "--quiet", "--no-ff", "--strategy=ours", "--message", "test merge", "topic")
    merge = git(origin.folder, "rev-parse", "HEAD")
    git(origin.folder, "update-ref", "refs/pull/1/merge", merge)
    git(origin.folder, "switch", "--quiet", "main")
    return merge


@pytest.mark.parametrize("depth", [None, 1, 2])
def test_the_base_of_a_branch_is_where_it_left(origin: Origin, tmp_path: Path, depth: int | None) -> None:
    shallow = [f"--depth={depth}"] if depth else []
    clone = repository.clone(origin.folder, tmp_path / "clone", "--branch=topic", *shallow)
    tree = base.find("auto", pull_request(origin), tmp_path / "files", world(clone))
    assert (tree.commit, tree.label) == (origin.fork, f"merge base with main ({origin.fork[:7]})")
    found = tree.file(clone / "m.tflite")
    assert isinstance(found, Path)
    assert found.read_bytes() == b"second"
    assert found.name == "m.tflite"


@pytest.mark.parametrize("depth", [None, 1])
def test_the_base_of_a_test_merge_is_what_it_was_merged_into(origin: Origin, tmp_path: Path, depth: int | None) -> None:
    merge = merged_for_testing(origin)
    clone = repository.create(tmp_path / "clone")
    git(clone, "remote", "add", "origin", f"file://{origin.folder}")
    git(clone, "fetch", "--quiet", *([f"--depth={depth}"] if depth else []), "origin", "refs/pull/1/merge")
    git(clone, "checkout", "--quiet", "--detach", merge)
    tree = base.find("auto", pull_request(origin), tmp_path / "files", world(clone))
    assert tree.commit == origin.main
    found = tree.file(clone / "m.tflite")
    assert isinstance(found, Path)
    assert found.read_bytes() == b"meanwhile"


@pytest.mark.parametrize("depth", [None, 1])
def test_a_commit_or_a_tag_is_itself_and_of_a_branch_it_is_where_the_head_left_it(
    origin: Origin, tmp_path: Path, depth: int | None
) -> None:
    git(origin.folder, "tag", "v1", origin.main)
    shallow = [f"--depth={depth}", "--no-tags"] if depth else []
    clone = repository.clone(origin.folder, tmp_path / "clone", "--branch=topic", *shallow)
    named = [("v1", origin.main), (origin.main, origin.main), ("HEAD", origin.topic), ("main", origin.fork)]
    for ref, commit in [*named, *([("origin/main", origin.fork)] if not depth else [])]:
        assert base.find(ref, Event(), tmp_path / "files", world(clone)).commit == commit, ref
    assert base.find("main", Event(), tmp_path, world(clone)).label == f"merge base with main ({origin.fork[:7]})"


def test_a_file_that_git_cannot_put_out_is_a_reason_and_no_end(origin: Origin, tmp_path: Path) -> None:
    repository.commit(origin.folder, {".gitattributes": b"m.tflite filter=broken\n"})
    clone = repository.clone(origin.folder, tmp_path / "clone")
    git(clone, "config", "filter.broken.smudge", "false")
    git(clone, "config", "filter.broken.required", "true")
    why = base.find("HEAD", Event(), tmp_path / "files", world(clone)).file(clone / "m.tflite")
    assert "git cannot give the base's m.tflite: `git checkout-index` failed" in str(why)


@pytest.mark.parametrize(
    ("ref", "sentence"),
    [
        ("no-such-branch", "could not be fetched; check its name"),
        ("--upload-pack=touch x", "is no name of a commit"),
        ("", '"" is no name of a commit'),
    ],
)
def test_a_base_that_is_not_to_be_had_is_a_sentence(origin: Origin, tmp_path: Path, ref: str, sentence: str) -> None:
    clone = repository.clone(origin.folder, tmp_path / "clone")
    with pytest.raises(EdgeTpuCiError, match=sentence):
        base.find(ref, Event(), tmp_path / "files", world(clone))


def test_without_anybody_to_ask_the_name_is_said(tmp_path: Path) -> None:
    folder = repository.create(tmp_path / "alone")
    repository.commit(folder, {})
    with pytest.raises(GitError, match='There is no commit, branch, tag or file "v9", and no remote `origin`'):
        base.find("v9", Event(), tmp_path / "files", world(folder))


def test_unrelated_histories_have_no_base(origin: Origin, tmp_path: Path) -> None:
    git(origin.folder, "switch", "--quiet", "--orphan", "other")
    repository.commit(origin.folder, {"o.tflite": b"o"})
    clone = repository.clone(origin.folder, tmp_path / "clone", "--branch=other", "--depth=1")
    with pytest.raises(GitError, match="no common ancestor of HEAD"):
        base.find("auto", pull_request(origin), tmp_path / "files", world(clone))


def test_outside_a_repository_git_says_so(tmp_path: Path) -> None:
    with pytest.raises(EdgeTpuCiError, match="not a git repository"):
        base.find("main", Event(), tmp_path / "files", world(tmp_path))


def test_a_file_without_a_base_says_why(origin: Origin, tmp_path: Path) -> None:
    clone = repository.clone(origin.folder, tmp_path / "clone", "--branch=topic")
    (clone / "built.tflite").write_bytes(b"built")
    (tmp_path / "outside.tflite").write_bytes(b"outside")
    tree = base.find("auto", pull_request(origin), tmp_path / "files", world(clone))
    assert tree.file(clone / "new.tflite") == judge.NEW
    assert "it is not in git" in str(tree.file(clone / "built.tflite"))
    assert "lies outside the repository" in str(tree.file(tmp_path / "outside.tflite"))


def test_a_pointer_of_git_lfs_is_explained(origin: Origin, tmp_path: Path) -> None:
    git(origin.folder, "switch", "--quiet", "main")
    repository.commit(origin.folder, {"large.tflite": POINTER})
    clone = repository.clone(origin.folder, tmp_path / "clone")
    why = base.find("main", Event(), tmp_path / "files", world(clone)).file(clone / "large.tflite")
    assert "is a Git LFS pointer; install git-lfs on the runner, or fetch it before: git lfs fetch origin" in str(why)


def test_a_whole_checkout_lies_beside_and_the_users_stays_as_it_was(origin: Origin, tmp_path: Path) -> None:
    clone = repository.clone(origin.folder, tmp_path / "clone", "--branch=topic")
    (clone / "m.tflite").write_bytes(b"being edited")
    before = git(clone, "status", "--porcelain"), git(clone, "worktree", "list"), git(clone, "stash", "list")
    folder = base.find("main", Event(), tmp_path / "files", world(clone)).checkout()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "m.tflite": b"second",
        "gone.tflite": b"gone",
    }
    assert (clone / "m.tflite").read_bytes() == b"being edited"
    assert (git(clone, "status", "--porcelain"), git(clone, "worktree", "list"), git(clone, "stash", "list")) == before


def test_work_in_a_folder_of_the_repository_finds_its_base_there(origin: Origin, tmp_path: Path) -> None:
    folder = origin.folder / "sub"
    repository.commit(origin.folder, {"sub/d.tflite": b"old"})
    repository.commit(origin.folder, {"sub/d.tflite": b"new"})
    tree = base.find("HEAD^", Event(), tmp_path / "files", world(folder))
    found = tree.file(folder / "d.tflite")
    assert isinstance(found, Path)
    assert found.read_bytes() == b"old"
    assert tree.checkout() == tmp_path / "files" / "sub"


def test_ancestors_are_the_newest_first_and_as_many_as_asked(origin: Origin) -> None:
    assert base.ancestors(origin.topic, 2, world(origin.folder))[0] == origin.topic
    assert len(base.ancestors(origin.topic, 2, world(origin.folder))) == 2
    assert base.ancestors("0" * 40, 2, world(origin.folder)) == ()


def test_files_are_the_bases_of_the_heads_they_were_named_with(tmp_path: Path) -> None:
    files = base.Files({tmp_path / "head": tmp_path / "base"})
    assert files.file(tmp_path / "head") == tmp_path / "base"
    assert files.file(tmp_path / "other") == judge.NEW
    with pytest.raises(ConfigError, match="name one with `--base REF`"):
        files.checkout()


def test_a_checkout_without_credentials_is_helped_by_the_jobs_token(origin: Origin, tmp_path: Path) -> None:
    with git_server.git_server(tmp_path / "server") as server:
        git(origin.folder, "push", "--quiet", str(server.repository), "main", "topic")
        git(server.repository, "config", "uploadpack.allowAnySHA1InWant", "true")
        clone = repository.clone(server.repository, tmp_path / "clone", "--branch=topic", "--depth=1")
        git(clone, "remote", "set-url", "origin", server.url)
        job = fake.world(clone, run=run_process, env=server.env)
        tree = base.find("auto", pull_request(origin), tmp_path / "files", job)
        assert tree.commit == origin.fork
        assert server.token not in (clone / ".git" / "config").read_text()
        stranger = fake.world(clone, run=run_process, env={**server.env, "GITHUB_TOKEN": ""})
        with pytest.raises(GitError, match="could not be fetched"):
            base.find("main", Event(), tmp_path / "files", stranger)
