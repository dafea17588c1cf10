"""What no type can tell: values that contradict each other or the world, and odd ones."""

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import PurePath
from typing import Any
from zoneinfo import ZoneInfo

from ...contract.language import Message
from ..directions import DirectionRule, Hours
from .schema import MqttSettings, Settings

Sections = dict[str, dict[str, Any]]
"""The values by section and key; those that cannot be used are not there."""

PATHS = (
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

SECRETS = ("password", "pin")
"""Keys of which nothing is shown. None stands in a gate's settings: on a new card's they do."""


def meaning_problems(sections: Sections) -> Iterator[Message]:
    """Yield what is wrong, with its section and key."""
    yield from _blank_problems(sections)
    yield from _path_problems(sections)
    zone = sections["gate"].get("timezone")
    if zone is not None and zone == zone.strip() and not _is_zone(zone):
        yield Message("settings.no-zone", zone=zone, meant=_zone_meant(zone))
    yield from _pin_problems(sections)
    yield from _reader_problems(sections["reader"].get("devices", ()))
    yield from _way_problems(sections)
    yield from _score_problems(sections["sensor"])
    assistant = sections["home_assistant"]
    if assistant.get("punches") and assistant.get("discovery") is False:
        yield Message("settings.punches-alone")
    mqtt = sections["mqtt"]
    if (mqtt.get("confirm_by"), mqtt.get("protocol")) == ("broker", "3.1.1"):
        yield Message("settings.confirm-by")
    for section, use in (("payroll", "use.public-key"), ("upgrade", "use.upgrade-key")):
        yield from _key_problems(section, sections[section].get("public_key", ""), use)
    # What cannot be used is told already, and nothing else is judged by the default in its place.
    names = set(MqttSettings.__struct_fields__)
    complete = mqtt.keys() >= names
    usable = MqttSettings(**{key: mqtt[key] for key in mqtt.keys() & names})
    for key, what in usable.access.problems().items():
        if complete or key == "host":
            yield Message("settings.mqtt", key=key, what=what)


_KEY = "[0-9a-f]{64}"


def _key_problems(section: str, stated: str | list[str], use: str) -> Iterator[Message]:
    """What is wrong is not shown: somebody may have taken the private key."""
    keys = [stated] if isinstance(stated, str) else stated
    wrong = any(not re.fullmatch(_KEY, key) for key in keys if key or isinstance(stated, list))
    if wrong or len(keys) > 2 or len(set(keys)) < len(keys) or not keys:
        yield Message("settings.bad-key", section=section, use=Message(use))


def oddities(settings: Settings) -> list[Message]:
    """What may be meant, and mostly is not. Each names its section and key."""
    found = []
    zone, mqtt = settings.gate.timezone, settings.mqtt
    if behind := re.fullmatch(r"(?:Etc/)?GMT\+([1-9]\d?)", zone):
        found.append(Message("settings.zone-behind", zone=zone, count=int(behind[1])))
    if (mqtt.port, mqtt.access.encrypted) in ((1883, True), (8883, False)):
        odd = "settings.port-with-tls" if mqtt.access.encrypted else "settings.port-without-tls"
        found.append(Message(odd, port=mqtt.port))
    for section, key, pin in _wired(_sections_of(settings)):
        if pin in _EEPROM:
            found.append(Message("settings.pin-eeprom", section=section, key=key, pin=pin))
    return found


def _sections_of(settings: Settings) -> Sections:
    return {
        name: {key: getattr(getattr(settings, name), key) for key in keys}
        for name, keys in (
            ("panel", ("pins", *_LAMPS, "tamper_pin")),
            ("sensor", ("port", "touch_pin", "power_pin")),
        )
    }


def _blank_problems(sections: Sections) -> Iterator[Message]:
    for section, values in sections.items():
        for key, value in values.items():
            # The host has a sentence of its own.
            if isinstance(value, str) and value != _stripped(value) and key != "host":
                shown, bare = ("…", "…") if key in SECRETS else (value, _stripped(value))
                meant = f'{key} = "{bare}"'
                yield Message("settings.blank", section=section, key=key, value=shown, meant=meant)


def _stripped(text: str) -> str:
    return text.strip().strip("\u200b\ufeff").strip()


_SOCKET_PATH_LIMIT = 107
"""Bytes of a Unix-domain socket's path: sizeof(sun_path) - 1 (unix(7))."""

_PORT_SCHEMES = ("socket", "rfc2217", "loop", "spy", "alt", "hwgrep", "cp2110")
"""What pyserial knows (URL Handlers)."""


def _is_folder(path: str) -> bool:
    """Whether its name alone says so."""
    return path.rpartition("/")[2] in ("", ".", "..") and path != ""


def _path_problems(sections: Sections) -> Iterator[Message]:
    for section, key in PATHS:
        path = sections[section].get(key, "")
        if path.startswith("~"):
            yield Message("settings.tilde", section=section, key=key, path=path)
        elif (section, key) != ("sensor", "port") and "://" in path:
            yield Message("settings.no-path", section=section, key=key, path=path)
        elif _is_folder(path) and "://" not in path:
            yield Message("settings.folder", section=section, key=key, path=path)
    port = sections["sensor"].get("port", "")
    scheme, is_url, rest = port.partition("://")
    if is_url:
        where = re.fullmatch(r"[^/]+:(\d{1,9})([/?].*)?", rest)
        if scheme not in _PORT_SCHEMES:
            yield Message("settings.no-port-url", port=port)
        elif scheme in ("socket", "rfc2217") and not (where and 0 < int(where[1]) < 65536):
            yield Message("settings.url-without-port", port=port, scheme=scheme)
    socket, store = sections["control"].get("socket", ""), sections["store"].get("path")
    if socket == store:
        yield Message("settings.socket-is-store", path=socket)


def socket_problems(socket: str) -> list[Message]:
    """Of the whole path, as the kernel gets it."""
    if len(os.fsencode(socket)) > _SOCKET_PATH_LIMIT:
        return [Message("settings.socket-long", path=socket)]
    return []


def _is_zone(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _zone_meant(zone: str) -> str:
    """The zone of this name in another case, or of this place.

    Never one such as Etc/GMT+7: whoever writes UTC+7 means seven hours ahead, and that is behind.
    """
    wanted = zone.casefold().replace(" ", "_")
    known = {name.casefold(): name for name in sorted(_zones()) if "GMT+" not in name}
    of_place = {name.rpartition("/")[2]: whole for name, whole in known.items()}
    return known.get(wanted) or of_place.get(wanted) or "Asia/Ho_Chi_Minh"


@cache
def _zones() -> set[str]:
    from zoneinfo import available_timezones  # Reads hundreds of files: only for a wrong one.

    return available_timezones()


_LAMPS = ("green", "amber", "red", "buzzer", "key_in", "key_out", "lamp_in", "lamp_out")
_HOURS = ("in_hours", "out_hours")
_UART = (14, 15)
_EEPROM = (0, 1)


def _wired(sections: Sections) -> Iterator[tuple[str, str, int]]:
    """Section, key and number of each pin in use; the lamps' count where there are lamps."""
    panel, sensor = sections["panel"], sections["sensor"]
    for key in _LAMPS if panel.get("pins") != "none" else ():
        if isinstance(pin := panel.get(key), int):
            yield "panel", key, pin
    if isinstance(pin := panel.get("tamper_pin"), int):
        yield "panel", "tamper_pin", pin
    for key in ("touch_pin", "power_pin"):
        if isinstance(pin := sensor.get(key), int):
            yield "sensor", key, pin


def _way_problems(sections: Sections) -> Iterator[Message]:
    """What keeps the direction from being known as the settings say."""
    punch, panel = sections["punch"], sections["panel"]
    if punch.get("direction") == DirectionRule.KEYS:
        if panel.get("pins") == "none":
            yield Message("settings.keys-need-pins")
        elif (panel.get("key_in"), panel.get("key_out")) == ("none", "none"):
            yield Message("settings.keys-need-keys")
    for key in _HOURS:
        for text in punch.get(key, ()):
            if (hours := Hours.read(text)).begin == hours.end:
                yield Message("settings.hours-none", key=key, hours=text)
    ways = [[Hours.read(text) for text in punch.get(key, ())] for key in _HOURS]
    minutes = range(24 * 60) if all(ways) else ()
    both = [m for m in minutes if all(any(h.hold(m) for h in way) for way in ways)]
    if both:
        at = f"{both[0] // 60:02}:{both[0] % 60:02}"
        yield Message("settings.hours-both", at=at)


def _reader_problems(devices: Iterable[str]) -> Iterator[Message]:
    """A reader that can never be opened is one that nobody misses until somebody holds a card."""
    told: set[str] = set()
    for path in devices:
        if path != (stripped := _stripped(path)):
            where = {"section": "reader", "key": "devices"}
            yield Message("settings.blank", **where, value=path, meant=f'"{stripped}"')
        elif _is_folder(path):
            yield Message("settings.folder", section="reader", key="devices", path=path)
        if stripped in told:
            yield Message("settings.reader-twice", path=stripped)
        told.add(stripped)


def _score_problems(sensor: dict[str, Any]) -> Iterator[Message]:
    least, confirmed = sensor.get("min_score", 0), sensor.get("confirm_below", 0)
    if 0 < confirmed <= least:
        yield Message("settings.nothing-to-confirm", confirm_below=confirmed, min_score=least)


def _pin_problems(sections: Sections) -> Iterator[Message]:
    """A pin is wired to one thing."""
    taken: dict[int, str] = {}
    port = sections["sensor"].get("port", "")
    for section, key, pin in _wired(sections):
        here = f"[{section}] {key}"
        if pin in _UART and not _is_elsewhere(port):
            yield Message("settings.pin-uart", here=here, pin=pin)
        elif (other := taken.setdefault(pin, here)) != here:
            yield Message("settings.pin-taken", here=here, pin=pin, other=other)


def _is_elsewhere(port: str) -> bool:
    """Whether the sensor is certainly not at the header's UART."""
    name = PurePath(port).name
    return "://" in port or name.startswith(("ttyUSB", "ttyACM", "usb-"))
