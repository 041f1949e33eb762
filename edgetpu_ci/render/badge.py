"""A badge for a README: one label and one short message, as an SVG that needs no font of ours."""

from string import Template
from typing import Final
from xml.sax.saxutils import escape

from edgetpu_ci import metrics
from edgetpu_ci.judging import judge
from edgetpu_ci.model import REPOSITORY, SIMULATED, Report
from edgetpu_ci.render import lines, words

GREEN, YELLOW, RED, GREY = "#1a7f37", "#8a6100", "#c0322b", "#5f6670"
"""White text on each has a contrast of at least 4.5 to 1."""

_LABEL, _KPIS = "edge tpu", "KPIs"
_MOST = 60
_TYPICAL: Final = "latency_p50_ms"
_COLOURS: Final = {"passed": GREEN, "warned": YELLOW, "failed": RED, "unknown": GREY}

# Widths of Verdana at 11 pixels; the SVG asks for exactly the width that is estimated, whatever font there is.
_WIDTHS: Final = {
    sign: width
    for signs, width in (("ijl'|", 3.1), (" .,:;!ftI()[]/-", 4.2), ("r", 4.8), ("ckszvxy", 6.2), ("mwMWQOGD%@", 9.8))
    for sign in signs
}
_COMMON, _WIDE, _PADDING, _ROUND = 6.9, 11.0, 6, 3

_SVG: Final = Template("""\
<svg xmlns="http://www.w3.org/2000/svg" width="$width" height="20" role="img" aria-label="$title">
<title>$title</title>
<path fill="#3b424b" d="M3 0H${left}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z"/>
<path fill="$colour" d="M${left} 0h${right}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H${left}z"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">
<text x="$label_x" y="14" textLength="$label_px">$label</text>
<text x="$message_x" y="14" textLength="$message_px">$message</text>
</g>
</svg>
""")


def badge(label: str, message: str, colour: str) -> str:
    """An SVG of 20 pixels height; `colour` is one of ours, the texts may be anybody's."""
    label, message = words.plain(label, _MOST), words.plain(message, _MOST)
    label_px, message_px = _width(label), _width(message)
    left, right = label_px + 2 * _PADDING, message_px + 2 * _PADDING
    return _SVG.substitute(
        title=_escaped(f"{label}: {message}"),
        label=_escaped(label),
        message=_escaped(message),
        colour=colour,
        width=left + right,
        left=left,
        right=right - _ROUND,
        label_x=_PADDING,
        label_px=label_px,
        message_x=left + _PADDING,
        message_px=message_px,
    )


def of(report: Report) -> str:
    """The badge of a report: what is wrong, or how fast its one model is, or that nothing regressed."""
    said = _message(report)
    label = _KPIS if report.run.machine.key == REPOSITORY else _LABEL
    return badge(label, f"{SIMULATED}: {said}" if report.run.is_simulated else said, _COLOURS[judge.status(report)])


def _message(report: Report) -> str:
    if judge.nothing_measured(report.run.measurements):
        return "nothing measured"
    status = judge.status(report)
    if status != "passed":
        return _worst(report)
    typical = [m for m in report.run.measurements if m.metric == _TYPICAL and m.value is not None]
    if len(typical) == 1:
        return metrics.amount(typical[0].value or 0.0, metrics.find(_TYPICAL))
    regressed = any(comparison.finding == "regressed" for comparison in report.comparisons)
    return "no regressions" if report.comparisons and not regressed else "passed"


def _worst(report: Report) -> str:
    """What most needs to be looked at, and how many there are of it: `2 slower`."""
    found = [line for line in lines.of(report) if line.standing in {"failed", "unknown", "warned"}]
    outcome, count = next(iter(lines.counts(found).items()), ("warned", 0))
    return f"{count:,} {outcome}" if count else outcome


def _width(text: str) -> int:
    return max(1, round(sum(_WIDTHS.get(sign, _COMMON if words.columns(sign) < 2 else _WIDE) for sign in text)))  # noqa: PLR2004 - two columns


def _escaped(text: str) -> str:
    return escape(text, {'"': "&quot;"})
