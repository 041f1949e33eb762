"""Models that share a device: what each costs the other, alone and in turns with a base."""

from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import codec, validity
from edgetpu_ci.collect import model_set
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.judging.interleaved import Standing
from edgetpu_ci.loads.beside import Beside
from edgetpu_ci.model import Collected
from tests.fakes import loads

MS = loads.MS


def is_of_base(request: dict[str, Any]) -> bool:
    return Path(request["model"]).parent.name == "base"


def switching(request: dict[str, Any]) -> dict[str, Any]:
    """`b` is slower than `a`, and whatever comes after `b` waits 5 ms for its parameters; in a base nobody waits."""
    alone = 3 if Path(request["model"]).stem == "a" else 8
    is_base = is_of_base(request)
    upload = 5 if Path(request["other"]).stem == "b" and not is_base else 0
    return {"alone_ns": [alone * MS] * 20, "after_ns": [(alone + upload) * MS] * 20}


def options(folder: Path, *names: str, **given: Any) -> model_set.Options:
    return codec.convert({"models": loads.files(folder, *names), **given}, model_set.Options, "collect[0].with")


def values(collected: Collected) -> dict[str, float | None]:
    return {m.key: m.value for m in collected.measurements}


def test_each_model_is_measured_alone_and_after_each_other(tmp_path: Path) -> None:
    worker = loads.Worker(switching)
    found = model_set.collect(options(tmp_path, "a", "b"), worker.world(tmp_path))
    assert values(found) == {
        "a after b/latency_alone_p10_ms": 3.0,
        "a after b/latency_after_switch_p10_ms": 8.0,
        "a after b/switch_cost_ms": 5.0,
        "b after a/latency_alone_p10_ms": 8.0,
        "b after a/latency_after_switch_p10_ms": 8.0,
        "b after a/switch_cost_ms": 0.0,
    }
    assert len(worker.requests) == 20
    assert found.measurements[2].slots == (5.0,) * 10
    assert [Path(request["model"]).stem for request in worker.requests[:4]] == ["a", "b", "a", "b"]


def test_what_was_taken_before_a_fault_is_kept_and_that_pair_is_invalid(tmp_path: Path) -> None:
    worker = loads.Worker(loads.breaking(switching, {5}))
    found = model_set.collect(options(tmp_path, "a", "b"), worker.world(tmp_path))
    assert len(worker.requests) == 20
    assert values(found)["a after b/switch_cost_ms"] == 5.0
    assert found.measurements[2].slots == (5.0,) * 9
    assert validity.invalid(found.measurements) == {"a after b": "invalid: crashed with SIGABRT"}


@pytest.mark.parametrize("numbers", [{5}, {5, 9, 13}])
def test_rounds_beside_a_base_are_kept_after_faults(tmp_path: Path, numbers: set[int]) -> None:
    """The two pairs take turns: each odd request to a head is for `a after b`."""
    heads = loads.breaking(switching, numbers)
    worker = loads.Worker(lambda request: switching(request) if is_of_base(request) else heads(request))
    found = model_set.collect_beside(options(tmp_path, "a", "b"), base(tmp_path), worker.world(tmp_path))
    assert values(found)["a after b/switch_cost_ms"] == 5.0
    assert list(validity.invalid(found.measurements)) == ["a after b"]
    assert validity.invalid(found.base) == {}
    assert len(found.rounds["a after b"].orders) >= 2


def test_of_three_models_each_comes_after_each(tmp_path: Path) -> None:
    found = model_set.collect(options(tmp_path, "a", "b", "c", rounds=1), loads.Worker(switching).world(tmp_path))
    assert len({m.subject for m in found.measurements}) == 6


def test_a_few_invokes_have_no_percentile(tmp_path: Path) -> None:
    found = model_set.collect(options(tmp_path, "a", "b", rounds=2), loads.Worker(switching).world(tmp_path))
    assert {m.value for m in found.measurements} == {None}
    assert found.measurements[0].reason.startswith("p10 needs 64 samples, has 40")


def test_one_model_is_no_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least two models"):
        model_set.collect(options(tmp_path, "a"), loads.Worker(switching).world(tmp_path))


def test_a_file_that_is_no_model_is_not_run(tmp_path: Path) -> None:
    worker = loads.Worker(switching)
    wanted = options(tmp_path, "a", "b")
    (tmp_path / "b.tflite").write_bytes(b"")
    found = model_set.collect(wanted, worker.world(tmp_path))
    assert worker.requests == []
    assert all(m.failed for m in found.measurements)


def base(folder: Path, *, changed: bool = True, without: str = "") -> Beside:
    """A base with the same models in a folder of its own, of which one may be missing."""
    own = folder / "base"
    own.mkdir(exist_ok=True)
    loads.files(own, "a", "b")
    if changed:
        (own / "b.tflite").write_bytes(loads.MODEL + b"\0" * 16)

    def file(path: Path) -> Path | str:
        return "it is new" if path.stem == without else own / path.name

    return Beside(
        file=file,
        folder=lambda: own,
        standing=lambda taken: {
            name: Standing(len(known.orders), settled=True) for name, known in taken.rounds.items()
        },
        left=lambda: 1.0,
    )


def test_beside_a_base_both_are_measured_in_the_same_rounds(tmp_path: Path) -> None:
    wanted = options(tmp_path, "a", "b")
    world = loads.Worker(switching).world(tmp_path)
    found = model_set.collect_beside(wanted, base(tmp_path), world)
    assert {m.key: m.value for m in found.base}["a after b/latency_after_switch_p10_ms"] == 3.0
    assert values(found)["a after b/latency_after_switch_p10_ms"] == 8.0
    assert {len(known.orders) for known in found.rounds.values()} == {10}
    assert set(found.rounds) == {"a after b", "b after a"}
    assert model_set.series(wanted, world) == (
        "a after b/latency_alone_p10_ms",
        "a after b/latency_after_switch_p10_ms",
        "b after a/latency_alone_p10_ms",
        "b after a/latency_after_switch_p10_ms",
    )


def test_the_same_files_on_both_sides_are_measured_alone(tmp_path: Path) -> None:
    found = model_set.collect_beside(
        options(tmp_path, "a", "b"), base(tmp_path, changed=False), loads.Worker(switching).world(tmp_path)
    )
    assert not found.rounds
    assert found.alike == {"a after b", "b after a"}
    assert values(found)["a after b/switch_cost_ms"] == 5.0


def test_a_model_without_a_base_is_measured_alone(tmp_path: Path) -> None:
    found = model_set.collect_beside(
        options(tmp_path, "a", "b"), base(tmp_path, without="b"), loads.Worker(switching).world(tmp_path)
    )
    assert found.without == {"a after b": "it is new", "b after a": "it is new"}
    assert len(found.measurements) == 6


def test_a_base_that_breaks_costs_the_head_nothing(tmp_path: Path) -> None:
    def answer(request: dict[str, Any]) -> Any:
        return loads.crashing(11)(request) if is_of_base(request) else switching(request)

    found = model_set.collect_beside(options(tmp_path, "a", "b"), base(tmp_path), loads.Worker(answer).world(tmp_path))
    assert set(found.without) == {"a after b", "b after a"}
    assert values(found)["a after b/switch_cost_ms"] == 5.0
