"""What a clerk's tool reads: SQL that SQLite and PostgreSQL understand alike.

``standing`` has payroll's corrections but for those that were taken back, ``heirs`` which gate was
which one before, ``owned`` the marks and whose word on each counts, ``judged`` every mark once with
what became of it, and ``worked`` from when to when: times in them are text, as the gate wrote them.
``punches`` and ``sessions`` are the same with the database's own type for a time; ``rejected`` has
what a person must look at, ``doubts`` what a person must decide about presses. docs/receiver.md
tells what the columns mean.
"""

from ...contract.attendance import EVIDENCE_OF_DIRECTION

_EVIDENCE = ", ".join(f"'{source}'" for source in sorted(EVIDENCE_OF_DIRECTION))

_INSTANT_MS = 1000
"""Nobody presses twice within this: the gate has to be covered between the presses, not at them."""

# What was taken back by its number stands no more; to take back is final.
_STANDING = """
SELECT c.* FROM corrections c WHERE c.what <> 'undo' AND NOT EXISTS (SELECT 1 FROM corrections u
    WHERE u.what = 'undo' AND u.ledger = 'payroll' AND u.seq = c.id)
"""

# Which gate a person has said to be which former one, under a new id.
_HEIRS = """
WITH RECURSIVE heirs (gate, former) AS (
    SELECT c.gate, c.details FROM standing c WHERE c.what = 'successor'
    UNION SELECT h.gate, c.details FROM heirs h
        JOIN standing c ON c.gate = h.former AND c.what = 'successor')
SELECT gate, former FROM heirs
"""

# One of which nothing is held is its first successor's.
_OWNER = """COALESCE(
        (SELECT l.gate FROM ledgers l WHERE l.ledger = m.root_ledger),
        (SELECT s.gate FROM successions s JOIN entries o ON o.ledger = s.ledger AND o.seq = s.seq
            WHERE s.previous = m.root_ledger ORDER BY o.received_at, s.ledger LIMIT 1),
        m.gate)"""

# Two marks with one root are one punch, and what is said of one is said of the other; unless a
# gate recovers a punch of another gate's ledger: that is a punch of its own, ``apart``. Any gate
# can name any ledger as its own former one, so that alone makes it nobody's heir.
_OWNED = f"""
SELECT m.*, CASE
    WHEN m.depth = 0 OR m.gate = {_OWNER} THEN ''
    WHEN EXISTS (SELECT 1 FROM heirs h WHERE h.gate = m.gate AND h.former = {_OWNER}) THEN ''
    ELSE m.gate END AS apart
FROM marks m
"""

_ROOT = "root_ledger, root_seq, root_hash, apart"

# What later entries say of a punch, whichever of its marks they name. Where several give its time,
# the one that the youngest ledger wrote last is the one that holds.
_TIMES = """
    SELECT * FROM (
        SELECT m.root_ledger, m.root_seq, m.root_hash, m.apart, r.at, r.at_ms, r.day, r.time,
            r.not_before, r.not_after, r.uncertainty_ms, r.final,
            ROW_NUMBER() OVER (PARTITION BY m.root_ledger, m.root_seq, m.root_hash, m.apart
                ORDER BY m.depth DESC, r.ledger DESC, r.seq DESC) AS place
        FROM rulings r JOIN owned m ON m.ledger = r.ledger AND m.seq = r.punch
        WHERE r.what = 'time') ranked
    WHERE place = 1
"""
_DIRECTIONS = """
    SELECT * FROM (
        SELECT m.root_ledger, m.root_seq, m.root_hash, m.apart, r.direction, r.direction_source,
            ROW_NUMBER() OVER (PARTITION BY m.root_ledger, m.root_seq, m.root_hash, m.apart
                ORDER BY m.depth DESC, r.ledger DESC, r.seq DESC) AS place
        FROM rulings r JOIN owned m ON m.ledger = r.ledger AND m.seq = r.punch
        WHERE r.what = 'direction') ranked
    WHERE place = 1
"""
_VOIDS = f"""
    SELECT {_ROOT} FROM rulings r JOIN owned m ON m.ledger = r.ledger AND m.seq = r.punch
        WHERE r.what = 'void'
    UNION
    SELECT {_ROOT} FROM standing c JOIN owned m ON m.ledger = c.ledger AND m.seq = c.seq
        WHERE c.what = 'void'
"""
_DIRECTION = "CASE WHEN d.place = 1 THEN d.direction ELSE m.direction END"
_SOURCE = "CASE WHEN d.place = 1 THEN d.direction_source ELSE m.direction_source END"

# What payroll has put right of a punch, the last of it: its time, or its direction, or both.
_MOVES = """
    SELECT * FROM (
        SELECT m.root_ledger, m.root_seq, m.root_hash, m.apart, c.at, c.at_ms, c.day, c.time,
            c.direction, ROW_NUMBER() OVER (PARTITION BY m.root_ledger, m.root_seq, m.root_hash,
                m.apart ORDER BY c.id DESC) AS place
        FROM standing c JOIN owned m ON m.ledger = c.ledger AND m.seq = c.seq
        WHERE c.what = 'move') ranked
    WHERE place = 1
"""


def _when(column: str) -> str:
    told = f"CASE WHEN t.place = 1 THEN t.{column} ELSE m.{column} END"
    return f"CASE WHEN p.at IS NOT NULL THEN p.{column} ELSE {told} END"


_AT = _when("at")

# Where nobody has said between which moments a punch without a time was, the order of its ledger
# does, which is that of the events, and at last its arrival. Not in these kinds: their time is
# another's.
ELSEWHEN = "'punch.added', 'punch.recovered', 'punch.time-resolved', 'punch.time-corrected'"
_PLACED = f"""SELECT o.at FROM entries o WHERE m.depth = 0 AND o.ledger = m.ledger
            AND o.at IS NOT NULL AND o.kind NOT IN ({ELSEWHEN}) AND o.seq """
_JUDGED = f"""
WITH times AS ({_TIMES}), directions AS ({_DIRECTIONS}), voids AS ({_VOIDS}), moves AS ({_MOVES})
SELECT m.code, m.gate, COALESCE(p.direction, {_DIRECTION}) AS direction, m.ledger, m.seq,
    CASE WHEN m.depth > 0 THEN 'recovered' ELSE m.source END AS source,
    {_AT} AS at,
    {_when("at_ms")} AS at_ms,
    {_when("day")} AS day,
    {_when("time")} AS time,
    CASE WHEN {_AT} IS NULL
        THEN COALESCE(t.not_before, m.not_before, ({_PLACED}< m.seq ORDER BY o.seq DESC LIMIT 1))
        END AS not_before,
    CASE WHEN {_AT} IS NULL
        THEN COALESCE(t.not_after, m.not_after, ({_PLACED}> m.seq ORDER BY o.seq LIMIT 1),
            (SELECT received_at FROM entries e WHERE e.ledger = m.ledger AND e.seq = m.seq))
        END AS not_after,
    CASE WHEN p.at IS NOT NULL THEN NULL WHEN t.place = 1 THEN t.uncertainty_ms
        ELSE m.uncertainty_ms END AS uncertainty_ms,
    CASE
        WHEN m.depth > 0 AND EXISTS (SELECT 1 FROM entries e WHERE e.ledger = m.root_ledger
            AND e.seq = m.root_seq AND e.hash = m.root_hash) THEN 'duplicate'
        WHEN m.depth > 0 AND EXISTS (SELECT 1 FROM owned o WHERE o.depth > 0
            AND o.apart = m.apart
            AND o.root_ledger = m.root_ledger AND o.root_seq = m.root_seq
            AND o.root_hash = m.root_hash AND (o.depth < m.depth OR (o.depth = m.depth
            AND (o.ledger < m.ledger OR (o.ledger = m.ledger AND o.seq < m.seq)))))
            THEN 'duplicate'
        WHEN v.root_ledger IS NOT NULL THEN 'voided'
        WHEN m.repeated = 1 THEN 'repeated'
        WHEN j.reason IS NOT NULL THEN 'rejected'
        WHEN p.at IS NOT NULL OR (t.place = 1 AND t.at IS NOT NULL) THEN 'valid'
        WHEN t.place = 1 AND t.final = 1 THEN 'no-time'
        WHEN t.place = 1 OR m.at IS NULL THEN 'pending-time'
        ELSE 'valid'
    END AS state, {_SOURCE} AS direction_source,
    CASE WHEN p.direction IS NOT NULL THEN p.direction
        WHEN {_SOURCE} IN ({_EVIDENCE}) OR (m.source = 'supervisor' AND d.place IS NULL)
        THEN {_DIRECTION} END AS way
FROM owned m
LEFT JOIN times t ON t.root_ledger = m.root_ledger AND t.root_seq = m.root_seq
    AND t.root_hash = m.root_hash AND t.apart = m.apart
LEFT JOIN directions d ON d.root_ledger = m.root_ledger AND d.root_seq = m.root_seq
    AND d.root_hash = m.root_hash AND d.apart = m.apart
LEFT JOIN voids v ON v.root_ledger = m.root_ledger AND v.root_seq = m.root_seq
    AND v.root_hash = m.root_hash AND v.apart = m.apart
LEFT JOIN moves p ON p.root_ledger = m.root_ledger AND p.root_seq = m.root_seq
    AND p.root_hash = m.root_hash AND p.apart = m.apart
LEFT JOIN rejections j ON j.ledger = m.ledger AND j.seq = m.seq
UNION ALL
SELECT c.code, c.gate, COALESCE(p.direction, c.direction), 'payroll', c.id, 'payroll',
    CASE WHEN p.at IS NULL THEN c.at ELSE p.at END,
    CASE WHEN p.at IS NULL THEN c.at_ms ELSE p.at_ms END,
    CASE WHEN p.at IS NULL THEN c.day ELSE p.day END,
    CASE WHEN p.at IS NULL THEN c.time ELSE p.time END, NULL, NULL, NULL,
    CASE WHEN EXISTS (SELECT 1 FROM standing v WHERE v.what = 'void' AND v.ledger = 'payroll'
        AND v.seq = c.id) OR NOT EXISTS (SELECT 1 FROM standing s WHERE s.id = c.id)
        THEN 'voided' ELSE 'valid' END, NULL,
    COALESCE(p.direction, c.direction)
FROM corrections c
LEFT JOIN standing p ON p.id = (SELECT MAX(s.id) FROM standing s WHERE s.what = 'move'
    AND s.ledger = 'payroll' AND s.seq = c.id)
WHERE c.what = 'add'
"""

_PUNCHES = """
SELECT code, day AS date, time, gate, state, direction, source, CAST(at AS {moment}) AS at,
    uncertainty_ms, CAST(not_before AS {moment}) AS not_before,
    CAST(not_after AS {moment}) AS not_after, ledger, seq, direction_source
FROM judged
"""

# Where a press is missing, its gate has to be covered between ``since_ms`` and ``until_ms``, in one
# span; of one after which nothing has come, as far as is known.
_UNTIL = """CASE WHEN k.going_on = 1 AND (SELECT COALESCE(MAX(end_ms), 0) FROM covered c
        WHERE c.gate = {gate}) < k.until_ms
    THEN (SELECT COALESCE(MAX(end_ms), 0) FROM covered c WHERE c.gate = {gate})
    ELSE k.until_ms END"""


def _status(gate: str) -> str:
    until = _UNTIL.format(gate=gate)
    return f"""CASE
        WHEN k.status IN ('manual', 'open') AND {gate} IS NOT NULL AND {until} > k.since_ms
            AND NOT EXISTS (SELECT 1 FROM covered c
                WHERE c.gate = {gate} AND c.begin_ms <= k.since_ms + {_INSTANT_MS}
                AND c.end_ms >= {until} - {_INSTANT_MS}) THEN 'not-covered'
        ELSE k.status END"""


_LATER_COLUMNS = """seconds, break_seconds, shift, rest_day, late_seconds, early_seconds,
    {begin} AS shift_begin, {end} AS shift_end, why, run_ledger, run_seq, lead_ledger, lead_seq"""

_WORKED = f"""
SELECT k.code, k.date, k.in_at, k.out_at, {_status("COALESCE(k.in_gate, k.out_gate)")} AS status,
    k.seconds / 60 AS minutes, k.in_gate, k.out_gate, k.in_ledger, k.in_seq, k.out_ledger,
    k.out_seq, k.not_before, k.not_after,
    {_LATER_COLUMNS.format(begin="k.shift_begin", end="k.shift_end")}
FROM kept_sessions k
"""

_SESSIONS = f"""
SELECT code, date, CAST(in_at AS {{moment}}) AS in_at, CAST(out_at AS {{moment}}) AS out_at, status,
    minutes, in_gate, out_gate, in_ledger, in_seq, out_ledger, out_seq,
    CAST(not_before AS {{moment}}) AS not_before, CAST(not_after AS {{moment}}) AS not_after,
    {
    _LATER_COLUMNS.format(begin="CAST(shift_begin AS {moment})", end="CAST(shift_end AS {moment})")
}
FROM worked
"""

_DOUBTS = f"""
SELECT k.code, k.date, k.shift, k.why, {_status("k.gate")} AS status, k.begin_at, k.end_at,
    k.run_ledger, k.run_seq, k.presses, k.readings, k.gate
FROM kept_doubts k
"""

_CHANGES = """
SELECT place AS cursor, what, change, ledger, seq, code, date, status, gate, direction,
    CAST(at AS {moment}) AS at, CAST(until_at AS {moment}) AS until_at, seconds, break_seconds
FROM change_log
"""

_REJECTED = """
SELECT j.ledger, j.seq, j.gate, j.reason FROM rejections j
WHERE NOT EXISTS (SELECT 1 FROM standing c
    WHERE c.what = 'void' AND c.ledger = j.ledger AND c.seq = j.seq)
"""

_SOME = """
SELECT m.* FROM {asked} a JOIN marks m ON m.code = a.code AND m.at_ms >= a.since_ms
UNION SELECT m.* FROM {asked} a JOIN marks m ON m.code = a.code AND m.at_ms IS NULL
UNION SELECT m.* FROM rulings r JOIN marks m ON m.ledger = r.ledger AND m.seq = r.punch
    JOIN {asked} a ON a.code = m.code AND r.at_ms >= a.since_ms
UNION SELECT m.* FROM corrections c JOIN marks m ON m.ledger = c.ledger AND m.seq = c.seq
    JOIN {asked} a ON a.code = m.code AND c.at_ms >= a.since_ms
"""

PRESSES_OF = f"""
WITH asked (code, since_ms) AS (VALUES {{asked}}), few AS ({_SOME.format(asked="asked")}),
owned AS ({_OWNED.replace("FROM marks m", "FROM few m")}),
judged AS (SELECT * FROM ({_JUDGED}) whole
    WHERE code IN (SELECT code FROM asked))
SELECT code, ledger, seq, gate, direction, way, source, at, at_ms, day, not_before, not_after,
    uncertainty_ms, state,
    CASE WHEN at_ms IS NULL THEN (SELECT m.at_ms FROM marks m WHERE m.ledger = judged.ledger
        AND m.seq < judged.seq AND m.at_ms IS NOT NULL AND m.source <> 'supervisor'
        ORDER BY m.seq DESC LIMIT 1) ELSE at_ms END AS place_ms
FROM judged WHERE state IN ('valid', 'pending-time', 'no-time')
ORDER BY code
"""
"""The presses that count of some workers, from some moment on, and those without a time: the view
``judged``, made of no more marks than it needs. ``{asked}``: a row of ``code``, ``since_ms`` for
each, as ``ASKED`` says them: PostgreSQL plans by their number."""

ASKED = "(CAST(? AS TEXT), CAST(? AS BIGINT))"

VIEWS = {
    "standing": _STANDING,
    "heirs": _HEIRS,
    "owned": _OWNED,
    "judged": _JUDGED,
    "rejected": _REJECTED,
    "punches": _PUNCHES,
    "worked": _WORKED,
    "sessions": _SESSIONS,
    "doubts": _DOUBTS,
    "changes": _CHANGES,
}
"""Name → its SELECT, with the database's own words for types; each is made of tables and of those
before it."""
