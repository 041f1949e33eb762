"""Draw every dashboard from what a Prometheus answers; see scripts/dashboard-pictures."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

import yaml  # noqa: E402 - only after our own folder is first on the path
from msgspec.structs import replace  # noqa: E402

from edgetpu_ci import config, stack  # noqa: E402
from edgetpu_ci.exposition import families, text  # noqa: E402
from edgetpu_ci.exposition.record import Family, Labels, Line, Sample  # noqa: E402
from edgetpu_ci.stack.place import Place  # noqa: E402
from tests.fakes import dashboard_drawing, engines, monitored  # noqa: E402
from tests.fakes.asking import Asking  # noqa: E402

DAYS = 30
FLAGS = ("--query.lookback-delta=7h", "--storage.tsdb.retention.time=1y")
"""Runs lie six hours apart; who is scraped gives each value each minute."""


def main() -> int:
    """Write a picture of each dashboard into the folder that is named."""
    into = Path(sys.argv[1])
    into.mkdir(parents=True, exist_ok=True)
    settings = config.load(ROOT / "examples/alerts/edgetpu-ci.yml")
    runbooks = {rule.name: f"runbooks/{rule.name}.md" for rule in config.alert_rules(settings)}
    place = Place(repository=monitored.REPO, url=f"https://github.com/{monitored.REPO}", runbooks=runbooks)
    files = stack.files(settings, place)
    with TemporaryDirectory() as folder, _watched(Path(folder), files, settings) as asking:
        for path, written in files.items():
            if path.endswith(".json"):
                picture = into / Path(path).with_suffix(".png").name
                dashboard_drawing.draw(json.loads(written), asking, picture)
                print(picture)
    return 0


@contextmanager
def _watched(folder: Path, files: dict[str, str], settings: config.Config) -> Iterator[Asking]:
    """A Prometheus that has known the sample repository, and evaluated our rules, for weeks."""
    now = datetime.now(UTC)
    rules = {Path(path).name: text for path, text in files.items() if path.startswith("prometheus/rules/")}
    _backfill(folder, _history(settings, now))
    with engines.prometheus(folder, "", *FLAGS) as url:
        recorded = list(_recorded(rules, Asking(url), now))
    _backfill(folder, recorded)
    (folder / "rules").mkdir()
    for name, written in rules.items():
        (folder / "rules" / name).write_text(written, encoding="utf-8")
    with engines.prometheus(folder, "global: {evaluation_interval: 1s}\nrule_files: [rules/*.yml]\n", *FLAGS) as url:
        asking = Asking(url)
        engines.until(lambda: asking.series('ALERTS{alertstate="firing"}'))
        yield asking


def _recorded(rules: dict[str, str], asking: Asking, end: datetime) -> Iterator[Family]:
    """What our recording rules would have recorded each hour; promtool does the same in blocks of two hours, slowly."""
    for written in rules.values():
        for rule in (
            rule
            for group in yaml.safe_load(written)["groups"]
            for rule in group["rules"]
            if "record" in rule and "labels" not in rule
        ):
            found = asking.over_time(rule["expr"], end - timedelta(days=DAYS), end, 3600)
            samples = [
                Sample(_own(one.labels), value, datetime.fromtimestamp(at, UTC))
                for one in found
                for at, value in one.points
            ]
            yield Family(name=rule["record"], help="", samples=samples)


def _own(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in labels.items() if name != "__name__")


def _history(settings: config.Config, end: datetime) -> list[Family]:
    """All that was known after each run, with its time."""
    found: dict[str, Family] = {}
    for at, known in monitored.known(DAYS, config.alert_rules(settings), end):
        for family in families.of(known):
            before = found.get(family.name, replace(family, samples=()))
            then = tuple(replace(sample, at=at) for sample in family.samples)
            found[family.name] = replace(before, samples=(*before.samples, *then))
    return list(found.values())


def _lines(family: Family) -> Iterator[Line]:
    """Each series with its times, in milliseconds, and values."""
    series: dict[Labels, dict[int, float]] = {}
    for one in family.samples:
        if one.at is not None:
            series.setdefault(one.labels, {})[round(1000 * one.at.timestamp())] = one.value
    for labels, values in series.items():
        yield Line(family.name, labels, list(values), list(values.values()))


def _backfill(folder: Path, known: Sequence[Family]) -> None:
    """Into the data of a Prometheus that does not run; without the longest blocks it makes one for each two hours."""
    promtool = engines.find("promtool")
    if promtool is None:
        sys.exit("There is no promtool here; install the package prometheus.")
    history = folder / "history.om"
    pieces = text.history((family, _lines(family)) for family in known)
    history.write_text("".join(pieces), encoding="utf-8")
    making = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=8760h", str(history)]
    subprocess.run([*making, str(folder / "data")], check=True, capture_output=True)  # noqa: S603 - our own words


if __name__ == "__main__":
    sys.exit(main())
