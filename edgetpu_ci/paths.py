"""Which files a pattern means."""

import glob
import os
from pathlib import Path


def matching(pattern: str, folder: Path) -> list[str]:
    """The files that a path or a glob below `folder` means, in order; none when there is none."""
    # A file may really be called "a[1].tflite".
    literal = [pattern] if _is_file(folder / pattern) else []
    # Path.glob takes no absolute pattern, and would search hidden folders: .git, .venv.
    found = literal or sorted(glob.glob(pattern, root_dir=folder, recursive=True))  # noqa: PTH207
    return [name for name in found if _is_file(folder / name)]


def _is_file(path: Path) -> bool:
    # Unlike Path.is_file, this also answers for names that are too long or in a folder that is closed to us.
    return os.path.isfile(path)  # noqa: PTH113
