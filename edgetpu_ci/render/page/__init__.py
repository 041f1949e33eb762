"""All series as one HTML file that opens from disk: nothing is fetched, and what others wrote stays text."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import Final

import msgspec

from edgetpu_ci.model import Series
from edgetpu_ci.render.page import data

_SCRIPTS: Final = ("read.js", "say.js", "draw.js", "overview.js", "chart.js", "single.js", "start.js")


def page(series: Sequence[Series]) -> str:
    """The whole file; values must be finite. A change that was withdrawn is not shown."""
    style = _asset("page.css")
    script = f'(() => {{\n"use strict";\n{"".join(map(_asset, _SCRIPTS))}}})();\n'
    return Template(_asset("page.html")).substitute(
        policy=_policy(style, script), style=style, script=script, data=_embedded(data.columns(series))
    )


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Only our own script and style run, and nothing is loaded from anywhere."""
    allowed = f"script-src {_hash(script)}; style-src {_hash(style)}"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _embedded(value: object) -> str:
    """JSON that cannot end the element it stands in: a script element ends, or changes its kind, at a `<` only."""
    return msgspec.json.encode(value).decode().replace("<", "\\u003c")
