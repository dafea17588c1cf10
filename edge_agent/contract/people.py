"""Workers and their prints."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from msgspec import Struct

from .errors import BadRequest
from .language import Message

FINGERS = tuple(
    f"{hand}-{finger}"
    for hand in ("right", "left")
    for finger in ("thumb", "index", "middle", "ring", "little")
)
"""Finger names in the order of the finger positions 1–10 of ISO/IEC 19794-2, table 2."""

_CODE_LENGTH = 32


class NotAllowed(BadRequest):
    """A ``text`` that a person has typed, or others have sent."""

    @property
    def rule(self) -> str:
        """What is wrong with it, in English, and nothing of it: that is what may be logged."""
        empty = Message(self.message.name, **{**self.message.fields, "text": ""})
        return str(empty).removeprefix("'' ")


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
    def nameless(self) -> bool:
        """Whether the name was asked to go: the code stands in its place."""
        return self.name == self.code

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
    if not is_code(code):
        raise NotAllowed("people.bad-code", text=text)
    return code


def is_code(text: str) -> bool:
    """Whether this is an employee code in normal form."""
    return (
        0 < len(text) <= _CODE_LENGTH
        and text[0].isalnum()
        and all(char.isalnum() or char in "._-" for char in text)
    )


def checked_name(text: str) -> str:
    """Return a worker's name in normal form (NFC). BadRequest if empty or unprintable."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > 100 or not name.isprintable():
        raise NotAllowed("people.bad-name", text=text)
    return name


def alike(name: str, other: str) -> bool:
    """Whether two names are one but for accents, case and spaces, as typed at two keyboards."""
    return _plain(name) == _plain(other)


def so_called(text: str, names: Mapping[str, str]) -> list[str]:
    """The codes of those whose whole name, or given name, ``text`` is; ``names`` are by code."""
    called = _plain(text)
    return sorted(
        code
        for code, name in names.items()
        if called and called in (_plain(name), _plain(name.split()[-1]))
    )


def namesakes(names: Mapping[str, str]) -> list[list[str]]:
    """The codes of those who share a name, accents aside; ``names`` are by code.

    Many people here share a whole name: it is no reason to refuse anybody, but one of them may have
    been entered twice.
    """
    called: dict[str, list[str]] = {}
    for code, name in sorted(names.items()):
        called.setdefault(_plain(name), []).append(code)
    return [codes for codes in called.values() if len(codes) > 1]


def another_person(name: str, other: str) -> bool:
    """Whether so much of a name is different that it is more likely another person's.

    One person's are names that differ in accents, in the order of their words, by a letter in a
    long word, or by words that were added or left out. Another's share less than half of their
    words, or have another given name, which stands last, and not nearly all of the rest.
    """
    if alike(name, other):
        return False
    words, others = ([_plain(word) for word in text.split()] for text in (name, other))
    given = _among(words[-1], others) and _among(others[-1], words)
    kept = sum(_among(word, others) for word in words)
    fewer, more = sorted((len(words), len(others)))
    if kept >= fewer and fewer > 1:
        return False
    return kept < fewer / 2 if given else kept <= more * 3 / 4


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return "".join(char for char in letters if char.isalnum())


def _among(word: str, words: list[str]) -> bool:
    """Whether a word is one of ``words``, or a long one of them but for one letter."""
    return any(word == other or _one_letter_off(word, other) for other in words)


def _one_letter_off(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    if len(short) < _LONG_ENOUGH or len(long) - len(short) > 1:
        return False
    at = next((i for i, char in enumerate(short) if char != long[i]), len(short))
    swapped = short[at + 1 : at + 2] + short[at : at + 1] + short[at + 2 :]
    if len(short) == len(long):
        return short[at + 1 :] == long[at + 1 :] or swapped == long[at:]
    return short[at:] == long[at + 1 :]


_LONG_ENOUGH = 4
"""Letters of a word that one wrong letter leaves the same: *Mai* and *Mùi* are two persons."""


class Holders:
    """Whose a code was when: it may be given to another person, and the punches stay.

    ``names`` are those of today, by code. ``former``: code, name, and the first place that was no
    longer theirs: the number of an entry, or a time.
    """

    def __init__(self, names: Mapping[str, str], former: Iterable[tuple[str, str, int]]) -> None:
        self._names = names
        self._former: dict[str, list[tuple[int, str]]] = {}
        for code, name, until in former:
            self._former.setdefault(code, []).append((until, name))

    def at(self, code: str, place: float) -> str | None:
        """The name of whoever had the code at this place; None where it is nobody's."""
        before = [one for one in self._former.get(code, ()) if place < one[0]]
        return min(before)[1] if before else self._names.get(code)

    def before(self, code: str) -> list[str]:
        """The names of those who had the code earlier, the first one first."""
        return [name for _, name in sorted(self._former.get(code, ()))]


def look_alikes(code: str, codes: Iterable[str]) -> list[str]:
    """Those of ``codes`` that people would take for ``code``, in order; not ``code`` itself.

    Case, width, accents, separators and leading zeros aside, and letters that look like others.
    """
    looks = _looks(code)
    return sorted(other for other in codes if other != code and _looks(other) == looks)


def look_alikes_among(codes: Iterable[str]) -> dict[str, list[str]]:
    """Which others each of ``codes`` would be taken for; those that look like none are left out."""
    by_looks: dict[str, list[str]] = {}
    for code in sorted(set(codes)):
        by_looks.setdefault(_looks(code), []).append(code)
    return {
        code: [other for other in alike if other != code]
        for alike in by_looks.values()
        for code in alike
        if len(alike) > 1
    }


def _looks(code: str) -> str:
    shown = unicodedata.normalize("NFKC", code).upper()
    plain = unicodedata.normalize("NFD", shown.translate(_LOOKS_LIKE))
    kept = "".join(char for char in plain if char.isalnum())
    return re.sub(r"(?<!\d)0+(?=.)", "", kept)


_LOOKS_LIKE = str.maketrans(
    "АВЕКМНОРСТУХІЈЅЗΑΒΕΖΗΙΚΜΝΟΡΤΥΧĐÐƉOIL",
    "ABEKMH0PCTYX1JS3ABEZH1KMN0PTYXDDD011",
)
"""Cyrillic and Greek capitals, the three crossed Ds, and the letters that pass for digits."""


def lacks_digit(code: str) -> bool:
    """Whether this may be the first word of a name whose code was forgotten."""
    return not any(char.isdigit() for char in code)


def like_a_code(name: str, codes: Iterable[str]) -> bool:
    """Whether a name is written as one of ``codes`` is, but for its number: NV101 beside NV001."""
    return not lacks_digit(name) and _form(name) in {_form(code) for code in codes}


def _form(text: str) -> str:
    return re.sub(r"\d+", "0", text.upper())


def checked_reason(text: str) -> str:
    """Return a reason code. Never free text: it goes to payroll, and could hold a name.

    Raises BadRequest unless it is 1–32 of ``a-z 0-9 -`` and begins with a letter.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,31}", text):
        raise NotAllowed("people.bad-reason", text=text)
    return text


def checked_finger(text: str) -> str:
    """Return a finger name. Raises BadRequest with the names there are."""
    if text not in FINGERS:
        raise NotAllowed("people.bad-finger", text=text, fingers=FINGERS)
    return text
