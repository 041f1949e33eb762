"""Run peers' rules over series, in whatever environment has their packages: JSON in, JSON out.

Standard input: {"folder": of score.py and peers.py, "package": whose rules, "series": {set: [values, …]}}.
Standard output: {rule: {set: found}, "offline" as indices, the others as [newest point when it was said, index]}.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

Rule = Callable[[Sequence[float]], Any]

PACKAGES = {
    "apache-otava": ("otava", "otava.analysis"),
    "asv": ("asv", "asv.step_detect"),
    "signal-processing-algorithms": (
        "signal_processing_algorithms",
        "signal_processing_algorithms.energy_statistics",
        "signal_processing_algorithms.energy_statistics.energy_statistics",
    ),
}
SLOW = ("MongoDB",)


def rules(package: str, peers: Any, score: Any) -> dict[str, tuple[Rule, Rule]]:  # noqa: ANN401 - foreign modules
    """Name of each rule of a package's, offline and online."""
    import numpy as np

    def batch(detect: Rule) -> tuple[Rule, Rule]:
        return detect, score.replay(detect)

    def point(online: Rule) -> tuple[Rule, Rule]:
        return peers.merged(online), online

    def perfherder(threshold: float, percent: float) -> tuple[Rule, Rule]:
        def detect(values: Sequence[float]) -> list[int]:
            places = peers._perfherder_t(np.array(values), thr=threshold)  # noqa: SLF001 - no other way to its t
            return [at for at in places if _differs(values, at, percent)]

        # A change is seen when the twelve points from it on are there.
        return detect, lambda values: [(at + 11, at) for at in detect(values)]

    if package == "apache-otava":
        return {
            "Otava 0.8 (default)": batch(peers.otava()),
            "Otava, p 1e-6 (tuned)": batch(peers.otava(max_pvalue=1e-6)),
        }
    if package == "asv":
        return {"asv, any step": batch(peers.asv_steps()), "asv, 5 % (default)": batch(peers.asv_steps(0.05))}
    if package == "signal-processing-algorithms":
        return {"MongoDB e-divisive (default)": batch(peers.mongo())}
    return {
        "github-action-benchmark 200 % (default)": point(peers.gha(2.0)),
        "Bencher t-test 0.99 (default)": point(peers.bencher("t", 0.99)),
        "Bencher z-score 0.99": point(peers.bencher("z", 0.99)),
        "Bencher IQR 3": point(peers.bencher("iqr", 3.0)),
        "rustc-perf": point(peers.rustc_perf()),
        "Perfherder t 7, 2 % (default)": perfherder(7.0, 2.0),
        "Perfherder t 5.5, 1 % (tuned)": perfherder(5.5, 1.0),
        "PELT l2, 40 log n (tuned)": batch(peers.pelt(beta=40.0)),
    }


def _differs(values: Sequence[float], at: int, percent: float) -> bool:
    """Perfherder's second demand: the means around a change differ by so much."""
    old, new = values[max(0, at - 24) : at], values[at : at + 12]
    before, after = sum(old) / len(old), sum(new) / len(new)
    return before != 0 and abs(after - before) / abs(before) * 100 >= percent


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    sys.path.insert(0, request["folder"])
    _stand_in(request["package"])
    peers, score = importlib.import_module("peers"), importlib.import_module("score")
    answer = {}
    for name, (offline, online) in rules(request["package"], peers, score).items():
        answer[name] = _found(name, offline, online, request["series"])
        print(name, file=sys.stderr)
    json.dump(answer, sys.stdout)


def _stand_in(package: str) -> None:
    """peers.py imports all its packages at once; those of other environments are never called here."""
    for other, modules in PACKAGES.items():
        for name in modules if other != package else ():
            sys.modules[name] = ModuleType(name)
            for attribute in ("compute_change_points", "compute_change_points_orig", "detect_steps", "e_divisive"):
                setattr(sys.modules[name], attribute, None)
    if package:
        sys.modules["ruptures"] = ModuleType("ruptures")


def _found(name: str, offline: Rule, online: Rule, series: dict[str, list[list[float]]]) -> dict[str, Any]:
    started = time.process_time()
    found: dict[str, Any] = {"offline": [[int(at) for at in offline(values)] for values in series["offline"]]}
    found["seconds"] = time.process_time() - started
    found["small"] = [[int(at) for at in offline(values)] for values in series["small"]]
    for which in () if name.startswith(SLOW) else ("online", "shuffled"):
        found[which] = [[(int(t), int(at)) for t, at in online(values)] for values in series[which]]
    return found


if __name__ == "__main__":
    main()
