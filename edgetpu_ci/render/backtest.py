"""What an alert would have done over the past, as text."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from edgetpu_ci import metrics
from edgetpu_ci.config import durations
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.incidents.backtest import Backtest, Candidate, Page, threshold
from edgetpu_ci.render import words

_MOST: Final = 30
_FEW: Final = 2
_TOLD: Final = {
    "above": "above {}",
    "below": "below {}",
    "worse_by_percent": "worse by more than {} %",
    "streak_above": "failed more than {} times in a row",
    "missing_above": "without a value more than {} times in a row",
    "silent_above_hours": "silent for more than {} hours",
}


def text(found: Backtest, others: Sequence[Candidate]) -> str:
    """The sentence, each incident, and what other thresholds would have done."""
    if found.unknown:
        return f"{title(found)}: nothing can be said, no run could tell: {words.plain(found.unknown, words.REASON)}."
    parts = [f"{title(found)}: {sentence(found)}", *_pages(found), *_candidates(found.rule, others)]
    return "\n".join(parts)


def title(found: Backtest) -> str:
    """The alert and what it demands: `high_error_rate (*/error_rate_percent above 5 %)`."""
    return f"{found.rule.name} ({words.plain(found.rule.match)} {demanded(found.rule)})"


def demanded(rule: AlertRule) -> str:
    """The threshold of a rule in words, and how long it must last."""
    name, value = threshold(rule)
    said = amount(rule, value) if name in {"above", "below"} else f"{value:g}"
    lasting = f" for {rule.for_}" if rule.for_ else ""
    return _TOLD[name].format(said) + lasting


def amount(rule: AlertRule, value: float) -> str:
    """A value of what a rule is about, with its unit."""
    return f"{value:g}" if rule.over == "count" else metrics.answer(value, rule.match.rpartition("/")[2])


def sentence(found: Backtest) -> str:
    """How many pages in which time, the longest, and how many are still open."""
    days = (found.last - found.first) / timedelta(days=1)
    # Hours say nothing beside weeks.
    span = durations.words(timedelta(days=round(days) if days > _FEW else days))
    reports = f"{found.reports:,} report{'s' if found.reports > 1 else ''}"
    if not found.pages:
        return f"no page in {span}; {reports}."
    count = len(found.pages)
    longest = max(map(found.lasted, found.pages))
    still = sum(page.ended is None for page in found.pages)
    often = f" ({count / days:.2g} a day)" if days >= 1 else ""
    told = [f"{count:,} page{'s' if count > 1 else ''} in {span}{often}"]
    told += [f"longest {durations.words(longest)}", *([f"{still} still open"] if still else [])]
    return f"{', '.join(told)}; {reports}."


def _pages(found: Backtest) -> Iterator[str]:
    """The newest first, as most want to know of those."""
    if found.pages:
        yield "\nbegan              ended              lasted       worst       first bad commit"
    for page in sorted(found.pages, key=lambda one: one.began, reverse=True)[:_MOST]:
        ended = f"{page.ended:%Y-%m-%d %H:%M}" if page.ended else "still open"
        worst = "" if page.worst is None else amount(found.rule, page.worst)
        line = f"{page.began:%Y-%m-%d %H:%M}   {ended:<16}   {durations.words(found.lasted(page)):<11}  {worst:<10}  "
        yield f"{line}{_commits(page)}{_which(found, page)}".rstrip()
    if len(found.pages) > _MOST:
        yield f"… and {len(found.pages) - _MOST:,} before"


def _commits(page: Page) -> str:
    bad, good = words.commit(page.bad), words.commit(page.good)
    return f"{bad} (good: {good})" if bad and good else bad or "not known"


def _which(found: Backtest, page: Page) -> str:
    """Of which subjects, where there are several."""
    names = {line.fingerprint: line.labels.get("subject", "") for line in found.lines}
    of = dict.fromkeys(names.get(alert, "") for alert in page.alerts)
    return f"  {words.names(filter(None, of), 'subjects')}" if len({*names.values()}) > 1 else ""


def _candidates(rule: AlertRule, others: Sequence[Candidate]) -> Iterator[str]:
    name, now = threshold(rule)
    if len(others) > 1:
        yield f"\n{name:<18} pages   longest        open together"
    for one in others if len(others) > 1 else ():
        longest, together = (_open(hours) if one.pages else "–" for hours in (one.longest_hours, one.hours))
        mark = "   ← this rule" if one.threshold == now else ""
        yield f"{one.threshold:<18g} {one.pages:>5}   {longest:<13}  {together}{mark}"


def _open(hours: float) -> str:
    return durations.words(timedelta(hours=hours))
