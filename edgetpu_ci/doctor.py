"""`edgetpu-ci doctor`: what is well here, what is not, and what to do about it."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from edgetpu_ci import (
    baselines,
    collect,
    config,
    event,
    machine,
    noise,
    publish,
    reference,
    runner_record,
    store,
)
from edgetpu_ci.collect import inference, model_slot
from edgetpu_ci.errors import ConfigError, DeliveryError, DocumentError, StoreError
from edgetpu_ci.files import write_whole
from edgetpu_ci.github_api import Api
from edgetpu_ci.model import Measurement
from edgetpu_ci.render import selftest
from edgetpu_ci.world import World

State = Literal["ok", "note", "bad"]
_MARKS = {"ok": "✓", "note": "•", "bad": "✗"}


class Finding(Struct, frozen=True):
    """One thing looked at: how it is, in one sentence."""

    state: State
    what: str
    sentence: str


def examine(path: Path, world: World) -> list[Finding]:
    """Look at everything a run needs, and go on after each fault."""
    try:
        settings = config.load(path)
    except ConfigError as error:
        return [Finding("bad", "configuration", str(error)), *_runtimes([inference.Options(models=())], world)]
    return [
        *_steps(settings, path, world),
        *_runtimes(_inference_options(settings), world),
        *_folders(settings, world),
        *_baseline(settings, world),
        *_noise(settings, world),
        *_github(settings, world),
    ]


def text(findings: Sequence[Finding]) -> str:
    """Findings as lines."""
    width = max(len(finding.what) for finding in findings)
    return "\n".join(f"{_MARKS[f.state]} {f.what:<{width}}  {f.sentence}" for f in findings)


def _steps(settings: config.Config, path: Path, world: World) -> Iterator[Finding]:
    families = (("collect", settings.collect, collect.bind), ("publish", settings.publish, publish.bind))
    faults = 0
    for family, steps, bind in families:
        for number, step in enumerate(steps):
            try:
                bind(step, f"{family}[{number}]")
                if family == "collect" and "models" in step.with_:
                    collect.models.find(step.with_["models"], world)
            except ConfigError as error:
                faults += 1
                yield Finding("bad", "configuration", str(error))
    if not faults:
        counts = f"{len(settings.collect)} collectors, {len(settings.rules)} rules"
        yield Finding("ok", "configuration", f"{path}: {counts}.")


def _inference_options(settings: config.Config) -> list[inference.Options]:
    found = []
    for number, step in enumerate(settings.collect):
        if step.use == "inference":
            try:
                found.append(collect.options(step, f"collect[{number}]"))
            except ConfigError:
                continue  # Said as a fault of the configuration.
    return found


def _runtimes(wanted: Sequence[inference.Options], world: World) -> Iterator[Finding]:
    """Whether an interpreter can really be constructed: importing a runtime does not show that."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "small.tflite")
        write_whole(model, reference.build(32, 0.1))
        for options in wanted:
            found = model_slot.try_runtime(options, model, world)
            yield Finding("bad" if found.reason else "ok", "runtime", found.reason or f"{found.what} runs a model.")


def _folders(settings: config.Config, world: World) -> Iterator[Finding]:
    try:
        found = store.open_store(settings.store, world).check()
    except (ConfigError, StoreError) as error:
        yield Finding("bad", "store", str(error))
        return
    yield Finding("ok", "store", f"{settings.store.use}: {found}")


def _baseline(settings: config.Config, world: World) -> Iterator[Finding]:
    device = machine.identify(world).key
    folder = world.cwd / settings.baselines
    try:
        found = baselines.find(baselines.load(folder).values(), device)
    except ConfigError as error:
        yield Finding("bad", "baseline", str(error))
        return
    if found and found.accepted:
        yield Finding("ok", "baseline", f"{device}: accepted by {found.accepted.by} on {found.accepted.at:%Y-%m-%d}.")
    else:
        step = "after a run, `edgetpu-ci baseline accept` makes one"
        yield Finding("note", "baseline", f"There is none for this machine ({device}) in {folder}; {step}.")


def _noise(settings: config.Config, world: World) -> Iterator[Finding]:
    """What this runner's self-tests say; asked only where something is measured that they are about."""
    if not any(step.use == "inference" for step in settings.collect):
        return
    host = machine.identify(world)
    try:
        tests = runner_record.recall(store.open_store(settings.store, world), host, world)
    except (ConfigError, DocumentError, StoreError) as error:
        yield Finding("bad", "noise floor", str(error))
        return
    usual = [Measurement(subject="any", metric=noise.METRIC)]
    runner = noise.standing(tests, noise.demanded(usual, config.demands(settings)))
    if out := selftest.out_of_gating(runner):
        yield Finding("bad", "noise floor", f"{out}.")
    else:
        yield Finding("ok" if tests else "note", "noise floor", f"{selftest.of_runner(runner)}.")


def _github(settings: config.Config, world: World) -> Iterator[Finding]:
    """Whether the token can do what the publishers need; asked only where one of them speaks to GitHub."""
    if not any(step.use in {"pull_request", "check"} for step in settings.publish):
        return
    try:
        happened = event.read(world)
    except ConfigError as error:
        yield Finding("bad", "token", str(error))
        return
    repository = happened.repository or world.env.get("GITHUB_REPOSITORY", "")
    if not repository:
        step = "set GITHUB_REPOSITORY to try it"
        yield Finding("note", "token", f"Not in a job of GitHub Actions, so the token was not tried; {step}.")
        return
    try:
        yield _token(Api(repository, world, "pull-requests: write"), repository)
    except (ConfigError, DeliveryError) as error:
        yield Finding("bad", "token", str(error))


def _token(api: Api, repository: str) -> Finding:
    answer = api.ask("GET", api.repository)
    scopes = str(answer.headers.get("x-oauth-scopes", "")).replace(" ", "")
    may_push = json.loads(answer.text).get("permissions", {}).get("push") is True
    if scopes and not {"repo", "public_repo"} & set(scopes.split(",")):
        return Finding("bad", "token", f"Its scopes ({scopes}) do not let it comment; give it `repo` or `public_repo`.")
    if may_push or scopes:
        return Finding("ok", "token", f"It may write to {repository}.")
    step = "a job says what it may in `permissions:` (pull-requests: write, checks: write)"
    return Finding("note", "token", f"It sees {repository}; whether it may comment shows only when it does: {step}.")
