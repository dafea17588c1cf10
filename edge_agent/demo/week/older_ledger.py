"""The ledger that the north gate wrote before the week, and lost with its card.

Payroll never had anything of it: what it held is recorded again where the new one begins.
"""

import uuid

from ...contract.chain import GENESIS, Scribe, read_wire
from ...contract.facts import (
    Direction,
    DirectionSource,
    Fact,
    OldEntry,
    PunchRecorded,
    PunchRecovered,
)
from ...contract.stamps import ClockState, Stamp
from ...gate.evidence import AttemptOpening, Evidence, Opening
from .plan import NORTH, OLDER, ZONE, at

_LEDGER = str(uuid.uuid5(uuid.NAMESPACE_DNS, NORTH))
_BOOT = uuid.uuid5(uuid.NAMESPACE_DNS, "october").hex
_FIRST_SEQ = 412
_PRESSED = [
    (shift.worker, ms, direction)
    for shift in OLDER
    for ms, direction in ((shift.began, Direction.IN), (shift.ended or 0, Direction.OUT))
]


def committed(worker: str, place: str) -> str:
    """What an entry says of a finger; the salt is made up, for a week is always the same."""
    evidence = Evidence(finger="right-index", slot=10, generation=1, score=120)
    salt = uuid.uuid5(uuid.NAMESPACE_DNS, place).bytes
    return Opening(worker=worker, evidence=evidence, salt=salt).hash


def committed_to(worker: str, place: str) -> str:
    """What an entry says of whose a refused touch was, in the same way."""
    return AttemptOpening(worker=worker, salt=uuid.uuid5(uuid.NAMESPACE_DNS, place).bytes).hash


def previous() -> OldEntry:
    """What payroll is known to have of it."""
    return OldEntry(ledger=_LEDGER, seq=0, hash=GENESIS.hex())


def recovered() -> list[Fact]:
    """Its presses, recorded again."""
    older = Scribe(gate=NORTH, ledger=_LEDGER, zone=ZONE)
    found: list[Fact] = []
    prevhash = bytes.fromhex("5b" * 32)
    for seq, (worker, ms, direction) in enumerate(_PRESSED, _FIRST_SEQ):
        press = PunchRecorded(
            worker=worker,
            direction=direction,
            direction_source=DirectionSource.ALTERNATE,
            evidence_hash=committed(worker, f"{_LEDGER}:{seq}"),
        )
        entry = older.write(press, _stamp(ms), seq, prevhash)
        prevhash = entry.hash
        _, data = read_wire(entry.wire)
        of = OldEntry(ledger=_LEDGER, seq=seq, hash=entry.hash.hex())
        found.append(PunchRecovered(worker=worker, at=data["at"], of=of, data=data))
    return found


def _stamp(ms: int) -> Stamp:
    return Stamp(
        boot=_BOOT,
        boottime_ms=ms - at(-17, 4),
        wall_ms=ms,
        state=ClockState.SYNCED,
        uncertainty_ms=40,
    )
