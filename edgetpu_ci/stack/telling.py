"""How Alertmanager reaches Slack and PagerDuty: by the same accounts as our notifiers, its secrets in files. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from edgetpu_ci import plugins
from edgetpu_ci.config import Config
from edgetpu_ci.config.step import Step
from edgetpu_ci.notify import pagerduty, slack
from edgetpu_ci.stack import annotations, hearing, messages

SECRETS: Final = "/etc/alertmanager/secrets"
"""Where its secrets lie, each in a file called as its variable."""


class Way(NamedTuple):
    """What holds of all receivers of a way, what one at an address has, and the variable whose secret it needs."""

    common: Mapping[str, str]
    at: Callable[[str], dict[str, Any]]
    variable: Callable[[str], str]


def of(settings: Config) -> dict[str, Way]:
    """Those that it knows; ConfigError for options there are none of."""
    known: dict[str, Callable[[Step, str], Way]] = {"pagerduty": _pagerduty, "slack": _slack}
    steps, place = hearing.alerting(settings).notify, hearing.place(settings)
    return {one.use: known[one.use](one, f"{place}[{number}]") for number, one in enumerate(steps) if one.use in known}


def secret(variable: str) -> str:
    """The file with what a variable holds elsewhere."""
    return f"{SECRETS}/{variable}"


def _pagerduty(step: Step, place: str) -> Way:
    _, options = plugins.find(step, {"pagerduty": pagerduty}, "notify", place)
    url = f"{pagerduty.base(options)}{pagerduty.ENQUEUE}"
    return Way(
        {"pagerduty_url": url},
        lambda variable: {"routing_key_file": secret(variable), **messages.PAGERDUTY},
        lambda variable: variable,
    )


def _slack(step: Step, place: str) -> Way:
    """By the bot, as our notifier takes it where both are set, unless `with` names a webhook alone."""
    _, options = plugins.find(step, {"slack": slack}, "notify", place)
    if "webhook" in step.with_ and "token" not in step.with_:
        return Way({"slack_api_url_file": secret(options.webhook)}, _in_channel, lambda _: options.webhook)
    opened = {"http_config": {"authorization": {"credentials_file": secret(options.token)}}}
    url = f"{options.base_url.rstrip('/')}/chat.postMessage"
    return Way({"slack_api_url": url}, lambda channel: {**_in_channel(channel), **opened}, lambda _: options.token)


def _in_channel(channel: str) -> dict[str, Any]:
    return {"channel": annotations.plain(channel), **messages.SLACK}
