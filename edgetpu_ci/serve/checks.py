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
from edgetpu_ci.model import REPOSITORY
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
        return Check("unhealthy", " ".join(faults), len(corals), "devices")
    if any(use.needs_tpu for use in uses):
        return Check("healthy", f"There is what the configuration needs: {found}.", len(corals), "devices")
    if any(use.target and (use.missing or any(model.fault for model in use.models)) for use in uses):
        seen = f"Nobody knows whether the models that cannot be read need an Edge TPU; on this host: {found}."
        return Check("degraded", seen, len(corals), "devices")
    return Check("healthy", f"No configured model needs an Edge TPU; on this host: {found}.", len(corals), "devices")


def _refusal(use: Use, corals: Sequence[Coral]) -> str:
    if not use.needs_tpu or use.target is None:
        return ""
    if use.target.device.startswith("/"):
        meant = next((one for one in corals if use.target.device in (one.path, one.node)), None)
        return meant.unusable if meant else f"There is no Coral `{use.target.device}` on this host."
    try:
        coral.choose(use.target.device, corals)
    except (ConfigError, DeviceError) as error:
        return str(error)
    return ""


def model_cache(uses: Sequence[Use], measured: Mapping[str, str]) -> Check:
    """Whether the configured models are there, and are those that were measured: `measured` has sha256 by subject."""
    models = dict.fromkeys(model for use in uses for model in use.models)
    missing = dict.fromkeys(pattern for use in uses for pattern in use.missing)
    faults = [model.fault for model in models if model.fault]
    faults += [f'No model file matches "{pattern}".' for pattern in missing]
    if faults:
        more = f" And {len(faults) - _NAMED:,} more." if len(faults) > _NAMED else ""
        return Check("unhealthy", " ".join(faults[:_NAMED]) + more, len(models), "models")
    if not models:
        return Check("healthy", "No models are configured.", 0, "models")
    others = [model.subject for model in models if measured.get(model.subject, model.sha256) != model.sha256]
    if others:
        seen = f"{_names(others)}: another file (by its sha256) than the newest run measured."
        return Check("degraded", seen, len(models), "models")
    held = sum(model.subject in measured for model in models)
    return Check("healthy", f"{_models(len(models))} there, {_same(held)}.", len(models), "models")


def _models(count: int) -> str:
    return "1 model is" if count == 1 else f"{count:,} models are"


def _same(count: int) -> str:
    if not count:
        return "and no run has told a sha256 to hold against (`use: model_file` does)"
    return f"{count:,} of them with the sha256 that the newest run measured"


def dependencies(missing: Sequence[str], lacking: Sequence[str]) -> Check:
    """What measuring needs: what is `missing` keeps a step from measuring, what is `lacking` costs some figures."""
    if missing:
        return Check("unhealthy", " ".join(missing))
    if lacking:
        return Check("degraded", " ".join(lacking))
    return Check("healthy", "All that the configuration needs is installed.")


def disk_space(free: int | None) -> Check:
    """How much room there is where reports are kept."""
    if free is None:
        return Check("degraded", "Nobody could say how much room there is.")
    state: State = "unhealthy" if free < FULL else "degraded" if free < NEARLY_FULL else "healthy"
    return Check(state, f"{free / 1e9:,.1f} GB are free where reports are kept.", free, "bytes")


def freshness(read: Known, now: datetime, settings: Config) -> Check:
    """How old the newest benchmark is, against what the configuration allows."""
    newest = max((run.at for run in read.runs if run.machine != REPOSITORY), default=None)
    if not settings.collect:
        return Check("healthy", "No benchmark is configured.")
    if newest is None:
        seen = "There is no benchmark of the main line yet." if read.is_readable else "Nobody knows of any benchmark."
        return Check("degraded", seen)
    most = settings.observability.health.benchmark_age
    age = max(now - newest, timedelta(0))
    seen = f"The newest benchmark is {durations.words(age)} old; {most} are allowed."
    is_late = age > durations.time(most, "observability.health.benchmark_age")
    return Check("degraded" if is_late else "healthy", seen, round(age.total_seconds()), "s")


def store(read: Known) -> Check:
    """Whether what is kept can be read."""
    if not read.is_readable:
        return Check("unhealthy", read.fault)
    if read.passed_over:
        seen = f"{_documents(read.passed_over)} cannot be read and passed over."
        return Check("degraded", seen, read.passed_over, "documents")
    if not read.runs:
        seen = "There is no report of the main line; `edgetpu-ci run` keeps one, unless `store` means another place."
        return Check("degraded", seen, 0, "documents")
    return Check("healthy", "Every document that was looked at can be read.", 0, "documents")


def _documents(count: int) -> str:
    return "1 document" if count == 1 else f"{count:,} documents"


def _names(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _NAMED:,} more" if len(listed) > _NAMED else ""
    return f"{', '.join(listed[:_NAMED])}{more}"
