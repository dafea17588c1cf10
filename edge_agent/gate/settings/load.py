"""Read the settings file, collecting every problem before giving up."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, time
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, structs

from ...contract.language import Message
from ...contract.rights import unreadable
from ..errors import BadSettings
from .meaning import PATHS, SECRETS, meaning_problems, socket_problems
from .read_toml import NoText, lines_of, read_toml
from .schema import READERS, Pin, Section, Settings

_LONGEST_SHOWN = 80

_PIN = "use.pin"

_EXPLANATIONS = {
    ("gate", "id"): "use.gate-id",
    ("mqtt", "root"): "use.topic",
    ("home_assistant", "prefix"): "use.topic",
    ("sensor", "port"): "use.path-or-url",
    ("store", "path"): "use.path",
    ("control", "socket"): "use.path",
    ("mqtt", "host"): "use.host",
    ("payroll", "public_key"): "use.public-key",
    ("upgrade", "public_key"): "use.upgrade-key",
    ("panel", "voice"): "use.voice",
    ("display", "call"): "use.call",
    ("reader", "devices"): "use.readers",
    ("punch", "in_hours"): "use.hours",
    ("punch", "out_hours"): "use.hours",
    ("mqtt", "port"): "use.tcp-port",
    ("roles", "technician"): "use.group",
    ("roles", "supervisor"): "use.group",
    ("roles", "auditor"): "use.group",
    ("wifi", "name"): "use.wifi-name",
    ("wifi", "password"): "use.wifi-password",
    ("wifi", "country"): "use.country",
    ("mobile", "apn"): "use.apn",
    ("mobile", "pin"): "use.sim-pin",
    ("technician", "ssh_keys"): "use.ssh-keys",
}
"""What to write, by the name of a message."""

_Kind = TypeVar("_Kind", bound=Settings)


def _sections(kind: type[Settings]) -> dict[str, Any]:
    return {field.name: field.type for field in structs.fields(kind)}


_SECTIONS = _sections(Settings)


def load_settings(path: Path) -> Settings:
    """Return the settings in the TOML file at ``path``.

    Raises BadSettings with one line for each problem, naming the section and the key, or the line.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise BadSettings(str(path), [Message("settings.no-file")]) from None
    except OSError as error:
        told = Message("settings.unreadable", why=unreadable(path, error))
        raise BadSettings(str(path), [told]) from error
    return read_settings(content, path)


def read_settings(content: bytes, path: Path) -> Settings:
    """The same of what is to stand at ``path``."""
    return read_sections(content, path, Settings)


def read_sections(content: bytes, path: Path, kind: type[_Kind]) -> _Kind:
    """The same of a file that has further sections, or further keys."""
    known = _sections(kind)
    try:
        found = read_toml(content)
    except NoText as error:
        raise BadSettings(str(path), [error.message]) from error

    problems: list[Message] = []
    raw = _by_section(found.tables, known, problems)
    sections = {
        name: _section(name, known, raw.get(name, {}), found.unread, problems) for name in known
    }
    problems += meaning_problems(sections)
    for section, key in PATHS:
        values = sections[section]
        # pyserial knows ports of other kinds.
        if values.get(key) and "://" not in values[key]:
            values[key] = str(path.absolute().parent / values[key])
    problems += socket_problems(sections["control"].get("socket", ""))
    if found.problems or problems:
        raise BadSettings(str(path), [*found.problems, *in_order(content, problems)])
    return kind(**{name: section(**sections[name]) for name, section in known.items()})


def in_order(content: bytes, problems: Iterable[Message]) -> list[Message]:
    """As they stand in the file, each with its line; what does not stand there comes last."""
    lines = lines_of(content)
    at: dict[int, list[Message]] = {}
    nowhere = []
    for problem in sorted(problems, key=str):
        place = re.match(r"(?:\[([^\]]+)\])? ?([\w-]*):", str(problem))
        if place and (line := lines.get((place[1] or "", place[2]))):
            at.setdefault(line, []).append(Message("settings.at", line=line, what=problem))
        else:
            nowhere.append(problem)
    return [*(one for line in sorted(at) for one in at[line]), *nowhere]


def changed_settings(then: Settings, now: Settings) -> list[str]:
    """The keys, with their sections, whose values differ; not what only commands go by."""
    return [
        f"[{section}] {key.name}"
        for section, kind in _SECTIONS.items()
        for key in structs.fields(kind)
        if getattr(getattr(then, section), key.name) != getattr(getattr(now, section), key.name)
        and (section, key.name) != ("gate", "language")
    ]


def _by_section(
    tables: dict[str, Any], known: dict[str, Any], problems: list[Message]
) -> dict[str, Any]:
    """The tables under the names that they should have, so that their keys are judged too."""
    raw = {name: tables[name] for name in tables if name in known}
    for name in tables.keys() - known:
        if not isinstance(tables[name], dict) and (homes := _homes(name, known)):
            problems.append(Message("settings.key-nowhere", key=name, homes=homes))
            continue
        close = _near(name, known)
        if close is None:
            problems.append(Message("settings.no-section", section=name))
        else:
            problems.append(Message("settings.no-section-but", section=name, meant=close))
        if close is not None:
            raw.setdefault(close, tables[name])
    return raw


def _section(
    name: str,
    known: dict[str, type[Section]],
    raw: Any,
    unread: set[tuple[str, str]],
    problems: list[Message],
) -> dict[str, Any]:
    """Convert one section key by key: msgspec alone would stop at the first problem."""
    if not isinstance(raw, dict):
        problems.append(Message("settings.is-section", section=name))
        return {}
    fields = {field.name: field for field in structs.fields(known[name])}
    misspelt = dict(_misspelt(name, raw.keys() - fields, known, problems))
    values: dict[str, Any] = {}
    for key, field in fields.items():
        if key in raw:
            try:
                values[key] = msgspec.convert(raw[key], field.type)
            except (msgspec.ValidationError, ValueError):  # An endless number.
                problems.append(_plain(name, key, field.type, raw[key]))
        elif field.default is not NODEFAULT:
            values[key] = field.default
        elif (name, key) not in unread and key not in misspelt:
            use = Message(_EXPLANATIONS[name, key])
            problems.append(Message("settings.missing", section=name, key=key, use=use))
    return values


def _misspelt(
    name: str, unknown: Iterable[str], known: dict[str, type[Section]], problems: list[Message]
) -> Iterator[tuple[str, str]]:
    """Tell of each key that is none of this section's; yields what seems to be meant, and it."""
    for key in unknown:
        close = _near(key, known[name].__struct_fields__)
        if homes := _homes(key, known):
            problems.append(Message("settings.key-elsewhere", section=name, key=key, homes=homes))
        elif close is None:
            problems.append(Message("settings.no-key", section=name, key=key))
        else:
            problems.append(Message("settings.no-key-but", section=name, key=key, meant=close))
            yield close, key


def _homes(key: str, known: dict[str, Any]) -> list[str]:
    """The sections that have this key."""
    return [f"[{name}]" for name, kind in known.items() if key in kind.__struct_fields__]


def _near(name: str, known: Iterable[str]) -> str | None:
    import difflib  # Only for whoever has mistyped a key.

    plain = re.sub(r"[\W_]+", "_", name.strip().casefold())
    return next(iter(difflib.get_close_matches(plain, known, n=1)), None)


def _plain(section: str, key: str, kind: Any, value: Any) -> Message:
    """What is wrong with a value, and what to write instead."""
    explained = _PIN if kind is Pin else _EXPLANATIONS.get((section, key))
    use = Message(explained) if explained else Message("use.this", what=_wanted(kind))
    secret = key in SECRETS
    told = {"section": section, "key": key, "value": "…" if secret else _shown(value), "use": use}
    meant = None if secret else _meant(kind, value)
    if meant is None:
        return Message("settings.bad-value", **told)
    return Message("settings.bad-value-but", meant=meant, **told)


def _wanted(kind: Any) -> Message:
    """A type in words."""
    if choices := _choices(kind):
        return Message("use.one-of", choices=[repr(choice) for choice in choices])
    if isinstance(kind, UnionType) or get_origin(kind) is Union:
        parts = get_args(kind)
        single = [repr(choice) for part in parts for choice in _choices(part)]
        first, *others = (_wanted(part) for part in parts)
        if _choices(parts[-1]):
            return Message("use.or-one-of", first=first, choices=single)
        return Message("use.either", first=first, others=others)
    if get_origin(kind) is Annotated:
        plain, meta = get_args(kind)
        if plain is int and isinstance(meta, Meta):
            return Message("use.number", low=meta.ge, high=meta.le)
        return _wanted(plain)
    return Message("use.truth") if kind is bool else Message("use.text")


def _choices(kind: Any) -> tuple[Any, ...]:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(member.value for member in kind)
    return get_args(kind) if get_origin(kind) is Literal else ()


def _meant(kind: Any, value: Any) -> str | None:
    """The value in TOML that differs from the one given by its case, its quotes or its type."""
    for candidate in _candidates(value):
        try:
            msgspec.convert(candidate, kind)
        except (msgspec.ValidationError, ValueError):
            continue
        return msgspec.json.encode(candidate).decode()
    return None


def _candidates(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield "on" if value else "off"
    elif isinstance(value, float) and value.is_integer() and abs(value) < 1e9:
        yield int(value)
    elif (isinstance(value, int) and abs(value) < 1e9) or isinstance(value, date | time):
        yield str(value)
    elif isinstance(value, str):
        word = value.strip().casefold()
        yield word
        if re.fullmatch(r"-?\d{1,9}", word):
            yield int(word)
        if word in ("true", "false"):
            yield word == "true"
        yield from _listed([value])
    elif isinstance(value, list) and all(isinstance(one, str) for one in value):
        yield from _listed(value)


def _listed(texts: list[str]) -> Iterator[list[str]]:
    """A list of them; and where they are names, of the readers that are called so."""
    plain = [text.strip() for text in texts]
    yield plain
    yield [f"{READERS}/{text}" if text and "/" not in text else text for text in plain]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    try:
        text = str(value) if isinstance(value, date | time) else repr(value)
    except (ValueError, RecursionError):  # A number of thousands of digits.
        text = type(value).__name__
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
