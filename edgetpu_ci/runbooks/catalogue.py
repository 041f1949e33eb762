"""What a runbook may have done without being told how: the allow-list."""

import re
from typing import Final, Literal

from msgspec import Struct

from edgetpu_ci.config.checking import NOTIFY

Kind = Literal["look", "say", "hook"]
"""`look`: reads, and writes a file of ours; `say`: tells somebody; `hook`: what the configuration names for it."""


class Known(Struct, frozen=True):
    """An action of ours. One of kind `hook` may have been done when its job was killed, and is not done again."""

    kind: Kind
    meaning: str
    inputs: tuple[str, ...] = ()


ACTIONS: Final[dict[str, Known]] = {
    "capture_performance_profile": Known(
        "look", "Measure the configured models once more, under `perf` where it is there; report and profile as files."
    ),
    "check_resource_utilization": Known(
        "look", "CPU, memory, disk, temperature, who uses which Coral, and the busiest processes."
    ),
    "collect_debug_logs": Known(
        "look", "What `doctor` says, the last reports and the end of the kernel's log, as one file without secrets."
    ),
    "disable_affected_endpoints": Known("hook", "What `alerting.actions` names for it: a command or a workflow."),
    "create_incident_ticket": Known("say", "Open the incident's issue, where `alerting.notify` has `use: issue`."),
    "schedule_investigation": Known(
        "say", "Write into incident and issue until when somebody looks into it.", ("days", "contact")
    ),
    "notify": Known(
        "say", "Tell the contact that `contact` names; `notify_NAME` tells the contact NAME.", ("contact",)
    ),
}
MOST_DAYS: Final = 366


def find(name: str) -> Known | None:
    """An action of ours; None where there is none of this name."""
    return ACTIONS["notify"] if name.startswith(NOTIFY) else ACTIONS.get(name)


def contact(name: str, inputs: dict[str, str]) -> str:
    """Whom an action tells; empty when it does not say."""
    return inputs.get("contact", "") if name == "notify" else name.removeprefix(NOTIFY)


def days(inputs: dict[str, str]) -> int | None:
    """In how many days somebody is to have looked into it, 3 by default; None where that is no such number."""
    text = inputs.get("days", "3")
    return int(text) if re.fullmatch("[1-9][0-9]{0,2}", text) and int(text) <= MOST_DAYS else None
