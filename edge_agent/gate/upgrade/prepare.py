"""All of an upgrade that goes before it while the gate records: nothing counts of it yet."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec

from ...contract.errors import BadRequest, EdgeAgentError
from ..control.client import ask_status
from ..ledger.store.backup import backup
from ..settings.load import load_settings
from .conduct import clear
from .journal import Journal, UpgradedGate, write_journal
from .places import Places
from .prove import Trial

_COPIES = 3
"""Of a database: one for the proof with its log, and one that stands in and goes back."""


class Programs(Protocol):
    """What is asked of the machine before anything is changed."""

    def running(self) -> list[str]:
        """The units of the gates that run."""

    def ask(self, version: str, *arguments: str) -> str:
        """What a version prints. Raises NotUpgraded."""


def make_room(places: Places) -> None:
    """Have a workshop with nothing in it. Raises BadRequest where an upgrade is under way."""
    places.workshop.mkdir(mode=0o700, exist_ok=True)
    if places.journal.exists():
        raise BadRequest("upgrade.under-way")
    clear(places)
    places.outcome.unlink(missing_ok=True)


def prepare(places: Places, programs: Programs, new: str, config: Path, language: str) -> int:
    """Have the new version prove itself, and write down that it is to take the place of this one.

    Each gate that runs is asked for; where none does, the one of ``config`` has to be right as
    well. Returns how many entries were read. Raises NotUpgraded, and what else goes wrong: nothing
    is changed then.
    """
    old = places.current
    if old is None:
        raise BadRequest("upgrade.not-by-versions")
    units = programs.running()
    configs = [_config(places, unit) for unit in units] or [config]
    proofs = [proof for one in configs if (proof := _proof(places, programs, new, one))]
    places.conductor.unlink(missing_ok=True)
    places.conductor.symlink_to(places.folder(old))
    journal = Journal(
        step="asked",
        old=old,
        new=new,
        alters=any(proof.alters for proof in proofs),
        language=language,
        gates=[_gate(unit, one) for unit, one in zip(units, configs, strict=False)],
    )
    write_journal(places.journal, journal)
    return sum(proof.entries for proof in proofs)


def _config(places: Places, unit: str) -> Path:
    """What the unit reads: edge-agent@NAME.service, NAME.toml."""
    _, _, name = unit.removesuffix(".service").partition("@")
    return places.settings / f"{name or 'edge-agent'}.toml"


def _proof(places: Places, programs: Programs, new: str, config: Path) -> Trial | None:
    """What the new version makes of a copy of the database; None where there is none yet."""
    programs.ask(new, "config", "check", "--config", str(config))
    database = Path(load_settings(config).store.path)
    if not database.exists():
        return None
    needed = _COPIES * database.stat().st_size
    for folder in (places.workshop, database.parent):
        if (free := shutil.disk_usage(folder).free) < needed:
            raise BadRequest("upgrade.no-room", folder=folder, free=free >> 20, needed=needed >> 20)
    copy = places.workshop / "proof.db"
    backup(database, copy)
    try:
        told = programs.ask(new, "upgrade", "--prove", str(copy), "--config", str(config))
    finally:
        for path in places.workshop.glob(f"{copy.name}*"):
            path.unlink()
    return msgspec.json.decode(told, type=Trial)


def _gate(unit: str, config: Path) -> UpgradedGate:
    settings = load_settings(config)
    answered = False
    with suppress(EdgeAgentError):
        answered = ask_status(Path(settings.control.socket))["sensor"]["state"] == "ready"
    return UpgradedGate(unit, str(config), settings.store.path, answered)
