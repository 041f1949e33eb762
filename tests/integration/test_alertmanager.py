"""Alertmanager itself, beside us: the same names for the same things, and what we post is understood."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edgetpu_ci.alerting import beside
from edgetpu_ci.config.step import Step
from edgetpu_ci.errors import ConfigError, DeliveryError, DeniedError
from edgetpu_ci.incidents import keys
from edgetpu_ci.incidents.record import Context, Incident, Receipt
from edgetpu_ci.notify import Bound, alertmanager, bind, silences
from edgetpu_ci.render import alertmanager as render
from edgetpu_ci.world import World
from tests.fakes import alertmanager as engine
from tests.fakes.alertmanager import LEVELS, Alertmanager
from tests.fakes.clock import Clock
from tests.fakes.engines import until
from tests.fakes.loopback import Reply, serve
from tests.fakes.notices import alert, incident, notice, over
from tests.fakes.pagerduty import SERVICE
from tests.fakes.world import Said, world

FINGERPRINTS, GROUPS = 300, 40
LETTERS = "abzAZ09 _-/.:#\"'\\{}=,\n\t\x7fäß語\u00ad\u200b\u2028\U0001f525"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    """One for all of these tests, which have repositories of their own."""
    if not engine.find():
        pytest.skip("there is no Alertmanager; scripts/engines brings one")
    with engine.running(tmp_path_factory.mktemp("alertmanager")) as running:
        yield running


def now() -> datetime:
    return datetime.now(UTC)


def bound_to(there: Alertmanager, **options: str) -> Bound:
    return bind(Step(use="alertmanager", with_={"url": there.url, **options}), "notify")


def job(folder: Path, ahead: timedelta = timedelta(0)) -> World:
    """One whose clock may be ahead."""
    return world(folder, now=lambda: now() + ahead)


def shown(there: Alertmanager, repo: str, **labels: str) -> list[dict[str, Any]]:
    """The alerts of a repository that it has."""
    wanted = {"repo": repo, **labels}
    return [one for one in there.get("alerts") if wanted.items() <= one["labels"].items()]


def firing(repo: str, **labels: str) -> Incident:
    return incident(alert(now(), repo=repo, **labels))


def tell(there: Alertmanager, about: Incident) -> Incident:
    """The same incident, after our notifier told it."""
    target = f"alertmanager {there.url}"
    receipt = bound_to(there).tell(notice("opened", about, target), job(Path()))
    return replace(about, receipts={target: receipt})


def text(draw: random.Random, least: int = 0) -> str:
    return "".join(draw.choices(LETTERS, k=draw.randint(least, 12)))


def test_alerts_have_the_fingerprints_it_gives_them(there: Alertmanager) -> None:
    draw = random.Random(6)  # noqa: S311 - drawn again the same
    names = ["alertname", "branch", "priority", "subject", "metric", "a", "a1", "A", "_x"]
    sets = [
        {"repo": f"fingerprints/{n}", "severity": "none"} | {name: text(draw) for name in draw.sample(names, k=4)}
        for n in range(FINGERPRINTS)
    ]
    there.post("alerts", [{"labels": labels} for labels in sets])
    known = {one["labels"]["repo"]: one["fingerprint"] for one in there.get("alerts")}
    ours = {labels["repo"]: keys.fingerprint(labels) for labels in sets}
    assert len(ours) == FINGERPRINTS
    assert ours.items() <= known.items()


def test_incidents_have_the_keys_it_sends_pagerduty(there: Alertmanager) -> None:
    draw = random.Random(7)  # noqa: S311 - drawn again the same
    groups = [
        ({"alertname": text(draw, 1), "branch": text(draw), "repo": f"groups/{n}"}, draw.choice(LEVELS))
        for n in range(GROUPS)
    ]
    there.post("alerts", [{"labels": {**group, "severity": level, "subject": text(draw)}} for group, level in groups])
    ours = {keys.group_key(level, group) for group, level in groups}
    assert len(ours) == GROUPS
    until(lambda: ours <= {one.dedup_key for one in list(there.pagerduty.alerts)})


def test_running_both_opens_one_alert_in_pagerduty(there: Alertmanager, tmp_path: Path) -> None:
    about = firing("running/both")
    tell(there, about)
    until(lambda: there.pagerduty.open(about.key))
    port = there.pagerduty.arrived[0].headers["host"].rpartition(":")[2]
    step = Step(use="pagerduty", with_={"url": f"http://127.0.0.1:{port}"})
    env = {"PAGERDUTY_ROUTING_KEY": SERVICE}
    pages = len(there.pagerduty.pages)
    bind(step, "notify").tell(notice("opened", about, "pagerduty PAGERDUTY_ROUTING_KEY"), world(tmp_path, env=env))
    (one,) = [one for one in there.pagerduty.alerts if one.dedup_key == about.key]
    assert (len(one.events), len(there.pagerduty.pages)) == (2, pages)


def test_what_we_post_is_shown(there: Alertmanager) -> None:
    about = firing("what/is-shown")
    tell(there, about)
    (found,) = shown(there, "what/is-shown")
    assert found["fingerprint"] == about.alerts[0].fingerprint
    assert found["annotations"] == {
        "summary": "4 builds failed in a row, more than 3",
        "incident": about.name,
        "commit": "a" * 40,
        "last_good_commit": "b" * 40,
        "author": "committer",
        "pull_request": "#12",
        "runbook_url": "https://github.com/owner/name/blob/main/runbooks/build_failure_streak.md",
    }
    assert found["generatorURL"] == "https://github.com/owner/name/actions/runs/1"
    assert datetime.fromisoformat(found["startsAt"]) - about.opened_at < timedelta(seconds=1)
    assert timedelta(days=2, hours=23) < datetime.fromisoformat(found["endsAt"]) - now() <= timedelta(days=3)


def test_it_lasts_longer_with_every_run(there: Alertmanager) -> None:
    bound, about = bound_to(there, hold="1 hour"), tell(there, firing("lasts/longer"))
    later = job(Path(), timedelta(days=5))
    beside.say_again([about], {"alertmanager": bound}, lambda _: Context(), later)
    (found,) = shown(there, "lasts/longer")
    assert datetime.fromisoformat(found["endsAt"]) - now() > timedelta(days=5)


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(seconds=40)])
def test_what_is_over_is_resolved_even_where_our_clock_is_ahead(there: Alertmanager, ahead: timedelta) -> None:
    repo = f"is-over/{ahead.seconds}"
    about = tell(there, firing(repo))
    until(lambda: there.pagerduty.open(about.key))
    here = job(Path(), ahead)
    done = replace(about, alerts=(over(about.alerts[0], here.now()),), resolved_at=here.now())
    bound_to(there).tell(notice("resolved", done, f"alertmanager {there.url}"), here)
    assert shown(there, repo) == []
    until(lambda: there.pagerduty.open(about.key) is None)
    until(lambda: any(one["status"] == "resolved" and repo in str(one["groupLabels"]) for one in there.heard))


def test_one_of_two_alerts_is_over(there: Alertmanager) -> None:
    repo = "one/of-two"
    first, second = alert(now(), repo=repo, subject="a"), alert(now(), repo=repo, subject="b")
    about = tell(there, incident(first, second))
    about = replace(about, alerts=(over(first, now()), second), change=2)
    about = tell(there, about)
    assert [one["labels"]["subject"] for one in shown(there, repo)] == ["b"]
    until(lambda: _resolved(there, repo) == ["a"])
    beside.say_again([about], {"alertmanager": bound_to(there)}, lambda _: Context(), job(Path()))
    told = notice("updated", about, "a b", *about.receipts.values())
    posted = render.posted(told, now(), timedelta(hours=1))
    assert [one.labels["subject"] for one in posted] == ["b"]


def _resolved(there: Alertmanager, repo: str) -> list[str]:
    """Which alerts its webhook heard are over."""
    alerts = [one for heard in there.heard for one in heard["alerts"] if one["labels"]["repo"] == repo]
    return sorted({one["labels"]["subject"] for one in alerts if one["status"] == "resolved"})


def silence(there: Alertmanager, repo: str, **labels: str) -> None:
    matchers = [
        {"name": name, "value": value, "isRegex": False, "isEqual": True}
        for name, value in {"repo": repo, **labels}.items()
    ]
    span = {"startsAt": now().isoformat(), "endsAt": (now() + timedelta(hours=1)).isoformat()}
    there.post("silences", {"matchers": matchers, **span, "createdBy": "Somebody with a Name", "comment": "on it"})


def silenced(there: Alertmanager, repo: str) -> int:
    return sum(bool(one["status"]["silencedBy"]) for one in shown(there, repo))


def test_a_silence_of_the_whole_incident_is_an_acknowledgement(there: Alertmanager, tmp_path: Path) -> None:
    repo, bound = "silence/whole", bound_to(there)
    about = tell(there, incident(alert(now(), repo=repo, subject="a"), alert(now(), repo=repo, subject="b")))
    assert bound.answers([about], job(tmp_path)) == []
    silence(there, repo, subject="a")
    until(lambda: silenced(there, repo) == 1)
    assert bound.answers([about], job(tmp_path)) == []
    silence(there, repo)
    until(lambda: silenced(there, repo) == 2)
    (said,) = bound.answers([about, firing("silence/other")], job(tmp_path))
    assert (said.key, said.number, said.by, said.how) == (about.key, 1, "a silence", "Alertmanager at 127.0.0.1")
    assert abs(said.at - now()) < timedelta(seconds=30)


def test_it_complains_in_its_own_words(there: Alertmanager, tmp_path: Path) -> None:
    wrong = firing("its/own-words", **{"no label": "x"})
    with pytest.raises(DeniedError, match=r"^Alertmanager at 127\.0\.0\.1 answered 400: .*label"):
        bound_to(there).tell(notice("opened", wrong, f"alertmanager {there.url}"), job(tmp_path))


@pytest.mark.parametrize(
    ("status", "body", "kind", "sentence"),
    [
        (401, b"", DeniedError, "answered 401 to who acknowledged what; check its `token`"),
        (500, b"", DeliveryError, "answered 500 to who acknowledged what; the next run asks again"),
        (200, b"<html>", DeliveryError, "What Alertmanager at 127.0.0.1 says cannot be read"),
    ],
)
def test_it_does_not_tell(tmp_path: Path, status: int, body: bytes, kind: type[DeliveryError], sentence: str) -> None:
    about = firing("does/not-tell")
    clock, bearers = Clock(), list[str]()

    def answer(request: Any) -> Reply:
        bearers.append(request.headers["authorization"])
        return Reply(status=200 if request.verb == "POST" else status, body=body)

    here = world(tmp_path, env={"AM": "bearer-of-it"}, sleep=clock.sleep, monotonic=clock.monotonic)
    with serve(answer) as port:
        url = f"http://127.0.0.1:{port}"
        bound = bind(Step(use="alertmanager", with_={"url": url, "token": "AM"}), "notify")
        bound.check(here)
        receipt = bound.tell(notice("opened", about, f"alertmanager {url}"), here)
        about = replace(about, receipts={f"alertmanager {url}": receipt})
        with pytest.raises(DeliveryError, match=sentence) as raised:
            bound.answers([about], here)
    assert type(raised.value) is kind
    assert set(bearers) == {"Bearer bearer-of-it"}
    assert "bearer-of-it" not in f"{raised.value}"


def test_who_cannot_be_told_again_costs_a_warning(tmp_path: Path) -> None:
    with serve(lambda _: Reply(status=200)) as port:
        url = f"http://127.0.0.1:{port}"
    bound, clock, warned = bind(Step(use="alertmanager", with_={"url": url}), "notify"), Clock(), Said()
    receipts = dict.fromkeys((f"alertmanager {url}", "slack #ci"), Receipt(ref=url, at=now()))
    about = replace(firing("told/again"), receipts=receipts)
    here = world(tmp_path, sleep=clock.sleep, monotonic=clock.monotonic, warn=warned.append)
    again = [about, about, replace(about, resolved_at=now())]
    beside.say_again(again, {"alertmanager": bound}, lambda _: Context(), here)
    # Nor is it tried again and again for every incident.
    assert warned == ["warning: Alertmanager at 127.0.0.1 did not answer (ConnectionError); it is tried again later."]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"url": "alertmanager:9093"}, "is no address of an Alertmanager"),
        ({"url": "http://me:mine@am:9093"}, "has a password in it; give a `token`"),
        ({"url": "http:/me:mine@am:9093"}, "has a password in it; give a `token`"),
        ({"url": "http://am:9093", "token": "AM_TOKEN"}, "AM_TOKEN is not set"),
        ({"url": "http://am:9093", "hold": "0 min"}, "`hold` of alertmanager is no time at all"),
        ({"url": "http://am:9093", "hold": "3 moons"}, "is no length of time"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is(tmp_path: Path, options: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as raised:
        bind(Step(use="alertmanager", with_=dict(options)), "notify").check(world(tmp_path))
    assert "mine" not in str(raised.value)


def test_a_contact_may_have_another(tmp_path: Path) -> None:
    options = alertmanager.Options(url="http://am:9093/")
    assert alertmanager.address(options, {}, "#c") == "http://am:9093"
    with pytest.raises(DeniedError, match="is no address of an Alertmanager"):
        alertmanager.tell(options, notice("opened", firing("a/b"), "alertmanager somewhere"), world(tmp_path))


def test_an_incident_is_taken_on_when_its_last_alert_was_silenced_and_not_before_it_began() -> None:
    about = firing("taken/on", subject="a")
    [alert] = about.alerts
    for minutes, since in ((-5, 0), (5, 5)):
        known = {alert.fingerprint: about.opened_at + timedelta(minutes=minutes)}
        taken = silences.acknowledged(about, known, "am")
        assert taken is not None
        assert taken.at == about.opened_at + timedelta(minutes=since)


def test_what_began_and_ended_in_one_moment_ends_after_it_began() -> None:
    at, about = now(), firing("one/moment")
    over = replace(
        about, resolved_at=at, alerts=tuple(replace(one, since=at, state="resolved") for one in about.alerts)
    )
    [posted] = render.posted(notice("resolved", over, "alertmanager x"), at, timedelta(days=3))
    assert posted.starts < posted.ends
