"""What is known as one plain page: no script, nothing loaded, readable in the dark. Pure.

What others wrote is escaped.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from html import escape
from typing import Final

from msgspec import Struct

from edgetpu_ci.config import durations
from edgetpu_ci.exposition.record import Known, Ran
from edgetpu_ci.incidents.incident import in_order
from edgetpu_ci.incidents.record import Incident
from edgetpu_ci.model import REPOSITORY
from edgetpu_ci.render import addresses, words
from edgetpu_ci.serve import health
from edgetpu_ci.serve.exchange import Answer
from edgetpu_ci.serve.health import Check
from edgetpu_ci.serve.routes import PATHS

_MOST: Final = 50
"""Rows of a table; how many more there are is said."""

_STYLE: Final = """\
:root{color-scheme:light dark;--text:#17202b;--quiet:#566274;--ground:#f6f7f9;--panel:#fff;--line:#d9dee5;
--good:#00704f;--so-so:#7a5600;--bad:#b02a00;--link:#0059a8}
@media (prefers-color-scheme:dark){:root{--text:#e8edf3;--quiet:#a3b0c0;--ground:#10151c;--panel:#19202a;--line:#33404f;
--good:#45d0a3;--so-so:#ffc53d;--bad:#ff9a5c;--link:#7cc0ff}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:64rem;font:16px/1.5 system-ui,"Noto Sans",sans-serif;
color:var(--text);background:var(--ground)}
h1{font-size:1.4rem;margin:0}
h2{font-size:1.05rem;margin:2rem 0 .5rem}
p{margin:.25rem 0}
.quiet{color:var(--quiet);font-size:.9rem}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:8px;overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{padding:.5rem .8rem;text-align:left;vertical-align:top;border-top:1px solid var(--line);overflow-wrap:break-word}
th{font-size:.85rem;color:var(--quiet);font-weight:500;white-space:nowrap}
thead th{border-top:0}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.short{white-space:nowrap}
.name{overflow-wrap:anywhere;min-width:8rem}
.state{font-weight:600;white-space:nowrap}
.healthy{color:var(--good)}.degraded{color:var(--so-so)}.unhealthy{color:var(--bad)}
a{color:var(--link)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:0;padding:.6rem .8rem}
dd{margin:0;color:var(--quiet)}
"""
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_KINDS: Final = {
    **dict.fromkeys(("what", "incident"), "name"),
    **dict.fromkeys(("check", "since", "when"), "short"),
    **dict.fromkeys(("values", "failed"), "number"),
}
"""How cells of a column are set, by its head."""

_SIGNS: Final = {"healthy": "✓", "degraded": "!", "unhealthy": "✗"}


class Shown(Struct, frozen=True, kw_only=True):
    """What the page tells: of health, and of what is known of the store."""

    at: datetime
    version: str
    checks: Mapping[str, Check]
    known: Known


def answer(shown: Shown) -> Answer:
    """The page, with a policy by which a browser loads and runs nothing."""
    headers = {"Content-Security-Policy": _POLICY}
    return Answer(200, html(shown).encode(), "text/html; charset=utf-8", headers)


def html(shown: Shown) -> str:
    """The whole page."""
    state = health.worst(shown.checks)
    about = " · ".join(filter(None, (shown.known.repository, _time(shown.at), f"edgetpu-ci {shown.version}")))
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(f"{state}: {shown.known.repository or 'edgetpu-ci'}")}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Health: {_state(state)}</h1>
<p>{escape(_summary(shown))}</p>
<p class="quiet">{escape(about)}</p>
{"".join(_parts(shown))}
</body>
</html>
"""


def _summary(shown: Shown) -> str:
    """What else is wrong, which no check of health is about."""
    failed, runs = sum(run.verdicts.get("failed", 0) for run in shown.known.runs), len(shown.known.runs)
    kept = f"{len(_open(shown))} open" if shown.known.book else "unknown"
    return f"Incidents: {kept}. Demands that failed: {failed:,} in {runs} newest {'run' if runs == 1 else 'runs'}."


def _open(shown: Shown) -> list[Incident]:
    return [one for one in shown.known.book.incidents if one.is_open] if shown.known.book else []


def _parts(shown: Shown) -> Iterator[str]:
    yield _checks(shown.checks)
    yield _incidents(_open(shown), shown)
    yield _failed(shown)
    yield _runs(shown)
    others = ((path, what) for path, what in PATHS.items() if path != "/")
    links = "".join(f'<dt><a href="{path}">{path}</a></dt><dd>{escape(what)}</dd>' for path, what in others)
    yield f'<h2>Read on</h2>\n<div class="panel"><dl>{links}</dl></div>'


def _incidents(found: Sequence[Incident], shown: Shown) -> str:
    rows = [[_incident(one), escape(one.severity), _who(one), _ago(one.opened_at, shown.at)] for one in found]
    nothing = "There are none." if shown.known.book else "What is known of them cannot be read."
    return _table("Open incidents", ("incident", "severity", "taken on by", "since"), rows, nothing)


def _incident(one: Incident) -> str:
    because = words.plain(in_order(one)[0].because, words.SENTENCE)
    return f'{_text(one.name)}<br><span class="quiet">{escape(because)}</span>' if because else _text(one.name)


def _who(one: Incident) -> str:
    return _text(one.acknowledged_by or "somebody") if one.acknowledged_at else "nobody"


def _failed(shown: Shown) -> str:
    rows = [
        [_text(verdict.key), escape(words.plain(verdict.because, words.SENTENCE)), _where(run)]
        for run in shown.known.runs
        for verdict in run.failed
    ]
    title, head = "What failed in the newest runs", ("what", "why", "where")
    return _table(title, head, rows, "Nothing." if shown.known.runs else _no_run(shown))


def _runs(shown: Shown) -> str:
    runs = sorted(shown.known.runs, key=lambda run: run.at, reverse=True)
    rows = [[_where(run), _commit(run), *_counted(run), _ago(run.at, shown.at)] for run in runs]
    head = ("where", "commit", "values", "failed", "when")
    return _table("Newest runs of main", head, rows, _no_run(shown))


def _no_run(shown: Shown) -> str:
    return "There is no run yet." if shown.known.is_readable else "The store cannot be read."


def _where(run: Ran) -> str:
    if run.machine == REPOSITORY:
        return "the repository"
    return _text(run.host or run.machine or "an unnamed machine")


def _commit(run: Ran) -> str:
    branch, name = dict(run.labels).get("branch", ""), words.commit(run.commit) or "no commit"
    shown = escape(" · ".join(filter(None, (name, words.plain(branch)))))
    link = next((url for _, url in addresses.safe([("run", run.url)])), "")
    return f'<a href="{escape(link)}" rel="noreferrer">{shown}</a>' if link else shown


def _counted(run: Ran) -> tuple[str, str]:
    return f"{run.measured:,}", f"{run.verdicts.get('failed', 0):,}"


def _checks(checks: Mapping[str, Check]) -> str:
    rows = [[escape(name), _state(check.status), _text(check.seen, words.SENTENCE)] for name, check in checks.items()]
    return _table("Health", ("check", "state", "seen"), rows, "Nothing was looked at.")


def _state(state: health.State) -> str:
    return f'<span class="state {state}">{_SIGNS[state]} {state}</span>'


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], nothing: str) -> str:
    """Cells are HTML already."""
    if not rows:
        return f'<h2>{title}</h2>\n<p class="quiet">{nothing}</p>\n'
    lines = "".join(f"<tr>{_cells(row, head)}</tr>\n" for row in rows[:_MOST])
    more = f'<p class="quiet">and {len(rows) - _MOST:,} more</p>\n' if len(rows) > _MOST else ""
    named = "".join(f'<th scope="col"{_kind(name)}>{name}</th>' for name in head)
    body = f"<thead><tr>{named}</tr></thead>\n<tbody>\n{lines}</tbody>"
    # What scrolls on a narrow screen can be reached without a mouse.
    panel = f'<div class="panel" role="region" aria-label="{title}" tabindex="0">'
    return f"<h2>{title}</h2>\n{panel}<table>\n{body}\n</table></div>\n{more}"


def _cells(row: Iterable[str], head: Sequence[str]) -> str:
    return "".join(f"<td{_kind(name)}>{cell}</td>" for name, cell in zip(head, row, strict=True))


def _kind(name: str) -> str:
    return f' class="{_KINDS[name]}"' if name in _KINDS else ""


def _text(text: str, most: int = words.NAME) -> str:
    return escape(words.plain(text, most))


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _ago(at: datetime, now: datetime) -> str:
    return f'<span title="{_time(at)}">{escape(durations.words(max(now - at, timedelta(0))))} ago</span>'
