"""What all our pictures share: colours, sizes, and that the same figure gives the same file."""

import warnings
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS: Final = ("png", "svg")

# Colours and a grey that stay apart for every kind of colour vision, and in print.
HEAD, BASE = "#0072b2", "#8a8a8a"
WORSE, BETTER, CHANGED = "#b84300", "#00704f", "#6b4fa0"
WIDTH = 10.0
SMALL = 8
_DPI = 130
_MANY_DIGITS = 10_000


def image(draw: Callable[[], "Figure"], kind: str) -> bytes:
    """A figure as a file of one of `KINDS`. Raises ModuleNotFoundError where matplotlib is not installed."""
    from matplotlib import rc_context

    file = BytesIO()
    # A model called $x$ is no formula.
    with rc_context({"svg.hashsalt": "edgetpu-ci", "text.parse_math": False}), warnings.catch_warnings():
        # A name in letters the font lacks is drawn as boxes: no reason to fail, or to say so.
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        draw().savefig(file, format=kind, dpi=_DPI, metadata={"Date": None} if kind == "svg" else {})
    return file.getvalue()


def measured(axes: "Axes", unit: str) -> None:
    """Values up the side, each written out, and their unit; called when all is drawn."""
    from matplotlib.ticker import StrMethodFormatter

    axes.ticklabel_format(axis="y", style="plain", useOffset=False)
    if max(map(abs, axes.get_ylim())) >= _MANY_DIGITS:
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
    axes.set_ylabel(unit, fontsize=SMALL)


def tidy(axes: "Axes") -> None:
    """Small labels, and no frame where there is no axis."""
    axes.tick_params(labelsize=SMALL)
    axes.spines[["top", "right"]].set_visible(False)
