"""What a receiver must be told."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta


@dataclass(frozen=True, kw_only=True)
class ReceiverOptions:
    """The broker, the topics' root and the database; the limits below hold where msgspec converts.

    ``client_id`` is fixed so that a second receiver by mistake is thrown out and seen in the log,
    instead of confirming entries that the first one does not hold. ``protocol`` "auto" speaks
    MQTT 5 and falls back to 3.1.1. Times are in seconds.
    """

    database: Path
    host: str = "localhost"
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883
    root: Annotated[str, Meta(pattern=r"\A[^+#\0]+\Z")] = "attendance"
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    client_id: Annotated[str, Meta(min_length=1)] = "payroll-receiver"
    keepalive: Annotated[int, Meta(ge=1, le=65535)] = 30
    connect_timeout: Annotated[float, Meta(gt=0)] = 5.0
