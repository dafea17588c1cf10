"""What follows of the file on a new card: a machine's files, and last of all the gate's settings.

Whole or not at all, whatever is cut off. As long as the file lies there under its name all of it is
done, and done again after a power cut, to the same end. Once everything is in its place it lies
there as what has been read, without its secrets, and is never read again.
"""

import os
import pwd
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

from ...contract.atomic_file import overwrite, replacing, sync
from ...contract.errors import EdgeAgentError, StoreFault
from ...contract.language import LANGUAGES, Message, said
from ...contract.rights import SERVICE, unmakeable
from ..settings.load import read_settings
from ..settings.meaning import SECRETS
from ..settings.write import Stated, settings_text, write_settings
from .card_file import TAKEN_OUT, CardFile, files_beside, looks_for_sensor, read_card_file

TECHNICIAN = "technician"
"""The user of whoever comes by SSH."""

_ROOT = Path("/")
_CONNECTIONS = Path("etc/NetworkManager/system-connections")
_ZONES = "/usr/share/zoneinfo"

_FIRST = tuple(reversed(LANGUAGES))
"""Vietnamese, then English."""

_OF_THE_CARD = ("wifi", "mobile", "technician", "backup")
"""Sections that a gate's settings do not have."""


class _File(NamedTuple):
    """A file below the machine's root; content None: there is none."""

    path: Path
    content: bytes | None
    mode: int = 0o644
    owner: str = "root"


def set_up(
    path: Path,
    config: Path,
    note: str,
    find_sensor: Callable[[], tuple[str, int]],
    root: Path = _ROOT,
) -> Message:
    """Make this machine, as root, the gate that the file at ``path`` describes; what is told of it.

    Its settings come to ``config``, and begin with ``note``. ``find_sensor`` returns a port and its
    baud (0: the usual one). The result lies beside the file as well. Raises BadSettings and
    BadRequest, and nothing is changed then; StoreFault, and the next call goes on; OSError.
    """
    content = path.read_bytes()
    if _is_read(content):
        _remove(path)
        return Message("setup.card-finished", name=path.name)
    try:
        card = read_card_file(content, path, root / _below(config.parent))
        if looks_for_sensor(card, path):
            port, baud = find_sensor()
            sensor = structs.replace(card.sensor, port=port, baud=baud or card.sensor.baud)
            card = structs.replace(card, sensor=sensor)
        return _apply(path, card, config, note, root)
    except EdgeAgentError as why:
        with suppress(OSError):  # Of the two what went wrong first is told.
            _tell_beside(path, Message("setup.card-not-done", name=path.name, why=why))
        raise


def _apply(path: Path, card: CardFile, config: Path, note: str, root: Path) -> Message:
    settings = _settings(card, path, config)
    read_settings(settings_text(settings, "").encode(), config)
    beside = files_beside(card, path)
    try:
        for (_, key), source in beside.items():
            # A power cut may have come when it had gone from the card already.
            content = source.read_bytes() if source.exists() else _READ
            if not _is_read(content):
                mode = 0o600 if key in _GO else 0o644
                _put(root, _File(_below(config.parent / source.name), content, mode, SERVICE))
        for file in _machine_files(card, config):
            _put(root, file)
        _lead(root / "etc/localtime", f"{_ZONES}/{card.gate.timezone}")
        if root == _ROOT:
            socket.sethostname(card.gate.id)
        write_settings(root / _below(config), settings, note)
        done = path.with_suffix(".done.toml")
        told = Message("setup.card-done", gate=card.gate.id, name=path.name, done=done.name)
        _tell_beside(path, told)
        _take_out(path, done, card, [source for (_, key), source in beside.items() if key in _GO])
    except OSError as error:
        place = Path(error.filename or path)
        raise StoreFault("file.unwritable", path=place, why=unmakeable(place, error)) from error
    return told


_GO = ("key_file", "password_file")
"""Files that go from the card once they have been read."""


def _tell_beside(path: Path, what: Message) -> None:
    """Write beside the file, in both languages, what came of it. Raises OSError."""
    text = "\n".join(f"{said(what, one)}\n" for one in _FIRST)
    with replacing(path.with_suffix(".result.txt")) as file:
        file.write(text.encode())


def _settings(card: CardFile, path: Path, config: Path) -> Stated:
    """The gate's own settings."""
    stated = card.stated()
    for section in _OF_THE_CARD:
        stated.pop(section, None)
    for (section, key), file in files_beside(card, path).items():
        stated[section][key] = str(config.parent / file.name)
    if card.mqtt.password:
        del stated["mqtt"]["password"]
        stated["mqtt"]["password_file"] = str(config.parent / _PASSWORD)
    return stated


_PASSWORD = "mqtt-password"


def _machine_files(card: CardFile, config: Path) -> Iterator[_File]:
    if not card.mqtt.password_file:
        password = f"{card.mqtt.password}\n".encode() if card.mqtt.password else None
        yield _File(_below(config.parent / _PASSWORD), password, 0o600, SERVICE)
    recipients = "".join(f"{one}\n" for one in card.backup.recipients).encode() or None
    yield _File(_below(config.parent / "recipients"), recipients)
    gate = card.gate.id
    yield _File(Path("etc/hostname"), f"{gate}\n".encode())
    hosts = f"127.0.0.1 localhost\n127.0.1.1 {gate}\n::1 localhost ip6-localhost\n"
    yield _File(Path("etc/hosts"), hosts.encode())
    yield _File(Path("etc/timezone"), f"{card.gate.timezone}\n".encode())
    yield _File(_CONNECTIONS / "wifi.nmconnection", _wifi(card), 0o600)
    yield _File(_CONNECTIONS / "mobile.nmconnection", _mobile(card), 0o600)
    country = f"options cfg80211 ieee80211_regdom={card.wifi.country}\n"
    yield _File(Path("etc/modprobe.d/wifi-country.conf"), country.encode())
    keys = "".join(f"{one}\n" for one in card.technician.ssh_keys).encode() or None
    yield _File(Path("home", TECHNICIAN, ".ssh/authorized_keys"), keys, 0o600, TECHNICIAN)


def _wifi(card: CardFile) -> bytes | None:
    """NetworkManager's profile (nm-settings-keyfile(5)). The name as bytes: any may stand in it."""
    if not card.wifi.name:
        return None
    name = "".join(f"{byte};" for byte in card.wifi.name.encode())
    lines = ["[connection]", "id=wifi", "type=wifi", "[wifi]", "mode=infrastructure"]
    lines.append(f"ssid={name}")
    if card.wifi.password:
        lines += ["[wifi-security]", "key-mgmt=wpa-psk", f"psk={_escaped(card.wifi.password)}"]
    return "\n".join((*lines, "")).encode()


def _mobile(card: CardFile) -> bytes | None:
    mobile = card.mobile
    if not mobile.apn:
        return None
    lines = ["[connection]", "id=mobile", "type=gsm", "[gsm]", f"apn={mobile.apn}"]
    for key in ("username", "password", "pin"):
        if value := getattr(mobile, key):
            lines.append(f"{key}={_escaped(value)}")
    # What has another way goes that way: this one is paid for by the byte.
    return "\n".join((*lines, "[ipv4]", "route-metric=900", "")).encode()


def _escaped(text: str) -> str:
    """As GLib's key files have it."""
    signs = {"\\": "\\\\", " ": "\\s", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
    return "".join(signs.get(sign, sign) for sign in text)


def _below(path: Path) -> Path:
    return path.absolute().relative_to("/")


def _put(root: Path, file: _File) -> None:
    path = root / file.path
    if file.content is None:
        path.unlink(missing_ok=True)
        return
    # Of what is made here a folder of a user's own is their own.
    for folder in [one for one in reversed(path.parents) if not one.exists()]:
        folder.mkdir(0o700 if file.owner == TECHNICIAN else 0o755)
        _give(folder, file.owner)
    with replacing(path, file.mode) as new:
        new.write(file.content)
        _give(new.fileno(), file.owner)


def _give(what: Path | int, owner: str) -> None:
    if os.geteuid() == 0:
        with suppress(KeyError):  # No such user: nothing is installed here.
            found = pwd.getpwnam(owner)
            os.chown(what, found.pw_uid, found.pw_gid)


def _lead(link: Path, target: str) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    new = link.with_name(f"{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.rename(link)
    sync(link.parent)


def _take_out(path: Path, done: Path, card: CardFile, secret_files: list[Path]) -> None:
    """Leave on the card what has been read, without its secrets."""
    stated = card.stated()
    for values in stated.values():
        values.update({key: TAKEN_OUT for key in SECRETS if key in values})
    for (section, key), beside in files_beside(card, path).items():
        stated[section][key] = beside.name
    note = "\n".join(said(Message("setup.done-note", name=path.name), one) for one in _FIRST)
    with replacing(done) as file:
        file.write(settings_text(stated, note).encode())
    # The file itself last: as long as it lies there, what it names is thrown away as well.
    for secret in (*secret_files, path):
        if secret.exists():
            overwrite(secret, _READ)
            overwrite(secret, _READ.ljust(secret.stat().st_size))
            _remove(secret)


_READ = b"#read\n"
"""How a file begins whose content counts no more: one sector, which a power cut does not tear."""


def _is_read(content: bytes) -> bool:
    return content.startswith(_READ)


def _remove(path: Path) -> None:
    path.unlink()
    sync(path.absolute().parent)
