"""All that the doctor can say, in the order in which it looks."""

from .findings import Sentence, State, Verdict, split

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

_GUIDE = "look it up in docs/technician.md, 'When something is wrong'"


def passed_on(state: State, message: str) -> Verdict:
    """What another part says; it brings its own advice, or else the guide has it."""
    found, advice = split(message)
    return Verdict(state, found, advice or _GUIDE)


# Whatever the check
TOO_SLOW = Sentence(
    FAIL,
    "This did not come to an end within {seconds:g} s",
    "look at what it depends on: the disk (dmesg), the network, the daemon's log",
)
UNEXPECTED = Sentence(
    FAIL,
    "This check failed itself, with {kind}: {error}",
    "please report this as a bug, with this line",
)

SETTINGS_GOOD = Sentence(OK, "The settings in {path} are complete")
SETTINGS_BAD = Sentence(
    FAIL,
    "The settings in {path} cannot be used. {problems}",
    "mend them first: without them nothing of the gate was looked at, only the machine",
)

# The daemon
DAEMON_RUNS = Sentence(OK, "The daemon runs, version {version}")
DAEMON_OF_OTHER_VERSION = Sentence(
    WARN,
    "The daemon that runs is version {version}, this command is {own}",
    "restart the daemon: sudo systemctl restart edge-agent",
)
DAEMON_STOPPED = Sentence(
    WARN,
    "No daemon runs, so nobody is recorded at this gate",
    "start it with 'sudo systemctl start edge-agent'; if it does not stay, "
    "'journalctl -u edge-agent -n 50' says why",
)

# The port
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

# Rights
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
    "This machine has no GPIO chip for the lamps",
    'set [panel] pins to "none", or install this on a Raspberry Pi',
)

# The sensor
SENSOR_READY = Sentence(
    OK,
    "It answers at {baud} baud on {port} (system id {system_id}, security level {level})",
)
SENSOR_LEVEL_LOW = Sentence(
    WARN,
    "It answers at {baud} baud, but its security level is {level}: it may take one worker's "
    "finger for another's",
    "set the level to 3 with the tool that lowered it",
)
SENSOR_TOLD_READY = Sentence(OK, "The daemon has it in use at {baud} baud on {port}")
SENSOR_TOLD_STARTING = Sentence(
    WARN, "The daemon is just connecting to it", "run this again in five seconds"
)
BACKED_UP = Sentence(OK, "A backup of the templates holds every print")
NOT_BACKED_UP = Sentence(
    WARN,
    "{count} prints are in no backup of the templates and would be gone with the sensor",
    "run 'edge-agent templates backup'",
)
SLOTS_FREE = Sentence(OK, "{used} of {capacity} slots are used")
SLOTS_NEARLY_FULL = Sentence(
    WARN,
    "{used} of {capacity} slots are used",
    "remove the prints of workers who have left (edge-agent prints remove), or plan a sensor with "
    "more slots",
)

# The glass
GLASS_BARE = Sentence(OK, "The sensor sees nothing on it, and nobody has pressed in the last day")
GLASS_READS_WELL = Sentence(
    OK, "{poor} of the last day's {touches} touches were too poor to be read"
)
GLASS_READS_POORLY = Sentence(
    WARN,
    "{poor} of the last day's {touches} touches were too poor to be read",
    "wipe the glass; where that does not help, 'edge-agent sensor image FILE' shows what the "
    "sensor sees (your own finger), and a scratched or milky window wants another sensor",
)
GLASS_SEES_THINGS = Sentence(
    WARN,
    "The sensor sees something where no finger is, {seen} times in {looks} looks",
    "wipe the glass, shade it from sun and lamps, and run this again",
)
GLASS_TOUCHED = Sentence(
    WARN,
    "A finger is on the glass, or the print that the last one has left",
    "wipe the glass, keep off it, and run this again",
)

# The lamps
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

# The database
DATABASE_OPENS = Sentence(OK, "{path} opens: ledger {ledger}, {entries} entries")
DATABASE_FAILS = Sentence(
    FAIL,
    "{path} takes no entries: every press is shown as not recorded. The daemon says: {problem}",
    "see the disk below, and 'dmesg'; the gate goes on by itself once it can write again; where "
    "the kernel has closed the file system, restart the machine",
)
DATABASE_SET_ASIDE = Sentence(
    WARN,
    "A damaged database was set aside: {names}. The gate goes on with a new one",
    "see that payroll has everything and that nobody has to be enrolled again, then take it off "
    "the card, and replace the card",
)
DATABASE_OF_OTHER_GATE = Sentence(
    WARN,
    "The ledger in {path} belongs to gate {owner!r}, but [gate] id is {gate!r}",
    "set it back, or start the daemon: it begins a new ledger for this gate",
)
PAYROLL_HAS_ALL = Sentence(OK, "Payroll has confirmed all {entries} entries")
PAYROLL_WAITING = Sentence(
    OK, "Payroll has yet to confirm {count} entries; the oldest is at least {age} old"
)
PAYROLL_SILENT = Sentence(
    WARN,
    "Payroll has yet to confirm {count} entries; the oldest is at least {age} old. Nothing is lost",
    "see the lines 'uplink' and 'broker'; if they are well, ask payroll",
)
PAYROLL_REJECTED = Sentence(
    WARN, "Payroll holds {count} entries that it could not use", "ask payroll which, and why"
)
CHAIN_UNBROKEN = Sentence(OK, "All {entries} entries are there, unaltered")

# The line
UPLINK_GOOD = Sentence(OK, "The daemon is connected to the broker")
UPLINK_STARTING = Sentence(
    WARN, "The daemon is not connected to the broker yet", "run this again in a minute"
)
BROKER_ANSWERS = Sentence(OK, "{host}:{port} lets this gate in, with MQTT {version}, {way}")
BROKER_IN_THE_CLEAR = Sentence(
    WARN,
    "{host}:{port} lets this gate in, with MQTT {version}, but not encrypted: whoever is on the "
    "way can read punches and forge receipts",
    'let the broker offer TLS, and set [mqtt] tls to "on"',
)
BROKER_IS_OLD = Sentence(
    WARN,
    "{host}:{port} lets this gate in, {way}, but with MQTT 3.1.1 only: under it a broker does not "
    "say when it refuses an entry",
    "use a broker that speaks MQTT 5, such as mosquitto 2",
)
BROKER_SLOW = Sentence(
    FAIL,
    "The broker at {host}:{port} has not answered within {seconds:g} s",
    "check the gate's network, its name service (DNS) and the broker's firewall; nothing is lost "
    "meanwhile",
)

# Time
CLOCK_SYNCED = Sentence(OK, "The clock is synchronised, within {uncertainty_ms} ms")
CLOCK_HOLDOVER = Sentence(
    WARN,
    "The clock was synchronised and runs on by itself, within {uncertainty_ms} ms",
    "check the gate's network and 'timedatectl': the longer it lasts the less sure the times are",
)
CLOCK_UNSYNCED = Sentence(
    WARN,
    "The clock has not been synchronised since the start: punches are safe, but their times are "
    "pending ({pending} now)",
    "check the gate's network, then 'timedatectl' (System clock synchronized) and 'sudo "
    "timedatectl set-ntp true'",
)
CLOCK_REFUSED = Sentence(
    FAIL,
    "The clock is synchronised, but the kernel does not tell the daemon so: it believes no time",
    "in a unit of your own set ProtectClock=no and allow adjtimex, as systemd/edge-agent.service "
    "does",
)
CLOCK_BELIEVED = Sentence(
    WARN,
    '[clock] trust is "always": every time is believed, a wrong one too',
    'set it to "auto" on anything but a virtual machine',
)
RTC_RUNS = Sentence(OK, "There is a battery-backed clock, and it shows {year}")
RTC_FORGOT = Sentence(
    WARN,
    "There is a battery-backed clock, but it shows {year}: it has lost the time",
    "put in or replace its battery",
)
RTC_NONE = Sentence(
    WARN,
    "There is no battery-backed clock: after a power cut times are pending until the network is "
    "back",
    "add an RTC with a battery (on a Raspberry Pi 5 only the battery is missing)",
)
ZONE_SAME = Sentence(OK, "Gate and machine are both in {zone}")
ZONE_OTHER = Sentence(
    WARN,
    "[gate] timezone is {zone}, but the machine is in {machine}: log lines show other times than "
    "punches",
    "run 'sudo timedatectl set-timezone {zone}', or correct [gate] timezone",
)

# The disk
DISK_ROOMY = Sentence(OK, "{free} are free for {path} ({percent} % used)")
DISK_FILLING = Sentence(
    WARN,
    "Only {free} are free for {path} ({percent} % used)",
    "make room: 'sudo journalctl --vacuum-size=50M', 'sudo apt clean'",
)
DISK_FULL = Sentence(
    FAIL,
    "Only {free} are free for {path} ({percent} % used): soon nothing can be recorded",
    "make room now: 'sudo journalctl --vacuum-size=50M', 'sudo apt clean'",
)
MOUNT_WRITABLE = Sentence(OK, "{device} at {folder} is mounted for writing ({kind})")
MOUNT_READ_ONLY = Sentence(
    FAIL,
    "{device} at {folder} is mounted read-only: nothing can be recorded",
    "see 'dmesg' for errors; a card that went read-only by itself is to be replaced",
)
CARD_GOOD = Sentence(OK, "{name}; its file system has noted no errors")
CARD_ERRORS = Sentence(
    WARN,
    "{name}; its file system has noted {count} errors",
    "copy the database away for rescue, have the file system checked (sudo touch /forcefsck, "
    "reboot), and replace the card if errors come back",
)

# The machine
BOARD_PI = Sentence(OK, "This is a {model}")
BOARD_OTHER = Sentence(OK, "This is not a Raspberry Pi")
MEMORY_ENOUGH = Sentence(OK, "{free} of {total} MB are available")
MEMORY_SHORT = Sentence(
    WARN,
    "Only {free} of {total} MB are available",
    "see with 'top' what takes it, and stop what the gate does not need, such as a desktop",
)
MEMORY_GONE = Sentence(
    FAIL,
    "Only {free} of {total} MB are available: the system may stop the daemon at any moment",
    "see with 'top' what takes it, stop that, and restart the daemon",
)
TEMPERATURE_GOOD = Sentence(OK, "The processor is at {degrees:.0f} °C")
TEMPERATURE_HIGH = Sentence(
    WARN,
    "The processor is at {degrees:.0f} °C",
    "give the case air or shade: from 80 °C it slows down",
)
TEMPERATURE_TOO_HIGH = Sentence(
    FAIL,
    "The processor is at {degrees:.0f} °C and slows itself down",
    "give the case air, shade or a heat sink",
)
POWER_GOOD = Sentence(OK, "The supply's voltage is high enough")
POWER_WAS_LOW = Sentence(
    WARN,
    "The supply's voltage has been too low since the start",
    "use the maker's power supply and a short, thick cable: sensor and card suffer first",
)
POWER_LOW = Sentence(
    FAIL,
    "The supply's voltage is too low at this moment",
    "use the maker's power supply and a short, thick cable: sensor and card suffer first",
)
