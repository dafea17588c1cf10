"""Read the settings file, collecting every problem before giving up."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, time
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, structs

from ...contract.rights import unreadable
from ..errors import BadSettings
from .meaning import PATHS, PUBLIC_KEY, meaning_problems, socket_problems
from .read_toml import NoText, read_toml
from .schema import Pin, Section, Settings

_LONGEST_SHOWN = 80

_PIN = 'use a BCM number from 0 to 27, or "none"'

_TOPIC = "use a topic without '#', '+', spaces, and no '/' or '$' at its ends"

_HOURS = 'use a list of hours of the day, such as ["05:00-10:00", "22:00-02:00"]'

_EXPLANATIONS = {
    ("gate", "id"): "use 1 to 32 of a-z, 0-9 and '-'",
    ("mqtt", "root"): _TOPIC,
    ("home_assistant", "prefix"): _TOPIC,
    ("sensor", "port"): "use a path or URL",
    ("store", "path"): "use a path",
    ("control", "socket"): "use a path",
    ("mqtt", "host"): "use a name or an address",
    ("payroll", "public_key"): PUBLIC_KEY,
    ("panel", "voice"): 'use "espeak-ng", or the whole path of a folder with recordings',
    ("display", "call"): "use at most 60 letters and digits in one line, such as 0912 345 678",
    ("punch", "in_hours"): _HOURS,
    ("punch", "out_hours"): _HOURS,
    ("mqtt", "port"): 'use a number from 1 to 65535, or "auto"',
}

_SECTIONS: dict[str, Any] = {field.name: field.type for field in structs.fields(Settings)}


def load_settings(path: Path) -> Settings:
    """Return the settings in the TOML file at ``path``.

    Raises BadSettings with one line for each problem, naming the section and the key, or the line.
    """
    try:
        found = read_toml(path.read_bytes())
    except FileNotFoundError:
        raise BadSettings(
            str(path), ["There is no such file: name another with --config or EDGE_AGENT_CONFIG."]
        ) from None
    except OSError as error:
        raise BadSettings(str(path), [f"It cannot be read: {unreadable(path, error)}."]) from error
    except NoText as error:
        raise BadSettings(str(path), [f"{error}."]) from error

    problems: list[str] = []
    raw = _by_section(found.tables, problems)
    sections = {
        name: _section(name, kind, raw.get(name, {}), found.unread, problems)
        for name, kind in _SECTIONS.items()
    }
    problems += meaning_problems(sections)
    for section, key in PATHS:
        values = sections[section]
        # pyserial knows ports of other kinds.
        if values.get(key) and "://" not in values[key]:
            values[key] = str(path.absolute().parent / values[key])
    problems += socket_problems(sections["control"].get("socket", ""))
    if found.problems or problems:
        raise BadSettings(str(path), found.problems + sorted(problems))
    return Settings(**{name: kind(**sections[name]) for name, kind in _SECTIONS.items()})


def changed_settings(then: Settings, now: Settings) -> list[str]:
    """The keys, with their sections, whose values differ."""
    return [
        f"[{section}] {key.name}"
        for section, kind in _SECTIONS.items()
        for key in structs.fields(kind)
        if getattr(getattr(then, section), key.name) != getattr(getattr(now, section), key.name)
    ]


def _by_section(tables: dict[str, Any], problems: list[str]) -> dict[str, Any]:
    """The tables under the names that they should have, so that their keys are judged too."""
    raw = {name: tables[name] for name in tables if name in _SECTIONS}
    for name in tables.keys() - _SECTIONS:
        if not isinstance(tables[name], dict) and (homes := _homes(name)):
            problems.append(f"{name}: this key stands in no section: put it below {homes}.")
            continue
        close = _near(name, _SECTIONS)
        problems.append(f"[{name}]: {_unknown('section', close)}")
        if close is not None:
            raw.setdefault(close, tables[name])
    return raw


def _section(
    name: str, kind: type[Section], raw: Any, unread: set[tuple[str, str]], problems: list[str]
) -> dict[str, Any]:
    """Convert one section key by key: msgspec alone would stop at the first problem."""
    if not isinstance(raw, dict):
        problems.append(f"[{name}]: this is a section: write its keys under a line [{name}].")
        return {}
    fields = {field.name: field for field in structs.fields(kind)}
    misspelt = dict(_misspelt(name, raw.keys() - fields, fields, problems))
    values: dict[str, Any] = {}
    for key, field in fields.items():
        if key in raw:
            try:
                values[key] = msgspec.convert(raw[key], field.type)
            except (msgspec.ValidationError, ValueError):  # An endless number.
                problems.append(f"[{name}] {key}: {_plain(name, key, field.type, raw[key])}")
        elif field.default is not NODEFAULT:
            values[key] = field.default
        elif (name, key) not in unread and key not in misspelt:
            problems.append(f"[{name}] {key}: this is missing; {_EXPLANATIONS[name, key]}.")
    return values


def _misspelt(
    name: str, unknown: Iterable[str], fields: dict[str, Any], problems: list[str]
) -> Iterator[tuple[str, str]]:
    """Tell of each key that is none of this section's; yields what seems to be meant, and it."""
    for key in unknown:
        close = _near(key, fields)
        if homes := _homes(key):
            problems.append(f"[{name}] {key}: there is no such key; it belongs below {homes}.")
        else:
            problems.append(f"[{name}] {key}: {_unknown('key', close)}")
            if close is not None:
                yield close, key


def _homes(key: str) -> str:
    """The sections that have this key."""
    homes = (f"[{name}]" for name, kind in _SECTIONS.items() if key in kind.__struct_fields__)
    return " or ".join(homes)


def _unknown(what: str, close: str | None) -> str:
    return f"there is no such {what}" + (f"; did you mean {close!r}?" if close else ".")


def _near(name: str, known: Iterable[str]) -> str | None:
    import difflib  # Only for whoever has mistyped a key.

    plain = re.sub(r"[\W_]+", "_", name.strip().casefold())
    return next(iter(difflib.get_close_matches(plain, known, n=1)), None)


def _plain(section: str, key: str, kind: Any, value: Any) -> str:
    """What is wrong with a value, and what to write instead."""
    advice = _PIN if kind is Pin else _EXPLANATIONS.get((section, key)) or f"use {_wanted(kind)}"
    meant = _meant(kind, value)
    told = f"{_shown(value)} cannot be used: {advice}"
    return f"{told}." if meant is None else f"{told}; did you mean {key} = {meant}?"


def _wanted(kind: Any) -> str:
    """A type in words."""
    if choices := _choices(kind):
        return f"one of {', '.join(map(repr, choices))}"
    if isinstance(kind, UnionType) or get_origin(kind) is Union:
        first, *others = (_wanted(part) for part in get_args(kind))
        return ", or ".join([first, *(other.removeprefix("one of ") for other in others)])
    if get_origin(kind) is Annotated:
        plain, meta = get_args(kind)
        if plain is int and isinstance(meta, Meta):
            return f"a whole number from {meta.ge} to {meta.le}, without quotes"
        return _wanted(plain)
    return "true or false, without quotes" if kind is bool else "text in quotes"


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


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    try:
        text = str(value) if isinstance(value, date | time) else repr(value)
    except (ValueError, RecursionError):  # A number of thousands of digits.
        text = f"this {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
