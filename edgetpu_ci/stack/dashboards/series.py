"""Which series a panel asks for: those that the dashboard's variables leave. Pure."""

from typing import Final

from msgspec import Struct

from edgetpu_ci import metrics
from edgetpu_ci.config.observability import Flavour
from edgetpu_ci.exposition import names
from edgetpu_ci.stack import promql

RUNS: Final = f"{names.PREFIX}last_run_info"

_OF_STORE: Final = ('repo=~"$repo"',)
_OF_REPOSITORY: Final = (*_OF_STORE, 'branch=~"$branch"')
_OF_MACHINE: Final = (*_OF_REPOSITORY, 'machine=~"$machine"')
_OF_SUBJECT: Final = (*_OF_MACHINE, 'subject=~"$subject"')


class Selecting(Struct, frozen=True):
    """Selectors for what is scraped, or for what was pushed once and would be gone after five minutes."""

    flavour: Flavour = "scrape"

    def figure(self, metric: str, *only: str) -> str:
        """A key figure of the repository, by its name in the catalogue."""
        return self._select(_known(metric), *_OF_REPOSITORY, *only)

    def of_machine(self, metric: str, *only: str) -> str:
        """What was measured of machines, whatever it is of."""
        return self._select(_known(metric), *_OF_MACHINE, *only)

    def of_subject(self, metric: str, *only: str) -> str:
        """What was measured of the subjects that are chosen."""
        return self._select(_known(metric), *_OF_SUBJECT, *only)

    def exported(self, name: str, *only: str) -> str:
        """A series that is none of the catalogue, by its name without the prefix."""
        return self._select(names.PREFIX + name, *_OF_REPOSITORY, *only)

    def of_store(self, name: str, *only: str) -> str:
        """The same of one that is of a whole store, whatever the branch."""
        return self._select(names.PREFIX + name, *_OF_STORE, *only)

    def recorded(self, name: str) -> str:
        """A series under a name of the operational monitoring document: its rule looks back already."""
        return _selector(name, *_OF_REPOSITORY)

    def measured(self, name: str) -> str:
        """The same of what was measured of the subjects that are chosen."""
        return _selector(name, *_OF_SUBJECT)

    def new_commits(self) -> str:
        """A series for each commit, as long as nobody had measured it one step of the picture before."""
        now, before = (self._select(RUNS, *_OF_REPOSITORY, offset=offset) for offset in ("", " offset $__interval"))
        by = "max by (repo, branch, commit)"
        return f"{by} ({now}) unless {by} ({before})"

    def _select(self, name: str, *only: str, offset: str = "") -> str:
        selector = _selector(name, *only)
        return f"last_over_time({selector}[{promql.KEPT}]{offset})" if self.flavour == "push" else f"{selector}{offset}"


def _selector(name: str, *only: str) -> str:
    return f"{name}{{{','.join(only)}}}"


def _known(metric: str) -> str:
    if not metrics.is_known(metric):
        raise KeyError(metric)
    return names.find(metric).name
