"""The lists of the backups of the templates, and of the sensors that were replaced."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from ....contract.people import Print
from ...replaced_sensors import ReplacedSensor
from ...sealed_backups import SealedBackup
from .database import ChangePart, Part

# One table has both, or an earlier version could not open the database: it sees a backup that
# holds nobody in the row of a sensor.
_BACKUPS = "SELECT details FROM sealed_backups WHERE json_extract(details, '$.in_sensor') IS NULL"

_SENSORS = (
    "SELECT json_extract(details, '$.in_sensor') FROM sealed_backups"
    " WHERE json_extract(details, '$.in_sensor') IS NOT NULL"
)


class BackupRows(Part):
    """Reads the lists."""

    def sealed_backups(self) -> list[SealedBackup]:
        """All of them, in the order in which they were made, as far as that is known."""
        rows = self._connection.rows(f"{_BACKUPS} ORDER BY rowid")
        return [msgspec.json.decode(details, type=SealedBackup) for (details,) in rows]

    def replaced_sensors(self) -> list[ReplacedSensor]:
        """All of them, in the order in which they were first replaced."""
        rows = self._connection.rows(f"{_SENSORS} ORDER BY rowid")
        return [msgspec.json.decode(details, type=ReplacedSensor) for (details,) in rows]

    def not_backed_up(self) -> int:
        """How many prints no backup holds."""
        [(count,)] = self._connection.rows(
            "SELECT count(*) FROM prints WHERE removed = 0 AND backed_up = 0"
        )
        return int(count)

    def whose_not_backed_up(self, most: int) -> list[str]:
        """Whose prints those are: the first few codes."""
        rows = self._connection.rows(
            "SELECT DISTINCT worker FROM prints WHERE removed = 0 AND backed_up = 0"
            " ORDER BY worker LIMIT ?",
            most,
        )
        return [code for (code,) in rows]


class BackupChange(ChangePart):
    """Writes the lists."""

    def put_sealed_backup(self, one: SealedBackup) -> None:
        """Add a backup, or say something else of it."""
        self._put_details(one.backup, one)

    def put_replaced_sensor(self, one: ReplacedSensor) -> None:
        """Add a sensor, or say something else of it."""
        nobodys = {"backup": one.mark, "workers": [], "holds": []}
        self._put_details(one.mark, {**nobodys, "in_sensor": one})

    def _put_details(self, name: str, details: Any) -> None:
        self._database.conn.execute(
            "INSERT INTO sealed_backups VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET details = excluded.details",
            (name, msgspec.json.encode(details).decode()),
        )

    def drop_replaced_sensor(self, mark: str) -> None:
        """It is in use again, and emptied of what it held: it is no longer on the list."""
        self._database.conn.execute("DELETE FROM sealed_backups WHERE backup = ?", (mark,))

    def note_held(self, backup: str, prints: Iterable[Print]) -> None:
        """A backup holds these prints too; nothing is noted of one that is not on the list."""
        rows = self._database.conn.execute(
            "SELECT details FROM sealed_backups WHERE backup = ?", (backup,)
        ).fetchall()
        for (details,) in rows:
            one = msgspec.json.decode(details, type=SealedBackup)
            holds = {*(one.holds or ()), *((print_.slot, print_.generation) for print_ in prints)}
            self.put_sealed_backup(replace(one, holds=sorted(holds)))

    def note_erased_elsewhere(self, worker: str) -> None:
        """A worker is erased: the backups that hold them, or may, must not be kept.

        Of the sensors that were replaced it is known that theirs is in them still.
        """
        for (details,) in self._database.conn.execute(_BACKUPS).fetchall():
            one = msgspec.json.decode(details, type=SealedBackup)
            may_hold = one.workers is None or worker in one.workers
            if one.destroyed is None and may_hold and worker not in one.erased:
                self.put_sealed_backup(replace(one, erased=[*one.erased, worker]))
        for (details,) in self._database.conn.execute(_SENSORS).fetchall():
            sensor = msgspec.json.decode(details, type=ReplacedSensor)
            holds = worker in sensor.templates and sensor.destroyed is None
            if holds and worker not in sensor.erased:
                self.put_replaced_sensor(replace(sensor, erased=[*sensor.erased, worker]))
