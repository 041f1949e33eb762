"""How each thing that is looked at is, by what was seen of it. Pure.

Unhealthy is what keeps the configured measurements from being taken or kept; degraded is what somebody should look at,
also because nobody knows. What the configuration does not need is well without it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from edgetpu_ci.config import Config, durations
from edgetpu_ci.device import coral
from edgetpu_ci.device.coral import Coral
from edgetpu_ci.errors import ConfigError, DeviceError
from edgetpu_ci.exposition.record import Known
from edgetpu_ci.serve import known
from edgetpu_ci.serve.health import Check, State
from edgetpu_ci.serve.models import Use

FULL, NEARLY_FULL = 100 << 20, 1 << 30
"""Bytes that are left on a disk: below the first a run may not be kept, below the second it is time to make room."""

_NAMED: Final = 3


def tpu_availability(uses: Sequence[Use], corals: Sequence[Coral]) -> Check:
    """Whether each Edge TPU that a step needs is there and may be opened; nobody opens one to find out."""
    faults = dict.fromkeys(filter(None, (_refusal(use, corals) for use in uses)))
    found = ", ".join(map(str, corals)) or "none"
    if faults:
        return _check("unhealthy", " ".join(faults), len(corals), "devices")
    if any(use.needs_tpu for use in uses):
        return _check("healthy", f"There is what the configuration needs: {found}.", len(corals), "devices")
    if any(use.target and (use.missing or any(model.fault for model in use.models)) for use in uses):
        seen = f"Nobody knows whether the models that cannot be read need an Edge TPU; on this host: {found}."
        return _check("degraded", seen, len(corals), "devices")
    return _check("healthy", f"No configured model needs an Edge TPU; on this host: {found}.", len(corals), "devices")


def _refusal(use: Use, corals: Sequence[Coral]) -> str:
    if not use.needs_tpu or use.target is None:
        return ""
    if use.target.device.startswith("/"):
        there = any(use.target.device in (one.path, one.node) for one in corals)
        return "" if there else f"There is no Coral `{use.target.device}` on this host."
    try:
        coral.choose(use.target.device, corals)
    except (ConfigError, DeviceError) as error:
        return str(error)
    return ""


def model_cache(uses: Sequence[Use], measured: Mapping[str, str]) -> Check:
    """Whether the configured models are there, and are those that were measured: `measured` has sha256 by subject."""
    models = {model.subject: model for use in uses for model in use.models}
    missing = dict.fromkeys(pattern for use in uses for pattern in use.missing)
    faults = [model.fault for model in models.values() if model.fault]
    faults += [f'No model file matches "{pattern}".' for pattern in missing]
    if faults:
        more = f" And {len(faults) - _NAMED:,} more." if len(faults) > _NAMED else ""
        return _check("unhealthy", " ".join(faults[:_NAMED]) + more, len(models), "models")
    if not models:
        return _check("healthy", "No models are configured.", 0, "models")
    others = [name for name, model in models.items() if measured.get(name, model.sha256) != model.sha256]
    if others:
        seen = f"{_names(others)}: another file (by its sha256) than the newest run measured."
        return _check("degraded", seen, len(models), "models")
    known = sum(name in measured for name in models)
    return _check("healthy", f"{_models(len(models))} there, {_same(known)}.", len(models), "models")


def _models(count: int) -> str:
    return "1 model is" if count == 1 else f"{count:,} models are"


def _same(known: int) -> str:
    if not known:
        return "and no run has told a sha256 to hold against (`use: model_file` does)"
    return f"{known:,} of them with the sha256 that the newest run measured"


def dependencies(missing: Sequence[str], lacking: Sequence[str]) -> Check:
    """What measuring needs: what is `missing` keeps a step from measuring, what is `lacking` costs some figures."""
    if missing:
        return _check("unhealthy", " ".join(missing))
    if lacking:
        return _check("degraded", " ".join(lacking))
    return _check("healthy", "All that the configuration needs is installed.")


def disk_space(free: int | None) -> Check:
    """How much room there is where reports are kept."""
    if free is None:
        return _check("degraded", "Nobody could say how much room there is.")
    state: State = "unhealthy" if free < FULL else "degraded" if free < NEARLY_FULL else "healthy"
    return _check(state, f"{free / 1e9:,.1f} GB are free where reports are kept.", free, "bytes")


def freshness(read: Known, now: datetime, settings: Config) -> Check:
    """How old the newest benchmark is, against what the configuration allows."""
    newest = next((run.at for run in known.benchmarks(read.runs)), None)
    if not settings.collect:
        return _check("healthy", "No benchmark is configured.")
    if newest is None:
        seen = "There is no benchmark of the main line yet." if read.is_readable else "Nobody knows of any benchmark."
        return _check("degraded", seen)
    most = settings.observability.health.benchmark_age
    age = max(now - newest, timedelta(0))
    seen = f"The newest benchmark is {durations.words(age)} old; {most} are allowed."
    is_late = age > durations.time(most, "observability.health.benchmark_age")
    return _check("degraded" if is_late else "healthy", seen, round(age.total_seconds()), "s")


def store(read: Known) -> Check:
    """Whether what is kept can be read."""
    if not read.is_readable:
        return _check("unhealthy", "The store cannot be read; the log of this server says why.")
    if read.passed_over:
        seen = f"{_documents(read.passed_over)} cannot be read and passed over."
        return _check("degraded", seen, read.passed_over, "documents")
    return _check("healthy", "Every document that was looked at can be read.", 0, "documents")


def _documents(count: int) -> str:
    return "1 document" if count == 1 else f"{count:,} documents"


def _names(names: Iterable[str]) -> str:
    known = list(names)
    more = f" and {len(known) - _NAMED:,} more" if len(known) > _NAMED else ""
    return f"{', '.join(known[:_NAMED])}{more}"


def _check(status: State, seen: str, observed: float | None = None, unit: str = "") -> Check:
    return Check(status, seen, observed, unit)
