"""The runbook of each alert as a series, by which a dashboard links it: alerts have no annotations there. Pure."""

from typing import Final

from edgetpu_ci import config
from edgetpu_ci.config import Config
from edgetpu_ci.exposition import names
from edgetpu_ci.runbooks import checking
from edgetpu_ci.stack import annotations, document, promql
from edgetpu_ci.stack.place import Place

FILE: Final = "prometheus/rules/runbooks.yml"
TESTS: Final = "prometheus/tests/runbooks.yml"
NAME: Final = f"{names.PREFIX}alert_runbook"
LABEL: Final = "runbook"


def files(settings: Config, place: Place) -> dict[str, str]:
    """The file of rules, and its test; neither where no runbook has an address."""
    links = {rule.name: annotations.runbook(rule, place) for rule in config.alert_rules(settings)}
    found = [{"alertname": name, LABEL: link} for name, link in links.items() if checking.is_elsewhere(link)]
    if not found:
        return {}
    rules = [{"record": NAME, "expr": "vector(1)", "labels": labels} for labels in found]
    return {
        FILE: document.yaml({"groups": [{"name": "edgetpu-ci-runbooks", "rules": rules}]}),
        TESTS: document.tests(FILE, "1m", [_test(found)]),
    }


def _test(found: list[dict[str, str]]) -> dict[str, object]:
    samples = [{"labels": promql.series(NAME, labels), "value": 1} for labels in found]
    return {"name": NAME, "promql_expr_test": [{"expr": NAME, "eval_time": "0m", "exp_samples": samples}]}
