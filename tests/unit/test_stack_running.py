"""What runs the stack: Docker Compose, or systemd. Closed to other machines, nobody root, each secret a file."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from edgetpu_ci import serve, stack
from edgetpu_ci.config import Config
from edgetpu_ci.stack import compose, prometheus, systemd
from edgetpu_ci.stack.place import Place

PLACE = Place(repository="owner/name", url="https://github.com/owner/name")
ALERTING = {
    "notify": [
        {"use": "pagerduty", "with": {"routing_keys": {"p0": "PD_P0", "default": "PD_OTHER"}}},
        {"use": "slack", "with": {"channel": "#ci"}},
    ],
    "rules": [{"name": "slow", "match": "*/build_time", "above": 300, "severity": "critical", "priority": "p0"}],
}
MOST_EXPOSED = 20
"""Of systemd's 100 (0.1 each); 92 is Debian's own Alertmanager."""


def settings(flavour: str = "scrape", **more: Any) -> Config:
    """A configuration with one alert."""
    given = {"alerting": ALERTING, "store": {"use": "branch"}, "observability": {"stack": {"flavour": flavour}}}
    return msgspec.convert(given | more, Config)


def composed(config: Config) -> Any:
    """What Compose reads."""
    return yaml.safe_load(compose.files(config, PLACE)[compose.FILE])


@pytest.mark.parametrize("flavour", ["scrape", "push"])
def test_compose_has_its_format(flavour: str, tmp_path: Path) -> None:
    file = tmp_path / "compose.yml"
    file.write_text(compose.files(settings(flavour), PLACE)[compose.FILE], encoding="utf-8")
    checked: list[str | Path] = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        file,
    ]
    ran = subprocess.run(checked, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("flavour", ["scrape", "push"])
def test_no_service_is_root_or_open_to_others(flavour: str) -> None:
    for name, service in composed(settings(flavour))["services"].items():
        assert re.fullmatch("[1-9][0-9]*:[0-9]+", service["user"]), name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        assert all(one.get("read_only") for one in service["volumes"] if one["type"] == "bind"), name
        assert "test" in service["healthcheck"], name


def test_every_image_is_of_one_version() -> None:
    services = composed(settings())["services"].values()
    images = [service["image"] for service in services if "image" in service]
    images += re.findall("(?m)^FROM (.+)$", compose.files(settings(), PLACE)[compose.IMAGE])
    assert len(images) == 4
    assert all(re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+(-slim)?", image) for image in images), images


def test_what_is_mounted_is_rendered() -> None:
    config = settings()
    files = stack.files(config, PLACE)
    for service in composed(config)["services"].values():
        for one in service["volumes"]:
            if one["source"].startswith("./"):
                assert any(f"{path}/".startswith(f"{one['source'][2:]}/") for path in files), one


def test_each_secret_of_alertmanager_is_where_it_looks() -> None:
    config = settings()
    mounted = {one["target"] for one in composed(config)["services"]["alertmanager"]["secrets"]}
    text = stack.files(config, PLACE)["alertmanager/alertmanager.yml"]
    assert mounted == set(re.findall(r"/etc/alertmanager/secrets/\w+", text))
    assert {path.rpartition("/")[2] for path in mounted} == {"PD_P0", "PD_OTHER", "SLACK_BOT_TOKEN"}


@pytest.mark.parametrize("flavour", ["scrape", "push"])
def test_prometheus_finds_its_neighbours(flavour: str) -> None:
    config = settings(flavour)
    services = composed(config)["services"]
    written = yaml.safe_load(prometheus.files(config, PLACE)[prometheus.FILE])
    configs = [*written["scrape_configs"], *written["alerting"]["alertmanagers"]]
    targets = [target for one in configs for static in one["static_configs"] for target in static["targets"]]
    for host, port in (target.split(":") for target in targets):
        assert host == "localhost" or services[host]["ports"] == [f"127.0.0.1:{port}:{port}"], host
    assert ("pushgateway" in services, "edgetpu-ci" in services) == (flavour == "push", flavour == "scrape")


@pytest.mark.parametrize("flavour", ["scrape", "push"])
def test_prometheus_is_written_to_only_where_jobs_push_and_keeps_a_year(flavour: str) -> None:
    config, receives = settings(flavour), "--web.enable-remote-write-receiver"
    command = composed(config)["services"]["prometheus"]["command"]
    unit = systemd.files(config, PLACE)[systemd.PROMETHEUS]
    assert (receives in command, receives in unit) == (flavour == "push", flavour == "push")
    assert all("--storage.tsdb.retention.time=1y" in one for one in (command, unit))


def test_our_exporter_listens_where_it_does_by_itself() -> None:
    assert serve.LISTEN.rpartition(":")[2] == prometheus.EXPORTER.rpartition(":")[2]


def test_a_store_in_a_folder_is_mounted() -> None:
    config = settings(store={"use": "folder"}, observability={"stack": {"folder": "deploy/monitoring"}})
    volumes = composed(config)["services"]["edgetpu-ci"]["volumes"]
    assert [one["source"] for one in volumes] == ["../../edgetpu-ci.yml", "edgetpu-ci", "../../.edgetpu-ci"]


def test_a_dollar_in_a_path_is_no_variable() -> None:
    config = settings(store={"use": "folder", "with": {"path": "a$b"}})
    store = composed(config)["services"]["edgetpu-ci"]["volumes"][-1]
    assert (store["source"], store["target"]) == ("../a$$b", "/var/lib/edgetpu-ci/a$$b")


def test_without_alerts_no_alertmanager_runs() -> None:
    config = settings(alerting={})
    assert "alertmanager" not in composed(config)["services"]
    assert systemd.ALERTMANAGER not in systemd.files(config, PLACE)


def analyzed(folder: Path, flavour: str, *arguments: str) -> None:
    """What `systemd-analyze` finds nothing wrong with: all units, their programs being there."""
    program = shutil.which("systemd-analyze")
    if not program:
        pytest.skip("there is no systemd-analyze")
    files = systemd.files(settings(flavour), PLACE)
    for name in ("prometheus", "prometheus-alertmanager"):
        (folder / f"{name}.service").write_text("[Service]\nExecStart=/bin/true\n", encoding="utf-8")
    for path, text in files.items():
        file = folder / path.removeprefix("systemd/")
        file.parent.mkdir(exist_ok=True)
        file.write_text(re.sub(r"(?m)^ExecStart=/\S+", "ExecStart=/bin/true", text), encoding="utf-8")
    units = sorted(folder.glob("*.service"))
    ours = [one for one in units if "security" not in arguments or one.name != "prometheus.service"]
    ran = subprocess.run([program, *arguments, *ours], capture_output=True, text=True, check=False)
    said = [line for line in ran.stderr.splitlines() if str(folder) in line or "edgetpu-ci" in line]
    assert (ran.returncode, said) == (0, [])


@pytest.mark.parametrize("flavour", ["scrape", "push"])
def test_systemd_takes_the_units(flavour: str, tmp_path: Path) -> None:
    analyzed(tmp_path, flavour, "verify")


def test_systemd_finds_the_units_well_closed(tmp_path: Path) -> None:
    analyzed(tmp_path, "scrape", "security", "--offline=yes", f"--threshold={MOST_EXPOSED}")


def test_the_exporter_knows_its_repository() -> None:
    unit = systemd.files(settings(), PLACE)[systemd.EXPORTER]
    assert "\nEnvironment=GITHUB_REPOSITORY=owner/name\n" in unit
    assert "GITHUB_REPOSITORY" not in systemd.files(settings(), Place())[systemd.EXPORTER]
