"""Services that are not GitHub: slow, too large, and at addresses that are none."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from edgetpu_ci.transport import body, plain
from edgetpu_ci.transport.plain import Plain
from tests.fakes.clock import Clock
from tests.fakes.loopback import Reply, dripping, serve
from tests.fakes.world import world


def test_an_answer_that_drips_is_not_waited_for(tmp_path: Path) -> None:
    clock = Clock()

    def tick() -> float:
        clock.at += 50
        return clock.at

    with dripping() as url:
        answer = Plain("sites", replace(world(tmp_path), monotonic=tick)).get(url)
    assert plain.told(answer) == "did not answer (ReadTimeout)"


def test_more_than_anybody_reads_is_not_taken_in(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(body.MOST_BYTES + 1), 1)
    with serve(lambda _: Reply(status=200, body=bomb, headers={"content-encoding": "gzip"})) as port:
        answer = Plain("sites", world(tmp_path)).get(f"http://127.0.0.1:{port}/")
    assert (plain.told(answer), answer.data) == ("did not answer (more than 67,108,864 bytes)", b"")


@pytest.mark.parametrize("url", ["http://[x/y", "http://[::1", "", "ftp://x/y", f"http://{'a' * 300}/", "http://a b/"])
def test_an_address_that_is_none_does_not_answer(tmp_path: Path, url: str) -> None:
    here = world(tmp_path)
    answer = Plain("sites", here).get(url)
    assert answer.status == 0
    assert [asked.status for asked in here.ledger.log] == [0]
    assert plain.host("http://[x/y") == "no host"
