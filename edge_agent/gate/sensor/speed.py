"""Speak faster to a sensor for a while, such that a cut in the middle is found and mended.

A sensor keeps its speed without power (SetSysPara 4), so before it is raised a page of the
sensor's own notepad says that it is. Whoever finds a sensor at another speed than the settings'
sees there that this was no choice of anybody's, and puts it back.
"""

import zlib
from contextlib import suppress

from ..errors import SensorGarbled, SensorRefused, SensorSilent
from .instructions import SET_SYS_PARA
from .library import TemplateLibrary
from .port import Port

RAISED = 115200
"""The highest speed that every manual has (SetSysPara 4 with N = 12)."""

_BAUD = 4  # of SetSysPara
_UNIT = 9600
_PAGE = 14  # of the notepad; the pairing's mark is in page 15
_NOTE = b"EdB1 speed raised for a while"
_RAISED_NOTE = _NOTE.ljust(28, b"\0")[:28] + zlib.crc32(_NOTE).to_bytes(4, "big")
_NO_NOTE = bytes(32)
_PROOFS = 8  # pages of 32 bytes there and back
_ROUNDS = 3
_DOUBTS = (SensorSilent, SensorGarbled)


def raise_speed(library: TemplateLibrary, port: Port) -> bool:
    """Speak at RAISED from now on; False where the sensor or the line cannot, or not well.

    It is proved by pages of the notepad that come back whole. Raises a SensorFault where the sensor
    answers at no speed any more.
    """
    before = port.baud
    if before >= RAISED or not port.has_speed:
        return False
    try:
        library.write_notepad(_PAGE, _RAISED_NOTE)
    except (SensorRefused, *_DOUBTS):
        library.link.recover()
        return False
    try:
        with suppress(*_DOUBTS):  # Whether it has obeyed shows below.
            library.link.exchange(SET_SYS_PARA, number=_BAUD, value=RAISED // _UNIT)
    except SensorRefused:
        library.link.recover()
        library.write_notepad(_PAGE, _NO_NOTE)
        return False
    port.baud = RAISED
    try:
        library.link.recover()
        for _ in range(_PROOFS):
            if not was_raised(library):
                raise SensorGarbled(f"{port.name} does not carry {RAISED} baud.")
    except _DOUBTS:
        put_back(library, port, before)
        return False
    return True


def put_back(library: TemplateLibrary, port: Port, baud: int) -> None:
    """Speak at ``baud`` again, at whichever of both speeds the sensor is now.

    Raises a SensorFault where it answers at neither.
    """
    for _ in range(_ROUNDS):
        find(library, port, (port.baud, baud, RAISED))
        library.link.recover()
        with suppress(*_DOUBTS):  # The next round finds out.
            if port.baud == baud:
                library.write_notepad(_PAGE, _NO_NOTE)
                return
            library.link.exchange(SET_SYS_PARA, number=_BAUD, value=baud // _UNIT)
        port.baud = baud
    raise SensorGarbled(
        f"The sensor at {port.name} cannot be put back to {baud} baud: power it off and on."
    )


def find(library: TemplateLibrary, port: Port, speeds: tuple[int, ...]) -> None:
    """Set the port to the first of ``speeds`` at which the sensor answers, or to the first."""
    for speed in dict.fromkeys(speeds):
        port.baud = speed
        if library.link.answers():
            return
    port.baud = speeds[0]


def was_raised(library: TemplateLibrary) -> bool:
    """Whether the sensor's speed was raised for a while, and not put back yet."""
    try:
        return library.read_notepad(_PAGE) == _RAISED_NOTE
    except SensorRefused:
        return False
