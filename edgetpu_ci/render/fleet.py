"""What several devices say together, on a terminal: one sentence, and its figures below."""

from collections.abc import Iterator, Sequence
from typing import Final

from edgetpu_ci import metrics
from edgetpu_ci.fleet import Seen, Suspect, View
from edgetpu_ci.render import words

_SAID: Final[dict[Suspect, str]] = {
    "code": "suspect the code",
    "device": "suspect the device {}",
    "open": "open, look at what {} have in common",
}


def text(found: Sequence[View], devices: int) -> str:
    """All views, or that there is none among so many devices."""
    return "\n".join(_lines(found)) or f"nothing differs between these {devices} devices that is worth a look"


def _lines(found: Sequence[View]) -> Iterator[str]:
    for view in found:
        said = _SAID[view.suspect].format(words.names(view.devices, "devices"))
        yield f"{words.plain(view.subject)} · {words.label(view.metric)}: {said}: {view.because}"
        yield from (f"  {_row(one, view.metric)}" for one in view.seen)


def _row(seen: Seen, metric: str) -> str:
    change = f"{100 * (seen.ratio - 1):+.1f} % against its base".replace("-", "−") if seen.ratio else ""
    told = [metrics.amount(seen.value, metrics.find(metric)), seen.finding, change]
    return f"{words.plain(seen.device)}: {' · '.join(filter(None, told))}"
