"""Whose press it was, as the screen may show it: the name, the code, initials, or nothing."""

from typing import Literal
from unicodedata import category, combining, normalize

_LONGEST = 80
"""Letters. Names of 40 and more are shown whole."""

_MARKS_A_LETTER = 2
"""Vietnamese needs two where they do not melt into one letter; more than that only hide others."""


def whose(code: str, name: str | None, show: Literal["name", "code", "initials", "nothing"]) -> str:
    """What is shown of a worker; the code where a name is not known."""
    if show == "nothing":
        return ""
    if show == "code" or not name:
        return harmless(code)
    plain = harmless(name)
    if show == "name":
        return plain
    return "".join(f"{word[0]}." for word in plain.upper().split())


def harmless(text: str) -> str:
    """One line of letters: without what steers a terminal or turns the direction of writing."""
    kept: list[str] = []
    marks = 0
    for char in normalize("NFC", text):
        marks = marks + 1 if combining(char) else 0
        if char.isspace():
            kept.append(" ")
        elif category(char)[0] != "C" and marks <= _MARKS_A_LETTER:
            kept.append(char)
    line = " ".join("".join(kept).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
