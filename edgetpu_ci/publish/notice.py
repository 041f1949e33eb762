"""What a publisher has to say about itself: an annotation under Actions, a line elsewhere."""

from typing import Literal

from edgetpu_ci.publish.job import command
from edgetpu_ci.world import World


def notify(level: Literal["notice", "warning"], sentence: str, world: World) -> None:
    """Say one sentence that changes no verdict."""
    if world.env.get("GITHUB_ACTIONS") == "true":
        world.out(command(level, sentence))
    else:
        world.warn(f"{level}: {sentence}")
