"""Published figures beside ours on a terminal: a block for each model, and where the figures come from."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from edgetpu_ci import metrics
from edgetpu_ci.published import Figure, Published, Standing
from edgetpu_ci.render import words

_MS = metrics.find("latency_p50_ms")


def text(standings: Sequence[Standing], known: Published) -> str:
    """All that is shown; a sentence where no measured model has a published figure."""
    return "\n".join(_some(standings, known) if standings else _none(known))


def _some(standings: Sequence[Standing], known: Published) -> Iterator[str]:
    for standing in standings:
        yield from _block(standing)
        yield ""
    shown = {figure.source for standing in standings for figure in standing.figures}
    for source in known.sources:
        if source.name in shown:
            yield f"{source.name}: {source.what} ({source.where})."
    yield "Figures of other hosts, libraries and years: shown, never judged."


def _block(standing: Standing) -> Iterator[str]:
    ours = f"{metrics.amount(standing.ms, _MS)}, the mean of {standing.n:,}"
    yield f"{words.plain(standing.subject)}: {words.plain(standing.why, words.SENTENCE) or ours}"
    yield f"  on {words.plain(standing.device, words.SENTENCE)}"
    for (source, model), figures in groupby(standing.figures, lambda figure: (figure.source, figure.model)):
        yield f"  {source}, {model}"
        yield from map(_row, figures)


def _row(figure: Figure) -> str:
    return f"    {figure.ms:>8g} ms  {figure.ratio:>6.2f} times as long here  {figure.host}"


def _none(known: Published) -> Iterator[str]:
    names = sorted({name for source in known.sources for row in source.rows for name in row.names})
    yield "No measured model has the name of a published one. The names, less `_quant`, `_postprocess` and `_edgetpu`:"
    yield from (f"  {name}" for name in names)
