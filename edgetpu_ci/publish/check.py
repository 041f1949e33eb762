"""A check run on the commit that was measured; one request."""

from typing import Final

from msgspec import Struct

from edgetpu_ci import event
from edgetpu_ci.errors import DeniedError
from edgetpu_ci.github_api import Api
from edgetpu_ci.judging import judge
from edgetpu_ci.model import Report, Status, Verdict
from edgetpu_ci.publish.job import Level, alarm
from edgetpu_ci.publish.notice import notify
from edgetpu_ci.render import markdown, words
from edgetpu_ci.world import World

MAX_ANNOTATIONS = 50
"""What GitHub takes in one request; the summary names everything."""
_CONCLUSION: Final[dict[Status, str]] = {
    "passed": "success",
    "warned": "neutral",
    "unknown": "failure",
    "failed": "failure",
}
_LEVEL: Final[dict[Level, str]] = {"error": "failure", "warning": "warning"}
# GitHub takes 255 characters and 64 KB.
_TITLE, _MESSAGE = 255, 2_000
_FOREIGN = (
    "the report under `workflow_run` was made by code that may be a stranger's, and must not decide a check; "
    "publish it as a comment, with `use: pull_request`."
)
_WORST_FIRST: Final[tuple[Status, ...]] = ("failed", "unknown", "warned")


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the check is called, and the file its annotations are pinned to (empty: no annotations).

    Under `workflow_run` there is no check: the verdicts of that report are a stranger's, and a check may gate a merge.
    """

    name: str = "Edge TPU CI"
    annotate: str = ""


class _CheckRun(Struct, frozen=True):
    id: int


def publish(options: Options, report: Report, world: World) -> dict[str, str]:
    """Create the check run; `checked` says whether it is there."""
    happened = event.read(world)
    if not (happened.repository and happened.commit):
        notify("notice", "No check run: this is not a job of GitHub Actions.", world)
        return {"checked": "false"}
    if happened.name == "workflow_run":
        notify("notice", f"No check run: {_FOREIGN}", world)
        return {"checked": "false"}
    try:
        api = Api(happened.repository, world, "checks: write")
        api.send("POST", f"{api.repository}/check-runs", _CheckRun, body=_check_run(options, report, happened))
    except DeniedError as error:
        notify("warning", f"No check run: {error}", world)
        return {"checked": "false"}
    return {"checked": "true"}


def _check_run(options: Options, report: Report, happened: event.Event) -> dict[str, object]:
    output: dict[str, object] = {"title": _title(report), "summary": markdown.comment(report)}
    if options.annotate:
        output["annotations"] = _annotations(options.annotate, report.verdicts)
    return {
        "name": options.name,
        "head_sha": happened.commit,
        "status": "completed",
        "conclusion": _CONCLUSION[judge.status(report)],
        "external_id": report.run.id,
        "output": output,
    }


def _title(report: Report) -> str:
    """How many of each, worst first: "2 failed, 1 unknown, 20 passed"."""
    if judge.nothing_measured(report.run.measurements):
        return "nothing could be measured"
    counts = {
        status: sum(verdict.status == status for verdict in report.verdicts) for status in (*_WORST_FIRST, "passed")
    }
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "nothing was demanded"


def _annotations(path: str, verdicts: tuple[Verdict, ...]) -> list[dict[str, object]]:
    loud = [(level, verdict) for verdict in verdicts if (level := alarm(verdict))]
    loud.sort(key=lambda one: _WORST_FIRST.index(one[1].status))
    return [
        {
            "path": path,
            "start_line": 1,
            "end_line": 1,
            "annotation_level": _LEVEL[level],
            "title": words.plain(verdict.key, _TITLE),
            "message": words.plain(verdict.because, _MESSAGE) or verdict.status,
        }
        for level, verdict in loud[:MAX_ANNOTATIONS]
    ]
