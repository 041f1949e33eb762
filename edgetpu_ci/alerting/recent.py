"""The last values of what is wrong, from the series of the store: read once by a job, whoever is told of it."""

from dataclasses import dataclass, field
from functools import partial
from math import isclose

from edgetpu_ci import history, metrics, series_index
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.errors import StoreError
from edgetpu_ci.incidents.record import Alert, Drawing
from edgetpu_ci.judging import demand
from edgetpu_ci.model import REPOSITORY, Measurement, Point, Rule, Series
from edgetpu_ci.render import course_plot
from edgetpu_ci.render.course_plot import Course
from edgetpu_ci.store import Store
from edgetpu_ci.world import World

MOST = 60
_ROUNDED = 1e-6
"""Series are kept with seven digits."""


@dataclass(frozen=True, kw_only=True)
class Recent:
    """The series of a store, by machine, as far as somebody asked."""

    store: Store
    world: World
    known: dict[str, tuple[Series, ...]] = field(default_factory=dict)

    def of(self, alert: Alert, rule: AlertRule) -> tuple[tuple[float, ...], Drawing]:
        """The newest values, oldest first, and a picture of them to be drawn; nothing where no one series is meant."""
        series = self._found(alert, rule)
        if series is None:
            return (), bytes
        points = series.points[-MOST:]
        limit = rule.below if rule.above is None else rule.above
        course = Course(metric=series.metric, subject=series.subject, points=points, limit=limit, bad=alert.bad.at)
        return tuple(point.value for point in points), partial(course_plot.png, course)

    def _found(self, alert: Alert, rule: AlertRule) -> Series | None:
        found = [one for one in self._series(alert.labels.get("machine", REPOSITORY)) if _is_of(one, alert, rule)]
        seen = [one for one in found if any(_is_last(point, alert) for point in one.points[-MOST:])]
        return next((several[0] for several in (found, seen) if len(several) == 1), None)

    def _series(self, machine: str) -> tuple[Series, ...]:
        if machine not in self.known:
            try:
                self.known[machine] = series_index.load(self.store, machine, self.world, keep=False)
            except StoreError:
                return ()
        return self.known[machine]


def _is_of(series: Series, alert: Alert, rule: AlertRule) -> bool:
    measured = Measurement(subject=series.subject, metric=series.metric)
    own = {
        "subject": series.subject,
        "metric": metrics.find(series.metric).name,
        "device": series.device.partition(history.BESIDE)[2],
    }
    is_alike = all(alert.labels.get(name, value) == value for name, value in own.items())
    return is_alike and demand.matches(Rule(match=rule.match), measured)


def _is_last(point: Point, alert: Alert) -> bool:
    value = alert.last.value
    return point.report == alert.last.report and value is not None and isclose(point.value, value, rel_tol=_ROUNDED)
