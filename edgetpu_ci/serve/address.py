"""Where a server listens: on this machine alone, unless somebody said otherwise."""

import ipaddress
import os
import re
import socket
from typing import Final, NamedTuple

from edgetpu_ci.errors import ConfigError
from edgetpu_ci.serve import LISTEN

_MOST: Final = 65_535


class Address(NamedTuple):
    """An address of this machine, and a port on it; 0 is any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def family(self) -> socket.AddressFamily:
        """Which sort of socket it needs."""
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET


def parse(text: str, *, public: bool) -> Address:
    """`127.0.0.1:9000`, `[::1]:9000`, `localhost:9000`; ConfigError for others, unless it is to be `public`."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:\[\]]*)):([0-9]{1,5})", text)
    if not found or int(found[3]) > _MOST:
        raise ConfigError(f"`--listen {text}` is no address; write it as {LISTEN} or [::1]:9000.")
    address = Address("127.0.0.1" if found[2] == "localhost" else found[1] or found[2], int(found[3]))
    if not _is_loopback(address.host, text) and not public:
        raise ConfigError(
            f"`--listen {text}` is open to other machines, and anybody there could read all that is measured; "
            f"listen on {LISTEN}, or add `--public`."
        )
    return address


def _is_loopback(host: str, text: str) -> bool:
    """Whether nobody outside can reach it; names are not looked up, for who answers may change."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise ConfigError(
            f"`--listen {text}` does not begin with an address of this machine, such as 127.0.0.1."
        ) from None


def refusal(address: Address, error: OSError) -> ConfigError:
    """Why an address could not be had, in a sentence."""
    why = os.strerror(error.errno or 0).lower()
    return ConfigError(f"{address} cannot be listened on: {why}; stop who does, or name another with `--listen`.")
