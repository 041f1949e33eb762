"""What the command line prints: prose, where foreign names are made harmless, and data as it is."""

import os
import sys
from typing import TextIO

from edgetpu_ci.errors import StoreError

_LONGEST = 2000


def fail(sentence: str) -> None:
    """Say on standard error, in one line, what went wrong: in a job of GitHub Actions as an annotation."""
    from edgetpu_ci.render import words

    said = words.plain(sentence, _LONGEST)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from edgetpu_ci.publish.job import command

        write(command("error", said, title="edgetpu-ci"), sys.stderr)
    else:
        warn(f"edgetpu-ci: {said}")


def usage(message: str) -> str:
    """What the parser says of wrong arguments, whatever was typed."""
    from edgetpu_ci.render import words

    return words.tame(words.plain(message, _LONGEST))


def say(text: str) -> None:
    """Print prose. It may hold the name of a file or a tensor, and a name may be anything."""
    from edgetpu_ci.render import words

    write(words.prose(text))


def warn(text: str) -> None:
    """The same on standard error."""
    from edgetpu_ci.render import words

    write(words.prose(text), sys.stderr)


def write(text: str, stream: TextIO | None = None, end: str = "\n") -> None:
    """Print data, or what is harmless already. A reader who leaves early, as `head` does, changes no verdict."""
    stream = stream or sys.stdout
    try:
        print(text, file=stream, end=end, flush=True)
    except OSError as error:
        # What is still to come, also from Python itself at the end, must meet somebody.
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, stream.fileno())
        os.close(nobody)
        if not isinstance(error, BrokenPipeError):
            raise StoreError(f"The output could not be written: {os.strerror(error.errno or 0).lower()}.") from error


def is_watched(stream: TextIO | None) -> bool:
    """Whether a person looks at it: some runners hand a terminal to their jobs and keep what is written as a log."""
    return stream is not None and stream.isatty() and "CI" not in os.environ
