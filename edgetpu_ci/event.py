"""What started this job: the event GitHub tells about in the environment and in its payload."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from edgetpu_ci import codec
from edgetpu_ci.errors import ConfigError, DocumentError, RefusedError
from edgetpu_ci.world import World

MAX_PAYLOAD_BYTES = codec.MAX_JSON_BYTES
_DEPENDABOT = "dependabot[bot]"


class Event(Struct, frozen=True, kw_only=True):
    """Who asks for what; outside Actions only `commit` and `branch` are known.

    `commit` is what was measured: a pull request's head, not the merge made for testing it; outside Actions with
    `-dirty` behind it where tracked files were changed since. Under `workflow_run`, `commit`, `branch`, `run_id`,
    `run_url` and `head_*` are those of the run that ended. `main` is the repository's default branch, where that is
    known; `base_commit` and `base_branch` are what a pull request or a merge group is to be merged into.
    `at` is when GitHub last touched a pull request before it told of it: when its head was pushed, or a label set, and
    then `label` is the one. `fork` counts everyone whose token may only read; `public` is true unless known otherwise.
    """

    name: str = ""
    repository: str = ""
    commit: str = ""
    branch: str = ""
    main: str = ""
    pull_request: int | None = None
    at: datetime | None = None
    label: str = ""
    base_commit: str = ""
    base_branch: str = ""
    fork: bool = False
    public: bool = True
    run_id: int | None = None
    run_url: str = ""
    head_owner: str = ""
    head_branch: str = ""
    head_repository_id: int | None = None


class _Owner(Struct, frozen=True):
    login: str = ""


class _Repository(Struct, frozen=True):
    id: int | None = None
    full_name: str = ""
    private: bool | None = None
    default_branch: str = ""
    owner: _Owner = _Owner()


class _Side(Struct, frozen=True):
    sha: str = ""
    ref: str = ""
    repo: _Repository | None = None


class _Label(Struct, frozen=True):
    name: str = ""


class _PullRequest(Struct, frozen=True):
    number: int | None = None
    updated_at: Annotated[datetime, Meta(tz=True)] | None = None
    head: _Side = _Side()
    base: _Side = _Side()


class _MergeGroup(Struct, frozen=True):
    head_sha: str = ""
    head_ref: str = ""
    base_sha: str = ""
    base_ref: str = ""


class _WorkflowRun(Struct, frozen=True):
    id: int | None = None
    head_sha: str = ""
    head_branch: str | None = None
    head_repository: _Repository | None = None


class _Payload(Struct, frozen=True):
    """The parts of a payload we read; every one may be missing."""

    action: str = ""
    label: _Label = _Label()
    repository: _Repository = field(default_factory=_Repository)
    pull_request: _PullRequest | None = None
    merge_group: _MergeGroup | None = None
    workflow_run: _WorkflowRun | None = None


def read(world: World) -> Event:
    """The event behind this job; ConfigError when its payload cannot be read."""
    if world.env.get("GITHUB_ACTIONS") != "true":
        return _outside(world)
    payload = _payload(world.env.get("GITHUB_EVENT_PATH", ""))
    return _with_run_url(_head(payload, _of_every_event(payload, world)), world)


def refuse_unsafe(happened: Event, world: World, *, allow_forks: bool) -> None:
    """RefusedError where measuring would run a stranger's code next to secrets or on a machine of ours."""
    if happened.name == "pull_request_target" or (happened.name == "workflow_run" and happened.fork):
        raise RefusedError(
            f"Under `{happened.name}` a stranger's model would run next to a token that can write; "
            "measure under `on: pull_request` and comment from a second workflow (examples/fork-safe)."
        )
    # A runner that does not say what it is may be anybody's.
    hosted = world.env.get("RUNNER_ENVIRONMENT") == "github-hosted"
    if happened.fork and happened.public and not hosted and not allow_forks:
        raise RefusedError(
            "This comes from a fork or Dependabot, and RUNNER_ENVIRONMENT is not github-hosted: foreign code could "
            "stay on a self-hosted runner; use a hosted runner for forks, or set `allow_forks: true` if the runner is "
            "thrown away after each job."
        )


def _outside(world: World) -> Event:
    try:
        ran = world.run(["git", "-C", str(world.cwd), "rev-parse", "HEAD", "--abbrev-ref", "HEAD"], b"", 10)
    except OSError:
        return Event()
    lines = ran.stdout.decode(errors="replace").split()
    if ran.status != 0 or len(lines) != 2:  # noqa: PLR2004 - the commit and its branch
        return Event()
    changed = world.run(["git", "-C", str(world.cwd), "diff", "--quiet", "HEAD"], b"", 10).status == 1
    branch = "" if lines[1] == "HEAD" else lines[1]
    return Event(commit=lines[0] + "-dirty" * changed, branch=branch, main=_cloned(world) if branch else "")


def _cloned(world: World) -> str:
    """The branch that a clone knows as the default one of where it is from; empty where it does not say."""
    asked = ["git", "-C", str(world.cwd), "symbolic-ref", "-q", "--short", "refs/remotes/origin/HEAD"]
    return world.run(asked, b"", 10).stdout.decode(errors="replace").strip().removeprefix("origin/")


def _payload(place: str) -> _Payload:
    if not place:
        return _Payload()
    try:
        with Path(place).open("rb") as file:
            data = file.read(MAX_PAYLOAD_BYTES + 1)
        return codec.decode_json(data, _Payload, "The event's payload (GITHUB_EVENT_PATH)")
    except OSError as error:
        raise ConfigError(
            f"The event's payload {place} (GITHUB_EVENT_PATH) cannot be read: {error.strerror}."
        ) from error
    except DocumentError as error:
        raise ConfigError(str(error)) from error


def _of_every_event(payload: _Payload, world: World) -> Event:
    env = world.env
    run = env.get("GITHUB_RUN_ID", "")
    return Event(
        name=env.get("GITHUB_EVENT_NAME", ""),
        repository=env.get("GITHUB_REPOSITORY") or payload.repository.full_name,
        commit=env.get("GITHUB_SHA", ""),
        branch=_branch(env.get("GITHUB_REF", "")),
        main=payload.repository.default_branch,
        fork=env.get("GITHUB_ACTOR") == _DEPENDABOT,
        public=payload.repository.private is not True,
        run_id=int(run) if run.isdecimal() else None,
    )


def _branch(ref: str) -> str:
    """The branch a ref names; a tag is none."""
    return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ""


def _head(payload: _Payload, every: Event) -> Event:
    if payload.pull_request:
        label = payload.label.name if payload.action == "labeled" else ""
        return replace(_of_pull_request(payload.pull_request, every), label=label)
    if payload.workflow_run:
        return _of_workflow_run(payload.workflow_run, payload.repository, every)
    if payload.merge_group:
        group = payload.merge_group
        return replace(
            every,
            commit=group.head_sha or every.commit,
            branch=_branch(group.head_ref) or every.branch,
            base_commit=group.base_sha,
            base_branch=_branch(group.base_ref),
        )
    return every


def _of_pull_request(pull: _PullRequest, every: Event) -> Event:
    head = pull.head
    return replace(
        every,
        commit=head.sha or every.commit,
        branch=head.ref,
        pull_request=pull.number,
        at=pull.updated_at,
        base_commit=pull.base.sha,
        base_branch=pull.base.ref,
        fork=every.fork or _foreign(head.repo, pull.base.repo),
        head_branch=head.ref,
        head_owner=head.repo.owner.login if head.repo else "",
        head_repository_id=head.repo.id if head.repo else None,
    )


def _of_workflow_run(run: _WorkflowRun, ours: _Repository, every: Event) -> Event:
    head = run.head_repository
    return replace(
        every,
        commit=run.head_sha,
        branch=run.head_branch or "",
        fork=_foreign(head, ours),
        run_id=run.id,
        head_branch=run.head_branch or "",
        head_owner=head.owner.login if head else "",
        head_repository_id=head.id if head else None,
    )


def _foreign(head: _Repository | None, base: _Repository | None) -> bool:
    """Whether the head lies elsewhere; a repository that is gone, or without an id, counts as elsewhere."""
    return head is None or base is None or head.id is None or head.id != base.id


def _with_run_url(happened: Event, world: World) -> Event:
    if happened.run_id is None or not happened.repository:
        return happened
    server = world.env.get("GITHUB_SERVER_URL") or "https://github.com"
    return replace(happened, run_url=f"{server}/{happened.repository}/actions/runs/{happened.run_id}")
