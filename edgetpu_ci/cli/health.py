"""`health`: whether what CI depends on answers, and how long ago it last measured anything."""

import argparse

from edgetpu_ci.cli import output, surroundings

_EXIT = {"healthy": 0, "degraded": 5, "unhealthy": 1}


def options(command: argparse.ArgumentParser) -> None:
    """The options of `health`."""
    surroundings.config_option(command)
    command.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Look, and say it here and in the job's summary; 1 where something is down, 5 where nobody knows."""
    from edgetpu_ci import ci_health, codec
    from edgetpu_ci.ci_health import verdict
    from edgetpu_ci.publish import job

    world = surroundings.world()
    parts = ci_health.examine(surroundings.settings(arguments), world)
    status = verdict.status(parts)
    if arguments.json:
        known = {"status": status, "timestamp": world.now(), "checks": {part.name: part for part in parts}}
        output.write(codec.encode_json(known).decode(), end="")
    else:
        output.say(verdict.text(parts))
    job.write_outputs({"status": status}, world)
    job.summarize(lambda _room: verdict.summary(parts), world)
    return _EXIT[status]
