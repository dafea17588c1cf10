"""The file on a new card: a gate's settings, and what its machine needs beside them.

It is read by what reads a gate's settings. Its sections and keys are theirs, and a few more:
secrets that never stand in settings, the network, who comes by SSH.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, structs, to_builtins

from ...contract.language import Message
from ..errors import BadSettings
from ..settings.load import in_order, read_sections
from ..settings.meaning import PATHS, SECRETS
from ..settings.schema import MqttSettings, OptionalText, Section, Settings
from ..settings.write import Stated

AUTO = "auto"
"""As a sensor's port: it is looked for."""

TAKEN_OUT = "(taken out)"
"""What stands for a secret in a file that has been read."""

PASSWORD = "mqtt-password"
"""The file beside the settings to which the broker's password goes."""

SAID, DIGESTS = OWN = ("card.toml", "card.sha256")
"""Files beside the settings: what the files on the card said, and what lay beside them."""

_LONGEST_SSID = 32
_LARGEST_FILE = 64 << 10

_FILES = (
    ("sensor", "password_file"),
    ("mqtt", "ca_file"),
    ("mqtt", "cert_file"),
    ("mqtt", "key_file"),
    ("mqtt", "password_file"),
)
"""What may lie beside it on the card, and goes where the settings are."""


class CardMqtt(MqttSettings, frozen=True, kw_only=True):
    """The broker, with the gate's password there."""

    password: OptionalText = ""


class CardWifi(Section, frozen=True, kw_only=True):
    """A wireless network; without a name there is none, without a password it is an open one."""

    name: Annotated[str, Meta(pattern=r"\A[^\x00-\x1f\x7f]*\Z", max_length=_LONGEST_SSID)] = ""
    password: Annotated[str, Meta(pattern=r"\A([\x20-\x7e]{8,63}|[0-9a-fA-F]{64}|)\Z")] = ""
    country: Annotated[str, Meta(pattern=r"\A[A-Z]{2}\Z")] = "VN"
    """ISO 3166: which channels are allowed, and how loud."""


class CardMobile(Section, frozen=True, kw_only=True):
    """A 4G modem at the USB; without an access point's name none is used."""

    apn: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9.-]*\Z", max_length=100)] = ""
    username: OptionalText = ""
    password: OptionalText = ""
    pin: Annotated[str, Meta(pattern=r"\A([0-9]{4,8}|\(taken out\)|)\Z")] = ""


SshKey = Annotated[
    str,
    Meta(
        pattern=r"\A(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9@.-]+)"
        r" [A-Za-z0-9+/]{40,}={0,2}( [^\x00-\x1f\x7f]*)?\Z",
        max_length=4096,
    ),
]


class CardTechnician(Section, frozen=True, kw_only=True):
    """Whose keys open the user ``technician``; a password does not."""

    ssh_keys: tuple[SshKey, ...] = ()


class CardFile(Settings, frozen=True, kw_only=True):
    """All of it. Paths are whole."""

    mqtt: CardMqtt
    wifi: CardWifi
    mobile: CardMobile
    technician: CardTechnician

    def stated(self) -> Stated:
        """What differs from the defaults."""
        found: Stated = {}
        for name, values in to_builtins(self).items():
            section: Section = getattr(self, name)
            defaults = {field.name: field.default for field in structs.fields(section)}
            odd = {key for key in values if getattr(section, key) != defaults[key]}
            if odd:
                found[name] = {key: value for key, value in values.items() if key in odd}
        return found


def read_card_file(content: bytes, path: Path, config: Path) -> CardFile:
    """What it says. ``config``: the gate's settings, beside which may lie what it names already.

    Raises BadSettings with a sentence for each problem, and the line in which it is.
    """
    card = read_sections(content, path, CardFile)
    if problems := list(_problems(card, path, config)):
        raise BadSettings(str(path), in_order(content, problems))
    return card


def looks_for_sensor(card: CardFile, path: Path) -> bool:
    """Whether the sensor's port is left to be found."""
    return card.sensor.port == str(path.absolute().parent / AUTO)


def files_beside(card: CardFile, path: Path) -> dict[tuple[str, str], Path]:
    """Section and key → the file of which it names the place in the card file's folder."""
    folder = path.absolute().parent
    named = {(section, key): Path(getattr(getattr(card, section), key)) for section, key in _FILES}
    return {where: file for where, file in named.items() if folder in file.parents}


_WITHOUT_EFFECT = (
    ("wifi", "name", ("password",)),
    ("mobile", "apn", ("username", "password", "pin")),
)
"""Section, the key without which there is no such network, and those that are for that network."""


def _problems(card: CardFile, path: Path, config: Path) -> Iterator[Message]:
    for section, values in to_builtins(card).items():
        for key in SECRETS:
            if values.get(key) == TAKEN_OUT:
                yield Message("setup.taken-out", section=section, key=key)
    if len(card.wifi.name.encode()) > _LONGEST_SSID:
        use = Message("use.wifi-name")
        told: dict[str, Any] = {"section": "wifi", "key": "name", "value": repr(card.wifi.name)}
        yield Message("settings.bad-value", **told, use=use)
    for section, key, others in _WITHOUT_EFFECT:
        part = getattr(card, section)
        stand = [one for one in others if getattr(part, one) not in {"", TAKEN_OUT}]
        if stand and not getattr(part, key):
            yield Message("setup.without-effect", section=section, key=key, keys=stand)
    if card.mqtt.password and not card.mqtt.username:
        yield Message("settings.mqtt", key="password", what=Message("access.no-username"))
    if card.mqtt.password and card.mqtt.password_file:
        yield Message("setup.two-passwords")
    yield from _place_problems(card, path)
    sources: dict[str, Path] = {}
    # What setup itself writes, here or there.
    reserved = {config.name, f"{config.name}.before", *OWN, PASSWORD, path.name}
    reserved |= {path.with_suffix(end).name for end in (".done.toml", ".result.txt")}
    for (section, key), file in files_beside(card, path).items():
        if file.name in reserved:
            yield Message("setup.name-reserved", section=section, key=key, name=file.name)
            continue
        if sources.setdefault(file.name, file) != file:
            yield Message("setup.name-twice", section=section, key=key, name=file.name)
            continue
        try:
            usable = file.is_file() and file.stat().st_size <= _LARGEST_FILE
        except OSError:
            usable = False
        if not usable and not (config.parent / file.name).exists():
            yield Message("setup.no-file-beside", section=section, key=key, name=file.name)


def _place_problems(card: CardFile, path: Path) -> Iterator[Message]:
    """Only what is copied may lie on the card: it is small, has no rights, and is read-only."""
    folder = path.absolute().parent
    for section, key in PATHS:
        value = getattr(getattr(card, section), key)
        if (section, key) in _FILES or folder not in Path(value).parents:
            continue
        if (section, key) != ("sensor", "port"):
            yield Message("setup.on-card", section=section, key=key, path=value)
        elif not looks_for_sensor(card, path):
            yield Message("setup.port-on-card", section=section, key=key, path=value)
