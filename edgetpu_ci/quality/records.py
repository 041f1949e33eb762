"""What the report of a tool says, whichever tool wrote it."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from edgetpu_ci.supply.findings import Finding

Outcome = Literal["skipped", "xfailed", "passed", "failed", "error"]
"""How a test ended, in the order in which one in several files counts: the last of them stays."""

Test = tuple[str, str, str]
"""Which test it is: its file, its class (or suite) and its name, each as the report has it."""


class Counts(Struct, frozen=True, kw_only=True):
    """Lines and branches of one source file, and how many of them ran."""

    lines: int = 0
    lines_covered: int = 0
    branches: int = 0
    branches_covered: int = 0


class Coverage(Struct, frozen=True, kw_only=True):
    """The counts of each source file, by its name in the report."""

    sources: dict[str, Counts]


class Outcomes(Struct, frozen=True, kw_only=True):
    """How each test ended; `flaky` are those that passed when they were run again. `untimed` cases told no time."""

    ends: dict[Test, Outcome]
    flaky: frozenset[Test] = frozenset()
    seconds: float = 0
    cases: int = 0
    untimed: int = 0


class Lint(Struct, frozen=True, kw_only=True):
    """Violations a linter found: those that make code fail when it runs, and all others."""

    tool: str
    errors: int = 0
    others: int = 0


class Typing(Struct, frozen=True, kw_only=True):
    """Functions that have types and all of them, errors of a type checker; None where a report does not say.

    `public` are symbols that a package exports, and how many of those have a known type.
    """

    tool: str
    functions: tuple[int, int] | None = None
    errors: int | None = None
    public: tuple[int, int] | None = None


class Scan(Struct, frozen=True, kw_only=True):
    """What a security scanner found, and when, where it says so.

    `missed` names what it could not look at, a clause each; `left_out` counts results that are no open finding.
    """

    tool: str
    findings: tuple[Finding, ...] = ()
    at: datetime | None = None
    missed: tuple[str, ...] = ()
    left_out: int = 0


class Inventory(Struct, frozen=True, kw_only=True):
    """Name and version of each component a bill of materials lists, without what it is the bill of."""

    components: frozenset[tuple[str, str]]


Record = Coverage | Outcomes | Lint | Typing | Scan | Inventory
