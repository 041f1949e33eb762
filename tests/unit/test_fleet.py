"""Several devices beside each other: the code, or one of them."""

import pytest
from msgspec.structs import replace

from edgetpu_ci import fleet
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.model import Comparison, Finding, Measurement, Report, Run
from edgetpu_ci.render import fleet as said
from tests.fakes import reports
from tests.fakes.world import AT


def device(name: str, ms: float, finding: Finding | None = None) -> Report:
    """The report of one device on which the model takes `ms`, and became so against its base."""
    measured = Measurement(subject="m", metric="latency_p10_ms", value=ms, device="edgetpu")
    ratio = 1.05 if finding == "regressed" else 1.0
    compared = Comparison(
        subject="m", metric="latency_p10_ms", base=ms / ratio, head=ms, ratio=ratio, finding=finding or "unchanged"
    )
    run = Run(id=name, at=AT, machine=replace(reports.MACHINE, host=name), measurements=(measured,))
    return Report(run=run, comparisons=(compared,) if finding else ())


def seen(*known: Report) -> tuple[fleet.View, ...]:
    return fleet.views(fleet.names([(one.run.id, one) for one in known]))


def test_worse_everywhere_is_the_code() -> None:
    (view,) = seen(*(device(name, 3, "regressed") for name in "abcd"))
    assert (view.suspect, view.because) == ("code", "worse on all 4 devices that can tell")


def test_worse_on_one_of_four_is_the_device() -> None:
    (view,) = seen(*(device(name, 3, "unchanged") for name in "abc"), device("d", 3.1, "regressed"))
    assert (view.suspect, view.devices) == ("device", ("d · edgetpu",))


def test_worse_on_some_is_open() -> None:
    known = [device(name, 3, "regressed" if name in "ab" else "unchanged") for name in "abcd"]
    (view,) = seen(*known)
    assert (view.suspect, view.because) == ("open", "worse on 2 of 4 devices, which is neither all nor one")


def test_what_was_inconclusive_has_no_vote() -> None:
    (view,) = seen(device("a", 3, "inconclusive"), device("b", 3, "regressed"), device("c", 3, "regressed"))
    assert view.because == "worse on all 2 devices that can tell"
    assert seen(device("a", 3, "inconclusive"), device("b", 3, "regressed")) == ()


def test_a_model_file_that_changed_is_nobodys_fault() -> None:
    fact = Measurement(subject="m", metric="ops_on_cpu", value=1)
    fewer = Comparison(subject="m", metric="ops_on_cpu", base=3, head=1, finding="regressed")
    known = [device(name, 3, "unchanged") for name in "abc"]
    changed = [
        replace(
            one,
            run=replace(one.run, measurements=(*one.run.measurements, fact)),
            comparisons=(*one.comparisons, fewer),
        )
        for one in known
    ]
    assert seen(*changed) == ()


def test_reports_that_say_nothing_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="name those of several devices"):
        seen(device("a", 3))
    old, new = (replace(one, run=replace(one.run, commit=one.run.id * 40)) for one in (device("a", 3), device("b", 3)))
    with pytest.raises(ConfigError, match="are of 2 commits; name those of one commit"):
        seen(old, new)


@pytest.mark.parametrize("levels", [(3, 3, 3, 3.2), (3, 3), (3, 4), (3, 2.6, 3.4, 4)])
def test_devices_that_differ_as_such_do_are_nothing_to_say(levels: tuple[float, ...]) -> None:
    assert seen(*(device(str(n), ms) for n, ms in enumerate(levels))) == ()


def test_one_slow_device_of_four_is_suspected_without_any_base() -> None:
    (view,) = seen(device("a", 3), device("b", 3.02), device("c", 2.99), device("d", 4.2))
    assert (view.suspect, view.devices) == ("device", ("d · edgetpu",))
    assert said.text([view], 4).splitlines() == [
        "m · latency p10: suspect the device d · edgetpu: 40 % slower here than on the other 3 devices",
        "  a · edgetpu: 3 ms",
        "  b · edgetpu: 3.020 ms",
        "  c · edgetpu: 2.990 ms",
        "  d · edgetpu: 4.200 ms",
    ]


def test_several_reports_of_one_device_are_told_apart_by_where_they_lie() -> None:
    assert list(fleet.names([("x", device("a", 3)), ("y", device("a", 3))])) == ["a · edgetpu (x)", "a · edgetpu (y)"]
