"""What a keyboard's keys come to: lines of text. Pure: moments are passed in, in seconds.

Somebody is credited by such a line, so it is whole or it is none: where a key may be missing, or
is not understood, nothing is read of it.
"""

from dataclasses import dataclass, field

from msgspec import Struct

QUICK_S = 0.1
"""A reader types its keys closer together than this, and no person does for a whole line."""

PATIENCE_S = 5.0
"""Who takes longer for the next key has gone, and what was typed is forgotten."""

LONGEST = 128
"""Characters of a line; more is none of ours."""

EV_SYN, EV_KEY = 0, 1
_SYN_DROPPED = 3
"""linux/input-event-codes.h: the kernel has lost keys, for nobody has read them in time."""

_SHIFTS = frozenset({42, 54})
_OTHER_HOLDS = frozenset({29, 97, 56, 100, 125, 126})
"""Ctrl, Alt and Meta: what is typed with them is no text."""
_LOCKS = frozenset({58, 69, 70})
"""Caps, Num and Scroll Lock: a keypad's digits come as digits anyhow."""
_ENDS = frozenset({28, 96, 15})
"""Enter, that of the keypad, and Tab."""
_BACKSPACE = 14
_CLEARS = frozenset({1, 111})
"""Escape and Delete."""


def _row(first: int, plain: str, shifted: str) -> dict[int, tuple[str, str]]:
    return {first + n: pair for n, pair in enumerate(zip(plain, shifted, strict=True))}


_KEYS = {
    **_row(2, "1234567890-=", "!@#$%^&*()_+"),
    **_row(16, "qwertyuiop[]", "QWERTYUIOP{}"),
    **_row(30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    **_row(43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    57: (" ", " "),
    **_row(71, "789-456+1230.", "789-456+1230."),
    55: ("*", "*"),
    98: ("/", "/"),
    117: ("=", "="),
    121: (",", ","),
}
"""Key codes → without and with shift, in the layout of the USA: what readers type from the factory.
Those from 71 on are the keypad's."""


class Key(Struct, frozen=True):
    """An event as the kernel tells it: ``value`` is 1 where a key goes down, 0 up, 2 repeated."""

    type: int
    code: int
    value: int
    at: float


@dataclass(frozen=True)
class Line:
    """What was typed up to Enter; ``text`` is None where it cannot be read for certain.

    ``quick``: no person has typed it.
    """

    text: str | None = field(repr=False)  # somebody's card: never in a log
    quick: bool
    at: float


class Keyboard:
    """The keys of one device, from where it was opened on. Nothing of it outlives the device."""

    def __init__(self, opened: float) -> None:
        """``opened``: when nothing of it had been read yet."""
        self._typed: list[str] = []
        self._spoiled = self._any = False
        self._held: set[int] = set()
        self._quick = True
        self._last = opened
        self._cut = True
        """Whether a line may be under way whose beginning nobody has seen."""

    def feed(self, key: Key) -> Line | None:
        """The line that ends with this key, if one does."""
        if key.type == EV_SYN and key.code == _SYN_DROPPED:
            self._forget()
            self._held.clear()
            self._cut = True
            return None
        if key.type != EV_KEY or key.value not in (0, 1):
            return None
        if key.code in _SHIFTS or key.code in _OTHER_HOLDS:
            (self._held.add if key.value else self._held.discard)(key.code)
            return None
        if not key.value or key.code in _LOCKS:
            return None
        return self._pressed(key)

    def _pressed(self, key: Key) -> Line | None:
        gap, self._last = key.at - self._last, key.at
        if self._cut:
            # Quick keys right after the beginning may be the end of a code: it is let pass by.
            if gap <= QUICK_S:
                return None
            self._cut = False
        if not 0 <= gap <= PATIENCE_S:
            self._forget()
        elif self._any:
            self._quick = self._quick and gap <= QUICK_S
        if key.code in _ENDS:
            return self._end(key.at)
        self._type(key.code)
        return None

    def _type(self, code: int) -> None:
        if code in _CLEARS:
            self._forget()
            return
        self._any = True
        if code == _BACKSPACE:
            if self._typed:
                self._typed.pop()
        elif code not in _KEYS or self._held & _OTHER_HOLDS or len(self._typed) == LONGEST:
            self._spoiled = True
        else:
            self._typed.append(_KEYS[code][bool(self._held & _SHIFTS)])

    def _end(self, at: float) -> Line | None:
        line = None
        if self._any:
            text = None if self._spoiled else "".join(self._typed).strip()
            line = Line(text or None, self._quick, at)
        self._forget()
        return line

    def _forget(self) -> None:
        self._typed.clear()
        self._spoiled = self._any = False
        self._quick = True
