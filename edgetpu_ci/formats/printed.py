"""The output of a program that measures one model in a run, as text: a file may hold that of several runs."""

import re
from collections.abc import Sequence
from pathlib import PureWindowsPath
from typing import NamedTuple

from edgetpu_ci.formats.measured import failed, measured, number
from edgetpu_ci.formats.quantity import Quantity
from edgetpu_ci.model import Measurement

_LONGEST_LINE = 4000
"""No value stands in a longer one, and a pattern may take its square to say so."""


class Value(NamedTuple):
    """How a value is printed (its first group), and what it is."""

    pattern: re.Pattern[str]
    quantity: Quantity


def read(data: bytes, source: str, model: re.Pattern[str], wanted: Sequence[Value]) -> list[Measurement]:
    """The values of each model, by the name of its file; a model without the first of them failed."""
    text = data.decode(errors="replace")
    found: dict[str, dict[Quantity, list[float]]] = {}
    name, said = _stem(source), {}
    for line in text.splitlines():
        if len(line) > _LONGEST_LINE:
            continue
        if named := model.search(line):
            name = _stem(named[1].strip())
            found.setdefault(name, {})
        if "ERROR" in line:
            said[name] = line.strip()
        for value in wanted:
            if printed := value.pattern.search(line):
                found.setdefault(name, {}).setdefault(value.quantity, []).append(number(printed[1]))
    first = wanted[0].quantity
    return [
        measurement
        for subject, values in found.items()
        for measurement in (
            [measured(subject, quantity, all_of_it, apart=True) for quantity, all_of_it in values.items()]
            if first in values
            else [failed(subject, first.metric, said.get(subject, "the run printed no inference time"))]
        )
    ]


def _stem(path: str) -> str:
    """`model` of `/data/local/tmp/model.tflite`, on whatever system the path was one."""
    return PureWindowsPath(path).stem
