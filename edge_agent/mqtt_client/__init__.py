"""A paho client that keeps its secrets and says why: for the gate's uplink and the receiver."""

from .client import TellingClient
from .failures import failure, speaks_tls

__all__ = ["TellingClient", "failure", "speaks_tls"]
