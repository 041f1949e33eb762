"""The names and units that monitoring documents use, made of our metrics by recording rules. Pure."""

from typing import Final, NamedTuple

from edgetpu_ci.config import Config
from edgetpu_ci.config.observability import Flavour
from edgetpu_ci.exposition import names
from edgetpu_ci.stack import document, promql
from edgetpu_ci.stack.place import Place

FILE: Final = "prometheus/rules/recording.yml"
TESTS: Final = "prometheus/tests/recording.yml"

_VALUE: Final = 50.0
"""One that comes back the same in every unit."""


class Recorded(NamedTuple):
    """A name of the document, the metric of ours that it is, and of which subjects; its unit is the metric's."""

    name: str
    metric: str
    subject: str = "*"


RECORDED: Final = (
    Recorded("github_actions_success_rate", "build_success_rate"),
    Recorded("test_coverage_percentage", "test_coverage"),
    Recorded("security_scan_score", "security_score"),
    Recorded("outdated_dependencies", "outdated_dependencies"),
    Recorded("vulnerable_dependencies", "vulnerable_dependencies"),
    Recorded("benchmark_fps_mobilenet", "throughput_fps", "*mobilenet*"),
    Recorded("benchmark_fps_yolo", "throughput_fps", "*yolo*"),
    Recorded("power_efficiency_tops_per_watt", "power_efficiency_tops_per_watt"),
    Recorded("benchmark_error_rate", "error_rate_percent"),
)


def files(settings: Config, _place: Place) -> dict[str, str]:
    """The file of recording rules, and their unit tests."""
    flavour = settings.observability.stack.flavour
    found = [{"record": one.name, "expr": expr(one, flavour)} for one in RECORDED]
    return {
        FILE: document.yaml({"groups": [{"name": "edgetpu-ci-recording", "rules": found}]}),
        TESTS: document.tests(FILE, "1m", [_test(one) for one in RECORDED]),
    }


def expr(one: Recorded, flavour: Flavour) -> str:
    """The newest value of each series in the unit of the catalogue, under its own labels."""
    name = names.find(one.metric)
    values = promql.selected(name.name, {"subject": one.subject}, flavour)
    back = f" * {name.by:g}" if name.by != 1 else ""
    return f"{values}{back}"


def _test(one: Recorded) -> dict[str, object]:
    name, labels = names.find(one.metric), {"repo": "owner/name", "subject": promql.example(one.subject)}
    sample = {"labels": promql.series(one.name, labels), "value": _VALUE}
    return {
        "name": one.name,
        "interval": "1m",
        "input_series": [
            {"series": promql.series(name.name, labels), "values": promql.number(name.scaled(_VALUE))},
        ],
        "promql_expr_test": [{"expr": one.name, "eval_time": "1m", "exp_samples": [sample]}],
    }
