"""The digest from a store to Slack and to files: said once a week in each place, whatever happens in between."""

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace as changed
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from edgetpu_ci import cli, codec, config, history, memory, weekly
from edgetpu_ci.alerting import keeper
from edgetpu_ci.config.alerting import Alerting
from edgetpu_ci.digest import Known, week
from edgetpu_ci.digest.record import Digest
from edgetpu_ci.errors import ConfigError, DeliveryError, StoreError
from edgetpu_ci.incidents.record import STORED, Book
from edgetpu_ci.memory import Swap
from edgetpu_ci.notify import slack
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.upkeep import register
from edgetpu_ci.weekly import gathering, noted, telling
from edgetpu_ci.world import World
from tests.fakes import digests
from tests.fakes.clock import Clock
from tests.fakes.loopback import Reply
from tests.fakes.program import edgetpu_ci
from tests.fakes.slack_server import TOKEN, Slack, slack_server
from tests.fakes.world import Said, world

CHANNEL = "C0QUALITY1"
PNG = b"\x89PNG and so on"
DOWN = Reply(status=503, body=b"")
BOT = {"SLACK_BOT_TOKEN": TOKEN, "GITHUB_REPOSITORY": "octo/models"}
BUSY = digests.digest_attention()
DIGEST = "edgetpu-ci — week 47: 4 need attention, 6 steady"


@pytest.fixture(name="there")
def _there() -> Iterator[Slack]:
    with slack_server() as server:
        yield server


class Job:
    """One that says a digest; `after` the moment of the samples, and knowing what `known` says."""

    def __init__(self, folder: Path, env: Mapping[str, str] = BOT, after: timedelta = timedelta()) -> None:
        clock, self.warned = Clock(), Said()
        self.world = world(
            folder,
            env=env,
            now=lambda: digests.NOW + after,
            sleep=clock.sleep,
            monotonic=clock.monotonic,
            warn=self.warned.append,
        )
        self.store: Folder = Folder(folder / ".edgetpu-ci")

    def tell(self, there: Slack, channel: str = CHANNEL) -> str:
        options = slack.Options(base_url=there.base_url, channel=channel)
        made = weekly.make(config.Config(), digests.WEEK, self.world)
        return weekly.tell(made._replace(store=self.store), options, self.world, lambda _report: PNG)


def fill(store: Folder, known: Known = BUSY) -> None:
    """A store in which that lies."""
    for report in (*known.kpis, *known.benchmarks):
        store.append(history.kind(report.run.machine.key), report.run.id, codec.encode_json(report))
    store.swap(STORED, None, memory.pack(Book(incidents=known.incidents)))


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    fill(Folder(tmp_path / ".edgetpu-ci"))
    return tmp_path


def test_it_is_said_with_its_table_and_a_chart_in_the_thread(folder: Path, there: Slack) -> None:
    assert Job(folder).tell(there) == "said"
    assert there.threads() == [[DIGEST, "*Needs attention*"]]
    assert there.messages[1]["blocks"][-1]["type"] == "table"
    (picture,) = there.files
    assert PNG in picture["data"]
    assert picture["thread_ts"] == there.messages[0]["ts"]
    # What was never begun is not looked for.
    assert not any(call.startswith("conversations") for call in there.calls)


def test_the_chart_is_that_of_the_report() -> None:
    assert telling.chart(BUSY.kpis[0]).startswith(b"\x89PNG")


def test_said_again_in_the_same_week_it_is_brought_up_to_date(folder: Path, there: Slack) -> None:
    Job(folder).tell(there)
    store = Folder(folder / ".edgetpu-ci")
    store.swap(STORED, store.state(STORED), memory.pack(Book()))
    assert Job(folder, after=timedelta(hours=3)).tell(there) == "updated"
    assert there.threads() == [["edgetpu-ci — week 47: 3 need attention, 6 steady", "*Key figures*"]]
    assert len(there.files) == 1


def test_what_somebody_deleted_is_said_anew_with_its_thread(folder: Path, there: Slack) -> None:
    Job(folder).tell(there)
    there.messages.clear()
    assert Job(folder).tell(there) == "said"
    assert there.threads() == [[DIGEST, "*Needs attention*"]]


class Killed(BaseException):
    """The process ends here: nobody catches it."""


class Ending(Folder):
    """A store whose job is killed when it writes for the `last` time that it can."""

    left = 0

    def swap_all(self, changes: Mapping[str, Swap]) -> bool:
        if Ending.left == 0:
            raise Killed
        Ending.left -= 1
        return super().swap_all(changes)


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_killed_between_saying_it_and_noting_it_nothing_is_said_twice(folder: Path, there: Slack, writes: int) -> None:
    ended = Job(folder)
    ended.store, Ending.left = Ending(folder / ".edgetpu-ci"), writes
    with pytest.raises(Killed):
        ended.tell(there)
    assert Job(folder, after=timedelta(minutes=4)).tell(there) in {"said", "updated"}
    assert there.threads() == [[DIGEST, "*Needs attention*"]]


def test_while_another_job_may_be_saying_it_none_begins(folder: Path, there: Slack) -> None:
    ended = Job(folder)
    ended.store, Ending.left = Ending(folder / ".edgetpu-ci"), 1
    with pytest.raises(Killed):
        ended.tell(there)
    with pytest.raises(DeliveryError, match=r"run it again after 14:03:00 UTC"):
        Job(folder, after=timedelta(minutes=1)).tell(there)
    assert len(there.messages) == 1


def test_of_six_jobs_at_once_one_says_it(folder: Path, there: Slack) -> None:
    def tell(_number: int) -> str:
        try:
            return Job(folder).tell(there)
        except DeliveryError as error:
            return str(error)

    with ThreadPoolExecutor(6) as jobs:
        ended = list(jobs.map(tell, range(6)))
    assert ended.count("said") == 1
    assert there.threads() == [[DIGEST, "*Needs attention*"]]


def test_a_channel_by_name_is_found_again_by_what_was_said_the_week_before(folder: Path, there: Slack) -> None:
    store = Folder(folder / ".edgetpu-ci")
    before = noted.name(digests.WEEK.before)
    store.swap(before, None, memory.pack({"#dev-quality": noted.Told(ref=f"{CHANNEL}:1.0")}))
    ended = Job(folder)
    ended.store, Ending.left = Ending(folder / ".edgetpu-ci"), 1
    with pytest.raises(Killed):
        ended.tell(there, "#dev-quality")
    assert Job(folder, after=timedelta(minutes=4)).tell(there, "#dev-quality") == "updated"
    assert len(there.threads()) == 1


def test_what_slack_did_not_take_is_said_by_the_next_run_at_once(folder: Path, there: Slack) -> None:
    there.down = lambda method: DOWN if method == "chat.postMessage" else None
    with pytest.raises(DeliveryError, match=r"Slack could not post in C0QUALITY1 now .*; it is tried again later\."):
        Job(folder).tell(there)
    there.down = lambda _method: None
    assert Job(folder).tell(there) == "said"
    assert len(there.threads()) == 1


def test_an_answer_that_was_lost_is_no_second_message(folder: Path, there: Slack) -> None:
    def lose(method: str) -> Reply | None:
        if method != "chat.postMessage" or there.messages:
            return None
        # It was taken, and only the answer to it never came.
        there.messages.append(
            {
                "channel": CHANNEL,
                "ts": "1800000000.000100",
                "metadata": {"event_type": "edgetpu_ci", "event_payload": {"id": "digest octo/models 2026-W47"}},
            }
        )
        return Reply(status=200, body=b'{"ok": true}', cut=True)

    there.down = lose
    with pytest.raises(DeliveryError):
        Job(folder).tell(there)
    assert Job(folder).tell(there) == "updated"
    assert there.threads() == [[DIGEST, "*Needs attention*"]]


def test_a_thread_that_failed_is_made_whole_by_the_next_run(folder: Path, there: Slack) -> None:
    there.scopes.remove("files:write")
    job = Job(folder)
    assert job.tell(there) == "said"
    assert any("its thread is not whole" in line and "files:write" in line for line in job.warned)
    there.scopes.add("files:write")
    assert Job(folder).tell(there) == "updated"
    assert (len(there.messages), len(there.files)) == (2, 1)


class ReadOnly(Folder):
    """A store that only its readers may use."""

    def swap_all(self, changes: Mapping[str, Swap]) -> bool:  # noqa: ARG002 - as every store
        raise StoreError("the token may not write there.")


def test_where_nothing_can_be_noted_it_is_found_in_the_channel(folder: Path, there: Slack) -> None:
    for expected in ("said", "updated"):
        job = Job(folder)
        job.store = ReadOnly(folder / ".edgetpu-ci")
        assert job.tell(there) == expected
        assert any("cannot be noted: the token may not write there." in line for line in job.warned)
    assert len(there.threads()) == 1


def test_two_repositories_and_two_channels_each_have_their_own(folder: Path, there: Slack, tmp_path: Path) -> None:
    fill(Folder(tmp_path / "other/.edgetpu-ci"))
    Job(folder).tell(there)
    Job(folder).tell(there, "C0OTHER001")
    Job(tmp_path / "other", env={**BOT, "GITHUB_REPOSITORY": "octo/other"}).tell(there)
    assert [one["channel"] for one in there.messages if not one.get("thread_ts")] == [CHANNEL, "C0OTHER001", CHANNEL]


def test_by_a_webhook_it_is_said_once_with_the_course_in_bars(folder: Path, there: Slack) -> None:
    env = {"SLACK_WEBHOOK_URL": there.hook}
    assert Job(folder, env).tell(there, "") == "said"
    assert Job(folder, env).tell(there, "") == "said before"
    (message,) = there.messages
    assert "▇▇█▁" in str(message) or "█▁" in str(message)
    assert "in the thread" not in str(message)


def test_a_webhook_that_did_not_take_it_is_given_it_again(folder: Path, there: Slack) -> None:
    env = {"SLACK_WEBHOOK_URL": there.hook}
    there.down = lambda _method: DOWN
    with pytest.raises(DeliveryError):
        Job(folder, env).tell(there, "")
    there.down = lambda _method: None
    assert Job(folder, env).tell(there, "") == "said"


def test_no_secret_is_in_what_is_said_warned_of_or_kept(folder: Path, there: Slack) -> None:
    env = {**BOT, "SLACK_WEBHOOK_URL": there.hook}
    job = Job(folder, env)
    there.scopes.clear()
    with pytest.raises(DeliveryError) as error:
        job.tell(there)
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    note = memory.unpack(Folder(folder / ".edgetpu-ci").state("digest-2026-W47") or b"", msgspec.Raw, "")
    assert "planted-secret" not in f"{error.value} {job.warned} {there.messages} {kept!r} {bytes(note)!r}"


def test_a_token_without_a_channel_says_what_to_give(folder: Path, there: Slack) -> None:
    with pytest.raises(ConfigError, match="give --channel, or `channel` to notify"):
        Job(folder).tell(there, "")


def test_each_field_of_the_note_is_registered(folder: Path, there: Slack) -> None:
    Job(folder).tell(there)
    Job(folder).store.swap("digest-2026-W46", None, memory.pack({CHANNEL: noted.Told(begun=True, holds=digests.NOW)}))
    kept = register.find("state", "digest-2026-W47")
    assert kept
    for name in ("digest-2026-W46", "digest-2026-W47"):
        value = memory.unpack(Folder(folder / ".edgetpu-ci").state(name) or b"", dict[str, dict[str, object]], name)
        assert list(register.unregistered(value, kept.fields)) == []
    assert {f"*.{field.name}" for field in msgspec.structs.fields(noted.Told)} == set(kept.fields)


def test_notes_of_years_past_are_removed(folder: Path, there: Slack) -> None:
    store = Folder(folder / ".edgetpu-ci")
    for name in ("digest-2025-W01", "digest-2025-W42", "digest-2025-W43"):
        store.swap(name, None, memory.pack({}))
    Job(folder).tell(there)
    kept = sorted(name for name in store.values() if name.startswith("digest"))
    assert kept == ["digest-2025-W43", "digest-2026-W47"]


def test_the_word_of_a_job_whose_clock_was_years_ahead_keeps_nobody_waiting(folder: Path, there: Slack) -> None:
    ahead = noted.Told(begun=True, holds=digests.NOW + timedelta(days=700))
    Job(folder).store.swap("digest-2026-W47", None, memory.pack({CHANNEL: ahead}))
    assert Job(folder).tell(there) == "said"


class Counting(Folder):
    """A store that counts what is read of it."""

    reads: list[str] = []  # noqa: RUF012 - one test has one

    def read(self, kind: str, name: str) -> bytes:
        Counting.reads.append(name)
        return super().read(kind, name)


def gathered(store: Folder, here: World) -> Known:
    return gathering.known(config.Config(), digests.WEEK, store, here)


def test_of_a_long_history_little_is_read(tmp_path: Path) -> None:
    store = Counting(tmp_path)
    for days in range(60):
        at = digests.NOW - timedelta(days=days)
        for report in (digests.kpis(at), digests.benchmark(at)):
            store.append(history.kind(report.run.machine.key), report.run.id, codec.encode_json(report))
    known = gathered(store, Job(tmp_path).world)
    assert (len(known.kpis), len(known.benchmarks)) == (6, 6)
    assert len(Counting.reads) == 12


def test_what_is_of_a_pull_request_of_a_simulated_device_or_of_later_is_left_out(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    report = digests.benchmark(digests.days_before(1))
    simulated = tuple(replace(m, device="simulated usb") for m in report.run.measurements)
    strange = [
        replace(report, run=replace(report.run, id="20261118T050000Z-1", pull_request=12)),
        replace(report, run=replace(report.run, id="20261118T060000Z-2", measurements=simulated)),
        replace(report, run=replace(report.run, id="20261123T000000Z-3")),
        report,
    ]
    for one in strange:
        store.append(history.REPORTS, one.run.id, codec.encode_json(one))
    store.append(history.REPORTS, "20261117T050000Z-4", b"{}")
    job = Job(tmp_path)
    assert [one.run.id for one in gathered(store, job.world).benchmarks] == [report.run.id]
    assert any("20261117T050000Z-4" in line for line in job.warned)


@pytest.mark.parametrize(
    ("env", "notify", "channel", "expected"),
    [
        ({}, (), "", None),
        ({}, (), "#ci", "#ci"),
        ({"SLACK_WEBHOOK_URL": "https://hooks.example/x"}, (), "", ""),
        ({}, (config.Step(use="slack", with_={"channel": "#dev"}),), "", "#dev"),
        ({}, (config.Step(use="slack", with_={"channel": "#dev"}),), "#ci", "#ci"),
    ],
)
def test_slack_is_told_where_configuration_command_line_or_a_secret_asks_for_it(
    tmp_path: Path, env: dict[str, str], notify: tuple[config.Step, ...], channel: str, expected: str | None
) -> None:
    settings = replace(config.Config(), alerting=Alerting(notify=notify))
    found = weekly.slack_options(settings, channel, changed(Job(tmp_path).world, env=env))
    assert (found.channel if found else None) == expected


def test_without_slack_it_is_printed_and_stands_in_the_summary(folder: Path) -> None:
    summary = folder / "summary.md"
    options = ("--week", "2026-W47", "--html", "out/digest.html")
    done = edgetpu_ci(folder, "digest", *options, GITHUB_STEP_SUMMARY=f"{summary}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"## {DIGEST}\n\n")
    assert summary.read_text().strip() == done.stdout.strip()
    assert f"<h1>{DIGEST}</h1>" in (folder / "out/digest.html").read_text()


def test_a_week_that_is_still_to_come_has_no_digest(folder: Path) -> None:
    later = week.of(digests.NOW + timedelta(days=7))
    with pytest.raises(ConfigError, match=f"The week {later.name} has not begun"):
        weekly.make(config.Config(), later, Job(folder).world)


def test_without_its_secret_the_digest_says_how_it_is_printed(folder: Path, there: Slack) -> None:
    job = Job(folder)
    without = weekly.make(config.Config(), digests.WEEK, job.world)
    with pytest.raises(ConfigError, match=r"is set; .* With --dry-run the digest is printed"):
        weekly.tell(without, slack.Options(channel="#ci"), changed(job.world, env={}))
    assert there.messages == []


def test_as_json_or_tried_out_nothing_is_said_elsewhere(folder: Path) -> None:
    summary = folder / "summary.md"
    env = {"SLACK_WEBHOOK_URL": "https://127.0.0.1:1/", "GITHUB_STEP_SUMMARY": f"{summary}"}
    done = edgetpu_ci(folder, "digest", "--week", "2026-W47", "--json", "--dry-run", **env)
    told = codec.decode_json(done.stdout.encode(), Digest, "what was printed")
    assert (told.week, len(told.attention), done.returncode) == ("2026-W47", 4, 0)
    assert not summary.exists()


def test_in_an_empty_folder_it_says_so_and_slack_that_is_away_is_4(tmp_path: Path) -> None:
    done = edgetpu_ci(tmp_path, "digest", SLACK_WEBHOOK_URL="http://127.0.0.1:1/planted-secret")
    assert done.returncode == 4
    assert re.fullmatch(r"edgetpu-ci: Slack did not answer when asked to take the message .*\n", done.stderr)
    assert "nothing is known yet" in edgetpu_ci(tmp_path, "digest").stdout


def test_what_is_printed_is_no_command_to_a_runner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(Folder(tmp_path / ".edgetpu-ci"), digests.digest_hostile())
    monkeypatch.chdir(tmp_path)
    assert cli.run(["digest", "--dry-run", "--week", "2026-W47"]) == 0
    printed = capsys.readouterr().out
    assert ("error" in printed, "::error" in printed) == (True, False)


def test_what_ended_in_the_week_is_found_in_the_book_and_among_what_was_put_away(folder: Path) -> None:
    job = Job(folder)
    within, before = digests.NOW - timedelta(hours=1), digests.NOW - timedelta(days=9)
    for number, ended in ((7, within), (8, before)):
        one = digests.incident(number=number, resolved_at=ended)
        job.store.append(STORED, keeper.document(one), codec.encode_json(one))
    open_ones = BUSY.incidents
    kept = Book(incidents=(*open_ones, digests.incident(number=9, resolved_at=within)))
    job.store.swap(STORED, job.store.state(STORED), memory.pack(kept))
    assert len(weekly.make(config.Config(), digests.WEEK, job.world).digest.over) == 2
