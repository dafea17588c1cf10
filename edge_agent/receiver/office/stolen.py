"""Whom a gate that was stolen concerns: whose fingers, cards, hours and names are on it.

As far as payroll knows, by the entries that it holds of that gate.
"""

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


def concerned(database: Database, gate: str) -> list[Concerned]:
    """Everybody, those first whose fingers are on it. Raises BadRequest: there is no such gate."""
    gates = sorted({name for (name,) in database.query("SELECT DISTINCT gate FROM ledgers")})
    if not gates:
        raise BadRequest("stolen.no-gate")
    if gate not in gates:
        raise BadRequest("stolen.no-such-gate", gate=gate, known=gates)
    prints: dict[tuple[int, int], str] = {}
    methods: dict[str, set[str]] = {}
    kinds = ", ".join(f"'{kind}'" for kind in _OF_PEOPLE)
    for kind, worker, wire in database.query(
        "SELECT kind, worker, wire FROM entries WHERE gate = ?"
        f" AND kind IN ({kinds}) ORDER BY received_at, ledger, seq",
        [gate],
    ):
        data = data_in(bytes(wire))
        if kind == "gate.retired":
            if data["erased"] is not None:  # Else its sensor was not reached.
                prints.clear()
            continue
        own = methods.setdefault(worker, set())
        if kind in ("print.enrolled", "print.restored"):
            prints[data["slot"], data["generation"]] = worker
        elif kind.startswith("print."):
            prints.pop((data["slot"], data["generation"]), None)
        elif kind == "credential.added":
            own.add(data["method"])
        elif kind == "credential.removed":
            own.discard(data["method"])
        else:
            own.clear()
    pressed = dict(
        database.query("SELECT code, MAX(day) FROM marks WHERE gate = ? GROUP BY code", [gate])
    )
    names = dict(database.query("SELECT code, name FROM known_workers"))
    owners = list(prints.values())
    codes = {*owners, *(code for code, own in methods.items() if own), *pressed, *names}
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
