"""Whether runbooks, alerts and actions fit together. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from edgetpu_ci import spelling
from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.runbooks import catalogue, reading
from edgetpu_ci.runbooks.record import Action, Runbook


def faults(runbooks: Mapping[str, Runbook], rules: Sequence[AlertRule], alerting: Alerting) -> tuple[str, ...]:
    """What is wrong, a sentence each; nothing when every alert has a runbook and every action can be done."""
    return (
        *_of_alerts(runbooks, rules, reading.folder_of(alerting)),
        *_of_triggers(runbooks, rules),
        *_of_actions(runbooks, alerting),
    )


def of(rule: AlertRule, runbooks: Mapping[str, Runbook]) -> Runbook | None:
    """The runbook of an alert: the one it names, or that is called like it, or the first that it triggers."""
    triggered = (one for one in runbooks.values() if rule.name in one.triggers)
    return runbooks.get(_called(rule)) or runbooks.get(rule.name) or next(triggered, None)


def place(rule: AlertRule, runbooks: Mapping[str, Runbook], is_file: Callable[[str], bool]) -> str:
    """Where the runbook of an alert is read: the address it names, or a file that is there; empty where nowhere.

    One in short form alone has nothing to read.
    """
    if is_elsewhere(rule.runbook):
        return rule.runbook
    found = of(rule, runbooks)
    return found.file if found and found.file else rule.runbook if is_file(rule.runbook) else ""


def _called(rule: AlertRule) -> str:
    return rule.runbook.rpartition("/")[2].removesuffix(".md")


def _of_alerts(runbooks: Mapping[str, Runbook], rules: Sequence[AlertRule], folder: str) -> Iterator[str]:
    for rule in rules:
        if is_elsewhere(rule.runbook):
            continue
        if rule.runbook and _called(rule) not in runbooks:
            guess = spelling.meant(_called(rule), runbooks) or "."
            yield f'The alert {rule.name} names the runbook "{rule.runbook}", which is not there{guess}'
        elif of(rule, runbooks) is None:
            yield f"The alert {rule.name} has no runbook; write {folder}/{rule.name}.md."


def is_elsewhere(runbook: str) -> bool:
    """Whether a runbook is an address outside, which we neither read nor check."""
    return runbook.startswith(("https://", "http://"))


def _of_triggers(runbooks: Mapping[str, Runbook], rules: Sequence[AlertRule]) -> Iterator[str]:
    names = [rule.name for rule in rules]
    for runbook in runbooks.values():
        for trigger in runbook.triggers:
            if trigger not in names:
                yield f'{runbook.place}: there is no alert "{trigger}"{spelling.meant(trigger, names) or "."}'


def _of_actions(runbooks: Mapping[str, Runbook], alerting: Alerting) -> Iterator[str]:
    for runbook in runbooks.values():
        for action in runbook.actions:
            if fault := _fault(action, alerting):
                yield f"{runbook.place}: {action.called} {fault}"


def _fault(action: Action, alerting: Alerting) -> str:
    """Why an action cannot be done; empty when it can."""
    if action.workflow or action.name in alerting.actions:
        return ""
    known = catalogue.find(action.name)
    if known is None:
        named = spelling.meant(action.name, (*catalogue.ACTIONS, *alerting.actions))
        return f"is no action of ours, nor one that `alerting.actions` names{named or '.'}"
    if strange := sorted({*action.inputs} - {*known.inputs}):
        return f"takes no input {strange[0]}{spelling.meant(strange[0], known.inputs) or '.'}"
    if known.kind == "hook":
        return "is not set up; name a command or a workflow for it in `alerting.actions`."
    return _unsayable(action, alerting)


def _unsayable(action: Action, alerting: Alerting) -> str:
    if catalogue.days(action.inputs) is None:
        return f"cannot be in so many days; `days` is a whole number from 1 to {catalogue.MOST_DAYS}."
    if not action.name.startswith("notify") and "contact" not in action.inputs:
        return ""
    contact = action.inputs.get("contact", "") or catalogue.contact(action.name, action.inputs)
    if contact in alerting.contacts:
        return ""
    guess = spelling.meant(contact, alerting.contacts)
    return (
        f'tells "{contact}", which `alerting.contacts` does not have{guess or "."}' if contact else "names no contact."
    )
