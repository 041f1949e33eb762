"""Coverage line by line: a line or branch that is named again was covered when it was once."""

from dataclasses import dataclass, field

from edgetpu_ci.quality.records import Counts


@dataclass
class LineHits:
    """Which lines of one source file ran, and of which lines so many of all branches were taken."""

    lines: dict[int, bool] = field(default_factory=dict)
    branches: dict[int, tuple[int, int]] = field(default_factory=dict)

    def line(self, number: int, hit: bool) -> None:  # noqa: FBT001 - what is said of the line
        """A line ran, or did not."""
        self.lines[number] = hit or self.lines.get(number, False)

    def branch(self, number: int, covered: int, total: int) -> None:
        """So many of the branches of a line were taken."""
        before = self.branches.get(number, (0, 0))
        total = max(total, before[1])
        self.branches[number] = (min(max(covered, before[0]), total), total)

    def counts(self) -> Counts:
        """The sums."""
        return Counts(
            lines=len(self.lines),
            lines_covered=sum(self.lines.values()),
            branches=sum(total for _, total in self.branches.values()),
            branches_covered=sum(covered for covered, _ in self.branches.values()),
        )
