"""An upgrade from the moment the gate is stopped for it: journaled, because it may be cut off.

The program that ran before conducts it, for the new one may not run at all. What comes next is
written down before it is done. Whoever finds that, after a power cut or a kill, goes on from there:
as long as the new program does not count nothing has changed, and the old one goes on; once it
counts it has to be up within its time, or the old one comes back, with the database as it was. That
is put back only where nothing is lost by it.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree
from typing import Protocol

from msgspec import structs

from ...contract.errors import EdgeAgentError
from ...contract.language import Message
from ..errors import NotUpgraded
from ..ledger.store.database import is_newer
from ..ledger.store.stand_in import make_stand_in, nothing_is_lost, put_back
from .journal import Journal, Step, Told, UpgradedGate, end_journal, read_journal, write_journal
from .places import Places

log = logging.getLogger(__name__)


class UpgradeMachine(Protocol):
    """What an upgrade has the machine do. All of it may be done again."""

    def stop(self, units: Sequence[str]) -> None:
        """Have services end, and wait for it."""

    def start(self, units: Sequence[str]) -> None:
        """Have services begin."""

    def not_up(self, units: Sequence[str]) -> Message | None:
        """Wait until services are up, and stay so for a while; why they are not."""

    def settle(self, version: str) -> None:
        """Make it the version that counts. Raises NotUpgraded."""

    def sensor_problem(self, version: str, config: str) -> Message | None:
        """Why a version does not come by the sensor of a gate that is stopped."""


class Conductor:
    """Brings an upgrade to its end, the one or the other."""

    def __init__(self, places: Places, machine: UpgradeMachine) -> None:
        self._places = places
        self._machine = machine

    def go_on(self) -> Message | None:
        """Go on with what is under way; how it ended, or None where nothing was.

        Raises OSError and EdgeAgentErrors; what is under way stays so, and it may be called again.
        """
        journal = read_journal(self._places.journal)
        if journal is None:
            return None
        log.info("%s in the place of %s: %s", journal.new, journal.old, journal.step)
        if journal.step == "asked":
            return self._begin(journal)
        if journal.step == "returning":
            return self._return(journal)
        if journal.step == "ended" and journal.told is not None:
            return self._tidy_up(journal.told.message)
        if journal.step == "trying" and self._places.current == journal.new:
            return self._switch(journal)
        return self._stay(journal, Message("upgrade.cut-off", old=journal.old))

    def _begin(self, journal: Journal) -> Message:
        journal = self._note(journal, "stopping")
        self._machine.stop(journal.units)
        if journal.alters:
            for gate, stand_in in self._databases(journal):
                try:
                    make_stand_in(Path(gate.database), stand_in)
                except EdgeAgentError as fault:
                    how = Message("upgrade.no-copy", old=journal.old, why=fault)
                    return self._stay(journal, how)
        for gate in journal.gates:
            why = gate.answered and self._machine.sensor_problem(journal.new, gate.config)
            if why:
                return self._stay(journal, Message("upgrade.no-sensor", old=journal.old, why=why))
        return self._switch(self._note(journal, "trying"))

    def _switch(self, journal: Journal) -> Message:
        try:
            self._machine.settle(journal.new)
        except NotUpgraded as fault:
            why: Message | None = fault.message
        else:
            self._machine.start(journal.units)
            why = self._machine.not_up(journal.units)
        if why is None:
            return self._end(journal, Message("upgrade.done", old=journal.old, new=journal.new))
        log.error("%s", why)
        return self._return(self._note(journal, "returning", why))

    def _return(self, journal: Journal) -> Message:
        why = journal.told and journal.told.message
        told = {"old": journal.old, "new": journal.new, "why": why}
        self._machine.stop(journal.units)
        altered = [
            (stand_in, Path(gate.database))
            for gate, stand_in in self._databases(journal)
            if is_newer(Path(gate.database))
        ]
        if not all(nothing_is_lost(*both) for both in altered):
            self._machine.start(journal.units)
            return self._end(journal, Message("upgrade.stays", **told))
        # First the program: one that finds a newer database leaves it alone, and waits.
        try:
            self._machine.settle(journal.old)
        except NotUpgraded:
            if self._places.current != journal.old:
                self._machine.start(journal.units)
                raise
            log.exception("its files are not all in their places")
        for stand_in, database in altered:
            put_back(stand_in, database)
        self._machine.start(journal.units)
        rmtree(self._places.folder(journal.new), ignore_errors=True)
        return self._end(journal, Message("upgrade.returned", **told))

    def _stay(self, journal: Journal, how: Message) -> Message:
        self._machine.start(journal.units)
        return self._end(journal, how)

    def _databases(self, journal: Journal) -> list[tuple[UpgradedGate, Path]]:
        return [(gate, self._places.stand_in(n)) for n, gate in enumerate(journal.gates)]

    def _note(self, journal: Journal, step: Step, told: Message | None = None) -> Journal:
        noted = structs.replace(journal, step=step, told=told and Told.of(told))
        write_journal(self._places.journal, noted)
        return noted

    def _end(self, journal: Journal, how: Message) -> Message:
        log.info("%s", how)
        self._note(journal, "ended", how)
        return self._tidy_up(how)

    def _tidy_up(self, how: Message) -> Message:
        clear(self._places)
        end_journal(self._places.journal, self._places.outcome, how)
        return how


def clear(places: Places) -> None:
    """Throw away what an upgrade has left in its workshop: copies with names among it."""
    for path in places.workshop.glob("*"):
        if path.is_dir() and not path.is_symlink():
            rmtree(path)
        elif path not in (places.journal, places.outcome, places.conductor):
            path.unlink()
