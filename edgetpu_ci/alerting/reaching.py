"""Who hears of which incident, as the configuration says today."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.incidents import routing
from edgetpu_ci.incidents.record import Alert, Incident, Step
from edgetpu_ci.notify import Bound


@dataclass(frozen=True, kw_only=True)
class Reaching:
    """As a `Reach`: by the rules of the alerts, and what is `muted` of them now."""

    alerting: Alerting
    rules: Sequence[AlertRule]
    bound: Mapping[str, Bound]
    muted: Callable[[Alert], bool]

    def targets(self, incident: Incident) -> tuple[str, ...] | None:
        """Where any of its alerts is told of; None while all are muted."""
        heard = [alert for alert in incident.alerts if not self.muted(alert)]
        if not heard:
            return None
        addresses = {name: one.address for name, one in self.bound.items()}
        found = (
            target
            for alert in heard
            for rule in self.rules
            if rule.name == alert.rule
            for target in routing.targets(self.alerting, addresses, rule, alert.labels)
        )
        return tuple(dict.fromkeys(found))

    def escalated(self, _incident: Incident, step: Step) -> tuple[str, ...]:
        """Wherever its contact is told."""
        return routing.of_contact(self.alerting, step.contact)

    def exists(self, target: str) -> bool:
        """Whether its notifier is still configured."""
        return target.partition(" ")[0] in self.bound
