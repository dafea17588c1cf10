"""The instructions that the gate uses, and what a sensor's confirmation codes mean.

Sources: ZFM-20 manual 1.8 and R307 manual ("Module instruction system", "Confirmation code"); codes
04, 05 and 17 from Synochip's AS608 manual. Milliseconds are what a published log of a real AS608
module shows. A code that no row names is still an error of ours: the table says what is known, not
what is allowed.
"""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from ..rules import Hint

OK = 0x00
PACKET_ERROR = 0x01
IMAGE_FAILED = 0x03
NOT_FOUND = 0x09
NO_TEMPLATE = 0x0C
EMPTY_BUFFER = 0x0D
WRONG_PASSWORD = 0x13
NOT_VERIFIED = 0x21


class Instruction(Struct, frozen=True):
    """One row.

    ``deadline`` is in seconds, from the command being handed over to the ack being there: several
    times what a real AS608 module was measured to take, and above the manuals' upper bounds.
    ``ack_data`` is how many bytes follow the code in an ack that says OK. ``answers`` are the codes
    that are a return value; any other code is an error. After an OK, either the sensor sends data
    packets, in all one of the sizes in ``sends``, or it ``takes`` some. Where it ``settles``, an OK
    is believed only after a moment without a second one.
    """

    name: str
    deadline: float
    ack_data: int = 0
    answers: frozenset[int] = frozenset()
    sends: frozenset[int] = frozenset()
    takes: bool = False
    settles: bool = False


TEMPLATE_SIZES = frozenset({512, 768, 1536})
"""Bytes, in transfers that owners of modules have published: ZFM-20 and R305; R307 and JM-101; R503
and FPM10A. The same name is sold with different sizes, so a sensor's own is learnt from itself."""

IMAGE_SIZES: Mapping[int, tuple[int, int]] = {
    36_864: (256, 288),  # ZFM-20, ZFM-60, R307, AS608
    18_432: (192, 192),  # R503
}
"""Width and height in pixels of an image that takes so many bytes at 4 bits a pixel."""

INSTRUCTIONS: Mapping[int, Instruction] = {
    # 190 ms. Img2Tz is next and its ack looks the same: a second ack to this would pass for that
    # one, and if Img2Tz itself got lost the search would find the features of the finger before.
    0x01: Instruction("GenImg", 1.5, answers=frozenset({0x02}), settles=True),
    0x02: Instruction("Img2Tz", 1.5),  # 300 ms
    0x03: Instruction("Match", 1.0, ack_data=2, answers=frozenset({0x08})),  # 28 ms
    0x04: Instruction(
        "Search", 1.5, ack_data=4, answers=frozenset({NOT_FOUND})
    ),  # 47 ms; < 1 s at 1000
    0x05: Instruction("RegModel", 1.0, answers=frozenset({0x0A})),  # 12 ms
    0x06: Instruction("Store", 1.0),  # 58 ms
    0x07: Instruction("LoadChar", 1.0),
    0x08: Instruction("UpChar", 1.0, sends=TEMPLATE_SIZES),
    0x09: Instruction("DownChar", 1.0, takes=True),
    0x0A: Instruction("UpImage", 1.0, sends=frozenset(IMAGE_SIZES)),
    0x0C: Instruction("DeletChar", 1.0, answers=frozenset({0x10})),  # 66 ms
    # Answers at the old baud where it changes that, which is all that a gate changes (speed.py).
    0x0E: Instruction("SetSysPara", 1.0),
    0x0F: Instruction("ReadSysPara", 0.5, ack_data=16),  # 16 ms
    0x12: Instruction("SetPwd", 1.0),
    0x13: Instruction("VfyPwd", 0.3, answers=frozenset({WRONG_PASSWORD})),
    0x18: Instruction("WriteNotepad", 1.0),
    0x19: Instruction("ReadNotepad", 0.5, ack_data=32),
    0x1B: Instruction("HighSpeedSearch", 1.5, ack_data=4, answers=frozenset({NOT_FOUND})),
    0x1D: Instruction("TemplateCount", 0.3, ack_data=2),  # 12 ms
    0x1F: Instruction("ReadIndexTable", 0.5, ack_data=32),
    # From here on what only some modules have. A gate needs Sleep alone; hw_tests ask for all.
    0x17: Instruction("PortControl", 0.5),  # R307, AS608
    0x30: Instruction("Cancel", 0.5),  # R503 manual, as are those below
    0x33: Instruction("Sleep", 0.5),  # Synochip's AS608 too
    0x35: Instruction("AuraLedConfig", 0.5),
    0x3C: Instruction("ReadProductInfo", 0.5, ack_data=46),
    0x40: Instruction("Handshake", 0.5),
}

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
    0x10: Meaning("it could not erase", "try again; if it stays so, replace the sensor"),
    WRONG_PASSWORD: Meaning(
        "its password is not the one that this gate knows",
        "give its password with [sensor] password_file and restart the daemon, or set it back to 0 "
        "with the tool that changed it",
    ),
    0x18: Meaning("it could not write its flash", "try again; if it stays so, replace the sensor"),
    0x1C: Meaning("it has no such page of its notepad", "try again; if it stays so, it has none"),
    0x20: Meaning("its address is not FFFFFFFF", "set it back with the tool that changed it"),
    NOT_VERIFIED: Meaning(
        "it has restarted and wants the password again", "if this repeats, check its supply"
    ),
}

UNLISTED = Meaning("its manual does not list that", "note the code and power the sensor off and on")
