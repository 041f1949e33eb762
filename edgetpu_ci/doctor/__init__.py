"""`edgetpu-ci doctor`: what is well here, what is not, and what to do about it."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from edgetpu_ci import (
    base,
    baselines,
    collect,
    config,
    event,
    machine,
    noise,
    notify,
    publish,
    reference,
    runner_record,
    store,
    tflite,
)
from edgetpu_ci.collect import inference
from edgetpu_ci.doctor import edgetpu, edgetpu_findings, observability
from edgetpu_ci.doctor.finding import Finding, State
from edgetpu_ci.errors import ConfigError, DeliveryError, DocumentError, GitError, InputError, ModelError, StoreError
from edgetpu_ci.files import write_whole
from edgetpu_ci.github_api import Api
from edgetpu_ci.loads import model_slot, slot
from edgetpu_ci.loads.target import Target
from edgetpu_ci.model import Measurement
from edgetpu_ci.render import selftest, unknowns
from edgetpu_ci.runbooks import checking, reading
from edgetpu_ci.world import World

_MARKS = {"ok": "✓", "note": "•", "bad": "✗"}


def examine(path: Path, world: World) -> list[Finding]:
    """Look at everything a run needs, and go on after each fault."""
    try:
        settings = config.load(path)
    except ConfigError as error:
        found = [Finding("bad", "configuration", str(error)), *_runtimes([inference.Options(models=())], world)]
        return _once([*found, *edgetpu.examine((), world)])
    wanted = _targets(settings)
    return _once(
        [
            *_steps(settings, path, world),
            *_base(settings, world),
            *_runtimes(wanted, world),
            *edgetpu.examine(wanted, world),
            *_folders(settings, world),
            *_extras(settings),
            *_baseline(settings, world),
            *_noise(settings, world),
            *_notifiers(settings, world),
            *_runbooks(settings, world),
            *observability.examine(settings, world),
            *_github(settings, world),
            *_readers(settings, world),
        ]
    )


def _once(findings: Iterable[Finding]) -> list[Finding]:
    """Each sentence where it was first said: a runtime that cannot be imported is found missing by all who need it."""
    found: list[Finding] = []
    for finding in findings:
        if not any(known.sentence in finding.sentence for known in found):
            found.append(finding)
    return found


def text(findings: Sequence[Finding]) -> str:
    """Findings as lines."""
    width = max(len(finding.what) for finding in findings)
    return "\n".join(f"{_MARKS[f.state]} {f.what:<{width}}  {f.sentence}" for f in findings)


def _steps(settings: config.Config, path: Path, world: World) -> Iterator[Finding]:
    places = _places(settings)
    faults = [*_collected(places, world)]
    for number, step in enumerate(settings.publish):
        try:
            publish.bind(step, f"publish[{number}]")
        except ConfigError as error:
            faults.append(Finding("bad", "configuration", str(error)))
    yield from faults
    yield from (Finding("note", "configuration", doubt) for doubt in config.doubts(settings, world.now()))
    if all(fault.state != "bad" for fault in faults):
        counted = ((len(places), "collector"), (len(config.demands(settings)), "rule or gate"))
        yield Finding("ok", "configuration", f"{path}: {', '.join(_counted(*one) for one in counted)}.")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what.replace('rule or gate', 'rules and gate')}s"


def _places(settings: config.Config) -> list[tuple[config.Step, str]]:
    """Every step that collects, and where it stands."""
    sections = (("collect", settings.collect), ("kpis", settings.kpis))
    return [(step, f"{name}[{number}]") for name, steps in sections for number, step in enumerate(steps)]


def _collected(places: Iterable[tuple[config.Step, str]], world: World) -> Iterator[Finding]:
    for step, place in places:
        try:
            collect.bind(step, place).check(world)
        except ConfigError as error:
            # They come from what runs before us, which may be still to come.
            state: State = "note" if isinstance(error, InputError) or step.use == "results" else "bad"
            yield Finding(state, "configuration", str(error))


def _base(settings: config.Config, world: World) -> Iterator[Finding]:
    """Whether git knows a base that the configuration names; one of a pull request is known in its job only."""
    if (wanted := settings.compare.base) in {"auto", "none"}:
        return
    try:
        yield Finding("ok", "base", f"{wanted} is {base.resolve(wanted, world)[:12]}.")
    except (ConfigError, GitError) as error:
        yield Finding("bad", "base", f"`compare.base`: {error}")


def _targets(settings: config.Config) -> list[inference.Options]:
    """Where each step that runs models runs them, and which."""
    found = []
    for number, step in enumerate(settings.collect):
        try:
            options = collect.options(step, f"collect[{number}]")
        except ConfigError:
            continue  # Said as a fault of the configuration.
        if isinstance(options, Target):
            shared = {name: getattr(options, name) for name in Target.__struct_fields__}
            found.append(inference.Options(models=getattr(options, "models", ()), **shared))
    return found


def _runtimes(wanted: Sequence[inference.Options], world: World) -> Iterator[Finding]:
    """Whether an interpreter can really be constructed: importing a runtime does not show that."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "small.tflite")
        write_whole(model, reference.build(32, 0.1))
        for options in wanted:
            found = model_slot.try_runtime(options, model, world)
            if isinstance(found, str):
                yield Finding("bad", "runtime", found)
            else:
                yield Finding("ok", "runtime", f"{_runtime(found)} runs a model.")
                yield from _too_new(options, found, world)


def _runtime(answer: slot.Answer) -> str:
    """What ran: of the two packages called pycoral, only Google's can."""
    maker = "Google's " if answer.runtime == "pycoral" else ""
    return f"{maker}{answer.runtime_version} on Python {answer.python} with numpy {answer.numpy}"


def _too_new(options: inference.Options, answer: slot.Answer, world: World) -> Iterator[Finding]:
    """Models that are marked as made for a newer runtime than this one."""
    for file in edgetpu.model_files(options, world):
        with suppress(ModelError):
            minimum = tflite.load(file, file.name).minimum_runtime
            if why := edgetpu_findings.too_old(file.name, minimum, answer.runtime, answer.version):
                yield Finding("bad", "runtime", why)


def _folders(settings: config.Config, world: World) -> Iterator[Finding]:
    try:
        found = store.open_store(settings.store, world).check()
    except (ConfigError, StoreError) as error:
        yield Finding("bad", "store", str(error))
        return
    yield Finding("ok", "store", f"{settings.store.use}: {found}")


def _extras(settings: config.Config) -> Iterator[Finding]:
    """Packages that key figures and what is made of them need, where they are missing."""
    wanted = {"kpis": ("defusedxml", "pypi_simple"), "chart": ("matplotlib",), "table": ("pandas",)}
    for extra, modules in wanted.items() if settings.kpis else ():
        if missing := [name for name in modules if find_spec(name) is None]:
            step = f"`pip install 'edgetpu-ci[{extra}]'` has {'it' if len(missing) == 1 else 'them'}"
            yield Finding("note", "packages", f"{_NEEDED[extra]} {' and '.join(missing)}, not installed; {step}.")


_NEEDED = {
    "kpis": "XML reports, lock files and the package index need",
    "chart": "The chart of a run needs",
    "table": "`edgetpu-ci table` needs",
}


def _baseline(settings: config.Config, world: World) -> Iterator[Finding]:
    """The baseline of this machine, which key figures alone need not have."""
    if settings.kpis and not settings.collect:
        return
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


def _notifiers(settings: config.Config, world: World) -> Iterator[Finding]:
    """Whether each way of telling somebody could say anything, to each contact; their secrets may be only a job's."""
    state: State = "bad" if world.env.get("GITHUB_ACTIONS") else "note"
    for number, step in enumerate(settings.alerting.notify):
        faults = list(_untold(step, f"alerting.notify[{number}]", settings, world))
        yield from (Finding(state, f"use: {step.use}", fault) for fault in faults)
        if not faults:
            yield Finding("ok", f"use: {step.use}", f"{step.use} has what it needs to tell somebody.")


def _untold(step: config.Step, place: str, settings: config.Config, world: World) -> Iterator[str]:
    try:
        bound = notify.bind(step, place)
        bound.check(world)
    except ConfigError as error:
        yield str(error)
        return
    for name, addresses in settings.alerting.contacts.items():
        address = addresses.get(step.use, "")
        if address and bound.fault and (fault := bound.fault(address, world)):
            yield f"alerting.contacts.{name}: {fault}"


def _runbooks(settings: config.Config, world: World) -> Iterator[Finding]:
    """Whether every alert has a runbook, and what they would have done can be."""
    rules = config.alert_rules(settings)
    if not rules:
        return
    try:
        found = reading.load(settings.alerting, world.cwd)
    except ConfigError as error:
        yield Finding("bad", "runbooks", str(error))
        return
    faults = checking.faults(found, rules, settings.alerting)
    yield from (Finding("note", "runbooks", fault) for fault in faults)
    if not faults:
        yield Finding("ok", "runbooks", f"Each of {len(rules)} alerts has one.")


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


def _readers(settings: config.Config, world: World) -> Iterator[Finding]:
    """What the token does not let the collectors read: of that they can say nothing. Each permission is said once."""
    wanting: dict[str, list[str]] = {}
    for step, place in _places(settings):
        try:
            refused = collect.bind(step, place).probe(world)
        except (ConfigError, DeliveryError) as error:
            yield Finding("bad", f"use: {step.use}", str(error))
            continue
        for refusal in refused or ():
            if needs := unknowns.needed(str(refusal)):
                wanting.setdefault(needs, []).append(step.use)
            else:
                yield Finding("note", f"use: {step.use}", str(refusal))
        if refused is not None and not refused:
            yield Finding("ok", f"use: {step.use}", f"The token may read all that {step.use} asks for.")
    for needs, uses in wanting.items():
        names = unknowns.costs(uses, needs)
        who = f"`use: {uses[0]}` needs {needs}"
        yield Finding("note", "token", f"{unknowns.wanting(len(names), needs, names) if names else who}.")


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
