"""What notifiers hear beside the outbox: runs that changed something, and again what would fade."""

from collections.abc import Callable, Iterable, Mapping

from edgetpu_ci.incidents.record import Context, Incident, Intent, Notice
from edgetpu_ci.model import Report
from edgetpu_ci.notify import Bound, trouble
from edgetpu_ci.world import World


def follow(report: Report, labels: Mapping[str, str], bound: Iterable[Bound], world: World) -> None:
    """Tell of a run those who want to know of every one; who cannot be told costs a warning."""
    for one in bound:
        if one.changed:
            try:
                one.changed(report, labels, world)
            except Exception as error:  # noqa: BLE001 - a third party's notifier may fail in its own ways
                world.warn(f"warning: {trouble(one.use, error)}")


def say_again(
    incidents: Iterable[Incident], bound: Mapping[str, Bound], context: Callable[[Incident], Context], world: World
) -> None:
    """Say again of open incidents what would fade; a place that cannot be told costs a warning, and is left alone."""
    lost: set[str] = set()
    for incident in incidents:
        for target in incident.receipts if incident.is_open else ():
            known = bound.get(target.partition(" ")[0])
            if known and known.fades and target not in lost:
                try:
                    known.tell(_notice(incident, target, context(incident)), world)
                except Exception as error:  # noqa: BLE001 - the same
                    lost.add(target)
                    world.warn(f"warning: {trouble(target, error)}")


def _notice(incident: Incident, target: str, context: Context) -> Notice:
    """As if there were something new of it."""
    name = f"{incident.key}/{incident.number}/{incident.change}/{target}"
    intent = Intent(
        id=name, key=incident.key, number=incident.number, kind="updated", change=incident.change, target=target
    )
    return Notice(
        intent=intent,
        incident=incident,
        address=target.partition(" ")[2],
        context=context,
        earlier=incident.receipts[target],
    )
