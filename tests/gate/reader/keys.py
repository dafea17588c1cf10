"""What keyboards send, made of text: the kernel's events, as a reader or a person types them."""

import struct
from collections.abc import Iterator

from edge_agent.gate.reader.keyboard import _KEYS, EV_KEY, Key

SHIFT, ENTER, KEYPAD_ENTER = 42, 28, 96
CODES = {shown[0]: (code, False) for code, shown in reversed(_KEYS.items())} | {
    shown[1]: (code, True) for code, shown in _KEYS.items() if shown[0] != shown[1]
}
KEYPAD = {digit: code for code, (digit, _) in _KEYS.items() if code >= 71}
READER_S, PERSON_S = 0.005, 0.4


def typed(text: str, at: float, gap: float = READER_S, end: int | None = ENTER) -> Iterator[Key]:
    """``text``, a key every ``gap`` seconds, and Enter."""
    for char in text:
        code, shifted = CODES[char]
        if shifted:
            yield Key(EV_KEY, SHIFT, 1, at)
        yield Key(EV_KEY, code, 1, at)
        yield Key(EV_KEY, code, 0, at)
        if shifted:
            yield Key(EV_KEY, SHIFT, 0, at)
        at += gap
    if end is not None:
        yield Key(EV_KEY, end, 1, at)
        yield Key(EV_KEY, end, 0, at)


def recorded(keys: Iterator[Key]) -> bytes:
    """The same as the kernel's bytes, with the report that ends each."""
    out = b""
    for key in keys:
        for kind, code, value in ((key.type, key.code, key.value), (0, 0, 0)):
            seconds, micros = divmod(round(key.at * 1_000_000), 1_000_000)
            out += struct.pack("@llHHi", seconds, micros, kind, code, value)
    return out
