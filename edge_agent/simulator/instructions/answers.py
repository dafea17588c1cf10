"""What the sensor says to an instruction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """The acknowledgement: a code, data after it, and what follows."""

    code: int
    data: bytes = b""
    stream: bytes = b""  # sent after the acknowledgement, as data packets
    restart: bool = False
    takes: float | None = None  # seconds, where this outcome takes another time than the table says
    steps: Steps | None = None  # instead of all that: acknowledgements that come one by one


Steps = Iterator[Answer | None]
"""None: nothing is said before something happens on the glass."""

OK = Answer(0x00)
PACKET_ERROR = Answer(0x01)
NOT_VERIFIED = Answer(0x21)
