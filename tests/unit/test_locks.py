"""The locks suit every installer: pip heeds what a package says of Python, uv lets an upper bound pass."""

import platform
from importlib.metadata import distributions

from packaging.specifiers import SpecifierSet

HERE = platform.python_version()


def test_every_package_in_the_lock_admits_this_python() -> None:
    refusing = [
        f"{package.name} {package.version}: {wanted}"
        for package in distributions()
        if (wanted := package.metadata["Requires-Python"]) and not SpecifierSet(wanted).contains(HERE)
    ]
    assert refusing == []
