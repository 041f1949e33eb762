"""What the repository's CI costs: minutes, storage and services, this month and at its end (docs/cost.md)."""

from datetime import timedelta
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field

from edgetpu_ci.errors import ConfigError, EdgeTpuCiError
from edgetpu_ci.memory import Forgetful, State
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.supply import posture
from edgetpu_ci.transport import github
from edgetpu_ci.transport.seldom import Seldom
from edgetpu_ci.upkeep import account, asking, forecast, kept, minutes, rates, services, spending
from edgetpu_ci.upkeep.asking import No
from edgetpu_ci.upkeep.rates import Rate
from edgetpu_ci.upkeep.services import Amount, Service
from edgetpu_ci.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

OF_REPOSITORY: Final = True


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`plan`: the account's, or the minutes a month it includes; none where it is not given.

    `budget_usd`: what the minutes of a month may cost. `rates`: your own prices, before the published ones. `runners`:
    which kind of runner (GitHub's SKU, such as linux_4_core, or self-hosted) a label of yours stands for.
    `storage_usd_per_gb_month`: the price of storing artifacts, where GitHub's bill may not be read. `monitoring`,
    `logs`, `notifications`: what these services cost: `usd_per_month`, and `usd_per_unit` for `units` a month.
    """

    plan: Literal["free", "pro", "team", "enterprise"] | Annotated[int, Meta(ge=0, le=10_000_000)] = 0
    budget_usd: Annotated[float, Meta(gt=0, le=1e12)] | None = None
    rates: tuple[Rate, ...] = ()
    runners: dict[str, str] = field(default_factory=dict)
    storage_usd_per_gb_month: Amount | None = None
    monitoring: Service | None = None
    logs: Service | None = None
    notifications: Service | None = None


def collect(options: Options, world: World) -> Collected:
    """What can be told without the runs that an earlier run kept."""
    return collect_remembering(options, Forgetful(), world)


def collect_remembering(options: Options, state: State, world: World) -> Collected:
    """What this month's jobs, what is stored, and the services around cost; what was refused is unknown, alone."""
    reader = github.connect(world)
    slow = Seldom(reader, state, world.now())
    asks: dict[str, Callable[[], Any]] = {**_settings(reader, slow), "artifacts": partial(account.artifacts, reader)}
    found = asking.gather(reader, asks)
    slow.keep()
    repository, now = found["repository"], world.now()
    is_public = repository if isinstance(repository, No) else not repository.private
    bill = _bill(reader, repository, world)
    spent = None if isinstance(repository, No) else _spent(options, repository, state, world)
    running = list(spending.measure(spent)) if spent else list(spending.unknown(repository.why, options.budget_usd))
    own = next((one.value for one in running if one.metric == "cost_month_to_date_usd"), None)
    measured: list[Measurement] = [
        *running,
        services.billed(bill, own, now),
        services.artifacts(found["artifacts"], now),
        *services.artifact_cost(found["artifacts"], bill, options.storage_usd_per_gb_month, now, is_public=is_public),
        services.caches(found["caches"], now),
        services.retention(found["retention"]),
        services.calls(world.ledger.spent),
        *services.estimate("monitoring_cost_usd", options.monitoring, "monitoring"),
        *services.estimate("log_storage_cost_usd", options.logs, "logs"),
        *services.estimate("notification_cost_usd", options.notifications, "notifications"),
    ]
    return Collected(measurements=tuple(measured), incomplete=tuple(spending.incomplete(spent)) if spent else ())


def probe(options: Options, world: World) -> tuple[EdgeTpuCiError, ...]:  # noqa: ARG001 - as all that have it
    """Why something of it may not be read, one error a permission."""
    reader = github.connect(world)
    found = reader.gather([*_settings(reader, reader).values()])
    repository = found[0]
    if isinstance(repository, posture.Repository):
        found += reader.gather([partial(account.billed, reader, repository.owner, world.now())])
    return tuple(one for one in found if isinstance(one, EdgeTpuCiError))


def _settings(reader: github.GitHub, slow: github.Getting) -> dict[str, "Callable[[], Any]"]:
    return {
        "repository": partial(posture.repository, slow),
        "caches": partial(account.caches, reader),
        "retention": partial(account.retention, slow),
    }


def check(options: Options, world: World) -> None:  # noqa: ARG001 - as all collectors have it
    """ConfigError for a kind of runner that has no rate."""
    known = {rates.OWN, *(rate.sku for rate in (*options.rates, *rates.PUBLISHED))}
    for label, kind in options.runners.items():
        if kind not in known:
            close = " or ".join(get_close_matches(kind, sorted(known), n=2)) or f"linux_4_core or {rates.OWN}"
            raise ConfigError(
                f'`runners` of `use: cost` calls {label} a "{kind}", which has no rate; did you mean {close}? Of one '
                "that GitHub has not, give the rate under `rates`."
            )


def _bill(reader: github.GitHub, repository: posture.Repository | No, world: World) -> tuple[account.Item, ...] | No:
    if isinstance(repository, No):
        return repository
    ask = partial(account.billed, reader, repository.owner, world.now())
    found: tuple[account.Item, ...] | No = asking.gather(reader, {"bill": ask})["bill"]
    return found


def _spent(options: Options, repository: posture.Repository, state: State, world: World) -> spending.Spent:
    now = world.now()
    since = min(forecast.month(now)[0], now - timedelta(days=forecast.DAYS))
    known = kept.ended(state, since)
    unread, ended = minutes.unread(known.runs, since)
    prices = minutes.Prices(public=not repository.private, own=options.rates, runners=options.runners)
    return spending.Spent(
        uses=tuple(minutes.used(known.runs, prices, now)),
        now=now,
        first=known.since,
        erased=known.erased.reason if known.erased else "",
        unread=unread,
        ended=ended,
        included=rates.INCLUDED[options.plan] if isinstance(options.plan, str) else options.plan,
        budget=options.budget_usd,
    )
