"""Workers and their prints."""

import re
import unicodedata

from msgspec import Struct

from .errors import BadRequest

FINGERS = tuple(
    f"{hand}-{finger}"
    for hand in ("right", "left")
    for finger in ("thumb", "index", "middle", "ring", "little")
)
"""Finger names in the order of the finger positions 1–10 of ISO/IEC 19794-2, table 2."""

_CODE_LENGTH = 32


class Employment(Struct, frozen=True, kw_only=True):
    """What payroll's roster says of a worker; the dates are inclusive, null is without limit."""

    active: bool
    valid_from: str | None = None
    valid_to: str | None = None


class Worker(Struct, frozen=True, kw_only=True):
    """A person with an employee code. The name is for people and never goes on the wire.

    ``active`` is this gate's own word, ``listed`` payroll's (null: its roster never named them).
    """

    code: str
    name: str
    active: bool = True
    listed: Employment | None = None

    @property
    def deactivated(self) -> bool:
        """Whether the gate or payroll says that this worker is to be refused."""
        return not self.active or (self.listed is not None and not self.listed.active)


class Print(Struct, frozen=True, kw_only=True):
    """One enrolled finger: where its template lives (``slot``) and which life of that slot it is.

    ``generation`` counts the enrolments a slot has seen, so that a reused slot can never be
    mistaken for its former owner.
    """

    worker: str
    finger: str
    slot: int
    generation: int


def checked_code(text: str) -> str:
    """Return an employee code in normal form (NFC); leading zeros are kept.

    Raises BadRequest unless it is 1–32 letters, digits, ``.``, ``_`` or ``-`` and begins with a
    letter or digit (so that it can never be read as an option or a path).
    """
    code = unicodedata.normalize("NFC", text.strip())
    well_formed = (
        0 < len(code) <= _CODE_LENGTH
        and code[0].isalnum()
        and all(char.isalnum() or char in "._-" for char in code)
    )
    if not well_formed:
        raise BadRequest(
            f"{text!r} is not an employee code: use 1 to {_CODE_LENGTH} letters, digits, "
            "'.', '_' or '-', beginning with a letter or digit."
        )
    return code


def checked_name(text: str) -> str:
    """Return a worker's name in normal form (NFC). BadRequest if empty or unprintable."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > 100 or not name.isprintable():
        raise BadRequest(f"{text!r} is not a name: use 1 to 100 printable characters.")
    return name


def alike(name: str, other: str) -> bool:
    """Whether two names are one but for accents, case and spaces, as typed at two keyboards."""
    return _plain(name) == _plain(other)


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return "".join(char for char in letters if char.isalnum())


def checked_reason(text: str) -> str:
    """Return a reason code. Never free text: it goes to payroll, and could hold a name.

    Raises BadRequest unless it is 1–32 of ``a-z 0-9 -`` and begins with a letter.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,31}", text):
        raise BadRequest(
            f"{text!r} is not a reason: use a code of 1 to 32 of a-z, 0-9 and '-', such as "
            "forgot-to-press or no-power, and never a name."
        )
    return text


def checked_finger(text: str) -> str:
    """Return a finger name. Raises BadRequest with the names there are."""
    if text not in FINGERS:
        raise BadRequest(f"{text!r} is not a finger: use one of {', '.join(FINGERS)}.")
    return text
