"""What a file with a password holds, whatever it was written with.

An editor adds a line's end, Windows a mark in front, a hasty hand an empty line. What can only be
meant in one way is read so, and anything else is refused with its reason: a password that is nearly
right is answered by the other side with "not authorised", and nobody finds out why.
"""

import re

from .language import Message

_UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class NoSecret(ValueError):
    """What is wrong with such a file, and never what stands there."""

    def __init__(self, name: str, /, **fields: object) -> None:
        self.message = Message(name, **fields)
        super().__init__(self.message)


def one_line(content: bytes) -> bytes:
    """Return the one line that has something in it, without its end; with blanks around it.

    Raises NoSecret, saying what is wrong and never what stands there.
    """
    if content.startswith(_UTF_16_MARKS):
        try:
            content = content.decode("utf-16").encode()
        except UnicodeDecodeError:
            raise NoSecret("secret.utf-16") from None
    content = content.removeprefix(_UTF_8_MARK)
    if b"\0" in content:
        raise NoSecret("secret.no-utf-8")
    lines = [line for line in re.split(rb"[\r\n]+", content) if line.strip()]
    if len(lines) != 1:
        raise NoSecret("secret.lines", number=len(lines)) if lines else NoSecret("secret.empty")
    return lines[0]


def has_blanks_around(line: bytes) -> bool:
    """Whether a line begins or ends with what nobody sees."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return line != line.strip()
    return text != text.strip().strip("\u200b\ufeff\u00a0")
