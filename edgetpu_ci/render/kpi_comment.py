"""Key figures in a comment: what needs attention first, then every group; parts and definitions folded."""

from collections.abc import Iterable, Sequence
from typing import Final

from edgetpu_ci import metrics
from edgetpu_ci.judging import judge
from edgetpu_ci.metrics.kpi import Group
from edgetpu_ci.model import Report, Run, Status
from edgetpu_ci.render import definitions, dependencies, gfm, key_figures, room, unknowns, words
from edgetpu_ci.render.key_figures import Figure, Standing
from edgetpu_ci.render.unknowns import Unknown

_MARK: Final[dict[Standing | Status, str]] = {
    "failed": "❌",
    "unknown": "❔",
    "warned": "⚠️",
    "passed": "✅",
    "shown": "",
    "missing": "",
}
_HEAD: Final = ["", "KPI", "Value:", "Against before", "n:", "95 % interval:", "Trend", "Limit"]
_VISIBLE = 24
"""Figures that all stand above the folds; of more only the headlines and what is judged do."""

_MOST_PARTS, _MOST_REASONS, _MOST_SENTENCES, _MOST_COLUMNS, _MOST_DETAILS = 100, 20, 5, 8, 8
_CELL = 160


def parts(report: Report, *, withdrawn: bool) -> room.Parts:
    """The comment of a run that collected nothing but key figures."""
    figures = key_figures.of(report)
    return room.Parts(
        heading=heading(report, figures),
        before=_before(report, figures, withdrawn=withdrawn),
        table=lambda left: _tables(figures, left),
        after=_after(report, figures),
        folded=[*dependencies.fold(report.run.dependencies), *_folds(figures)],
    )


def fold(report: Report) -> list[str]:
    """The key figures and dependencies of a run that measured on a machine as well."""
    figures = [figure for figure in key_figures.of(report) if metrics.published(figure.measurement.metric)]
    kpis = [gfm.fold(f"KPIs: {len(figures):,}", gfm.table(_HEAD, map(_row, figures)))] if figures else []
    return [*kpis, *dependencies.fold(report.run.dependencies)]


def incomplete(run: Run) -> str:
    """What should have been collected and was not, said aloud; empty where nothing is missing."""
    said = [gfm.text(sentence, words.SENTENCE) for sentence in run.incomplete[:_MOST_SENTENCES]]
    rest = len(run.incomplete) - _MOST_SENTENCES
    return " ".join(["**Incomplete:**", *said, *([room.more(rest)] if rest > 0 else [])]) if said else ""


def heading(report: Report, figures: Sequence[Figure]) -> str:
    """The verdict in one line: how many of what."""
    missing = ["incomplete"] if report.run.incomplete else []
    if judge.nothing_measured(report.run.measurements):
        return f"### {_MARK['unknown']} edgetpu-ci KPIs: {' · '.join(['nothing could be collected', *missing])}"
    counted = [f"{count:,} {outcome}" for outcome, count in key_figures.counts(figures).items()]
    return f"### {_sign(report)} edgetpu-ci KPIs: {' · '.join([*missing, *counted]) or 'none'}"


def _sign(report: Report) -> str:
    """Of the verdict; what is incomplete bears no sign of success."""
    status = judge.overall(report.verdicts)
    if report.run.incomplete and status == "passed":
        return _MARK["unknown"]
    return _MARK[status] if report.verdicts else "ℹ️"


def _before(report: Report, figures: Sequence[Figure], *, withdrawn: bool) -> list[str]:
    gone = "What was reported here before is gone." if withdrawn else ""
    line = " · ".join(gfm.text(part, 200) for part in key_figures.occasion(report, figures))
    return [block for block in (gone, line, incomplete(report.run)) if block]


def _tables(figures: Sequence[Figure], left: int) -> list[str]:
    """What needs attention, in as many rows as there is room for, then a table for each group that fits."""
    bad = [figure for figure in figures if figure.needs_attention]
    title = [f"**Needs attention: {len(bad):,}**"] if bad else []
    attention = room.table(_HEAD, [_row(figure) for figure in bad], left - room.size(title))
    found = [*title, *attention] if attention else []
    groups = [_titled(group, shown) for group, (shown, _) in _divided(figures).items() if shown]
    return [*found, *room.fitting(groups, left - room.size(found))]


def _divided(figures: Sequence[Figure]) -> dict[Group, tuple[list[Figure], list[Figure]]]:
    """What is well, of the whole, by group: what stands above the folds, and what in them."""
    well = [figure for figure in figures if not figure.needs_attention and not figure.is_of_part]
    few = len(well) <= _VISIBLE
    return {
        group: ([f for f in members if few or f.is_headline], [f for f in members if not few and not f.is_headline])
        for group, members in key_figures.by_group(well).items()
    }


def _titled(group: Group, figures: Sequence[Figure]) -> str:
    return f"**{definitions.GROUPS[group]}**\n\n{gfm.table(_HEAD, map(_row, figures))}"


def _row(figure: Figure) -> list[str]:
    measured = figure.measurement
    known = measured.value is not None
    return [
        _MARK[figure.standing],
        _name(figure),
        gfm.text(key_figures.value(measured) if known else unknowns.short(figure), _CELL),
        _changed(figure),
        f"{measured.n:,}" if measured.n and known else "",
        gfm.text(words.interval(measured)),
        key_figures.spark(figure),
        _limit(figure),
    ]


def _name(figure: Figure) -> str:
    label = gfm.text(words.label(figure.measurement.metric))
    return f"{gfm.text(figure.measurement.subject)} · {label}" if figure.is_of_part else label


def _changed(figure: Figure) -> str:
    said = gfm.text(key_figures.change(figure.measurement))
    return f"**{said}**" if "worse" in said else said


def _limit(figure: Figure) -> str:
    """The limit, and whom to ask where it is broken."""
    bad = [verdict for verdict in figure.verdicts if verdict.status != "passed"]
    owners = {f"owner {gfm.text(verdict.owner)}" for verdict in bad if verdict.owner}
    runbooks = {f"runbook {gfm.text(verdict.runbook, 200)}" for verdict in bad if verdict.runbook}
    said = gfm.text(key_figures.why(figure), words.SENTENCE)
    return " · ".join(filter(None, [said, *sorted(owners)[:1], *sorted(runbooks)[:1]]))


def _after(report: Report, figures: Sequence[Figure]) -> list[str]:
    next_ = f"**Next:** {_STEP}" if any(figure.needs_attention for figure in figures) else ""
    notes = [f"- Note: {gfm.text(note, words.SENTENCE)}" for note in report.run.notes[:_MOST_SENTENCES]]
    return list(filter(None, [next_, "\n".join(notes)]))


_STEP: Final = (
    "`edgetpu-ci kpi explain NAME` says how a figure is counted and what token it needs; "
    "a limit that no longer fits is changed in the configuration."
)


def _folds(figures: Sequence[Figure]) -> list[str]:
    groups = _divided(figures)
    of_parts = key_figures.by_group(figure for figure in figures if figure.is_of_part)
    untold = unknowns.told_below(figure for figure in figures if not figure.is_of_part)
    titled = [
        (f"Why some are not known: {sum(len(one.figures) for one in untold):,}", _reasons(untold)),
        *((f"More of {_lower(group)}: {len(rest):,}", _listed(rest)) for group, (_, rest) in groups.items() if rest),
        *(
            (f"{definitions.GROUPS[group]}, part by part: {_many(some)}", _by_part(some))
            for group, some in of_parts.items()
        ),
        ("How they were counted", _counted(figures)),
    ]
    return [gfm.fold(title, body) for title, body in titled if body]


def _lower(group: Group) -> str:
    return definitions.GROUPS[group].lower()


def _listed(figures: Sequence[Figure]) -> str:
    return gfm.table(_HEAD, map(_row, figures))


def _many(figures: Iterable[Figure]) -> str:
    return f"{len({figure.measurement.subject for figure in figures}):,}"


def _by_part(figures: Sequence[Figure]) -> str:
    """A row for each workflow, package or host, the worst first; a column for each figure."""
    columns = list(dict.fromkeys(figure.measurement.metric for figure in figures))[:_MOST_COLUMNS]
    cells: dict[str, dict[str, str]] = {}
    for figure in figures:
        cells.setdefault(figure.measurement.subject, {})[figure.measurement.metric] = _cell(figure)
    rows = [[gfm.text(subject), *(row.get(metric, "") for metric in columns)] for subject, row in cells.items()]
    head = ["", *(f"{gfm.text(words.label(metric))}:" for metric in columns)]
    untold = _reasons(unknowns.of(figures))
    return "\n\n".join([room.capped(head, rows, _MOST_PARTS), *([f"Not known:\n\n{untold}"] if untold else [])])


def _cell(figure: Figure) -> str:
    measured = figure.measurement
    if measured.value is None:
        return f"{_MARK[figure.standing]} not known".strip()
    moved = key_figures.change(measured)
    arrow = moved[:1] if moved[:1] in "▲▼" else ""
    return " ".join(filter(None, [_MARK[figure.standing], gfm.text(key_figures.value(measured)), arrow]))


def _reasons(found: Sequence[Unknown]) -> str:
    """Why some are not known, each reason once and whole."""
    shown = [f"- {gfm.text(one.sentence, words.REASON)}" for one in found[:_MOST_REASONS]]
    rest = len(found) - _MOST_REASONS
    return "\n".join([*shown, *([f"- {room.more(rest)}"] if rest > 0 else [])])


def _counted(figures: Sequence[Figure]) -> str:
    """What was counted, left out and read, of each figure of the whole that says so."""
    common = key_figures.window(figures)
    told = [(figure, _details(figure, common)) for figure in figures if not figure.is_of_part]
    rows = [[_name(figure), details] for figure, details in told if details]
    return gfm.table(["KPI", "Details"], rows) if rows else ""


def _details(figure: Figure, common: str) -> str:
    """The time that most are of stands above already."""
    measured = figure.measurement
    window = [(name, text) for name, text in measured.details if name == "window" and text != common]
    source = [(name, text) for name, text in measured.details if name == "source"]
    told = [*window, *key_figures.details(measured), *source][:_MOST_DETAILS]
    return "; ".join(f"{gfm.text(name)}: {gfm.text(text, words.SENTENCE)}" for name, text in told)
