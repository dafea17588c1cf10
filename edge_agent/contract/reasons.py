"""Why something could not be read, in words for whoever asked: what a decoder says is English.

The log has ``told.rule``, which says a little more. Never a value: see there. Pure.
"""

import re

import msgspec

from .language import Message, because
from .told import RuleBroken


def reason(error: Exception) -> Message | str:
    """Which rule of a format was broken and where, or what SQLite or the system says."""
    if isinstance(error, RuleBroken):
        return error.message
    if isinstance(error, msgspec.MsgspecError):
        return _not_decoded(str(error))
    if isinstance(error, UnicodeError):
        return Message("rule.no-utf8")
    if isinstance(error, RecursionError):
        return Message("rule.too-deep")
    if isinstance(error, OSError):
        return because(error)
    module = type(error).__module__
    if module == "sqlite3":
        return _of_sqlite(error)
    return _of_csv(str(error)) if module == "_csv" else Message("rule.other-form")


def _not_decoded(text: str) -> Message:
    if found := re.search(_AT_BYTE, text):
        return Message("rule.malformed", byte=int(found[1]))
    if "truncated" in text:
        return Message("rule.cut-off")
    if "UTF-8" in text:
        return Message("rule.no-utf8")
    place = re.search(_PLACE, text)
    where = place[1] if place and place[1] else Message("rule.whole")
    if found := re.match(_LACKS, text):
        return Message("rule.lacks", field=found[1], where=where)
    for begin, name in _OF_A_PLACE.items():
        if re.match(begin, text):
            return Message(name, where=where)
    return Message("rule.other-value", where=where)


_AT_BYTE = r"is malformed: .*\(byte (\d+)\)\Z"
_PLACE = r"(?s) - at `(?:key in )?\$\.?([\w.\[\]]*)`\Z"
_LACKS = r"Object missing required field `(\w+)`"
_OF_A_PLACE = {
    r"Object contains unknown field": "rule.unknown-field",
    r"Expected `[^`]+`, got `": "rule.other-type",
}
"""What msgspec says. Texts: see there."""


def _of_sqlite(error: Exception) -> Message:
    code = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
    name = _SQLITE.get(code)
    return Message(name) if name else Message("rule.sqlite", text=str(error))


_SQLITE = {
    "SQLITE_NOTADB": "rule.no-database",
    "SQLITE_CORRUPT": "rule.database-malformed",
    "SQLITE_BUSY": "rule.database-locked",
    "SQLITE_LOCKED": "rule.database-locked",
    "SQLITE_IOERR": "rule.disk-error",
    "SQLITE_FULL": "rule.disk-full",
    "SQLITE_READONLY": "rule.read-only",
    "SQLITE_CANTOPEN": "rule.not-opened",
}


def _of_csv(text: str) -> Message:
    for words, name in _CSV.items():
        if words in text:
            return Message(name)
    return Message("rule.other-form")


_CSV = {
    "expected after": "rule.csv-after-quote",
    "unexpected end": "rule.csv-open-quote",
    "field larger": "rule.csv-long-cell",
    "NUL": "rule.csv-nul",
    "new-line": "rule.csv-new-line",
}
