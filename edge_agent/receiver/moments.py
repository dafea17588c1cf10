"""Times as gates write them, and as both databases read them. Pure."""

import re
from datetime import datetime, timedelta

from msgspec import Struct

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")

_FARTHEST_OFFSET = timedelta(hours=14)

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


class Moment(Struct, frozen=True):
    """``at`` as the gate wrote it, in UTC milliseconds, and as its local date and time of day."""

    at: str | None = None
    at_ms: int | None = None
    day: str | None = None
    time: str | None = None


def moment_of(at: str | None) -> Moment:
    """Raises ValueError where ``at`` is no RFC 3339 time with an offset, as PostgreSQL reads it."""
    if at is None:
        return Moment()
    local = datetime.fromisoformat(at)
    offset = local.utcoffset()
    if offset is None or not _RFC_3339.fullmatch(at):
        raise ValueError("it is not written like 2026-11-23T07:00:00+07:00")
    if abs(offset) > _FARTHEST_OFFSET or not 1970 <= local.year <= 9998:
        raise ValueError("it is nobody's working day")
    since = (local - _EPOCH) // timedelta(milliseconds=1)
    return Moment(at, since, local.date().isoformat(), local.strftime("%H:%M:%S"))
