"""Whether the section `alerting:` makes sense: every name is one that is there, every time can be read. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from edgetpu_ci import misfit, spelling
from edgetpu_ci.config import durations, matrix, shorthand, triggers
from edgetpu_ci.config.alerting import DEMANDS, Alerting, AlertRule, default_routing
from edgetpu_ci.config.logged import RULES, LoggedRule
from edgetpu_ci.errors import ConfigError

ALL: Final = "all_channels"
"""Every way of `notify`."""

NOTIFY: Final = "notify_"
"""Before the name of a contact, an action of a runbook."""

LABELS: Final = ("alertname", "severity", "priority", "repo", "branch", "machine", "subject", "metric", "device")
"""All that alerts are told apart by."""

_HAS_CHANNELS: Final = "slack"
_BY_VARIABLE: Final = ("pagerduty", "webhook")
_LONG_AGO: Final = timedelta(days=30)


def rules(alerting: Alerting) -> tuple[tuple[str, AlertRule], ...]:
    """All alerts and their places: those written out, those in short form, and those of runbooks in short form.

    A runbook whose alert is there already has no second.
    """
    written = ((f"rules[{number}] ({rule.name})", rule) for number, rule in enumerate(alerting.rules))
    found = (*written, *shorthand.expand(alerting))
    names = {rule.name for _, rule in found}
    return (*found, *(one for one in triggers.rules(alerting) if one[1].name not in names))


def hearers(alerting: Alerting, rule: AlertRule) -> tuple[str, ...]:
    """Ways and contacts that are to hear when it begins: those of its level, of its channel, and `immediate` ones."""
    level = rule.to if isinstance(rule, LoggedRule) else _routed(alerting, rule)
    rungs = matrix.ladder(alerting, rule.priority)
    at_once = (name for rung in rungs if rung.after == timedelta(0) for name in rung.contacts)
    return (*level, *([_HAS_CHANNELS] if rule.channel else []), *at_once)


def _routed(alerting: Alerting, rule: AlertRule) -> tuple[str, ...]:
    return alerting.routing.get(rule.severity, default_routing()[rule.severity])


def check(alerting: Alerting, also: Sequence[str] = ()) -> None:
    """ConfigError for the first thing that is wrong, in one sentence with its place.

    `also` has the ways by which an Alertmanager of one's own tells, beside those of `notify`.
    """
    _check_ways(alerting)
    ways = _ways(alerting, also)
    _check_contacts(alerting, ways)
    _check_matrix(alerting)
    _check_routing(alerting, ways)
    found = rules(alerting)
    for place, rule in found:
        _check_rule(rule, alerting, f"alerting.{place}")
    _once([rule.name for _, rule in found], "alerting: two alerts are called")
    for place, rule in found:
        if rule.name in RULES:
            raise ConfigError(f"alerting.{place} has the name of the alert on what is logged; give it another.")
    _check_priorities(alerting)
    _check_labels(alerting)
    _check_silences(alerting)
    _check_actions(alerting)


def _ways(alerting: Alerting, also: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*(step.use for step in alerting.notify), *also)))


def doubts(alerting: Alerting, now: datetime, also: Sequence[str] = ()) -> Iterator[str]:
    """What may be meant, and probably is not; `also` as `check` has it."""
    found, ways = rules(alerting), _ways(alerting, also)
    if found and not ways:
        yield "alerting.notify lists nothing, so that nobody is told of anything"
    for number, silence in enumerate(alerting.silences):
        if now - silence.until > _LONG_AGO:
            yield f"alerting.silences[{number}] expired on {silence.until:%Y-%m-%d}; take it out"
    names = {rule.name for _, rule in found} | RULES.keys()
    for place, match in _matchers(alerting):
        if "alertname" in match and match["alertname"] not in names:
            yield f'{place}: no alert is called "{match["alertname"]}"{spelling.meant(match["alertname"], names)}'
    for place, rule in found:
        yield from _doubts_of(rule, alerting, ways, f"alerting.{place}")


def _doubts_of(rule: AlertRule, alerting: Alerting, ways: Sequence[str], place: str) -> Iterator[str]:
    if rule.channel and ways and _HAS_CHANNELS not in ways:
        yield f"{place}: notify lists no slack, so that nothing is said in {rule.channel}"
    if ways and (names := hearers(alerting, rule)) and not {ALL, *ways, *alerting.contacts}.intersection(names):
        listed = ", ".join(dict.fromkeys(names))
        yield f"{place}: {rule.severity} goes to {listed}, of which notify lists none, so that nobody is told of it"
    if rule.owner not in alerting.contacts and (guess := spelling.meant(rule.owner, alerting.contacts)):
        yield f'{place}.owner: no contact is called "{rule.owner}"{guess}'


def _check_ways(alerting: Alerting) -> None:
    _once([step.use for step in alerting.notify], "alerting.notify lists twice:")


def _check_contacts(alerting: Alerting, ways: Sequence[str]) -> None:
    for name, addresses in alerting.contacts.items():
        if name in (ALL, *ways):
            raise ConfigError(f"alerting.contacts.{name} has the name of a way of telling somebody; give it another.")
        if not addresses:
            raise ConfigError(f"alerting.contacts.{name} has no address; give it one for a way that notify lists.")
        for way, address in addresses.items():
            expect(way, ways, f"alerting.contacts.{name}", "notify lists no")
            if not address.strip():
                raise ConfigError(f"alerting.contacts.{name}.{way} is empty; give an address, or leave {way} out.")
            if way in _BY_VARIABLE and not re.fullmatch(misfit.VARIABLE, address):
                raise ConfigError(f"alerting.contacts.{name}.{way}: {misfit.NO_VARIABLE}.")


def _check_matrix(alerting: Alerting) -> None:
    for name, row in alerting.escalation_matrix.items():
        for after, contacts in row.items():
            place = f"alerting.escalation_matrix.{name}.{after}"
            durations.time(after, place)
            for contact in contacts:
                expect(contact, alerting.contacts, place, "contacts has no")


def _check_routing(alerting: Alerting, ways: Sequence[str]) -> None:
    known = [ALL, *ways, *alerting.contacts]
    for level, names in alerting.routing.items():
        for name in names:
            expect(name, known, f"alerting.routing.{level}", "neither notify nor contacts has")


def _check_rule(rule: AlertRule, alerting: Alerting, place: str) -> None:
    if sum(getattr(rule, name) is not None for name in DEMANDS) != 1:
        raise ConfigError(f"{place} must demand exactly one of: {', '.join(DEMANDS)}.")
    durations.lasting(rule.for_, f"{place}.for")
    if rule.for_ and rule.silent_above_hours is not None:
        raise ConfigError(f"{place}: silence lasts for `silent_above_hours`, however long that is; leave out `for`.")
    durations.time(rule.response_time, f"{place}.response_time")
    if rule.escalation:
        expect(rule.escalation, alerting.contacts, f"{place}.escalation", "contacts has no")
        if not rule.response_time:
            raise ConfigError(f"{place}: {rule.escalation} would never hear of it; give it a response_time.")
    found = matrix.rows(alerting.escalation_matrix, rule.priority)
    if len(found) > 1:
        raise ConfigError(f'{place}: "{rule.priority}" may mean any of: {", ".join(found)}; write one as its priority.')


def _check_priorities(alerting: Alerting) -> None:
    """That each which somebody wrote has a row; those that short forms have by themselves need none."""
    written = ((f"rules[{number}] ({rule.name})", rule.priority) for number, rule in enumerate(alerting.rules))
    in_short = ((one.place, one.form.priority) for one in shorthand.forms(alerting))
    for place, priority in (*written, *in_short) if alerting.escalation_matrix else ():
        if priority and not matrix.rows(alerting.escalation_matrix, priority):
            where = f"alerting.{place}.priority"
            expect(priority, alerting.escalation_matrix, where, "escalation_matrix has no row")


def _check_labels(alerting: Alerting) -> None:
    places = [(f"alerting.group_by[{n}]", (name,)) for n, name in enumerate(alerting.group_by)]
    equal = [(f"alerting.inhibit[{n}].equal", one.equal) for n, one in enumerate(alerting.inhibit)]
    for place, names in (*places, *equal, *((place, tuple(match)) for place, match in _matchers(alerting))):
        for name in names:
            expect(name, LABELS, place, "no alert has a label")


def _matchers(alerting: Alerting) -> Iterator[tuple[str, Mapping[str, str]]]:
    for number, one in enumerate(alerting.inhibit):
        yield f"alerting.inhibit[{number}].source", one.source
        yield f"alerting.inhibit[{number}].target", one.target
    for number, silence in enumerate(alerting.silences):
        yield f"alerting.silences[{number}].match", silence.match


def _check_silences(alerting: Alerting) -> None:
    for number, silence in enumerate(alerting.silences):
        if silence.starts and silence.starts >= silence.until:
            raise ConfigError(f"alerting.silences[{number}] would end before it starts; give it a later `until`.")


def _check_actions(alerting: Alerting) -> None:
    for name, action in alerting.actions.items():
        if bool(action.command) == bool(action.workflow):
            raise ConfigError(f"alerting.actions.{name} must have either a `command` or a `workflow`.")
    for name, one in triggers.short(alerting).items():
        for called in one.actions:
            contact = called.removeprefix(NOTIFY)
            if contact != called and called not in alerting.actions:
                expect(contact, alerting.contacts, f"alerting.runbooks.{name}: {called}", "contacts has no")


def _once(names: Sequence[str], fault: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{fault} {name}.")


def expect(name: str, known: Iterable[str], place: str, fault: str) -> None:
    """ConfigError for a name that is not known, with the one that was likely meant, else with all there are."""
    if name not in (there := tuple(known)):
        listed = f"; there are: {', '.join(there)}." if there else "."
        raise ConfigError(f"{place}: {fault} {name}{spelling.meant(name, there) or listed}")
