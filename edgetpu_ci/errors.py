"""The failures we expect: each names the thing, says the next step, and has one exit status."""

from typing import ClassVar, Final

_DAY: Final = 86_400.0


class EdgeTpuCiError(Exception):
    """An expected failure. Its text is shown to the user as it is."""

    exit_status: ClassVar[int] = 70


class ConfigError(EdgeTpuCiError):
    """The configuration or the command line is wrong."""

    exit_status = 2


class UnsetError(ConfigError):
    """What a service is asked with is not set; it costs what needs that service."""


class InputError(ConfigError):
    """What a collector needs is not there, or cannot be read: its figures are unknown, and the run goes on."""


class DocumentError(EdgeTpuCiError):
    """A stored document is missing, corrupt, foreign or from a newer version."""

    exit_status = 2


class StoreError(EdgeTpuCiError):
    """A document could not be written: no space, no permission, no folder."""

    exit_status = 2


class UnreachableError(StoreError):
    """The server of a store did not answer, or not to the end; trying again may help."""


class UndeliveredError(StoreError):
    """A document did not reach its store; it is kept here and goes with the next one."""


class GitError(EdgeTpuCiError):
    """git could not do what it was asked."""

    exit_status = 2


class RefusedError(EdgeTpuCiError):
    """Measuring here would be unsafe: foreign code next to secrets or on a device of ours."""

    exit_status = 2


class ModelError(EdgeTpuCiError):
    """A file is not a model that can be read."""

    exit_status = 2


class NothingMeasuredError(EdgeTpuCiError):
    """Not one value could be obtained."""

    exit_status = 3


class DeviceError(EdgeTpuCiError):
    """The device asked for is not there, or may not be opened."""

    exit_status = 3


class BusyError(DeviceError):
    """Somebody else uses the device; it was not opened."""


class DeliveryError(EdgeTpuCiError):
    """A publisher could not deliver."""

    exit_status = 4


class LaterError(DeliveryError):
    """A service took nothing now, and may later: not before so many `seconds`, where it asked for them.

    A day at most: whoever asks for more is broken, and would never be told again.
    """

    def __init__(self, sentence: str, seconds: float = 0.0) -> None:
        super().__init__(sentence)
        self.seconds = min(seconds, _DAY)


class MissingError(DeliveryError):
    """GitHub, or another service, has nothing there, or does not show it to this token."""


class GoneError(MissingError):
    """It was there and is deleted, or what it belongs to is switched off."""


class DeniedError(DeliveryError):
    """GitHub knows the token and does not let it do this: the lot of every pull request from a fork.

    `permission` is the one that is missing, such as "actions: read", where that is known.
    """

    def __init__(self, sentence: str, permission: str = "") -> None:
        super().__init__(sentence)
        self.permission = permission


class DownError(DeliveryError):
    """A service does not answer, whatever it is asked; this run asks it nothing more."""


class TokenError(DownError):
    """A service does not know our token; neither is it asked anything more."""


class BudgetError(DeliveryError):
    """What may be asked of a service, or how long, is used up; the next run goes on."""


class TooHeavyError(DeliveryError):
    """A service could not answer so much at once; asking for less may help."""
