"""Which workers and prints of a damaged database are certain, and who is lost.

The snapshot beside it is believed where it is of this ledger and no later entry speaks of people.
Without it each row has to prove itself: a flipped byte would otherwise credit one worker with
another's finger.
"""

import sqlite3
from contextlib import closing, suppress
from typing import Any

import msgspec
from msgspec import Struct

from ....contract.kinds import ERASING
from ...errors import DamagedLedger
from ..lost_people import Finger, LostPeople, lost
from ..store.carry_over import LISTINGS, TABLES, Rows, taken_over
from ..store.lean_sqlite_utils import Database
from ..store.metadata import ERASURES_UNKNOWN, PEOPLE_LOST
from ..store.people_rows import SUMMED, print_sum, read_roster, row_sum
from ..store.people_snapshot import PeopleSnapshot
from ..store.schema import m090_no_listings, migrations

_OF_PRINTS = ("print.enrolled", "print.restored", "print.removed")

OF_PEOPLE = (
    *("worker.added", "worker.changed", "worker.forgotten"),
    *("consent.given", "credential.added", "credential.removed"),
    *(*_OF_PRINTS, *ERASING),
)
"""Kinds of entries that say who there is, and by what they are known."""

_NOT_TAKEN = (DamagedLedger, sqlite3.Error, ValueError, TypeError, LookupError, OverflowError)


class RescuedPeople(Struct, frozen=True, kw_only=True):
    """The rows that the next database takes over, settings and all.

    ``doubted``: prints that nothing proves any more, and that are therefore left behind.
    ``unsure``: codes of workers of whom only a print proves that there is such a one. ``lost``:
    who there was and does not come along.
    """

    rows: Rows
    doubted: int
    unsure: list[str]
    lost: LostPeople | None


def rescue_people(
    rows: Rows, whole: bool, said: list[dict[str, Any]], snapshot: PeopleSnapshot | None
) -> RescuedPeople:
    """Make the best of the tables' ``rows`` (``whole``: all could be read) and a ``snapshot``.

    ``said``: the data of the entries of OF_PEOPLE that could be found, in their order.
    """
    workers, prints = _who_there_was(rows, said, snapshot)
    forgotten = _doubt_erasures(rows)
    if snapshot is not None and not any(data["seq"] > snapshot.seq for data in said):
        doubted, unsure = 0, list[str]()
        _put_snapshot(rows, whole, snapshot)
    else:
        doubted = _doubt_prints(rows, whole)
        unsure = _vouch_for_workers(rows, whole)
    rows = _put_in_order(rows)
    present = [row for row in rows["prints"] if not row["removed"]]
    missing = lost(
        workers,
        prints,
        [row["code"] for row in rows["workers"]],
        [(row["worker"], row["finger"]) for row in present],
    )
    rows["remembered"] = [row for row in rows["remembered"] if row["key"] != PEOPLE_LOST]
    if missing is not None:
        told = msgspec.json.encode(missing).decode()
        rows["remembered"].append({"key": PEOPLE_LOST, "value": told})
    if forgotten:
        others = [row for row in rows["remembered"] if row["key"] != ERASURES_UNKNOWN]
        rows["remembered"] = [*others, {"key": ERASURES_UNKNOWN, "value": "damaged"}]
    return RescuedPeople(rows=rows, doubted=doubted, unsure=unsure, lost=missing)


def _who_there_was(
    rows: Rows, said: list[dict[str, Any]], snapshot: PeopleSnapshot | None
) -> tuple[set[str], set[Finger]]:
    """By all that still tells of it; what proves itself has the last word on a slot.

    An entry that is older than the snapshot has none: the one that took it back may be lost.
    """
    kept = snapshot.rows if snapshot else {}
    slots: dict[int, Finger] = {}
    for row in [*rows.get("prints", []), *kept.get("prints", [])]:
        if not row.get("removed") and {"slot", "worker", "finger"} <= row.keys():
            slots[row["slot"]] = (row["worker"], row["finger"])
    since = snapshot.seq if snapshot else 0
    for data in said:
        if data["seq"] <= since:
            continue
        if data["kind"] == "print.removed":
            slots.pop(data["slot"], None)
        elif data["kind"] in ERASING:
            slots = {slot: whose for slot, whose in slots.items() if whose[0] != data["worker"]}
        elif data["kind"] in _OF_PRINTS:
            slots[data["slot"]] = (data["worker"], data["finger"])
    sure = [row for row in rows.get("workers", []) if _is_sure("workers", row)]
    workers = {row["code"] for row in [*sure, *kept.get("workers", [])]}
    workers |= {data["worker"] for data in said}
    earlier = _lost_before(rows, snapshot)
    return workers | {*earlier.workers}, {*slots.values(), *earlier.prints}


def _lost_before(rows: Rows, snapshot: PeopleSnapshot | None) -> LostPeople:
    """Who had not come along from an earlier database: part of who there was, unless they are back.

    By the snapshot where it tells, for that has a checksum.
    """
    remembered = (row for row in rows.get("remembered", []) if row.get("key") == PEOPLE_LOST)
    said = (snapshot and snapshot.lost) or next((row.get("value") for row in remembered), None)
    with suppress(msgspec.MsgspecError, TypeError):
        return msgspec.json.decode(said or "", type=LostPeople)
    return LostPeople(workers=[], of_workers=0, prints=[], of_prints=0)


def _put_snapshot(rows: Rows, whole: bool, snapshot: PeopleSnapshot) -> None:
    agree = whole and all(_alike(rows.get(table, []), its) for table, its in snapshot.rows.items())
    rows.update(snapshot.sealed())
    if not agree:
        _ask_others(rows)


def _alike(found: list[dict[str, Any]], kept: list[dict[str, Any]]) -> bool:
    """Whether the rows of a table are those of the snapshot, in whatever order."""
    return sorted(map(_key, found)) == sorted(map(_key, kept))


def _key(row: dict[str, Any]) -> str:
    plain = {k: v.hex() if isinstance(v, bytes) else v for k, v in row.items() if k != "sum"}
    return repr(sorted(plain.items()))


def _ask_others(rows: Rows) -> None:
    """Then only the templates can say whose slots these are, and payroll its roster again."""
    rows["sensor_mark"] = []
    rows["roster"] = []


def _doubt_prints(rows: Rows, whole: bool) -> int:
    """Mark prints that were altered as removed, and count them.

    A doubted print's slot keeps its generation, so that it is never mistaken for the next one.
    """
    doubted = 0
    for row in rows.get("prints", []):
        if not (row.get("removed") or row.get("sum") == print_sum(row)):
            row["removed"], doubted = 1, doubted + 1
            row["sum"] = print_sum(row)
    if doubted or not whole:
        rows["sensor_mark"] = []
    return doubted


def _doubt_erasures(rows: Rows) -> bool:
    """Leave out who was altered of those who are to be erased, or were; whether anybody was.

    Another worker would be erased in their place. Payroll or a person says then who it was.
    """
    doubted = False
    for table in ("erasures", "erased"):
        found = rows.get(table, [])
        rows[table] = [row for row in found if "sum" not in row or _is_sure(table, row)]
        doubted |= len(rows[table]) < len(found)
    return doubted


def _vouch_for_workers(rows: Rows, whole: bool) -> list[str]:
    """Leave out workers that were altered, but for those of sound prints: they only lose a name.
    Altered consents and cards are left out too.

    Whoever has a print is somebody who works here, and may be paid; payroll's roster says the rest
    again.
    """
    listed = [len(rows.get(table, [])) for table in ("workers", "employments")]
    for table in ("workers", "employments"):
        rows[table] = [row for row in rows.get(table, []) if _is_sure(table, row)]
    for table in ("consents", "credentials"):
        rows[table] = [row for row in rows.get(table, []) if _is_sure(table, row)]
    known = {row["code"] for row in rows["workers"]}
    unsure = sorted(
        {row["worker"] for row in rows.get("prints", []) if not row.get("removed")} - known
    )
    rows["workers"] += [{"code": code, "name": code, "active": 1} for code in unsure]
    if not whole or [len(rows["workers"]) - len(unsure), len(rows["employments"])] != listed:
        rows["roster"] = []
    return unsure


def _is_sure(table: str, row: dict[str, Any]) -> bool:
    """Nothing proves a row of a version that had no checksums: it is taken as it is."""
    if any(name not in row for name in SUMMED[table]):
        return False
    return row.get("sum") is None or row["sum"] == row_sum(table, row)


def _put_in_order(rows: Rows) -> Rows:
    """Only what the tables take: types, keys and references are theirs to check.

    An older release's roster that is half in its place is put there whole, as its database would
    have been: by the migration. No database that has one has any table or column of later ones.
    """
    older = [m090_no_listings.__name__] if rows.get(LISTINGS) else []
    with closing(Database(memory=True)) as sound:
        migrations().apply(sound, stop_before=older)
        sound.conn.execute("PRAGMA foreign_keys=ON")
        there = set(sound.table_names())
        for table in (*TABLES, LISTINGS):
            for row in rows.get(table, ()) if table in there else ():
                names = [name for name in row if name in sound.table(table).columns_dict]
                columns = ", ".join(f'"{name}"' for name in names)
                places = ", ".join("?" * len(names))
                with suppress(*_NOT_TAKEN):
                    if table == "roster":
                        read_roster(row)
                    sound.conn.execute(
                        f'INSERT INTO "{table}" ({columns}) VALUES ({places})',
                        [row[name] for name in names],
                    )
        migrations().apply(sound)
        return taken_over(sound)
