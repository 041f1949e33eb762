"""What is told beside an alert of Prometheus: Go templates, in which the braces of foreign words mean nothing. Pure."""

from typing import Final
from urllib.parse import quote

from edgetpu_ci import metrics
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.config.observability import Flavour
from edgetpu_ci.exposition import names
from edgetpu_ci.model import REPOSITORY, Metric
from edgetpu_ci.stack.place import Place

_INFO: Final = "edgetpu_ci_last_run_info{repo=%q, branch=%q, machine=%q}"
_NEWEST: Final = "topk(1, max_over_time(timestamp({})[1d:4m]))"
"""Of what each run pushes once, under a name of its own, that of the last day's newest."""


def plain(text: str) -> str:
    """A text that says what it is, and is no template."""
    return text.replace("{", '{{"{"}}')


def of(rule: AlertRule, place: Place, flavour: Flavour, *, is_direct: bool) -> dict[str, str]:
    """What there is to tell of a rule's alerts; nothing of it tells one alert from another."""
    given = {
        "summary": plain(rule.summary or rule.name.replace("_", " ")),
        "description": _of_value(rule) if is_direct else _of_runs(rule),
        "runbook_url": plain(_runbook(rule, place)),
        "commit": _commit(flavour),
        "owner": plain(rule.owner),
        "response_time": plain(rule.response_time),
    }
    return {name: text for name, text in given.items() if text}


def _of_value(rule: AlertRule) -> str:
    """`test coverage of repository is 78.4%, below 80 %`."""
    metric = metrics.find(rule.match.rpartition("/")[2])
    what = f"{metric.name.replace('_', ' ')} of {{{{ $labels.subject }}}} is"
    if metrics.is_yes_or_no(metric.name):
        return f"{what} {metrics.answer(float(rule.below is None), metric.name)}"
    return f"{what} {_value(metric)}, {_asked(rule).removeprefix('is ')}"


def _of_runs(rule: AlertRule) -> str:
    return f'{plain(rule.match)} {_asked(rule)}, in {{{{ printf "%.0f" $value }}}} runs in a row'


def _value(metric: Metric) -> str:
    unit = names.of(metric).unit
    if unit == "ratio":
        return "{{ $value | humanizePercentage }}"
    return f'{{{{ printf "%.4g" $value }}}} {unit}'.rstrip()


def _asked(rule: AlertRule) -> str:
    """What is wrong then, as people say it."""
    if rule.worse_by_percent is not None:
        return f"is lastingly worse by more than {rule.worse_by_percent:g} %"
    if rule.streak_above is not None:
        return "fails a rule or gate"
    if rule.missing_above is not None:
        return "has no value"
    way, limit = ("below", rule.below) if rule.above is None else ("above", rule.above)
    return f"is {way} {_limit(rule, limit or 0.0)}"


def _limit(rule: AlertRule, limit: float) -> str:
    metric = metrics.find(rule.match.rpartition("/")[2])
    return plain(f"{limit:g}" if rule.over == "count" else f"{limit:g} {metric.unit}".rstrip())


def _runbook(rule: AlertRule, place: Place) -> str:
    """Its address; on GitHub where we know which repository it is."""
    found = place.runbooks.get(rule.name, rule.runbook)
    if not found or not place.url or found.startswith(("https://", "http://")):
        return found
    return f"{place.url}/blob/HEAD/{quote(found.removeprefix('./'))}"


def _commit(flavour: Flavour) -> str:
    """Of the newest run, asked for when it is told: as a label it would make another alert of each commit."""
    query = _NEWEST.format(_INFO) if flavour == "push" else _INFO
    whose = f'$labels.repo $labels.branch (or $labels.machine "{REPOSITORY}")'
    return f'{{{{ with printf "{query}" {whose} | query }}}}{{{{ . | first | label "commit" }}}}{{{{ end }}}}'
