"""`edgetpu-ci selftest`: measure what did not change, and learn what this runner can tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgetpu_ci import collect, config, event, machine, measure, noise, runner_record, store
from edgetpu_ci.base import Itself
from edgetpu_ci.errors import ConfigError, NothingMeasuredError
from edgetpu_ci.model import Machine, Runner
from edgetpu_ci.noise import Gauge, SelfTest
from edgetpu_ci.world import World

FIT, NOISY = 0, 5


@dataclass(frozen=True)
class Outcome:
    """A self-test, the record it is the newest of, and what that says of the runner.

    One of a simulated device is no part of any record: it says nothing of a real one.
    """

    machine: Machine
    tests: tuple[SelfTest, ...]
    runner: Runner
    simulated: bool = False

    @property
    def exit_status(self) -> int:
        """5 when the runner is not to decide anything."""
        return NOISY if self.runner.quarantine else FIT


def run(settings: config.Config, world: World) -> Outcome:
    """Measure each model against itself as a comparison would, and add that to the runner's record."""
    happened = event.read(world)
    event.refuse_unsafe(happened, world, allow_forks=settings.allow_forks)
    collectors = _collectors(settings, world)
    keeper = store.open_store(settings.store, world)
    # A record that may not be touched is said now, and not after a quarter of an hour.
    runner_record.recall(keeper, machine.identify(world), world)
    rules = config.demands(settings)
    plan = measure.Plan(Itself(world.cwd), rules, settings.compare.budget_seconds, itself=True)
    taken = measure.take(collectors, plan, happened, world)
    test = SelfTest(at=taken.run.at, gauges=_gauges(taken), contended=taken.run.contended)
    simulated = taken.run.is_simulated
    tests = (test,) if simulated else runner_record.remember(keeper, taken.run.machine, test, world)
    allowed = noise.demanded(taken.run.measurements, taken.rules)
    return Outcome(taken.run.machine, tests, noise.standing(tests, allowed), simulated)


def _collectors(settings: config.Config, world: World) -> list[collect.Bound]:
    bound = [collect.bind(step, f"collect[{number}]") for number, step in enumerate(settings.collect)]
    found = [each for each in bound if any(key.endswith(f"/{noise.METRIC}") for key in each.series(world))]
    if not found:
        raise ConfigError("A self-test measures models: `collect` needs an `inference` step, or name models.")
    return found


def _gauges(taken: measure.Taken) -> tuple[Gauge, ...]:
    found = tuple(_each(taken))
    if not found:
        reasons = dict.fromkeys(m.reason for m in taken.run.measurements if m.failed and m.reason)
        raise NothingMeasuredError(f"Nothing could be measured: {'; '.join(reasons) or 'no model was'}.")
    return found


def _each(taken: measure.Taken) -> Iterator[Gauge]:
    base = taken.base
    before = {m.key: m.slots for m in base.measurements} if base else {}
    for head in taken.run.measurements:
        if base and head.metric == noise.METRIC and head.subject in base.rounds and head.key in before:
            disturbed = [bool(what) for what in base.rounds[head.subject].disturbed]
            if found := _gauge(head.subject, before[head.key], head.slots, disturbed):
                yield found


def _gauge(subject: str, base: Sequence[float], head: Sequence[float], disturbed: Sequence[bool]) -> Gauge | None:
    if not head or len(base) != len(head) or min(*base, *head) <= 0:
        return None
    return noise.gauge(subject, tuple(zip(base, head, strict=True)), disturbed)
