"""What a clerk's tool reads: SQL that SQLite and PostgreSQL understand alike.

``owned`` has the marks and whose word on each counts, ``judged`` every mark once with what
became of it, and ``worked`` from when to when: times in them are text, as the gate wrote them.
``punches`` and ``sessions`` are the same with the database's own type for a time; ``rejected`` has
what a person must look at. docs/receiver.md tells what the columns mean.
"""

from ...contract.attendance import SHIFT_MS

_INSTANT_MS = 1000
"""Nobody presses twice within this: the gate has to be covered between the presses, not at them."""

# Two marks with one root are one punch, and what is said of one is said of the other; unless a
# gate recovers a punch of another gate's ledger: that is a punch of its own, ``apart``. Under a new
# id a gate goes on with its old ledger, as long as nothing more comes of that; one of which nothing
# is held is its first successor's.
_OWNED = """
SELECT m.*, CASE
    WHEN m.depth = 0 THEN ''
    WHEN m.gate = COALESCE(
        (SELECT l.gate FROM ledgers l WHERE l.ledger = m.root_ledger),
        (SELECT s.gate FROM successions s JOIN entries o ON o.ledger = s.ledger AND o.seq = s.seq
            WHERE s.previous = m.root_ledger ORDER BY o.received_at, s.ledger LIMIT 1),
        m.gate) THEN ''
    WHEN EXISTS (SELECT 1 FROM ledgers l JOIN successions s ON s.previous = l.ledger
        JOIN entries o ON o.ledger = s.ledger AND o.seq = s.seq
        WHERE l.ledger = m.root_ledger AND s.gate = m.gate AND NOT EXISTS (SELECT 1 FROM entries e
            WHERE e.ledger = m.root_ledger AND e.received_at > o.received_at)) THEN ''
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
_VOIDS = f"""
    SELECT {_ROOT} FROM rulings r JOIN owned m ON m.ledger = r.ledger AND m.seq = r.punch
        WHERE r.what = 'void'
    UNION
    SELECT {_ROOT} FROM corrections c JOIN owned m ON m.ledger = c.ledger AND m.seq = c.seq
        WHERE c.what = 'void'
"""
_AT = "CASE WHEN t.place = 1 THEN t.at ELSE m.at END"

# Where nobody has said between which moments a punch without a time was, the order of its ledger
# does, which is that of the events, and at last its arrival. Not in these kinds: their time is
# another's.
_ELSEWHEN = "'punch.added', 'punch.recovered', 'punch.time-resolved', 'punch.time-corrected'"
_PLACED = f"""SELECT o.at FROM entries o WHERE m.depth = 0 AND o.ledger = m.ledger
            AND o.at IS NOT NULL AND o.kind NOT IN ({_ELSEWHEN}) AND o.seq """
_JUDGED = f"""
WITH times AS ({_TIMES}), voids AS ({_VOIDS})
SELECT m.code, m.gate, m.direction, m.ledger, m.seq,
    CASE WHEN m.depth > 0 THEN 'recovered' ELSE m.source END AS source,
    {_AT} AS at,
    CASE WHEN t.place = 1 THEN t.at_ms ELSE m.at_ms END AS at_ms,
    CASE WHEN t.place = 1 THEN t.day ELSE m.day END AS day,
    CASE WHEN t.place = 1 THEN t.time ELSE m.time END AS time,
    CASE WHEN {_AT} IS NULL
        THEN COALESCE(t.not_before, m.not_before, ({_PLACED}< m.seq ORDER BY o.seq DESC LIMIT 1))
        END AS not_before,
    CASE WHEN {_AT} IS NULL
        THEN COALESCE(t.not_after, m.not_after, ({_PLACED}> m.seq ORDER BY o.seq LIMIT 1),
            (SELECT received_at FROM entries e WHERE e.ledger = m.ledger AND e.seq = m.seq))
        END AS not_after,
    CASE WHEN t.place = 1 THEN t.uncertainty_ms ELSE m.uncertainty_ms END AS uncertainty_ms,
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
        WHEN t.place = 1 AND t.at IS NOT NULL THEN 'valid'
        WHEN t.place = 1 AND t.final = 1 THEN 'no-time'
        WHEN t.place = 1 OR m.at IS NULL THEN 'pending-time'
        ELSE 'valid'
    END AS state
FROM owned m
LEFT JOIN times t ON t.root_ledger = m.root_ledger AND t.root_seq = m.root_seq
    AND t.root_hash = m.root_hash AND t.apart = m.apart
LEFT JOIN voids v ON v.root_ledger = m.root_ledger AND v.root_seq = m.root_seq
    AND v.root_hash = m.root_hash AND v.apart = m.apart
LEFT JOIN rejections j ON j.ledger = m.ledger AND j.seq = m.seq
UNION ALL
SELECT c.code, c.gate, c.direction, 'payroll', c.id, 'payroll', c.at, c.at_ms, c.day, c.time,
    NULL, NULL, NULL,
    CASE WHEN EXISTS (SELECT 1 FROM corrections v WHERE v.what = 'void' AND v.ledger = 'payroll'
        AND v.seq = c.id) THEN 'voided' ELSE 'valid' END
FROM corrections c WHERE c.what = 'add'
"""

_PUNCHES = """
SELECT code, day AS date, time, gate, state, direction, source, CAST(at AS {moment}) AS at,
    uncertainty_ms, CAST(not_before AS {moment}) AS not_before,
    CAST(not_after AS {moment}) AS not_after, ledger, seq
FROM judged
"""

# Where the other end of a session is missing, its gate has to be covered between ``since_ms``
# and ``until_ms``, in one span; of one that is open still, as far as is known.
#
# A punch whose time is not known stands where its ledger has it: after the last press before it
# that has a time; what a supervisor has added stands there later than it was. Directions that the
# gate does not know alternate, and begin with an in, from the last one that it knew, or from the
# last pause that is longer than a session can be.
_WORKED = f"""
WITH placed AS (
    SELECT code, gate, direction, state, at, at_ms, day, time, not_before, not_after, ledger, seq,
        COALESCE(at_ms, (SELECT m.at_ms FROM marks m WHERE m.ledger = judged.ledger
            AND m.seq < judged.seq AND m.at_ms IS NOT NULL AND m.source <> 'supervisor'
            ORDER BY m.seq DESC LIMIT 1), 0)
            AS place_ms
    FROM judged WHERE state IN ('valid', 'pending-time', 'no-time')
), after_pause AS (
    SELECT *, CASE WHEN direction IS NULL AND place_ms - LAG(place_ms) OVER (PARTITION BY code
        ORDER BY place_ms, ledger, seq) <= {SHIFT_MS} THEN 0 ELSE 1 END AS leads
    FROM placed
), runs AS (
    SELECT *, SUM(leads) OVER (PARTITION BY code ORDER BY place_ms, ledger, seq) AS run
    FROM after_pause
), counted AS (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY code, run ORDER BY place_ms, ledger, seq) AS nth,
        FIRST_VALUE(COALESCE(direction, 'in')) OVER (PARTITION BY code, run
            ORDER BY place_ms, ledger, seq) AS first_way
    FROM runs
), directed AS (
    SELECT *, CASE WHEN (nth % 2 = 1) = (first_way = 'in') THEN 'in' ELSE 'out' END AS way
    FROM counted
), beside AS (
    SELECT *,
        LAG(way) OVER before AS last_way, LAG(place_ms) OVER before AS last_ms,
        LEAD(way) OVER before AS next_way, LEAD(place_ms) OVER before AS next_ms,
        LEAD(at) OVER before AS next_at, LEAD(at_ms) OVER before AS next_at_ms,
        LEAD(day) OVER before AS next_day, LEAD(time) OVER before AS next_time,
        LEAD(not_before) OVER before AS next_not_before,
        LEAD(not_after) OVER before AS next_not_after,
        LEAD(state) OVER before AS next_state, LEAD(gate) OVER before AS next_gate,
        LEAD(ledger) OVER before AS next_ledger, LEAD(seq) OVER before AS next_seq
    FROM directed
    WINDOW before AS (PARTITION BY code ORDER BY place_ms, ledger, seq)
), paired AS (
    SELECT *, CASE WHEN next_way = 'out' AND next_ms - place_ms <= {SHIFT_MS}
        THEN 1 ELSE 0 END AS whole
    FROM beside
    WHERE way = 'in' OR last_way IS NULL OR last_way = 'out'
        OR place_ms - last_ms > {SHIFT_MS}
), bounded AS (
    SELECT *,
        CASE WHEN whole = 1 THEN NULL
            WHEN way = 'in' THEN at_ms
            WHEN last_ms > at_ms - {SHIFT_MS} THEN last_ms
            ELSE at_ms - {SHIFT_MS} END AS since_ms,
        CASE WHEN whole = 1 THEN NULL
            WHEN way = 'out' THEN at_ms
            WHEN next_ms < at_ms + {SHIFT_MS} THEN next_ms
            WHEN next_ms IS NULL AND (SELECT COALESCE(MAX(end_ms), 0) FROM covered c
                WHERE c.gate = paired.gate) < at_ms + {SHIFT_MS}
                THEN (SELECT COALESCE(MAX(end_ms), 0) FROM covered c WHERE c.gate = paired.gate)
            ELSE at_ms + {SHIFT_MS} END AS until_ms
    FROM paired
)
SELECT code,
    COALESCE(day, CASE WHEN way = 'in' AND whole = 1 THEN next_day END) AS date,
    CASE WHEN way = 'in' THEN at END AS in_at,
    CASE WHEN way = 'out' THEN at WHEN whole = 1 THEN next_at END AS out_at,
    CASE
        WHEN state = 'no-time' OR (way = 'in' AND whole = 1 AND next_state = 'no-time')
            THEN 'manual'
        WHEN state = 'pending-time'
            OR (way = 'in' AND whole = 1 AND next_state = 'pending-time') THEN 'pending-time'
        WHEN way = 'in' AND whole = 1 THEN 'complete'
        WHEN until_ms > since_ms AND gate IS NOT NULL AND NOT EXISTS (SELECT 1 FROM covered c
            WHERE c.gate = bounded.gate AND c.begin_ms <= since_ms + {_INSTANT_MS}
            AND c.end_ms >= until_ms - {_INSTANT_MS}) THEN 'not-covered'
        WHEN way = 'in' AND next_ms IS NULL THEN 'open'
        ELSE 'manual'
    END AS status,
    CASE WHEN way = 'in' AND whole = 1 THEN (next_at_ms - at_ms) / 60000 END AS minutes,
    CASE WHEN way = 'in' THEN gate END AS in_gate,
    CASE WHEN way = 'out' THEN gate WHEN whole = 1 THEN next_gate END AS out_gate,
    CASE WHEN way = 'in' THEN ledger END AS in_ledger,
    CASE WHEN way = 'in' THEN seq END AS in_seq,
    CASE WHEN way = 'out' THEN ledger WHEN whole = 1 THEN next_ledger END AS out_ledger,
    CASE WHEN way = 'out' THEN seq WHEN whole = 1 THEN next_seq END AS out_seq,
    COALESCE(not_before, CASE WHEN way = 'in' AND whole = 1 THEN next_not_before END) AS not_before,
    COALESCE(not_after, CASE WHEN way = 'in' AND whole = 1 THEN next_not_after END) AS not_after
FROM bounded
"""

_SESSIONS = """
SELECT code, date, CAST(in_at AS {moment}) AS in_at, CAST(out_at AS {moment}) AS out_at, status,
    minutes, in_gate, out_gate, in_ledger, in_seq, out_ledger, out_seq,
    CAST(not_before AS {moment}) AS not_before, CAST(not_after AS {moment}) AS not_after
FROM worked
"""

_REJECTED = """
SELECT j.ledger, j.seq, j.gate, j.reason FROM rejections j
WHERE NOT EXISTS (SELECT 1 FROM corrections c
    WHERE c.what = 'void' AND c.ledger = j.ledger AND c.seq = j.seq)
"""

VIEWS = {
    "owned": _OWNED,
    "judged": _JUDGED,
    "rejected": _REJECTED,
    "punches": _PUNCHES,
    "worked": _WORKED,
    "sessions": _SESSIONS,
}
"""Name → its SELECT, with the database's own words for types; each is made of tables and of those
before it."""
