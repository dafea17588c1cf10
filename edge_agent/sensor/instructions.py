"""The instructions that the gate uses, and what a sensor's confirmation codes mean.

Sources: ZFM-20 manual 1.8 and R307 manual ("Module instruction system", "Confirmation code");
codes 04, 05 and 17 from Synochip's AS608 manual. A code that no row names is still an error of
ours: the table says what is known, not what is allowed.
"""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from ..domain.rules import Hint

OK = 0x00
PACKET_ERROR = 0x01
IMAGE_FAILED = 0x03
WRONG_PASSWORD = 0x13
NOT_VERIFIED = 0x21


class Instruction(Struct, frozen=True):
    """One row.

    ``deadline`` is in seconds, from the command being handed over to the ack being there: several
    times what a real AS608 module was measured to take, and above the manuals' upper bounds.
    ``ack_data`` is how many bytes follow the code in an ack that says OK. ``answers`` are the codes
    that pyfingerprint turns into a return value; any other code is an error.
    """

    name: str
    deadline: float
    ack_data: int = 0
    answers: frozenset[int] = frozenset()


INSTRUCTIONS: Mapping[int, Instruction] = {
    0x01: Instruction("GenImg", 1.5, answers=frozenset({0x02})),  # 190 ms
    0x02: Instruction("Img2Tz", 1.5),  # 300 ms
    0x04: Instruction("Search", 1.5, ack_data=4, answers=frozenset({0x09})),  # 47 ms; < 1 s at 1000
    0x05: Instruction("RegModel", 1.0, answers=frozenset({0x0A})),  # 12 ms
    0x06: Instruction("Store", 1.0),  # 58 ms
    0x0C: Instruction("DeletChar", 1.0, answers=frozenset({0x10})),  # 66 ms
    0x0F: Instruction("ReadSysPara", 0.5, ack_data=16),  # 16 ms
    0x13: Instruction("VfyPwd", 0.3, answers=frozenset({WRONG_PASSWORD})),
    0x1D: Instruction("TemplateCount", 0.3, ack_data=2),  # 12 ms
    0x1F: Instruction("ReadIndexTable", 0.5, ack_data=32),
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
    0x10: Meaning("it could not erase", "try again; if it stays so, replace the sensor"),
    WRONG_PASSWORD: Meaning(
        "its password is not the default 0", "set it back with the tool that changed it"
    ),
    0x18: Meaning("it could not write its flash", "try again; if it stays so, replace the sensor"),
    0x20: Meaning("its address is not FFFFFFFF", "set it back with the tool that changed it"),
    NOT_VERIFIED: Meaning(
        "it has restarted and wants the password again", "if this repeats, check its supply"
    ),
}

UNLISTED = Meaning("its manual does not list that", "note the code and power the sensor off and on")
