"""Whom a gate that was stolen concerns: whose fingers, cards, hours and names are on it.

As far as payroll knows, by the entries that it holds of that gate.
"""

import msgspec
from msgspec import Struct

from ...contract.errors import BadRequest
from ..accept import data_in
from ..databases.database import Database

_OF_PEOPLE = (
    *("print.enrolled", "print.restored", "print.removed", "print.erased"),
    *("credential.added", "credential.removed", "worker.erased", "gate.retired"),
)


class Concerned(Struct, frozen=True, kw_only=True):
    """One worker. ``fingers``: how many templates are in the sensor; ``methods``: cards and PINs
    that the gate knows; ``last_day``: of their last press there, None where they have none.
    """

    code: str
    name: str | None
    fingers: int
    methods: list[str]
    last_day: str | None


class _Place(Struct):
    slot: int
    generation: int


class _Credential(Struct):
    method: str


class _Retired(Struct):
    erased: int | None


def concerned(database: Database, gate: str) -> list[Concerned]:
    """Everybody, those first whose fingers are on it. Raises BadRequest: there is no such gate.

    Whoever is named in an entry that cannot be understood is told of, too.
    """
    gates = sorted({name for (name,) in database.query("SELECT DISTINCT gate FROM ledgers")})
    if not gates:
        raise BadRequest("stolen.no-gate")
    if gate not in gates:
        raise BadRequest("stolen.no-such-gate", gate=gate, known=gates)
    prints: dict[tuple[int, int], str] = {}
    methods: dict[str, set[str]] = {}
    unsure: set[str] = set()
    kinds = ", ".join(f"'{kind}'" for kind in _OF_PEOPLE)
    for kind, worker, wire in database.query(
        "SELECT kind, worker, wire FROM entries WHERE gate = ?"
        f" AND kind IN ({kinds}) AND (worker IS NOT NULL OR kind = 'gate.retired')"
        " ORDER BY received_at, ledger, seq",
        [gate],
    ):
        data = data_in(bytes(wire))
        try:
            if kind == "gate.retired":
                if msgspec.convert(data, _Retired).erased is not None:
                    prints.clear()  # Else its sensor was not reached.
            elif kind.startswith("print."):
                there = msgspec.convert(data, _Place)
                prints.pop((there.slot, there.generation), None)
                if kind in ("print.enrolled", "print.restored"):
                    prints[there.slot, there.generation] = worker
            elif kind == "worker.erased":
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
    owners = list(prints.values())
    codes = {*owners, *unsure, *(code for code, own in methods.items() if own), *pressed, *names}
    found = [
        Concerned(
            code=code,
            name=names.get(code),
            fingers=owners.count(code),
            methods=sorted(methods.get(code, ())),
            last_day=pressed.get(code),
        )
        for code in codes
    ]
    return sorted(found, key=_urgency)


def _urgency(one: Concerned) -> tuple[bool, bool, bool, str]:
    return not one.fingers, not one.methods, one.last_day is None, one.code
