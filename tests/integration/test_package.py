"""What an installation holds, as it is built from this checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_published_figures_come_with_it(tmp_path: Path) -> None:
    """By way of the source archive, where they are a link."""
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    held = zipfile.ZipFile(wheel).read("edgetpu_ci/published-coral.yml")
    assert held == (ROOT / "baselines/published-coral.yml").read_bytes()
