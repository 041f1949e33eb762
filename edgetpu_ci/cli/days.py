"""A day as it is written on the command line."""

import argparse
from datetime import date


def day(text: str) -> date:
    """The day that a text names; an error of the command line for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no day; write it as 2026-01-01") from None
