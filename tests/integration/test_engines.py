"""That the engines which monitoring is tested beside run here; where they do not, what is skipped is counted."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.fakes import engines

_STARTS: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "prometheus": lambda folder: engines.prometheus(folder, "global: {scrape_interval: 1s}\n"),
    "prometheus-pushgateway": engines.pushgateway,
    "victoria-metrics": engines.victoria,
}


@pytest.mark.parametrize("program", list(_STARTS))
def test_an_engine_starts_and_ends(program: str, tmp_path: Path) -> None:
    if not engines.find(program):
        pytest.skip(f"{program} is not installed")
    with _STARTS[program](tmp_path) as url, urlopen(f"{url}/metrics", timeout=5) as answer:  # noqa: S310 - loopback
        assert b"process_start_time_seconds" in answer.read()
    assert not engines.is_ready(url)
