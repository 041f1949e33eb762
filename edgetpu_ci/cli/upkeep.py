"""`erase` and `review`: looking after what is kept, and after who may reach the repository."""

import argparse
from typing import TYPE_CHECKING

from edgetpu_ci.cli import output, surroundings
from edgetpu_ci.cli.days import day
from edgetpu_ci.errors import DocumentError

if TYPE_CHECKING:
    from edgetpu_ci.upkeep.erase import Scope


def erase_options(command: argparse.ArgumentParser) -> None:
    """The options of `erase`: exactly one says what."""
    surroundings.config_option(command)
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("--before", metavar="DATE", type=day, help="what came to be before a day, as 2026-01-01")
    what.add_argument("--all", action="store_true", help="all that is kept for key figures")
    what.add_argument("--pull-request", metavar="N", type=_number, help="what is kept of a pull request")
    what.add_argument("--issue", metavar="N", type=_number, help="what is kept of an issue")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text} is no number of a pull request or issue, such as 17")
    return int(text)


def erase(arguments: argparse.Namespace) -> int:
    """Erase what is kept for key figures, and record that."""
    from edgetpu_ci import store
    from edgetpu_ci.upkeep import erase

    world = surroundings.world()
    keeper = store.open_store(surroundings.settings(arguments).store, world)
    done = erase.erase(keeper, _scope(arguments), world)
    for one in done.erased:
        what = one.what.removesuffix("s") if one.count == 1 else one.what
        output.say(f"erased  {one.name}" if one.what == "value" else f"erased  {one.count:,} {what} of {one.name}")
    output.say("recorded that it was done" if done.erased else "nothing to erase; recorded that it was asked for")
    if done.remains:
        output.say(done.remains)
    for sentence in done.unread:
        output.warn(sentence)
    return DocumentError.exit_status if done.unread else 0


def _scope(arguments: argparse.Namespace) -> "Scope":
    from edgetpu_ci.upkeep.erase import Before, Everything, Number

    if arguments.before:
        return Before(arguments.before)
    if arguments.pull_request is not None:
        return Number("pull request", arguments.pull_request)
    return Everything() if arguments.all else Number("issue", arguments.issue)


def review_options(command: argparse.ArgumentParser) -> None:
    """The actions of `review`, and their options."""
    actions = command.add_subparsers(required=True, metavar="ACTION")
    access = actions.add_parser("access", help="show who and what may reach the repository that was not signed off yet")
    surroundings.config_option(access)
    access.add_argument("--sign-off", metavar="ROLE", help="record that this role has looked at it and agrees")
    access.set_defaults(verb=_access)


def _access(arguments: argparse.Namespace) -> int:
    from edgetpu_ci import store
    from edgetpu_ci.transport import github
    from edgetpu_ci.upkeep import access, review_text, reviews

    world = surroundings.world()
    keeper = store.open_store(surroundings.settings(arguments).store, world)
    found, newest = access.read(github.connect(world)), reviews.newest(keeper)
    for line in review_text.lines(found, newest, reviews.secret(keeper, world), world.now()):
        output.say(line)
    if arguments.sign_off is not None:
        done = reviews.sign_off(keeper, found, arguments.sign_off, world)
        output.say(f"signed off  {len(done.entries):,} entries, {done.at:%Y-%m-%d}, by {done.role}")
    return 0
