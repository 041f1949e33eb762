"""What a job's later step needs to keep the files of logs: where they are, and for how many days each level."""

from edgetpu_ci import codec
from edgetpu_ci.config import logged
from edgetpu_ci.config.observability import Logs
from edgetpu_ci.publish import job
from edgetpu_ci.world import World


def retention(logs: Logs, world: World) -> dict[str, int]:
    """Days for actions/upload-artifact, by level: as many as GitHub keeps at most, where it says how many."""
    said = world.env.get("GITHUB_RETENTION_DAYS", "")
    most = int(said) if said.isascii() and said.isdecimal() and int(said) else None
    return {level: min(days, most or days) for level, days in logged.retention(logs).items()}


def write_outputs(logs: Logs, world: World) -> None:
    """Set the outputs `logs` and `log-retention` of the step; outside GitHub Actions there are none."""
    days = codec.encode_json_line(retention(logs, world)).decode().strip()
    job.write_outputs({"logs": str(world.cwd / logs.folder), "log-retention": days}, world)
