"""From reports of a store to what services hear: at the end of runs, after a job that was killed, by the verb."""

import dataclasses
import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from msgspec.structs import replace

from edgetpu_ci import codec, config, history, memory
from edgetpu_ci.alerting import beside, evaluating, keeper, looking, responding
from edgetpu_ci.alerting.delivering import SECONDS
from edgetpu_ci.alerting.evaluating import Told, Watch
from edgetpu_ci.alerting.looking import Looking, News
from edgetpu_ci.alerting.responding import Hand
from edgetpu_ci.config.alerting import Alerting, AlertRule, Silence
from edgetpu_ci.errors import (
    ConfigError,
    DeliveryError,
    DeniedError,
    DocumentError,
    LaterError,
    RefusedError,
    StoreError,
)
from edgetpu_ci.event import Event
from edgetpu_ci.incidents.record import SCHEMA, STORED, Acknowledged, Book, Context, Incident, Notice, Receipt
from edgetpu_ci.model import REPOSITORY, Machine, Measurement, Report, Run
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.world import World
from tests.fakes.incidents import KEY, NOW, changed, incident, resolved
from tests.fakes.notifier import Recording
from tests.fakes.world import Said, world

COVERAGE = AlertRule(name="test_coverage_drop", match="*/test_coverage", below=80, resolve_after=2, channel="#quality")
ALERTING = Alerting(rules=(COVERAGE,), routing={"warning": ("slack", "pagerduty")})


def report(number: int, value: float | None, **parts: Any) -> Report:
    """The run of one hour: main's coverage, in percent."""
    at = NOW + timedelta(hours=number)
    measured = Measurement(subject=REPOSITORY, metric="test_coverage", value=value, reason="" if value else "not run")
    known = {
        "id": f"{at:%Y%m%dT%H%M%SZ}-a",
        "at": at,
        "machine": Machine(key=REPOSITORY),
        "measurements": (measured,),
        "commit": f"{number:040x}",
        "branch": "main",
        "url": "https://github.com/owner/name/actions/runs/17",
    }
    return Report(run=Run(**{**known, **parts}))


@dataclass
class Shop:
    """A store, two services, and a clock that goes by the runs."""

    folder: Path
    alerting: Alerting = ALERTING
    hour: int = 0
    env: dict[str, str] = field(default_factory=dict)
    slack: Recording = field(default_factory=lambda: Recording("slack"))
    pager: Recording = field(default_factory=lambda: Recording("pagerduty"))
    warned: Said = field(default_factory=Said)

    @property
    def store(self) -> Folder:
        """Where reports and the book are."""
        return Folder(self.folder / "store")

    def world(self) -> World:
        """An hour is as long as the runs say."""
        tokens = iter(f"{self.hour:08x}{n:08x}" for n in range(100))
        now = NOW + timedelta(hours=self.hour, minutes=1)
        return world(self.folder, now=lambda: now, token=lambda: next(tokens), warn=self.warned.append, env=self.env)

    def watch(self) -> Watch:
        """As a job has it."""
        return Watch(
            alerting=self.alerting,
            rules=self.alerting.rules,
            bound={one.use: one.bound() for one in (self.slack, self.pager)},
            store=self.store,
            repository="owner/name",
            context=lambda _: Context(),
            world=self.world(),
        )

    def keep(self, one: Report) -> Report:
        """A report as a run leaves it in the store."""
        self.store.append(history.kind(one.run.machine.key), one.run.id, codec.encode_json(one))
        return one

    def run(self, value: float | None, **parts: Any) -> Told | None:
        """A run that keeps its report, and then looks after its alerts."""
        self.hour += 1
        one = self.keep(report(self.hour, value, **parts))
        return evaluating.after_run(self.watch(), one, Event())

    def verb(self) -> Told:
        """`edgetpu-ci alerts`."""
        return self.watch().evaluate()

    def unseen(self) -> News:
        """What the next job looks at."""
        return looking.news(keeper.load(self.store), self.store, self.world())

    @property
    def incident(self) -> Incident:
        """The newest one in the book."""
        return keeper.load(self.store).incidents[-1]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def kinds(service: Recording) -> list[str]:
    return [one.kind for one in service.heard]


def names(incidents: Sequence[Incident]) -> list[str]:
    return [one.name.partition(" ")[0] for one in incidents]


def test_from_good_to_bad_to_good_it_is_said_once_each_and_kept_as_a_document(shop: Shop) -> None:
    shop.run(90)
    assert shop.slack.heard == []
    told = shop.run(70)
    assert told
    assert names(told.opened) == ["test_coverage_drop"]
    assert [one.target for one in told.said] == ["slack #quality", "pagerduty #quality"]
    assert (told.waiting, told.problems) == ((), ())
    for value in (71, None, 95):
        assert shop.run(value) == Told((), (), (), (), ())
    told = shop.run(96)
    assert told
    assert names(told.resolved) == ["test_coverage_drop"]
    assert kinds(shop.slack) == kinds(shop.pager) == ["opened", "resolved"]
    assert keeper.load(shop.store).incidents == ()
    (kept,) = keeper.past(shop.store, shop.world())
    assert (kept.resolved_at is not None, set(kept.receipts)) == (True, {"slack #quality", "pagerduty #quality"})
    assert kept.alerts[0].good
    assert kept.alerts[0].good.commit == f"{1:040x}"


def test_what_nobody_has_an_address_for_is_said_until_somebody_hears_of_it(shop: Shop) -> None:
    nowhere = {"slack": shop.slack.bound()._replace(address=lambda _labels, channel: channel)}
    silent = replace(COVERAGE, channel="")
    shop.alerting = replace(ALERTING, rules=(silent,))
    shop.keep(report(0, 70))
    for _ in range(2):
        (problem,) = replace(shop.watch(), bound=nowhere).evaluate().problems
        assert str(problem).startswith(
            f"Nobody is told of {shop.incident.name}: none of slack, pagerduty has an address"
        )
    assert replace(shop.watch(), bound=nowhere, elsewhere=("pagerduty",)).evaluate().problems == ()
    shop.alerting = replace(ALERTING, rules=(silent,), routing={"warning": ()})
    assert replace(shop.watch(), bound=nowhere).evaluate().problems == ()
    shop.alerting = replace(ALERTING, rules=(silent,))
    assert shop.verb().problems == ()
    assert kinds(shop.slack) == ["opened"]


def test_what_a_killed_job_did_not_look_at_the_next_run_or_the_verb_does(shop: Shop) -> None:
    shop.run(90)
    shop.hour += 1
    shop.keep(report(shop.hour, 70))
    assert names(shop.verb().opened) == ["test_coverage_drop"]
    assert shop.verb() == Told((), (), (), (), ())
    for value in (90, 91):
        shop.hour += 1
        shop.keep(report(shop.hour, value))
    assert names(shop.verb().resolved) == ["test_coverage_drop"]
    assert kinds(shop.slack) == ["opened", "resolved"]


def test_where_nothing_is_wrong_a_run_reads_the_book_once_and_swaps_it_once(shop: Shop) -> None:
    shop.run(90)  # By which the book, and the audit log, know the configuration.
    counted: list[str] = []

    class Counted(Folder):
        def state(self, name: str) -> bytes | None:
            counted.append("read")
            return super().state(name)

        def swap(self, name: str, old: bytes | None, new: bytes | None) -> bool:
            counted.append("swap")
            return super().swap(name, old, new)

    for _ in range(2):
        shop.hour += 1
        watching = replace(shop.watch(), store=Counted(shop.folder / "store"))
        told = evaluating.after_run(watching, shop.keep(report(shop.hour, 90)), Event())
        assert told == Told((), (), (), (), (), is_quiet=True)
        acting = Hand(settings=config.Config(), watch=watching, folder=shop.folder, world=shop.world())
        assert responding.follow(told, acting) == told
    # To compare it, a folder reads it again when it swaps.
    assert counted == ["read", "swap", "read"] * 2


def test_a_run_whose_report_could_not_be_kept_is_looked_at_all_the_same(shop: Shop) -> None:
    told = evaluating.after_run(shop.watch(), report(0, 70), Event())
    assert told
    assert names(told.opened) == ["test_coverage_drop"]


@pytest.mark.parametrize(
    ("parts", "happened"),
    [
        ({"pull_request": 12}, Event(pull_request=12)),
        ({"aside": "it is not of main"}, Event()),
        ({}, Event(fork=True)),
    ],
    ids=["pull request", "another branch", "fork"],
)
def test_a_change_to_be_merged_and_a_stranger_tell_nobody(shop: Shop, parts: dict[str, Any], happened: Event) -> None:
    one = shop.keep(report(0, 10, **parts))
    assert evaluating.after_run(shop.watch(), one, happened) is None
    assert shop.store.values() == []
    if parts:
        assert shop.verb() == Told((), (), (), (), (), is_quiet=True)


def test_without_alerts_a_run_keeps_nothing(shop: Shop) -> None:
    nobody = replace(shop.watch(), rules=(), bound={})
    assert evaluating.after_run(nobody, report(0, 10), Event()) is None
    assert shop.store.values() == []


def test_a_job_of_dependabot_tells_nobody_by_the_verb_either(tmp_path: Path) -> None:
    env = {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "dependabot[bot]", "GITHUB_EVENT_NAME": "push"}
    with pytest.raises(RefusedError, match="comes from a fork or Dependabot, which tells nobody of alerts"):
        evaluating.catch_up(config.Config(alerting=ALERTING), world(tmp_path, env=env))


def test_a_job_of_a_pull_request_tells_nobody_by_the_verb_either(tmp_path: Path) -> None:
    repo = {"id": 1, "full_name": "octo/models", "owner": {"login": "octo"}, "private": True}
    side = {"sha": "a" * 40, "ref": "topic", "repo": repo}
    payload = tmp_path / "event.json"
    payload.write_bytes(
        codec.encode_json({"repository": repo, "pull_request": {"number": 7, "head": side, "base": side}})
    )
    env = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(payload)}
    with pytest.raises(RefusedError, match="is of a pull request, whose alerts nobody has agreed to yet"):
        evaluating.catch_up(config.Config(alerting=ALERTING), world(tmp_path, env=env))


def test_of_a_long_history_only_the_newest_reports_are_looked_at_and_never_the_others(shop: Shop) -> None:
    for shop.hour in range(1, looking.MOST + 4):
        shop.keep(report(shop.hour, 90))
    assert len(shop.unseen().reports) == looking.MOST
    shop.verb()
    assert shop.unseen().reports == ()


@pytest.mark.parametrize("years", [-56, 73])
def test_a_job_whose_clock_jumped_leaves_reports_to_others(shop: Shop, years: int) -> None:
    shop.run(90)
    shop.keep(report(shop.hour + 1, 70))
    here, shop.hour = shop.hour, years * 365 * 24
    assert shop.verb().opened == ()
    shop.hour = here + 1
    assert names(shop.verb().opened) == ["test_coverage_drop"]


def test_reports_that_are_yet_to_come_wait_and_hide_no_others(shop: Shop) -> None:
    for hour in range(1, looking.MOST + 2):
        shop.keep(report(hour + 99_999, 90))
    shop.keep(report(shop.hour, 70))
    assert names(shop.verb().opened) == ["test_coverage_drop"]
    assert len(keeper.load(shop.store).seen[history.KPIS]) == 1


def test_the_book_remembers_the_newest_names_and_no_more() -> None:
    many = [f"20261125T120000Z-{n:04}" for n in range(500)]
    looked = Looking(rules=(), group_by=(), repository="").at(Book(), News(names={"kpis": many}, reports=()), NOW)
    assert looked.seen == {"kpis": tuple(many[-200:])}


def test_what_somebody_changed_while_it_was_put_away_is_put_away_by_the_next(shop: Shop) -> None:
    class Late(Folder):
        def append(self, kind: str, name: str, data: bytes) -> Path:
            keeper.change(self, lambda book: changed(book, KEY, lambda one: one), shop.world())
            return super().append(kind, name, data)

    over = resolved(incident())
    keeper.change(shop.store, lambda _: Book(incidents=(over,)), shop.world())
    left, problems = keeper.put_away(Late(shop.store.root), [over], shop.world())
    assert ([one.change for one in left.incidents], problems) == ([2], [])
    left, problems = keeper.put_away(shop.store, left.incidents, shop.world())
    assert (left.incidents, problems) == ((), [])


def test_a_report_that_cannot_be_read_is_said_once(shop: Shop) -> None:
    shop.store.append(history.KPIS, "20261125T110000Z-b", b"no report")
    for _ in range(2):
        shop.run(90)
    assert len([line for line in shop.warned if "20261125T110000Z-b in the store cannot be read" in line]) == 1


def test_a_dead_service_costs_its_own_message_and_is_told_when_it_lives_again(shop: Shop) -> None:
    def dead(_notice: Notice) -> None:
        raise DeliveryError("Slack did not answer.")

    shop.slack.before = dead
    told = shop.run(70)
    assert told
    assert [str(problem) for problem in told.problems] == ["Slack did not answer."]
    assert [(one.target, one.trouble, one.tries) for one in told.waiting] == [("slack #quality", "not reached", 1)]
    assert kinds(shop.pager) == ["opened"]
    shop.slack.before = lambda _notice: None
    told = shop.run(71)
    assert told
    assert told.waiting == ()
    assert [(one.kind, one.perhaps) for one in shop.slack.heard] == [("opened", True)]


def test_a_service_that_is_dead_takes_no_time_from_one_that_lives(shop: Shop) -> None:
    clock = [0.0]

    def slow(_notice: Notice) -> None:
        clock[0] += SECONDS / 2
        raise DeliveryError("Slack did not answer.")

    shop.slack.before = slow
    shop.alerting = replace(
        ALERTING, contacts={"lead": {"slack": "@lead"}}, routing={"warning": ("slack", "lead", "pagerduty")}
    )
    told = replace_world(shop.watch(), monotonic=lambda: clock[0]).evaluate(report(0, 70))
    assert [one.target for one in told.said] == ["pagerduty #quality"]
    assert [(one.target, one.trouble) for one in told.waiting] == [
        ("slack #quality", "not reached"),
        ("slack @lead", "not reached"),
    ]


def test_who_hears_late_hears_it_as_it_is_now_and_of_nothing_between(shop: Shop) -> None:
    def dead(_notice: Notice) -> None:
        raise DeliveryError("Slack did not answer.")

    shop.slack.before = dead
    shop.run(70)
    key, watching = shop.incident.key, shop.watch()
    keeper.change(shop.store, lambda book: watching.planned(book, changed(book, key, lambda one: one)), watching.world)
    shop.slack.before = lambda _notice: None
    shop.run(71)
    shop.run(72)
    assert [(one.kind, one.change) for one in shop.slack.heard] == [("opened", 2)]
    assert keeper.load(shop.store).outbox == ()


def test_who_could_not_be_told_for_want_of_a_variable_is_not_told_that_it_is_over(shop: Shop) -> None:
    def unset(_notice: Notice) -> None:
        raise ConfigError("SLACK_TOKEN is not set.")

    shop.slack.before = unset
    told = shop.run(70)
    assert told
    assert [(one.trouble, one.tries) for one in told.waiting] == [("not configured", 0)]
    shop.run(90)
    shop.slack.before = lambda _notice: None
    shop.run(91)
    assert (kinds(shop.slack), kinds(shop.pager)) == ([], ["opened", "resolved"])
    assert keeper.load(shop.store).incidents == ()


def test_a_service_that_asks_for_time_gets_it(shop: Shop) -> None:
    def busy(_notice: Notice) -> None:
        raise LaterError("Slack has no time.", seconds=5000)

    shop.slack.before = busy
    shop.run(70)
    shop.slack.before = lambda _notice: None
    shop.run(71)
    assert shop.slack.heard == []
    shop.run(72)
    assert kinds(shop.slack) == ["opened"]


def test_a_refusal_is_on_the_timeline_and_tried_again_with_another_configuration_or_a_day_later(shop: Shop) -> None:
    asked = []

    def refuse(notice: Notice) -> None:
        asked.append(notice.intent.id)
        raise DeniedError("Slack knows no channel #quality.")

    shop.slack.before = refuse
    shop.run(70)
    told = shop.run(71)
    assert told
    assert (len(asked), told.problems) == (1, ())
    assert "slack #quality refused to be told" in [event.text for event in shop.incident.timeline]
    shop.alerting = replace(ALERTING, contacts={"lead": {"slack": "@lead"}})
    shop.run(72)
    shop.env = {"SLACK_BOT_TOKEN": "another"}
    shop.run(73)
    assert len(asked) == 2
    shop.alerting = replace(ALERTING, contacts={"lead": {"slack": "SLACK_BOT_TOKEN"}})
    shop.run(74)
    shop.env = {}
    shop.run(75)
    assert len(asked) == 4
    shop.run(76)
    assert len(asked) == 4
    shop.hour += 24
    shop.run(77)
    assert len(asked) == 5


def test_a_foreign_notifier_may_fail_in_its_own_way_and_what_it_says_is_kept_nowhere(shop: Shop) -> None:
    def broken(_notice: Notice) -> None:
        raise ZeroDivisionError("https://hooks.example.org/s3cret")

    shop.slack.before = broken
    told = shop.run(70)
    assert told
    assert [str(problem) for problem in told.problems] == ["slack #quality failed with ZeroDivisionError."]
    assert b"s3cret" not in codec.encode_json(keeper.load(shop.store))


def test_a_foreign_notifier_that_breaks_when_it_is_asked_keeps_nobody_from_being_told(shop: Shop) -> None:
    def broken(*_given: object) -> NoReturn:
        raise ZeroDivisionError("s3cret")

    shop.run(70)
    watching, shop.hour = shop.watch(), shop.hour + 1
    foreign = shop.pager.bound()._replace(answers=broken, changed=broken, tell=broken, fades=True)
    watching = replace(watching, bound={**watching.bound, "pagerduty": foreign})
    told = evaluating.after_run(watching, report(shop.hour, 70), Event())
    assert told
    assert told.problems == ()
    assert shop.warned == [
        "warning: Who acknowledged what is not known from pagerduty: pagerduty failed with ZeroDivisionError.",
        "warning: pagerduty failed with ZeroDivisionError.",
        "warning: pagerduty #quality failed with ZeroDivisionError.",
    ]


def test_what_would_fade_is_said_again_while_it_is_open(shop: Shop) -> None:
    one = incident(receipts={"slack #dev": Receipt(ref="17", at=NOW, said=1)})
    bound = {"slack": shop.slack.bound()._replace(fades=True)}
    for known in ([one], [resolved(one)]):
        beside.say_again(known, bound, lambda _: Context(), shop.world())
    assert [(heard.kind, heard.target) for heard in shop.slack.heard] == [("updated", "slack #dev")]


def test_what_is_told_beside_is_looked_up_once_for_all_who_hear(shop: Shop) -> None:
    looked: list[str] = []

    def look_up(incident: Incident) -> Context:
        looked.append(incident.name)
        return Context(author="octocat")

    replace(shop.watch(), context=look_up).evaluate(report(0, 70))
    assert (kinds(shop.slack), kinds(shop.pager)) == (["opened"], ["opened"])
    assert looked == [shop.incident.name]


def test_who_hears_after_its_issue_was_opened_is_led_to_it(shop: Shop) -> None:
    issues: list[int] = []

    def look_up(incident: Incident) -> Context:
        issues.append(len(incident.issues))
        return Context()

    watching = replace(shop.watch(), context=look_up)
    alerting = replace(ALERTING, routing={"warning": ("issue", "slack", "pagerduty")})
    replace(watching, alerting=alerting, bound={"issue": Recording("issue").bound(), **watching.bound}).evaluate(
        report(0, 70)
    )
    assert issues == [0, 1]


def test_a_job_does_not_say_things_for_ever(shop: Shop) -> None:
    watching = shop.watch()
    clock = iter([0.0, 0.0, SECONDS, SECONDS])
    slow = replace_world(watching, monotonic=lambda: next(clock))
    told = slow.evaluate(report(0, 70))
    assert [one.target for one in told.said] == ["slack #quality"]
    assert [str(problem) for problem in told.problems] == [
        "1 message waits for the next run: saying the others took 60 s."
    ]
    assert [(one.tries, one.holder) for one in told.waiting] == [(0, "")]


def replace_world(watching: Watch, **parts: Any) -> Watch:
    return replace(watching, world=dataclasses.replace(watching.world, **parts))


def test_who_takes_it_on_elsewhere_is_known_and_everybody_hears_of_it(shop: Shop) -> None:
    shop.run(70)
    one = shop.incident
    said = Acknowledged(key=one.key, number=one.number, by="octocat", at=NOW, how="a comment on #17")
    shop.pager.answers = [replace(said, by="hubot", at=NOW + timedelta(minutes=1)), said]
    for value in (71, 72):
        shop.run(value)
        assert (shop.incident.acknowledged_by, kinds(shop.slack)) == ("octocat", ["opened", "acknowledged"])


def test_a_silence_holds_everything_back_until_it_ends(shop: Shop) -> None:
    until = NOW + timedelta(hours=3)
    shop.alerting = replace(ALERTING, silences=(Silence(reason="moving house", until=until),))
    shop.run(70)
    shop.run(71)
    assert shop.slack.heard == []
    shop.run(72)
    assert kinds(shop.slack) == ["opened"]


NO_ALERTS = memory.pack(Book(incidents=(incident(alerts=()),)))


@pytest.mark.parametrize("book", [b"no book", b"", NO_ALERTS, NO_ALERTS[:-9]])
def test_a_corrupt_book_is_said_with_the_next_step(shop: Shop, book: bytes) -> None:
    shop.store.swap(STORED, None, book)
    with pytest.raises(DocumentError, match=r"^incidents in the store (cannot|ends too early).*; restore an earlier"):
        shop.run(70)
    assert shop.store.state(STORED) == book


def test_a_book_of_a_newer_version_is_left_alone(shop: Shop) -> None:
    newer = memory.pack({"schema": SCHEMA + 1, "incidents": "kept in another way"})
    shop.store.swap(STORED, None, newer)
    with pytest.raises(DocumentError, match=r"newer than the 1 this version reads; update edgetpu-ci\.$"):
        shop.run(70)
    assert shop.store.state(STORED) == newer


def test_every_book_says_its_version(shop: Shop) -> None:
    shop.run(90)
    assert codec.decode_json(gzip.decompress(shop.store.state(STORED) or b""), dict[str, Any], "it")["schema"] == SCHEMA


def test_what_is_over_is_read_the_newest_first(shop: Shop) -> None:
    over = [resolved(incident(number=n, opened_at=NOW + timedelta(days=n))) for n in (1, 3, 2)]
    keeper.put_away(shop.store, over, shop.world())
    assert [one.number for one in keeper.past(shop.store, shop.world())] == [3, 2, 1]


def test_what_changes_nothing_is_not_written(shop: Shop) -> None:
    class Sealed(memory.Forgetful):
        def swap(self, name: str, old: bytes | None, new: bytes | None) -> bool:
            raise AssertionError((name, old, new))

    assert keeper.change(Sealed(), lambda book: book, shop.world()) == Book()


def test_others_who_are_always_faster_are_an_end(shop: Shop) -> None:
    class Contested(memory.Forgetful):
        def state(self, name: str) -> bytes | None:
            found = super().state(name)
            self.kept[name] = memory.pack(Book(opened=len(naps)))
            return found

    naps: list[float] = []
    here = replace_world(shop.watch(), sleep=naps.append).world
    with pytest.raises(StoreError, match=r"^incidents in the store is changed by other jobs all the time"):
        keeper.change(Contested(), lambda book: replace(book, opened=-1), here)
    assert len(naps) > 5


def test_a_document_that_cannot_be_written_leaves_the_incident_in_the_book(shop: Shop) -> None:
    shop.run(70)
    shop.run(90)
    (shop.folder / "store/documents/incidents").write_text("a file in the way")
    told = shop.run(91)
    assert told
    assert [type(problem) for problem in told.problems] == [StoreError]
    (shop.folder / "store/documents/incidents").unlink()
    shop.run(92)
    assert keeper.load(shop.store).incidents == ()
    assert len(list(keeper.past(shop.store, shop.world()))) == 1


def test_options_of_a_notifier_are_checked_before_anything_is_measured(tmp_path: Path) -> None:
    settings = config.Config(alerting=Alerting(notify=(config.Step(use="carrier_pigeon"),)))
    with pytest.raises(ConfigError, match=r"alerting\.notify\[0\]"):
        evaluating.watch(settings, Folder(tmp_path), Event(), world(tmp_path))


def test_a_job_knows_by_what_alertmanager_tells(tmp_path: Path) -> None:
    settings = codec.convert({"observability": {"stack": {"notify": [{"use": "slack"}]}}}, config.Config, "a file")
    assert evaluating.watch(settings, Folder(tmp_path), Event(), world(tmp_path)).elsewhere == ("slack",)
