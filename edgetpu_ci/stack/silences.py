"""The silences of the configuration as a script that makes them in Alertmanager, whose own file can have none. Pure."""

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import Silence
from edgetpu_ci.render import words
from edgetpu_ci.stack import document
from edgetpu_ci.stack.place import Place
from edgetpu_ci.stack.routes import equal

FILE: Final = "alertmanager/silences.sh"

_ANY: Final = 'alertname=~".+"'

_HEAD: Final = f"""\
#!/usr/bin/env bash
# {document.MARK}
# Makes the silences of edgetpu-ci.yml in an Alertmanager, and ends those that it made before.
# Usage: bash silences.sh [http://localhost:9093]
set -euo pipefail
amtool() {{ command amtool --alertmanager.url="$url" "$@"; }}
url="${{1:-http://localhost:9093}}"
by=edgetpu-ci.yml
now="$(date --utc +%Y-%m-%dT%H:%M:%SZ)"
mapfile -t before < <(amtool silence query --quiet --created-by="$by")

silence() {{ # until, and what else amtool takes
  if [[ "$now" < "$1" ]]; then amtool silence add --author="$by" --end="$1" "${{@:2}}" >/dev/null; fi
}}
"""

_FOOT: Final = """
if [ "${#before[@]}" -gt 0 ]; then amtool silence expire "${before[@]}"; fi
"""


def files(settings: Config, _place: Place) -> dict[str, str]:
    """The script, where anything is silenced."""
    silences = settings.alerting.silences
    lines = "".join(f"silence {shlex.join(_words(one))}\n" for one in silences)
    return {FILE: f"{_HEAD}{lines}{_FOOT}"} if silences else {}


def _words(one: Silence) -> Iterator[str]:
    yield _moment(one.until)
    if one.starts:
        yield f"--start={_moment(one.starts)}"
    yield f"--comment={words.plain(one.reason, words.SENTENCE)}"
    yield from (equal(name, value) for name, value in sorted(one.match.items()))
    if not any(one.match.values()):
        yield _ANY


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
