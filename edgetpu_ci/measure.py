"""Take a run: everything the collectors bring, of the head, and of its base in turns where there is one."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from msgspec import structs

from edgetpu_ci import collect, derive, event, machine, run_events
from edgetpu_ci.base import Source
from edgetpu_ci.errors import ConfigError, DeliveryError, DocumentError, InputError, StoreError, UnsetError
from edgetpu_ci.judging import interleaved, judge
from edgetpu_ci.loads.beside import Beside
from edgetpu_ci.memory import Forgetful, State
from edgetpu_ci.model import REPOSITORY, Base, Collected, Machine, Report, Rule, Run
from edgetpu_ci.noise import SelfTest
from edgetpu_ci.world import World


@dataclass(frozen=True)
class Taken:
    """A run, its raw samples, and the base beside it, with what is demanded of changes and what is tested of it.

    `ancestors` are the base's commit and those before it, whose reports stand in for what has no base;
    `tests` are the newest self-tests of the machine, where a base was beside. `before` is the report of a run that is
    judged again.
    """

    run: Run
    samples: dict[str, list[float]] = field(default_factory=dict)
    base: Base | None = None
    rules: tuple[Rule, ...] = ()
    family: frozenset[str] = frozenset()
    ancestors: tuple[str, ...] = ()
    tests: tuple[SelfTest, ...] = ()
    before: Report | None = None


@dataclass(frozen=True)
class Plan:
    """What a run is compared with while it is measured: the base, what is demanded of changes, and the time for it.

    `itself`: the base is the head, and all rounds are taken, however little they say.
    """

    source: Source
    rules: Sequence[Rule]
    budget_seconds: float
    itself: bool = False


def noted(taken: Taken, *notes: str) -> Taken:
    """The same run with something more to say of it."""
    return replace(taken, run=structs.replace(taken.run, notes=(*taken.run.notes, *filter(None, notes))))


def take(
    collectors: Sequence[collect.Bound],
    plan: Plan | None,
    happened: event.Event,
    world: World,
    unit: str = "",
    state: State | None = None,
) -> Taken:
    """Measure with every collector; `unit` names one of several devices of this machine.

    `state` is what collectors remember of earlier runs, and for later ones.
    """
    _check(collectors, world)
    at = world.now()
    host = _host(collectors, world, unit)
    name = f"{at:%Y%m%dT%H%M%SZ}-{world.token()[:8]}"
    run_events.started(name, host, happened, len(collectors), world)
    beside, rules, family = _prepare(collectors, plan, world)
    brought = _collect(collectors, beside, world, state or Forgetful(), name)
    run = Run(
        id=name,
        at=at,
        machine=host,
        measurements=derive.of(tuple(measurement for part in brought for measurement in part.measurements)),
        commit=happened.commit,
        branch=happened.branch,
        pull_request=happened.pull_request,
        url=happened.run_url,
        aside=_aside(plan, happened),
        contended="; ".join(dict.fromkeys(part.contended for part in brought if part.contended)),
        notes=tuple(note for part in brought for note in part.notes),
        incomplete=tuple(dict.fromkeys([*(what for part in brought for what in part.incomplete), *world.ledger.down])),
        dependencies=tuple(one for part in brought for one in part.dependencies),
    )
    samples = {name: values for part in brought for name, values in part.samples.items()}
    if plan is None or beside is None:
        return Taken(run=run, samples=samples)
    found = Taken(run=run, samples=samples, base=_base(brought, plan), rules=rules, family=family)
    return noted(found, *_remarks(brought, plan, beside))


def _check(collectors: Sequence[collect.Bound], world: World) -> None:
    """ConfigError for a wrong option, before anybody is asked; what is only missing costs its own figures."""
    for collector in collectors:
        if collector.is_of_repository:
            with suppress(InputError):
                collector.check(world)


def _host(collectors: Sequence[collect.Bound], world: World, unit: str) -> Machine:
    """Who measures. What is true of the repository is one series, whichever machine asked."""
    host = machine.identify(world, unit)
    if collectors and all(collector.is_of_repository for collector in collectors):
        return structs.replace(host, key=REPOSITORY)
    return host


def _remarks(brought: Sequence[Collected], plan: Plan, beside: Beside) -> Iterator[str]:
    """Why some have no base, and that time was short."""
    for part in brought:
        yield from (f"{name}: {why.rstrip('.')}." for name, why in part.without.items() if why != judge.NEW)
    if beside.left() <= 0 and any(part.rounds for part in brought):
        yield (
            f"The {plan.budget_seconds:g} s of `compare: budget_seconds` were over before further rounds were taken; "
            "what they left open a larger budget may decide."
        )


def _aside(plan: Plan | None, happened: event.Event) -> str:
    """Why what is measured is no point of main's history: it may never be merged."""
    if plan or happened.pull_request is not None or happened.base_commit:
        return "it is a change to be merged, or was measured beside a base"
    if happened.commit.endswith("-dirty"):
        return "it has changes that are in no commit"
    if happened.main and happened.branch != happened.main:
        return f"it is not of {happened.main}"
    return ""


def _prepare(
    collectors: Sequence[collect.Bound], plan: Plan | None, world: World
) -> tuple[Beside | None, tuple[Rule, ...], frozenset[str]]:
    """The base for the collectors, and what is tested: fixed before the first round, lest what is seen choose it."""
    if plan is None:
        return None, (), frozenset()
    series = [key for collector in collectors for key in collector.series(world)]
    rules = interleaved.rules(plan.rules, series)
    family = interleaved.demanded(series, rules)
    started = world.now()
    beside = Beside(
        file=plan.source.file,
        folder=plan.source.checkout,
        standing=lambda taken: _standing(taken, plan, rules, family),
        left=lambda: plan.budget_seconds - (world.now() - started).total_seconds(),
        itself=plan.itself,
    )
    return beside, rules, family


def _standing(
    taken: Collected, plan: Plan, rules: Sequence[Rule], family: frozenset[str]
) -> dict[str, interleaved.Standing]:
    found = interleaved.standing(taken, rules, family)
    return {name: known._replace(settled=False) for name, known in found.items()} if plan.itself else found


def _collect(
    collectors: Sequence[collect.Bound], beside: Beside | None, world: World, state: State, name: str
) -> list[Collected]:
    brought: list[Collected] = []
    seen: dict[str, str] = {}
    unset: list[UnsetError] = []
    for collector in collectors:
        began = world.monotonic()
        with world.observed.span("collect", **{"edgetpu_ci.collector": collector.name}):
            part = _part(collector, beside, world, state, unset)
        run_events.measured(name, part.measurements, world.monotonic() - began, world)
        if not part.measurements:
            run_events.missed(name, collector.place, "; ".join(part.incomplete), world)
        places = {measurement.key: collector.place for measurement in part.measurements}
        if twice := sorted(seen.keys() & places):
            first, before = twice[0], seen[twice[0]]
            raise ConfigError(
                f"{collector.place} measures {first} again, as {before} does; measure it in a run of its own."
            )
        seen |= places
        brought.append(part)
    if unset and len(unset) == len(collectors):
        raise unset[0]
    return brought


def _part(
    collector: collect.Bound, beside: Beside | None, world: World, state: State, unset: list[UnsetError]
) -> Collected:
    """What one collector brings. What does not answer or cannot be read costs its figures, not those of others.

    `unset` is told why a service cannot be asked.
    """
    try:
        return collector.beside(beside, world, state) if beside else collector(world, state)
    except (DeliveryError, DocumentError, InputError, StoreError) as error:
        if not collector.is_of_repository:
            raise
        return Collected(measurements=(), incomplete=(str(error),))
    except UnsetError as error:
        unset.append(error)
        return Collected(measurements=(), incomplete=(str(error),))


def _base(brought: Sequence[Collected], plan: Plan) -> Base:
    return Base(
        kind="base commit",
        label=plan.source.label,
        measurements=derive.of(tuple(measurement for part in brought for measurement in part.base)),
        rounds={name: rounds for part in brought for name, rounds in part.rounds.items()},
        alike=frozenset(name for part in brought for name in part.alike),
        without={name: why for part in brought for name, why in part.without.items()},
    )
