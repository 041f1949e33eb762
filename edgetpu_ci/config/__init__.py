"""`edgetpu-ci.yml`: what to measure, what to demand, where to keep it and where to say it."""

import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePath
from typing import Annotated

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from edgetpu_ci import codec, metrics, spelling
from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.config.observability import Logs, Observability
from edgetpu_ci.config.step import Step as Step
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.model import Rule

FILE = "edgetpu-ci.yml"


_CHANGES = {"performance_regression", "performance_degradation"}
"""Gates on a change of sustained throughput, in percent, as operational monitoring documents name them."""


class Gate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A quality gate in short form: `test_coverage: {minimum: 80, target: 90}`."""

    minimum: float | None = None
    target: float | None = None
    maximum: float | None = None


class Comparing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is measured in turns with the head, on the same machine in the same job.

    `base`: `auto`, on pull requests and in merge queues what the change was made from; a commit, branch or tag; or
    `none`. Every metric has 10 rounds; more, up to 30, while less than `budget_seconds` was spent on all of them.
    `accept_label`: the label by which what became worse is accepted on a pull request (docs/history.md).
    """

    base: str = "auto"
    budget_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 900
    accept_label: Annotated[str, Meta(min_length=1)] = "edgetpu-ci: accept"


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration.

    `collect` is what `edgetpu-ci run` measures, `kpis` what `edgetpu-ci run --kpis` collects of the repository. A rule
    or a gate on a metric of the one kind is left out where only the other was collected. `alerting` says who is told of
    what lasts from one run to the next.
    """

    collect: tuple[Step, ...] = ()
    kpis: tuple[Step, ...] = ()
    rules: tuple[Rule, ...] = ()
    quality_gates: dict[str, Gate] = field(default_factory=dict)
    baselines: str = "baselines"
    compare: Comparing = Comparing()
    store: Step = Step(use="folder")
    publish: tuple[Step, ...] = (Step(use="job"),)
    alerting: Alerting = Alerting()
    observability: Observability = Observability()
    allow_forks: bool = False


def load(path: Path) -> Config:
    """Read and check a configuration file."""
    try:
        with path.open("rb") as file:
            data = file.read(codec.MAX_YAML_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"There is no {path}; `edgetpu-ci init` writes one, `--config FILE` names another.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {os.strerror(error.errno or 0)}.") from error
    config = codec.decode_yaml(data, Config, str(path))
    for number, rule in enumerate(config.rules):
        _check(rule, f"{path}: rules[{number}]")
    for name, gate in config.quality_gates.items():
        _check_gate(name, gate, f"{path}: quality_gates.{name}")
    if is_alerting(config):
        _check_alerting(config, path)
    if config.observability != Observability():
        _check_observability(config.observability, path)
    return _logging(config, path) if config.observability.logs else config


def _logging(config: Config, path: Path) -> Config:
    """The configuration whose logs are kept as `compliance` is told, in one table; ConfigError where they cannot be."""
    from edgetpu_ci.config import logged

    logs = config.observability.logs or Logs()
    try:
        logged.check(logs, config.alerting)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    told = {"log_retention_days": dict(logged.retention(logs)), "elsewhere": logged.aggregated(logs)}
    kpis = (replace(step, with_=told | step.with_) if step.use == "compliance" else step for step in config.kpis)
    return replace(config, kpis=tuple(kpis))


def is_alerting(config: Config) -> bool:
    """Whether anything stands under `alerting`: without it nothing of alerts is so much as imported."""
    return config.alerting != Alerting()


def _check_alerting(config: Config, path: Path) -> None:
    from edgetpu_ci.config import checking

    try:
        checking.check(config.alerting, told_by_alertmanager(config))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _check_observability(observed: Observability, path: Path) -> None:
    from edgetpu_ci.config import durations

    folder = PurePath(observed.stack.folder)
    if folder.is_absolute() or not folder.parts or ".." in folder.parts:
        raise ConfigError(
            f"{path}: observability.stack.folder must name a folder in the repository, such as monitoring."
        )
    ways = [step.use for step in observed.stack.notify]
    for way in ways:
        if ways.count(way) > 1:
            raise ConfigError(f"{path}: observability.stack.notify lists {way} twice; once is enough.")
    for number, url in enumerate(observed.health.docs):
        if not re.match(r"https?://[^/?#\s]", url):
            raise ConfigError(
                f'{path}: observability.health.docs[{number}]: "{url}" is no address; begin it with https://.'
            )
    place = f"{path}: observability.health.benchmark_age"
    if not durations.time(observed.health.benchmark_age, place):
        raise ConfigError(f"{place} is no time at all; give one longer than between two benchmarks.")


def doubts(config: Config, now: datetime) -> tuple[str, ...]:
    """What is not wrong, and probably not meant: a misspelt metric, a silence that is over."""
    return (*_misspelt(config), *(_doubts_of_alerting(config, now) if is_alerting(config) else ()))


def _doubts_of_alerting(config: Config, now: datetime) -> Iterator[str]:
    from edgetpu_ci.config import checking

    return checking.doubts(config.alerting, now, told_by_alertmanager(config))


def told_by_alertmanager(config: Config) -> tuple[str, ...]:
    """The ways by which Alertmanager tells, where it has ways of its own."""
    return tuple(step.use for step in config.observability.stack.notify)


def _misspelt(config: Config) -> tuple[str, ...]:
    """Names of metrics that nobody knows and that are like a known one: a third party's may be called anything."""
    named = [
        *((f"quality_gates.{name}", name) for name in config.quality_gates if name not in _CHANGES),
        *((f"rules[{number}]", rule.match.rpartition("/")[2]) for number, rule in enumerate(config.rules)),
        *((f"alerting.{place}", rule.match.rpartition("/")[2]) for place, rule in _placed_alerts(config)),
    ]
    guesses = [(place, name, spelling.meant(name, metrics.names())) for place, name in named if _is_strange(name)]
    return tuple(f"{place}: no metric of ours is called {name}{guess}" for place, name, guess in guesses if guess)


def _is_strange(name: str) -> bool:
    is_glob = bool(set(name) & set("*?["))
    return not is_glob and not metrics.is_known(name) and not metrics.find(name).unit


def of_kpis(config: Config) -> Config:
    """The same configuration for a run that collects `kpis`, which have no base beside; ConfigError without any."""
    if not config.kpis:
        raise ConfigError("`kpis` lists nothing to collect; docs/kpis.md has a list to begin with.")
    return replace(config, collect=config.kpis, compare=replace(config.compare, base="none"))


def demands(config: Config) -> tuple[Rule, ...]:
    """All rules: those written out, then those the quality gates stand for."""
    return (*config.rules, *(_gate(name, gate) for name, gate in config.quality_gates.items()))


def alert_rules(config: Config) -> tuple[AlertRule, ...]:
    """All alerts: those written out, then those in short form."""
    return tuple(rule for _, rule in _placed_alerts(config))


def watched_rules(config: Config) -> tuple[AlertRule, ...]:
    """The same, and those on what is logged; none where nobody could be told."""
    if not is_alerting(config) or not config.observability.logs:
        return alert_rules(config)
    from edgetpu_ci.config import logged

    return (*alert_rules(config), *logged.rules(config.observability.logs, config.alerting))


def _placed_alerts(config: Config) -> tuple[tuple[str, AlertRule], ...]:
    if not is_alerting(config):
        return ()
    from edgetpu_ci.config import checking

    return checking.rules(config.alerting)


def _gate(name: str, gate: Gate) -> Rule:
    if name in _CHANGES:
        return Rule(match="*/throughput_sustained_fps", worse_by_percent=gate.maximum)
    return Rule(match=f"*/{name}", min=gate.minimum, target=gate.target, max=gate.maximum)


def _check_gate(name: str, gate: Gate, place: str) -> None:
    if name not in _CHANGES:
        _check(_gate(name, gate), place)
    elif gate.maximum is None or gate.maximum < 0 or (gate.minimum, gate.target) != (None, None):
        raise ConfigError(f"{place} is a change: give it `maximum`, in percent, and nothing else.")


def _check(rule: Rule, place: str) -> None:
    band = (rule.min, rule.target, rule.max)
    demanded = [any(bound is not None for bound in band), rule.worse_by_percent is not None, rule.exact]
    if sum([*demanded, rule.no_change_point]) != 1:
        raise ConfigError(
            f"{place} must demand exactly one of: a band (min, target, max), worse_by_percent, exact, no_change_point."
        )
    given = [bound for bound in band if bound is not None]
    if given != sorted(given):
        raise ConfigError(f"{place}: min, target and max must rise.")
