"""The arms of scripts/overhead still find in the worker what they measure."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgetpu_ci import reference

ARM = Path(__file__).parents[2] / "scripts/overhead_arm.py"


@pytest.mark.parametrize("arm", ["bare", "pairs", "theirs"])
def test_an_arm_prints_a_time_for_each_inference_or_pair(tmp_path: Path, arm: str) -> None:
    model = tmp_path / "m.tflite"
    model.write_bytes(reference.build(32, 0.1))
    ran = subprocess.run([sys.executable, ARM, arm, model, "20", "5"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    times = json.loads(ran.stdout)
    assert len(times) >= 20
