"""The list of the backups of the templates."""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from ....contract.people import Print
from ...sealed_backups import SealedBackup
from .database import ChangePart, Part


class BackupRows(Part):
    """Reads the list."""

    def sealed_backups(self) -> list[SealedBackup]:
        """All of them, in the order in which they were made, as far as that is known."""
        rows = self._connection.rows("SELECT details FROM sealed_backups ORDER BY rowid")
        return [msgspec.json.decode(details, type=SealedBackup) for (details,) in rows]


class BackupChange(ChangePart):
    """Writes the list."""

    def put_sealed_backup(self, one: SealedBackup) -> None:
        """Add a backup, or say something else of it."""
        self._database.conn.execute(
            "INSERT INTO sealed_backups VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET details = excluded.details",
            (one.backup, msgspec.json.encode(one).decode()),
        )

    def drop_sealed_backup(self, backup: str) -> None:
        """A sensor that was replaced is in use again: it is no longer on the list."""
        self._database.conn.execute("DELETE FROM sealed_backups WHERE backup = ?", (backup,))

    def note_held(self, backup: str, prints: Iterable[Print]) -> None:
        """A backup holds these prints too; nothing is noted of one that is not on the list."""
        rows = self._database.conn.execute(
            "SELECT details FROM sealed_backups WHERE backup = ?", (backup,)
        ).fetchall()
        for (details,) in rows:
            one = msgspec.json.decode(details, type=SealedBackup)
            holds = {*(one.holds or ()), *((print_.slot, print_.generation) for print_ in prints)}
            self.put_sealed_backup(replace(one, holds=sorted(holds)))

    def note_erased_in_backups(self, worker: str) -> None:
        """A worker is erased: the backups that hold them, or may, must not be kept."""
        rows = self._database.conn.execute("SELECT details FROM sealed_backups").fetchall()
        for (details,) in rows:
            one = msgspec.json.decode(details, type=SealedBackup)
            may_hold = one.workers is None or worker in one.workers
            if one.destroyed is None and may_hold and worker not in one.erased:
                self.put_sealed_backup(replace(one, erased=[*one.erased, worker]))
