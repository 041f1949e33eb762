"""Lines on a terminal: no wider than it is, and in colour where there is any."""

from typing import Final, Literal

from edgetpu_ci.render import words

Colour = Literal["red", "green", "yellow", "bold", "dim"]
_ANSI: Final[dict[Colour, int]] = {"red": 31, "green": 32, "yellow": 33, "bold": 1, "dim": 2}


class Page:
    """How wide a line may be, and whether there is colour."""

    def __init__(self, width: int, *, colour: bool) -> None:
        self.width = width
        self._colour = colour

    def line(self, text: str, colour: Colour | None = None) -> str:
        """One line, cut where the page ends."""
        return self._paint(words.cut(words.tame(text), self.width), colour)

    def paragraph(self, text: str, colour: Colour | None = None) -> list[str]:
        """As many lines as a text takes, all but the first indented."""
        first, *rest = words.tame(text).split()
        found = [first]
        for word in rest:
            if words.columns(f"{found[-1]} {word}") > self.width:
                found.append(f"  {word}")
            else:
                found[-1] += f" {word}"
        return [self._paint(words.cut(line, self.width), colour) for line in found]

    def _paint(self, text: str, colour: Colour | None) -> str:
        return f"\x1b[{_ANSI[colour]}m{text}\x1b[0m" if self._colour and colour else text
