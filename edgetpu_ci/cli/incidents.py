"""`incidents`: list them, show one, take one on, close one, silence alerts, and audit how they escalated."""

import argparse
from datetime import datetime, timedelta

from edgetpu_ci.cli import audit, output, surroundings
from edgetpu_ci.errors import ConfigError


def options(command: argparse.ArgumentParser) -> None:
    """The actions of `incidents`, and their options."""
    actions = command.add_subparsers(required=True, metavar="ACTION")
    listing = _action(actions, "list", "list those that are open, those of late, and the silences", _list)
    listing.add_argument("--json", action="store_true", help="print JSON")
    showing = _action(actions, "show", "show all that is known of one", _show)
    showing.add_argument("key", metavar="KEY", help="as `list` shows it, or its beginning")
    taking = _action(actions, "acknowledge", "take one on: it escalates no further", _acknowledge)
    taking.add_argument("key", metavar="KEY")
    taking.add_argument("--by", metavar="ROLE", required=True, help="who, as a role and not by name")
    closing = _action(actions, "close", "say that one is over; if it is still bad, the next run opens another", _close)
    closing.add_argument("key", metavar="KEY")
    closing.add_argument("--reason", metavar="TEXT", required=True)
    silencing = _action(actions, "silence", "say nothing of alerts with these labels until a time", _silence)
    silencing.add_argument("labels", metavar="LABEL=VALUE", nargs="*")
    silencing.add_argument("--everything", action="store_true", help="of any alert: a maintenance window")
    until = silencing.add_mutually_exclusive_group(required=True)
    until.add_argument("--until", metavar="TIME", type=_time, help="as 2026-01-31T18:00+01:00; UTC without the offset")
    until.add_argument("--for", metavar="TIME", dest="lasts", help='as "2 hours"')
    silencing.add_argument("--reason", metavar="TEXT", required=True)
    audit.options(_action(actions, "audit", "fail where nobody was told of what nobody took on", audit.run))


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str, act: object
) -> argparse.ArgumentParser:
    command = actions.add_parser(name, help=summary)
    surroundings.config_option(command)
    command.set_defaults(verb=act)
    return command


def _time(text: str) -> datetime:
    from datetime import UTC

    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text} is no time; write it as 2026-01-31T18:00") from None


def _list(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import codec
    from edgetpu_ci.alerting import desk
    from edgetpu_ci.render import incident_text

    found, silences, muted = desk.overview(surroundings.settings(arguments), surroundings.world())
    if arguments.json:
        output.write(codec.encode_json({"incidents": found, "silences": silences}).decode(), end="")
        return 0
    for text in incident_text.listed(found, silences, muted) if found or silences else ["there are no incidents"]:
        output.say(text)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from edgetpu_ci.alerting import desk
    from edgetpu_ci.render import incident_text

    found, waiting, is_muted = desk.one(surroundings.settings(arguments), arguments.key, surroundings.world())
    for text in incident_text.shown(found, waiting, is_muted=is_muted):
        output.say(text)
    return 0


def _acknowledge(arguments: argparse.Namespace) -> int:
    from edgetpu_ci.alerting import desk

    settings, world = surroundings.settings(arguments), surroundings.world()
    done = desk.acknowledge(settings, arguments.key, arguments.by, world)
    output.say(f"acknowledged  {done.name}, by {done.acknowledged_by}; {_NEXT}")
    return 0


def _close(arguments: argparse.Namespace) -> int:
    from edgetpu_ci.alerting import desk

    done = desk.close(surroundings.settings(arguments), arguments.key, arguments.reason, surroundings.world())
    output.say(f"closed  {done.name}; {_NEXT}")
    return 0


_NEXT = "the next run tells, or `edgetpu-ci alerts` now"


def _silence(arguments: argparse.Namespace) -> int:
    from edgetpu_ci.alerting import desk
    from edgetpu_ci.config import durations

    if arguments.everything == bool(arguments.labels):
        raise ConfigError("Give the labels of what is silenced, as alertname=build_failure_streak, or --everything.")
    settings, world = surroundings.settings(arguments), surroundings.world()
    until = arguments.until
    if until is None:
        lasts = durations.time(arguments.lasts, "--for")
        if lasts == timedelta(0):
            raise ConfigError('--for: a silence of no time silences nothing; write it as "2 hours".')
        until = world.now() + lasts
    made = desk.silence(settings, arguments.labels, until, arguments.reason, world)
    output.say(f"silenced  {' '.join(arguments.labels) or 'everything'} until {made.until:%Y-%m-%d %H:%M} UTC")
    return 0
