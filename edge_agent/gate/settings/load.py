"""Read the settings file, collecting every problem before giving up."""

import os
import re
import tomllib
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo

import msgspec
from msgspec import NODEFAULT, structs

from ..errors import BadSettings
from .schema import MqttSettings, Pin, Section, Settings

_PATHS = (
    ("sensor", "port"),
    ("sensor", "password_file"),
    ("store", "path"),
    ("control", "socket"),
    ("mqtt", "ca_file"),
    ("mqtt", "cert_file"),
    ("mqtt", "key_file"),
    ("mqtt", "password_file"),
)
"""Relative paths are taken from the settings file's folder, so that a folder can be moved whole."""

_SOCKET_PATH_LIMIT = 107
"""Bytes of a Unix-domain socket's path: sizeof(sun_path) - 1 (unix(7))."""

_LONGEST_SHOWN = 80

_PIN = 'use a BCM number from 0 to 27, or "none"'

_TOPIC = "use a topic without '#', '+', spaces, and no '/' or '$' at its ends"

_EXPLANATIONS = {
    ("gate", "id"): "use 1 to 32 of a-z, 0-9 and '-'",
    ("mqtt", "root"): _TOPIC,
    ("home_assistant", "prefix"): _TOPIC,
    ("sensor", "port"): "use a path or URL",
    ("store", "path"): "use a path",
    ("control", "socket"): "use a path",
    ("mqtt", "host"): "use a name or an address",
    ("mqtt", "port"): 'use a number from 1 to 65535, or "auto"',
}


def load_settings(path: Path) -> Settings:
    """Return the settings in the TOML file at ``path``.

    Raises BadSettings with one line for each problem, naming the section and the key.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise BadSettings(
            str(path), ["There is no such file: name another with --config or EDGE_AGENT_CONFIG."]
        ) from None
    except OSError as error:
        raise BadSettings(str(path), [f"It cannot be read: {error.strerror}."]) from error
    except UnicodeDecodeError as error:
        raise BadSettings(str(path), [f"It is not UTF-8 text: {error}."]) from error
    except (ValueError, RecursionError) as error:  # Beyond TOMLDecodeError: absurd numbers, depth.
        raise BadSettings(str(path), [f"It is not TOML: {error}."]) from error

    problems: list[str] = []
    fields = {field.name: field.type for field in structs.fields(Settings)}
    problems += [f"[{name}]: {_unknown('section', name, fields)}" for name in raw.keys() - fields]
    sections = {
        name: _section(name, kind, raw.get(name, {}), problems) for name, kind in fields.items()
    }
    problems += _meaning_problems(sections)
    if problems:
        raise BadSettings(str(path), sorted(problems))
    for section, key in _PATHS:
        values = sections[section]
        if values[key] and "://" not in values[key]:  # pyserial knows ports of other kinds.
            values[key] = str(path.absolute().parent / values[key])
    problems += _socket_problems(sections["control"]["socket"])
    if problems:
        raise BadSettings(str(path), problems)
    return Settings(**{name: fields[name](**values) for name, values in sections.items()})


def _section(name: str, kind: type[Section], raw: Any, problems: list[str]) -> dict[str, Any]:
    """Convert one section key by key: msgspec alone would stop at the first problem."""
    if not isinstance(raw, dict):
        problems.append(f"[{name}]: this is a section: write its keys under a line [{name}].")
        return {}
    fields = {field.name: field for field in structs.fields(kind)}
    problems += [f"[{name}] {key}: {_unknown('key', key, fields)}" for key in raw.keys() - fields]
    values: dict[str, Any] = {}
    for key, field in fields.items():
        if key in raw:
            try:
                values[key] = msgspec.convert(raw[key], field.type)
            except (
                msgspec.ValidationError,
                ValueError,
            ) as error:  # An endless number.
                problems.append(f"[{name}] {key}: {_plain(name, key, field.type, raw[key], error)}")
        elif field.default is NODEFAULT:
            problems.append(f"[{name}] {key}: this is missing; {_EXPLANATIONS[name, key]}.")
        else:
            values[key] = field.default
    return values


def _unknown(what: str, name: str, known: dict[str, Any]) -> str:
    import difflib  # Only for whoever has mistyped a key.

    close = difflib.get_close_matches(name, known, n=1)
    return f"there is no such {what}" + (f"; did you mean {close[0]!r}?" if close else ".")


def _plain(section: str, key: str, kind: Any, value: Any, error: Exception) -> str:
    """What is wrong with a value, and what to write instead."""
    advice = _PIN if kind is Pin else _EXPLANATIONS.get((section, key))
    if advice is None and (choices := _choices(kind)):
        advice = f"use one of {', '.join(map(repr, choices))}"
    if advice is None:
        advice = re.sub(r" - at `.*`$", "", str(error)).replace("`", "")
    return f"{_shown(value)} cannot be used: {advice}."


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # A number of thousands of digits.
        text = f"this {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def _choices(kind: Any) -> tuple[Any, ...]:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(member.value for member in kind)
    return get_args(kind) if get_origin(kind) is Literal else ()


def _meaning_problems(sections: dict[str, dict[str, Any]]) -> list[str]:
    """Problems that a type cannot tell."""
    problems = []
    zone = sections["gate"].get("timezone")
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            problems.append(
                f"[gate] timezone: {zone!r} is no IANA time zone, such as Asia/Ho_Chi_Minh."
            )
    problems += _pin_problems(sections)
    assistant = sections["home_assistant"]
    if assistant.get("punches") and assistant.get("discovery") is False:
        problems.append(
            "[home_assistant] punches: nothing is told of them without the rest: set discovery to "
            "true too."
        )
    mqtt = sections["mqtt"]
    if (mqtt.get("confirm_by"), mqtt.get("protocol")) == ("broker", "3.1.1"):
        problems.append(
            '[mqtt] confirm_by: "broker" needs MQTT 5, for under 3.1.1 a broker says yes to '
            'everything: set protocol to "auto" or "5".'
        )
    if mqtt.keys() >= {field.name for field in structs.fields(MqttSettings)}:
        access = MqttSettings(**mqtt).access
        problems += [f"[mqtt] {key}: {what}" for key, what in access.problems().items()]
    return problems


def _pin_problems(sections: dict[str, dict[str, Any]]) -> list[str]:
    """A pin is wired to one thing; the lamps' pins count where there are lamps."""
    panel, sensor = sections["panel"], sections["sensor"]
    lamps = ("green", "amber", "red", "buzzer") if panel.get("pins") != "none" else ()
    wired = [("panel", key, panel.get(key)) for key in lamps]
    wired += [("sensor", key, sensor.get(key)) for key in ("touch_pin", "power_pin")]
    taken: dict[int, str] = {}
    problems = []
    for section, key, pin in wired:
        if isinstance(pin, int):
            other = taken.setdefault(pin, f"[{section}] {key}")
            if other != f"[{section}] {key}":
                problems.append(f"[{section}] {key}: pin {pin} is that of {other} already.")
    return problems


def _socket_problems(socket: str) -> list[str]:
    if len(os.fsencode(socket)) > _SOCKET_PATH_LIMIT:
        return [f"[control] socket: {socket!r} is longer than a socket's path may be (107 bytes)."]
    return []
