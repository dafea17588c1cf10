"""What times rest on, which punches still wait for theirs, and what was last said of them.

All of it follows from the ledger; it stands in tables of its own so that no start has to read the
ledger through. On a gate whose clock is trusted an entry adds nothing here, which spares the card.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, structs

from ....contract.chain import stamp_of
from ....contract.facts import ClockStepped, ClockSynced, Fact, PunchRecorded, PunchVoided
from ....contract.stamps import ClockState, Stamp, local_time
from ....contract.true_times import Bounds, Landmark, Timeline, contradict, turns
from ...errors import DamagedLedger
from ...host.clock_trust import KnownTime
from .database import ChangePart, Part, read_data

if TYPE_CHECKING:
    from sqlite_utils import Database

DRIFT_PPM = 500
"""What an oscillator may do before two stamps of one boot are looked at more closely."""

RECOVERED_THROUGH = "recovered"
"""Remembered: the last entry of those with which a new ledger has taken over an older one."""

_STAMP = "seq, boot, boottime_ms, wall_ms, state, uncertainty_ms, hardware_clock"
_OPEN = "seq, low_ms, high_ms, exact, final, stated_by"

_IN_DOUBT = "EXISTS (SELECT 1 FROM time_doubts)"
"""Nothing is closed while a sync that proved wrong is still to be looked into: what is said then
may rest on it, since the truth may have come after that was reckoned, or with the very entry."""


class OpenTime(Struct, frozen=True):
    """A punch of which more may have to be said.

    ``stated`` is what was said last, by entry ``stated_by``: perhaps the punch itself.
    """

    seq: int
    stated: Bounds | None
    stated_by: int | None


class PendingTimes(Struct, frozen=True):
    """How many punches have no final time, and the first of them."""

    count: int
    first: int | None


class TimeRows(Part):
    """Reads them."""

    def landmarks(self) -> list[Landmark]:
        """The stamps on which times rest, in order; the last entry's is always among them."""
        with self._connection.use() as database:
            return read_landmarks(database)

    def known_time(self) -> KnownTime | None:
        """The last stamp that was trusted, and whether the hardware clock has proved itself."""
        with self._connection.telling():
            return self._known_time()

    def _known_time(self) -> KnownTime | None:
        last = self._last()
        if last is None or not last.stamp.trusted:
            rows = self._rows(
                f"SELECT {_STAMP} FROM landmarks WHERE uncertainty_ms IS NOT NULL"
                " ORDER BY seq DESC LIMIT 1"
            )
            if not rows:
                return None
            last = _landmark(rows[0])
        held = self._rows(
            # What an older ledger has found out counts there: this may be another board.
            "SELECT hardware_clock FROM landmarks WHERE hardware_clock IS NOT NULL AND seq > 0"
            " ORDER BY seq DESC LIMIT 1"
        )
        return KnownTime(last.stamp, held == [(1,)])

    def open_times(self, after: int, limit: int) -> list[OpenTime]:
        """Punches after ``after`` of which more may have to be said, in order."""
        rows = self._rows(
            f"SELECT {_OPEN} FROM times WHERE open = 1 AND seq > ? ORDER BY seq LIMIT ?",
            after,
            limit,
        )
        return [OpenTime(row[0], _stated(row), row[-1]) for row in rows]

    def doubted(self) -> range | None:
        """Entries whose times a later synchronisation has put in doubt: look at them again."""
        rows = self._rows("SELECT first_seq, last_seq FROM time_doubts ORDER BY first_seq LIMIT 1")
        return range(rows[0][0], rows[0][1] + 1) if rows else None

    def pending_times(self) -> PendingTimes:
        """How many punches wait for their time, and the first of them."""
        [(count, first)] = self._rows(
            "SELECT count(*), min(seq) FROM times WHERE open = 1 AND final = 0"
        )
        return PendingTimes(count, first)

    def is_voided(self, seq: int) -> bool:
        """Whether a supervisor has withdrawn this punch."""
        return bool(self._rows("SELECT 1 FROM voided WHERE seq = ?", seq))

    def complete_until(self, confirmed: int) -> str | None:
        """A time before which every entry is among the first ``confirmed`` and has its time.

        What gave an entry its time has to be confirmed too.
        """
        with self._connection.telling():
            return self._complete_until(confirmed)

    def recovered_through(self) -> int:
        """The last entry that was recorded again of an older ledger; 0: there is none."""
        rows = self._rows("SELECT value FROM remembered WHERE key = ?", RECOVERED_THROUGH)
        return max((int(value) for (value,) in rows), default=0)

    def _complete_until(self, confirmed: int) -> str | None:
        [(pending,)] = self._rows(
            "SELECT min(seq) FROM (SELECT min(seq) AS seq FROM times WHERE open = 1"
            " UNION ALL SELECT min(seq) FROM times WHERE stated_by > ?"
            " UNION ALL SELECT min(first_seq) FROM time_doubts)",
            confirmed,
        )
        sure = confirmed if pending is None else min(confirmed, pending - 1)
        # What was recovered happened before this ledger began, wherever it stands in it.
        if sure < max(1, self.recovered_through()):
            return None
        # Its own stamp, or that of the last landmark before it.
        rows = self._rows("SELECT seq, wire FROM ledger WHERE seq = ?", sure)
        stamps = [stamp_of(read_data(*row)) for row in rows]
        stamps += [
            _landmark(row).stamp
            for row in self._rows(
                f"SELECT {_STAMP} FROM landmarks WHERE seq <= ? AND uncertainty_ms IS NOT NULL"
                " ORDER BY seq DESC LIMIT 1",
                sure,
            )
        ]
        for stamp in stamps:
            if stamp.trusted:
                # What was written later happened later, but the clock may say so only within its
                # uncertainty.
                return local_time(stamp.wall_ms - (stamp.uncertainty_ms or 0), self._scribe.zone)
        return None

    def _last(self) -> Landmark | None:
        return last_landmark(self._rows("SELECT seq, wire FROM ledger ORDER BY seq DESC LIMIT 1"))

    def _rows(self, sql: str, *parameters: Any) -> list[Any]:
        return self._connection.rows(sql, *parameters)


class TimeChange(ChangePart):
    """Writes them, together with the entries that they follow from."""

    def state_time(self, of: int, bounds: Bounds, by: int) -> None:
        """Entry ``by`` says ``bounds`` of punch ``of``."""
        self._database.conn.execute(
            "UPDATE times SET low_ms = ?, high_ms = ?, exact = ?, final = ?, stated_by = ?,"
            f" open = ? OR {_IN_DOUBT} WHERE seq = ?",
            (bounds.low, bounds.high, bounds.exact, bounds.final, by, not bounds.final, of),
        )

    def close_time(self, seq: int) -> None:
        """What was said of this punch is final."""
        self._database.conn.execute(
            f"UPDATE times SET open = {_IN_DOUBT}, final = 1 WHERE seq = ?", (seq,)
        )

    def doubt_time(self, seq: int, stated: Bounds) -> None:
        """What this punch said of itself may be wrong."""
        self._database.conn.execute(
            "INSERT OR IGNORE INTO times (seq, low_ms, high_ms, exact, final, stated_by, open)"
            " VALUES (?, ?, ?, 1, 1, ?, 1)",
            (seq, stated.low, stated.high, seq),
        )

    def looked_again(self, doubted: range, through: int) -> None:
        """The doubted entries up to ``through`` have been looked at."""
        conn = self._database.conn
        conn.execute("DELETE FROM time_doubts WHERE first_seq = ?", (doubted.start,))
        if through + 1 < doubted.stop:
            conn.execute(
                "INSERT OR REPLACE INTO time_doubts VALUES (?, ?)", (through + 1, doubted.stop - 1)
            )

    def forget_times(self, confirmed: int, before: int) -> None:
        """Forget what is final, confirmed and was said before entry ``before``."""
        self._database.conn.execute(
            "DELETE FROM times WHERE open = 0 AND stated_by <= ? AND stated_by < ?",
            (confirmed, before),
        )

    def note_time(self, fact: Fact, stamp: Stamp, seq: int) -> None:
        """Keep of the entry ``seq``, about to be inserted, what times rest on."""
        conn = self._database.conn
        rows = conn.execute("SELECT seq, wire FROM ledger ORDER BY seq DESC LIMIT 1").fetchall()
        before = last_landmark(rows)
        turned = turns(before.stamp if before else None, stamp, DRIFT_PPM)
        held = _hardware_clock(fact)
        if turned:
            self._doubt_what_contradicts(stamp, seq)
            if before is not None:
                self._put_landmark(before)
            self._put_landmark(Landmark(seq, stamp))
        if isinstance(fact, PunchRecorded) and not stamp.trusted:
            conn.execute("INSERT INTO times (seq) VALUES (?)", (seq,))
        if isinstance(fact, PunchVoided):
            conn.execute("INSERT INTO voided VALUES (?)", (fact.of,))
        if held is not None:
            self._put_landmark(Landmark(seq, stamp))
            self._judge_hardware(seq, held)
        if stamp.state is ClockState.SYNCED and (turned or held is not None):
            self._doubt_what_rested_on_hardware(stamp, seq)

    def _put_landmark(self, landmark: Landmark) -> None:
        _put_landmark(self._database, landmark)

    def _judge_hardware(self, seq: int, held: int) -> None:
        self._database.conn.execute(
            "UPDATE landmarks SET hardware_clock = ? WHERE seq = ?", (held, seq)
        )

    def _doubt_what_rested_on_hardware(self, synced: Stamp, seq: int) -> None:
        """Have all times looked at again that rested on a battery-backed clock proved false.

        Once a boot, among what was written since the clock was last found to hold.
        """
        conn = self._database.conn
        [(judged,)] = conn.execute(
            "SELECT count(*) FROM landmarks WHERE boot = ? AND state = ? AND hardware_clock = 0"
            " AND seq < ?",
            (synced.boot, ClockState.SYNCED.value, seq),
        )
        if judged:
            return
        rows = conn.execute(
            f"SELECT {_STAMP} FROM landmarks WHERE seq >= ifnull(("
            " SELECT max(seq) FROM landmarks WHERE hardware_clock = 1 AND boot <> ?), seq)"
            " ORDER BY seq",
            (synced.boot,),
        ).fetchall()
        found = Timeline(map(_landmark, rows), DRIFT_PPM)
        if found.hardware_clock_held is False:
            self._judge_hardware(seq, 0)
        if found.false_since is not None:
            self._doubt(found.false_since, seq)

    def _doubt(self, first: int, seq: int) -> None:
        """Have what was written from ``first`` to before ``seq``, and said since, looked at."""
        conn = self._database.conn
        conn.execute("INSERT OR REPLACE INTO time_doubts VALUES (?, ?)", (first, seq - 1))
        conn.execute("UPDATE times SET open = 1 WHERE open = 0 AND stated_by >= ?", (first,))

    def _doubt_what_contradicts(self, stamp: Stamp, seq: int) -> None:
        """Have all times of this boot looked at again where its clock was trusted wrongly."""
        conn = self._database.conn
        rows = conn.execute(
            f"SELECT {_STAMP} FROM landmarks WHERE boot = ? AND uncertainty_ms IS NOT NULL"
            " ORDER BY seq",
            (stamp.boot,),
        ).fetchall()
        before = last_landmark(
            conn.execute("SELECT seq, wire FROM ledger ORDER BY seq DESC LIMIT 1").fetchall()
        )
        earlier = [_landmark(row).stamp for row in rows] + ([before.stamp] if before else [])
        if not any(contradict(one, stamp, DRIFT_PPM) for one in earlier):
            return
        [(first,)] = conn.execute("SELECT min(seq) FROM landmarks WHERE boot = ?", (stamp.boot,))
        self._doubt(first, seq)


def read_landmarks(database: Database) -> list[Landmark]:
    """The stamps on which times rest, in order; the last entry's is always among them."""
    conn = database.conn
    rows = conn.execute(f"SELECT {_STAMP} FROM landmarks ORDER BY seq").fetchall()
    found = [_landmark(row) for row in rows]
    last = last_landmark(
        conn.execute("SELECT seq, wire FROM ledger ORDER BY seq DESC LIMIT 1").fetchall()
    )
    if last is not None and (not found or found[-1].seq != last.seq):
        found.append(last)
    return found


def put_earlier_landmarks(database: Database, landmarks: list[Landmark]) -> None:
    """Write the landmarks of an older ledger, in the places before this one's first entry."""
    last = landmarks[-1].seq if landmarks else 0
    for mark in landmarks:
        _put_landmark(database, structs.replace(mark, seq=mark.seq - last))


def _hardware_clock(fact: Fact) -> int | None:
    """Whether this entry proves (1) or disproves (0) the battery-backed clock."""
    if isinstance(fact, ClockSynced) and fact.hardware_clock is not None:
        return int(fact.hardware_clock == "held")
    if isinstance(fact, ClockStepped) and fact.state is not ClockState.SYNCED:
        return 0  # Whoever sets the clock by hand may have set that one too.
    return None


def _put_landmark(database: Database, landmark: Landmark) -> None:
    stamp = landmark.stamp
    database.conn.execute(
        f"INSERT OR IGNORE INTO landmarks ({_STAMP}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            landmark.seq,
            stamp.boot,
            stamp.boottime_ms,
            stamp.wall_ms,
            stamp.state.value,
            stamp.uncertainty_ms if stamp.trusted else None,
            False if landmark.set_by_hand else landmark.hardware_clock_held,
        ),
    )


def last_landmark(rows: list[Any]) -> Landmark | None:
    """The stamp of a row of the ledger, if there is one."""
    return Landmark(rows[0][0], stamp_of(read_data(*rows[0]))) if rows else None


def _landmark(row: Any) -> Landmark:
    seq, boot, boottime_ms, wall_ms, said, uncertainty_ms, held = row
    try:
        stamp = msgspec.convert(
            {
                "boot": boot,
                "boottime_ms": boottime_ms,
                "wall_ms": wall_ms,
                "state": said,
                "uncertainty_ms": uncertainty_ms,
            },
            Stamp,
        )
    except msgspec.ValidationError as error:
        raise DamagedLedger("store.landmark-altered", seq=seq, error=error) from error
    if held is None or stamp.state is ClockState.SYNCED:
        return Landmark(seq, stamp, None if held is None else bool(held))
    # Whoever set the clock by hand has shown nothing of how it was before. One that is still held
    # over agrees with what was known.
    return Landmark(seq, stamp, set_by_hand=stamp.state is ClockState.UNSYNCED)


def _stated(row: Any) -> Bounds | None:
    _, low, high, exact, final, stated_by = row
    return None if stated_by is None else Bounds(low, high, bool(exact), bool(final))
