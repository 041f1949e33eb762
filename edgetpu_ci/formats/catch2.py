"""Catch2's XML reporter (`-r xml`): the mean of each benchmark in nanoseconds, with its interval."""

from collections.abc import Mapping
from typing import Final
from xml.parsers import expat

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.formats.measured import failed, measured, number
from edgetpu_ci.formats.quantity import NANOSECONDS
from edgetpu_ci.model import Measurement

_CONFIDENCE: Final = 0.95


def read(data: bytes, source: str) -> list[Measurement]:
    """Each benchmark as `test case/benchmark`."""
    reader = _Reader(source)
    try:
        reader.parser.Parse(data, True)  # noqa: FBT003 - this is all of it
    except expat.ExpatError as error:
        raise DocumentError(f"{source} cannot be read: {error}.") from error
    return reader.found


class _Reader:
    """Takes what it needs while expat goes through the file; a file that declares entities is refused."""

    def __init__(self, source: str) -> None:
        self.found: list[Measurement] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._refuse
        self._source = source
        self._case, self._benchmark, self._samples = "", "", 0
        self._before = 0

    def _refuse(self, *_declaration: object) -> None:
        raise DocumentError(f"{self._source} has a document type, which no benchmark needs.")

    def _start(self, element: str, given: Mapping[str, str]) -> None:
        if element == "TestCase":
            self._case, self._before = given.get("name", ""), len(self.found)
        elif element == "BenchmarkResults":
            self._benchmark = f"{self._case}/{given.get('name', '')}"
            samples = given.get("samples", "")
            self._samples = int(number(samples)) if samples.isdecimal() else 0
        elif element == "mean" and self._benchmark:
            self.found.append(self._mean(given))
        elif element == "failed" and self._benchmark:
            self.found.append(failed(self._benchmark, NANOSECONDS.metric, given.get("message", "")))
        elif element == "OverallResult" and given.get("success") == "false" and len(self.found) == self._before:
            self.found.append(failed(self._case, NANOSECONDS.metric, "its test case failed before any benchmark"))

    def _end(self, element: str) -> None:
        if element == "BenchmarkResults":
            self._benchmark = ""

    def _mean(self, given: Mapping[str, str]) -> Measurement:
        bounds = (number(given.get("lowerBound")), number(given.get("upperBound")))
        own = bounds if number(given.get("ci")) == _CONFIDENCE else None
        return measured(self._benchmark, NANOSECONDS, [number(given.get("value"))], n=self._samples, interval=own)
