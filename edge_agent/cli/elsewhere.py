"""What is typed in the place of a word that is no command there: only for whoever has typed one."""

from ..contract.language import is_name, say

_FEW = 2
"""Commands that one line has room for."""


def usual(path: str, word: str) -> str:
    """The commands that are meant by a word behind those of ``path``; "" where nobody knows."""
    word = word.lower()
    for name in (f"meant.{'-'.join([*path.split(), word])}", f"meant.anywhere-{word}"):
        if word.isascii() and is_name(name):
            return say(name)
    return ""


def told(wanted: str, meant: str) -> str:
    """What is said of a word, and what is meant by it."""
    lines = meant.split(", ")
    if len(lines) > _FEW:
        return say("command.meant-any", wanted=wanted, lines=lines)
    return say("command.meant", wanted=wanted, line=meant)
