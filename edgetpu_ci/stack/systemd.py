"""The stack as services of a machine without containers: our exporter, and what Debian's own units lack. Pure.

https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html explains each line.
"""

from typing import Final

from edgetpu_ci import config
from edgetpu_ci.config import Config
from edgetpu_ci.stack import document, prometheus
from edgetpu_ci.stack.place import Place

EXPORTER: Final = "systemd/edgetpu-ci.service"
PROMETHEUS: Final = "systemd/prometheus.service.d/edgetpu-ci.conf"
ALERTMANAGER: Final = "systemd/prometheus-alertmanager.service.d/edgetpu-ci.conf"

PROGRAM: Final = "/opt/edgetpu-ci/bin/edgetpu-ci"
"""Where a virtual environment in /opt/edgetpu-ci has it."""

_HARD: Final = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
UMask=0077
"""


def files(settings: Config, place: Place) -> dict[str, str]:
    """The unit of our exporter where it is scraped, and drop-ins for Debian's units."""
    is_scraped = settings.observability.stack.flavour == "scrape"
    return {
        **({EXPORTER: _exporter(place)} if is_scraped else {}),
        PROMETHEUS: _prometheus(is_scraped=is_scraped),
        **({ALERTMANAGER: _alertmanager()} if config.is_alerting(settings) else {}),
    }


def _exporter(place: Place) -> str:
    port = prometheus.EXPORTER.rpartition(":")[2]
    whose = f"\nEnvironment=GITHUB_REPOSITORY={place.repository}" if place.repository else ""
    return f"""\
# {document.MARK}
[Unit]
Description=What edgetpu-ci knows, for Prometheus
Wants=network-online.target
After=network-online.target

[Service]
ExecStart={PROGRAM} serve --config /etc/edgetpu-ci/edgetpu-ci.yml --listen 127.0.0.1:{port}{whose}
# GITHUB_TOKEN=…, where the repository is private.
EnvironmentFile=-/etc/edgetpu-ci/environment
WorkingDirectory=%S/edgetpu-ci
StateDirectory=edgetpu-ci
StateDirectoryMode=0700
DynamicUser=yes
Restart=on-failure
RestartSec=10
{_HARD}
[Install]
WantedBy=multi-user.target
"""


def _prometheus(*, is_scraped: bool) -> str:
    pushed = "" if is_scraped else " --web.enable-remote-write-receiver"
    return f"""\
# {document.MARK}
# Debian's unit is hardened already.
[Service]
ExecStart=
ExecStart=/usr/bin/prometheus --config.file=/etc/edgetpu-ci/prometheus/prometheus.yml \\
  --storage.tsdb.path=/var/lib/prometheus/metrics2 --storage.tsdb.retention.time=1y \\
  --web.listen-address=127.0.0.1:9090{pushed}
"""


def _alertmanager() -> str:
    return f"""\
# {document.MARK}
[Service]
ExecStart=
ExecStart=/usr/bin/prometheus-alertmanager --config.file=/etc/alertmanager/alertmanager.yml \\
  --storage.path=/var/lib/prometheus/alertmanager --web.listen-address=127.0.0.1:9093 --cluster.listen-address=
ReadWritePaths=/var/lib/prometheus/alertmanager
{_HARD}"""
