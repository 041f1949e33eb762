"""What one job changed in the book: as events, and as lines of the audit log."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from edgetpu_ci import audit_log
from edgetpu_ci.audit_log import Act
from edgetpu_ci.incidents.record import Acknowledged, Book, Incident
from edgetpu_ci.memory import State
from edgetpu_ci.world import World


class Changes(NamedTuple):
    """Incidents that were opened, are over, and were taken on, and how people closed some of them.

    `configured` is the digest of the configuration of alerting, where that is a new one.
    """

    opened: tuple[Incident, ...]
    resolved: tuple[Incident, ...]
    acknowledged: tuple[Incident, ...]
    closed: Mapping[tuple[str, int], Acknowledged]
    configured: str = ""

    def note(self, state: State, world: World) -> None:
        """Tell of each incident, and record what people did."""
        for name, became in (("alert_opened", self.opened), ("alert_resolved", self.resolved)):
            for one in became:
                world.observed.tell("info", name, world.now(), incident=one.name, severity=one.severity)
        for one in self.acknowledged:
            world.observed.tell("info", "incident_acknowledged", world.now(), incident=one.name)
        for act in self.acts():
            audit_log.record(state, act, world)

    def acts(self) -> Iterator[Act]:
        """What is to be recorded; of what ended by itself nothing is, of what somebody closed who did."""
        if self.configured:
            yield Act("configured", "alerting", f"its digest is {self.configured}")
        for one in self.acknowledged:
            yield Act("acknowledged", one.name, by=one.acknowledged_by)
        for one in self.resolved:
            if said := self.closed.get((one.key, one.number)):
                yield Act("closed", one.name, said.over, said.by)


def between(before: Book, after: Book, answers: Iterable[Acknowledged] = ()) -> Changes:
    """What became of the one book in the other, by what people said and by itself."""
    known = {(one.key, one.number): one for one in before.incidents}
    pairs = [(known.get((one.key, one.number)), one) for one in after.incidents]
    return Changes(
        opened=tuple(one for old, one in pairs if one.is_open and not (old and old.is_open)),
        resolved=tuple(one for old, one in pairs if not one.is_open and old and old.is_open),
        acknowledged=tuple(one for old, one in pairs if one.acknowledged_at and not (old and old.acknowledged_at)),
        closed={(said.key, said.number): said for said in answers if said.over},
        configured=after.configured if after.configured != before.configured else "",
    )
