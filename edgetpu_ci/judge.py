"""Judge: rules × measurements × comparisons → verdicts. Pure."""

from collections.abc import Sequence

from edgetpu_ci.model import Status, Verdict


def overall(verdicts: Sequence[Verdict]) -> Status:
    """The one status of a report: the worst of its verdicts, each as heavy as its rule says."""
    worst = {(verdict.status, verdict.weight) for verdict in verdicts}
    if any(status == "failed" for status, _ in worst):
        return "failed"
    if ("unknown", "fail") in worst:
        return "unknown"
    if any(status == "warned" or (status, weight) == ("unknown", "warn") for status, weight in worst):
        return "warned"
    return "passed"
