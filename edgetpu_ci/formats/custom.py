"""github-action-benchmark's customSmallerIsBetter and customBiggerIsBetter: a list of name, unit and value."""

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import codec
from edgetpu_ci.formats import quantity
from edgetpu_ci.formats.measured import Number, measured, number
from edgetpu_ci.formats.quantity import Direction
from edgetpu_ci.model import Measurement

_LONGEST_RANGE = 100


class _Result(Struct):
    name: str
    unit: str
    value: Number | None
    range: Number | None = None


def read(data: bytes, source: str, better: Direction) -> list[Measurement]:
    """Each value, its metric by its unit; a range is shown, never judged: nobody says what it is of what."""
    return [_measured(result, better) for result in codec.decode_json(data, list[_Result], source)]


def _measured(result: _Result, better: Direction) -> Measurement:
    found = measured(result.name, quantity.of(result.unit, better), [number(result.value)])
    return found if result.range is None else replace(found, details=(("range", str(result.range)[:_LONGEST_RANGE]),))
