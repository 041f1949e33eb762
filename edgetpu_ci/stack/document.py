"""A file of the stack as it is written: who wrote it stands in it. Pure."""

from collections.abc import Sequence
from typing import Final

from edgetpu_ci import codec
from edgetpu_ci.render import words

MARK: Final = "Written by `edgetpu-ci render`; change edgetpu-ci.yml and render again."
"""By this we know a file again as ours. JSON has no comments: it stands in a text that nothing reads."""


def yaml(value: object, *remarks: str) -> str:
    """Plain data as a YAML file of ours; each remark is a line at its head."""
    head = "".join(f"# {words.plain(remark, words.SENTENCE)}\n" for remark in (MARK, *remarks))
    return f"{head}{codec.encode_yaml_lines(value)}"


def tests(rules: str, every: str, found: Sequence[object]) -> str:
    """Unit tests of a file of rules beside their folder, which are evaluated `every` so often."""
    file = f"../rules/{rules.rpartition('/')[2]}"
    written = {"rule_files": [file], "evaluation_interval": every, "tests": found}
    return yaml(written, "`promtool test rules` runs it.")
