"""The whole history of many series, in columns: sixteen bytes a value, so that years of it need little memory. Pure."""

from array import array
from collections.abc import Iterable, Iterator
from functools import cache
from math import isfinite
from typing import NamedTuple

from msgspec import Struct, field

from edgetpu_ci.exposition import families, names
from edgetpu_ci.exposition.record import Family, Labels, Line, Reading


class _Column(NamedTuple):
    times: "array[int]"
    values: "array[float]"


@cache
def _named(metric: str) -> tuple[names.Name, bool]:
    return names.find(metric), families.is_taken(metric)


class Past(Struct):
    """Series by the name of their family; of several values of one moment the one that was taken last counts."""

    metrics: dict[str, str] = field(default_factory=dict)
    """By the name of the family: of a foreign file two metrics may differ by what no name of Prometheus has."""

    columns: dict[str, dict[Labels, _Column]] = field(default_factory=dict)

    def take(self, readings: Iterable[Reading]) -> None:
        """Some more, in any order."""
        for one in readings:
            name, is_taken = _named(one.metric)
            value = name.scaled(one.value)
            if isfinite(value) and not is_taken and self.metrics.setdefault(name.name, one.metric) == one.metric:
                of_family = self.columns.setdefault(name.name, {})
                if (column := of_family.get(one.labels)) is None:
                    column = of_family[one.labels] = _Column(array("q"), array("d"))
                column.times.append(round(one.at.timestamp() * 1000))
                column.values.append(value)

    def families(self) -> Iterator[tuple[Family, Iterator[Line]]]:
        """Each family without its samples, and its series, by name and labels."""
        for name, metric in sorted(self.metrics.items()):
            family = Family(name=name, help=families.meaning(metric), unit=names.find(metric).unit)
            yield family, self._lines(name)

    def lines(self) -> Iterator[Line]:
        """All series."""
        return (line for _, lines in self.families() for line in lines)

    def _lines(self, name: str) -> Iterator[Line]:
        for labels, (times, values) in sorted(self.columns[name].items()):
            known = sorted(dict(zip(times, values, strict=True)).items())
            yield Line(name, labels, [at for at, _ in known], [value for _, value in known])
