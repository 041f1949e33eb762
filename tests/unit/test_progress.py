"""Progress: redrawn on a terminal, rare lines in a log."""

from io import StringIO

from edgetpu_ci.render import progress


def test_a_terminal_sees_one_line_redrawn_and_cleared() -> None:
    stream = StringIO()
    show = progress.bar(stream.write)
    show("mobilenet", 1, 2)
    assert stream.getvalue() == f"\r\x1b[K{'━' * 14}{'─' * 14} 1/2 mobilenet"
    show("mobilenet", 2, 2)
    assert stream.getvalue().endswith("\r\x1b[K")


def test_a_log_gets_few_plain_lines() -> None:
    stream = StringIO()
    show = progress.lines(stream.write)
    for done in range(1, 101):
        show("m", done, 100)
    assert stream.getvalue().splitlines() == [f"{done}/100 m" for done in (1, 25, 50, 75, 100)]
