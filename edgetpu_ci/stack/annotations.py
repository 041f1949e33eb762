"""What is told beside an alert of Prometheus: Go templates, in which the braces of foreign words mean nothing. Pure."""

from collections.abc import Callable
from typing import Final, NamedTuple
from urllib.parse import quote

from edgetpu_ci import metrics
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.config.observability import Flavour
from edgetpu_ci.exposition import names
from edgetpu_ci.model import REPOSITORY
from edgetpu_ci.stack.place import Place

_INFO: Final = "edgetpu_ci_last_run_info{repo=%q, branch=%q, machine=%q}"
_PUSHED: Final = "timestamp(edgetpu_ci_last_run_info{repo=%[1]q, branch=%[2]q, machine=%[3]q})"
_NEWEST: Final = f"topk(1, {_PUSHED} or max_over_time({_PUSHED}[1d:4m]))"
"""Of what each run pushes once, under a name of its own, that of the last day's newest.

What was pushed since the last step of four minutes is there at this moment alone, and is what the first message is of.
"""


class Words(NamedTuple):
    """What only Prometheus knows when it fires: templates, or what became of them, as a test expects it.

    `value` makes words of one in a unit of `exposition.names`; `plain` lets a text mean what it says.
    """

    subject: str
    value: Callable[[str], str]
    runs: str
    commit: str
    plain: Callable[[str], str]


def plain(text: str) -> str:
    """A text that is no template, whatever braces it has."""
    return text.replace("{", '{{"{"}}')


def templates(flavour: Flavour) -> Words:
    """What Prometheus makes words of.

    The commit is that of the newest run, asked for when it is told: as a label it would make another alert of each.
    """
    query = _NEWEST if flavour == "push" else _INFO
    whose = f'$labels.repo $labels.branch (or $labels.machine "{REPOSITORY}")'
    return Words(
        subject="{{ $labels.subject }}",
        value=_template,
        runs='{{ printf "%.0f" $value }}',
        commit=f'{{{{ with printf "{query}" {whose} | query }}}}{{{{ . | first | label "commit" }}}}{{{{ end }}}}',
        plain=plain,
    )


def _template(unit: str) -> str:
    return "{{ $value | humanizePercentage }}" if unit == "ratio" else f'{{{{ printf "%.4g" $value }}}} {unit}'.rstrip()


def said(value: float, subject: str, commit: str) -> Words:
    """The same words of one alert."""

    def of_unit(unit: str) -> str:
        return f"{100 * value:.4g}%" if unit == "ratio" else f"{value:.4g} {unit}".rstrip()

    return Words(subject=subject, value=of_unit, runs=f"{value:.0f}", commit=commit, plain=str)


def of(rule: AlertRule, place: Place, words: Words, *, is_direct: bool) -> dict[str, str]:
    """What there is to tell of a rule's alerts; nothing of it tells one alert from another."""
    given = {
        "summary": words.plain(rule.summary or rule.name.replace("_", " ")),
        "description": _description(rule, words, is_direct=is_direct),
        "runbook_url": words.plain(runbook(rule, place)),
        "owner": words.plain(rule.owner),
        "response_time": words.plain(rule.response_time),
    }
    return {**{name: text for name, text in given.items() if text}, "commit": words.commit}


def _description(rule: AlertRule, words: Words, *, is_direct: bool) -> str:
    if rule.silent_above_hours is not None:
        return f"nothing was heard of {words.plain(rule.match)} for more than {rule.silent_above_hours:g} hours"
    return _of_value(rule, words) if is_direct else _of_runs(rule, words)


def _of_value(rule: AlertRule, words: Words) -> str:
    """`test coverage of repository is 78.4%, below 80 %`."""
    called = rule.match.rpartition("/")[2]
    what = f"{called.replace('_', ' ')} of {words.subject} is"
    if metrics.is_yes_or_no(called):
        return f"{what} {metrics.answer(float(rule.below is None), called)}"
    return f"{what} {words.value(names.find(called).unit)}, {_asked(rule)}"


def _of_runs(rule: AlertRule, words: Words) -> str:
    """`*/latency_p99_ms is above 2 ms; bad runs in a row: 3`."""
    return f"{words.plain(rule.match)} {words.plain(_broken(rule))}; bad runs in a row: {words.runs}"


def _broken(rule: AlertRule) -> str:
    """What is wrong then, as people say it."""
    if rule.worse_by_percent is not None:
        return f"is lastingly worse by more than {rule.worse_by_percent:g} %"
    if rule.streak_above is not None:
        return "fails a rule or gate"
    return "has no value" if rule.missing_above is not None else f"is {_asked(rule)}"


def _asked(rule: AlertRule) -> str:
    way, limit = ("below", rule.below) if rule.above is None else ("above", rule.above)
    unit = "" if rule.over == "count" else metrics.find(rule.match.rpartition("/")[2]).unit
    return f"{way} {limit:g} {unit}".rstrip()


def runbook(rule: AlertRule, place: Place) -> str:
    """The address of its runbook, on GitHub where we know which repository it is; empty where it has none to read."""
    found = place.runbooks.get(rule.name, "")
    is_file = found and not found.startswith(("https://", "http://"))
    return f"{place.url}/blob/HEAD/{quote(found.removeprefix('./'))}" if is_file and place.url else found
