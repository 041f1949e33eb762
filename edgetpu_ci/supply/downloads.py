"""How often a package was downloaded, by day: asked for once a day, and kept longer than the service does."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from edgetpu_ci import codec, memory
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.kpis import summary
from edgetpu_ci.memory import State
from edgetpu_ci.model import Earlier, Measurement
from edgetpu_ci.stats import ranks
from edgetpu_ci.transport.answer import NOT_FOUND, TOO_MANY
from edgetpu_ci.transport.plain import Plain, told
from edgetpu_ci.world import World

SERVICE: Final = "https://pypistats.org/api"
"""What counts the public index's downloads. It asks to be asked once a day, and keeps 180 days."""

_READY: Final = timedelta(hours=2)
"""A new day is there from about 01:00 UTC on."""

_WINDOWS: Final = {"downloads_last_day": 1, "downloads_last_week": 7, "downloads_last_month": 30}
_WEEK: Final = 7
_GOOD: Final = 200
_TRIES: Final = 5


class _Day(Struct):
    date: date
    downloads: Annotated[int, Meta(ge=0)]
    category: str = "without_mirrors"


class _Overall(Struct):
    data: list[_Day]


class History(Struct, frozen=True, kw_only=True):
    """Downloads by day; `asked` is the service's day when it last told us, and `why` it did not today."""

    asked: date | None = None
    days: dict[date, int] = field(default_factory=dict)
    why: str = ""


def read(package: str, service: str, state: State, world: World) -> History:
    """What is known of a package, by its normalised name, with what the service tells today; nobody is asked twice."""
    name, today = f"downloads-{package}", _service_day(world.now())
    known = _kept(state, name)
    if known.asked == today:
        return known
    answer = Plain("download statistics", world).get(f"{service.rstrip('/')}/packages/{package}/overall?mirrors=false")
    if answer.status != _GOOD:
        why = {TOO_MANY: "asks to wait, as often on shared runners (429)", NOT_FOUND: "does not know the package"}
        said = f"the service of download statistics {why.get(answer.status, told(answer))}"
        return History(asked=known.asked, days=known.days, why=said)
    try:
        told_days = codec.decode_json(answer.data, _Overall, "the download statistics").data
    except DocumentError as error:
        return History(asked=known.asked, days=known.days, why=str(error).rstrip("."))
    new = {day.date: day.downloads for day in told_days if day.category == "without_mirrors"}
    return _keep(state, name, today, new)


def measurements(package: str, history: History, now: datetime) -> Iterator[Measurement]:
    """Downloads of the last day, week and month that are known, mirrors left out, installs by CI included."""
    if not history.days:
        reason = history.why or "the service of download statistics has none of it"
        yield from (summary.unknown(package, metric, reason) for metric in _WINDOWS)
        return
    last = max(history.days)
    stale = (_service_day(now) - timedelta(days=1) - last).days
    details = [("until", f"{last:%Y-%m-%d}"), ("history", f"{len(history.days):,} days")]
    details += [("stale_days", f"{stale}")] if stale > 0 else []
    details += [("asked in vain", history.why)] if history.why else []
    for metric, length in _WINDOWS.items():
        yield _window(package, metric, history.days, last, length, tuple(details))


def _window(
    package: str, metric: str, days: Mapping[date, int], last: date, length: int, details: summary.Details
) -> Measurement:
    here = _span(days, last, length)
    first = last - timedelta(days=length)
    before = _span(days, first, length) if min(days) <= first - timedelta(days=length - 1) else []
    earlier = None
    # Of a single day, or a week, nobody could say what is beyond noise.
    if before and length > _WEEK:
        earlier = Earlier(value=float(sum(before)), n=len(before), moved=ranks.differ(before, here, summary.CONFIDENCE))
    return summary.plain(package, metric, float(sum(here)), n=len(here), earlier=earlier, details=details)


def _span(days: Mapping[date, int], last: date, length: int) -> Sequence[float]:
    """Each day up to the last; one the service leaves out had no download."""
    return [float(days.get(last - timedelta(days=back), 0)) for back in range(length)]


def _service_day(now: datetime) -> date:
    return (now - _READY).date()


def _kept(state: State, name: str) -> History:
    data = state.state(name)
    return memory.unpack(data, History, name) if data else History()


def _keep(state: State, name: str, today: date, new: Mapping[date, int]) -> History:
    """Add days to what is kept; another job may be doing the same, and has the same to add."""
    history = History()
    for _ in range(_TRIES):
        old = state.state(name)
        kept = memory.unpack(old, History, name) if old else History()
        history = History(asked=today, days=dict(sorted({**kept.days, **new}.items())))
        if state.swap(name, old, memory.pack(history)):
            break
    return history
