"""What is said of a rule and a measurement: the one place that makes verdicts. Pure."""

from msgspec.structs import replace

from edgetpu_ci.judging import demand
from edgetpu_ci.model import Measurement, Rule, Status, Verdict


def unknown(rule: Rule, measurement: Measurement, because: str) -> Verdict:
    """What could not be judged; it weighs as its rule says."""
    verdict = _verdict(rule, measurement, "unknown", because)
    return replace(verdict, weight=rule.unknown or rule.severity)


def failed(rule: Rule, measurement: Measurement, because: str) -> Verdict:
    """A demand that is not met; of a rule that only warns, a warning."""
    return _verdict(rule, measurement, "failed" if rule.severity == "fail" else "warned", because)


def improved(rule: Rule, measurement: Measurement, because: str) -> Verdict:
    """A demand that is more than met."""
    return replace(passed(rule, measurement, because), improved=True)


def passed(rule: Rule, measurement: Measurement, because: str) -> Verdict:
    """A demand that is met."""
    return _verdict(rule, measurement, "passed", because)


def warned(rule: Rule, measurement: Measurement, because: str) -> Verdict:
    """What somebody should see, and nothing fails for."""
    return _verdict(rule, measurement, "warned", because)


def _verdict(rule: Rule, measurement: Measurement, status: Status, because: str) -> Verdict:
    return Verdict(
        subject=measurement.subject,
        metric=measurement.metric,
        status=status,
        weight=rule.severity,
        because=because,
        demand=demand.words(rule),
        value=measurement.value,
        owner=rule.owner,
        runbook=rule.runbook,
    )
