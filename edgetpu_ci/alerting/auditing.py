"""What of escalating was missed, by what the store knows."""

from datetime import timedelta

from edgetpu_ci import config, store
from edgetpu_ci.alerting import keeper
from edgetpu_ci.incidents import escalation
from edgetpu_ci.incidents.escalation import Missed, Plan
from edgetpu_ci.world import World


def plan(settings: config.Config) -> Plan:
    """What the configuration says of escalating."""
    return Plan(alerting=settings.alerting, rules=config.watched_rules(settings))


def audit(settings: config.Config, tolerance: timedelta, world: World) -> tuple[Missed, ...]:
    """Of open incidents that nobody acknowledged, what came, or still is to come, later than `tolerance`."""
    kept = store.open_store(settings.store, world)
    return escalation.audit(keeper.load(kept), plan(settings), world.now(), tolerance)
