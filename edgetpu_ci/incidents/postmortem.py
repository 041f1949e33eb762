"""The post-mortem that stands in an incident's issue: its headings, and whether somebody filled them in."""

import re
from typing import Final

TITLE: Final = "Post-mortem"
HEADINGS: Final = {
    "Impact": "Who could not do what, and for how long?",
    "Cause": "What made it possible, and what set it off?",
    "What helped": "How was it noticed, found and mended; what got in the way?",
    "What we change": "So that it does not come again, or is noticed sooner: what, who, until when?",
}

_HINT: Final = re.compile(r"<!--.*?-->", re.DOTALL)


def form() -> str:
    """The headings, each with a question that nobody sees but who fills them in."""
    parts = [f"#### {heading}\n\n<!-- {question} -->" for heading, question in HEADINGS.items()]
    return "\n\n".join([f"### {TITLE}", *parts])


def is_written(body: str) -> bool:
    """Whether something stands under each of the headings."""
    return all(_under(heading, body) for heading in HEADINGS)


def _under(heading: str, body: str) -> str:
    """What stands between a heading and the next."""
    found = re.search(rf"^####\s+{re.escape(heading)}\s*$(.*?)(?=^#{{1,4}}\s|\Z)", body, re.DOTALL | re.MULTILINE)
    return _HINT.sub("", found[1]).strip() if found else ""
