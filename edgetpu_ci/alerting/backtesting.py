"""Trying an alert on the reports of the store."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from edgetpu_ci import history, metrics, store
from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.incidents import backtest
from edgetpu_ci.incidents.backtest import Backtest, Candidate
from edgetpu_ci.model import Report
from edgetpu_ci.store import Store
from edgetpu_ci.world import World


class Tried(NamedTuple):
    """What a rule would have done, and what others with another threshold would have."""

    found: Backtest
    others: tuple[Candidate, ...]


def run(rule: AlertRule, days: int, settings: Config, world: World) -> Tried:
    """Replay the runs of the main line of the last days; ConfigError where there is nothing to replay."""
    keeper = store.open_store(settings.store, world)
    reports = [backtest.about(rule, report) for report in _reports(keeper, rule, days, world)]
    if not reports:
        raise ConfigError(
            f"The store has no reports of main of the last {days} days that could tell; `edgetpu-ci run` keeps one, "
            "--days looks further back."
        )
    found = backtest.replay(rule, reports, settings.alerting.group_by)
    if found is None:
        raise ConfigError(f'In {len(reports):,} reports of {days} days there is nothing that "{rule.match}" matches.')
    return Tried(found, backtest.compare(found, reports, settings.alerting.group_by))


def _reports(keeper: Store, rule: AlertRule, days: int, world: World) -> Iterator[Report]:
    """Those of main, oldest first, each read when it is its turn. Their names begin with when they were taken."""
    since = world.now() - timedelta(days=days)
    first = f"{since:%Y%m%dT%H%M%SZ}"
    named = sorted((name, kind) for kind in _kinds(rule) for name in keeper.names(kind) if name >= first)
    for name, kind in named:
        for report in history.readable(keeper, kind, [name], world):
            if history.is_main_line(report.run) and report.run.at >= since:
                yield report


def _kinds(rule: AlertRule) -> tuple[str, ...]:
    """In which reports what a rule is about may stand."""
    name = rule.match.rpartition("/")[2]
    if not metrics.is_known(name):
        return (history.REPORTS, history.KPIS)
    return (history.KPIS if metrics.published(name) else history.REPORTS,)
