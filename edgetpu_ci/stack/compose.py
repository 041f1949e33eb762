"""All of the stack on one machine, for Docker Compose: reachable from that machine alone, nobody is root. Pure.

https://github.com/compose-spec/compose-spec has the format.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

import edgetpu_ci
from edgetpu_ci import config
from edgetpu_ci.config import Config
from edgetpu_ci.stack import alertmanager, document, messages, prometheus, telling
from edgetpu_ci.stack.place import Place
from edgetpu_ci.store import folder

FILE: Final = "compose.yml"
IMAGE: Final = "exporter/Dockerfile"

# The newest of each line that was seen in use when this was written; a digest of theirs was not at hand.
PYTHON: Final = "python:3.13.15-slim"
PROMETHEUS: Final = "prom/prometheus:v3.13.3"
ALERTMANAGER: Final = "prom/alertmanager:v0.34.2"
PUSHGATEWAY: Final = "prom/pushgateway:v1.11.4"
GRAFANA: Final = "grafana/grafana:12.4.10"

_SOURCE: Final = f"https://github.com/edgetpu-ci/edgetpu-ci.git#v{edgetpu_ci.__version__}"
_HOME: Final = "/var/lib/edgetpu-ci"
_SETTINGS: Final = "/etc/edgetpu-ci/edgetpu-ci.yml"
_NOBODY: Final = "65534:65534"

_DOCKERFILE: Final = f"""\
# {document.MARK}
FROM {PYTHON}
RUN apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/*
COPY --from=source . /source
RUN pip install --no-cache-dir --require-hashes -r /source/requirements.txt && \\
    pip install --no-cache-dir --no-deps /source && rm -rf /source
RUN install --directory --owner=65534 --group=65534 {_HOME}
WORKDIR {_HOME}
USER 65534:65534
"""

_HARD: Final[Mapping[str, Any]] = {
    "restart": "unless-stopped",
    "read_only": True,
    "tmpfs": ["/tmp"],  # noqa: S108 - of the container
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
}


def files(settings: Config, place: Place) -> dict[str, str]:
    """The file, and that of the image of our exporter."""
    is_scraped = settings.observability.stack.flavour == "scrape"
    source = {"edgetpu-ci": _exporter(settings, place)} if is_scraped else {"pushgateway": _pushgateway()}
    services = {**source, "prometheus": _prometheus(is_scraped=is_scraped), "grafana": _grafana()}
    if config.is_alerting(settings):
        services["alertmanager"] = _alertmanager(settings)
    secrets = sorted({one["source"] for service in services.values() for one in service.get("secrets", ())})
    written = {
        "name": "edgetpu-ci",
        "services": services,
        "volumes": {name: {} for name in services},
        "secrets": {name: {"file": f"./secrets/{name}"} for name in secrets},
    }
    text = document.yaml(written, "Each file of secrets/ has to be readable by the user of its container.")
    return {FILE: text, **({IMAGE: _DOCKERFILE} if is_scraped else {})}


def _service(image: str, port: int, path: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as the format has it
    """One that says at a path whether it is well, to who has no more than wget."""
    healthy = ["CMD", "wget", "--quiet", "--spider", f"http://127.0.0.1:{port}{path}"]
    return {"image": image, **_open(port, healthy), "user": _NOBODY, **_HARD, **more}


def _open(port: int, healthy: list[str]) -> dict[str, Any]:
    check = {"test": healthy, "interval": "30s", "timeout": "10s", "retries": 3, "start_period": "1m"}
    return {"ports": [f"127.0.0.1:{port}:{port}"], "healthcheck": check}


def _mounted(source: str, target: str) -> dict[str, Any]:
    # Compose takes a dollar for the beginning of a variable.
    named = {"source": source.replace("$", "$$"), "target": target.replace("$", "$$")}
    return {"type": "bind", **named, "read_only": True}


def _kept(name: str, target: str) -> dict[str, Any]:
    return {"type": "volume", "source": name, "target": target}


def _secret(variable: str, target: str) -> dict[str, str]:
    return {"source": variable, "target": target}


def _exporter(settings: Config, place: Place) -> dict[str, Any]:
    port = int(prometheus.EXPORTER.rpartition(":")[2])
    up = "/".join(".." for _ in PurePosixPath(settings.observability.stack.folder).parts)
    serve = f"edgetpu-ci serve --config {_SETTINGS} --listen 0.0.0.0:{port} --public"
    answers = f"import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/live', timeout=5)"
    server = place.url.removesuffix(f"/{place.repository}") if place.repository else ""
    known = {"GITHUB_REPOSITORY": place.repository, "GITHUB_SERVER_URL": server}
    return {
        "build": {"context": "./exporter", "additional_contexts": {"source": _SOURCE}},
        "command": ["sh", "-c", f'GITHUB_TOKEN="$$(cat /run/secrets/GITHUB_TOKEN)" exec {serve}'],
        "environment": {name: value for name, value in known.items() if value},
        **_open(port, ["CMD", "python", "-c", answers]),
        "user": _NOBODY,
        **_HARD,
        "volumes": [_mounted(f"{up}/edgetpu-ci.yml", _SETTINGS), _kept("edgetpu-ci", _HOME), *_folder(settings, up)],
        "secrets": [_secret("GITHUB_TOKEN", "/run/secrets/GITHUB_TOKEN")],
    }


def _folder(settings: Config, up: str) -> list[dict[str, Any]]:
    """What a store in a folder lies in: on a branch, it is fetched."""
    if settings.store.use != "folder":
        return []
    path = settings.store.with_.get("path", folder.Options().path)
    return [_mounted(str(PurePosixPath(up) / path), str(PurePosixPath(_HOME) / path))]


def _pushgateway() -> dict[str, Any]:
    command = ["--persistence.file=/pushgateway/metrics"]
    volumes = [_kept("pushgateway", "/pushgateway")]
    return _service(PUSHGATEWAY, 9091, "/-/ready", command=command, volumes=volumes)


def _prometheus(*, is_scraped: bool) -> dict[str, Any]:
    command = [
        "--config.file=/etc/prometheus/prometheus.yml",
        "--storage.tsdb.path=/prometheus",
        # Dashboards look back 30 days, twice what is kept without this.
        "--storage.tsdb.retention.time=1y",
        *([] if is_scraped else ["--web.enable-remote-write-receiver"]),
    ]
    volumes = [_mounted("./prometheus", "/etc/prometheus"), _kept("prometheus", "/prometheus")]
    return _service(PROMETHEUS, 9090, "/-/ready", command=command, volumes=volumes)


def _alertmanager(settings: Config) -> dict[str, Any]:
    command = ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"]
    mounted = [_mounted(f"./{file}", f"/etc/{file}") for file in (alertmanager.FILE, messages.FILE)]
    secrets = [_secret(name, telling.secret(name)) for name in alertmanager.secrets(settings)]
    volumes = [*mounted, _kept("alertmanager", "/alertmanager")]
    command = [*command, "--cluster.listen-address="]
    return _service(ALERTMANAGER, 9093, "/-/ready", command=command, volumes=volumes, secrets=secrets)


def _grafana() -> dict[str, Any]:
    environment = {
        "GF_SECURITY_ADMIN_PASSWORD__FILE": "/run/secrets/GRAFANA_ADMIN_PASSWORD",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_USERS_ALLOW_SIGN_UP": "false",
    }
    return _service(
        GRAFANA,
        3000,
        "/api/health",
        environment=environment,
        user="472:0",
        depends_on={"prometheus": {"condition": "service_healthy"}},
        volumes=[
            _mounted("./grafana/provisioning", "/etc/grafana/provisioning"),
            _mounted("./grafana/dashboards", "/etc/grafana/dashboards"),
            _kept("grafana", "/var/lib/grafana"),
        ],
        secrets=[_secret("GRAFANA_ADMIN_PASSWORD", "/run/secrets/GRAFANA_ADMIN_PASSWORD")],
    )
