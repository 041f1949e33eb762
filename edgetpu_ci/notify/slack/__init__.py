"""Slack: a message for each incident, kept up to date, with what became of it in its thread.

With a bot token, that is. An incoming webhook can change nothing and has no threads: a message for each change.
"""

import re
from typing import Final

from msgspec import Struct

from edgetpu_ci.config.step import Variable
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.incidents.record import Notice, Receipt
from edgetpu_ci.world import World

_BASE: Final = re.compile(r"https://[\w.-]+(:\d+)?/.*|http://(localhost|127\.0\.0\.1)(:\d+)?/.*")


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`channel` hears of what has none of its own: its ID ("C0123ABCD"), or its name with a hash.

    `token` and `webhook` are the names of environment variables, with the token of a bot and the address of an incoming
    webhook; the token is taken where both are set, and a webhook has its channel already. `base_url` is another server
    with Slack's API.
    """

    channel: str = ""
    token: Variable = "SLACK_BOT_TOKEN"  # noqa: S105 - a name
    webhook: Variable = "SLACK_WEBHOOK_URL"
    base_url: str = "https://slack.com/api/"


def check(options: Options, world: World) -> None:
    """ConfigError where neither a token nor a webhook is given, or one that cannot be."""
    if not _BASE.fullmatch(options.base_url):
        raise ConfigError(f'notify (use: slack): base_url "{options.base_url}" has to be an https:// address.')
    for name, kind in ((options.token, r"[!-~]*"), (options.webhook, r"(https?://[!-~]+)?")):
        if not re.fullmatch(kind, world.env.get(name, "").strip()):
            raise ConfigError(f"notify (use: slack): what {name} holds is no secret of Slack's; set it anew.")
    if not (_secret(options.token, world) or _secret(options.webhook, world)):
        raise ConfigError(
            f"notify (use: slack): neither {options.token} nor {options.webhook} is set; give the job one of them, "
            "as docs/slack.md says."
        )


def address(options: Options, labels: dict[str, str], channel: str) -> str:  # noqa: ARG001 - as every notifier
    """The channel of the alert's rule, else the usual one."""
    return channel or options.channel


def tell(options: Options, notice: Notice, world: World) -> Receipt:
    """Say it; LaterError or DeniedError says what to do next."""
    from edgetpu_ci.notify.slack import bot, telling, webhook

    check(options, world)
    if token := _secret(options.token, world):
        return telling.by_bot(bot.Bot(token, options.base_url, options.token, world), notice, world)
    return webhook.tell(_secret(options.webhook, world), options.webhook, notice, world)


def reach(options: Options, world: World) -> str:
    """Ask whose token it is; a webhook is given an empty message, which it refuses and shows to nobody."""
    from edgetpu_ci.notify.slack import bot, webhook

    check(options, world)
    if token := _secret(options.token, world):
        return bot.Bot(token, options.base_url, options.token, world).known()
    return webhook.reach(_secret(options.webhook, world), options.webhook, world)


def _secret(name: str, world: World) -> str:
    return world.env.get(name, "").strip()
