"""The last values of what is wrong, as the store has them: for the sparkline, and for the picture in the thread."""

from pathlib import Path

from edgetpu_ci import codec, history
from edgetpu_ci.alerting.recent import Recent
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.incidents import alert as alerts
from edgetpu_ci.incidents.evaluate import observe
from edgetpu_ci.incidents.record import Alert, Watched
from edgetpu_ci.model import Measurement, Report
from edgetpu_ci.render.course_plot import Course, figure, png
from edgetpu_ci.store.folder import Folder
from tests.fakes.alerting import COVERAGE, LABELS, at, report, value
from tests.fakes.world import world

SPEED = AlertRule(name="slow", match="*/latency_p50_ms", above=5)


def kept(folder: Path, *found: Report) -> Recent:
    store = Folder(folder / "store")
    for one in found:
        store.append(history.kind(one.run.machine.key), one.run.id, codec.encode_json(one))
    return Recent(store=store, world=world(folder))


def bad(rule: AlertRule, one: Report) -> Alert:
    seen = next(seen for seen in observe([rule], one, LABELS) if seen.standing == "bad")
    return alerts.begun(Watched(fingerprint="f", rule=rule.name, labels=seen.labels, last=seen.seen), seen)


def speed(subject: str, milliseconds: float, device: str) -> Measurement:
    return value("latency_p50_ms", milliseconds, subject, device=device)


def test_a_key_figure_has_its_last_values_and_a_picture(tmp_path: Path) -> None:
    runs = [report(value("test_coverage", 90 - 4 * n), minutes=n) for n in range(4)]
    values, draw = kept(tmp_path, *runs).of(bad(COVERAGE, runs[3]), COVERAGE)
    assert list(values) == [90, 86, 82, 78]
    assert draw().startswith(b"\x89PNG")


def test_of_several_devices_the_one_that_is_bad_is_meant(tmp_path: Path) -> None:
    runs = [
        report(speed("net", 4.0, "cpu"), speed("net", 2.0 + 2 * n, "tpu"), minutes=n, machine="pi5") for n in range(3)
    ]
    recent = kept(tmp_path, *runs)
    assert recent.of(bad(SPEED, runs[2]), SPEED)[0] == (2, 4, 6)
    beside = report(speed("net", 6.0, "cpu"), speed("net", 6.0, "tpu"), minutes=3, machine="pi5")
    recent = kept(tmp_path / "alike", *runs, beside)
    assert recent.of(bad(SPEED, beside), SPEED)[0] == ()


def test_of_another_machine_or_a_subject_that_is_not_kept_nothing_is_shown(tmp_path: Path) -> None:
    run = report(speed("net", 9.0, "cpu"), minutes=1, machine="pi5")
    values, draw = kept(tmp_path, report(speed("net", 8.0, "cpu"), machine="pi4")).of(bad(SPEED, run), SPEED)
    assert (values, draw()) == ((), b"")


def test_the_store_is_read_once_whoever_is_told(tmp_path: Path) -> None:
    runs = [report(value("test_coverage", 70 + n), minutes=n) for n in range(2)]
    recent = kept(tmp_path, *runs)
    about = bad(COVERAGE, runs[1])
    first = recent.of(about, COVERAGE)[0]
    (tmp_path / "store").rename(tmp_path / "gone")
    assert recent.of(about, COVERAGE)[0] == first


def test_the_picture_says_the_limit_and_since_when() -> None:
    points = history.points([report(value("test_coverage", 90 - 4 * n), minutes=60 * n) for n in range(4)])[0].points
    course = Course(metric="test_coverage", subject="repository", points=points, limit=80, bad=at(150))
    axes = figure(course).axes[0]
    assert (axes.get_title(loc="left"), axes.get_ylabel()) == ("test coverage", "%")
    assert axes.get_xlabel() == "4 runs of main · bad since 2026-11-25 14:30 UTC · limit 80 % (dashed)"
    assert len(axes.patches) == 1


def test_one_value_or_one_that_breaks_arithmetic_is_no_picture() -> None:
    for values in ([1.0], [1.0, 1e300]):
        points = history.points([report(value("test_coverage", one), minutes=n) for n, one in enumerate(values)])
        assert png(Course(metric="test_coverage", subject="repository", points=points[0].points, bad=at(0))) == b""
