"""What people read, by name: a message is a name with typed fields, its words stand in catalogues.

``edge_agent/locale/LANGUAGE/LC_MESSAGES/SUBJECT.po`` has the words of all messages ``SUBJECT.…``,
with their fields in braces. How a field is shown is stated there: ``{code}`` as it is,
``{text!r}`` in quotes, ``{when:moment}`` (an ISO 8601 time) and ``{on:day}`` as people write them,
either with its weekday as ``{on:weekday}`` where a wrong day would be paid or lost,
``{share:.1f}`` with the language's decimal sign, ``{finger:finger}`` (``right-index``) by its name,
``{codes:or}``, ``{codes:list}`` and ``{commands:steps}`` for several, ``{file:shell}`` as a shell
takes it, in a command to be typed, and ``{restart:typed}`` a whole command: no full stop stands
behind what is typed, however many messages it is in. A field may be a message itself, or be looked
up: ``{hint:as.hint}`` is the message ``hint.VALUE``. Where ``count`` decides between one and more,
the message has plural forms.

English is what logs and machines get: ``str(message)``. ``say`` is for the person who asked.
"""

import os
from collections.abc import Mapping
from functools import cache

TYPE_CHECKING = False  # For mypy; to ask typing for it would be dear, see __main__.
if TYPE_CHECKING:
    from gettext import GNUTranslations
    from typing import Any

ENGLISH, VIETNAMESE = LANGUAGES = ("en", "vi")

CATALOGUES = os.path.join(os.path.dirname(__file__), os.pardir, "locale")
"""No Path: 'edge-agent --version' comes by here, and does without all that one takes."""

_chosen: "str | None" = None


class Message:
    """A name with its fields, and a sentence only once somebody reads it.

    A sentence that was written by others, and has no name, stands for itself.
    """

    __slots__ = ("fields", "name")

    def __init__(self, name: str, /, **fields: object) -> None:
        self.name = name
        self.fields = {key: _as_field(value) for key, value in fields.items()}

    def __str__(self) -> str:
        return said(self, ENGLISH)

    def __repr__(self) -> str:
        return f"Message({self.name!r}, **{self.fields!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.plain() == other.plain()

    def __hash__(self) -> int:
        return hash(self.name)

    def plain(self) -> "dict[str, Any]":
        """Its name and fields, as JSON carries them."""
        return {"name": self.name, "fields": {k: _plain(v) for k, v in self.fields.items()}}


def say(message: "str | Message", /, **fields: object) -> str:
    """The words of a message, given or by its name, in the language of whoever asked."""
    return said(message if isinstance(message, Message) else Message(message, **fields), current())


def said(message: Message, language: str) -> str:
    """The words of a message in a language, or in English where that lacks them."""
    return unmarked(marked(message, language))


_TYPED = "\ue000"
"""Ends what is typed as long as its sentence is being put together. No text of others' has it: it
cannot be printed, see ``visible``."""


def unmarked(text: str) -> str:
    """Words as people see them: whoever copies a line's last words would type a full stop, too."""
    if _TYPED not in text:
        return text
    return text.replace(f"{_TYPED}.\n", "\n").removesuffix(f"{_TYPED}.").replace(_TYPED, "")


def marked(message: Message, language: str) -> str:
    """The words of a message for a part of a sentence, to be ``unmarked`` with what follows."""
    if " " in message.name:
        return message.name
    for one in (language, ENGLISH):
        template = _template(message, one)
        if template is not None:
            shown = {key: _Field(value, one) for key, value in message.fields.items()}
            return template.format_map(shown)
    return f"{message.name} {message.plain()['fields']}" if message.fields else message.name


def received(text: str, name: str, fields: "Mapping[str, Any]") -> Message:
    """A message from a program that may be of another version, which has sent its English text."""
    message = Message(text)
    if name and all(_template(Message(name, **fields), one) is not None for one in LANGUAGES):
        named = Message(name, **fields)
        try:
            said(named, VIETNAMESE)
        except (KeyError, ValueError, TypeError):  # Other fields than ours.
            return message
        return named
    return message


def because(error: OSError) -> "Message | str":
    """What the system says is the matter, as a field of a message."""
    from errno import errorcode

    message = Message(f"system.{errorcode.get(error.errno or 0, '').lower()}")
    return message if is_name(message.name) else error.strerror or str(error)


def together(*messages: "Message | str | None") -> "Message | None":
    """Several sentences, one after the other; None where there is none."""
    said = [message for message in messages if message]
    if len(said) > 1:
        return Message("words.together", sentences=said)
    one = said[0] if said else None
    return Message(one) if isinstance(one, str) else one


def told_problem(told: "Mapping[str, Any]") -> "Message | None":
    """What a part of the status says is the matter: ``problem``, by its name where it has one."""
    problem = told.get("problem")
    named = told.get("message") or {}
    return received(problem, named.get("name", ""), named.get("fields", {})) if problem else None


def told_problems(told: "Mapping[str, Any]") -> "dict[str, Message]":
    """The same of a part that tells of several: ``problems``, and ``messages`` of the same keys."""
    named = {key: told.get("messages", {}).get(key) for key in told.get("problems", {})}
    return {
        key: received(told["problems"][key], **(message or {"name": "", "fields": {}}))
        for key, message in named.items()
    }


def use(language: "str | None") -> None:
    """Speak a language from now on; None: the one that the environment names."""
    global _chosen  # noqa: PLW0603
    _chosen = language


def current() -> str:
    """The language of whoever asked."""
    return _chosen or stated_by(os.environ)


def stated_by(environment: Mapping[str, str]) -> str:
    """The language that the environment names, as gettext reads it; English otherwise."""
    for key in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if stated := environment.get(key):
            first = stated.split(":")[0][:2].lower()
            return first if first in LANGUAGES else ENGLISH
    return ENGLISH


def visible(text: str) -> str:
    r"""Text of other people's that no terminal obeys: ``\x1b`` for what cannot be printed."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def is_name(text: str) -> bool:
    """Whether this is the name of a message there is."""
    subject, dot, _ = text.partition(".")
    if not dot or not subject.isidentifier():
        return False
    catalogue = _catalogue(subject, ENGLISH)
    return catalogue is not None and _words(catalogue, text, 1) is not None


class _Field:
    """A value as its place in a sentence shows it."""

    __slots__ = ("_language", "_value")

    def __init__(self, value: object, language: str) -> None:
        self._value = value
        self._language = language

    def __repr__(self) -> str:
        text = repr(self._value)
        return text if len(text) <= _QUOTED else f"{text[: _QUOTED // 2]} … {text[-10:]}"

    def __str__(self) -> str:
        return _shown(self._value, self._language)

    def __format__(self, kind: str) -> str:
        value, language = self._value, self._language
        if kind == "":
            return _shown(value, language)
        if kind == "moment":
            return _moment(_shown(value, language), language)
        if kind == "day":
            return _day(_shown(value, language), language)
        if kind == "weekday":
            return _weekday(_shown(value, language), language)
        if kind == "finger":
            return _looked_up("finger", value, language)
        if kind == "shell":
            from shlex import quote  # Only where a command is told.

            return quote(_shown(value, language)) + _TYPED
        if kind == "typed":
            return _shown(value, language) + _TYPED
        if kind.startswith("as."):
            return _looked_up(kind.removeprefix("as."), value, language)
        if kind in ("or", "and", "list", "steps", "lines", "sentences"):
            value = value if isinstance(value, list) else [value]
            shown = [_shown(one, language) for one in value]
            if kind == "steps":  # One that is a message says itself whether it ends in a command.
                steps = zip(shown, value, strict=True)
                shown = [one if isinstance(step, Message) else one + _TYPED for one, step in steps]
            return _joined(shown, kind, language)
        return _number(format(value, kind), language)


_QUOTED = 160
"""Characters of what somebody typed, or sent, that are said back whole: a path, a long name."""

_BETWEEN = {"list": ", ", "steps": " && ", "lines": "\n  ", "sentences": " "}

_DECIMAL_COMMA = str.maketrans(".,", ",.")


def _joined(shown: "list[str]", kind: str, language: str) -> str:
    """Several of a kind: with "or" and "and", that word stands before the last one only."""
    if (between := _BETWEEN.get(kind)) is not None:
        return between.join(shown)
    first = ", ".join(shown[:-1])
    return f"{first} {said(Message(f'words.{kind}'), language)} {shown[-1]}" if first else shown[-1]


def _number(text: str, language: str) -> str:
    return text.translate(_DECIMAL_COMMA) if language == VIETNAMESE else text


def _shown(value: object, language: str) -> str:
    if isinstance(value, Message):
        return marked(value, language)
    if isinstance(value, str):
        return visible(value)
    return _number(str(value), language) if isinstance(value, float) else str(value)


def _looked_up(subject: str, value: object, language: str) -> str:
    """The words for a code; the code where there are none."""
    message = Message(f"{subject}.{value}")
    return marked(message, language) if is_name(message.name) else visible(str(value))


def _moment(text: str, language: str) -> str:
    """``2026-11-23 06:00:00``; in Vietnamese ``23/11/2026 06:00:00``."""
    day, time = text[:10], text[11:19]
    return f"{_day(day, language)} {time}" if time else _day(day, language)


def _day(text: str, language: str) -> str:
    """The day alone, of a time as well; what is no day stands as it is."""
    if not text[4:5] == text[7:8] == "-":
        return text
    return f"{text[8:10]}/{text[5:7]}/{text[:4]}" if language == VIETNAMESE else text[:10]


def _weekday(text: str, language: str) -> str:
    """The same of either, as ``Fri 2026-11-27``; in Vietnamese ``thứ sáu 27/11/2026``."""
    from datetime import date  # Only where a day is told.

    told = _moment(text, language)
    try:
        number = date.fromisoformat(text[:10]).weekday()
    except ValueError:
        return told
    return f"{said(Message(f'words.weekday-{number}'), language)} {told}"


def _template(message: Message, language: str) -> "str | None":
    subject, dot, _ = message.name.partition(".")
    if not dot or not subject.isidentifier():
        return None
    catalogue = _catalogue(subject, language)
    if catalogue is None:
        return None
    count = message.fields.get("count")
    return _words(catalogue, message.name, count if isinstance(count, int) else 1)


def _words(catalogue: "GNUTranslations", name: str, count: int) -> "str | None":
    template = catalogue.ngettext(name, name, count)
    if template == name:  # It has no plural forms, or there is none.
        template = catalogue.gettext(name)
    return None if template == name else template


@cache
def _catalogue(subject: str, language: str) -> "GNUTranslations | None":
    """The words of one subject, read at the first message of it."""
    from gettext import GNUTranslations

    path = os.path.join(CATALOGUES, language, "LC_MESSAGES", f"{subject}.mo")
    try:
        with open(path, "rb") as file:
            return GNUTranslations(file)
    except OSError:
        return None


def _as_field(value: object) -> object:
    """What stays the same when it goes over the control socket."""
    told = getattr(value, "message", None)
    if isinstance(told, Message):  # An error that is the cause of another.
        return told
    if isinstance(value, (Message, bool, int, float)) or value is None:
        return value
    if isinstance(value, dict) and value.keys() == {"name", "fields"}:
        return Message(value["name"], **value["fields"])
    if isinstance(value, (list, tuple)):
        return [_as_field(one) for one in value]
    return str(value)


def _plain(value: object) -> "Any":
    if isinstance(value, Message):
        return value.plain()
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value
