"""The digest of a week: gathered, said, and said again in the same place."""

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from edgetpu_ci import plugins, store
from edgetpu_ci.config import Config
from edgetpu_ci.digest import compose
from edgetpu_ci.digest.record import Digest
from edgetpu_ci.digest.week import Week
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.model import Report
from edgetpu_ci.notify import NOTIFIERS, slack
from edgetpu_ci.store import Store
from edgetpu_ci.weekly import gathering, telling
from edgetpu_ci.weekly.telling import Done
from edgetpu_ci.world import World


class Made(NamedTuple):
    """A digest, the newest report of key figures it was made from, and the store."""

    digest: Digest
    kpis: Report | None
    store: Store


def make(settings: Config, week: Week, world: World) -> Made:
    """The digest of a week, from what the store holds; ConfigError for one that is still to come."""
    if week.start > world.now():
        raise ConfigError(f"The week {week.name} has not begun; its digest begins with {week.start:%Y-%m-%d}.")
    keeper = store.open_store(settings.store, world)
    with world.observed.span("gather"):
        known = gathering.known(settings, week, keeper, world)
    return Made(compose(known), next(iter(known.kpis), None), keeper)


def slack_options(settings: Config, channel: str, world: World) -> slack.Options | None:
    """How the digest is said in Slack; None where neither the configuration, `channel` nor a secret asks for it."""
    place = next((number for number, step in enumerate(settings.alerting.notify) if step.use == "slack"), None)
    options = slack.Options()
    if place is not None:
        _, options = plugins.find(settings.alerting.notify[place], NOTIFIERS, "notify", f"alerting.notify[{place}]")
    elif not channel and not any(world.env.get(name, "").strip() for name in (options.token, options.webhook)):
        return None
    return replace(options, channel=channel or options.channel)


def tell(made: Made, options: slack.Options, world: World, draw: Callable[[Report], bytes] = telling.chart) -> Done:
    """Say it in Slack, or bring up to date what was said; DeliveryError when that failed: the next run says it."""
    known = telling.Telling(
        digest=made.digest, kpis=made.kpis, options=options, store=made.store, world=world, draw=draw
    )
    with world.observed.span("tell"):
        return known.tell()
