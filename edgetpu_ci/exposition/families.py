"""From what is known of a store to families: those of the catalogue, and some of our own. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, get_args

from edgetpu_ci import metrics
from edgetpu_ci.exposition import names
from edgetpu_ci.exposition.record import Family, Known, Labels, Ran, Reading, Sample
from edgetpu_ci.incidents.record import Book
from edgetpu_ci.model import Dependency, Status


class Own(NamedTuple):
    """A family that no metric of the catalogue stands for: its help, its labels, and its unit where it has one."""

    help: str
    labels: tuple[str, ...]
    unit: str = ""


_MACHINE: Final = ("repo", "branch", "machine")

OWN: Final[dict[str, Own]] = {
    "alert_bad_runs": Own(
        "in how many runs in a row the demand of an alert was broken; 0 once it is over, as unknown leaves it",
        ("rule", "severity", "priority", "repo", "branch", "subject", "metric", "device", "machine"),
    ),
    "alert_heard_timestamp_seconds": Own(
        "when there was last a value of what an alert on silence watches, in seconds since 1970",
        ("rule", "severity", "priority", "repo", "branch", "subject", "metric", "device", "machine"),
        "seconds",
    ),
    "build_info": Own("1, and which version of the toolkit this is", ("repo", "version")),
    "dependency_info": Own(
        "1 of each dependency that is outdated or vulnerable",
        ("repo", "branch", "package", "current", "latest", "severity", "scope", "fixed_in"),
    ),
    "incidents": Own("incidents that are open, and those of them that nobody took on", ("repo", "state")),
    "last_run_info": Own(
        "1, and which was the newest run of a machine (of key figures: repository)",
        (*_MACHINE, "commit", "report", "url", "version"),
    ),
    "last_run_timestamp_seconds": Own(
        "when the newest run of a machine was, in seconds since 1970", _MACHINE, "seconds"
    ),
    "outbox_waiting": Own("messages on incidents that are still to be said", ("repo",)),
    "regression_ratio": Own(
        "by what fraction it is worse than what it is held against: its own history, a baseline or a base commit; 0 "
        "where nothing lasting is certain",
        ("repo", "branch", "subject", "metric", "device", "machine"),
        "ratio",
    ),
    "rules": Own("verdicts of the newest run of a machine, by status", (*_MACHINE, "status")),
    "store_passed_over": Own("documents of the store that cannot be read", ("repo",)),
    "store_readable": Own("1 when the store could be read at the last look", ("repo",)),
}
"""By name, without the prefix."""

_TAKEN: Final = {*(names.of(metric).name for metric in metrics.CATALOGUE), *(names.PREFIX + name for name in OWN)}


def of(known: Known) -> list[Family]:
    """All families that have samples, by name."""
    found = [*of_readings(known.readings), *(_own(name, tuple(samples)) for name, samples in _ours(known))]
    return sorted((family for family in found if family.samples), key=lambda family: family.name)


def of_readings(readings: Iterable[Reading]) -> list[Family]:
    """Those of the catalogue alone, their values in base units; of several readings of a series all are samples."""
    by_metric: dict[str, list[Reading]] = {}
    for reading in readings:
        by_metric.setdefault(reading.metric, []).append(reading)
    by_name: dict[str, Family] = {}
    for metric, found in by_metric.items():
        if not is_taken(metric):
            family = _family(metric, found)
            # Of a foreign file two metrics may differ by what no name of Prometheus has.
            by_name.setdefault(family.name, family)
    return list(by_name.values())


def is_taken(metric: str) -> bool:
    """Whether a metric that only a foreign file knows would be called as one of ours."""
    return not metrics.is_known(metric) and names.find(metric).name in _TAKEN


def meaning(metric: str) -> str:
    """The help of a metric: what it means; of a key figure also how it is counted, of one with states their numbers."""
    found, kpi = metrics.find(metric), metrics.published(metric)
    said = found.meaning or f"{metric}, as the file calls it that it was read from"
    states = ", ".join(f"{place} {state}" for place, state in enumerate(found.states))
    return f"{said}: {states or (kpi.formula if kpi else '')}" if states or kpi else said


def _family(metric: str, readings: Sequence[Reading]) -> Family:
    name, unit, times, by = names.find(metric)
    # As Name.scaled does it, without a call for each of what may be 100,000.
    samples = [Sample(one.labels, one.value * times / by, one.at) for one in readings]
    return Family(name=name, help=meaning(metric), unit=unit, samples=samples)


def _own(name: str, samples: Sequence[Sample]) -> Family:
    own = OWN[name]
    return Family(name=names.PREFIX + name, help=own.help, unit=own.unit, samples=samples)


def _ours(known: Known) -> Iterator[tuple[str, Iterable[Sample]]]:
    repo: Labels = (("repo", known.repository),)
    yield "alert_bad_runs", known.bad_runs
    yield "alert_heard_timestamp_seconds", known.heard
    yield "build_info", [Sample((*repo, ("version", known.version)), 1)]
    yield "dependency_info", dict.fromkeys(Sample(_dependency(*needed), 1) for needed in known.dependencies)
    yield "incidents", _incidents(known.book, repo) if known.book else ()
    yield "last_run_info", [Sample(_run(ran), 1) for ran in known.runs]
    yield "last_run_timestamp_seconds", [Sample(ran.labels, ran.at.timestamp()) for ran in known.runs]
    yield "outbox_waiting", [Sample(repo, len(known.book.outbox))] if known.book else ()
    yield "regression_ratio", known.regressions
    yield "rules", [sample for ran in known.runs for sample in _rules(ran)]
    yield "store_passed_over", [Sample(repo, known.passed_over)]
    yield "store_readable", [Sample(repo, int(known.is_readable))]


def _dependency(labels: Labels, one: Dependency) -> Labels:
    return (
        *labels,
        ("package", one.package),
        ("current", one.current),
        ("latest", one.latest),
        ("severity", one.severity),
        ("scope", one.scope),
        ("fixed_in", one.fixed_in),
    )


def _run(ran: Ran) -> Labels:
    return (*ran.labels, ("commit", ran.commit), ("report", ran.report), ("url", ran.url), ("version", ran.version))


def _rules(ran: Ran) -> Iterator[Sample]:
    for status in get_args(Status):
        yield Sample((*ran.labels, ("status", status)), ran.verdicts.get(status, 0))


def _incidents(book: Book, repo: Labels) -> Iterator[Sample]:
    waiting = [one for one in book.incidents if one.is_open]
    untaken = [one for one in waiting if one.acknowledged_at is None]
    for state, found in (("open", waiting), ("unacknowledged", untaken)):
        yield Sample((*repo, ("state", state)), len(found))
