"""The section `alerting:`: what somebody is told of, who, where, and what happens when nobody answers."""

from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

from edgetpu_ci.config.step import Step

Level = Literal["info", "warning", "error", "critical"]
"""How grave an alert is; `routing` says which levels go where."""

NAME: Final = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"
"""Names of alerts and labels, as Prometheus takes them."""

DEMANDS: Final = ("above", "below", "worse_by_percent", "streak_above", "missing_above", "silent_above_hours")
"""The fields of an alert of which exactly one is given: its threshold."""

WORKFLOW: Final = r"^([A-Za-z0-9_][\w.-]{0,99}\.ya?ml)?$"
"""The file of a workflow in .github/workflows."""


class AlertRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that somebody is told of, and when: exactly one demand on what `match` names (`subject/metric`).

    `above`, `below`: a threshold that is broken beyond it. `worse_by_percent`: a lasting change for the worse.
    `streak_above`: more than so many runs in a row in which a rule or gate on it failed. `missing_above`: more than so
    many runs in a row without a value. `silent_above_hours`: nothing heard of it for longer, whoever looks, so that
    what runs no more is noticed; its next value ends it. Values of a run are brought together by `over` for each
    combination of the labels in `by`: of `subject`, `metric` and `device`; without `over`, the worst counts.
    `for`: how long it must last, as a time ("15 min") or in a row ("3 runs"). It is over after `resolve_after` good
    runs in a row, never for want of a value. `response_time` is how soon somebody must acknowledge it, else
    `escalation` hears of it; `priority` names a row of `escalation_matrix`.
    """

    name: Annotated[str, Meta(pattern=NAME)]
    match: str
    above: float | None = None
    below: float | None = None
    worse_by_percent: Annotated[float, Meta(ge=0)] | None = None
    streak_above: Annotated[int, Meta(ge=0)] | None = None
    missing_above: Annotated[int, Meta(ge=0)] | None = None
    silent_above_hours: Annotated[float, Meta(gt=0, le=8760)] | None = None
    over: Literal["max", "min", "sum", "avg", "count", ""] = ""
    by: tuple[Literal["subject", "metric", "device"], ...] = ("subject",)
    for_: str = field(name="for", default="")
    resolve_after: Annotated[int, Meta(ge=1, le=100)] = 2
    severity: Level = "warning"
    priority: str = ""
    response_time: str = ""
    escalation: str = ""
    channel: str = ""
    owner: str = ""
    runbook: str = ""
    summary: str = ""


class ShortForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An alert that monitoring documents know by its name, its threshold in words: "> 3 consecutive failures".

    The rest is as in `rules`. `priority` is p0 where it is critical, else p2.
    """

    threshold: str
    priority: str = ""
    response_time: str = ""
    escalation: str = ""
    channel: str = ""
    owner: str = ""
    runbook: str = ""


class Inhibition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """While an alert with the labels `source` fires, those with the labels `target` are not told of.

    Only where both have the same values of the labels in `equal`, as Alertmanager does it.
    """

    source: dict[str, str]
    target: dict[str, str]
    equal: tuple[str, ...] = ("repo", "branch")


class Silence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing is said of alerts with these labels (none: of any, a maintenance window) until it expires."""

    reason: Annotated[str, Meta(min_length=1)]
    until: Annotated[datetime, Meta(tz=True)]
    starts: Annotated[datetime, Meta(tz=True)] | None = None
    match: dict[str, str] = field(default_factory=dict)


class Permitted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a runbook may have done by name: a `command`, words that meet no shell, or a `workflow` of the main branch.

    `inputs` are those of the workflow; a command finds them in its environment.
    """

    command: tuple[Annotated[str, Meta(min_length=1)], ...] = ()
    workflow: Annotated[str, Meta(pattern=WORKFLOW)] = ""
    inputs: dict[str, str] = field(default_factory=dict)


class Automated(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A runbook in the short form of monitoring documents: "error_rate > 5%", or an alert, and what is done at once."""

    trigger: str
    actions: tuple[Annotated[str, Meta(pattern=NAME)], ...]


Routes = dict[Level, tuple[str, ...]]


def default_routing() -> Routes:
    """Where each level goes that `routing` does not name; ways that `notify` does not list are none."""
    return {
        "info": (),
        "warning": ("issue", "slack"),
        "error": ("pagerduty", "issue", "slack"),
        "critical": ("all_channels", "emergency_contacts"),
    }


class Alerting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Alerts and incidents.

    `rules` says when; `critical_alerts` and `warning_alerts` are the same in the short form of monitoring documents.
    `notify` lists the ways of telling somebody, `routing` which of them each level takes: names of `notify` or of
    `contacts` (such as `emergency_contacts`), or `all_channels`. A contact maps each way to an address there.
    `escalation_matrix` says, for each priority, who hears of what nobody acknowledged after which time. Alerts with
    the same labels `group_by` are one incident. `runbooks` is the folder with a Markdown file for each alert; or some
    in short form, beside the folder "runbooks". `actions` are what runbooks may have done beside what we can do
    ourselves, by name.
    """

    rules: tuple[AlertRule, ...] = ()
    critical_alerts: tuple[dict[str, ShortForm], ...] = ()
    warning_alerts: tuple[dict[str, ShortForm], ...] = ()
    group_by: tuple[Annotated[str, Meta(pattern=NAME)], ...] = ("alertname", "branch", "repo")
    inhibit: tuple[Inhibition, ...] = ()
    silences: tuple[Silence, ...] = ()
    notify: tuple[Step, ...] = ()
    routing: Routes = field(default_factory=dict)
    contacts: dict[str, dict[str, str]] = field(default_factory=dict)
    escalation_matrix: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    runbooks: str | dict[Annotated[str, Meta(pattern=NAME)], Automated] = "runbooks"
    actions: dict[Annotated[str, Meta(pattern=NAME)], Permitted] = field(default_factory=dict)
