"""The health of CI itself: whether what it depends on answers, and how long ago it last measured anything."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from edgetpu_ci import event, history, notify, store
from edgetpu_ci.ci_health.verdict import Part, status
from edgetpu_ci.collect import pypi, site
from edgetpu_ci.config import Config, durations
from edgetpu_ci.config.observability import Health
from edgetpu_ci.errors import DeniedError, EdgeTpuCiError, RefusedError, TokenError, UnsetError
from edgetpu_ci.github_rows import standing
from edgetpu_ci.incidents.machine import SKEW
from edgetpu_ci.model import Measurement
from edgetpu_ci.supply import site as sites
from edgetpu_ci.supply import web
from edgetpu_ci.transport import github
from edgetpu_ci.transport.plain import Plain, told
from edgetpu_ci.world import World

Look = Callable[[], Part]

SECONDS: Final = 120.0
"""How long all looks together may take: a job that is ended before its verdict tells nobody."""

_BEAT: Final = 30.0
_GOOD: Final = range(200, 300)


def examine(settings: Config, world: World, seconds: float = SECONDS) -> list[Part]:
    """Look at everything that is configured, all at once; RefusedError for a stranger's job."""
    if event.read(world).fork:
        raise RefusedError("This job comes from a fork or Dependabot, which has no secret to ask with; run it on main.")
    parts = _seen(list(_looks(settings, world)), seconds)
    if variable := settings.observability.health.heartbeat:
        parts += _seen([("heartbeat", partial(_heartbeat, variable, tuple(parts), world))], _BEAT)
    return parts


def _seen(looks: Sequence[tuple[str, Look]], seconds: float) -> list[Part]:
    """What each look finds; one that is not over then is not waited for."""
    begun = [(name, _begun(name, look)) for name, look in looks]
    wait([future for _, future in begun], seconds)
    late = f"it did not answer in {seconds:g} s"
    return [future.result() if future.done() else Part(name=name, state="down", said=late) for name, future in begun]


def _begun(name: str, look: Look) -> "Future[Part]":
    """A look that keeps no process from ending, as those of an executor would."""
    future: Future[Part] = Future()

    def act() -> None:
        try:
            future.set_result(_tried(name, look))
        except Exception as error:  # noqa: BLE001 - raised where the result is asked for
            future.set_exception(error)

    threading.Thread(target=act, daemon=True).start()
    return future


def _looks(settings: Config, world: World) -> Iterator[tuple[str, Look]]:
    wanted = settings.observability.health
    for package in wanted.packages:
        yield f"package {package}", partial(_package, package, wanted, world)
    for url in wanted.docs:
        yield _page(url), partial(_site, url, world)
    yield "GitHub API", partial(_api, world)
    if wanted.runners:
        yield "runners", partial(_runners, wanted.runners, world)
    for number, step in enumerate(settings.alerting.notify):
        if step.use != "issue":  # It is GitHub's API.
            yield step.use, partial(_way, notify.bind(step, f"alerting.notify[{number}]"), world)
    if settings.collect:
        yield "newest benchmark", partial(_benchmark, settings, world)


def _tried(name: str, look: Look) -> Part:
    """What a look finds; one that could not be made says nothing of what it was for."""
    try:
        return look()
    except (UnsetError, TokenError) as error:
        return Part(name=name, state="unknown", said=str(error).rstrip("."))
    except EdgeTpuCiError as error:
        return Part(name=name, state="down", said=str(error).rstrip("."))


def _package(name: str, wanted: Health, world: World) -> Part:
    options = pypi.Options(packages=(name,), index=wanted.index, statistics="")
    pypi.check(options, world)
    found = {m.metric: m for m in pypi.collect(options, world).measurements}
    return _measured(f"package {name}", found["package_available"])


def _page(url: str) -> str:
    """What a page is called: of one host there may be several."""
    host = web.host(url)
    return f"site {host}{urlsplit(url).path.rstrip('/')}" if host else f"site {url}"


def _site(url: str, world: World) -> Part:
    up, *rest = sites.measurements(url, world)
    part = _measured(_page(url), up)
    days = next((m for m in rest if m.metric == "tls_days_left"), None)
    known = f"; its certificate is good for {days.value:.0f} days" if days and days.value is not None else ""
    return Part(name=part.name, state=part.state, said=part.said + known)


def _api(world: World) -> Part:
    return _measured("GitHub API", site.api(world))


def _measured(name: str, found: Measurement) -> Part:
    """What a key figure of 1 or 0 says."""
    if found.value is None:
        return Part(name=name, state="unknown", said=found.reason)
    details = "; ".join(f"{what}: {said}" for what, said in found.details)
    return Part(name=name, state="up" if found.value else "down", said=details or "it answers")


def _runners(wanted: int, world: World) -> Part:
    try:
        found = standing.runners(github.connect(world))
    except DeniedError as error:
        return Part(name="runners", state="unknown", said=str(error).rstrip("."))
    said = f"{found.online} of {found.total} online, {wanted} wanted"
    return Part(name="runners", state="up" if found.online >= wanted else "down", said=said)


def _way(way: notify.Bound, world: World) -> Part:
    way.check(world)
    if way.reach is None:
        return Part(name=way.use, state="untried", said="nobody can try it without telling somebody")
    return Part(name=way.use, state="up", said=way.reach(world))


def _benchmark(settings: Config, world: World) -> Part:
    name, most = "newest benchmark", durations.time(settings.observability.health.benchmark_age, "benchmark_age")
    reports = history.newest(store.open_store(settings.store, world), history.REPORTS, world)
    # One of a clock that was ahead would be new for ever.
    times = (one.run.at for one in reports if history.is_main_line(one.run) and not one.run.is_simulated)
    at = next((time for time in times if time <= world.now() + SKEW), None)
    if at is None:
        return Part(name=name, state="unknown", said="no benchmark of the main line is in the store")
    said = f"{durations.words(world.now() - at)} old, {durations.words(most)} allowed"
    return Part(name=name, state="up" if world.now() - at <= most else "down", said=said)


def _heartbeat(variable: str, parts: Sequence[Part], world: World) -> Part:
    """Ask the address that raises an alarm elsewhere when nobody does; not where something is down."""
    url = world.env.get(variable, "").strip()
    if not web.host(url):
        return Part(name="heartbeat", state="unknown", said=f"{variable} holds no address to ask")
    if status(parts) == "unhealthy":
        return Part(name="heartbeat", state="unknown", said="held back, for something is down")
    plain = Plain("heartbeat", world)
    answer = plain.patiently(lambda: plain.get(url))
    return Part(name="heartbeat", state="up" if answer.status in _GOOD else "down", said=f"it {told(answer)}")
