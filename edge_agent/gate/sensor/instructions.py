"""The instructions that the gate uses, one row each, and what a sensor's confirmation codes mean.

A row is all that an instruction is; ``link.Link.ask`` carries any of them out. A new one is a row
here and a method in ``fingerprint_sensor.py``, and in ``gate.ports.Sensor`` where flows need it.

Sources: ZFM-20 manual 1.8 and R307 manual ("Module instruction system", "Confirmation code"); codes
04, 05 and 17 from Synochip's AS608 manual. Milliseconds are what a published log of a real AS608
module shows. A code that no row names is still an error of ours: the table says what is known, not
what is allowed.
"""

import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from ..rules import Hint

OK = 0x00
PACKET_ERROR = 0x01
IMAGE_FAILED = 0x03
NOT_FOUND = 0x09
NO_TEMPLATE = 0x0C
EMPTY_BUFFER = 0x0D
ERASING_FAILED = 0x10
WRONG_PASSWORD = 0x13
WRITING_FAILED = 0x18
NOT_VERIFIED = 0x21


class Instruction(Struct, frozen=True):
    """One row."""

    code: int
    name: str
    """As in the manuals."""

    deadline: float
    """Seconds from the command being handed over to the ack being there: several times what a real
    AS608 module was measured to take, and above the manuals' upper bounds."""

    arguments: Mapping[str, str] = {}
    """Names and ``struct`` formats of what follows the code, in the order of the wire."""

    ack: str = ""
    """``struct`` format of what follows the code in an ack that says OK."""

    answers: Mapping[int, Any] = {}
    """Codes that are no error, and the value that each stands for; any other code is one."""

    driver: tuple[str, ...] = ()
    """pyfingerprint's method that carries it out, and the arguments that this takes."""

    without: str = ""
    """What becomes of a gate whose module lacks it; empty where every module must have it."""

    sends: frozenset[int] = frozenset()
    """After an OK the sensor sends data packets, in all one of these sizes."""

    takes: bool = False
    """After an OK the sensor takes data packets."""

    settles: bool = False
    """An OK is believed only after a moment without a second one."""

    @property
    def means(self) -> str:
        """What the sensor is asked to do, for people who do not know the manuals' names."""
        return _MEANS[self.name]

    @property
    def ack_size(self) -> int:
        """Bytes that follow the code in an ack that says OK."""
        return struct.calcsize(f">{self.ack}")

    def command(self, arguments: Mapping[str, int | bytes]) -> bytes:
        """What a command packet of it holds."""
        values = (arguments[name] for name in self.arguments)
        return struct.pack(f">B{''.join(self.arguments.values())}", self.code, *values)

    def value(self, ack: bytes) -> Any:
        """What an ack says: True, the one field that it has, or all of them in a tuple."""
        if ack[0] != OK:
            return self.answers[ack[0]]
        fields = struct.unpack(f">{self.ack}", ack[1:])
        return fields[0] if len(fields) == 1 else fields or True


_MEANS = {
    "GenImg": "look at the glass",
    "Img2Tz": "read the fingerprint in its image",
    "Match": "compare two scans",
    "Search": "find whose finger it is",
    "HighSpeedSearch": "find whose finger it is",
    "RegModel": "make a template of two scans",
    "Store": "store a template",
    "LoadChar": "load a template",
    "UpChar": "send a template",
    "DownChar": "take a template",
    "UpImage": "send its image",
    "DeletChar": "erase a template",
    "ReadSysPara": "tell its parameters",
    "SetSysPara": "change a parameter",
    "VfyPwd": "say that it is there",
    "WriteNotepad": "write into its notepad",
    "ReadNotepad": "read its notepad",
    "TemplateCount": "count its templates",
    "ReadIndexTable": "tell which slots are taken",
    "AuraLedConfig": "light its ring",
    "Sleep": "sleep",
    "PortControl": "switch its port",
    "Cancel": "break off",
    "ReadProductInfo": "tell what product it is",
    "Handshake": "say that it is ready",
}

TEMPLATE_SIZES = frozenset({512, 768, 1536})
"""Bytes, in transfers that owners of modules have published: ZFM-20 and R305; R307 and JM-101; R503
and FPM10A. The same name is sold with different sizes, so a sensor's own is learnt from itself."""

IMAGE_SIZES: Mapping[int, tuple[int, int]] = {
    36_864: (256, 288),  # ZFM-20, ZFM-60, R307, AS608
    18_432: (192, 192),  # R503
}
"""Width and height in pixels of an image that takes so many bytes at 4 bits a pixel."""

_BUFFER = {"buffer": "B"}
_BUFFER_AND_SLOT = _BUFFER | {"slot": "H"}
_SLOTS = {"first": "H", "count": "H"}
_PAGE = {"page": "B"}
_FOUND = "HH"  # slot and score
_NOBODY = {NOT_FOUND: (-1, -1)}
_NO_NOTES = "it is told from another one by its templates, each time that it is connected"
_ONLY_TESTED = "only hw_tests ask for it"

# Measured, in ms: GenImg 190, Img2Tz 300, Match 28, Search 47 (below 1 s with 1000 slots), RegModel
# 12, Store 58, DeletChar 66, ReadSysPara 16, TemplateCount 12.

# GenImg settles: Img2Tz is next and its ack looks the same. A second ack to GenImg would pass for
# that one, and if Img2Tz itself got lost the search would find the features of the finger before.
GEN_IMG = Instruction(
    0x01, "GenImg", 1.5, answers={0x02: False}, driver=("readImage",), settles=True
)
IMG_2_TZ = Instruction(0x02, "Img2Tz", 1.5, _BUFFER, driver=("convertImage", "buffer"))
MATCH = Instruction(
    0x03,
    "Match",
    1.0,
    ack="H",
    answers={0x08: 0},
    driver=("compareCharacteristics",),
    without="nothing is compared",
)
SEARCH = Instruction(
    0x04, "Search", 1.5, _BUFFER | _SLOTS, _FOUND, _NOBODY, driver=("searchTemplate",)
)
REG_MODEL = Instruction(0x05, "RegModel", 1.0, answers={0x0A: False}, driver=("createTemplate",))
STORE = Instruction(
    0x06, "Store", 1.0, _BUFFER_AND_SLOT, driver=("storeTemplate", "slot", "buffer")
)
LOAD_CHAR = Instruction(
    0x07, "LoadChar", 1.0, _BUFFER_AND_SLOT, driver=("loadTemplate", "slot", "buffer")
)
# Not pyfingerprint's for these three: it asks for the packet size at each, reads back at once what
# is read back from the flash anyway, and writes images of one size into files.
UP_CHAR = Instruction(0x08, "UpChar", 1.0, _BUFFER, sends=TEMPLATE_SIZES)
DOWN_CHAR = Instruction(0x09, "DownChar", 1.0, _BUFFER, takes=True)
UP_IMAGE = Instruction(
    0x0A, "UpImage", 1.0, sends=frozenset(IMAGE_SIZES), without="it shows no images"
)
DELET_CHAR = Instruction(
    0x0C,
    "DeletChar",
    1.0,
    _SLOTS,
    answers={ERASING_FAILED: False},
    driver=("deleteTemplate", "first", "count"),
)
READ_SYS_PARA = Instruction(
    0x0F, "ReadSysPara", 0.5, ack="HHHHIHH", driver=("getSystemParameters",)
)
# Not pyfingerprint's: it knows one password.
VFY_PWD = Instruction(0x13, "VfyPwd", 0.3, {"password": "I"}, answers={WRONG_PASSWORD: False})
WRITE_NOTEPAD = Instruction(0x18, "WriteNotepad", 1.0, _PAGE | {"data": "32s"}, without=_NO_NOTES)
READ_NOTEPAD = Instruction(0x19, "ReadNotepad", 0.5, _PAGE, "32s", without=_NO_NOTES)
HIGH_SPEED_SEARCH = Instruction(
    0x1B, "HighSpeedSearch", 1.5, _BUFFER | _SLOTS, _FOUND, _NOBODY, without="Search finds the same"
)
TEMPLATE_COUNT = Instruction(0x1D, "TemplateCount", 0.3, ack="H", driver=("getTemplateCount",))
READ_INDEX_TABLE = Instruction(
    0x1F,
    "ReadIndexTable",
    0.5,
    _PAGE,
    "32s",
    driver=("getTemplateIndex", "page"),
    without="its slots are tried one by one, which takes longer",
)
# R503, and Synochip's AS608.
SLEEP = Instruction(0x33, "Sleep", 0.5, without="leave [sensor] touch_sleep false")

# Only some modules have these: R307 and AS608 the first, the R503 the next four.
PORT_CONTROL = Instruction(0x17, "PortControl", 0.5, {"on": "B"}, without=_ONLY_TESTED)
CANCEL = Instruction(0x30, "Cancel", 0.5, without=_ONLY_TESTED)
AURA_LED_CONFIG = Instruction(
    0x35,
    "AuraLedConfig",
    0.5,
    {"control": "B", "speed": "B", "colour": "B", "times": "B"},
    without=_ONLY_TESTED,
)
READ_PRODUCT_INFO = Instruction(0x3C, "ReadProductInfo", 0.5, ack="46s", without=_ONLY_TESTED)
HANDSHAKE = Instruction(0x40, "Handshake", 0.5, without=_ONLY_TESTED)
# Answers at the old baud where it changes that.
SET_SYS_PARA = Instruction(
    0x0E,
    "SetSysPara",
    1.0,
    {"number": "B", "value": "B"},
    driver=("setSystemParameter", "number", "value"),
    without=_ONLY_TESTED,
)

INSTRUCTIONS: Mapping[int, Instruction] = {
    row.code: row for row in tuple(globals().values()) if isinstance(row, Instruction)
}
"""All of them by their codes."""

POOR_SCANS: Mapping[int, Hint] = {
    0x04: Hint.MOISTEN,  # too dry
    0x05: Hint.WIPE,  # too wet
    0x06: Hint.WIPE,  # too messy
    0x07: Hint.PRESS_FLAT,  # too few features
    0x15: Hint.HOLD_LONGER,  # no image: the finger left while it was taken
    # Either the last finger's trace is on the glass or this one never left it: wiping mends both.
    0x17: Hint.WIPE,
}
"""What Img2Tz answers about a scan, as what the worker should do."""


class Meaning(NamedTuple):
    """An error code: what the sensor says, and what the technician should do."""

    says: str
    advice: str


MEANINGS: Mapping[int, Meaning] = {
    PACKET_ERROR: Meaning("it received a damaged packet", "check the wires, their length and GND"),
    IMAGE_FAILED: Meaning("it could not take an image", "clean the glass and check its supply"),
    0x0B: Meaning("it has no such slot", "compare its capacity with the slots in use"),
    NO_TEMPLATE: Meaning("it holds no valid template there", "enrol that finger again"),
    EMPTY_BUFFER: Meaning(
        "it has no template to send", "try again; if it stays so, enrol the finger again"
    ),
    0x0E: Meaning("it does not take the data", "try again; if it stays so, replace the sensor"),
    0x0F: Meaning("it has no image to send", "try again with a finger on the glass"),
    ERASING_FAILED: Meaning("it could not erase", "try again; if it stays so, replace the sensor"),
    WRONG_PASSWORD: Meaning(
        "its password is not the one that this gate knows",
        "give its password with [sensor] password_file and restart the daemon, or set it back to 0 "
        "with the tool that changed it",
    ),
    WRITING_FAILED: Meaning(
        "it could not write its flash", "try again; if it stays so, replace the sensor"
    ),
    0x1C: Meaning("it has no such page of its notepad", "try again; if it stays so, it has none"),
    0x20: Meaning("its address is not FFFFFFFF", "set it back with the tool that changed it"),
    NOT_VERIFIED: Meaning(
        "it has restarted and wants the password again", "if this repeats, check its supply"
    ),
}

UNLISTED = Meaning("its manual does not list that", "note the code and power the sensor off and on")
