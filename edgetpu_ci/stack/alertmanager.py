"""The configuration of Alertmanager, from 0.25 on: it tells whom `routing`, contacts and the matrix name. Pure.

https://prometheus.io/docs/alerting/latest/configuration/
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from edgetpu_ci import config
from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import Inhibition
from edgetpu_ci.stack import document, hearing, messages, routes, telling
from edgetpu_ci.stack.hearing import Targets
from edgetpu_ci.stack.place import Place
from edgetpu_ci.stack.routes import Route, equal

FILE: Final = "alertmanager/alertmanager.yml"
NOBODY: Final = "nobody"

_PACE: Final[Mapping[str, str]] = {
    "group_wait": "30s",
    "group_interval": "5m",
    # What goes on is not told again: that would page anew what somebody closed by hand. Alertmanager remembers for
    # five days what it told, and would tell it again for want of that.
    "repeat_interval": "4d",
}


def files(settings: Config, _place: Place) -> dict[str, str]:
    """The configuration, and the texts it sends; neither where nothing is alerted of."""
    if not config.is_alerting(settings):
        return {}
    alerting, found = settings.alerting, _routes(settings)
    ways = telling.of(settings)
    root = {"receiver": NOBODY, "group_by": list(alerting.group_by), **_PACE, "routes": [_route(one) for one in found]}
    written = {
        "global": {name: value for way in ways.values() for name, value in way.common.items()},
        "templates": [messages.FILE.rpartition("/")[2]],
        "route": root,
        "inhibit_rules": [_inhibition(one) for one in alerting.inhibit],
        "receivers": [{"name": NOBODY}, *(_receiver(one, ways) for one in routes.receivers(found))],
    }
    return {FILE: document.yaml(written, *_remarks(settings)), messages.FILE: messages.TEXT}


def secrets(settings: Config) -> tuple[str, ...]:
    """The variables whose secrets it needs, in files."""
    ways = telling.of(settings)
    targets = (target.partition(" ") for one in routes.receivers(_routes(settings)) for target in one)
    return tuple(sorted({ways[way].variable(address) for way, _, address in targets}))


def _routes(settings: Config) -> tuple[Route, ...]:
    return routes.of(hearing.of(settings, config.watched_rules(settings)))


def _remarks(settings: Config) -> Iterator[str]:
    if left_out := hearing.left_out(settings):
        yield f"Only a job of edgetpu-ci can tell by: {', '.join(left_out)}."


def _route(route: Route) -> dict[str, Any]:
    goes_on = {"continue": True} if route.goes_on else {}
    return {"matchers": list(route.matchers), "receiver": _name(route.targets), **goes_on}


def _name(targets: Targets) -> str:
    return ", ".join(targets) or NOBODY


def _receiver(targets: Targets, ways: Mapping[str, telling.Way]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": _name(targets)}
    for target in targets:
        way, _, address = target.partition(" ")
        found.setdefault(f"{way}_configs", []).append({"send_resolved": True, **ways[way].at(address)})
    return found


def _inhibition(one: Inhibition) -> dict[str, list[str]]:
    return {
        "source_matchers": [equal(name, value) for name, value in one.source.items()],
        "target_matchers": [equal(name, value) for name, value in one.target.items()],
        "equal": list(one.equal),
    }
