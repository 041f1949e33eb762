"""The actions of runbooks: each made ready, with a sentence on what it would do, and done."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, NamedTuple

from edgetpu_ci import codec
from edgetpu_ci.alerting.actions import debug_logs, hooks, profile, resources
from edgetpu_ci.alerting.actions.deed import Deed as Deed
from edgetpu_ci.alerting.actions.deed import Done as Done
from edgetpu_ci.config import durations
from edgetpu_ci.errors import EdgeTpuCiError
from edgetpu_ci.incidents.record import Incident
from edgetpu_ci.runbooks import catalogue
from edgetpu_ci.runbooks.record import Action

_ISSUE: Final = "issue"


class Ready(NamedTuple):
    """`would` says what it would do; `repeatable`: nothing happens twice where it is done again after a kill."""

    would: str
    repeatable: bool
    do: Callable[[], Done]


def make_ready(action: Action, deed: Deed) -> Ready:
    """How an action is done here; what cannot be done says so when it is to be."""
    allowed = deed.settings.alerting.actions.get(action.name)
    if action.workflow or (allowed and allowed.workflow):
        file = action.workflow or (allowed.workflow if allowed else "")
        return _workflow(file, (allowed.inputs if allowed else {}) | action.inputs, deed)
    if allowed:
        return _command(action, allowed.command, allowed.inputs | action.inputs, deed)
    known = catalogue.find(action.name)
    if known is None or known.kind == "hook":
        return _not("`alerting.actions` names no command and no workflow for it")
    return _saying(action, deed) if known.kind == "say" else _looking(action, deed)


def perform(action: Action, ready: Ready) -> Done:
    """Do it; what goes wrong is its result."""
    try:
        return ready.do()
    except EdgeTpuCiError as error:
        return Done(str(error), well=False)
    except Exception as error:  # noqa: BLE001 - an action that breaks costs no run and no alert
        return Done(f"{action.called} broke with {type(error).__name__}.", well=False)


def seconds(action: Action) -> float:
    """How long it may take."""
    return durations.time(action.timeout, f"{action.called}.timeout").total_seconds()


def _not(why: str) -> Ready:
    return Ready(f"nothing: {why}", repeatable=True, do=lambda: Done(f"Not done: {why}.", well=False))


def _workflow(file: str, inputs: dict[str, str], deed: Deed) -> Ready:
    would = f"start the workflow {file} on the default branch"
    return Ready(would, repeatable=False, do=lambda: hooks.dispatch(file, inputs, deed))


def _command(action: Action, argv: tuple[str, ...], inputs: dict[str, str], deed: Deed) -> Ready:
    limit = seconds(action)
    would = f"run {codec.encode_json_line(argv).decode().strip()} for at most {limit:g} s"
    return Ready(would, repeatable=False, do=lambda: hooks.command(action.name, argv, inputs, limit, deed))


def _looking(action: Action, deed: Deed) -> Ready:
    looks: dict[str, tuple[str, Callable[[], Done]]] = {
        "capture_performance_profile": (profile.WOULD, lambda: profile.capture(seconds(action), deed)),
        "check_resource_utilization": (resources.WOULD, lambda: resources.check(deed)),
        "collect_debug_logs": (debug_logs.WOULD, lambda: debug_logs.collect(seconds(action), deed)),
    }
    would, do = looks[action.name]
    return Ready(would, repeatable=True, do=do)


def _saying(action: Action, deed: Deed) -> Ready:
    """What is said goes out with the other messages of the incident: the book has it before anybody hears of it."""
    if deed.incident is None:
        return _not("there is no incident to tell of; name one with --incident")
    if action.name == "create_incident_ticket":
        return _ticket(deed, deed.incident)
    if action.name == "schedule_investigation":
        return _scheduled(action, deed)
    contact = catalogue.contact(action.name, action.inputs)
    alerting = deed.settings.alerting
    if contact not in alerting.contacts:
        return _not(f'`alerting.contacts` has no "{contact}"')
    if alerting.contacts[contact].keys().isdisjoint(step.use for step in alerting.notify):
        return _not(f"`alerting.notify` has no way by which {contact} is told")
    return _telling(contact, f"tell {contact}", f"{contact} was asked to look at it.")


def _ticket(deed: Deed, incident: Incident) -> Ready:
    if not any(step.use == _ISSUE for step in deed.settings.alerting.notify):
        return _not("`alerting.notify` has no `use: issue`")
    if any(target.startswith(f"{_ISSUE} ") for target in incident.receipts):
        return _telling("", "nothing: it has its issue", "The incident has its issue already.")
    return _telling(_ISSUE, "open the incident's issue", "The incident's issue was asked for.")


def _scheduled(action: Action, deed: Deed) -> Ready:
    days = catalogue.days(action.inputs)
    if days is None:
        return _not("`days` is no number of days")
    due = deed.world.now() + timedelta(days=days)
    text = f"Somebody is to have looked into it by {due:%A}, {due.day} {due:%B %Y}."
    return _telling(action.inputs.get("contact", ""), f'write into the incident: "{text}"', text)


def _telling(contact: str, would: str, text: str) -> Ready:
    return Ready(would, repeatable=True, do=lambda: Done(text, tells=(contact,) if contact else ()))
