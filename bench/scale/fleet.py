"""How many entries a second a fleet of gates brings to payroll, each gate with its own connection.

    python bench/scale/fleet.py [--gates N ...] [--each N] [--broker HOST:PORT]

Every gate is simulated as tests/scale/fleet.py says: its own SQLite ledger, outbox, uplink thread
and connection, all in this process. The receiver is ``edge-agent receive`` in a process of its
own, into a SQLite file or (``--postgresql``) a PostgreSQL with fsync on. The broker is a mosquitto
with raised limits, or the one that is named; it must be empty of these gates and of other
receivers.

Two runs for each size: ``backlog``, where every ledger is full before its gate connects, from the
first connection until the last receipt; and ``live``, where one punch after the other is committed
somewhere in the fleet (``--pace`` a second), and what is measured is how long after the last
punch the last receipt comes.

Left out: sensor, panel, rules, control socket and supervision; disks, processors and lines of the
gates' own; TLS. All shares this machine, and the gates' threads share one interpreter: beyond some
hundred gates it is the fleet that is measured, and no longer receiver or broker. bench/receiver.py
measures the receiver alone.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from edge_agent.gate.settings.schema import MqttSettings  # noqa: E402
from tests.brokers import MOSQUITTO, Mosquitto  # noqa: E402
from tests.postgresql import Postgresql  # noqa: E402
from tests.scale.fleet import Fleet  # noqa: E402
from tests.scale.payroll import Payroll  # noqa: E402

LIMITS = ["max_inflight_messages 1000", "max_queued_messages 0", "log_type error"]
PATIENCE_S = 900
HEAD = (
    "| gates | run | entries | a second | lost | duplicates"
    " | sent twice | fleet's memory | receiver's peak |"
)


@contextlib.contextmanager
def broker(named: str | None, folder: Path) -> Iterator[tuple[str, int]]:
    """Host and port of the broker that was named, or of a new one."""
    if named is not None:
        host, _, port = named.rpartition(":")
        yield host, int(port)
        return
    if MOSQUITTO is None:
        raise SystemExit("mosquitto is not installed: apt-get install mosquitto")
    with Mosquitto(folder, LIMITS) as own:
        yield own.host, own.port


def memory(pid: int | str, which: str) -> float:
    """MiB of a process, resident now (VmRSS) or at most (VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(which)).split()[1]) / 1024


def run(options: argparse.Namespace, database: str | Path, gates: int, live: bool) -> str:
    """One run, as a row of the table."""
    with tempfile.TemporaryDirectory(prefix="edge-agent-fleet-") as name:
        folder = Path(name)
        with broker(options.broker, folder) as (host, port):
            mqtt = MqttSettings(host=host, port=port)
            with Payroll(folder, database, port, host) as payroll:
                payroll.wait_connected()
                fleet = Fleet(folder, gates, mqtt)
                if not live:
                    fleet.write(options.each)
                began = time.monotonic()
                with fleet:
                    if live:
                        fleet.wait_some_confirmed(PATIENCE_S)
                        for _ in fleet.punch(options.each, options.pace):
                            pass
                        began = time.monotonic()
                    confirmed = fleet.wait_confirmed(PATIENCE_S)
                    took = time.monotonic() - began
                    ours = memory("self", "VmRSS")
                    peak = memory(payroll.pid, "VmHWM")
            account = fleet.account(database)
    rate = f"{options.pace:,.0f}, +{took:.1f} s" if live else f"{account.entries / took:,.0f}"
    return (
        f"| {gates} | {'live' if live else 'backlog'} | {account.entries:,}"
        f" | {rate if confirmed else 'not done'} | {account.lost} | {account.duplicates}"
        f" | {payroll.counts['duplicate']:,} | {ours:.0f} MiB | {peak:.0f} MiB |"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gates", type=int, nargs="+", default=[10, 100, 500])
    parser.add_argument("--each", type=int, default=20, help="punches at every gate")
    parser.add_argument("--pace", type=float, default=200, help="live: punches a second in all")
    parser.add_argument("--broker", metavar="HOST:PORT", help="this one, not a mosquitto of ours")
    parser.add_argument("--postgresql", action="store_true", help="not into a SQLite file")
    options = parser.parse_args()
    print(HEAD, "|---" * 9 + "|", sep="\n", flush=True)
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(Postgresql(settings=())) if options.postgresql else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for gates in options.gates:
            for live in (False, True):
                file = folder / f"{gates}-{live}.db"
                database = cluster.new_database() if cluster else file
                print(run(options, database, gates, live), flush=True)


if __name__ == "__main__":
    main()
