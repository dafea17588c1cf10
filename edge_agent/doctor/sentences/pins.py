"""Of the pins: lamps, buzzer, and the two that are wired to the sensor."""

from ..findings import Sentence, State

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

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

PIN_MOCK = Sentence(
    WARN,
    '[panel] pins is "mock": [sensor] {key} is only imitated too',
    'set it to "gpio" or "none" where the pin is connected',
)
PIN_OF_DAEMON = Sentence(OK, "The daemon has opened GPIO {pin}")
PIN_BUSY = Sentence(
    FAIL,
    "GPIO {pin} of [sensor] {key} is used by another program or by the kernel",
    "see by whom with 'gpioinfo' (Debian's package gpiod); stop that, take its overlay out of "
    "/boot/firmware/config.txt, or wire another pin and set {key} to it",
)
TOUCH_AT_REST = Sentence(OK, "GPIO {pin} is {level}, at rest")
TOUCH_FELT = Sentence(
    WARN,
    "GPIO {pin} is {level}, which means a touch, all the time",
    "keep off the glass and run this again; if it stays so, the touch output's own supply is "
    'missing, its wire touches another, or it is a module with touch_active = "{other}"',
)
TOUCH_FLICKERS = Sentence(
    WARN,
    "GPIO {pin} changes by itself: it told of a touch in {felt} of {readings} readings",
    "keep off the glass and run this again; if it stays so, connect the sensor's GND and the touch "
    "output's own supply, and keep its wire short and away from the buzzer's",
)
POWER_PIN_SWITCHES = Sentence(OK, "GPIO {pin} can be switched, and is {level} for on")
POWER_PIN_SHORTED = Sentence(
    FAIL,
    "GPIO {pin} does not become {level}",
    "something holds it: check the wire to the switch of the sensor's supply for a short",
)
