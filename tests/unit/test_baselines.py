"""Baselines: bands people write, levels people accept."""

from pathlib import Path

import pytest

from edgetpu_ci import accepting, baselines, codec, machine
from edgetpu_ci.baselines import Accepted, Baseline, Level
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.judging import judge
from edgetpu_ci.model import Machine, Measurement, Report, Run
from tests.fakes.world import AT, world

EXAMPLE = Path(__file__).parents[2] / "examples" / "baselines"
ACCEPTED = Accepted(by="Reviewer", at=AT, report="r1", reason="first level")


def report(*measurements: Measurement) -> Report:
    return Report(run=Run(id="r1", at=AT, machine=Machine(key="pi-4x"), measurements=measurements))


def test_the_bands_of_the_users_document_are_rules_as_written() -> None:
    (example,) = baselines.load(EXAMPLE).values()
    rules = {rule.match: rule for rule in baselines.rules(example)}
    assert (rules["yolov8n/latency_p99_ms"].min, rules["yolov8n/latency_p99_ms"].max) == (4.0, 6.0)
    assert len(rules) == 6


def test_accepting_keeps_the_bands_and_takes_the_levels() -> None:
    old = Baseline(
        device="pi-4x", models={"m": {"p99_latency_ms": Level(max=9), "latency_p10_ms": Level(max=5, value=1)}}
    )
    new = baselines.accept(
        report(
            Measurement(subject="m", metric="latency_p10_ms", value=2.5, slots=(2.4, 2.6)),
            Measurement(subject="m", metric="macs_millions", value=4),
            Measurement(subject="m", metric="latency_p99_ms", value=4),
        ),
        old,
        ACCEPTED,
    )
    assert new.models["m"]["latency_p10_ms"] == Level(max=5, value=2.5, slots=(2.4, 2.6))
    assert new.models["m"]["macs_millions"] == Level(value=4)
    # Judged by its band alone.
    assert new.models["m"]["p99_latency_ms"] == Level(max=9)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    made = baselines.accept(
        report(Measurement(subject="m", metric="latency_p10_ms", value=2.5, slots=(2.4,))), None, ACCEPTED
    )
    (tmp_path / baselines.file_name("pi-4x")).write_text(baselines.text(made), encoding="utf-8")
    assert list(baselines.load(tmp_path).values()) == [made]


def test_what_was_not_measured_is_not_accepted() -> None:
    assert (
        baselines.accept(
            report(Measurement(subject="m", metric="latency_p10_ms", reason="crashed")), None, ACCEPTED
        ).models
        == {}
    )


def test_the_base_says_who_accepted_it_when_and_from_what() -> None:
    base = baselines.base(Baseline(device="pi-4x", accepted=ACCEPTED))
    assert base
    assert base.label == "baseline accepted by Reviewer on 2026-03-04 from report r1"


def test_bands_alone_are_nothing_to_compare_with() -> None:
    assert baselines.base(Baseline(device="*")) is None


def test_a_devices_own_levels_do_not_switch_off_the_bands_that_a_glob_demands() -> None:
    shared = Baseline(
        device="*", models={"m": {"p99_latency_ms": Level(max=1), "latency_p10_ms": Level(max=5, value=9)}}
    )
    own = Baseline(device="pi-4x", accepted=ACCEPTED, models={"m": {"latency_p10_ms": Level(value=2, slots=(2.0,))}})
    found = baselines.find([own, shared], "pi-4x")
    assert found
    assert found.models["m"] == {
        "latency_p99_ms": Level(max=1),
        "latency_p10_ms": Level(max=5, value=2, slots=(2.0,)),
    }
    assert found.accepted == ACCEPTED


def test_a_devices_own_band_goes_before_that_of_a_glob() -> None:
    shared = Baseline(device="*", models={"m": {"latency_p10_ms": Level(max=1)}})
    own = Baseline(device="pi-4x", models={"m": {"latency_p10_ms": Level(max=7)}})
    found = baselines.find([shared, own], "pi-4x")
    assert found
    assert found.models["m"]["latency_p10_ms"].max == 7


def test_another_devices_levels_are_not_ours() -> None:
    other = Baseline(device="*", accepted=ACCEPTED, models={"m": {"latency_p10_ms": Level(value=1)}})
    found = baselines.find([other], "pi-4x")
    assert found
    assert baselines.base(found) is None
    assert baselines.find([Baseline(device="pi-5x")], "pi-4x") is None


def test_two_files_of_one_device_are_refused_by_name(tmp_path: Path) -> None:
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text("device: pi-4x\n")
    with pytest.raises(ConfigError, match=r"b\.yml and .*a\.yml are both for pi-4x"):
        baselines.load(tmp_path)


def test_a_level_the_accepted_report_does_not_have_goes() -> None:
    old = Baseline(device="pi-4x", models={"gone": {"latency_p10_ms": Level(value=1), "latency_p99_ms": Level(max=9)}})
    new = baselines.accept(
        report(Measurement(subject="m", metric="latency_p10_ms", value=2.5, slots=(2.4,))), old, ACCEPTED
    )
    assert new.models["gone"] == {"latency_p99_ms": Level(max=9)}


def test_an_accepted_metric_that_has_no_value_now_is_demanded_by_name() -> None:
    known = Baseline(device="d", models={"m": {"latency_p10_ms": Level(value=1)}})
    (gone,) = baselines.missing(known, [Measurement(subject="m", metric="latency_p10_ms", reason="needs 64 samples")])
    assert gone.match == "m/latency_p10_ms"


def test_an_accepted_metric_that_is_gone_is_demanded_by_name() -> None:
    known = Baseline(device="d", models={"m": {"latency_p10_ms": Level(value=1), "throughput_fps": Level(value=1)}})
    (gone,) = baselines.missing(known, [Measurement(subject="m", metric="throughput_fps", value=1)])
    assert gone.match == "m/latency_p10_ms"


def test_no_folder_is_no_baseline(tmp_path: Path) -> None:
    assert baselines.load(tmp_path / "none") == {}


def test_a_broken_baseline_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("device: a\nmodels: {m: {latency_p10_ms: {max: 1, min: 2}}}\n")
    with pytest.raises(ConfigError, match=r"a\.yml: models\.m\.latency_p10_ms: min, target and max must rise"):
        baselines.load(tmp_path)


@pytest.mark.parametrize("device", ["../x", "a b/c", "amd-epyc-2x", "…"])
def test_a_device_gives_a_file_name_inside_the_folder(device: str) -> None:
    name = baselines.file_name(device)
    assert "/" not in name
    assert not name.startswith("..")


def test_a_baseline_reads_well() -> None:
    text = baselines.text(
        baselines.accept(
            report(Measurement(subject="m", metric="latency_p10_ms", value=2.5, slots=(2.4, 2.6))), None, ACCEPTED
        )
    )
    assert "slots: [2.4, 2.6]" in text
    assert codec.decode_yaml(text.encode(), Baseline, "t").models


def test_a_model_without_a_level_that_can_be_compared_is_accepted_all_the_same() -> None:
    """Its history begins anew; what later runs demand of it is nothing."""
    new = baselines.accept(report(Measurement(subject="search", metric="value_lower_MB", value=4)), None, ACCEPTED)
    assert new.models == {"search": {}}
    assert baselines.rules(new) == ()
    base = baselines.base(new)
    assert base
    assert base.measurements == ()
    assert codec.decode_yaml(baselines.text(new).encode(), Baseline, "b.yml") == new


@pytest.mark.parametrize(
    ("metric", "value", "status", "improved"),
    [
        ("throughput_fps", 900, "passed", False),
        ("throughput_fps", 850, "warned", False),
        ("throughput_fps", 799, "failed", False),
        ("throughput_fps", 951, "passed", True),
        ("latency_p99_ms", 1.0, "passed", False),
        ("latency_p99_ms", 1.3, "warned", False),
        ("latency_p99_ms", 1.51, "failed", False),
        ("latency_p99_ms", 0.8, "passed", True),
        ("power_efficiency_tops_per_watt", 51, "passed", False),
        ("power_efficiency_tops_per_watt", 44, "failed", False),
        ("power_efficiency_tops_per_watt", 56, "passed", True),
    ],
)
def test_the_users_document_judges_a_report_and_its_good_side_is_an_improvement(
    metric: str, value: float, status: str, *, improved: bool
) -> None:
    (example,) = baselines.load(EXAMPLE).values()
    found = baselines.find([example], "any-device")
    assert found
    measured = Measurement(subject="mobilenet_v3", metric=metric, value=value)
    verdicts = {verdict.key: verdict for verdict in judge.judge([measured], (), baselines.rules(found))}
    assert (verdicts[measured.key].status, verdicts[measured.key].improved) == (status, improved)
    missing = verdicts["yolov8n/power_efficiency_tops_per_watt"]
    assert (missing.status, missing.because) == ("unknown", "was not measured in this run")


def test_a_machine_shows_the_baselines_of_its_devices_too(tmp_path: Path) -> None:
    here = world(tmp_path)
    key = machine.identify(here).key
    (tmp_path / "baselines").mkdir()
    for number, device in enumerate((f"{key}-2-1.3", f"{key}0-2-1.3", "another")):
        text = baselines.text(Baseline(device=device, models={}))
        (tmp_path / f"baselines/{number}.yml").write_text(text)
    shown = accepting.show(tmp_path / "baselines", here)
    assert f"device: {key}-2-1.3" in shown
    assert shown.count("device: ") == 1
