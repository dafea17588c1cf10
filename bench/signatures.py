"""What payroll's signature costs a gate: a receipt and a roster of 1,000, with a key and without.

    python bench/signatures.py

Both ways in the same run, taking turns, so that the ratio holds on any machine.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge_agent.contract.messages import Receipt, Roster, RosterWorker, Topics
from edge_agent.contract.roster import LARGEST_ROSTER, read_roster
from edge_agent.contract.signatures import Believed, SigningKey
from edge_agent.gate.uplink.inbox import read_receipt

LEDGER, HASH = "c7c336fc-e83b-454b-80e7-09c96ee9725a", bytes(32)
TOPICS = Topics("attendance", "main-gate")


def microseconds(work: Callable[[], object], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times * 1e6


def compare(what: str, with_key: Callable[[], object], without: Callable[[], object]) -> None:
    times = max(3, int(20_000 / microseconds(without, 3)))
    runs = [(microseconds(with_key, times), microseconds(without, times)) for _ in range(9)]
    signed, plain = (statistics.median(column) for column in zip(*runs, strict=True))
    print(
        f"{what}: {signed:,.0f} µs with a key, {plain:,.0f} µs without, {signed / plain:.1f} times"
    )


def resident_kb() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def main() -> None:
    before = resident_kb()
    key = SigningKey.new()
    signed = key.signed("t", b"{}")
    believed, nobody = Believed([key.public]), Believed()
    believed.opened("t", signed, 1000)
    print(f"memory: {(resident_kb() - before) / 1024:.1f} MiB for the library and its first use")

    topic = TOPICS.receipts(LEDGER)
    receipt = msgspec.json.encode(Receipt(ledger=LEDGER, through=14, hash=HASH.hex()))
    signed_receipt = key.signed(topic, receipt)

    def read(who: Believed, payload: bytes) -> object:
        opened = who.opened(topic, payload, 65536)
        return read_receipt(opened, LEDGER, 20, lambda seq: HASH)

    compare("a receipt", lambda: read(believed, signed_receipt), lambda: read(nobody, receipt))
    print(f"  bytes: {len(signed_receipt)} and {len(receipt)}")

    rows = [RosterWorker(code=f"NV{n:05}", name=f"Nguyễn Thị Hương {n}") for n in range(1000)]
    roster = msgspec.json.encode(Roster(version=7, workers=rows, count=1000))
    signed_roster = key.signed(TOPICS.roster, roster)

    def take(who: Believed, payload: bytes) -> object:
        return read_roster(who.opened(TOPICS.roster, payload, LARGEST_ROSTER))

    compare("a roster", lambda: take(believed, signed_roster), lambda: take(nobody, roster))


if __name__ == "__main__":
    main()
