"""What models became: the largest loss and the largest gain of the week."""

from collections.abc import Iterator

from edgetpu_ci.digest.record import Digest, Moved
from edgetpu_ci.judging import phrases
from edgetpu_ci.render import words
from edgetpu_ci.render.digest.spans import NAME, Line, Span, link


def lines(digest: Digest) -> Iterator[Line]:
    """Both, or why there is none."""
    source = next(one for one in digest.sources if one.of == "benchmarks")
    if not source.count:
        yield (Span("none ran this week" if source.at else "no benchmark report"),)
        return
    moves = [("Largest regression", digest.worst), ("Largest win", digest.best)]
    for name, moved in moves:
        if moved:
            yield (Span(f"{name}: "), *_moved(moved, named=source.machines > 1))
    if not (digest.worst or digest.best):
        yield (Span(f"no change beyond noise in {source.count:,} run{'s' if source.count > 1 else ''}"),)


def _moved(moved: Moved, *, named: bool) -> Line:
    """One of them, with its machine where there are several."""
    machine = [words.plain(moved.device, NAME)] if named and moved.device else []
    subject = " · ".join([words.plain(moved.subject, NAME), words.label(moved.metric), *machine])
    change = phrases.shift(moved.shift, moved.metric) if moved.shift else words.change(moved.comparison)
    against = "" if moved.shift else f" than the {phrases.against(moved.comparison)}"
    levels = words.from_to(moved.comparison)
    return (Span(subject, strong=True), Span(f" {change}{against}, {levels}"), *link("run", moved.url))
