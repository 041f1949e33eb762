"""A self-test on a terminal: each model against itself, the noise floor in words, and the record."""

from collections.abc import Iterator, Sequence

from edgetpu_ci import noise
from edgetpu_ci.model import Machine, Runner
from edgetpu_ci.noise import Gauge, SelfTest, percent
from edgetpu_ci.render import words

_FOUND = "one twice as large is found in more than 8 of 10 comparisons of 30 rounds"
"""86 % in a family of 24, 88 % alone, on real noise: docs/selftest.md."""

_NAME = 30


def text(machine: Machine, tests: Sequence[SelfTest], runner: Runner, *, simulated: bool = False) -> str:
    """All that is said of the newest self-test."""
    return "\n".join(_lines(machine, tests, runner, simulated=simulated))


def _lines(machine: Machine, tests: Sequence[SelfTest], runner: Runner, *, simulated: bool) -> Iterator[str]:
    newest = tests[-1]
    yield f"runner  {words.plain(machine.host or 'unnamed')} ({words.plain(machine.key)}), measured against itself"
    if simulated:
        yield "device  a simulated Edge TPU: this self-test is not kept, and says nothing of a real one"
    yield from map(_gauge, newest.gauges)
    yield f"noise   a change of {percent(newest.floor)} can just be told from none here,"
    yield f"        {_FOUND}"
    if newest.contended:
        yield f"busy    {words.plain(newest.contended, words.SENTENCE)}"
    yield f"record  {_record(tests)}"
    yield _verdict(runner)


def _gauge(gauge: Gauge) -> str:
    low, high = (f"{100 * (ratio - 1):+.2f}".replace("-", "−") for ratio in gauge.interval)
    change = f"{100 * (gauge.ratio - 1):+.2f} %".replace("-", "−")
    rounds = f"{gauge.rounds} rounds{f', {gauge.dropped} disturbed left out' if gauge.dropped else ''}"
    found = "; a change where there is none" if gauge.p <= noise.REJECTED else ""
    name = words.cut(words.plain(gauge.subject), _NAME)
    return f"  {name:<{_NAME}} {change:>8} ({low} … {high} %)  floor {percent(gauge.floor)}, {rounds}{found}"


def _record(tests: Sequence[SelfTest]) -> str:
    floors = ", ".join(percent(test.floor).removesuffix(" %") for test in tests[-noise.RECENT :])
    models = sum(len(test.gauges) for test in tests)
    rejected = sum(test.rejected for test in tests)
    many = "1 self-test" if len(tests) == 1 else f"{len(tests)} self-tests"
    return (
        f"{many} since {tests[0].at:%Y-%m-%d}, newest floors {floors} %; "
        f"a change found in {rejected} of {models} unchanged models, {noise.REJECTED * models:.2g} expected"
    )


def _verdict(runner: Runner) -> str:
    if out := out_of_gating(runner):
        return f"✗ {out}"
    return (
        f"✓ fit: its floor, {percent(runner.floor or 0.0)}, is within the {100 * runner.allowed:g} % that is demanded"
    )


def out_of_gating(runner: Runner) -> str:
    """Why a runner hardly decides anything, and how it comes back; empty when it may decide."""
    if not runner.quarantine:
        return ""
    least = percent((1 + (runner.floor or 0.0)) ** noise.SURE - 1)
    why = words.plain(runner.quarantine, words.SENTENCE)
    return f"{why}: only a change beyond {least} counts; {noise.way_back(runner)}"


def of_runner(runner: Runner) -> str:
    """The noise floor of the runner in a report."""
    if runner.floor is None or runner.at is None:
        return "unknown until `edgetpu-ci selftest` was run here"
    many = "1 self-test" if runner.tests == 1 else f"the newest of {runner.tests} self-tests"
    return f"{percent(runner.floor)}, by {many}, the last on {runner.at:%Y-%m-%d}"
