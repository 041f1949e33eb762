"""Alerts on silence: of the benchmarks, and of Prometheus itself. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import Final

from edgetpu_ci.config import Config, durations
from edgetpu_ci.model import REPOSITORY
from edgetpu_ci.stack import document, promql
from edgetpu_ci.stack.place import Place

FILE: Final = "prometheus/rules/dead-man.yml"
TESTS: Final = "prometheus/tests/dead-man.yml"
SILENT: Final = "benchmarks_too_old"
WATCHDOG: Final = "Watchdog"

FOR: Final = timedelta(minutes=10)
"""Prometheus has scraped nothing yet when it starts, and an exporter may be restarted."""

_NEWEST: Final = "edgetpu_ci_last_run_timestamp_seconds"
_MINUTE: Final = timedelta(minutes=1)
_LABELS: Final = {"severity": "warning"}

_WATCHING: Final = {
    "alert": WATCHDOG,
    "expr": "vector(1)",
    "labels": {"severity": "none"},
    "annotations": {
        "summary": "Prometheus and Alertmanager are alive",
        "description": "this fires always; whoever no longer hears of it should tell somebody",
    },
}


def files(settings: Config, _place: Place) -> dict[str, str]:
    """The file of rules, that on benchmarks where there are any, and their unit tests."""
    found = [*([_silent(settings)] if settings.collect else []), _WATCHING]
    tests = [*(_tests(settings) if settings.collect else []), _watched()]
    return {
        FILE: document.yaml({"groups": [{"name": "edgetpu-ci-dead-man", "rules": found}]}),
        TESTS: document.tests(FILE, _seconds(_step(settings)), tests),
    }


def _age(settings: Config) -> timedelta:
    """How old the newest benchmark may be."""
    given = durations.time(settings.observability.health.benchmark_age, "observability.health.benchmark_age")
    return max(given, _MINUTE)


def _step(settings: Config) -> timedelta:
    """How often a test looks, in whole minutes: often enough to see 28 days pass within the 30 that are looked back."""
    return max(_age(settings) // 30 // _MINUTE, 1) * _MINUTE


def _silent(settings: Config) -> dict[str, object]:
    selector = f'{_NEWEST}{{machine!="{REPOSITORY}"}}'
    newest = promql.newest(selector, settings.observability.stack.flavour)
    return {
        "alert": SILENT,
        "expr": f"time() - max by (repo) ({newest}) > {_age(settings).total_seconds():.0f} or absent({newest})",
        "for": _seconds(FOR),
        "labels": _LABELS,
        "annotations": _told(settings),
    }


def _told(settings: Config) -> dict[str, str]:
    age = durations.words(_age(settings))
    return {
        "summary": "nothing has been measured",
        "description": f"the newest benchmark is older than {age}, or none is known",
    }


def _seconds(length: timedelta) -> str:
    return f"{length.total_seconds():.0f}s"


def _tests(settings: Config) -> Iterator[dict[str, object]]:
    """Not too old yet, firing, and measured again; and where there never was a benchmark."""
    step, whose = _step(settings), {"repo": "owner/name"}
    young = _age(settings) // step
    fires = young + 1 + ceil(FOR / step)
    values = [(0.0, fires * step // _MINUTE + 1), (fires * step.total_seconds(), step // _MINUTE + 1)]
    given = promql.given(values, settings.observability.stack.flavour)
    measured = [{"series": promql.series(_NEWEST, {**whose, "machine": "any"}), "values": given}]
    firing = {"exp_labels": {**whose, **_LABELS}, "exp_annotations": _told(settings)}
    looks = {0: [], young: [], fires - 1: [], fires: [firing], fires + 1: []}
    yield _test(f"{SILENT}: measured", SILENT, measured, {look * step: told for look, told in looks.items()})
    nothing = {"exp_labels": _LABELS, "exp_annotations": _told(settings)}
    yield _test(f"{SILENT}: never measured", SILENT, [], {0 * step: [], fires * step: [nothing]})


def _watched() -> dict[str, object]:
    firing = {"exp_labels": _WATCHING["labels"], "exp_annotations": _WATCHING["annotations"]}
    return _test(f"{WATCHDOG}: firing", WATCHDOG, [], {timedelta(0): [firing]})


def _test(
    name: str, alert: str, measured: Sequence[object], looks: Mapping[timedelta, Sequence[object]]
) -> dict[str, object]:
    told = [{"eval_time": _seconds(at), "alertname": alert, "exp_alerts": firing} for at, firing in looks.items()]
    return {"name": name, "interval": "1m", "input_series": measured, "alert_rule_test": told}
