"""What a receiver must be told."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from edge_agent.domain.broker_access import BrokerAccess, Tls


@dataclass(frozen=True, kw_only=True)
class ReceiverOptions:
    """The database's path, the broker, and the topics' root; times are in seconds.

    Made by ``msgspec.convert`` from a settings file or a command's options, which holds the limits.
    ``protocol`` "auto" speaks MQTT 5 and falls back to 3.1.1. ``client_id`` is fixed so that two
    receivers on one broker throw each other out and are seen in the log, where otherwise the one
    would confirm entries that the other does not hold.
    """

    database: str
    host: str = "localhost"
    port: Annotated[int, Meta(ge=1, le=65535)] | Literal["auto"] = "auto"
    tls: Tls = "auto"
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    username: str = ""
    password_file: str = ""
    root: Annotated[str, Meta(pattern=r"\A[^+#\0]+\Z")] = "attendance"
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    client_id: Annotated[str, Meta(min_length=1)] = "payroll-receiver"
    keepalive: Annotated[int, Meta(ge=1, le=65535)] = 30
    connect_timeout: Annotated[float, Meta(gt=0)] = 5.0

    @property
    def access(self) -> BrokerAccess:
        """The way to the broker."""
        return BrokerAccess.of(self, named="--{}")
