"""The loop that times invokes."""

from pathlib import Path

from edgetpu_ci.worker.edgetpu_worker.loop import Loop


def test_loops_leave_no_files_open() -> None:
    def once() -> None:
        loop = Loop(lambda: None, threads=1)
        loop.run(lambda: True)
        assert len(loop.wall) == 1

    once()
    before = _open_files()
    for _ in range(20):
        once()
    assert _open_files() == before


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
