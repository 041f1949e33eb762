"""`serve`: what the store and this host tell, over HTTP."""

import argparse
import signal
from typing import TYPE_CHECKING

from edgetpu_ci.cli import output, surroundings
from edgetpu_ci.serve import LISTEN

if TYPE_CHECKING:
    from edgetpu_ci.serve.site import Site


def options(command: argparse.ArgumentParser) -> None:
    """Where to listen."""
    surroundings.config_option(command)
    command.add_argument(
        "--listen",
        metavar="ADDRESS:PORT",
        default=LISTEN,
        help="where to listen, on port 0 where there is room; default: %(default)s",
    )
    command.add_argument("--public", action="store_true", help="let other machines read it too")


def run(arguments: argparse.Namespace) -> int:
    """Serve until somebody stops it: 0 after SIGTERM."""
    from queue import SimpleQueue
    from threading import Thread

    from edgetpu_ci.serve import address, routes, server

    place = address.parse(arguments.listen, public=arguments.public)
    # Not an exception: what is being imported meanwhile may catch any.
    stopping: SimpleQueue[int] = SimpleQueue()
    signal.signal(signal.SIGTERM, lambda number, _frame: stopping.put(number))
    door = routes.Door()
    with server.serving(place, door.answer, output.fail) as listening:
        # Reading the configuration takes as long as all the rest: who asks only whether we live need not wait.
        site = _site(arguments)
        door.open(site)
        # Whoever asks first need not wait until all of the store is read.
        Thread(target=site.look, daemon=True).start()
        output.write(f"serving {listening.url}")
        stopping.get()
    return 0


def _site(arguments: argparse.Namespace) -> "Site":
    settings, world = surroundings.settings_if_any(arguments), surroundings.world()
    from edgetpu_ci.serve import site

    return site.of(settings, world)
