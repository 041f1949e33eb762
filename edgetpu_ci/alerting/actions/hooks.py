"""What only the user's own commands and workflows can do."""

import os
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from edgetpu_ci import event
from edgetpu_ci.alerting.actions.deed import Deed, Done
from edgetpu_ci.github_api import Api

_LATER: Final = "do it again with `edgetpu-ci runbook run`"
_STEPS: Final = {
    404: "check that this workflow is on the default branch and that the job has `permissions: {needs}`",
    422: "give the workflow `on: workflow_dispatch` with the inputs that the runbook names",
}


class _Repository(Struct, frozen=True):
    default_branch: str


class _Started(Struct, frozen=True):
    html_url: str = ""


def command(name: str, argv: Sequence[str], inputs: dict[str, str], seconds: float, deed: Deed) -> Done:
    """Run words without a shell; of what they say, the last line is told and the rest is a file."""
    try:
        ran = deed.world.run(argv, b"", seconds, deed.facts(inputs))
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        return Done(f"`{argv[0]}` cannot be started: {reason}.", well=False)
    said = (ran.stdout + ran.stderr).decode(errors="replace")
    file = deed.write(f"{name}.txt", said) if said.strip() else ""
    if ran.status is None:
        return Done(f"`{argv[0]}` was not done within {seconds:g} s and was ended.", well=False, file=file)
    last = deed.tame(next((line for line in reversed(said.splitlines()) if line.strip()), "it said nothing"))
    return Done(f"`{argv[0]}` ended with status {ran.status}: {last}", well=ran.status == 0, file=file)


def dispatch(file: str, inputs: Mapping[str, str], deed: Deed) -> Done:
    """Start a workflow of the default branch. An input that is "$EDGETPU_CI_…" is that fact of the incident."""
    happened = event.read(deed.world)
    repository = happened.repository or deed.world.env.get("GITHUB_REPOSITORY", "")
    api = Api(repository, deed.world, "actions: write", _LATER, _STEPS)
    branch = happened.main or api.send("GET", api.repository, _Repository).default_branch
    facts = deed.facts({})
    given = {name: facts.get(value.removeprefix("$"), value) for name, value in inputs.items()}
    path = f"{api.repository}/actions/workflows/{file}/dispatches"
    body = {"ref": branch, "inputs": given, "return_run_details": True}
    # Servers that do not know of run details answer with nothing.
    started: _Started | None = api.send("POST", path, _Started | None, body=body)  # type: ignore[arg-type]
    where = started.html_url if started is not None else "its run stands under Actions"
    return Done(f"The workflow {file} was started on {branch}: {where}")
