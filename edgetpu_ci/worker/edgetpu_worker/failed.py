"""What goes wrong in an expected way."""

LONGEST_TEXT = 300
"""Runtimes never clear their error buffer: the text of a failure grows with each further one."""


class Failed(Exception):  # noqa: N818 - an answer, not an error of ours
    """An expected failure: its kind is for the toolkit, its text for people."""

    def __init__(self, kind, text):
        super().__init__(str(text)[:LONGEST_TEXT].encode("utf-8", "replace").decode())
        self.kind = kind
