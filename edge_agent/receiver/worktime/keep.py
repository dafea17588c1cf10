"""Keeps what presses come to, worker by worker, and renews it where something has changed."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from ...contract.attendance import SHIFT_MS
from ...contract.stamps import DAY_MS, local_date, parse_time
from ..databases.database import Database, packed
from ..databases.views import ASKED, PRESSES_OF
from .changes import PRESS_COLUMNS, SESSION_COLUMNS, Change, note_punches, note_sessions
from .kept_rows import DOUBT_COLUMNS, Row, doubt_row, press_row, session_row
from .known_shifts import Plans, plans_in_force
from .pairing import pair
from .presses import Press, in_order
from .sessions import Paired
from .shifts import ZONE, Instance

_LOOK_BACK_DAYS = (4, 20, 100, 500)
"""So far before a change, one after another, until a pause is found that no session spans."""

_AT_ONCE = 50
"""Workers whose presses are in memory at one time, unless they have more than _MOST_PRESSES."""
_MOST_PRESSES = 20_000


def renew(database: Database) -> None:
    """Read anew all that is due, some workers in each transaction."""
    while is_due(database):
        with database.transaction():
            renew_some(database)


def is_due(database: Database) -> bool:
    """Whether anybody's presses wait to be read anew."""
    return bool(database.query("SELECT 1 FROM pairing_due LIMIT 1"))


def renew_some(database: Database, most: int = _AT_ONCE) -> None:
    """Read anew the presses of those workers who have waited longest; within a transaction."""
    database.wait_for_turn()
    since = _take_due(database, most)
    if not since:
        return
    plans = plans_in_force(database)
    for back in (*_LOOK_BACK_DAYS, None):
        asked = {
            code: 0 if at_ms is None or back is None else max(0, at_ms - back * DAY_MS)
            for code, at_ms in since.items()
        }
        held = _presses_of(database, asked)
        renewed: dict[str, tuple[int, Paired]] = {}
        for code, presses in held.items():
            found = _read(presses, since[code], plans, code, whole=asked[code] == 0)
            if found is not None:
                renewed[code] = found
        if renewed:
            _write(database, renewed, held)
        since = {code: at_ms for code, at_ms in since.items() if code not in renewed}
        if not since:
            return


def _take_due(database: Database, most: int) -> dict[str, int | None]:
    """Whose turn it is, and from when on; what comes after this is due again.

    Of whom nothing is kept yet, all is read at once: there is no pause to look for.
    """
    waiting = database.query(
        "SELECT code, whole, CASE WHEN whole = 1"
        " THEN (SELECT COUNT(*) FROM marks m WHERE m.code = w.code) ELSE 0 END FROM ("
        " SELECT d.code, MIN(d.id) AS turn, CASE WHEN MIN(COALESCE(d.since_ms, 0)) = 0"
        " OR NOT EXISTS (SELECT 1 FROM kept_presses k WHERE k.code = d.code) THEN 1 ELSE 0 END"
        " AS whole FROM pairing_due d GROUP BY d.code ORDER BY MIN(d.id) LIMIT ?) w ORDER BY turn",
        [most],
    )
    codes: list[list[str]] = []
    presses = 0
    for code, _, count in waiting:
        presses += count
        if codes and presses > _MOST_PRESSES:
            break
        codes.append([code])
    asked = database.rows(code="TEXT")
    taken = database.query(
        f"DELETE FROM pairing_due WHERE code IN (SELECT code FROM {asked} turn)"
        " RETURNING code, since_ms",
        [packed(codes)],
    )
    found: dict[str, int | None] = {}
    for code, since_ms in taken:
        known = found.get(code, since_ms)
        found[code] = None if known is None or since_ms is None else min(known, since_ms)
    return found | {code: None for code, whole, _ in waiting if whole and code in found}


def _presses_of(database: Database, asked: dict[str, int]) -> dict[str, list[Press]]:
    found: dict[str, list[Press]] = {code: [] for code in asked}
    given = ", ".join([ASKED] * len(asked))
    rows = database.query(
        PRESSES_OF.format(asked=given), [cell for pair in asked.items() for cell in pair]
    )
    for code, *row in rows:
        press = _press(*row)
        if press.at_ms is None or press.at_ms >= asked[code]:
            found[code].append(press)
    return found


def _press(
    ledger: str,
    seq: int,
    gate: str | None,
    direction: Any,
    way: Any,
    source: str,
    at: str | None,
    at_ms: int | None,
    day: str | None,
    not_before: str | None,
    not_after: str | None,
    uncertainty_ms: int | None,
    state: str,
    place_ms: int | None,
) -> Press:
    if at_ms is not None:
        return Press(
            ledger=ledger,
            seq=seq,
            place_ms=at_ms,
            at_ms=at_ms,
            at=at,
            day=day,
            gate=gate,
            way=way,
            guess=direction,
            source=source,
            uncertainty_ms=uncertainty_ms or 0,
        )
    low_ms = parse_time(not_before) if not_before else None
    return Press(
        ledger=ledger,
        seq=seq,
        # After the last one before it in its ledger: their order is that of the presses.
        place_ms=max(place_ms or 0, low_ms or 0),
        gate=gate,
        way=way,
        guess=direction,
        source=source,
        low_ms=low_ms,
        high_ms=parse_time(not_after) if not_after else None,
        not_before=not_before,
        not_after=not_after,
        pending=state == "pending-time",
    )


def _read(
    presses: list[Press], since_ms: int | None, plans: Plans, code: str, *, whole: bool
) -> tuple[int, Paired] | None:
    """From when on they were read, and what they come to; None: more of them are needed."""
    ordered = in_order(presses)
    if not ordered:
        return (0, Paired([], [])) if whole else None
    first = date.fromisoformat(local_date(ordered[0].place_ms, ZONE)) - timedelta(days=2)
    last = date.fromisoformat(local_date(ordered[-1].place_ms, ZONE)) + timedelta(days=1)
    shifts = plans.of(code, first, last)
    place = 0 if since_ms is None else _last_pause(ordered, since_ms, shifts)
    if place is None:
        if not whole:
            return None
        place = 0
    if place == 0 and whole:
        return 0, pair(ordered, shifts)
    return ordered[place].place_ms, pair(ordered[place:], shifts)


def _last_pause(ordered: Sequence[Press], since_ms: int, shifts: Sequence[Instance]) -> int | None:
    """The press, before that moment, with which the last run began that nothing before touches."""
    for n in range(len(ordered) - 1, 0, -1):
        press, before = ordered[n], ordered[n - 1]
        if press.place_ms >= since_ms or press.place_ms - before.came_ms <= SHIFT_MS:
            continue
        spanned = any(
            shift.first_ms <= before.came_ms and press.place_ms <= shift.last_ms for shift in shifts
        )
        reaching = any(
            one.at_ms is None
            and (one.low_ms or 0) < press.place_ms
            and (one.high_ms is None or one.high_ms > before.place_ms)
            for one in ordered
        )
        if not spanned and not reaching:
            return n
    return None


def _write(
    database: Database,
    renewed: dict[str, tuple[int, Paired]],
    held: dict[str, list[Press]],
) -> None:
    """Put what was found in the place of what was kept; rows that stay the same are not touched."""
    presses = [
        press_row(code, press)
        for code, (from_ms, _) in renewed.items()
        for press in held[code]
        if press.place_ms >= from_ms
    ]
    sessions = [
        session_row(code, session)
        for code, (_, found) in renewed.items()
        for session in found.sessions
    ]
    doubts = [
        doubt_row(code, doubt) for code, (_, found) in renewed.items() for doubt in found.doubts
    ]
    asked = [(code, from_ms) for code, (from_ms, _) in renewed.items()]
    note_punches(database, _replace(database, "kept_presses", PRESS_COLUMNS, presses, asked))
    note_sessions(database, _replace(database, "kept_sessions", SESSION_COLUMNS, sessions, asked))
    _replace(database, "kept_doubts", DOUBT_COLUMNS, doubts, asked)


def _replace(
    database: Database,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Row],
    asked: Sequence[tuple[str, int]],
) -> list[Change]:
    """Returns what has changed by it, in the order of the workers' times."""
    given = database.rows(code="TEXT", from_ms="BIGINT")
    told = ", ".join(f"k.{name}" for name in columns)
    held = {
        (row[0], row[1]): tuple(row)
        for row in database.query(
            f"SELECT {told} FROM {given} a JOIN {table} k"
            " ON k.code = a.code AND k.place_ms >= a.from_ms",
            [packed(asked)],
        )
    }
    new = {(row[0], row[1]): row for row in rows}
    held |= _elsewhere(database, table, columns, [key for key in new if key not in held])
    added = [row for key, row in new.items() if held.get(key) != row]
    gone = [key for key, row in held.items() if new.get(key) != row]
    if gone:
        keys = database.rows(ledger="TEXT", seq="BIGINT")
        database.execute(
            f"DELETE FROM {table} WHERE ({columns[0]}, {columns[1]}) IN"
            f" (SELECT ledger, seq FROM {keys} gone)",
            [packed(gone)],
        )
    if added:
        database.insert(table, columns, added)
    changes = [Change("gone", held[key]) for key in gone if key not in new]
    changes += [Change("changed" if row[:2] in held else "new", row) for row in added]
    return sorted(changes, key=lambda one: (one.row[2], one.row[3]))


def _elsewhere(
    database: Database, table: str, columns: Sequence[str], keys: list[tuple[str, int]]
) -> dict[tuple[str, int], Row]:
    """Rows of these keys that were kept at an earlier time, or for somebody else."""
    if not keys:
        return {}
    given = database.rows(ledger="TEXT", seq="BIGINT")
    told = ", ".join(f"k.{name}" for name in columns)
    return {
        (row[0], row[1]): tuple(row)
        for row in database.query(
            f"SELECT {told} FROM {given} g"
            f" JOIN {table} k ON k.{columns[0]} = g.ledger AND k.{columns[1]} = g.seq",
            [packed(keys)],
        )
    }
