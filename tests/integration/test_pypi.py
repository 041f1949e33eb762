"""How a package stands on its index: what can be fetched, how old it is, and how often it was downloaded."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from edgetpu_ci.collect import github, pypi
from edgetpu_ci.errors import ConfigError, DeliveryError
from edgetpu_ci.memory import Forgetful
from edgetpu_ci.model import Measurement
from edgetpu_ci.supply import findings, releases
from edgetpu_ci.supply.package_index import Index
from edgetpu_ci.world import Ran
from tests.fakes.clock import Clock
from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.package_index import Upload, index, statistics
from tests.fakes.small_github import SmallGitHub
from tests.fakes.world import world

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
LAST = date(2026, 11, 24)
GOOD = [Upload(version="1.0", at="2026-10-01T00:00:00Z"), Upload(version="1.1", at="2026-11-15T09:00:00Z")]


def daily(downloads: int, days: int, last: date = LAST) -> dict[date, int]:
    return {last - timedelta(days=back): downloads for back in range(days)}


def measure(
    folder: Path,
    uploads: list[Upload],
    *,
    tags: bytes | None = None,
    broken: Mapping[str, int] | None = None,
) -> dict[str, Measurement]:
    def git(*_: object) -> Ran:
        return Ran(status=128 if tags is None else 0, stdout=tags or b"", stderr=b"")

    with index({"our-tool": uploads}, broken=dict(broken or {})) as fake:
        here = world(folder, now=lambda: NOW, run=git, sleep=Clock().sleep)
        found = pypi.collect(pypi.Options(packages=("Our_Tool",), index=fake.url, statistics=""), here)
    assert {one.subject for one in found.measurements} == {"our-tool"}
    return {one.metric: one for one in found.measurements}


def test_a_package_that_can_be_fetched_is_available_and_whole(tmp_path: Path) -> None:
    found = measure(tmp_path, GOOD, tags=b"v1.0\nv1.1\nv1.2rc1\nnightly\n")
    assert {name: one.value for name, one in found.items()} == {
        "package_available": 1,
        "latest_version_yanked": 0,
        "release_age_days": 10,
        "release_complete": 1,
    }


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"1.1.tar.gz": 404}, "our_tool-1.1.tar.gz answered 404"),
        ({".metadata": 503}, "our_tool-1.1-py3-none-any.whl.metadata answered 503"),
    ],
)
def test_a_file_that_cannot_be_fetched_makes_it_unavailable(tmp_path: Path, broken: dict[str, int], said: str) -> None:
    found = measure(tmp_path, GOOD, broken=broken)
    assert (found["package_available"].value, dict(found["package_available"].details)["failed"]) == (0, said)
    assert found["release_age_days"].value == 10


def test_a_page_that_does_not_come_makes_it_unavailable_and_the_rest_unknown(tmp_path: Path) -> None:
    found = measure(tmp_path, GOOD, broken={"/simple/our-tool/": 503})
    assert found["package_available"].value == 0
    assert "answered 503" in dict(found["package_available"].details)["failed"]
    assert {one.value for name, one in found.items() if name != "package_available"} == {None}


def test_of_a_yanked_version_it_is_said_and_the_age_is_that_of_the_one_before(tmp_path: Path) -> None:
    found = measure(tmp_path, [*GOOD, Upload(version="1.2", yanked=True, kinds=("wheel",))], tags=b"1.2\n")
    assert found["latest_version_yanked"].value == 1
    assert (found["release_complete"].value, dict(found["release_complete"].details)["missing"]) == (
        0,
        "no sdist, yanked",
    )
    assert (found["release_age_days"].value, dict(found["release_age_days"].details)["version"]) == (10, "1.1")


def test_a_tag_that_was_not_published_is_said(tmp_path: Path) -> None:
    found = measure(tmp_path, GOOD, tags=b"v1.0\nv1.2\n")
    assert dict(found["release_complete"].details)["missing"] == "the newest tag is 1.2"


def test_a_preview_is_never_the_newest_version(tmp_path: Path) -> None:
    found = measure(tmp_path, [*GOOD, Upload(version="2.0rc1")])
    assert dict(found["release_age_days"].details)["version"] == "1.1"


def test_an_index_without_upload_times_says_no_age(tmp_path: Path) -> None:
    found = measure(tmp_path, [Upload(version="1.0", at="")])
    assert found["release_age_days"].reason == "not known: the index tells no upload times"


def test_an_address_that_is_none_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no address of a simple index"):
        pypi.check(pypi.Options(packages=("a",), index="file:///etc"), world(tmp_path))


@pytest.mark.parametrize("name", ["=cmd()", "", "a b", "-a", "a/../b"])
def test_a_name_that_no_package_has_is_said_before_anything_is_asked(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="which is no name of a package"):
        pypi.check(pypi.Options(packages=("good", name)), world(tmp_path))
    if name:
        with pytest.raises(ConfigError, match="which is no name of a package"):
            github.check(github.Options(package=name), world(tmp_path))


def test_versions_are_deployments_of_a_library(tmp_path: Path) -> None:
    uploads = [*GOOD, Upload(version="2.0a1", at="2026-11-20T00:00:00Z"), Upload(version="1.2", yanked=True)]
    with index({"our-tool": uploads}) as fake:
        project = Index(fake.url, world(tmp_path)).project("our-tool")
    given = releases.deployments(project.releases)
    assert [(one.name, one.failed, one.prerelease) for one in given] == [
        ("1.0", False, False),
        ("1.1", False, False),
        ("1.2", True, False),
        ("2.0a1", False, True),
    ]
    assert given[0].at == datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("deployments", "status", "called"),
    [
        ("auto", 200, "versions"),
        ("version", 200, "versions"),
        ("auto", 503, ""),
        ("version", 503, ""),
        ("release", 503, "releases"),
    ],
)
def test_versions_count_for_the_figures_of_deliveries(
    tmp_path: Path, deployments: Literal["auto", "version", "release"], status: int, called: str
) -> None:
    days = range(1, 8)
    uploads = [Upload(version=f"1.{day}", at=f"2026-11-0{day}T00:00:00Z") for day in days]
    with index({"our-tool": uploads}, broken={"/our-tool/": 503} if status != 200 else {}) as fake:
        here = world(tmp_path, now=lambda: NOW, sleep=Clock().sleep)
        options = github.Options(package="Our_Tool", index=fake.url, deployments=deployments)
        found = github.measure(SmallGitHub(), options, Forgetful(), here)
    frequency = next(one for one in found.measurements if one.metric == "deployment_frequency_per_week")
    if not called:
        assert (frequency.value, "answered 503" in frequency.reason) == (None, True)
    else:
        assert called in dict(frequency.details)["deployments"]
        assert frequency.n == (7 if called == "versions" else 0)


def test_nobody_learns_a_password_in_the_address_of_a_mirror(tmp_path: Path) -> None:
    with index({}) as fake:
        address = fake.url.replace("://", "://robot:hunter2@")
        found = pypi.collect(pypi.Options(packages=("gone",), index=address, statistics=""), world(tmp_path))
    assert "127.0.0.1 has no package gone" in str(found)
    assert "hunter2" not in str(found)
    with pytest.raises(ConfigError) as caught:
        pypi.check(pypi.Options(packages=("a",), index="ftp://robot:hunter2@x.example"), world(tmp_path))
    assert "hunter2" not in str(caught.value)


def test_a_page_that_is_no_page_is_said_without_quoting_it(tmp_path: Path) -> None:
    def answer(_: Request) -> Reply:
        return Reply(status=200, body=b'{"files": "<script>"}', headers={"content-type": "application/json"})

    with serve(answer) as port:
        index = Index(f"http://127.0.0.1:{port}/", world(tmp_path))
        with pytest.raises(DeliveryError, match="page of gone cannot be read") as caught:
            index.project("gone")
    assert "script" not in str(caught.value)


def test_an_index_of_pages_in_html_is_read_too(tmp_path: Path) -> None:
    yanked, wheel = b'<a href="/f" data-yanked="">a-1.0.tar.gz</a>', b'<a href="/w">a-1.1-py3-none-any.whl</a>'
    page = yanked + wheel
    with serve(lambda _: Reply(status=200, body=page, headers={"content-type": "text/html"})) as port:
        found = Index(f"http://127.0.0.1:{port}/", world(tmp_path)).project("a")
    assert [(one.version, one.yanked, one.at) for one in found.releases] == [("1.0", True, None), ("1.1", False, None)]


# Downloads


def downloads(
    folder: Path, service: str, state: Forgetful, now: datetime = NOW, package: str = "Our.Tool"
) -> dict[str, Measurement]:
    here = world(folder, now=lambda: now, sleep=Clock().sleep)
    options = pypi.Options(packages=(package,), index="http://127.0.0.1:9/simple/", statistics=service)
    found = pypi.collect_remembering(options, state, here)
    return {one.metric: one for one in found.measurements if one.metric.startswith("downloads")}


def test_downloads_are_counted_without_mirrors_and_under_the_normalised_name(tmp_path: Path) -> None:
    with statistics({"our-tool": daily(10, 90)}) as service:
        found = downloads(tmp_path, service.url, Forgetful())
    assert [found[f"downloads_last_{span}"].value for span in ("day", "week", "month")] == [10, 70, 300]
    assert service.asked == ["/api/packages/our-tool/overall?mirrors=false"]


def test_the_service_is_asked_once_a_day_from_two_oclock_on(tmp_path: Path) -> None:
    state = Forgetful()
    with statistics({"our-tool": daily(10, 90)}) as service:
        for minutes in (0, 180, 16 * 60 + 59):
            downloads(tmp_path, service.url, state, NOW + timedelta(minutes=minutes))
        assert len(service.asked) == 1
        downloads(tmp_path, service.url, state, NOW + timedelta(hours=17))
    assert len(service.asked) == 2


def test_the_past_is_kept_longer_than_the_service_has_it(tmp_path: Path) -> None:
    state = Forgetful()
    with statistics({"our-tool": daily(10, 300)}) as service:
        downloads(tmp_path, service.url, state)
        service.downloads = {"our-tool": daily(20, 300, LAST + timedelta(days=100))}
        found = downloads(tmp_path, service.url, state, NOW + timedelta(days=100))
    assert dict(found["downloads_last_week"].details)["history"] == "280 days"


def test_who_is_asked_to_wait_shows_the_last_value_and_its_age(tmp_path: Path) -> None:
    state = Forgetful()
    with statistics({"our-tool": daily(10, 60)}) as service:
        downloads(tmp_path, service.url, state)
        service.busy = 99
        found = downloads(tmp_path, service.url, state, NOW + timedelta(days=3))
        week = found["downloads_last_week"]
        assert (week.value, dict(week.details)["stale_days"]) == (70, "3")
        assert "429" in dict(week.details)["asked in vain"]
        assert len(service.asked) == 2, "asked again in the same run, which makes it worse for all"


def test_who_is_asked_to_wait_at_first_knows_nothing_and_it_is_no_zero(tmp_path: Path) -> None:
    with statistics({"our-tool": daily(10, 60)}, busy=1) as service:
        found = downloads(tmp_path, service.url, Forgetful())
    assert {one.value for one in found.values()} == {None}
    assert "asks to wait" in found["downloads_last_day"].reason


def test_a_package_the_service_does_not_know_is_unknown(tmp_path: Path) -> None:
    with statistics({}) as service:
        found = downloads(tmp_path, service.url, Forgetful())
    assert found["downloads_last_day"].reason == (
        "not known: the service of download statistics does not know the package"
    )


def test_a_change_is_shown_only_beyond_noise(tmp_path: Path) -> None:
    with statistics({"our-tool": daily(50, 30) | daily(10, 60, LAST - timedelta(days=30))}) as service:
        found = downloads(tmp_path, service.url, Forgetful())
    month, week = found["downloads_last_month"], found["downloads_last_week"]
    assert month.earlier
    assert (month.value, month.earlier.value, month.earlier.moved) == (1500, 300, True)
    # Seven days against seven could never be told from chance.
    assert (week.value, week.earlier) == (350, None)


def test_names_are_normalised_as_pep_503_has_it() -> None:
    assert findings.normal("Foo__Bar.baz") == "foo-bar-baz"
