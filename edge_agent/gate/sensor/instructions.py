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
from typing import Any

from msgspec import Struct

from ...contract.language import Message
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
    """What becomes of a gate whose module lacks it, as the message ``without.…``; empty where every
    module must have it."""

    sends: frozenset[int] = frozenset()
    """After an OK the sensor sends data packets, in all one of these sizes."""

    takes: bool = False
    """After an OK the sensor takes data packets."""

    settles: bool = False
    """An OK is believed only after a moment without a second one."""

    @property
    def means(self) -> Message:
        """What the sensor is asked to do, for people who do not know the manuals' names."""
        return Message(f"asked.{self.name.lower()}")

    @property
    def ack_size(self) -> int:
        """Bytes that follow the code in an ack that says OK."""
        return struct.calcsize(f">{self.ack}")

    def command(self, arguments: Mapping[str, int | bytes]) -> bytes:
        """What a command packet of it holds."""
        values = (arguments[name] for name in self.arguments)
        return struct.pack(f">B{''.join(self.arguments.values())}", self.code, *values)

    def fits(self, ack: bytes) -> bool:
        """Whether an ack has the length of this row; some modules shorten a failure."""
        return len(ack) == 1 + self.ack_size or (ack[0] != OK and len(ack) == 1)

    def value(self, ack: bytes) -> Any:
        """What an ack says: True, the one field that it has, or all of them in a tuple."""
        if ack[0] != OK:
            return self.answers[ack[0]]
        fields = struct.unpack(f">{self.ack}", ack[1:])
        return fields[0] if len(fields) == 1 else fields or True


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
_NO_NOTES = "no-notes"
_ONLY_TESTED = "only-tested"

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
    without="nothing-compared",
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
UP_IMAGE = Instruction(0x0A, "UpImage", 1.0, sends=frozenset(IMAGE_SIZES), without="no-images")
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
    0x1B, "HighSpeedSearch", 1.5, _BUFFER | _SLOTS, _FOUND, _NOBODY, without="search-instead"
)
TEMPLATE_COUNT = Instruction(0x1D, "TemplateCount", 0.3, ack="H", driver=("getTemplateCount",))
READ_INDEX_TABLE = Instruction(
    0x1F,
    "ReadIndexTable",
    0.5,
    _PAGE,
    "32s",
    driver=("getTemplateIndex", "page"),
    without="slots-tried",
)
# R503, and Synochip's AS608.
SLEEP = Instruction(0x33, "Sleep", 0.5, without="no-sleep")

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


MEANINGS = frozenset(
    {
        *(PACKET_ERROR, IMAGE_FAILED, 0x0B, NO_TEMPLATE, EMPTY_BUFFER, 0x0E, 0x0F, ERASING_FAILED),
        *(WRONG_PASSWORD, WRITING_FAILED, 0x1C, 0x20, NOT_VERIFIED),
    }
)
"""Error codes of which the manuals say what the sensor means."""


def is_reason(code: int) -> bool:
    """Whether an error code says what went wrong, and not just that the packet was damaged."""
    return code in MEANINGS and code != PACKET_ERROR


def says(code: int) -> Message:
    """What the sensor says by an error code."""
    return Message(f"code.{code:02x}" if code in MEANINGS else "code.unlisted")


def advice(code: int) -> Message:
    """What the technician should do about it."""
    return Message(f"mend.{code:02x}" if code in MEANINGS else "mend.unlisted")
