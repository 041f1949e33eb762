"""A file of the stack as it is written: who wrote it stands in it. Pure."""

from typing import Final

from edgetpu_ci import codec
from edgetpu_ci.render import words

MARK: Final = "Written by `edgetpu-ci render`; change edgetpu-ci.yml and render again."
"""By this we know a file again as ours. JSON has no comments: it stands in a text that nothing reads."""


def yaml(value: object, *remarks: str) -> str:
    """Plain data as a YAML file of ours; each remark is a line at its head."""
    head = "".join(f"# {words.plain(remark, words.SENTENCE)}\n" for remark in (MARK, *remarks))
    return f"{head}{codec.encode_yaml_lines(value)}"
