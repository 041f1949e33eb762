"""`edgetpu-ci init`: what it writes works, and it overwrites nothing."""

import os
from pathlib import Path

import pytest
import yaml

from edgetpu_ci import collect, config, publish, starter
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.loads import models
from tests.fakes.world import world


def test_it_lists_the_models_it_finds_and_passes_over_hidden_folders(tmp_path: Path) -> None:
    for name in ("models/a.tflite", "b [1].tflite", ".venv/c.tflite", "node_modules/d.tflite"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    starter.write(world(tmp_path))
    settings = config.load(tmp_path / "edgetpu-ci.yml")
    assert [path.name for _, path in models.find(settings.collect[1].with_["models"], world(tmp_path))] == [
        "b [1].tflite",
        "a.tflite",
    ]


def test_it_passes_over_names_that_are_not_text(tmp_path: Path) -> None:
    for name in (b"bad\xff.tflite", b"dir\xfe/c.tflite", "größe.tflite".encode()):
        place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        place.parent.mkdir(exist_ok=True)
        try:
            place.write_bytes(b"x")
        except OSError:
            pytest.skip("this file system takes only names that are text")
    starter.write(world(tmp_path))
    assert config.load(tmp_path / "edgetpu-ci.yml").collect[0].with_["models"] == ["größe.tflite"]


def test_what_it_writes_binds(tmp_path: Path) -> None:
    starter.write(world(tmp_path))
    settings = config.load(tmp_path / "edgetpu-ci.yml")
    assert [collect.bind(step, "c") for step in settings.collect]
    assert [publish.bind(step, "p") for step in settings.publish]


def test_the_workflow_gives_no_permission_it_does_not_need(tmp_path: Path) -> None:
    starter.write(world(tmp_path))
    workflow = yaml.safe_load((tmp_path / starter.WORKFLOW).read_text())
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["benchmark"]["permissions"] == {"contents": "read", "pull-requests": "write"}


def test_many_models_become_a_glob(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.tflite").write_bytes(b"x")
    starter.write(world(tmp_path))
    assert config.load(tmp_path / "edgetpu-ci.yml").collect[0].with_["models"] == ["**/*.tflite"]


@pytest.mark.parametrize("there", ["edgetpu-ci.yml", starter.WORKFLOW])
def test_what_is_there_is_kept_and_nothing_is_written(tmp_path: Path, there: str) -> None:
    (tmp_path / there).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / there).write_text("mine")
    with pytest.raises(ConfigError, match="is there already; nothing was written"):
        starter.write(world(tmp_path))
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [Path(there).name]
    assert (tmp_path / there).read_text() == "mine"
