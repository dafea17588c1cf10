"""Which sensors were replaced, and what each may still hold.

A sensor keeps its templates without current, unsealed, and no erasure reaches it once another one
is in its place. So it is on a list, until it is emptied here or somebody says that it is no more.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from ..contract.stamps import local_date, parse_time


class ReplacedSensor(Struct, frozen=True, kw_only=True):
    """One module.

    ``mark``: what it is called by, hexadecimal. ``marks``: those that its notepad may have; where
    the gate's is among them it is in use again, and is being emptied. ``replaced``: when, in UTC,
    where that was known. ``holds``: whose template may be in which slot. ``erased``: those of them
    who were erased at this gate. ``destroyed``: since when it is no more, in local time.
    """

    mark: str
    marks: list[str]
    replaced: str | None
    holds: dict[int, str]
    erased: list[str] = []
    destroyed: str | None = None

    @property
    def templates(self) -> dict[str, int]:
        """How many it may hold, by worker."""
        return dict(sorted(Counter(self.holds.values()).items()))

    @property
    def to_destroy(self) -> bool:
        """Whether it is still to be destroyed or emptied."""
        return self.destroyed is None

    def replaced_on(self, zone: ZoneInfo) -> str | None:
        """The day at the gate on which it was; None: not known."""
        return None if self.replaced is None else local_date(parse_time(self.replaced), zone)

    def told(self) -> dict[str, Any]:
        """What is told of it to programs."""
        return {
            "sensor": self.mark,
            "replaced": self.replaced,
            "templates": self.templates,
            "erased": self.erased,
            "destroyed": self.destroyed,
        }


class HeldSensor(Struct, frozen=True, kw_only=True):
    """One that may hold so many ``templates`` of a worker; ``replaced``: a day, None: not known.

    Never who else is in it.
    """

    sensor: str
    replaced: str | None
    templates: int


def sensors_with(sensors: Iterable[ReplacedSensor], code: str, zone: ZoneInfo) -> list[HeldSensor]:
    """Those that were not destroyed, and may hold a worker's templates."""
    return [
        HeldSensor(sensor=one.mark, replaced=one.replaced_on(zone), templates=one.templates[code])
        for one in sensors
        if one.destroyed is None and code in one.templates
    ]


def sensors_with_erased(
    sensors: Iterable[ReplacedSensor], code: str, zone: ZoneInfo
) -> list[HeldSensor]:
    """Those of them that may hold what was erased of the worker."""
    return sensors_with((one for one in sensors if code in one.erased), code, zone)
