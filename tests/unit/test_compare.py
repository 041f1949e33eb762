"""Two runs at different times: what is said of a change, and what is not."""

import random

import pytest
from msgspec.structs import replace

from edgetpu_ci.judging.compare import sequential
from edgetpu_ci.judging.judge import judge
from edgetpu_ci.model import Base, Comparison, Machine, Measurement, Rule, Run
from tests.fakes.world import AT

RULES = [Rule(match="*/throughput_sustained_fps", worse_by_percent=5)]


def slots(level: float, spread: float = 0.005, count: int = 10, seed: int = 1) -> tuple[float, ...]:
    draw = random.Random(seed)  # noqa: S311 - noise, not a secret
    return tuple(level * (1 + draw.uniform(0, spread)) for _ in range(count))


def speeds(latency: tuple[float, ...], cpu: tuple[float, ...] | None = None) -> tuple[Measurement, ...]:
    return (
        Measurement(
            subject="m",
            metric="throughput_sustained_fps",
            value=1000 / latency[0],
            slots=tuple(1000 / s for s in latency),
        ),
        Measurement(subject="m", metric="cpu_time_p10_ms", value=latency[0], slots=cpu or latency),
    )


def compared(
    base: tuple[Measurement, ...], head: tuple[Measurement, ...], *, contended: str = "", base_contended: bool = False
) -> Comparison:
    run = Run(id="r", at=AT, machine=Machine(key="k"), measurements=head, contended=contended)
    then = Base(kind="baseline", label="b", measurements=base, contended=base_contended)
    (only,) = sequential(run, then, RULES)
    return only


def test_unchanged_code_is_unchanged() -> None:
    said = compared(speeds(slots(3.0)), speeds(slots(3.0, seed=2)))
    assert said.finding == "unchanged"


def test_a_slowdown_beyond_what_the_rule_allows_is_a_regression_with_its_size() -> None:
    said = compared(speeds(slots(3.0)), speeds(slots(3.3, seed=2)))
    assert said.finding == "regressed"
    assert said.ratio == pytest.approx(1 / 1.1, abs=0.005)
    assert said.interval
    assert said.ratio
    assert said.interval[0] < said.ratio < said.interval[1] < 1


def test_a_speedup_is_an_improvement() -> None:
    assert compared(speeds(slots(3.3)), speeds(slots(3.0, seed=2))).finding == "improved"


def test_a_shown_change_within_what_the_rule_allows_is_no_regression() -> None:
    said = compared(speeds(slots(3.0)), speeds(slots(3.06, seed=2)))
    assert said.finding == "unchanged"
    assert said.p_adjusted is not None
    assert said.p_adjusted < 0.005


def test_wide_slots_are_inconclusive_and_say_where_the_change_may_lie() -> None:
    said = compared(speeds(slots(3.0, spread=0.4)), speeds(slots(3.1, spread=0.4, seed=2)))
    assert said.finding == "inconclusive"
    assert "the change may lie between" in said.because


def test_a_slowdown_that_the_cpu_did_not_feel_is_not_blamed_on_the_model() -> None:
    said = compared(speeds(slots(3.0)), speeds(slots(3.6, seed=2), cpu=slots(3.0, seed=3)))
    assert said.finding == "inconclusive"


@pytest.mark.parametrize("where", ["base", "head"])
def test_on_a_busy_host_a_small_change_is_inconclusive_and_says_why(where: str) -> None:
    said = compared(
        speeds(slots(3.0)),
        speeds(slots(3.2, seed=2)),
        contended="other work" if where == "head" else "",
        base_contended=where == "base",
    )
    assert said.finding == "inconclusive"
    assert "busy" in said.because


def test_on_a_virtual_machine_a_small_change_is_inconclusive_and_says_why() -> None:
    run = Run(id="r", at=AT, machine=Machine(key="k", hypervisor="yes"), measurements=speeds(slots(3.2, seed=2)))
    (said,) = sequential(run, Base(kind="baseline", label="b", measurements=speeds(slots(3.0))), RULES)
    assert said.finding == "inconclusive"
    assert "neighbours" in said.because


def test_on_a_busy_host_a_large_change_is_still_found() -> None:
    assert compared(speeds(slots(3.0)), speeds(slots(6.0, seed=2)), contended="other work").finding == "regressed"


def test_a_slowdown_that_spares_the_fastest_slots_is_other_work() -> None:
    now = (3.0, 3.01, *slots(3.6, count=8, seed=2))
    assert compared(speeds(slots(3.0)), speeds(now)).finding == "inconclusive"


def test_facts_are_compared_exactly() -> None:
    fact = Measurement(subject="m", metric="macs_millions", value=300.78)
    more = Measurement(subject="m", metric="macs_millions", value=300.79)
    assert compared((fact,), (fact,)).finding == "unchanged"
    assert compared((fact,), (more,)).finding == "regressed"


def test_what_no_rule_demands_is_not_tested() -> None:
    run = Run(id="r", at=AT, machine=Machine(key="k"), measurements=speeds(slots(9.0)))
    assert sequential(run, Base(kind="baseline", label="b", measurements=speeds(slots(3.0))), []) == ()


def test_a_change_of_throughput_is_looked_for_where_other_work_disturbs_least() -> None:
    fps = Measurement(subject="m", metric="throughput_fps", value=100)
    run = Run(id="r", at=AT, machine=Machine(key="k"), measurements=(*speeds(slots(3.3)), fps))
    base = Base(kind="baseline", label="b", measurements=(*speeds(slots(3.0, seed=2)), fps))
    rule = Rule(match="*/throughput_fps", worse_by_percent=5)
    (said,) = sequential(run, base, [rule])
    assert (said.metric, said.finding) == ("throughput_sustained_fps", "regressed")
    (verdict,) = judge(run.measurements, [said], [rule])
    assert (verdict.metric, verdict.status) == ("throughput_fps", "failed")


def test_a_rule_that_allows_everything_never_fails() -> None:
    run = Run(id="r", at=AT, machine=Machine(key="k"), measurements=speeds(slots(30.0)))
    base = Base(kind="baseline", label="b", measurements=speeds(slots(3.0)))
    (said,) = sequential(run, base, [Rule(match="*/throughput_sustained_fps", worse_by_percent=100)])
    assert said.finding == "unchanged"


def test_another_runtime_is_inconclusive_and_says_which() -> None:
    old = tuple(replace(m, device="cpu · a") for m in speeds(slots(3.0)))
    new = tuple(replace(m, device="cpu · b") for m in speeds(slots(9.0)))
    said = compared(old, new)
    assert said.finding == "inconclusive"
    assert said.because == "it ran on cpu · b, what it is compared with on cpu · a; accept a new baseline"


def test_too_few_rounds_for_a_verdict_say_so() -> None:
    said = compared(speeds(slots(3.0, count=3)), speeds(slots(9.0, count=3)))
    assert said.because == "3 rounds against 3 cannot decide 1 metrics; raise `rounds`"


def test_what_has_no_rounds_is_for_bands() -> None:
    head = (Measurement(subject="m", metric="throughput_sustained_fps", value=1.0),)
    assert "demand a band of it" in compared(head, head).because


def test_a_slowdown_off_the_cpu_needs_no_witness_on_it() -> None:
    old = tuple(replace(m, device="usb:0 · a") for m in speeds(slots(3.0), cpu=slots(0.1)))
    new = tuple(replace(m, device="usb:0 · a") for m in speeds(slots(9.0), cpu=slots(0.1, seed=2)))
    assert compared(old, new).finding == "regressed"


def test_a_family_of_metrics_shares_the_chance_of_a_false_alarm() -> None:
    several = [
        Measurement(subject=f"m{n}", metric="throughput_sustained_fps", value=1, slots=slots(3.0, seed=n))
        for n in range(24)
    ]
    run = Run(id="r", at=AT, machine=Machine(key="k"), measurements=tuple(several))
    said = sequential(run, Base(kind="baseline", label="b", measurements=tuple(several)), RULES)
    assert all(one.p_adjusted == 1 for one in said)


@pytest.mark.parametrize(
    ("metric", "before", "after"), [("top1_agreement_percent", 100, 50), ("output_steps_max", 5, 9)]
)
@pytest.mark.parametrize(
    ("device", "status", "finding"), [("usb at 2-1", "failed", "regressed"), ("pci", "unknown", "inconclusive")]
)
def test_how_another_device_answers_is_shown_and_fails_nothing(
    metric: str, before: float, after: float, device: str, status: str, finding: str
) -> None:
    was = Measurement(subject="m", metric=metric, value=before, device="usb at 2-1")
    head = replace(was, value=after, device=device)
    said = compared((was,), (head,))
    (verdict,) = judge([head], [said], [Rule(match=f"m/{metric}", worse_by_percent=0, unknown="pass")])
    assert (verdict.status, said.finding) == (status, finding)


def test_a_fact_of_a_file_is_one_on_every_device() -> None:
    was = Measurement(subject="m", metric="ops_on_cpu", value=1, device="usb")
    assert compared((was,), (replace(was, value=2, device="pci"),)).finding == "regressed"


def test_what_is_simulated_against_a_real_level_asks_for_no_baseline_that_would_be_refused() -> None:
    was = tuple(replace(m, device="usb at 2-1") for m in speeds(slots(3.0)))
    said = compared(was, tuple(replace(m, device="simulated edgetpu") for m in was))
    assert said.because.endswith("what it is compared with on usb at 2-1; name a device to measure one")
