"""The program that measures in a child process: any Python from 3.7 runs this folder, without the toolkit."""

from pathlib import Path
from typing import Final

PROGRAM: Final = Path(__file__).parent
"""What an interpreter is given to run; its package has a name of its own, so that it hides nobody else's modules."""
