"""Whether the rules of data, access and review are kept, each with its evidence (docs/compliance.md)."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from msgspec import Meta, Struct, field

from edgetpu_ci.errors import ConfigError, EdgeTpuCiError
from edgetpu_ci.memory import Forgetful, State
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.transport import github
from edgetpu_ci.transport.seldom import WEEK, Seldom
from edgetpu_ci.upkeep import access, account, asking, audit, records, review, reviews, stale
from edgetpu_ci.upkeep.asking import No
from edgetpu_ci.upkeep.review import Review
from edgetpu_ci.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

OF_REPOSITORY: Final = True

Days = Annotated[int, Meta(ge=1, le=4000)]


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`reviewed`: when this configuration was last looked through; it and access are to be so every `review_days`.

    `log_retention_days`: for how many days entries of each level are kept, and `elsewhere` which levels a store keeps
    that is not GitHub: both as `observability.logs` says, where it is there. `actions_logs` is the level whose days
    hold for the logs of Actions, which have all in one file. `scan`: the file name of the workflow of the daily scan.
    `incident_label` marks incidents; `postmortem_days` after one was closed, a post-mortem stands in its issue, or a
    file that `postmortems` means names it.
    """

    reviewed: date | None = None
    review_days: Days = 92
    log_retention_days: dict[str, Days] = field(default_factory=lambda: dict(audit.POLICY))
    elsewhere: tuple[str, ...] | None = None
    actions_logs: str = "WARNING"
    scan: str = "security.yml"
    incident_label: str = "incident"
    postmortem_days: Days = 5
    postmortems: str = "docs/postmortems/*.md"


def collect(options: Options, world: World) -> Collected:
    """What can be told without the store."""
    return collect_remembering(options, Forgetful(), world)


def collect_remembering(options: Options, state: State, world: World) -> Collected:
    """Each rule as kept, broken, or not known with what is missing to know."""
    reader, now = github.connect(world), world.now()
    slow = Seldom(reader, state, now)
    found = asking.gather(reader, _asks(options, reader, slow, now))
    kept, incidents = found.pop("retention"), found.pop("incidents")
    names, newest = state.values(), reviews.newest(state)
    missing: list[str] = []
    if not isinstance(incidents, No):
        incidents = [*incidents, *records.unissued(state, options.postmortem_days, now, world)]
        missing = records.undescribed(incidents, options.postmortems, world)
    permissions = _permissions(reader, slow, newest, reviews.secret(state, world), now)
    slow.keep()
    past = stale.past(state, names, now)
    measured: tuple[Measurement, ...] = (
        audit.retention(kept, _logging(options), past, now),
        audit.minimisation(stale.unregistered(state, names), now),
        permissions,
        audit.reviewed(newest, options.review_days, now),
        audit.scanned(found, now),
        audit.documented(incidents, missing, options.postmortem_days, now),
        audit.configuration(options.reviewed, options.review_days, now),
    )
    return Collected(measurements=measured)


def _logging(options: Options) -> audit.Logging:
    return audit.Logging(days=options.log_retention_days, actions=options.actions_logs, elsewhere=options.elsewhere)


def probe(options: Options, world: World) -> tuple[EdgeTpuCiError, ...]:
    """Why something of it may not be read, one error a permission."""
    reader = github.connect(world)
    asks = {**_asks(options, reader, reader, world.now()), **access.asks(reader)}
    failed = [one for one in reader.gather([*asks.values()]) if isinstance(one, EdgeTpuCiError)]
    return tuple({getattr(one, "permission", "") or str(one): one for one in failed}.values())


def _permissions(
    reader: github.GitHub, slow: Seldom, newest: Review | None, secret: bytes | None, now: datetime
) -> Measurement:
    """The audit of who may reach the repository; one that found all as it was signed off stands for a week."""
    if newest is None or secret is None or not review.is_keyed_by(newest, secret):
        return audit.incomparable(newest)
    return slow.ask(
        f"audit of access as of {newest.at:%Y-%m-%dT%H:%M:%SZ}",
        Measurement,
        lambda: audit.permissions(newest, access.read(reader), secret, now),
        lasts=lambda found: WEEK if found.value else timedelta(),
    )


def _asks(
    options: Options, reader: github.GitHub, slow: github.Getting, now: datetime
) -> dict[str, "Callable[[], Any]"]:
    return {
        "retention": partial(account.retention, slow),
        "code-scanning analysis": partial(records.analysis, reader),
        f"successful run of {options.scan}": partial(records.scan, reader, options.scan),
        "incidents": partial(records.incidents, reader, options.incident_label, options.postmortem_days, now),
    }


def check(options: Options, world: World) -> None:
    """ConfigError for a review to come, what is no level, and a level without days."""
    if options.reviewed and options.reviewed > world.now().date():
        raise ConfigError(f"`reviewed: {options.reviewed}` of `use: compliance` is still to come.")
    named = [("log_retention_days", level) for level in options.log_retention_days]
    for place, level in (*named, *(("elsewhere", level) for level in options.elsewhere or ())):
        if level not in audit.POLICY:
            raise ConfigError(
                f'`{place}` of `use: compliance` has "{level}", which is no level; there are {", ".join(audit.POLICY)}.'
            )
    if options.actions_logs not in options.log_retention_days:
        levels = ", ".join(options.log_retention_days)
        raise ConfigError(
            f'`actions_logs` of `use: compliance` is "{options.actions_logs}", which has no days under '
            f"`log_retention_days` ({levels})."
        )
