"""Workers, prints, payroll's roster, and the pairing with the sensor that the prints are in."""

import zlib
from collections.abc import Iterable
from typing import Any

import msgspec

from ....contract.facts import Method
from ....contract.people import Employment, Holders, Print, Worker, alike, another_person
from ....contract.roster import Applied, Refusal
from ...consents import Consent
from ...credentials import Credential
from ...errors import DamagedLedger
from ...pairing_mark import PairingMark
from .database import ChangePart, Part

_WORKERS = (
    "SELECT code, name, workers.active, employments.active, valid_from, valid_to"
    " FROM workers LEFT JOIN employments ON worker = code"
)


_KNOWN_BY = (
    "(EXISTS (SELECT 1 FROM prints WHERE prints.worker = code AND removed = 0)"
    " OR EXISTS (SELECT 1 FROM credentials WHERE credentials.worker = code))"
)
"""Whether there is anything by which whoever presses is taken for the worker."""

ROSTER = ("version", "digest", "refused", "refused_digest")


class PeopleRows(Part):
    """Reads workers, prints and the roster."""

    def worker(self, code: str) -> Worker | None:
        """The worker with this code."""
        rows = self._connection.rows(f"{_WORKERS} WHERE code = ?", code)
        return _worker(rows[0]) if rows else None

    def workers(self) -> list[Worker]:
        """All workers, by code."""
        return [_worker(row) for row in self._connection.rows(f"{_WORKERS} ORDER BY code")]

    def count_workers(self) -> int:
        """How many may punch, for all that gate and payroll say of them but the dates."""
        [(count,)] = self._connection.rows(
            "SELECT count(*) FROM workers LEFT JOIN employments ON worker = code"
            " WHERE workers.active AND coalesce(employments.active, 1)"
        )
        return int(count)

    def kept_of_delisted(self) -> list[str]:
        """Whom payroll's roster has no more, and of whom prints, cards or a PIN are here."""
        rows = self._connection.rows(
            "SELECT code FROM workers JOIN employments ON worker = code"
            " WHERE NOT employments.active AND"
            " (EXISTS (SELECT 1 FROM prints WHERE prints.worker = code AND removed = 0)"
            " OR EXISTS (SELECT 1 FROM credentials WHERE credentials.worker = code))"
            " ORDER BY code"
        )
        return [code for (code,) in rows]

    def holders(self) -> Holders:
        """Whose each code was, by the number of an entry."""
        former = self._connection.rows("SELECT worker, name, through + 1 FROM former_names")
        return Holders({worker.code: worker.name for worker in self.workers()}, former)

    def held_back(self) -> dict[str, str]:
        """Whose prints or cards are kept under a code that payroll has given to another person, by
        the code, until somebody at the gate says that it is the same one.
        """
        rows = self._connection.rows(
            "SELECT code, vouched_name, name FROM workers WHERE vouched_name IS NOT NULL"
            f" AND {_KNOWN_BY}"
        )
        return {code: vouched for code, vouched, name in rows if another_person(vouched, name)}

    def vouched_names(self) -> dict[str, str]:
        """The names that somebody has vouched for, by the codes that have another one by now: a
        correction of it, or another person's.
        """
        rows = self._connection.rows(
            "SELECT code, vouched_name FROM workers WHERE vouched_name IS NOT NULL"
        )
        return dict(rows)

    def all_names(self) -> set[str]:
        """Every name that stands here, of today and from before."""
        former = self._connection.rows("SELECT name FROM former_names")
        earlier = {name for (name,) in former} | {*self.vouched_names().values()}
        return earlier | {worker.name for worker in self.workers()}

    def roster(self) -> Applied:
        """Which roster of payroll's is in force."""
        rows = self._connection.rows(f"SELECT {', '.join(ROSTER)} FROM roster")
        with self._connection.telling():
            return read_roster(dict(zip(ROSTER, rows[0], strict=True))) if rows else Applied()

    def prints(self) -> list[Print]:
        """All prints, by slot."""
        rows = self._connection.rows(
            "SELECT worker, finger, slot, generation FROM prints WHERE removed = 0 ORDER BY slot"
        )
        return [Print(worker=r[0], finger=r[1], slot=r[2], generation=r[3]) for r in rows]

    def next_generation(self, slot: int) -> int:
        """The generation of the next print in ``slot``, from 1."""
        [(last,)] = self._connection.rows("SELECT max(generation) FROM prints WHERE slot = ?", slot)
        return (last or 0) + 1

    def digests(self) -> dict[tuple[int, int], bytes]:
        """The digests that are known of the prints' templates, by slot and generation."""
        rows = self._connection.rows(
            "SELECT slot, generation, digest FROM prints WHERE removed = 0 AND digest IS NOT NULL"
        )
        return {(slot, generation): value for slot, generation, value in rows}

    def lives_of(self, print_: Print) -> list[tuple[int, int]]:
        """Slot and generation of the prints, there or removed, that have or had its template: first
        its own, which is all that is known of one without a digest."""
        own = print_.slot, print_.generation
        others = self._connection.rows(
            "SELECT slot, generation FROM prints WHERE (slot, generation) != (?1, ?2) AND digest IN"
            " (SELECT digest FROM prints WHERE slot = ?1 AND generation = ?2)",
            *own,
        )
        return [own, *others]

    def finger_of(self, digest: bytes) -> tuple[str, str] | None:
        """Worker and finger of the print, there or removed, whose template has this digest."""
        rows = self._connection.rows(
            "SELECT worker, finger FROM prints WHERE digest = ? ORDER BY removed LIMIT 1", digest
        )
        return rows[0] if rows else None

    def credentials(self) -> list[Credential]:
        """All cards, PINs and QR codes, by worker."""
        rows = self._connection.rows(
            "SELECT worker, method, salt, hash FROM credentials ORDER BY worker, method"
        )
        return [
            Credential(worker=worker, method=Method(method), salt=salt, hash=digest)
            for worker, method, salt, digest in rows
        ]

    def consents(self) -> dict[str, Consent]:
        """The consents that live, by code."""
        rows = self._connection.rows("SELECT worker, text, text_hash, signed FROM consents")
        return {
            worker: Consent(worker=worker, text=text, text_hash=digest, signed=signed)
            for worker, text, digest, signed in rows
        }

    def named_workers(self) -> set[str]:
        """Whom a supervisor has named for other means than a finger."""
        return {code for (code,) in self._connection.rows("SELECT worker FROM named_workers")}

    def backed_up(self) -> set[tuple[int, int]]:
        """Slot and generation of the prints that a backup holds."""
        rows = self._connection.rows(
            "SELECT slot, generation FROM prints WHERE removed = 0 AND backed_up = 1"
        )
        return set(rows)


class PeopleChange(ChangePart):
    """Writes workers, prints and the roster."""

    people_changed = False
    """Whether workers or prints are others than before."""

    def put_worker(self, worker: Worker, *, same_person: bool = False) -> None:
        """Add a worker, or replace the one with the same code.

        A name that is another person's leaves the punches so far to who had the code before, unless
        somebody has said that it is the ``same_person``. It is held against the last one that
        somebody has vouched for: in small steps any name becomes any other. That one stays where
        prints or cards are, which are still of whoever had it.
        """
        self.people_changed = True
        # Not through sqlite-utils: a roster puts many of them in one transaction, between two looks
        # at the glass.
        execute = self._database.conn.execute
        vouched = None
        for known, name, has_any in execute(
            f"SELECT coalesce(vouched_name, name), name, {_KNOWN_BY} FROM workers WHERE code = ?",
            (worker.code,),
        ):
            if worker.nameless:
                execute("DELETE FROM former_names WHERE worker = ?", (worker.code,))
            elif not same_person:
                # Since that name was vouched for, the code may have been given away already.
                holder = name if another_person(known, name) else known
                if another_person(holder, worker.name):
                    execute(
                        "INSERT INTO former_names SELECT ?, ?, coalesce(max(seq), 0) FROM ledger",
                        (worker.code, holder),
                    )
                if another_person(known, worker.name) and not has_any:
                    known = worker.name if another_person(holder, worker.name) else holder
                vouched = None if alike(known, worker.name) else known
        execute(
            "INSERT INTO workers (code, name, active, sum, vouched_name) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET name = excluded.name, active = excluded.active,"
            " sum = excluded.sum, vouched_name = excluded.vouched_name",
            (*_with_sum(worker.code, worker.name, int(worker.active)), vouched),
        )
        if worker.listed is not None:
            listed = worker.listed
            execute(
                "REPLACE INTO employments (worker, active, valid_from, valid_to, sum)"
                " VALUES (?, ?, ?, ?, ?)",
                _with_sum(worker.code, int(listed.active), listed.valid_from, listed.valid_to),
            )

    def vouch(self, worker: str) -> None:
        """Somebody stands at the gate under the name of today: it is theirs, unless anything is
        still here by which whoever had the name before would be known."""
        self._database.conn.execute(
            f"UPDATE workers SET vouched_name = NULL WHERE code = ? AND NOT {_KNOWN_BY}", (worker,)
        )

    def put_roster(self, roster: Applied) -> None:
        """Remember which roster of payroll's is in force."""
        row = {"one": 1, **msgspec.structs.asdict(roster)}
        self._database.table("roster").upsert(row, pk="one")

    def put_print(self, print_: Print, digest: bytes) -> None:
        """Add a print, with the digest of its template."""
        self.people_changed = True
        self._database.table("prints").insert(
            {
                "slot": print_.slot,
                "generation": print_.generation,
                "worker": print_.worker,
                "finger": print_.finger,
                "digest": digest,
            }
        )
        self._sum(print_)

    def put_backed_up(self, print_: Print, *, backed_up: bool = True) -> None:
        """Remember whether a backup holds the template of a print."""
        self.people_changed = True
        key = print_.slot, print_.generation
        self._database.table("prints").update(key, {"backed_up": int(backed_up)})

    def put_digest(self, print_: Print, digest: bytes) -> None:
        """Remember the digest of the template of a print that was enrolled without one."""
        self.people_changed = True
        key = print_.slot, print_.generation
        self._database.table("prints").update(key, {"digest": digest})
        self._sum(print_)

    def drop_print(self, print_: Print) -> None:
        """Forget whose the slot is; its generation stays known for ever."""
        self.people_changed = True
        self._database.table("prints").update((print_.slot, print_.generation), {"removed": 1})
        self._sum(print_)

    def put_credential(self, one: Credential) -> None:
        """Add a card, a PIN or a QR code, in the place of the one that the worker has."""
        self.drop_credential(one.worker, one.method)
        self.vouch(one.worker)
        self._database.conn.execute(
            "INSERT INTO credentials (worker, method, salt, hash, sum) VALUES (?, ?, ?, ?, ?)",
            _with_sum(one.worker, one.method.value, one.salt, one.hash),
        )

    def drop_credential(self, worker: str, method: Method) -> None:
        """Forget a worker's card, PIN or QR code."""
        self.people_changed = True
        self._database.conn.execute(
            "DELETE FROM credentials WHERE worker = ? AND method = ?", (worker, method.value)
        )

    def put_consent(self, one: Consent) -> None:
        """Add a consent, in the place of the one that the worker has given before."""
        self.people_changed = True
        self._database.conn.execute(
            "REPLACE INTO consents (worker, text, text_hash, signed, sum) VALUES (?, ?, ?, ?, ?)",
            _with_sum(one.worker, one.text, one.text_hash, one.signed),
        )

    def put_named(self, worker: str, *, named: bool) -> None:
        """Remember whether a supervisor has named a worker."""
        self._database.conn.execute(
            "INSERT OR IGNORE INTO named_workers VALUES (?)"
            if named
            else "DELETE FROM named_workers WHERE worker = ?",
            (worker,),
        )

    def _sum(self, print_: Print) -> None:
        key = print_.slot, print_.generation
        row = self._database.table("prints").get(key)
        self._database.table("prints").update(key, {"sum": print_sum(row)})


class PairingRows(Part):
    """Reads the pairing."""

    def mark(self) -> PairingMark | None:
        """Which module the prints are in."""
        rows = self._connection.rows("SELECT token, counter FROM sensor_mark")
        return PairingMark(*rows[0]) if rows else None

    def announced(self) -> list[int]:
        """The slots whose change was announced and not settled."""
        return [slot for (slot,) in self._connection.rows("SELECT slot FROM announced_slots")]


class PairingChange(ChangePart):
    """Writes the pairing."""

    def put_mark(self, mark: PairingMark) -> None:
        """Remember which module the prints are in."""
        row = {"one": 1, "token": mark.token, "counter": mark.counter}
        self._database.table("sensor_mark").upsert(row, pk="one")

    def announce(self, *slots: int) -> None:
        """Templates are about to be written to, or erased from, ``slots``."""
        for slot in slots:
            self._database.table("announced_slots").upsert({"slot": slot}, pk="slot")
        self._database.conn.execute("UPDATE sensor_mark SET counter = counter + 1")

    def settle(self, slot: int) -> None:
        """What was announced for ``slot`` has been carried out or undone."""
        self._database.conn.execute("DELETE FROM announced_slots WHERE slot = ?", (slot,))


def read_roster(row: dict[str, Any]) -> Applied:
    """Which roster is in force, by its row. Raises DamagedLedger where it cannot be that."""
    version, digest, refused, refused_digest = (row[name] for name in ROSTER)
    try:
        reason = Refusal(refused) if refused else None
    except ValueError as error:
        raise DamagedLedger("store.roster-altered", error=error) from error
    return Applied(version, digest, reason, refused_digest)


def print_sum(row: dict[str, Any]) -> int:
    """The checksum of a row of prints."""
    return row_sum("prints", row)


def row_sum(table: str, row: dict[str, Any]) -> int:
    """The checksum of a row of one of the tables in SUMMED; of no row that was ever written where
    a column is missing, as in a schema in which a byte has flipped.
    """
    return _sum_of(row.get(name) for name in SUMMED[table])


SUMMED = {
    "prints": ("slot", "generation", "worker", "finger", "removed", "digest"),
    "workers": ("code", "name", "active"),
    "employments": ("worker", "active", "valid_from", "valid_to"),
    "credentials": ("worker", "method", "salt", "hash"),
    "consents": ("worker", "text", "text_hash", "signed"),
    "erasures": (
        *("id", "worker", "after", "begun", "slots", "counts", "scrubbed", "document"),
        "stopped",
    ),
    "erased": ("ledger", "seq", "worker", "kind", "owed"),
}
"""What is covered by the checksum of a row: a byte that flips there would credit, refuse or erase
another worker."""


def _with_sum(*values: Any) -> tuple[Any, ...]:
    return *values, _sum_of(values)


def _sum_of(values: Iterable[Any]) -> int:
    return zlib.crc32(repr(tuple(values)).encode())


def _worker(row: Any) -> Worker:
    code, name, active, listed, valid_from, valid_to = row
    return Worker(
        code=code,
        name=name,
        active=bool(active),
        listed=None
        if listed is None
        else Employment(active=bool(listed), valid_from=valid_from, valid_to=valid_to),
    )
