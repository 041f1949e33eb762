"""The verbs that measure, judge, keep and say; each a short composition of the parts."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec import structs

from edgetpu_ci import (
    approval,
    artifact,
    assess,
    base,
    baselines,
    codec,
    collect,
    config,
    event,
    history,
    machine,
    measure,
    noise,
    publish,
    recheck,
    report_folder,
    run_events,
    runner_record,
    series_index,
    store,
)
from edgetpu_ci.errors import (
    ConfigError,
    DeliveryError,
    DocumentError,
    EdgeTpuCiError,
    GitError,
    NothingMeasuredError,
    StoreError,
    UndeliveredError,
    UnreachableError,
)
from edgetpu_ci.judging import judge
from edgetpu_ci.model import Report, Run
from edgetpu_ci.publish import job
from edgetpu_ci.publish.notice import notify
from edgetpu_ci.world import World

if TYPE_CHECKING:
    from edgetpu_ci.alerting.evaluating import Told, Watch

ANCESTORS = 10
"""Commits before a change among whose reports the one is sought that stands in for a base that cannot be measured."""

_PASSING = (UnreachableError, UndeliveredError)
EXIT = {"passed": 0, "warned": 0, "failed": 1, "unknown": 5}


@dataclass(frozen=True)
class Outcome:
    """A judged report, where it was saved, what was told of it, and what went wrong without stopping it."""

    report: Report
    saved: report_folder.Saved | None = None
    told: "Told | None" = None
    problems: tuple[EdgeTpuCiError, ...] = ()

    @property
    def exit_status(self) -> int:
        """1 a rule failed, 3 nothing measured, 5 unknown where that fails; else the first problem's, or 0."""
        status = judge.status(self.report)
        if status != "failed" and judge.nothing_measured(self.report.run.measurements):
            return NothingMeasuredError.exit_status
        return EXIT[status] or next((problem.exit_status for problem in self.problems), 0)


def run(
    settings: config.Config, folder: Path, world: World, against: base.Source | None = None, unit: str = ""
) -> Outcome:
    """Measure, judge, save and publish; what the Action calls.

    `against` is a base that somebody named, and `unit` one of several devices of this machine: it has a baseline and a
    history of its own.
    """
    _check_wanted(settings)
    happened = event.read(world)
    event.refuse_unsafe(happened, world, allow_forks=settings.allow_forks)
    collectors = _bind_collectors(settings)
    publishers = _bind_publishers(settings)
    keeper = store.open_store(settings.store, world)
    watch = _watch(settings, keeper, happened, world)
    _check(keeper)
    report_folder.check(folder)
    # Files that somebody named are no state of the repository: its accepted levels say nothing of them.
    is_apart = isinstance(against, base.Files)
    known = () if is_apart else tuple(baselines.load(world.cwd / settings.baselines).values())
    with TemporaryDirectory(prefix="edgetpu-ci-") as files:
        plan, note = _plan(settings, happened, against, Path(files, "base"), world)
        taken = measure.noted(measure.take(collectors, plan, happened, world, unit, keeper), note)
        ancestors = base.ancestors(plan.source.commit if plan else happened.base_commit, ANCESTORS, world)
    past, unread = _past(keeper, taken.run, world, keep=assess.is_main_line(taken))
    if assess.is_main_line(taken):
        taken = _settled(taken, collectors, past, settings, world)
    taken = replace(taken, ancestors=ancestors, tests=_self_tests(keeper, taken, world))
    with world.observed.span("judge"):
        report = _approved(assess.report(taken, settings, known, past), happened, settings, world)
    run_events.judged(report, world)
    saved, unsaved = _save(report, taken.samples, folder, None if is_apart else keeper, world)
    outputs, unsaid = _publish(publishers, report, world)
    told = _alert(watch, report, settings, folder, world) if watch and not is_apart else None
    # Nobody waits for a picture who waits for a comment or a page.
    saved, undrawn = _draw(saved, report, folder, world)
    problems = _grave((*unread, *unsaved, *undrawn), unsaid, world)
    outcome = Outcome(report, saved, told, problems)
    job.write_outputs(_outputs(outcome, world) | outputs, world)
    return outcome


def _check_wanted(settings: config.Config) -> None:
    """ConfigError where nothing is listed to be measured."""
    if not settings.collect:
        rather = "`edgetpu-ci run --kpis` collects `kpis`" if settings.kpis else "see docs/configuration.md"
        raise ConfigError(f"`collect` lists nothing to measure; {rather}.")


def _grave(
    problems: Sequence[EdgeTpuCiError], unsaid: Sequence[EdgeTpuCiError], world: World
) -> tuple[EdgeTpuCiError, ...]:
    """Those that weigh on the exit status; a dead GitHub or Slack is said, and changes no verdict."""
    for problem in (*(problem for problem in problems if isinstance(problem, _PASSING)), *unsaid):
        notify("warning", str(problem), world)
    return tuple(problem for problem in problems if not isinstance(problem, _PASSING))


def _watch(settings: config.Config, keeper: store.Store, happened: event.Event, world: World) -> "Watch | None":
    """What watches over alerts, its notifiers checked before anything is measured; a run without any imports none."""
    if not config.is_alerting(settings):
        return None
    from edgetpu_ci.alerting import evaluating

    return evaluating.watch(settings, keeper, happened, world)


def _alert(watch: "Watch", report: Report, settings: config.Config, folder: Path, world: World) -> "Told | None":
    """Tell whoever is to hear of what lasts; that nobody could be told changes no verdict and no exit status."""
    from edgetpu_ci.alerting import evaluating, responding
    from edgetpu_ci.alerting.responding import Hand

    try:
        with world.observed.span("alerts"):
            told = evaluating.after_run(watch, report, event.read(world))
            acting = Hand(settings=settings, watch=watch, folder=folder, world=world)
            told = told and responding.follow(told, acting)
    except EdgeTpuCiError as error:
        notify("warning", f"Nobody was told of alerts: {error}", world)
        return None
    except Exception as error:  # noqa: BLE001 - whatever breaks here, the report is made and its verdict stands
        broke = f"it broke with {type(error).__name__}, of which `edgetpu-ci alerts` says more."
        notify("warning", f"Nobody may have been told of alerts: {broke}", world)
        return None
    for problem in told.problems if told else ():
        notify("warning", str(problem), world)
    return told


def _check(keeper: store.Store) -> None:
    """A store that is misnamed is said before anything is measured; one that is only out of reach is waited for."""
    try:
        keeper.check()
    except _PASSING:
        return


def _plan(
    settings: config.Config, happened: event.Event, against: base.Source | None, folder: Path, world: World
) -> tuple[measure.Plan | None, str]:
    """What is measured beside, if anything, or in words why there is nothing; `against` is what somebody named."""
    source, note = (against, "") if against else _source(settings, happened, folder, world)
    return measure.Plan(source, config.demands(settings), settings.compare.budget_seconds) if source else None, note


def _source(
    settings: config.Config, happened: event.Event, folder: Path, world: World
) -> tuple[base.Source | None, str]:
    """The base to measure beside, or in words why there is none. One that was named must be there."""
    wanted = settings.compare.base
    if wanted == "none" or (wanted == "auto" and not happened.base_commit):
        return None, ""
    try:
        return base.find(wanted, happened, folder, world), ""
    except GitError as error:
        if wanted != "auto":
            raise
        note = f"Not compared with the base: {error}"
        notify("warning", note, world)
        return None, note


def _self_tests(keeper: store.Store, taken: measure.Taken, world: World) -> tuple[noise.SelfTest, ...]:
    """What is known of this runner's noise, where that matters; a record that cannot be had costs no run."""
    if taken.base is None:
        return ()
    try:
        # Self-tests are of the host: its devices share one record.
        return runner_record.recall(keeper, machine.identify(world), world)
    except EdgeTpuCiError as error:
        notify("warning", f"The noise floor of this runner is not known: {error}", world)
        return ()


def _past(keeper: store.Store, run_: Run, world: World, *, keep: bool) -> tuple[assess.Past, tuple[StoreError, ...]]:
    """What was before a run; what was measured is not lost when that cannot be read."""
    device = run_.machine.key
    try:
        known = history.until(run_.at, series_index.load(keeper, device, world, keep=keep))
        reports = history.recent(keeper, device, world)
    except StoreError as error:
        return assess.Past(), (error,)
    before = (report for report in reports if report.run.at < run_.at)
    return assess.Past(reports=before, series=known, commits=partial(base.between, world=world)), ()


def _settled(
    taken: measure.Taken, collectors: Sequence[collect.Bound], past: assess.Past, settings: config.Config, world: World
) -> measure.Taken:
    """With a second measurement of what is out of range; the first is kept when that goes wrong."""
    try:
        with world.observed.span("recheck"):
            return recheck.settle(taken, collectors, past.series, config.demands(settings), world)
    except EdgeTpuCiError as error:
        return measure.noted(taken, f"What was out of range could not be measured again: {error}")


def _approved(report: Report, happened: event.Event, settings: config.Config, world: World) -> Report:
    """The report with what somebody accepted on the pull request; where that cannot be read it is said."""
    if happened.pull_request is None or not any(map(judge.is_open, report.verdicts)):
        return report
    subjects = list(dict.fromkeys(measurement.subject for measurement in report.run.measurements))
    try:
        found = approval.read(happened, settings.compare.accept_label, subjects, world)
    except EdgeTpuCiError as error:
        notify("notice", f"Whether this was accepted on the pull request is not known: {error}", world)
        return report
    return structs.replace(report, verdicts=judge.approved(report.verdicts, found))


def _save(
    report: Report, samples: dict[str, list[float]], folder: Path, keeper: store.Store | None, world: World
) -> tuple[report_folder.Saved | None, tuple[EdgeTpuCiError, ...]]:
    """Keep all that can be kept: what fails is said, and costs only itself."""
    saved: report_folder.Saved | None = None
    problems: list[EdgeTpuCiError] = []
    try:
        if keeper:
            with world.observed.span("save", **{"edgetpu_ci.place": "store"}):
                keeper.append(history.kind(report.run.machine.key), report.run.id, codec.encode_json(report))
    except EdgeTpuCiError as error:
        problems.append(error)
    try:
        with world.observed.span("save", **{"edgetpu_ci.place": "folder"}):
            saved = report_folder.Saved(report=report_folder.save(folder, report, samples))
        run_events.saved(report, str(saved.report), world)
    except EdgeTpuCiError as error:
        problems.append(error)
    run_events.unsaved(report, problems, _PASSING, world)
    return saved, tuple(problems)


def _draw(
    saved: report_folder.Saved | None, report: Report, folder: Path, world: World
) -> tuple[report_folder.Saved | None, tuple[EdgeTpuCiError, ...]]:
    """With the chart, where there is a report to stand beside."""
    try:
        with world.observed.span("draw"):
            return saved and replace(saved, chart=report_folder.draw(folder / "chart.png", report)), ()
    except EdgeTpuCiError as error:
        return saved, (error,)


def _bind_collectors(settings: config.Config) -> list[collect.Bound]:
    section = "kpis" if settings.collect is settings.kpis else "collect"
    return [collect.bind(step, f"{section}[{n}]") for n, step in enumerate(settings.collect)]


def _bind_publishers(settings: config.Config) -> list[publish.Bound]:
    return [publish.bind(step, f"publish[{n}]") for n, step in enumerate(settings.publish)]


def _publish(
    publishers: Sequence[publish.Bound], report: Report, world: World
) -> tuple[dict[str, str], list[EdgeTpuCiError]]:
    outputs: dict[str, str] = {}
    problems: list[EdgeTpuCiError] = []
    for say in publishers:
        try:
            outputs |= say(report, world)
        except EdgeTpuCiError as error:
            problems.append(error)
        except Exception as error:  # noqa: BLE001 - a third party's publisher may fail in its own ways, but costs no run
            problems.append(DeliveryError(f"A publisher failed with {type(error).__name__}: {error}."))
    run_events.undelivered(problems, world)
    return outputs, problems


def _outputs(outcome: Outcome, world: World) -> dict[str, str]:
    status = judge.status(outcome.report)
    place = str(world.cwd / outcome.saved.report) if outcome.saved else ""
    opened = outcome.told.outputs if outcome.told else {"opened": "0"}
    return {"status": status, "report": place, "commented": "false", **opened}


def read_report(path: Path) -> Report:
    """A report from a file, or from the folder that a run left."""
    path = path / "report.json" if os.path.isdir(path) else path  # noqa: PTH112 - it refuses no name, however long
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {os.strerror(error.errno or 0).lower()}.") from error
    return history.decode(data, str(path))


def stored_reports(settings: config.Config, world: World) -> tuple[Report, ...]:
    """All reports of the store; ConfigError when there is none yet."""
    found = history.every(store.open_store(settings.store, world), world)
    if not found:
        raise ConfigError("There are no reports in the store yet; `edgetpu-ci run` keeps one, or name some files.")
    return found


def newest_kpis(settings: config.Config, world: World) -> Report:
    """The newest report of key figures in the store; ConfigError when there is none yet."""
    keeper = store.open_store(settings.store, world)
    if found := next(history.newest(keeper, history.KPIS, world), None):
        return found
    raise ConfigError("There is no report of KPIs in the store yet; `edgetpu-ci run --kpis` keeps one, or name a file.")


def newest_benchmark(settings: config.Config, world: World) -> Report | None:
    """The newest benchmark of a device that was not simulated, if the store has one."""
    found = history.newest(store.open_store(settings.store, world), history.REPORTS, world)
    return next((report for report in found if not report.run.is_simulated), None)


def judge_again(settings: config.Config, path: Path, world: World) -> Outcome:
    """Judge a saved report by the rules and baselines of today; nothing is saved."""
    report = read_report(path)
    keeper = store.open_store(settings.store, world)
    past, unread = _past(keeper, report.run, world, keep=False)
    if unread:
        raise unread[0]
    known = baselines.load(world.cwd / settings.baselines).values()
    return Outcome(report=assess.report(measure.Taken(run=report.run, before=report), settings, known, past))


def publish_report(settings: config.Config, report: Report, world: World) -> None:
    """Say a report everywhere the configuration names; DeliveryError when any could not."""
    outputs, problems = _publish(_bind_publishers(settings), report, world)
    job.write_outputs({"status": judge.status(report), "commented": "false"} | outputs, world)
    if problems:
        raise DeliveryError(" ".join(str(problem) for problem in problems))


def foreign_report(world: World) -> Report:
    """The report of the `workflow_run` that started this job: numbers from a stranger, identity from GitHub."""
    happened = event.read(world)
    if happened.name != "workflow_run":
        raise ConfigError("--from-workflow-run works only in a workflow started by `on: workflow_run`.")
    data = artifact.fetch_report(happened, world)
    number = artifact.find_pull_request(happened, world)
    return artifact.trusted(history.decode(data, "the report in the artifact"), happened, number)


def fold(settings: config.Config, world: World) -> int:
    """Pack the documents of past months in the store; how many."""
    return store.open_store(settings.store, world).fold(f"{world.now():%Y-%m}")
