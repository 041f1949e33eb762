"""Which trace the spans of this process belong to: one that is handed on, one that others make of this run, or ours."""

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from edgetpu_ci.config.observability import Join

CHECK_RUN: Final = "EDGETPU_CI_CHECK_RUN_ID"
"""The variable with `${{ job.check_run_id }}`, which GitHub puts into no variable of its own."""

_PARENT: Final = re.compile("(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_MEMBER: Final = re.compile(
    r"[a-z0-9][a-z0-9_*/-]{0,240}(@[a-z][a-z0-9_*/-]{0,13})?=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
_MOST_MEMBERS: Final = 32
_MOST_STATE: Final = 512
_SAMPLED: Final = 1


class Context(NamedTuple):
    """A trace of 16 bytes, and the 8 of the span that ours are below: none where they begin it.

    `state` is handed on as it came. Of a trace that is not `sampled` nothing is kept by anybody.
    """

    trace: bytes
    parent: bytes = b""
    state: str = ""
    sampled: bool = True


def find(join: Join, env: Mapping[str, str], token: Callable[[], str]) -> tuple[Context, str]:
    """The trace we are part of, and what is to be said of a TRACEPARENT that is none.

    `token` gives 16 hexadecimal digits that nobody can foresee.
    """
    said = env.get("TRACEPARENT", "").strip()
    if given := parse(said, env.get("TRACESTATE", "")):
        return given, ""
    note = "TRACEPARENT is not written as W3C's Trace Context says, and is ignored." if said else ""
    return joined(join, env) or Context(bytes.fromhex(token() + token())), note


def parse(parent: str, state: str = "") -> Context | None:
    """What TRACEPARENT and TRACESTATE say (W3C Trace Context, 3.2 and 3.3); None where the first is none.

    A state that is none is left out, as its own rules ask for.
    """
    found = _PARENT.fullmatch(parent)
    if not found or (found[1] == "00" and found[5]):
        return None
    trace, span = bytes.fromhex(found[2]), bytes.fromhex(found[3])
    return Context(trace, span, _state(state), bool(int(found[4], 16) & _SAMPLED))


def _state(text: str) -> str:
    members = [member.strip() for member in text.split(",") if member.strip()]
    is_sound = len(members) <= _MOST_MEMBERS and all(_MEMBER.fullmatch(member) for member in members)
    whole = ",".join(members)
    return whole if is_sound and len(whole) <= _MOST_STATE else ""


def joined(join: Join, env: Mapping[str, str]) -> Context | None:
    """The trace that others make of this run of a workflow when GitHub tells them of it; None outside of one.

    Sources: receiver/githubreceiver/trace_event_handling.go of open-telemetry/opentelemetry-collector-contrib at
    0829e775, where a span's id comes of the job's check run since 0.151.0; gha-otel-export/README.md of
    grafana/grafana-github-actions at 3fd062e5.
    """
    run, attempt = env.get("GITHUB_RUN_ID", ""), env.get("GITHUB_RUN_ATTEMPT", "")
    if not join or not _is_number(run) or not _is_number(attempt):
        return None
    job = env.get(CHECK_RUN, "").strip()
    seed = f"{run}{attempt}" if join == "githubreceiver" else f"{env.get('GITHUB_REPOSITORY', '')}{run}{attempt}"
    # Grafana's job is known by its name, which a job does not know of itself: GITHUB_JOB is its id.
    parent = f"{job}-j" if join == "githubreceiver" and _is_number(job) else f"{seed}s"
    return Context(_digest(f"{seed}t")[:16], _digest(parent)[8:16])


def _is_number(text: str) -> bool:
    return bool(re.fullmatch("[0-9]{1,20}", text))


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
