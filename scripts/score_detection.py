"""Score our detection and its peers' on series that people labelled, and print the tables."""

import hashlib
import importlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ["EDGETPU_CI_DETECTION"])
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edgetpu-ci" / "peers"
PEERS = ROOT / "scripts" / "detection_peers.py"
sys.path[:1] = [str(ROOT), str(FOLDER)]

from edgetpu_ci import detection  # noqa: E402
from scripts import detection_peers  # noqa: E402

score: Any = importlib.import_module("score")

ANNOTATORS, FOLDS, RESAMPLES = 5, 5, 2000
SHUFFLED_EVERY = 3
SLOW_EVERY = 6  # of the series online and shuffled, for the packages that judge a whole window at each point
OURS = ("**ours, suspected or confirmed**", "**ours, confirmed**")
HEADS = (
    "| method | offline P / R / F1 | TCPD F1 | covering | CPU s per 10,000 | online P / R / F1 | false per 1,000 "
    "| delay | regressions of 5 / look-alikes of 20 | shuffled per 1,000 |\n" + "|---" * 10 + "|"
)

Found = dict[str, Any]


def main() -> None:
    """Print a row for each method, and how sure the differences are."""
    CACHE.mkdir(parents=True, exist_ok=True)
    labelled = [one for one in score.load(FOLDER / "data/sap_hana/dev.jsonl") if len(one["ann"]) == ANNOTATORS]
    small = [json.loads(line) for line in (FOLDER / "data/sap_hana_small/series.jsonl").open()]
    series = {
        "offline": [one["x"] for one in labelled],
        "online": [one["x"] for one in labelled],
        "shuffled": [_shuffled(one["x"]) for one in labelled[::SHUFFLED_EVERY]],
        "small": [one["values"] for one in small],
    }
    found = _ours(series) | _theirs(series)
    sizes = {name: f"{len(each)} series, {sum(map(len, each)):,} points" for name, each in series.items()}
    print("; ".join(f"{name}: {size}" for name, size in sizes.items()), end="; ")
    print(f"Otava and asv online and shuffled on every {SLOW_EVERY}th of these, MongoDB's not at all\n\n{HEADS}")
    for name, each in found.items():
        print(_row(name, each, labelled, small, series))
    print(_folds(found, labelled))


def _shuffled(values: Sequence[float]) -> list[float]:
    return random.Random(len(values)).sample(values, len(values))  # noqa: S311 - no secret


def _ours(series: dict[str, list[list[float]]]) -> dict[str, Found]:
    """Both tiers, through what the verb runs."""
    started = time.process_time()
    offline = _answers(series["offline"], online=False)
    seconds = time.process_time() - started
    small = _answers(series["small"], online=False)
    watched = {which: _answers(series[which], online=True) for which in ("online", "shuffled")}
    kept: dict[str, Callable[[dict[str, Any]], bool]] = {
        OURS[0]: lambda _change: True,
        OURS[1]: lambda change: change["tier"] == "confirmed",
    }
    return {
        name: {
            "seconds": seconds,
            "offline": [[change["index"] for change in each if keep(change)] for each in offline],
            "small": [[change["index"] for change in each if keep(change)] for each in small],
            **{
                which: [[(change[at], change["index"]) for change in each if keep(change)] for each in answers]
                for which, answers in watched.items()
            },
        }
        for (name, keep), at in zip(kept.items(), ("suspected_at", "confirmed_at"), strict=True)
    }


def _answers(series: Iterable[Sequence[float]], *, online: bool) -> list[list[dict[str, Any]]]:
    lines = [json.dumps({"id": at, "values": values}).encode() for at, values in enumerate(series)]
    return [json.loads(answer)["changes"] for answer in detection.answers(lines, "series", online=online, as_json=True)]


def _theirs(series: dict[str, list[list[float]]]) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for package in ("", *detection_peers.PACKAGES):
        python = _environment(package) if package else sys.executable
        if python is None:
            print(f"{package} could not be installed; its rules are missing below.\n")
            continue
        every = SLOW_EVERY if package else 1
        fewer = {which: each[::every] if which in ("online", "shuffled") else each for which, each in series.items()}
        request = json.dumps({"folder": str(FOLDER), "package": package, "series": fewer})
        found |= json.loads(_kept(request, python))
    return found


def _kept(request: str, python: str) -> str:
    """The answer to a request, kept in the cache: some peers take an hour, and say the same each time."""
    asked = (request, PEERS.read_text(), (FOLDER / "peers.py").read_text())
    place = CACHE / f"{hashlib.sha256(''.join(asked).encode()).hexdigest()[:16]}.json"
    if not place.exists():
        place.write_text(_run(python, str(PEERS), given=request))
    return place.read_text()


def _environment(package: str) -> str | None:
    """The Python of an environment with one peer's package, made when it is not there."""
    place = CACHE / package
    python = place / "bin" / "python"
    try:
        if not python.exists():
            _run(sys.executable, "-m", "venv", str(place))
            _run(str(python), "-m", "pip", "install", "-q", package, "scipy")
    except subprocess.CalledProcessError:
        shutil.rmtree(place, ignore_errors=True)
        return None
    return str(python)


def _run(*program: str, given: str = "") -> str:
    return subprocess.run(program, input=given, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603 - ours


def _row(
    name: str, found: Found, labelled: Sequence[Any], small: Sequence[Any], series: dict[str, list[list[float]]]
) -> str:
    offline = score.score_offline(labelled, _replayed(found["offline"]))
    points = sum(map(len, series["offline"]))
    cells = [
        name,
        _three(offline),
        f"{offline['tcpd_f1']:.3f}",
        f"{offline['cover']:.3f}",
        f"{1e4 * found['seconds'] / points:.2f}",
    ]
    if "online" in found:
        online = score.score_online(labelled[:: _every(labelled, found["online"])], _replayed(found["online"]))
        cells += [_three(online), f"{online['fa_per_1000']:.2f}", f"{online['delay']:g}"]
    else:
        cells += ["not run", "", ""]
    cells.append(_verdicts(small, found["small"]))
    cells.append(_alerts(series["shuffled"], found["shuffled"]) if "shuffled" in found else "")
    return f"| {' | '.join(cells)} |"


def _every(given: Sequence[object], answered: Sequence[object]) -> int:
    return 1 if len(given) == len(answered) else SLOW_EVERY


def _alerts(series: Sequence[Sequence[float]], found: Sequence[Sequence[object]]) -> str:
    points = sum(map(len, series[:: _every(series, found)]))
    return f"{1000 * sum(map(len, found)) / points:.2f}"


def _replayed(answers: Iterable[Any]) -> Callable[[Any], Any]:
    """What was found already, as the detector that the scorer calls once for each series."""
    following = iter(answers)
    return lambda _values: next(following)


def _three(scores: dict[str, float]) -> str:
    return f"{scores['P']:.2f} / {scores['R']:.2f} / {scores['F1']:.3f}"


def _verdicts(small: Sequence[dict[str, Any]], found: Sequence[Sequence[int]]) -> str:
    """Regressions found within ten points, and look-alikes with any change for the worse."""
    hits = alarms = 0
    for one, places in zip(small, found, strict=True):
        worse = [at for at in places if _rises(one["values"], at)]
        if one["verdict"] == "regression":
            hits += any(abs(at - one["last_good_index_1based"]) <= 2 * score.M for at in worse)
        else:
            alarms += bool(worse)
    return f"{hits} / {alarms}"


def _rises(values: Sequence[float], at: int) -> bool:
    return fmean(values[at : at + 3]) > median(values[max(0, at - 10) : at] or values[:1])


def _folds(found: dict[str, Found], labelled: Sequence[dict[str, Any]]) -> str:
    """F1 in each of five folds of neighbouring series, and the bootstrapped difference to ours, over groups."""
    groups = _groups([one["id"] for one in labelled])
    draw = random.Random(1)  # noqa: S311 - no secret
    order = draw.sample(range(len(groups)), len(groups))
    counts = {name: [_counts(labelled, each["offline"], group) for group in groups] for name, each in found.items()}
    resamples = [draw.choices(range(len(groups)), k=len(groups)) for _ in range(RESAMPLES)]
    lines = [f"\n{len(groups)} groups of neighbouring series, {FOLDS} folds, {RESAMPLES:,} resamples of groups\n"]
    lines += ["| method | offline F1 of each fold | mean | ours − it, F1 [95 %] |", "|---|---|---|---|"]
    for name, each in counts.items():
        folds = [_f1([each[at] for at in order[fold::FOLDS]]) for fold in range(FOLDS)]
        ours = [_f1([counts[OURS[0]][at] for at in sample]) for sample in resamples]
        gaps = sorted(a - _f1([each[at] for at in sample]) for a, sample in zip(ours, resamples, strict=True))
        gap = _f1(counts[OURS[0]]) - _f1(each)
        lines.append(
            f"| {name} | {' '.join(f'{fold:.2f}' for fold in folds)} | {fmean(folds):.3f} "
            f"| {gap:+.3f} [{gaps[RESAMPLES // 40]:+.3f}, {gaps[-RESAMPLES // 40]:+.3f}] |"
        )
    return "\n".join(lines)


def _groups(ids: Sequence[str]) -> list[list[int]]:
    """Places of series whose numbers are at most three apart: variants of one test stay together."""
    numbered = sorted((int(re.findall(r"\d+", name)[0]), at) for at, name in enumerate(ids))
    groups = [[numbered[0][1]]]
    for (last, _), (number, at) in pairwise(numbered):
        if number - last > 3:  # noqa: PLR2004 - as the data were split
            groups.append([])
        groups[-1].append(at)
    return groups


def _counts(labelled: Sequence[Any], found: Sequence[Any], group: Sequence[int]) -> tuple[int, int, int]:
    scores = score.score_offline([labelled[at] for at in group], _replayed([found[at] for at in group]))
    return scores["tp"], scores["fp"], scores["fn"]


def _f1(counts: Iterable[tuple[int, int, int]]) -> float:
    hits, false, missed = map(sum, zip(*counts, strict=True))
    return 2 * hits / (2 * hits + false + missed) if hits else 0.0


if __name__ == "__main__":
    main()
