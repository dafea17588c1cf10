"""What follows of the file on a new card: a machine's files, and last of all the gate's settings.

Whole or not at all, whatever is cut off. As long as the file lies there under its name all of it is
done, and done again after a power cut, to the same end. Once everything is in its place it lies
there as what has been read, without its secrets, and is never read again.

A machine that has settings already keeps them but for what the file states otherwise than the last
one did: a Wi-Fi's new password undoes nothing that was changed at the gate since. So with what lies
beside it: a CA's certificate is taken when it is another one than was read last.
"""

import hashlib
import pwd
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

from ...contract.atomic_file import overwrite, replacing, sync
from ...contract.errors import BadRequest, EdgeAgentError, StoreFault
from ...contract.language import LANGUAGES, Message, said
from ...contract.rights import SERVICE, unmakeable
from ..errors import BadSettings
from ..settings.load import changed_settings, read_sections, read_settings
from ..settings.meaning import SECRETS
from ..settings.read_toml import read_toml
from ..settings.write import Stated, settings_text, write_settings
from .card_file import (
    AUTO,
    DIGESTS,
    PASSWORD,
    SAID,
    TAKEN_OUT,
    CardFile,
    files_beside,
    looks_for_sensor,
    read_card_file,
)
from .machine_files import (
    TECHNICIAN,
    Keys,
    MachineFile,
    below,
    differs,
    machine_files,
    put,
    set_zone,
)

_ROOT = Path("/")

_FIRST = tuple(reversed(LANGUAGES))
"""Vietnamese, then English."""

_OF_THE_CARD = ("wifi", "mobile", "technician")
"""Sections that a gate's settings do not have."""


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
        card = read_card_file(content, path, root / below(config))
        _refuse_keys_for_nobody(card)
        there = _there(root / below(config))
        named = read_toml(content).tables
        earlier = _NOTHING if there is None else _earlier(path, root / below(config.parent))
        changed = None if there is None else _changed(named, card, earlier)
        _refuse_parts(named, changed or set(), earlier, path)
        asked = card
        if looks_for_sensor(card, path):
            try:
                port, baud = find_sensor()
            except BadRequest:
                if changed is None:
                    raise BadRequest("setup.card-no-sensor") from None
                changed.discard(("sensor", "port"))
            else:
                if changed is not None and baud:
                    changed.add(("sensor", "baud"))
                sensor = structs.replace(card.sensor, port=port, baud=baud or card.sensor.baud)
                asked = card = structs.replace(card, sensor=sensor)
        earlier = earlier._replace(stated=_without(earlier.stated, named))
        return _apply(path, asked, config, note, root, there or {}, changed, earlier)
    except EdgeAgentError as why:
        what = "setup.card-begun" if isinstance(why, StoreFault) else "setup.card-not-done"
        with suppress(OSError):  # Of the two what went wrong first is told.
            _tell_beside(path, Message(what, name=path.name, why=why))
        raise


def _refuse_keys_for_nobody(card: CardFile) -> None:
    if card.technician.ssh_keys:
        try:
            pwd.getpwnam(TECHNICIAN)
        except KeyError:
            raise BadRequest("setup.no-technician", user=TECHNICIAN) from None


def _there(path: Path) -> Stated | None:
    """The settings that the machine has, as they are written; None where a gate has none."""
    try:
        content = path.read_bytes()
        read_settings(content, path)
    except (FileNotFoundError, BadSettings):
        return None
    return read_toml(content).tables


class _Earlier(NamedTuple):
    """What the files that were read before said."""

    card: CardFile | None
    stated: Stated
    """As they stated it, without secrets; of each key the last."""
    digests: dict[str, str]
    """By its name: SHA-256 of what lay beside one and was read last."""


_NOTHING = _Earlier(None, {}, {})


def _earlier(path: Path, folder: Path) -> _Earlier:
    try:
        lines = (folder / DIGESTS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    digests = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    try:
        content = (folder / SAID).read_bytes()
        card = read_sections(content, path, CardFile)
    except (FileNotFoundError, BadSettings):
        return _Earlier(None, {}, digests)
    return _Earlier(card, read_toml(content).tables, digests)


def _changed(named: Stated, card: CardFile, earlier: _Earlier) -> Keys:
    """What the file states, but for what those before it stated as well."""
    return {
        (section, key)
        for section, keys in named.items()
        for key in keys
        if earlier.card is None
        or getattr(getattr(card, section), key) != getattr(getattr(earlier.card, section), key)
    }


_TOGETHER = (
    ("wifi", ("name", "password")),
    ("mobile", ("apn", "username", "password", "pin")),
    ("mqtt", ("username", "password")),
)
"""A name with the password of another one opens nothing."""


def _refuse_parts(named: Stated, changed: Keys, earlier: _Earlier, path: Path) -> None:
    """A file that changes one of these has to state what earlier ones stated of the others."""
    problems: list[str | Message] = []
    for section, keys in _TOGETHER:
        if any((section, key) in changed for key in keys):
            before = earlier.stated.get(section, {})
            left_out = [key for key in keys if key in before and key not in named[section]]
            if left_out:
                problems.append(Message("setup.part", section=section, keys=left_out))
    if problems:
        raise BadSettings(str(path), problems)


def _without(stated: Stated, named: Stated) -> Stated:
    return {
        section: {key: value for key, value in values.items() if key not in named.get(section, ())}
        for section, values in stated.items()
    }


def _merged(there: Stated, own: Stated, card: CardFile, config: Path, changed: Keys) -> Stated:
    """The machine's settings with what the file changes."""
    merged = {section: dict(values) for section, values in there.items()}
    password_file = str(config.parent / PASSWORD)
    keys = {(section, key) for section, key in changed if section not in _OF_THE_CARD}
    if ("mqtt", "password") in keys:
        keys.remove(("mqtt", "password"))
        if card.mqtt.password or there.get("mqtt", {}).get("password_file") == password_file:
            keys.add(("mqtt", "password_file"))
    for section, key in sorted(keys):
        values = merged.setdefault(section, {})
        values.pop(key, None)
        if key in own.get(section, {}):
            values[key] = own[section][key]
    return {section: values for section, values in merged.items() if values}


def _apply(
    path: Path,
    card: CardFile,
    config: Path,
    note: str,
    root: Path,
    there: Stated,
    changed: Keys | None,
    earlier: _Earlier,
) -> Message:
    beside = files_beside(card, path)
    files, digests = _files_beside(beside, root, config, earlier.digests)
    if changed is not None:
        changed |= files.keys()
    own = _settings(card, path, config)
    stated = read_settings(settings_text(own, "").encode(), config)
    settings = own if changed is None else _merged(there, own, card, config, changed)
    kept = changed_settings(stated, read_settings(settings_text(settings, "").encode(), config))
    try:
        for where, source in beside.items():
            place = root / below(config.parent / source.name)
            if where in files:
                put(root, files[where])
            elif not _is_read(content := _content(source)) and content != place.read_bytes():
                kept.append(str(config.parent / source.name))
        for keys, file in machine_files(card, config, root):
            if changed is None or keys & changed:
                put(root, file)
            elif differs(root, file):
                kept.append(f"/{file.path}")
        if changed is None or ("gate", "timezone") in changed:
            set_zone(root, card.gate.timezone)
        if root == _ROOT and (changed is None or ("gate", "id") in changed):
            socket.sethostname(card.gate.id)
        if settings != there:  # Else what was kept of the ones before would go.
            write_settings(root / below(config), settings, note)
        done = path.with_suffix(".done.toml")
        gate = str(settings["gate"]["id"])
        told = Message("setup.card-done", gate=gate, name=path.name, done=done.name)
        if kept:
            told = Message("setup.card-kept", told=told, name=path.name, kept=kept)
        read = _without_secrets(path, card)
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
        put(root, MachineFile(below(config.parent / DIGESTS), lines.encode(), 0o600))
        put(root, MachineFile(below(config.parent / SAID), _so_far(earlier.stated, read), 0o600))
        _tell_beside(path, told)
        with replacing(done) as new:
            new.write(settings_text(read, _done_note(path)).encode())
        _take_out([source for (_, key), source in beside.items() if key in _GO] + [path])
    except OSError as error:
        place = Path(error.filename or path)
        raise StoreFault("file.unwritable", path=place, why=unmakeable(place, error)) from error
    return told


_GO = ("key_file", "password_file")
"""Files that go from the card once they have been read."""


def _content(source: Path) -> bytes:
    """What lies on the card; after a power cut it may have gone already."""
    return source.read_bytes() if source.exists() else _READ


def _files_beside(
    beside: dict[tuple[str, str], Path], root: Path, config: Path, digests: dict[str, str]
) -> tuple[dict[tuple[str, str], MachineFile], dict[str, str]]:
    """Those that are not what was read last or are not there any more, and the digests of all.

    What stayed on the card since may have been exchanged at the gate.
    """
    files, digests = {}, dict(digests)
    for (section, key), source in beside.items():
        if _is_read(content := _content(source)):
            continue
        place = below(config.parent / source.name)
        digest = hashlib.sha256(content).hexdigest()
        if digests.get(source.name) != digest or not (root / place).exists():
            mode = 0o600 if key in _GO else 0o644
            files[section, key] = MachineFile(place, content, mode, SERVICE)
        digests[source.name] = digest
    return files, digests


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
        stated["mqtt"]["password_file"] = str(config.parent / PASSWORD)
    return stated


def _without_secrets(path: Path, card: CardFile) -> Stated:
    """What has been read, as a file of its kind states it."""
    stated = card.stated()
    for values in stated.values():
        values.update({key: TAKEN_OUT for key in SECRETS if key in values})
    for (section, key), beside in files_beside(card, path).items():
        stated[section][key] = beside.name
    if looks_for_sensor(card, path):
        stated["sensor"]["port"] = AUTO
    return stated


def _so_far(before: Stated, read: Stated) -> bytes:
    sections = [*before, *(section for section in read if section not in before)]
    merged = {one: {**before.get(one, {}), **read.get(one, {})} for one in sections}
    return settings_text(merged, "").encode()


def _done_note(path: Path) -> str:
    return "\n".join(said(Message("setup.done-note", name=path.name), one) for one in _FIRST)


def _take_out(secrets: list[Path]) -> None:
    """The file itself is the last: as long as it lies there, what it names is thrown away too."""
    for secret in secrets:
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
