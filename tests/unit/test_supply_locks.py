"""Lock and requirements files as tools write them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.errors import ConfigError
from edgetpu_ci.supply import locks
from edgetpu_ci.supply.locks import Wanted

UV = """
version = 1
[[package]]
name = "ours"
version = "0.1.0"
source = { editable = "." }
dependencies = [{ name = "alpha" }]
[[package]]
name = "alpha"
version = "1.0"
source = { registry = "https://index.example/simple" }
sdist = { url = "https://index.example/a.tar.gz", hash = "sha256:00" }
"""
POETRY = """
[[package]]
name = "Alpha"
version = "1.0"
groups = ["main", "dev"]
[[package]]
name = "beta"
version = "2.0"
groups = ["dev"]
[[package]]
name = "gamma"
version = "3.0"
category = "main"
"""
PYLOCK = """
lock-version = "1.0"
[[packages]]
name = "alpha"
version = "1.0"
[[packages]]
name = "ours"
directory = { path = ".", editable = true }
"""


def read(folder: Path, name: str, text: str) -> list[tuple[str, str, str]]:
    (folder / name).write_text(text)
    return [(one.name, one.version, one.scope) for one in locks.read(folder / name, name)]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("uv.lock", UV, [("alpha", "1.0", "")]),
        ("pylock.toml", PYLOCK, [("alpha", "1.0", "")]),
        (
            "poetry.lock",
            POETRY,
            [("alpha", "1.0", "runtime"), ("beta", "2.0", "development"), ("gamma", "3.0", "runtime")],
        ),
        (
            "requirements.txt",
            "alpha == 1.0 # why\nbeta>=2\ngamma\n",
            [("alpha", "1.0", ""), ("beta", "", ""), ("gamma", "", "")],
        ),
    ],
)
def test_packages_of_each_format(tmp_path: Path, name: str, text: str, found: list[tuple[str, str, str]]) -> None:
    assert read(tmp_path, name, text) == found


@pytest.mark.parametrize(
    "line",
    ["-e .", "--index-url https://x.example", "# alpha==1", "./alpha.whl", "https://x.example/a.whl", "alpha==1.*"],
)
def test_lines_that_pin_nothing(tmp_path: Path, line: str) -> None:
    assert all(not version for _, version, _ in read(tmp_path, "requirements.txt", line))


def test_a_pyproject_beside_says_what_is_direct(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.poetry.dependencies]\npython = ">=3.11"\nAlpha = "*"\n[tool.poetry.group.dev.dependencies]\nbeta = "*"\n'
    )
    (tmp_path / "poetry.lock").write_text(POETRY)
    assert [(one.name, one.direct) for one in locks.read(tmp_path / "poetry.lock", "poetry.lock")] == [
        ("alpha", True),
        ("beta", True),
        ("gamma", False),
    ]


def test_a_package_of_two_files_counts_once_and_is_runtime() -> None:
    one, two = (
        Wanted(name="alpha", version="1", scope=scope, direct=scope == "runtime")
        for scope in ("development", "runtime")
    )
    assert locks.distinct([one, two]) == (Wanted(name="alpha", version="1", scope="runtime", direct=True),)


@pytest.mark.parametrize("text", ["not = [toml", '[[package]]\nversion = "1"', "package = 3", "[" * 5000])
def test_a_lock_that_is_none_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"uv\.lock cannot be read"):
        read(tmp_path, "uv.lock", text)


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,5}){0,2}", fullmatch=True)
VERSIONS = st.lists(st.integers(0, 99), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@given(
    st.dictionaries(NAMES, VERSIONS, max_size=20),
    st.sampled_from(["", " \\\n    --hash=sha256:00", " ; os_name == 'nt'"]),
)
def test_what_a_lock_pins_is_read_back(pins: dict[str, str], tail: str) -> None:
    text = "".join(f"{name}=={version}{tail}\n    # via x\n" for name, version in pins.items())
    assert [(one.name, one.version) for one in locks.required(text)] == list(pins.items())


@given(st.text(max_size=200))
def test_no_line_breaks_the_reader(text: str) -> None:
    assert all(one.name for one in locks.required(text))


def test_what_is_installed_here_is_known_by_name_and_version() -> None:
    assert {"msgspec", "pypi-simple"} <= {one.name for one in locks.installed()}
