"""The machine's own files that follow from the file on a new card, and how one is put there."""

import os
import pwd
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ...contract.atomic_file import replacing, sync
from ...contract.rights import SERVICE
from .card_file import PASSWORD, CardFile

TECHNICIAN = "technician"
"""The user of whoever comes by SSH."""

_CONNECTIONS = Path("etc/NetworkManager/system-connections")
_ZONES = Path("/usr/share/zoneinfo")

Keys = set[tuple[str, str]]
"""Sections and keys."""


class MachineFile(NamedTuple):
    """A file below the machine's root; content None: there is none."""

    path: Path
    content: bytes | None
    mode: int = 0o644
    owner: str = "root"


def machine_files(card: CardFile, config: Path, root: Path) -> Iterator[tuple[Keys, MachineFile]]:
    """Each with what it follows from."""
    if not card.mqtt.password_file:
        password = f"{card.mqtt.password}\n".encode() if card.mqtt.password else None
        file = MachineFile(below(config.parent / PASSWORD), password, 0o600, SERVICE)
        yield {("mqtt", "password")}, file
    gate, zone = card.gate.id, card.gate.timezone
    yield {("gate", "id")}, MachineFile(Path("etc/hostname"), f"{gate}\n".encode())
    yield {("gate", "id")}, MachineFile(Path("etc/hosts"), _hosts(root / "etc/hosts", gate))
    yield {("gate", "timezone")}, MachineFile(Path("etc/timezone"), f"{zone}\n".encode())
    wifi = MachineFile(_CONNECTIONS / "wifi.nmconnection", _wifi(card), 0o600)
    yield {("wifi", "name"), ("wifi", "password")}, wifi
    mobile = MachineFile(_CONNECTIONS / "mobile.nmconnection", _mobile(card), 0o600)
    yield {("mobile", key) for key in card.mobile.__struct_fields__}, mobile
    country = f"options cfg80211 ieee80211_regdom={card.wifi.country}\n"
    yield (
        {("wifi", "country")},
        MachineFile(Path("etc/modprobe.d/wifi-country.conf"), country.encode()),
    )
    keys = "".join(f"{one}\n" for one in card.technician.ssh_keys).encode() or None
    authorized = MachineFile(
        Path("home", TECHNICIAN, ".ssh/authorized_keys"), keys, 0o600, TECHNICIAN
    )
    yield {("technician", "ssh_keys")}, authorized


_HOSTS = b"127.0.0.1 localhost\n::1 localhost ip6-localhost\n"


def _hosts(path: Path, gate: str) -> bytes:
    """What stands there, with the machine's own line for this name (hosts(5))."""
    lines = (path.read_bytes() if path.exists() else _HOSTS).splitlines()
    others = [line for line in lines if line.split()[:1] != [b"127.0.1.1"]]
    return b"\n".join((*others, f"127.0.1.1 {gate}".encode(), b""))


def differs(root: Path, file: MachineFile) -> bool:
    path = root / file.path
    return (path.read_bytes() if path.exists() else None) != file.content


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


def below(path: Path) -> Path:
    return path.absolute().relative_to("/")


def put(root: Path, file: MachineFile) -> None:
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


def set_zone(root: Path, zone: str) -> None:
    """Have the machine's time be that of a zone (localtime(5))."""
    link = root / "etc/localtime"
    link.parent.mkdir(parents=True, exist_ok=True)
    new = link.with_name(f"{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(_ZONES / zone)
    new.rename(link)
    sync(link.parent)
