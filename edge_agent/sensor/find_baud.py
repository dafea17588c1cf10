"""Why a sensor seems silent or garbled: perhaps it speaks at another baud than the settings say."""

from .link import Link
from .port import Port

_USUAL = (57600, 115200, 9600, 19200, 38400)


def other_baud(port: Port) -> int | None:
    """The usual baud, other than the port's, at which a sensor answers; takes about 2 seconds.

    Leaves the port at that baud, or at some other one. This only tells; switching silently would
    hide from the technician that the settings are wrong.
    """
    if not port.has_speed:
        return None
    configured = port.baud
    for baud in _USUAL:
        if baud != configured:
            port.baud = baud
            if Link(port).answers():
                return baud
    return None
