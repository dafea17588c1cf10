"""Of the machine: its disk, memory, temperature and supply."""

from ..findings import Sentence, State

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

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
