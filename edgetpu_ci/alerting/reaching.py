"""Who hears of which incident, as the configuration says today."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from edgetpu_ci.config import checking
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

    def hearers(self, incident: Incident) -> tuple[str, ...]:
        """The ways and contacts that the configuration has for its alerts, whether they have an address or none."""
        rules = {alert.rule for alert in incident.alerts}
        found = (name for rule in self.rules if rule.name in rules for name in checking.hearers(self.alerting, rule))
        return tuple(dict.fromkeys(found))

    def targets(self, incident: Incident) -> tuple[str, ...] | None:
        """Where any of its alerts that fire is told of; None while all are muted."""
        if self.is_silent(incident):
            return None
        found = (
            target
            for alert in firing(incident) or incident.alerts
            for rule in self.rules
            if rule.name == alert.rule and alert.fingerprint not in self.muted
            for target in routing.targets(self.alerting, self._addresses, rule, alert.labels)
        )
        return tuple(dict.fromkeys(found))

    def is_silent(self, incident: Incident) -> bool:
        """Whether all of its alerts that fire are muted. What is over has none: who heard of it hears that at once."""
        return incident.is_open and all(alert.fingerprint in self.muted for alert in firing(incident))

    def escalated(self, incident: Incident, step: Step) -> tuple[str, ...]:
        """Wherever its contact is told; where it is a way, at the address for the alert that fires first.

        A reminder: wherever it is told of.
        """
        if not step.contact:
            return self.targets(incident) or ()
        first = (firing(incident) or incident.alerts)[0]
        return tuple(routing.said_to(step.contact, self.alerting, self._addresses, "", first.labels))

    @property
    def _addresses(self) -> routing.Addresses:
        return {name: one.address for name, one in self.bound.items()}

    def exists(self, target: str) -> bool:
        """Whether its notifier is still configured."""
        return target.partition(" ")[0] in self.bound
