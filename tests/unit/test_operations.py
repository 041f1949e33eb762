"""What docs/operations.md promises: every check it names is there, and what it shows can be copied."""

import re
from pathlib import Path
from typing import Any

import yaml

from edgetpu_ci import codec, config
from edgetpu_ci.checks import CHECKS
from edgetpu_ci.loads.model_slot import Options

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/operations.md").read_text()
BLOCKS: list[Any] = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]


def test_what_is_unverified_names_a_check_that_would_verify_it() -> None:
    named = re.findall(r"\*unverified\*:\s+`([\w-]+)`", TEXT)
    assert len(named) >= 6
    assert set(named) <= {check.id for check in CHECKS}


def test_its_configuration_is_one() -> None:
    (shown,) = (block for block in BLOCKS if "collect" in block)
    (step,) = codec.convert(shown, config.Config, "docs/operations.md").collect
    assert codec.convert(step.with_, Options, "docs/operations.md").edgetpu_compat == "never"


def test_its_workflow_gives_inputs_that_exist() -> None:
    (shown,) = (block for block in BLOCKS if "jobs" in block)
    bench: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/bench.yml").read_text())
    given = shown["jobs"]["bench"]
    assert set(given["with"]) == set(bench[True]["workflow_call"]["inputs"])
    assert given["permissions"] == bench["jobs"]["benchmark"]["permissions"]


def test_its_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", TEXT) if "://" not in link]
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
