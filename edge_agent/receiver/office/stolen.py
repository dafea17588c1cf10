"""Whom a gate that was stolen concerns: whose fingers, cards, hours and names are on it.

As far as payroll knows, by the entries that it holds of that gate.
"""

import msgspec
from msgspec import Struct

from ...contract.errors import BadRequest
from ..accept import data_in
from ..databases.database import Database

_OF_NOBODY = ("gate.retired", "sensor.adopted", "templates.destroyed")

_OF_PEOPLE = (
    *("print.enrolled", "print.restored", "print.removed", "print.erased"),
    *("credential.added", "credential.removed", "worker.erased", *_OF_NOBODY),
)


class Concerned(Struct, frozen=True, kw_only=True):
    """One worker. ``fingers``: how many templates are in the sensor; ``methods``: cards and PINs
    that the gate knows; ``last_day``: of their last press there, None where they have none.
    ``replaced``: how many templates are, or may be, in sensors that were replaced there.
    """

    code: str
    name: str | None
    fingers: int
    methods: list[str]
    last_day: str | None
    replaced: int


class _Print(Struct):
    slot: int
    generation: int
    why: str | None = None


class _Adopted(Struct):
    replaced: str | None = None
    returned: str | None = None


class _Destroyed(Struct):
    backup: str


class _Credential(Struct):
    method: str


class _Retired(Struct):
    erased: int | None


class _Sensors:
    """Whose templates are in the sensor in use, and in those that were replaced."""

    def __init__(self) -> None:
        self.prints: dict[tuple[int, int], str] = {}
        """By slot and generation, in the one in use."""
        self.replaced: dict[str, list[str]] = {}
        """By the mark of a sensor that nobody has said to be destroyed."""
        self._returned: dict[str, list[str]] = {}
        """What those held that came back: one that is replaced again under its mark was not emptied
        of it."""
        self._gone: list[str] = []
        """Whose prints were forgotten for a sensor that is adopted next."""
        self._last: str | None = None
        """The mark of the one that was replaced last."""

    def take(self, kind: str, worker: str | None, data: object) -> None:
        """Raises ValidationError where the entry cannot be understood."""
        if kind == "gate.retired":
            if msgspec.convert(data, _Retired).erased is not None:
                self.prints.clear()  # Else its sensor was not reached.
        elif kind == "sensor.adopted":
            self._adopted(msgspec.convert(data, _Adopted))
        elif kind == "templates.destroyed":
            self.replaced.pop(msgspec.convert(data, _Destroyed).backup, None)
        elif kind == "worker.erased":
            self._erased(worker)
        elif worker is not None:
            there = msgspec.convert(data, _Print)
            self.prints.pop((there.slot, there.generation), None)
            if kind in ("print.enrolled", "print.restored"):
                self.prints[there.slot, there.generation] = worker
            elif there.why == "adopted":
                self._gone.append(worker)

    def _adopted(self, adopted: _Adopted) -> None:
        gone, self._gone = self._gone, []
        if adopted.returned is not None:
            # What this one held is in the one before as well.
            gone += self.prints.values()
            if adopted.returned in self.replaced:
                self._returned[adopted.returned] = self.replaced.pop(adopted.returned)
        if adopted.replaced is not None:
            gone += self._returned.pop(adopted.replaced, [])
            self.replaced[adopted.replaced], self._last = gone, adopted.replaced

    def _erased(self, worker: str | None) -> None:
        """The sensor in use has nothing of theirs; what it was not asked for is in another one."""
        left = [place for place, owner in self.prints.items() if owner == worker]
        if self._last is None:
            return
        for place in left:
            owner = self.prints.pop(place)
            if self._last in self.replaced:
                self.replaced[self._last].append(owner)


def concerned(database: Database, gate: str) -> list[Concerned]:
    """Everybody, those first whose fingers are on it. Raises BadRequest: there is no such gate.

    Whoever is named in an entry that cannot be understood is told of, too.
    """
    gates = sorted({name for (name,) in database.query("SELECT DISTINCT gate FROM ledgers")})
    if not gates:
        raise BadRequest("stolen.no-gate")
    if gate not in gates:
        raise BadRequest("stolen.no-such-gate", gate=gate, known=gates)
    sensors = _Sensors()
    methods: dict[str, set[str]] = {}
    unsure: set[str] = set()
    kinds, of_nobody = (
        ", ".join(f"'{kind}'" for kind in some) for some in (_OF_PEOPLE, _OF_NOBODY)
    )
    for kind, worker, wire in database.query(
        "SELECT kind, worker, wire FROM entries WHERE gate = ?"
        f" AND kind IN ({kinds}) AND (worker IS NOT NULL OR kind IN ({of_nobody}))"
        " ORDER BY received_at, ledger, seq",
        [gate],
    ):
        data = data_in(bytes(wire))
        try:
            if not kind.startswith("credential."):
                sensors.take(kind, worker, data)
                if kind == "worker.erased":
                    methods.pop(worker, None)
            else:
                method = msgspec.convert(data, _Credential).method
                own = methods.setdefault(worker, set())
                own.add(method) if kind == "credential.added" else own.discard(method)
        except msgspec.ValidationError:
            if worker is not None:
                unsure.add(worker)
    pressed = dict(
        database.query("SELECT code, MAX(day) FROM marks WHERE gate = ? GROUP BY code", [gate])
    )
    names = dict(database.query("SELECT code, name FROM known_workers"))
    owners = list(sensors.prints.values())
    elsewhere = [code for codes in sensors.replaced.values() for code in codes]
    codes = {
        *owners,
        *elsewhere,
        *unsure,
        *(code for code, own in methods.items() if own),
        *pressed,
        *names,
    }
    found = [
        Concerned(
            code=code,
            name=names.get(code),
            fingers=owners.count(code),
            methods=sorted(methods.get(code, ())),
            last_day=pressed.get(code),
            replaced=elsewhere.count(code),
        )
        for code in codes
    ]
    return sorted(found, key=_urgency)


def _urgency(one: Concerned) -> tuple[bool, bool, bool, bool, str]:
    return not one.fingers, not one.replaced, not one.methods, one.last_day is None, one.code


def lacks_an_earlier_ledger(database: Database, gate: str) -> bool:
    """Whether a ledger of that gate followed one of which payroll has nothing: whose fingers were
    enrolled in that one is not known here, although they may be in the sensor."""
    found = database.query(
        "SELECT 1 FROM successions s WHERE s.gate = ? AND NOT EXISTS"
        " (SELECT 1 FROM ledgers l WHERE l.ledger = s.previous) LIMIT 1",
        [gate],
    )
    return any(True for _ in found)
