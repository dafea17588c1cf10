"""``edge-agent config check``: whether the settings can be used, before a daemon tries."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from ..contract.errors import EdgeAgentError, StoreFault
from ..contract.language import Message, say
from ..gate.errors import BadSettings
from ..gate.host.service import starting
from ..gate.ledger.left_ledgers import own_among
from ..gate.settings.load import load_settings
from ..gate.settings.meaning import oddities
from ..gate.settings.schema import Settings
from .help import group
from .options import config_option, tell_goes_on
from .tell import tell


@group(help="help.config")
def config() -> None:
    """What this gate is told to be."""


@config.command(help="help.config-check")
@config_option
def check(config: Path) -> None:
    try:
        settings = load_settings(config)
        problems = [*_store_problem(settings), *_password_problems(settings)]
        if problems:
            raise BadSettings(str(config), problems)
    except BadSettings:
        tell_goes_on(config)
        raise
    of_another = _ledger_of_another(settings)
    odd = [*([of_another] if of_another else []), *oddities(settings)]
    for one in odd:
        tell(say("settings.odd", odd=one))
    tell(say("settings.right-otherwise" if odd else "settings.right", path=config))
    tell(say(_in_use(settings, config, of_another)))


def _ledger_of_another(settings: Settings) -> Message | None:
    """Whether the database is another gate's; who may not read it is not told."""
    from ..gate.daemon.assembly import Assembly

    assembly, gate = Assembly(settings), settings.gate.id
    try:
        with closing(assembly.store_for_reading()) as store:
            owner = store.other_gate(gate)
    except (StoreFault, PermissionError):  # The doctor tells of it.
        return None
    if owner is None:
        return None
    told = {"path": assembly.database, "owner": owner, "gate": gate}
    if (own := own_among(assembly.left_ledgers(), gate)) is not None:
        return Message("settings.other-gate-back", file=own.file, **told)
    return Message("settings.other-gate", **told)


def _in_use(settings: Settings, config: Path, of_another: Message | None) -> Message:
    """Whether a daemon runs with these, and what it needs to know them.

    A start is not advised beside an id that may not be meant, ``of_another``.
    """
    from ..gate.control.client import PATIENCE_S, ask_status, daemon_runs
    from ..gate.control.no_answer import unanswering
    from ..gate.daemon.settings_changed import counts_after

    socket = Path(settings.control.socket)
    try:
        if not daemon_runs(socket):
            if (why := unanswering(Path(settings.store.path), socket)) is not None:
                return Message("settings.not-asked", why=why)
            if of_another and of_another.name == "settings.other-gate":
                return Message("settings.not-in-use-id")
            return Message("settings.not-in-use", start=starting())
        told = ask_status(socket, PATIENCE_S)["settings"]
    except EdgeAgentError as fault:
        return Message("settings.not-asked", why=fault)
    if Path(told["file"]).resolve() != config.resolve():
        return Message("settings.in-use-others", file=told["file"])
    changed = told["changed"]
    if not changed:
        return Message("settings.in-use")
    if "[gate] id" in changed:  # Said already.
        return Message("settings.in-use-id", keys=changed)
    return Message("settings.in-use-but", keys=changed, how=counts_after(changed))


def _store_problem(settings: Settings) -> Iterator[Message]:
    path = settings.store.path
    if os.path.isdir(path):  # Also where this user may not enter the folder that it is in.
        yield Message("settings.folder", section="store", key="path", path=path)


def _password_problems(settings: Settings) -> list[Message]:
    # Here: what reads them brings the libraries of broker and sensor along.
    from ..contract.broker.client import password
    from ..gate.host.passwords import sensor_passwords

    found = []
    files = settings.mqtt.password_file, settings.sensor.password_file
    database = Path(settings.store.path)
    looks: tuple[Callable[[], object], ...] = (
        lambda: password(settings.mqtt.access),
        lambda: sensor_passwords(files[1], database),
    )
    for section, file, look in zip(("mqtt", "sensor"), files, looks, strict=True):
        if not file:
            continue
        try:
            look()
        except EdgeAgentError as fault:
            if _is_the_services(file):
                tell(say("settings.not-looked-into", path=file))
            else:
                found.append(Message("settings.password-file", section=section, why=fault))
    return found


def _is_the_services(file: str) -> bool:
    """Whether it is there for another user, the daemon's."""
    try:
        with Path(file).open("rb"):
            return False
    except PermissionError:
        return True
    except OSError:
        return False
