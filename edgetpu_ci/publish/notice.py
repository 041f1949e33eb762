"""What is to be said beside the report: an annotation under Actions, a line elsewhere."""

from typing import Literal

from edgetpu_ci.publish.job import command
from edgetpu_ci.world import World


def notify(level: Literal["notice", "warning", "error"], sentence: str, world: World) -> None:
    """Say one sentence; it changes no verdict by itself."""
    if world.env.get("GITHUB_ACTIONS") == "true":
        world.out(command(level, sentence))
    else:
        world.warn(f"{level}: {sentence}")
