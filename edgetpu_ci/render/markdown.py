"""A report as one GitHub comment: the verdict first, then what changed; everything else folded."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from edgetpu_ci import metrics, stats
from edgetpu_ci.judging import judge, spoilt
from edgetpu_ci.model import REPOSITORY, Comparison, Report, Status
from edgetpu_ci.render import folds, gfm, kpi_comment, lines, room, selftest, words
from edgetpu_ci.render.lines import Line, Standing

LIMIT = 60_000
"""Bytes of a comment; GitHub takes 65,536 and a publisher may add a line of its own."""

MARK: Final[dict[Standing | Status, str]] = {
    "failed": "❌",
    "unknown": "❔",
    "warned": "⚠️",
    "improved": "✅",
    "changed": "ℹ️",
    "passed": "✅",
}
_TOO_LONG = "_Left out for length: some of the tables. `edgetpu-ci show REPORT` prints them._"
_MAX_NOTES = 5
_NAMED = 3
_TELLING: Final = ("ops_on_cpu", "streamed_parameter_bytes", "switch_upload_bytes", "macs_millions", "ops")


def marker(key: str) -> str:
    """The hidden first line by which a later run finds this comment again."""
    return f"<!-- edgetpu-ci:v1 key={key} -->"


def summary(report: Report, limit: int) -> str:
    """The same for a job summary, which nobody has to find again."""
    return comment(report, limit=limit).partition("\n")[2]


def comment(report: Report, *, key: str = "default", withdrawn: bool = False, limit: int = LIMIT) -> str:
    """The whole comment in at most `limit` bytes: folds give way first, the last one before the others, then rows.

    `withdrawn` says that an earlier run's alarm stood here, and is over.
    """
    parts = kpi_comment.parts if report.run.machine.key == REPOSITORY else _parts
    heading, before, table, after, folded = parts(report, withdrawn=withdrawn)
    head = f"{marker(key)}\n{heading}"
    left = limit - room.size([head, _TOO_LONG])
    footer = room.fitting([_footer(report)], left)
    left -= room.size(footer)
    before = room.fitting(before, left)
    left -= room.size(before)
    after = room.fitting(after, left)
    left -= room.size(after)
    rows = table(left)
    left -= room.size(rows)
    opened = room.fitting(folded, left)
    cut = [_TOO_LONG] if len(opened) < len(folded) else []
    return "\n\n".join([head, *before, *rows, *after, *opened, *cut, *footer])


def _parts(report: Report, *, withdrawn: bool) -> room.Parts:
    """Of a run that measured on a machine; what it collected of the repository beside that is folded."""
    found = lines.of(report)
    return room.Parts(
        heading=heading(report, found, withdrawn=withdrawn),
        before=_before(report, withdrawn=withdrawn),
        table=lambda left: _table([line for line in found if line.standing != "passed"], left),
        after=_after(report, found),
        folded=[*kpi_comment.fold(report), *folds.of(report, found)],
    )


def heading(report: Report, found: Sequence[Line], *, withdrawn: bool = False) -> str:
    """The verdict in one line: how many of what, and where."""
    place = gfm.text(words.place(report.run, 60))
    if judge.nothing_measured(report.run.measurements):
        return f"### {MARK['unknown']} Edge TPU CI: nothing could be measured on {place}"
    status = judge.overall(report.verdicts)
    first, *others = [f"{count:,} {outcome}" for outcome, count in lines.counts(found).items()] or [""]
    if status == "passed":
        calm = "all clear" if withdrawn else "all passed" if report.verdicts else "nothing is demanded"
        return " · ".join(filter(None, [f"### {MARK['passed']} Edge TPU CI: {calm} on {place}", first, *others]))
    open_lines = [line for line in found if line.standing != "passed"]
    if status == "warned" and all(line.outcome == "without a baseline" for line in open_lines):
        # Nothing is wrong on a first run: the sign must not say so.
        return " · ".join(
            [f"### {MARK['changed']} Edge TPU CI: nothing to compare with yet on {place}", first, *others]
        )
    return " · ".join([f"### {MARK[status]} Edge TPU CI: {first} on {place}", *others])


def _before(report: Report, *, withdrawn: bool) -> list[str]:
    run = report.run
    name = words.commit(run.commit)
    commit = f"`{name}`" if name else ""
    branch = f"on {gfm.text(run.branch)}" if run.branch else ""
    against = "; ".join(gfm.text(base, words.SENTENCE) for base in report.bases[:_NAMED])
    turns = _turns(report)
    compared = " · ".join(filter(None, [f"{commit} {branch}".strip(), f"Base: {against}" if against else "", turns]))
    gone = "What was reported here before is gone." if withdrawn else ""
    missing = kpi_comment.incomplete(run)
    busy = f"**The machine was busy:** {gfm.text(run.contended, words.SENTENCE)}." if run.contended else ""
    out = selftest.out_of_gating(report.runner) if report.runner else ""
    noisy = f"**Out of gating:** {gfm.text(out, words.SENTENCE)}." if out else ""
    return [block for block in (gone, compared, missing, busy, noisy) if block]


def _turns(report: Report) -> str:
    """How base and head were measured, and the change that these rounds could just tell from none."""
    taken = [comparison for comparison in report.comparisons if comparison.pairs]
    if not taken:
        return ""
    rounds = sorted({comparison.rounds for comparison in taken})
    counted = f"{rounds[0]}" if len(rounds) == 1 else f"{rounds[0]} to {rounds[-1]}"
    told = words.resolution(taken)
    finest = f", which tell changes from about {told}" if told else ""
    return f"measured in turns on this machine, {counted} rounds{finest}"


def _table(found: Sequence[Line], left: int) -> list[str]:
    """What failed, changed or is unknown: as many rows as there is room for."""
    if not found:
        return []
    tested = any(line.comparison and line.comparison.p_adjusted is not None for line in found)
    change = f"Change ({100 * stats.CONFIDENCE:g} % interval)"
    head = ["", "Model · metric", "Base → Head", change, *(["p, adjusted"] if tested else []), "Limit / why"]
    rows = [_row(line, tested=tested) for line in found]
    return room.table(head, rows, left)


def _row(line: Line, *, tested: bool) -> list[str]:
    subject = gfm.text(words.names(line.subjects, "models"), words.SENTENCE)
    metric = gfm.text(words.names(map(words.label, line.metrics), "metrics"), words.SENTENCE)
    p = [gfm.text(words.p_value(line.comparison)) if line.comparison else ""] if tested else []
    return [MARK[line.standing], f"{subject} · {metric}", _values(line), _changed(line), *p, _why(line)]


def _values(line: Line) -> str:
    if line.comparison:
        return gfm.text(words.from_to(line.comparison))
    if line.measurement is None or line.measurement.value is None:
        return "not measured"
    alone = len(line.subjects) == len(line.metrics) == 1
    return gfm.text(words.value(line.measurement)) if alone else ""


def _changed(line: Line) -> str:
    if line.comparison is None:
        return ""
    said = gfm.text(words.change(line.comparison))
    return f"**{said}**" if line.standing in {"failed", "warned"} else said


def _why(line: Line) -> str:
    """The limit where the change says the rest, else the reason; and whom to ask."""
    told = line.comparison is not None and line.comparison.finding in {"regressed", "improved"}
    demanded = "; ".join(dict.fromkeys(verdict.demand for verdict in line.verdicts if verdict.status != "passed"))
    previous = told and line.comparison is not None and line.comparison.against == "previous run"
    changed = line.comparison.because if line.comparison else ""
    why = gfm.text("; ".join(filter(None, [demanded, line.level, changed])) if told else line.because, words.SENTENCE)
    owners = {f"owner {gfm.text(verdict.owner)}" for verdict in line.verdicts if verdict.owner}
    runbooks = {f"runbook {gfm.text(verdict.runbook, 200)}" for verdict in line.verdicts if verdict.runbook}
    against = "previous run, not a baseline" if previous else ""
    return " · ".join(filter(None, [why, against, *sorted(owners)[:1], *sorted(runbooks)[:1]]))


def _after(report: Report, found: Sequence[Line]) -> list[str]:
    cause = [f"**Likely cause:** {said}." for said in islice(_causes(report, found), 1)]
    steps = " ".join(dict.fromkeys(step for line in found if (step := _step(line, report))))
    notes = "\n".join(f"- Note: {gfm.text(note, words.SENTENCE)}" for note in report.run.notes[:_MAX_NOTES])
    return [*cause, *([f"**Next:** {steps}"] if steps else []), *([notes] if notes else [])]


def _causes(report: Report, found: Sequence[Line]) -> Iterable[str]:
    """Facts of the model file that changed together with a slowdown."""
    slower = {line.subjects[0] for line in found if line.outcome == "slower"}
    return filter(None, (_cause(report, subject) for subject in sorted(slower)))


def _cause(report: Report, subject: str) -> str:
    """What fell back to the CPU, then what else changed of a model, that which most often slows first."""
    details = {m.metric: m.details for m in report.run.measurements if m.subject == subject}
    changed = [c for c in report.comparisons if c.subject == subject and c.finding != "unchanged" and _is_fact(c)]
    said = {
        c.metric: f"{gfm.text(words.from_to(c))}{_evidence(c, details.get(c.metric, ()))}"
        for c in sorted(changed, key=_tells)
    }
    fell = any(c.metric == "ops_on_cpu" and c.head > c.base for c in changed)
    name = gfm.text(subject)
    on_cpu = f"operators of {name} fell back to the CPU: {said.pop('ops_on_cpu')}" if fell else ""
    facts = ", ".join(f"{gfm.text(words.label(metric))} {how}" for metric, how in islice(said.items(), _NAMED))
    rest = f"the model file{'' if fell else f' of {name}'} changed: {facts}" if facts else ""
    return "; ".join(filter(None, [on_cpu, rest]))


def _is_fact(comparison: Comparison) -> bool:
    return metrics.find(comparison.metric).better == "exact"


def _tells(comparison: Comparison) -> int:
    """What most often slows comes first."""
    return _TELLING.index(comparison.metric) if comparison.metric in _TELLING else len(_TELLING)


def _evidence(comparison: Comparison, details: Sequence[tuple[str, str]]) -> str:
    """The operators behind a change of their number; what a file is called by tells nobody anything."""
    if comparison.metric == "model_bytes":
        return ""
    shown = gfm.text(comparison.because, words.SENTENCE) or ", ".join(
        f"{gfm.text(name)} {gfm.text(text)}" for name, text in details[:_NAMED]
    )
    return f" ({shown})" if shown else ""


def _step(line: Line, report: Report) -> str:
    """What to do about a line; a noisy runner's way back stands above."""
    noisy = report.runner is not None and bool(report.runner.quarantine)
    if line.standing in {"improved", "changed", "passed"} or (noisy and line.outcome == "inconclusive"):
        return ""
    if line.outcome == "at a worse level":
        return f"{_bisect(line, report)}A level that is meant is accepted: {_ACCEPT}."
    if hot := _heat(line, report):
        return hot
    if line.comparison and line.outcome == "inconclusive" and line.comparison.against == "base commit":
        return _CALMER
    if line.comparison and line.comparison.finding == "regressed":
        return _NEXT[line.comparison.against]
    return _NEXT.get(line.outcome, _NEXT["beyond limits"])


def _heat(line: Line, report: Report) -> str:
    """What to do where heat kept a change from being told; empty where it did not."""
    if line.outcome != "inconclusive" or not set(line.subjects) & set(spoilt.by_heat(report.run.measurements)):
        return ""
    own = [c for c in report.comparisons if c.metric == "throttled_percent" and c.finding == "regressed"]
    return _HOTTER if set(line.subjects) & {c.subject for c in own} else _COOLER


def _bisect(line: Line, report: Report) -> str:
    """How to find the commit, where the two that were measured around it are known."""
    found = [
        s for one in report.history if one.subject in line.subjects for s in one.shifts if s.finding == "regressed"
    ]
    ends = [(shift.good.commit, shift.bad.commit) for shift in found]
    good, bad = next((pair for pair in ends if all(map(words.commit, pair))), ("", ""))
    return f"`edgetpu-ci bisect --good {good[:12]} --bad {bad[:12]}` finds the commit. " if good else ""


_ACCEPT: Final = "`edgetpu-ci baseline accept REPORT`, and commit the baseline"

_NEXT: Final = {
    "baseline": "Fix what became worse; if it is meant, `edgetpu-ci baseline accept REPORT` and commit the baseline.",
    "base commit": "Fix what became worse than the base. If it is meant, somebody who may write here accepts it, by "
    "the label `edgetpu-ci: accept` or a review that begins with `/edgetpu-ci accept * REASON`; then run it again.",
    "previous run": "A previous run only informs; `edgetpu-ci baseline accept REPORT` makes one that decides.",
    "beyond limits": "A limit that no longer fits is changed where it is written, in the configuration or a baseline.",
    "without a baseline": "`edgetpu-ci baseline accept REPORT` makes this run the baseline; commit the file it writes.",
    "not measured": "Remove the reason above; `edgetpu-ci doctor` checks the machine, `edgetpu-ci inspect` a model.",
    "answering wrongly": "What answers wrongly is not fast: compile it again from its source, or try another device.",
    "invalid": "An invalid run says nothing of the change. Remove the reason above, and run it again.",
    "inconclusive": "Run it again when the machine is quiet, or with more `rounds`.",
}

_COOLER: Final = (
    "Run it again on a cooler device: more air across it, a better supply, "
    "or a larger `cool_down_seconds` to wait for it."
)

_HOTTER: Final = "Find what makes the head heat its device more than the base beside it does: that is a change, too."

_CALMER: Final = (
    "Run it again on a calmer host; `edgetpu-ci selftest` tells what this runner can. "
    "Where time ran out, a larger `compare: budget_seconds` lets it take more rounds."
)


def _footer(report: Report) -> str:
    run = report.run
    version = gfm.text(report.version, 30)
    parts = [gfm.link("run", run.url), f"edgetpu-ci {version}".strip(), f"{run.at:%Y-%m-%d %H:%M} UTC"]
    return f"<sub>{' · '.join(filter(None, parts))}</sub>"
