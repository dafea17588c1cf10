"""A settings file as TOML, and in plain words what is wrong with one that is none.

A parser stops at its first error, and calls it by the grammar. So a file that it refuses is read
once more line by line: each bad line is told with its place and mended where it is plain what was
meant, and what the file says besides is judged all the same.
"""

import re
import tomllib
import unicodedata
from typing import Any, NamedTuple

from ...contract.language import Message
from .meaning import SECRETS


class Read(NamedTuple):
    """What a file says: its tables by name, as tomllib gives them."""

    tables: dict[str, Any]
    problems: list[Message]
    """One sentence for each line that is no TOML."""
    unread: set[tuple[str, str]]
    """Section and key of values that stand there and cannot be read: they are not missing."""


class NoText(Exception):
    """The bytes are no UTF-8 text; says what they are, and what to do."""

    def __init__(self, name: str, /, **fields: object) -> None:
        super().__init__(name)
        self.message = Message(name, **fields)


def read_toml(data: bytes) -> Read:
    """Read a settings file, whatever is in it. Raises NoText."""
    text = _decoded(data)
    try:
        return Read(tomllib.loads(text), [], set())
    except (ValueError, RecursionError) as error:  # Beyond TOMLDecodeError: absurd numbers, depth.
        lines = _Lines()
        lines.read(text)
        # What only the whole shows, such as one table under two kinds of name.
        problems = lines.problems or [Message("toml.not-toml", error=error)]
        return Read(lines.tables, problems, lines.unread)


def lines_of(data: bytes) -> dict[tuple[str, str], int]:
    """Section and key ("" for the section itself, or for a key above all sections) → its line.

    Raises NoText.
    """
    lines = _Lines()
    lines.read(_decoded(data))
    return lines.stood


_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def _decoded(data: bytes) -> str:
    if data and not data.strip(b"\0"):
        raise NoText("toml.zeros")
    if (data.startswith(_UTF_16) or not any(data[0::2]) or not any(data[1::2])) and data[1:]:
        raise NoText("toml.utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        byte = f"0x{data[error.start]:02x}"
        raise NoText("toml.ansi", line=line, column=column, byte=byte) from error


class _Lines:
    """Reads one statement after the other."""

    def __init__(self) -> None:
        self.tables: dict[str, Any] = {}
        self.problems: list[Message] = []
        self.unread: set[tuple[str, str]] = set()
        self._section = ""
        self.stood: dict[tuple[str, str], int] = {}
        """Section and key ("" for the section itself) → the line in which it stood first."""

    def read(self, text: str) -> None:
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        number = 0
        while number < len(lines):
            line = lines[number]
            bare = line.strip(" \t")
            used = 1
            if (clean := _without_odd(bare).strip(" \t")).startswith("[") and clean != bare:
                first = next(sign for sign in bare if _is_odd(sign))
                self._tell(number + 1, line.index(first) + 1, _odd(first))
                bare = clean
            if bare.startswith("["):
                self._header(number + 1, bare)
            elif bare and not bare.startswith("#"):
                used = self._statement(number + 1, lines[number : number + _MOST_LINES])
            elif (place := _odd_character(bare)) is not None:
                self._tell(number + 1, line.index(bare) + place + 1, _odd(bare[place]))
            number += used

    def _tell(self, line: int, column: int, what: Message) -> None:
        self.problems.append(Message("toml.at", line=line, column=column, what=what))

    def _twice(self, line: int, key: str, where: str) -> bool:
        first = self.stood.setdefault((self._section, key), line)
        if first != line:
            again = "toml.key-again" if key else "toml.section-again"
            self.problems.append(Message(again, line=line, where=where, first=first))
        return first != line

    def _header(self, line: int, bare: str) -> None:
        told, name = _header(bare)
        if told:
            self._tell(line, len(bare), told)
        self._section = name
        table = self.tables.setdefault(name, {})
        if not isinstance(table, dict):
            self.tables[name] = {}
        self._twice(line, "", f"[{name}]")
        if told and (found := _parsed(bare.partition("]")[2])):
            self._keep(line, found)

    def _statement(self, line: int, following: list[str]) -> int:
        """Take the statement that begins ``following``; returns how many lines it has."""
        first = following[0]
        for used in range(1, len(following) + 1 if _goes_on(first) else 2):
            found = _parsed("\n".join(following[:used]))
            if found is not None:
                self._keep(line, found)
                return used
        column, told, mended = _explained(first)
        self._tell(line, column, told)
        if found := _parsed(mended):
            self._keep(line, found)
        elif key := re.match(r"[\s\"']*([\w-]+)", first):
            self.unread.add((self._section, key[1]))
        return 1

    def _keep(self, line: int, found: dict[str, Any]) -> None:
        table = self.tables.setdefault(self._section, {}) if self._section else self.tables
        for key, value in found.items():
            where = f"[{self._section}] {key}" if self._section else key
            if not self._twice(line, key, where):
                table[key] = value
                if not self._section and isinstance(value, dict):  # gate.id = …
                    self.stood[key, ""] = line


_MOST_LINES = 50
"""A value of more lines than this is none of ours."""


def _parsed(statement: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(statement)
    except (ValueError, RecursionError):
        return None


def _goes_on(line: str) -> bool:
    return line.partition("=")[2].strip().startswith(("[", "{", '"""', "'''"))


def _header(bare: str) -> tuple[Message | None, str]:
    """What is wrong with a section's line, or None, and which section is meant."""
    guess = re.match(r"[\[\s\"'“”‘’]*([^\]\[#=\"'“”‘’\s]*)", bare)
    name = guess[1] if guess else ""
    right = _parsed(bare)
    if right is not None and not bare.startswith("[["):
        return None, next(iter(right))
    if bare.startswith("[["):
        return Message("toml.single-brackets", section=name), name
    if "]" not in bare:
        return Message("toml.bracket-missing", section=name), name
    if bare.rpartition("]")[2].strip():
        return Message("toml.behind-section", section=name), name
    return Message("toml.no-section", section=name or "gate"), name


_QUOTES = dict.fromkeys(map(ord, "“”„‟«»″＂"), '"') | dict.fromkeys(map(ord, "‘’‚‛′＇`´"), "'")

_TRUTH = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false"} | {
    "off": "false"
}


def _explained(line: str) -> tuple[int, Message, str]:
    """The column from 1, what is wrong there, and the line as it was meant, if that is plain."""
    odd = _odd_character(line)
    if odd is not None and _parsed(mended := _without_odd(line)) is not None:
        return odd + 1, _odd(line[odd]), mended
    curly = next((place for place, sign in enumerate(line) if ord(sign) in _QUOTES), None)
    if curly is not None and _parsed(mended := line.translate(_QUOTES)) is not None:
        told = Message("toml.curly", quote=line[curly], meant=_shown(mended))
        return curly + 1, told, mended
    key, equals, value = line.partition("=")
    if not equals:
        key, colon, value = line.partition(":")
        mended = f"{key.rstrip()} = {value.strip()}"
        if colon and _parsed(mended) is not None:
            return len(key) + 1, Message("toml.equals", meant=_shown(mended)), mended
        return len(line) - len(line.lstrip()) + 1, Message("toml.no-line"), ""
    if _parsed(f"x = {value}") is not None:
        column = len(line) - len(line.lstrip()) + 1
        return column, Message("toml.bad-key"), ""
    column = len(line) - len(value.lstrip()) + 1
    value = value.strip()
    name, better = _explained_value(value)
    if key.strip() in SECRETS and better and better[0] not in "\"'":
        from json import dumps  # Settings are read by each command, and are hardly ever wrong here.

        # It is a text, whatever it looks like: 0471 is no number of one digit less.
        name, better = "toml.quotes", dumps(value.partition("#")[0].strip(), ensure_ascii=False)
    mended = f"{key.strip()} = {better}"
    if better and _parsed(mended) is not None:
        return column, Message("toml.write", what=Message(name), meant=_shown(mended)), mended
    return column, Message(name), ""


def _explained_value(value: str) -> tuple[str, str]:
    """What is wrong with what stands behind an equals sign, by name, and what was meant."""
    if not value or value.startswith("#"):
        return "toml.no-value", ""
    plain = value.partition("#")[0].strip().rstrip(",;").strip()
    if plain[:1] in "\"'":
        return _explained_quotes(value, plain)
    if plain.lower() in _TRUTH:
        return "toml.truth", _TRUTH[plain.lower()]
    if re.fullmatch(r"[+-]?0\d+", plain):
        return "toml.zero", str(int(plain))
    if number := re.fullmatch(r"([+-]?\d+)\s*[A-Za-z%]{1,3}", plain):
        return "toml.unit", number[1]
    if plain != value and _parsed(f"x = {plain}") is not None:
        return "toml.behind-value", plain
    if said := re.fullmatch(r"([+-]?[0-9]+|true|false)\s+([^\W\d].*)", plain):
        return "toml.behind-value", f"{said[1]}  # {said[2]}"
    if not set(plain) & set("\"'\\") and not plain.startswith(("[", "{")):
        return "toml.quotes", f'"{plain}"'
    return "toml.bad-value", ""


_QUOTE_NAMES = {'"': "double", "'": "single"}


def _explained_quotes(value: str, plain: str) -> tuple[str, str]:
    quote = plain[0]
    inner, closed, rest = plain[1:].partition(quote)
    if not closed:
        return f"toml.closing-{_QUOTE_NAMES[quote]}", f"{quote}{inner.rstrip(_EITHER)}{quote}"
    if "\\" in inner and quote == '"':
        return "toml.backslash", f"'{inner}'"
    if rest or plain != value:
        return "toml.behind-value", f"{quote}{inner}{quote}"
    return "toml.bad-value", ""


_EITHER = "\"' "


def _odd_character(text: str) -> int | None:
    """Where there is a character that nobody sees, and that TOML does not take for a blank."""
    return next((place for place, sign in enumerate(text) if _is_odd(sign)), None)


def _is_odd(sign: str) -> bool:
    return sign not in " \t" and unicodedata.category(sign) in ("Cc", "Cf", "Zs", "Zl", "Zp")


def _without_odd(text: str) -> str:
    blanks = {sign: " " * (unicodedata.category(sign) == "Zs") for sign in text if _is_odd(sign)}
    return "".join(blanks.get(sign, sign) for sign in text)


def _odd(sign: str) -> Message:
    return Message("toml.unseen", sign=f"U+{ord(sign):04X}")


_LONGEST_SHOWN = 60


def _shown(line: str) -> str:
    """A line as it should be; never what may be a password."""
    line = line.strip()
    key = line.partition("=")[0].strip()
    if key in SECRETS or ("pass" in key.lower() and key != "password_file"):
        return f'{key} = "…"'
    return line if len(line) <= _LONGEST_SHOWN else line[:_LONGEST_SHOWN] + "…"
