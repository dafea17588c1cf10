"""What the gate's thread is given to work with."""

from collections.abc import Callable
from dataclasses import dataclass

from ..flows.gate import Gate
from ..flows.payroll.keep_roster import RosterInbox
from ..ports import Panel, Passwords, Sealing, Sensor, Touch


@dataclass(frozen=True, kw_only=True)
class GateParts:
    """The ports and settings of the gate's thread.

    ``make_gate`` is called on that thread, to which a store's connection belongs; ``offline`` tells
    whether payroll is out of reach; ``touch`` is the sensor's touch output, which may work only
    while the sensor ``sleeps``.
    """

    make_gate: Callable[[], Gate]
    sensor: Sensor
    panel: Panel
    captures: int
    offline: Callable[[], bool]
    sealing: Sealing
    passwords: Passwords
    roster: RosterInbox
    prune_after_months: int | None = None
    touch: Touch | None = None
    sleeps: bool = False
