"""Whatever one endpoint of GitHub answers, a run ends, the other key figures are what they are, and nothing is lost.

The endpoints are those that a good run asks, so that a new one is tried by itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from edgetpu_ci import memory
from edgetpu_ci.memory import Forgetful
from edgetpu_ci.model import Measurement, Run
from edgetpu_ci.transport import seldom
from tests.fakes import whole
from tests.fakes.hub import endpoints, failures
from tests.fakes.hub.failures import Fault
from tests.fakes.hub.repository import large
from tests.fakes.whole import Whole, hub, measured

SHARE: Final = 0.0015
"""So few runs that all are looked at in detail at once."""

AROUND: Final = frozenset({"repository/api_calls_used", "repository/github_api_reachable"})
"""Figures of the asking itself."""

SAMPLED: Final = frozenset({"repository/queue_time_seconds"})
"""Figures of runs that are looked at in detail, a few more each time."""

SAMPLING: Final = frozenset({r"GET\ /repos/octo/tools/actions/runs/\d+/jobs(\?|$)", r"POST\ /graphql(\?|$)"})

UNHEARD: Final = frozenset({"/rate_limit", "/advisories"})
"""What these tell is known otherwise."""

REFUSALS: Final[dict[str, Fault]] = {
    "401": failures.status(401, "Bad credentials"),
    "403": failures.status(403, "Resource not accessible by integration"),
    "404": failures.status(404, "Not Found"),
}
FAULTS: Final[dict[str, Fault]] = {
    "422": failures.status(422, "Validation Failed"),
    "429": failures.status(429, "Slow down"),
    "429, wait": failures.status(429, "Slow down", retry_after="3"),
    "500": failures.status(500),
    "reset": failures.reset,
    "cut": failures.cut,
    "garbled": failures.garbled,
    "other types": lambda _answer: failures.json_reply([1, "x", None]),
    "GraphQL errors": failures.errors("SOMETHING", "Something went wrong"),
}
EVERY: Final = {"403": (0, 1), "500": (0, 2), "garbled": (1, 2)}
"""From which endpoint on every how many-th is tried: a refusal is tried on each, a failure of either kind on half."""


@dataclass
class Good:
    """A place, what a run without a fault measures there, and which endpoints it asks, as patterns."""

    place: Whole
    seed: dict[str, bytes]
    values: dict[str, Measurement]
    rows: dict[str, list[object]]
    asked: list[str]

    def run(self, state: Forgetful, pattern: str = "", fault: Fault = failures.reset) -> Run:
        self.place.hub.failures.clear()
        if pattern:
            self.place.hub.befall(pattern, fault)
        return self.place.take(state)

    def memory(self) -> Forgetful:
        return Forgetful(dict(self.seed))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Good]:
    folder = tmp_path_factory.mktemp("whole")
    with hub(large(share=SHARE), most=10**6) as github, whole.whole(folder, github) as it:
        it.reviewed()
        github.asked.clear()
        seed = {name: it.store.state(name) or b"" for name in it.store.values()}
        state = Forgetful(dict(seed))
        values = measured(it.take(state))
        yield Good(it, seed, values, rows(state), sorted(set(map(pattern, github.asked))))


def pattern(asked: str) -> str:
    """What finds requests to the same endpoint: numbers are anything, and what is asked for is left out."""
    return re.sub(r"\d{4,}", r"\\d+", re.escape(asked.partition("?")[0])) + r"(\?|$)"


def rows(state: Forgetful) -> dict[str, list[object]]:
    """All rows that are kept."""
    months = [name for name in state.values() if re.search(r"-\d{4}-\d\d$", name)]
    return {name: memory.unpack(state.kept[name], list[object], name) for name in months}


def counts(found: dict[str, list[object]]) -> dict[str, int]:
    return {name: len(kept) for name, kept in found.items()}


def said(run: Run) -> str:
    """All that a report says of what is not there."""
    return "\n".join([*run.incomplete, *(one.reason for one in run.measurements)])


def wrong(good: Good, run: Run, where: str) -> list[str]:
    """What a run says that the good one does not, other than that it is not known, and why."""
    got = measured(run)
    is_silent = not run.incomplete and all(one.value is not None for one in got.values() if one.key in good.values)
    gone = [key for key in good.values if key not in got and is_silent]
    around = AROUND | SAMPLED if where.removeprefix("after ") in SAMPLING else AROUND
    known = [key for key in got.keys() & good.values.keys() - around if got[key].value is not None]
    known = [key for key in known if not is_least(got[key], good.values[key])]
    other = [f"{key}: {got[key].value}" for key in known if got[key].value != good.values[key].value]
    mute = [key for key, one in got.items() if one.value is None and not one.reason]
    return [f"{where} {what}" for what in (*gone, *other, *mute)]


def is_least(one: Measurement, whole: Measurement) -> bool:
    """Whether a figure counts what was found, and says where nobody could look: weaknesses are not hidden by a gap."""
    says = any(name == "not looked at" for name, _ in one.details)
    return says and one.value is not None and whole.value is not None and 0 < one.value <= whole.value


@pytest.mark.parametrize("name", [*REFUSALS, *FAULTS])
def test_a_fault_costs_only_what_it_hits_and_is_said_and_made_good(good: Good, name: str) -> None:
    fault = {**REFUSALS, **FAULTS}[name]
    found: list[str] = []
    number = [*REFUSALS, *FAULTS].index(name)
    first, step = EVERY.get(name, (number % 5, 5))
    for where in good.asked[first::step]:
        state = good.memory()
        run = good.run(state, where, fault)
        found += wrong(good, run, where)
        if (
            name == "403"
            and not any(re.search(re.escape(path), where) for path in UNHEARD)
            and not permitted(run, where)
        ):
            found.append(f"{where} names no permission")
        state.kept.pop(seldom.NAME, None)  # As a day later, when what was refused is asked for again.
        again = good.run(state)
        found += wrong(good, again, f"after {where}")
        found += [f"after {where}: {key} is not known" for key in unknown(again) - unknown_of(good.values)]
        found += [f"rows after {where}"] * (where not in SAMPLING and rows(state) != good.rows)
        found += [f"number of rows after {where}"] * (counts(rows(state)) != counts(good.rows))
    assert "\n".join(found) == ""
    assert good.place.hub.violations == []


def permitted(run: Run, where: str) -> bool:
    """Whether the report names what an endpoint needs."""
    path = re.sub(r"\\d\+", "1", where).removeprefix(r"GET\ ").removesuffix(r"(\?|$)").replace("\\", "")
    known = endpoints.find(path)
    needs = {known.needs} if known else {"checks: read", "metadata: read"}
    return any(f"`{one}" in said(run) or one in said(run) for one in needs)


def unknown(run: Run) -> set[str]:
    return unknown_of(measured(run))


def unknown_of(values: dict[str, Measurement]) -> set[str]:
    return {key for key, one in values.items() if one.value is None}
