"""Which files a pattern means."""

import glob
import os
from pathlib import Path

from edgetpu_ci.errors import InputError


def matching(pattern: str, folder: Path) -> list[str]:
    """The files that a path or a glob below `folder` means, in order; none when there is none."""
    # A file may really be called "a[1].tflite".
    literal = [pattern] if _is_file(folder / pattern) else []
    # Path.glob takes no absolute pattern, and would search hidden folders: .git, .venv.
    found = literal or sorted(glob.glob(pattern, root_dir=folder, recursive=True))  # noqa: PTH207
    return [name for name in found if _is_file(folder / name)]


def there(pattern: str, folder: Path, step: str) -> list[str]:
    """The same; InputError where there is none, which says `step` as what to do next."""
    if found := matching(pattern, folder):
        return found
    if os.path.isdir(folder / pattern):  # noqa: PTH112 - as below
        raise InputError(f'"{pattern}" is a folder; name files in it, such as "{pattern.rstrip("/")}/*.json".')
    raise InputError(f'No file matches "{pattern}" in {folder}; {step}.')


def _is_file(path: Path) -> bool:
    # Unlike Path.is_file, this also answers for names that are too long or in a folder that is closed to us.
    return os.path.isfile(path)  # noqa: PTH113
