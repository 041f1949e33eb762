"""Whether sites and GitHub's API answer from here, and for how long certificates are good."""

from typing import Any, Final

from msgspec import Struct

from edgetpu_ci.errors import (
    BudgetError,
    ConfigError,
    DeniedError,
    EdgeTpuCiError,
    MissingError,
    TokenError,
    UnsetError,
)
from edgetpu_ci.kpis import summary
from edgetpu_ci.model import REPOSITORY, Collected, Measurement
from edgetpu_ci.supply import site, web
from edgetpu_ci.transport import github
from edgetpu_ci.world import World

OF_REPOSITORY: Final = True


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`urls`: pages, such as those of the documentation, one a host. `github`: whether GitHub's API is asked too."""

    urls: tuple[str, ...] = ()
    github: bool = True


def check(options: Options, world: World) -> None:  # noqa: ARG001 - as all collectors have it
    """ConfigError for nothing to ask, what is no address, and two pages of a host, which would have one name."""
    if not options.urls and not options.github:
        raise ConfigError("`use: site` has nothing to ask; name pages under `urls`, or leave out `github: false`.")
    hosts = [web.host(url) for url in options.urls]
    for url, host in zip(options.urls, hosts, strict=True):
        if not host:
            raise ConfigError(f'"{url}" is no address of a site; give one with https://.')
        if hosts.count(host) > 1:
            raise ConfigError(f"`urls` has {host} more than once; name one page of it.")


def collect(options: Options, world: World) -> Collected:
    """Each site by its host, and the API."""
    found = [measurement for url in options.urls for measurement in site.measurements(url, world)]
    return Collected(measurements=(*found, *([api(world)] if options.github else [])))


def api(world: World) -> Measurement:
    """Whether GitHub's API answers: asked for its limits, which costs nothing of them, and again where that helps."""
    metric = "github_api_reachable"
    said = "it told its limits"
    try:
        github.connect(world).get("/rate_limit", dict[str, Any], needs="metadata: read")
    except (DeniedError, MissingError, TokenError):
        said = "it answered, and tells no limits"  # As a server of one's own may.
    except (BudgetError, UnsetError) as error:
        return summary.unknown(REPOSITORY, metric, str(error).rstrip("."))
    except EdgeTpuCiError as error:
        return summary.plain(REPOSITORY, metric, 0.0, details=(("failed", str(error).rstrip(".")),))
    return summary.plain(REPOSITORY, metric, 1.0, details=(("evidence", said),))
