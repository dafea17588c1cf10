"""Text that a spreadsheet would take for a formula (CWE-1236), made harmless, and read back."""

import re

_BEGINS = ("=", "+", "-", "@", "\t", "\r")
_MARKED = re.compile(r"'[=+\-@\t\r]")


def harmless(text: str) -> str:
    """The text with a mark in front, where it begins like a formula."""
    return f"'{text}" if text.startswith(_BEGINS) else text


def meant(cell: str) -> str:
    """What ``harmless`` has made this of."""
    return cell[1:] if _MARKED.match(cell) else cell
