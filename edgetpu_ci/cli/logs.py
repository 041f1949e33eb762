"""`logs`: list the files of logs, remove what is kept long enough, and check the audit log."""

import argparse
import re
from typing import TYPE_CHECKING

from edgetpu_ci.cli import output, surroundings
from edgetpu_ci.errors import ConfigError

if TYPE_CHECKING:
    from edgetpu_ci.config import Config
    from edgetpu_ci.config.observability import Logs


def options(command: argparse.ArgumentParser) -> None:
    """The actions of `logs`, and their options."""
    actions = command.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list the files of each level and day, and for how long they are kept")
    surroundings.config_option(listing)
    listing.set_defaults(verb=_list)
    pruning = actions.add_parser("prune", help="remove files, and months of the audit log, that are kept long enough")
    surroundings.config_option(pruning)
    pruning.set_defaults(verb=_prune)
    verifying = actions.add_parser("verify", help="check that no line of the audit log was changed, removed or moved")
    surroundings.config_option(verifying)
    verifying.add_argument("--head", metavar="HASH", type=_hash, help="what an earlier `verify` called its newest line")
    verifying.set_defaults(verb=_verify)


def _hash(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError("that is no hash, which has 64 digits")
    return text


def _logs(settings: "Config") -> "Logs":
    if settings.observability.logs is None:
        raise ConfigError("`observability.logs` is not there, so nothing is logged; docs/logging.md says how it is.")
    return settings.observability.logs


def _list(arguments: argparse.Namespace) -> int:
    from edgetpu_ci.config import logged
    from edgetpu_ci.logs import files

    logs, world = _logs(surroundings.settings(arguments)), surroundings.world()
    days = {str(level): kept for level, kept in logged.retention(logs).items()}
    found = list(files.found(world.cwd / logs.folder))
    for one in found:
        kept = f"until {files.until(one, days[one.level])}" if one.level in days else "of no level of ours"
        output.say(f"{one.level:8}  {one.day}  {one.size:>9,} bytes  {kept}  {one.path}")
    if not found:
        output.say(f"there are no files of logs in {logs.folder}")
    return 0


def _prune(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import audit_log, store
    from edgetpu_ci.config import logged
    from edgetpu_ci.logs import files

    settings, world = surroundings.settings(arguments), surroundings.world()
    logs = _logs(settings)
    gone = files.prune(world.cwd / logs.folder, logged.retention(logs), world.now())
    for one in gone:
        output.say(f"removed  {one.path}")
    state = store.open_store(settings.store, world)
    months = audit_log.forget(state, world.now() - audit_log.AGE, world)
    for name in months:
        output.say(f"removed  {name}")
    if not gone and not months:
        output.say("nothing is kept longer than it is to be")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import audit_log, store

    world = surroundings.world()
    found = audit_log.lines(store.open_store(surroundings.settings(arguments).store, world))
    faults = list(audit_log.faults(found, arguments.head or ""))
    for fault in faults:
        output.fail(fault)
    if not faults:
        count = "1 line" if len(found) == 1 else f"{len(found):,} lines"
        output.say(f"{count}, as written" if found else "the audit log is empty")
    if found:
        output.say(f"head  {found[-1].line.hash}")
    return int(bool(faults))
