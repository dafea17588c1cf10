"""Of the pins: lamps, buzzer, and the two that are wired to the sensor."""

from ..findings import Sentence, State

OK, WARN = State.OK, State.WARN

LAMPS_NONE = Sentence(OK, '[panel] pins is "none": this gate shows workers nothing')
LAMPS_MOCK = Sentence(
    WARN,
    '[panel] pins is "mock": the lamps are only imitated',
    'set it to "gpio" where lamps are connected',
)
LAMPS_OF_DAEMON = Sentence(OK, "The daemon has opened their pins")
LAMPS_BUSY = Sentence(
    WARN,
    "The daemon has their pins, so they were not tried",
    "stop it first: sudo systemctl stop edge-agent",
)
LAMPS_OPEN = Sentence(OK, "Their pins can be opened (--lamps lights them)")
LAMPS_LIT = Sentence(
    OK,
    "Green, amber and red were lit in this order, each with the buzzer",
    "where you saw or heard something else, compare the wires with [panel]",
)
