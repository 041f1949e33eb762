"""Who hears of which incident, as the configuration says today."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.incidents import routing
from edgetpu_ci.incidents.incident import firing
from edgetpu_ci.incidents.record import Incident, Step
from edgetpu_ci.notify import Bound


@dataclass(frozen=True, kw_only=True)
class Reaching:
    """As a `Reach`: by the rules of the alerts; `muted` has the fingerprints of those that nobody is to be told of."""

    alerting: Alerting
    rules: Sequence[AlertRule]
    bound: Mapping[str, Bound]
    muted: Container[str]

    def targets(self, incident: Incident) -> tuple[str, ...] | None:
        """Where any of its alerts that fire is told of; None while all are muted."""
        if self._is_silent(incident):
            return None
        addresses = {name: one.address for name, one in self.bound.items()}
        found = (
            target
            for alert in firing(incident) or incident.alerts
            for rule in self.rules
            if rule.name == alert.rule and alert.fingerprint not in self.muted
            for target in routing.targets(self.alerting, addresses, rule, alert.labels)
        )
        return tuple(dict.fromkeys(found))

    def escalated(self, _incident: Incident, step: Step) -> tuple[str, ...]:
        """Wherever its contact is told."""
        return routing.of_contact(self.alerting, step.contact)

    def exists(self, target: str) -> bool:
        """Whether its notifier is still configured."""
        return target.partition(" ")[0] in self.bound

    def _is_silent(self, incident: Incident) -> bool:
        """Whether all of its alerts that fire are muted. What is over has none: who heard of it hears that at once."""
        return incident.is_open and all(alert.fingerprint in self.muted for alert in firing(incident))
