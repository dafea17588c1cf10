"""Payroll's own corrections: rows beside the entries, with who and why. No entry is changed by one,
and no correction either: a void that was wrong is answered by adding the punch again.

What may be added is the gates' own rule (``contract/corrections.py``).
"""

from zoneinfo import ZoneInfo

from ...contract.corrections import ONE_PRESS_MS, Addition, Held, Today, known_code, said_moment
from ...contract.errors import BadRequest
from ...contract.people import Employment, checked_code
from ...contract.stamps import local_time, parse_time
from ..databases.database import Database
from ..moments import moment_of
from ..roster.known_workers import told_codes
from ..worktime.keep import renew
from .journal import PAYROLL, enter, keep_journal


def void(
    database: Database, ledger: str, seq: int, *, actor: str, reason: str, made_at: str
) -> None:
    """The punch that this entry made counts no more; a rejected entry is settled.

    Raises BadRequest where there is nothing to void.
    """
    row = (made_at, _stated(actor), _stated(reason), "void", ledger, seq, *[None] * 7)
    with database.transaction():
        database.wait_for_turn()
        _check_void(database, ledger, seq)
        enter(database, row)
    keep_journal(database)
    renew(database)


def add(
    database: Database,
    code: str,
    at: str,
    *,
    zone: str,
    direction: str | None,
    gate: str | None,
    actor: str,
    reason: str,
    made_at: str,
    force: bool = False,
) -> int:
    """Enter a punch that no gate has; returns its number, its ``seq`` in the views.

    ``at`` is local time in ``zone`` unless it has an offset of its own. Raises BadRequest where it
    cannot be, or is odd and not forced.
    """
    where = _zone(zone)
    at_ms = said_moment(at, where)
    who = (made_at, _stated(actor), _stated(reason))
    with database.transaction():
        database.wait_for_turn()
        known = _known_code(database, code, force)
        addition = Addition(code=known, at_ms=at_ms, zone=where)
        addition.check(
            Today(parse_time(made_at)),
            _employment(database, known),
            _held(database, addition),
            force=force,
        )
        if gate is not None:
            _check_gate(database, gate)
        moment = moment_of(local_time(at_ms, where))
        times = (moment.at, moment.at_ms, moment.day, moment.time)
        number = enter(database, (*who, "add", None, None, known, *times, direction, gate))
    keep_journal(database)
    renew(database)
    return number


def _check_void(database: Database, ledger: str, seq: int) -> None:
    key = [ledger, seq]
    marks = database.query("SELECT repeated FROM marks WHERE ledger = ? AND seq = ?", key)
    rejected = database.query("SELECT 1 FROM rejections WHERE ledger = ? AND seq = ?", key)
    own = ledger == PAYROLL and database.query(
        "SELECT 1 FROM corrections WHERE what = 'add' AND id = ?", [seq]
    )
    if not (marks or rejected or own):
        raise BadRequest(
            f"Entry {seq} of ledger {ledger} is neither a punch nor a rejected entry that is"
            " held: take both from the view 'punches' or 'rejected'."
        )
    if database.query(
        "SELECT 1 FROM corrections WHERE what = 'void' AND ledger = ? AND seq = ?", key
    ):
        raise BadRequest(f"Entry {seq} of ledger {ledger} has been voided here before.")
    if rejected:
        return
    if marks and marks[0][0]:
        raise BadRequest(
            f"Entry {seq} of ledger {ledger} repeats another punch and does not count anyway:"
            " void the punch itself, by the view 'punches'."
        )
    if database.query(_VOIDED, key):
        raise BadRequest(
            f"Entry {seq} of ledger {ledger} is voided already, at the gate or by another entry of"
            " the same punch: nothing was changed."
        )


_VOIDED = """
SELECT 1 FROM marks m JOIN marks o ON o.root_ledger = m.root_ledger AND o.root_seq = m.root_seq
    AND o.root_hash = m.root_hash
WHERE m.ledger = ? AND m.seq = ? AND (
    EXISTS (SELECT 1 FROM rulings r
        WHERE r.ledger = o.ledger AND r.punch = o.seq AND r.what = 'void')
    OR EXISTS (SELECT 1 FROM corrections c
        WHERE c.ledger = o.ledger AND c.seq = o.seq AND c.what = 'void'))
"""
"""Whether a punch is voided, by whichever of its entries."""


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError too.
        raise BadRequest(f"There is no zone {name!r}: write Asia/Ho_Chi_Minh, say.") from None


def _known_code(database: Database, typed: str, force: bool) -> str:
    """The code of somebody whom rosters name; before the first roster, of who has punched."""
    if named := database.query("SELECT code FROM known_workers"):
        codes = [code for (code,) in named]
        return known_code(typed, codes, "no roster names them. Publish one that does first.")
    found = database.query(
        "SELECT code FROM marks UNION SELECT code FROM corrections WHERE what = 'add'"
    )
    codes = [code for (code,) in found]
    try:
        return known_code(
            typed, codes, "nobody has punched so. Use --force where the code is right."
        )
    except BadRequest:
        if force:
            return checked_code(typed)
        raise


def _employment(database: Database, code: str) -> Employment | None:
    found = database.query(
        "SELECT active, valid_from, valid_to FROM known_workers WHERE code = ?", [code]
    )
    for active, valid_from, valid_to in found:
        return Employment(active=active != 0, valid_from=valid_from, valid_to=valid_to)
    return None


def _held(database: Database, addition: Addition) -> list[Held]:
    around = [addition.at_ms - ONE_PRESS_MS, addition.at_ms + ONE_PRESS_MS]
    found = database.query(
        "SELECT ledger, seq, at_ms FROM judged"
        " WHERE code = ? AND state = 'valid' AND at_ms BETWEEN ? AND ? ORDER BY at_ms",
        [addition.code, *around],
    )
    return [Held(f"entry {seq} of ledger {ledger}", at_ms) for ledger, seq, at_ms in found]


def _check_gate(database: Database, gate: str) -> None:
    gates = sorted(name for (name,) in database.query("SELECT DISTINCT gate FROM ledgers"))
    if gates and gate not in gates:
        raise BadRequest(f"There is no gate {gate!r}: it is one of {told_codes(gates)}.")


def _stated(text: str) -> str:
    """Who and why: never left out."""
    if not text.strip() or "\0" in text:
        raise BadRequest("A correction needs an actor and a reason.")
    return text.strip()
