"""The digest of a week, from what the store knows: pure."""

from edgetpu_ci.digest.composing import Known as Known
from edgetpu_ci.digest.composing import compose as compose
