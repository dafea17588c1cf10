"""What is told of something that others sent: the place, the field and the rule, never the value;
and how often, in words.

Names, templates and passwords arrive in every field, also in those where they do not belong; a log
is read by many and kept for long. Pure.
"""

import re
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

import msgspec

from .language import Message

_Matter = TypeVar("_Matter", bound=Hashable)

LONGEST_LINE = 2000
"""Characters of one line of the log."""

EVERY_S = 60.0
"""Between two lines on the same matter."""

_MOST_MATTERS = 1000
"""Beyond this the one that is the longest ago is forgotten, and may be told once more."""


class RuleBroken(ValueError):
    """Its text is ours alone: which rule was broken, and nothing of what arrived."""

    def __init__(self, what: Message | str) -> None:
        """``what``: a sentence that stands for itself is English, for the log alone."""
        self.message = what if isinstance(what, Message) else Message(what)
        super().__init__(what)


def rule(error: Exception) -> str:
    """Which rule of a format was broken and where, as far as that is known without a value."""
    if isinstance(error, RuleBroken):
        return str(error)
    if isinstance(error, msgspec.DecodeError | msgspec.ValidationError):
        return re.sub(_UNKNOWN, "an unknown field", re.sub(_QUOTED, r"Invalid value\1", str(error)))
    if isinstance(error, UnicodeError):
        return "it is no UTF-8"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


_QUOTED = r"(?s)Invalid (?:enum )?value .*?( - at `(?:key in )?\$[\w.\[\]]*`)?\Z"
_UNKNOWN = r"(?s)unknown field `.*`"
"""All that msgspec quotes of what it reads. Texts: what a command never meets is not compiled."""


def identifier(text: str) -> str:
    """A gate's or a ledger's name as others have sent it; of what cannot be one, only its length.

    Where a person's name was put, it is no identifier: those have no spaces and no accents.
    """
    if re.fullmatch(_IDENTIFIER, text):
        return text
    return f"(no name of a gate or ledger: {len(text)} characters)"


_IDENTIFIER = r"[0-9A-Za-z._-]{1,64}"


def escaped(text: str, *, lines: bool = False) -> str:
    """As one line of a log, LONGEST_LINE characters at most: nothing in it moves a terminal's
    cursor, turns the writing round or begins a line of its own. ``lines``: its ends may stay.
    """
    shown = re.sub(
        _CONTROL, lambda one: "\n" if lines and one[0] == "\n" else _as_escape(one[0]), text
    )
    return shown if len(shown) <= LONGEST_LINE else shown[:LONGEST_LINE] + "…"


def _as_escape(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


_CONTROL = "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
"""Controls, ends of lines, marks that are not seen, halves of characters."""


def counted(count: int, one: str, more: str | None = None) -> str:
    """``1 print`` and ``2 prints``; ``more`` where the plural is another one or brings a verb."""
    return f"{count} {one if count == 1 else more or f'{one}s'}"


def entries(count: int) -> str:
    """``1 entry``, ``2 entries``."""
    return counted(count, "entry", "entries")


def times(count: int) -> str:
    """What stands at the end of a line that tells of several at once."""
    return "" if count == 1 else f" ({count} times)"


class Sparing(Generic[_Matter]):
    """One line a minute on each matter, with how often it was met since: whoever sends nonsense may
    send it without end. Moments are passed in, in monotonic seconds.
    """

    def __init__(self, most: int = 1, every_s: float = EVERY_S) -> None:
        """``most``: so many lines within ``every_s`` before one has to wait."""
        self._most = most
        self._every_s = every_s
        self._matters: OrderedDict[_Matter, _Met] = OrderedDict()

    def count(self, matter: _Matter, now: float, times: int = 1) -> int | None:
        """How often it was met since it was last told, this time included; None: not now."""
        if (known := self._matters.get(matter)) is None:
            while len(self._matters) >= _MOST_MATTERS:
                self._matters.popitem(last=False)
            known = self._matters[matter] = _Met(now)
        self._matters.move_to_end(matter)
        if now - known.since >= self._every_s:
            known.since, known.told = now, 0
        known.met += times
        if known.told >= self._most:
            return None
        known.told += 1
        met, known.met = known.met, 0
        return met

    def untold(self, now: float) -> list[tuple[_Matter, int]]:
        """What was met and not told, and may be by now: it counts as told."""
        due = [
            (matter, known.met)
            for matter, known in self._matters.items()
            if known.met and now - known.since >= self._every_s
        ]
        for matter, _ in due:
            del self._matters[matter]
        return due


class _Met:
    def __init__(self, now: float) -> None:
        self.since = now
        self.told = 0
        self.met = 0
