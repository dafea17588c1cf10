"""Of the sensor's port, and of who may use what."""

from ..findings import Sentence, State

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

BOARD_PI = Sentence(OK, "This is a {model}")
BOARD_OTHER = Sentence(OK, "This is not a Raspberry Pi")

PORT_IS_URL = Sentence(OK, "{port} is not a device of this machine")
PORT_RIGHT = Sentence(OK, "{port} is there ({device})")
PORT_MISSING_PI_5 = Sentence(
    FAIL,
    "There is no {port}",
    "on this Raspberry Pi the header's port is /dev/ttyAMA0: add 'dtparam=uart0=on' to "
    "/boot/firmware/config.txt, reboot, and set [sensor] port to it; a USB adapter is "
    "/dev/ttyUSB0",
)
PORT_MISSING_PI = Sentence(
    FAIL,
    "There is no {port}",
    "on this Raspberry Pi the header's port is /dev/serial0: switch it on with 'sudo "
    "raspi-config', Interface Options, Serial Port, login shell No, hardware Yes; a USB adapter "
    "is /dev/ttyUSB0",
)
PORT_MISSING = Sentence(
    FAIL,
    "There is no {port}",
    "plug the adapter in, see with 'ls /dev/ttyUSB* /dev/ttyACM*' what it is called, and set "
    "[sensor] port to that",
)
PORT_IS_NO_DEVICE = Sentence(
    FAIL, "{port} is not a serial port", "set [sensor] port to the one that the sensor is wired to"
)
PORT_IS_DEBUG_CONNECTOR = Sentence(
    FAIL,
    "{port} is the small debug connector of a Raspberry Pi 5 ({device}), not the header",
    "set [sensor] port to /dev/ttyAMA0, and add 'dtparam=uart0=on' to /boot/firmware/config.txt",
)
PORT_IS_BLUETOOTH = Sentence(
    FAIL,
    "{port} is the line to the Bluetooth chip ({device}), not the header",
    "set [sensor] port to /dev/serial0",
)
PORT_IS_MINI_UART = Sentence(
    WARN,
    "{port} is the mini UART ({device}), whose speed follows the processor's clock",
    "add 'dtoverlay=miniuart-bt' to /boot/firmware/config.txt and reboot",
)

CONSOLE_NONE = Sentence(OK, "No console uses {port}")
CONSOLE_OF_KERNEL = Sentence(
    FAIL,
    "The kernel's console is on the sensor's port ({word} in {file})",
    "run 'sudo raspi-config', Interface Options, Serial Port, login shell No, hardware Yes, "
    "and reboot",
)
CONSOLE_LOGIN = Sentence(
    FAIL,
    "A login terminal is on the sensor's port ({unit})",
    "run 'sudo systemctl disable --now {unit}'",
)

MAY_USE = Sentence(OK, "User {user} may use {path}")
JOIN_GROUP = Sentence(
    FAIL,
    "User {user} may not use {path}, which the group {group} may",
    "run 'sudo usermod -aG {group} {user}' and log in again",
)
LOG_IN_AGAIN = Sentence(
    FAIL,
    "User {user} may not use {path} yet, although now a member of the group {group}",
    "log out and in again",
)
USE_SUDO = Sentence(
    FAIL,
    "User {user} may not use {path}, which belongs to user {owner} and group {group}",
    "run the command as the daemon's user: sudo -u edge-agent edge-agent doctor",
)
NO_FOLDER = Sentence(
    FAIL,
    "There is no folder {path}",
    "the service makes /var/lib/edge-agent; for any other [store] path make the folder and give "
    "it to the daemon's user",
)
NO_GPIO_CHIP = Sentence(
    FAIL,
    "This machine has no GPIO chip for the pins that the settings name",
    'set [panel] pins and [sensor] touch_pin and power_pin to "none", or install this on a '
    "Raspberry Pi",
)
