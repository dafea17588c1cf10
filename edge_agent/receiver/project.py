"""Keep beside the entries what they mean, in the transaction that keeps the entries themselves."""

from collections.abc import Sequence

from msgspec import Struct

from .accept import Arrival, bare, read
from .databases.database import Database, Unfit
from .effects import PunchMark, Ruling, Succession, Unusable, effect_of
from .moments import Moment
from .roster.known_workers import UNKNOWN_WORKER, reject_unknown
from .worktime.due import due_by_entries, due_by_punches

_MOMENT = ("at", "at_ms", "day", "time")
_BOUNDS = ("not_before", "not_after", "uncertainty_ms")
_COLUMNS = {
    "marks": (
        *("ledger", "seq", "gate", "code", *_MOMENT, *_BOUNDS, "direction", "direction_source"),
        *("source", "repeated"),
        *("root_ledger", "root_seq", "root_hash", "depth"),
    ),
    "rulings": (
        "ledger",
        "seq",
        "punch",
        "what",
        *_MOMENT,
        *_BOUNDS,
        "final",
        "direction",
        "direction_source",
    ),
    "successions": ("ledger", "seq", "gate", "previous"),
    "rejections": ("ledger", "seq", "gate", "reason"),
}
_PAGE = 1000


class Rejected(Struct, frozen=True):
    """An entry that is held and cannot be used, and the worker's code where it has one."""

    gate: str
    ledger: str
    seq: int
    reason: str
    code: str | None = None


def project(database: Database, arrivals: Sequence[Arrival]) -> list[Rejected]:
    """Add what these entries mean; they are held already, and none of them was here before.

    Returns those that a person must look at.
    """
    rejected: list[Rejected] = []
    gates: dict[tuple[str, int], str] = {}
    codes: dict[tuple[str, int], str] = {}
    timed: list[tuple[str, int, str, int]] = []
    others: list[tuple[str, int]] = []
    rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in _COLUMNS}
    for arrival in arrivals:
        key = (arrival.ledger, arrival.seq)
        match effect_of(arrival):
            case PunchMark() as mark:
                root = mark.root
                gates[key], codes[key] = arrival.gate, mark.code
                if root.depth == 0 and mark.moment.at_ms is not None:
                    timed.append((*key, mark.code, mark.moment.at_ms))
                else:
                    others.append(key)
                rows["marks"].append(
                    (
                        *(*key, arrival.gate, mark.code, *_parts(mark.moment)),
                        *(mark.not_before, mark.not_after, mark.uncertainty_ms),
                        *(mark.direction, mark.direction_source),
                        *(mark.source, int(mark.repeated)),
                        *(root.ledger, root.seq, root.hash, root.depth),
                    )
                )
            case Ruling() as ruling:
                others.append(key)
                rows["rulings"].append(
                    (
                        *(*key, ruling.punch, ruling.what, *_parts(ruling.moment)),
                        *(ruling.not_before, ruling.not_after, ruling.uncertainty_ms),
                        *(int(ruling.final), ruling.direction, ruling.direction_source),
                    )
                )
            case Succession() as succession:
                rows["successions"].append((*key, arrival.gate, succession.previous))
            case Unusable() as unusable:
                rows["rejections"].append((*key, arrival.gate, unusable.reason))
                rejected.append(Rejected(arrival.gate, *key, unusable.reason))
    for table, columns in _COLUMNS.items():
        if rows[table]:
            database.insert(table, columns, rows[table])
    due_by_entries(database, arrivals, timed, others)
    for key in reject_unknown(database, list(gates)):
        rejected.append(Rejected(gates[key], *key, UNKNOWN_WORKER, codes[key]))
    return rejected


def forget(database: Database, ledger: str, seq: int) -> None:
    """Take back what an entry meant that proved not to belong to the ledger's history."""
    due_by_punches(database, [(ledger, seq)])
    for table in _COLUMNS:
        database.execute(f"DELETE FROM {table} WHERE ledger = ? AND seq = ?", [ledger, seq])


def project_anew(database: Database) -> None:
    """Read all entries again: how they are understood has changed."""
    for table in _COLUMNS:
        database.execute(f"DELETE FROM {table}")
    last: tuple[str, int] = ("", 0)
    while page := database.query(
        f"SELECT gate, wire FROM entries WHERE (ledger, seq) > (?, ?) ORDER BY ledger, seq"
        f" LIMIT {_PAGE}",
        last,
    ):
        arrivals = [read(gate, bytes(wire)) for gate, wire in page]
        _project_each(database, arrivals)
        last = (arrivals[-1].ledger, arrivals[-1].seq)


def _project_each(database: Database, arrivals: list[Arrival]) -> None:
    """The one that the database does not take is for a person, and the others are what they are."""
    try:
        with database.transaction():
            project(database, arrivals)
    except Unfit:
        if len(arrivals) == 1:
            project(database, [bare(arrivals[0])])
            return
        for arrival in arrivals:
            _project_each(database, [arrival])


def _parts(moment: Moment) -> tuple[object, ...]:
    return (moment.at, moment.at_ms, moment.day, moment.time)
