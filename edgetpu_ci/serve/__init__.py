"""`edgetpu-ci serve`: what a store and a host tell, over HTTP: metrics, health, and a page for people."""

from typing import Final

LISTEN: Final = "127.0.0.1:10469"
"""Where it listens unless told: Prometheus' list has given away all up to 9999, and nobody was found at this one."""
