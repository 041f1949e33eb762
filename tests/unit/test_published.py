"""Published figures beside ours: the right model or none, and never a verdict."""

from pathlib import Path

import pytest

from edgetpu_ci import baselines, published
from edgetpu_ci.model import Machine, Measurement, Report, Run
from edgetpu_ci.render import published as said
from tests.fakes import snapshots
from tests.fakes.program import edgetpu_ci
from tests.fakes.world import AT

ROOT = Path(__file__).parents[2]
KNOWN = published.load()
USB = "edgetpu usb 5000 Mbit/s · libedgetpu 16.0 std · ai-edge-litert 2.3.0"


def report(*measured: Measurement) -> Report:
    return Report(run=Run(id="r", at=AT, machine=Machine(key="pi"), measurements=measured))


def speed(subject: str, fps: float | None, device: str = USB, reason: str = "") -> Measurement:
    return Measurement(subject=subject, metric="throughput_fps", value=fps, n=2000, device=device, reason=reason)


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("mobilenet_v1_1.0_224_quant_edgetpu", "mobilenet_v1_1.0_224"),
        ("models/MobileNet_v1_1.0_224_quant_edgetpu.tflite", "mobilenet_v1_1.0_224"),
        ("ssd_mobilenet_v1_coco_quant_postprocess_edgetpu", "ssd_mobilenet_v1_coco"),
        ("mobilenet_v1_1.0_224", "mobilenet_v1_1.0_224"),
        ("tf2_mobilenet_v2_1.0_224_ptq_edgetpu", "tf2_mobilenet_v2_1.0_224_ptq"),
        ("mobilenet_v1_0.25_128_quant_edgetpu", "mobilenet_v1_0.25_128"),
    ],
)
def test_a_model_is_known_by_its_whole_name(subject: str, name: str) -> None:
    assert published.name(subject) == name


@pytest.mark.parametrize("subject", ["mobilenet_v1_0.25_128", "tf2_mobilenet_v2_1.0_224_ptq", "mobilenet", "224"])
def test_another_width_size_or_way_to_make_it_is_another_model(subject: str) -> None:
    assert published.standings(report(speed(subject, 400)), KNOWN) == ()


def test_the_mean_is_set_beside_each_host() -> None:
    (standing,) = published.standings(report(speed("mobilenet_v2_1.0_224_quant_edgetpu", 400)), KNOWN)
    assert standing.ms == 2.5
    ratios = {figure.host: round(figure.ratio, 4) for figure in standing.figures if figure.source == "coral.ai"}
    assert list(ratios.values()) == [0.9615, 0.9615]
    assert len(standing.figures) == 7


def test_what_is_no_edge_tpu_or_was_not_measured_is_shown_beside_nothing() -> None:
    name = "mobilenet_v1_1.0_224_quant"
    standings = published.standings(
        report(
            speed(name, 100, "cpu · ai-edge-litert 2.3.0 · 1 thread"),
            speed(name, 100, "simulated · ai-edge-litert 2.3.0"),
            speed(name, None, reason="the device is busy"),
            speed(name, 0.0),
        ),
        KNOWN,
    )
    assert [standing.figures for standing in standings] == [()] * 4
    assert [standing.why.split(" ")[:3] for standing in standings] == [
        ["it", "ran", "on"],
        ["the", "device", "is"],
        ["the", "device", "is"],
        ["no", "inference", "was"],
    ]


def test_it_reads_as_it_should() -> None:
    measured = [
        speed("models/mobilenet_v1_1.0_224_quant_edgetpu", 251.3),
        speed("ssd_mobilenet_v1_coco_quant_postprocess_edgetpu", None, reason="the device is held by process 4711"),
        speed("a_model_of_ours", 10),
    ]
    standings = published.standings(report(*measured), KNOWN)
    snapshots.check("published.txt", said.text(standings, KNOWN))


def test_without_any_published_model_the_names_are_told() -> None:
    assert "\n  inception_v4_299\n" in said.text((), KNOWN)


def test_every_figure_has_its_host_and_no_name_is_given_twice_by_one_source() -> None:
    for source in KNOWN.sources:
        names = [name for row in source.rows for name in row.names]
        assert len(names) == len(set(names))
        assert {host for row in source.rows for host in row.ms} == set(source.hosts)
        assert all(published.name(name) == name for name in names)


def test_every_row_of_pycoral_is_found_by_the_name_of_its_own_file() -> None:
    (pycoral,) = (source for source in KNOWN.sources if source.name == "pycoral")
    assert all(published.name(row.model) in row.names for row in pycoral.rows)


def test_the_published_file_is_nobodys_baseline() -> None:
    assert (ROOT / "baselines/published-coral.yml").samefile(published.FILE)
    assert baselines.load(ROOT / "baselines") == {}


def test_the_command_shows_a_report_and_never_fails(tmp_path: Path) -> None:
    shown = edgetpu_ci(tmp_path, "compare", "--published", str(ROOT / "docs/example-report.json"))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "No measured model has the name of a published one" in shown.stdout


@pytest.mark.parametrize("more", [["--head", "m.tflite"], ["--config", "c.yml"]])
def test_it_measures_nothing_and_says_so(tmp_path: Path, more: list[str]) -> None:
    done = edgetpu_ci(tmp_path, "compare", "--published", "report.json", *more)
    assert (done.returncode, "--published measures nothing" in done.stderr) == (2, True)


def test_a_report_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = edgetpu_ci(tmp_path, "compare", "--published")
    assert (done.returncode, done.stderr) == (
        2,
        "edgetpu-ci: edgetpu-ci-report cannot be read: no such file or directory.\n",
    )
