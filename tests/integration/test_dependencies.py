"""Dependencies: from lock files, the index, GitHub's advisories and pip-audit to the table and the figures."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci.collect import dependencies
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.memory import Forgetful
from edgetpu_ci.model import Collected, Dependency, Measurement
from edgetpu_ci.supply import dependencies as dependency_figures
from tests.fakes.endpoints import Endpoints, Refused, hub
from tests.fakes.package_index import PackageIndex, Upload, index
from tests.fakes.world import world

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LOCK = """\
# made by a lock tool
alpha==1.0 \\
    --hash=sha256:00 \\
    --hash=sha256:11
    # via ours (pyproject.toml)
Beta_Lib[extra]==1.4.1 ; python_version < "4" --hash=sha256:22
gamma==0.9 --hash=sha256:33
    # via alpha
-r other.txt
git+https://git.example/delta.git
"""
PYPROJECT = (
    '[project]\ndependencies = ["alpha>=1", "beta.lib"]\n[dependency-groups]\ndev = ["gamma", {include-group = "x"}]\n'
)
INDEX = {
    "alpha": [
        Upload(version="1.0", at="2024-11-25T00:00:00Z"),
        Upload(version="2.0", at="2026-11-25T00:00:00Z"),
        Upload(version="2.1", yanked=True),
        Upload(version="3.0rc1"),
        Upload(version="4.0", requires_python=">=4"),
    ],
    "beta-lib": [Upload(version="1.4.1"), Upload(version="1.4.3")],
    "gamma": [Upload(version="0.9", at="2020-01-01T00:00:00Z")],
}
ADVISORY = {
    "ghsa_id": "GHSA-aaaa-bbbb-cccc",
    "cve_id": "CVE-2026-1",
    "severity": "high",
    "epss": {"percentage": 0.25, "percentile": 0.9},
    "vulnerabilities": [
        {
            "package": {"ecosystem": "pip", "name": "Alpha"},
            "vulnerable_version_range": ">= 0.5, < 1.2",
            "first_patched_version": "1.2",
        },
        {
            "package": {"ecosystem": "pip", "name": "gamma"},
            "vulnerable_version_range": "= 0.8",
            "first_patched_version": None,
        },
        {
            "package": {"ecosystem": "npm", "name": "beta-lib"},
            "vulnerable_version_range": "> 0",
            "first_patched_version": None,
        },
    ],
}


@contextmanager
def project(
    folder: Path, lock: str = LOCK, pyproject: str = PYPROJECT, advisories: object = (), **broken: int
) -> Iterator[tuple[PackageIndex, Endpoints, Any]]:
    """A checkout, an index and a GitHub; gives those and a way to collect."""
    (folder / "requirements.txt").write_text(lock)
    if pyproject:
        (folder / "pyproject.toml").write_text(pyproject)
    endpoints = Endpoints({"/advisories": advisories or ([ADVISORY],)})
    at = {f"/{name.replace('_', '-')}/": status for name, status in broken.items()}
    with index(INDEX, broken=at) as fake, hub(endpoints, folder, now=lambda: NOW) as here:

        def collect(state: Forgetful | None = None, **options: Any) -> Collected:
            chosen = dependencies.Options(index=fake.url, python="3.11.7", **options)
            dependencies.check(chosen, here)
            return dependencies.collect_remembering(chosen, state or Forgetful(), here)

        yield fake, endpoints, collect


def by_name(collected: Collected) -> Mapping[str, Measurement]:
    return {one.metric: one for one in collected.measurements}


def test_the_table_has_what_is_outdated_or_vulnerable_the_gravest_first(tmp_path: Path) -> None:
    with project(tmp_path) as (_, endpoints, collect):
        collected = collect()
    assert collected.dependencies == (
        Dependency(
            package="alpha",
            current="1.0",
            latest="2.0",
            severity="high",
            epss=0.25,
            scope="runtime",
            direct=True,
            fixed_in="1.2",
            advisories=("GHSA-aaaa-bbbb-cccc",),
        ),
        Dependency(package="beta-lib", current="1.4.1", latest="1.4.3", scope="runtime", direct=True),
    )
    assert endpoints.asked == [
        ("/advisories", {"ecosystem": "pip", "affects": "alpha@1.0,beta-lib@1.4.1,gamma@0.9", "per_page": "100"})
    ]


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        ("critical", (1, 1, 1)),
        ("high", (0, 1, 1)),
        ("medium", (0, 0, 1)),
        ("low", (0, 0, 0)),
        (None, (None, None, None)),
    ],
)
def test_packages_are_counted_by_how_grave_their_weakness_is(
    tmp_path: Path, severity: str | None, expected: tuple[int | None, ...]
) -> None:
    with project(tmp_path, advisories=([ADVISORY | {"severity": severity or "unknown"}],)) as (_, _, collect):
        found = by_name(collect())
    names = ("critical", "high_or_graver", "medium_or_graver")
    assert tuple(found[f"{name}_vulnerable_dependencies"].value for name in names) == expected
    assert found["vulnerable_dependencies"].value == 1


def test_the_figures_by_hand(tmp_path: Path) -> None:
    with project(tmp_path) as (_, _, collect):
        found = by_name(collect())
    assert found["outdated_dependencies"].value == 2
    assert found["vulnerable_dependencies"].value == 1
    assert found["libyears"].value == pytest.approx(730 / 365.25)
    sound, recent, maintained, pinned = 1 - 0.4 / 3, 2 / 3, 2 / 3, 1
    assert found["dependency_health_score"].value == pytest.approx(
        100 * (0.4 * sound + 0.3 * recent + 0.15 * maintained + 0.15 * pinned)
    )


def test_what_people_wrote_into_a_plain_file_they_want_themselves(tmp_path: Path) -> None:
    with project(tmp_path, lock="alpha==1.0\nbeta-lib==1.4.1\n", pyproject="[tool.ruff]\n") as (_, _, collect):
        collected = collect()
    details = dict(by_name(collected)["dependency_health_score"].details)
    assert details["direct ones on the latest minor version"] == "50.0 %, weighs 30 %"
    assert [one.direct for one in collected.dependencies] == [True, True]
    assert collected.incomplete == ()


def test_a_score_has_no_noise_of_floating_point(tmp_path: Path) -> None:
    made = "alpha==2.0\n    # via ours\n"
    with project(tmp_path, lock=made, pyproject="", advisories=([],)) as (_, _, collect):
        assert by_name(collect())["dependency_health_score"].value == 100


@pytest.mark.parametrize(
    ("lock", "lines"),
    [
        ("@@@@ nonsense\n=cmd()==1.0\n-r missing.txt\n", ("@@@@ nonsense", "=cmd()==1.0", "-r missing.txt")),
        ("alpha\nbeta-lib>=1\n", ()),
        ("", ()),
    ],
)
def test_of_no_package_nothing_is_known_and_what_is_not_understood_is_said(
    tmp_path: Path, lock: str, lines: tuple[str, ...]
) -> None:
    with project(tmp_path, lock=lock) as (_, _, collect):
        collected = collect(files=("requirements.txt",))
    assert {one.value for one in collected.measurements} == {None}
    said = " ".join(collected.incomplete)
    assert all(f'"{line}"' in said for line in lines)
    assert bool(said) == bool(lines)


def test_a_file_that_another_includes_may_be_named_too(tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("gamma==0.9\n")
    with project(tmp_path, lock="-r other.txt\nalpha==1.0\n") as (_, _, collect):
        assert collect(files=("requirements.txt", "other.txt")).incomplete == ()
        assert '"-r other.txt"' in collect(files=("requirements.txt",)).incomplete[0]


@pytest.mark.parametrize(("data", "why"), [(b"\x90\x00", "it is no text in UTF-8"), (None, "No file matches")])
def test_a_file_that_is_none_costs_the_figures_of_dependencies(tmp_path: Path, data: bytes | None, why: str) -> None:
    if data:
        (tmp_path / "odd.txt").write_bytes(data)
    collected = dependencies.collect(dependencies.Options(files=("odd.txt",)), world(tmp_path))
    assert all(one.value is None and why in one.reason for one in collected.measurements)
    assert len(collected.measurements) == len(dependency_figures.METRICS)
    assert why in collected.incomplete[0]


def test_parts_that_are_not_known_are_left_out_and_named(tmp_path: Path) -> None:
    with project(tmp_path, pyproject="") as (_, _, collect):
        score = by_name(collect())["dependency_health_score"]
    assert score.value == pytest.approx(100 * (0.4 * (1 - 0.4 / 3) + 0.15 * 2 / 3 + 0.15) / 0.7)
    assert dict(score.details)["direct ones on the latest minor version"] == (
        "excluded: which packages are direct is not known"
    )


def test_an_index_that_does_not_answer_for_one_makes_the_count_unknown(tmp_path: Path) -> None:
    with project(tmp_path, alpha=503) as (_, _, collect):
        collected = collect()
    outdated = by_name(collected)["outdated_dependencies"]
    assert outdated.value is None
    assert "was not read for 1 of 3 packages" in outdated.reason
    assert by_name(collected)["vulnerable_dependencies"].value == 1
    assert [row.package for row in collected.dependencies] == ["alpha", "beta-lib"]


def test_an_index_that_is_down_is_not_asked_for_every_package(tmp_path: Path) -> None:
    lock = "".join(f"p{number}==1\n" for number in range(100))
    with project(tmp_path, lock=lock) as (fake, _, collect):
        fake.broken = {"/": 503}
        outdated = by_name(collect())["outdated_dependencies"]
    assert "was not read for 100 of 100 packages" in outdated.reason
    assert len(fake.asked) <= 3 * (5 + 3), "four are under way when the fifth fails"


def test_an_index_that_asks_to_wait_is_asked_again(tmp_path: Path) -> None:
    with project(tmp_path, lock="alpha==1.0\n", alpha=429) as (fake, _, collect):
        collect()
    assert len(fake.asked) == 3


def test_a_package_of_ones_own_that_no_index_has_is_left_out_and_named(tmp_path: Path) -> None:
    with project(tmp_path, lock=LOCK + "ours-only==1.0\n") as (_, _, collect):
        outdated = by_name(collect())["outdated_dependencies"]
    assert (outdated.value, dict(outdated.details)["not on the index"]) == (2, "ours-only")


def test_advisories_that_are_refused_make_vulnerabilities_unknown_not_none(tmp_path: Path) -> None:
    with project(tmp_path, advisories=Refused(403)) as (_, _, collect):
        found = by_name(collect())
    assert found["vulnerable_dependencies"].value is None
    assert "403" in found["vulnerable_dependencies"].reason
    assert dict(found["dependency_health_score"].details)["free of weaknesses"].startswith("excluded: ")
    assert found["outdated_dependencies"].value == 2


def test_a_withdrawn_advisory_is_none(tmp_path: Path) -> None:
    withdrawn = {**ADVISORY, "withdrawn_at": "2026-01-01T00:00:00Z"}
    with project(tmp_path, advisories=([withdrawn],)) as (_, _, collect):
        assert by_name(collect())["vulnerable_dependencies"].value == 0


def audit(folder: Path, *dependencies: dict[str, Any]) -> None:
    (folder / "audit.json").write_text(json.dumps({"dependencies": list(dependencies), "fixes": []}))


PYSEC = {"id": "PYSEC-2026-7", "aliases": ["CVE-2026-1"], "fix_versions": ["1.2"]}


def test_pip_audit_says_the_same_weakness_once_and_others_have_no_severity(tmp_path: Path) -> None:
    other = {"id": "PYSEC-2026-9", "fix_versions": []}
    audit(
        tmp_path,
        {"name": "alpha", "version": "1.0", "vulns": [PYSEC]},
        {"name": "gamma", "version": "0.9", "vulns": [other]},
    )
    with project(tmp_path) as (_, _, collect):
        collected = collect(audit=("audit.json",))
    rows = [(row.package, row.severity, row.advisories, row.fixed_in) for row in collected.dependencies]
    assert rows == [
        ("alpha", "high", ("GHSA-aaaa-bbbb-cccc",), "1.2"),
        ("gamma", "unknown", ("PYSEC-2026-9",), ""),
        ("beta-lib", "", (), ""),
    ]


def test_each_version_of_a_package_that_two_files_pin_has_its_own_row(tmp_path: Path) -> None:
    with project(tmp_path, lock="alpha==1.0\nalpha==1.1\n") as (_, _, collect):
        collected = collect()
    assert [(row.current, row.severity) for row in collected.dependencies] == [("1.0", "high"), ("1.1", "high")]
    assert by_name(collected)["vulnerable_dependencies"].value == 2


def test_of_a_package_locked_for_several_systems_only_the_highest_can_be_outdated(tmp_path: Path) -> None:
    with project(tmp_path, lock="beta-lib==1.4.3\nbeta-lib==1.4.1\nalpha==0.1\nalpha==0.2\n") as (_, _, collect):
        collected = collect()
    assert [(row.package, row.current) for row in collected.dependencies] == [("alpha", "0.2")]
    assert by_name(collected)["outdated_dependencies"].value == 1


def test_a_weakness_of_what_no_file_names_is_said_aloud(tmp_path: Path) -> None:
    audit(tmp_path, {"name": "Elsewhere", "version": "1.0", "vulns": [PYSEC]})
    with project(tmp_path) as (_, _, collect):
        collected = collect(audit=("audit.json",))
    assert collected.incomplete[1:] == (
        "pip-audit found weaknesses in what is not in requirements.txt: elsewhere 1.0.",
    )


def test_a_package_that_pip_audit_skipped_is_not_safe(tmp_path: Path) -> None:
    audit(tmp_path, {"name": "alpha", "skip_reason": "not found"})
    with project(tmp_path, advisories=Refused(403)) as (_, _, collect):
        vulnerable = by_name(collect(audit=("audit.json",)))["vulnerable_dependencies"]
    assert (vulnerable.value, vulnerable.reason) == (None, "not known: pip-audit did not look at alpha: not found")


def test_what_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    state = Forgetful()
    with project(tmp_path) as (fake, _, collect):
        before = collect(state)
        assert collect(state) == before
        assert (fake.unchanged, len(fake.asked)) == (3, 6)
        (tmp_path / "requirements.txt").write_text(LOCK.replace("alpha==1.0", "alpha==2.0"))
        assert "alpha" not in [row.package for row in collect(state).dependencies]
        assert fake.unchanged == 5


def test_more_packages_than_are_wanted_are_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    with project(tmp_path) as (fake, _, collect):
        with pytest.raises(ConfigError, match="3 packages are more than the 2"):
            collect(most=2)
        assert fake.asked == []


def test_a_thousand_packages_are_asked_for_in_one_call(tmp_path: Path) -> None:
    lock = "".join(f"p{number}==1\n" for number in range(1001))
    with project(tmp_path, lock=lock) as (_, endpoints, collect):
        collect(most=2000)
    assert [query["affects"].count(",") + 1 for _, query in endpoints.asked] == [1000, 1]
