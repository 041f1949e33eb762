"""What an action is done with, and what came of it."""

import re
from pathlib import Path
from typing import Final, NamedTuple

from edgetpu_ci import redaction
from edgetpu_ci.config import Config
from edgetpu_ci.files import write_whole
from edgetpu_ci.incidents.record import Incident
from edgetpu_ci.render import words
from edgetpu_ci.world import World

MOST_BYTES: Final = 512 << 10
"""How much of what an action says is kept in its file: the end of it."""

_LONGEST: Final = 500


class Done(NamedTuple):
    """How an action ended, in a sentence for the timeline; the file with the rest, and which contacts are to hear."""

    text: str
    well: bool = True
    file: str = ""
    tells: tuple[str, ...] = ()


class Deed(NamedTuple):
    """The configuration, the folder for what an action writes, and the incident it is for, if any."""

    settings: Config
    folder: Path
    world: World
    incident: Incident | None = None

    def facts(self, inputs: dict[str, str]) -> dict[str, str]:
        """What commands are told, as variables: foreign text that never becomes part of a command line."""
        known = {f"INPUT_{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}": value for name, value in inputs.items()}
        if (one := self.incident) is not None:
            known |= {
                "INCIDENT": f"{one.key}-{one.number}",
                "ALERT": one.alertname,
                "SEVERITY": one.severity,
                "PRIORITY": one.priority,
                "REPO": one.labels.get("repo", ""),
                "BRANCH": one.labels.get("branch", ""),
                "COMMIT": one.alerts[0].bad.commit,
                "SUBJECTS": " ".join(sorted({alert.labels.get("subject", "") for alert in one.alerts} - {""})),
            }
        return {f"EDGETPU_CI_{name}": words.plain(value, _LONGEST) for name, value in known.items()}

    def write(self, name: str, text: str) -> str:
        """Keep a text without secrets; where it is."""
        clean = redaction.redacted(text, self.secrets()).encode()
        cut = f"[{len(clean) - MOST_BYTES:,} bytes before this are left out]\n".encode()
        path = self.folder / name
        write_whole(path, clean if len(clean) <= MOST_BYTES else cut + clean[-MOST_BYTES:])
        return str(path)

    def secrets(self) -> tuple[str, ...]:
        """What must stand in no file: also what is in variables that the configuration names."""
        return redaction.secrets(self.world.env, redaction.named(self.settings.alerting))

    def tame(self, text: str, most: int = 200) -> str:
        """Foreign words for the timeline."""
        return words.plain(redaction.redacted(text, self.secrets()), most)
