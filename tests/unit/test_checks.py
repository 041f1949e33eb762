"""The checklist: what a check demands, what its outcome says, and that nothing tells whose machine it was."""

import json
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci import checklist, checks, codec
from edgetpu_ci.checks import CHECKS, Answer, Check
from edgetpu_ci.cli import VERBS, _parser
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.loads.model_slot import Options
from edgetpu_ci.world import Ran
from tests.fakes import compiled
from tests.fakes.program import edgetpu_ci
from tests.fakes.world import NOTHING, world

DEVICE = {"name": "usb:0", "coral": {"kind": "usb", "ids": "18d1:9302", "link": "5 Gbit/s", "serial": "S3RIAL"}}
PRINTED = {
    "uname": "Linux aarch64\n",
    "inspect": '{"compiled": true}',
    "run": "  latency p50 2.613 ms\n",
    "doctor": "✓ runtime  ai-edge-litert 2.3.0 runs a model.\n",
    "python3.9": "2.9.1\n",
    "show": "  delegate busy fraction 0.9871\n",
    "compare": "  2.17 ms  1.20 times as long here  a host\n",
    "selftest": "noise   a change of 0.42 % can just be told from none here,\n",
}


class Host:
    """Answers commands as a host with a device would; `answers` replace what some of them say."""

    def __init__(self, held_by: str = "", /, **answers: Ran | Callable[[], Ran]) -> None:
        self.devices = {"library": "16.0 std", "devices": [{**DEVICE, "held_by": held_by}]}
        self.answers = answers
        self.asked: list[str] = []

    def run(self, argv: Sequence[str], _stdin: bytes, _timeout: float, _env: Mapping[str, str] = NOTHING) -> Ran:
        words = list(argv[argv.index("edgetpu_ci") + 1 :] if "edgetpu_ci" in argv else argv)
        self.asked.append(" ".join(words))
        if found := self.answers.get(words[0]):
            return found() if callable(found) else found
        printed = json.dumps(self.devices, indent=1) if words[0] == "devices" else PRINTED[words[0]]
        return Ran(status=0, stdout=printed.encode(), stderr=b"")

    def measured(self) -> list[str]:
        """The checks that measured something, but for the simulated device."""
        ran = (line.rpartition("/")[2] for line in self.asked if line.startswith("run "))
        return [name for name in ran if name != "simulated"]


def tried(host: Host, folder: Path, env: Mapping[str, str] = NOTHING) -> dict[str, Answer]:
    """Every check on a host, by its id."""
    (folder / "m_edgetpu.tflite").write_bytes(compiled.build())
    made = checklist.run(folder / "m_edgetpu.tflite", "usb", folder / "out", world(folder, run=host.run, env=env))
    return {answer.id: answer for answer in made.checks}


def test_a_host_with_a_device_on_usb_verifies_all_but_pcie(tmp_path: Path) -> None:
    verdicts = {name: answer.verdict for name, answer in tried(Host(), tmp_path).items()}
    impossible = {"pci", "pci-temperature"}
    assert verdicts == {check.id: "not possible here" if check.id in impossible else "ok" for check in CHECKS}


def test_what_is_noted_is_what_was_looked_for_and_nothing_else(tmp_path: Path) -> None:
    got = {name: answer.got for name, answer in tried(Host(), tmp_path).items()}
    assert (got["as-it-is"], got["library"], got["usb-link"]) == ("2.613 ms", "16.0 std", "5 Gbit/s")
    assert (got["busy"], got["noise"], got["usb-after"]) == ("0.9871", "0.42 %", "18d1:9302")
    assert not any("S3RIAL" in text for text in got.values())


def test_a_device_that_somebody_uses_is_not_opened(tmp_path: Path) -> None:
    host = Host("process 4711 (frigate)")
    answers = tried(host, tmp_path)
    assert answers["free"].verdict == "not possible here"
    assert answers["as-it-is"].got == "needs `free` to be ok"
    assert host.measured() == []


def test_a_crash_is_a_failure_with_its_reason_and_ends_what_builds_on_it(tmp_path: Path) -> None:
    crash = Ran(status=3, stdout="m · edgetpu\n? 12 metrics: crashed with SIGSEGV\n".encode(), stderr=b"Nothing.\n")
    answers = tried(Host(run=crash), tmp_path)
    assert (answers["as-it-is"].verdict, answers["as-it-is"].got) == (
        "failed",
        "exit status 3: ? 12 metrics: crashed with SIGSEGV",
    )
    assert answers["busy"].got == "needs `adapter` to be ok"


@pytest.mark.parametrize(
    ("ran", "got"),
    [
        (Ran(status=None, stdout=b"", stderr=b""), "it took longer than 60 s"),
        (Ran(status=0, stdout=b"nothing of it", stderr=b""), "not so here: a sign"),
        (Ran(status=1, stdout=b"", stderr=b""), "exit status 1: it said nothing"),
        (Ran(status=2, stdout=b"so far\n", stderr=b"one\ntwo\n"), "exit status 2: two"),
    ],
)
def test_what_went_wrong_is_said(ran: Ran, got: str) -> None:
    check = Check(id="c", verifies="", command=("c",), expected="a sign", finds="found")
    assert checks.judge(check, ran) == ("failed", got)


def test_what_a_host_lacks_has_not_failed() -> None:
    check = Check(id="c", verifies="", command=("c",), expected="", finds="found", optional=True)
    assert checks.judge(check, Ran(status=0, stdout=b"", stderr=b""))[0] == "not possible here"


def test_a_program_that_is_not_there_is_not_possible(tmp_path: Path) -> None:
    def missing() -> Ran:
        raise FileNotFoundError(2, "No such file or directory")

    answer = tried(Host(**{"python3.9": missing}), tmp_path)["period-python"]
    assert (answer.verdict, answer.got) == (
        "not possible here",
        "python3.9 cannot be started: no such file or directory",
    )


def test_without_a_model_nothing_is_measured_and_it_is_said_what_to_name(tmp_path: Path) -> None:
    host = Host()
    made = checklist.run(None, "", tmp_path / "out", world(tmp_path, run=host.run))
    answers = {answer.id: answer for answer in made.checks}
    assert answers["compiled"].got == "name a model that is compiled for the Edge TPU"
    assert (answers["device"].verdict, host.measured(), made.model) == ("ok", [], "")


def test_the_document_tells_neither_who_nor_where(tmp_path: Path) -> None:
    env = {"USER": "alice", "HOME": "/srv/alice", "LOGNAME": "alice"}
    failing = Ran(status=2, stdout=b"", stderr=f"{platform.node()}: alice in /srv/alice and /home/bob/x".encode())
    answer = tried(Host(doctor=failing), tmp_path, env)["doctor"]
    assert answer.got == "exit status 2: HOST: USER in ~ and /home/USER/x"
    sent = (tmp_path / "out" / checklist.NAME).read_text()
    for name in (f'"{platform.node()}', "alice", "bob", str(tmp_path)):
        assert name not in sent


def test_where_the_result_was_written_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "m_edgetpu.tflite").write_bytes(b"m")
    place = tmp_path / "customers/acme"
    checklist.run(tmp_path / "m_edgetpu.tflite", "", place, world(tmp_path / "work", run=Host().run))
    sent = (place / checklist.NAME).read_text()
    assert "OUTPUT/adapter" in sent
    assert "acme" not in sent


@given(text=st.text(), name=st.text(alphabet="abc-.", min_size=1), instead=st.sampled_from(["HOST", "~"]))
def test_no_name_is_left_as_a_word_of_its_own(text: str, name: str, instead: str) -> None:
    left = checks.anonymous(f"{text} {name} {text}", [(name, instead)])
    assert f" {name} " not in left


def test_the_runner_is_told_by_a_hash_of_what_nobody_guesses(tmp_path: Path) -> None:
    assert checklist.run(None, "", tmp_path / "a", world(tmp_path, run=Host().run)).runner == ""
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    known = checklist.run(None, "", tmp_path / "b", world(tmp_path, run=Host().run)).runner
    assert re.fullmatch("[0-9a-f]{16}", known)


def test_what_is_written_can_be_read_again_and_says_its_version(tmp_path: Path) -> None:
    made = checklist.run(None, "", tmp_path, world(tmp_path, run=Host().run))
    data = (tmp_path / checklist.NAME).read_bytes()
    assert codec.decode_json(data, checklist.Document, "it") == made
    assert (made.format, made.schema) == ("edgetpu-ci checklist", 1)


def test_every_check_stands_after_what_it_needs_and_has_a_name_of_its_own() -> None:
    seen: list[str] = []
    for check in CHECKS:
        assert set(check.after) <= set(seen), check.id
        seen.append(check.id)
    assert len(seen) == len(set(seen))


def test_our_own_commands_are_spelled_as_the_command_line_wants_them() -> None:
    ours = [check.command[1:] for check in CHECKS if check.command[0] == "edgetpu-ci" and check.command[1] in VERBS]
    assert len(ours) > 5
    for words in ours:
        assert _parser().parse_args(words).verb is VERBS[words[0]].act


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if "{config}" in check.command], ids=lambda check: check.id
)
def test_every_configuration_is_one(check: Check, tmp_path: Path) -> None:
    tried(Host(), tmp_path)
    written: dict[str, Any] = yaml.safe_load((tmp_path / f"out/{check.id}.yml").read_text())
    options = codec.convert(written["collect"][0]["with"], Options, check.id)
    assert options.device == check.settings.get("device", "usb")


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.tflite cannot be read: no such file"):
        checklist.run(tmp_path / "none.tflite", "", tmp_path, world(tmp_path))


def test_the_command_says_what_it_found_and_where_the_result_is(tmp_path: Path) -> None:
    done = edgetpu_ci(tmp_path, "checklist")
    assert done.returncode == 0
    assert "✓ system" in done.stdout
    assert " 0 failed, " in done.stdout
    assert (tmp_path / "edgetpu-ci-checklist/checklist.json").exists()


def test_one_that_failed_is_told_by_the_exit_status(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(b"no model at all")
    done = edgetpu_ci(tmp_path, "checklist", "m.tflite")
    assert (done.returncode, "✗ compiled" in done.stdout) == (1, True)
