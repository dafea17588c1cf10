"""The gate's status, as payroll's retained message and the ``status`` command show it."""

import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct, to_builtins

from ... import __version__
from ...contract.chain import stamp_of, told
from ...contract.kinds import RECORDING, TOUCHES, why_stopped
from ...contract.language import Message, together
from ...contract.messages import (
    ClockStatus,
    GateStatus,
    LedgerStatus,
    PinsStatus,
    PrivacyStatus,
    RosterStatus,
    SensorStatus,
    StoreStatus,
    UplinkStatus,
)
from ...contract.stamps import ClockState, Stamp, local_date, local_time, true_time
from ...contract.true_times import Timeline
from ..control.no_answer import starts
from ..errors import NoLedgerYet, NotUpToDate
from ..events import (
    SensorChanged,
    StoreChanged,
    UplinkChanged,
    as_detail,
    detail_of,
)
from ..host.board import board_below
from ..host.disk import FILLING, Usage, usage_of
from ..host.lock import daemon_at
from ..ledger.glance import (
    erased_again,
    glance,
    overdue,
    renamed,
    restored,
    unlisted,
    without_consent,
)
from ..ledger.last_backup import backup_standing
from ..ledger.print_watch import PrintStanding
from ..ledger.store.metadata import AT_BROKER, CASE_OPEN, ERASURES_UNKNOWN
from ..ledger.store.sqlite_store import SqliteStore
from ..sealed_backups import FEW, Lacking, NextBackup
from .assembly import Assembly

_MOST_WORN = 20
"""Workers; a message is bounded, and the command shows all of them."""


class Circumstances(Struct, frozen=True):
    """What the status tells beyond the store: how the running daemon is."""

    state: Literal["online", "offline"]
    started_at: str | None
    sensor: SensorChanged
    store: StoreChanged
    capacity: int | None
    confirmed: int
    """What the uplink knows; the store learns it only now and then, to spare the card."""
    uplink: UplinkStatus = UplinkStatus()
    pins: dict[str, Message] = {}
    prints: PrintStanding = PrintStanding()


Problems = Mapping[str, Message | None]
"""What is the matter, by the part of the status, for whoever reads it in another language."""


def gate_status(
    assembly: Assembly, store: SqliteStore, now: Circumstances
) -> tuple[GateStatus, Problems]:
    """Put the status together; its problems are English, and told by name beside it."""
    stamp = assembly.clock.stamp()
    marks = store.watermarks()
    roster = store.roster()
    usage = _disk(assembly)
    worn = now.prints.worn
    confirmed = max(marks.confirmed, now.confirmed)
    problems = {
        "sensor": detail_of(now.sensor),
        "store": _store_problem(assembly, store, now.store, usage),
        "clock": _clock_problem(assembly, stamp),
    }
    status = GateStatus(
        gate=assembly.settings.gate.id,
        state=now.state,
        version=__version__,
        started_at=now.started_at,
        sensor=SensorStatus(
            state=now.sensor.state,
            problem=now.sensor.detail,
            prints=len(store.prints()),
            capacity=now.capacity,
            not_backed_up=store.not_backed_up(),
            worn_prints=len(worn),
            worn=list(dict.fromkeys(one.worker for one in worn))[:_MOST_WORN],
            glass_dirty=now.prints.dirty,
        ),
        store=StoreStatus(
            state=now.store.state,
            problem=_text(problems["store"]),
            set_aside=[old.name for old in assembly.set_aside()],
        ),
        pins=PinsStatus(problems={key: str(why) for key, why in now.pins.items()}),
        clock=_clock_status(assembly, store, stamp, problems["clock"]),
        ledger=LedgerStatus(
            id=store.ledger,
            last_seq=store.tail().seq,
            confirmed_seq=confirmed,
            complete_until=store.complete_until(confirmed),
            rejected=marks.rejected,
        ),
        privacy=PrivacyStatus(
            consent=assembly.settings.privacy.consent,
            erasing=store.count_erasing(),
            asks=store.remembered(ERASURES_UNKNOWN) is not None,
        ),
        uplink=now.uplink,
        roster=RosterStatus(version=roster.version or None, refused=roster.refused),
        disk_free_bytes=usage.free if usage else None,
        case=_case(assembly, store),
    )
    return status, problems


def _case(assembly: Assembly, store: SqliteStore) -> Literal["open", "closed"] | None:
    if assembly.settings.panel.tamper_pin == "none":
        return None
    return "open" if store.remembered(CASE_OPEN) else "closed"


def _disk(assembly: Assembly) -> Usage | None:
    """None where it does not answer: a card that dies must not take the status along."""
    try:
        return usage_of(assembly.database.parent)
    except OSError:
        return None


def _clock_status(
    assembly: Assembly, store: SqliteStore, stamp: Stamp, problem: Message | None
) -> ClockStatus:
    pending, since = store.pending_times(), None
    if pending.first is not None:
        timeline = Timeline(store.landmarks(), assembly.settings.clock.drift_ppm)
        low = timeline.place(stamp_of(told(store.data_of(store.entries(pending.first, 1)[0])))).low
        since = None if low is None else local_time(low, assembly.zone)
    return ClockStatus(
        state=stamp.state,
        uncertainty_ms=stamp.uncertainty_ms,
        pending=pending.count,
        pending_since=since,
        problem=_text(problem),
    )


def _clock_problem(assembly: Assembly, stamp: Stamp) -> Message | None:
    refused = assembly.clock.refused()
    if refused is not None:
        return Message("problem.clock-refused", error=refused)
    return Message("problem.unsynced") if stamp.state is ClockState.UNSYNCED else None


def _store_problem(
    assembly: Assembly, store: SqliteStore, now: StoreChanged, usage: Usage | None
) -> Message | None:
    lost = assembly.lost_people(store)
    people = Message("problem.people-lost", lost=lost.told) if lost else None
    asks = store.remembered(ERASURES_UNKNOWN) is not None
    erasures = Message("privacy.unknown") if asks else None
    return together(detail_of(now) or _disk_problem(usage), people, erasures)


def _disk_problem(usage: Usage | None) -> Message | None:
    if usage is None:
        return Message("problem.disk-silent")
    percent = usage.percent
    return None if percent < FILLING else Message("problem.disk-fills", percent=percent)


def _text(problem: Message | None) -> str | None:
    return None if problem is None else str(problem)


def at_rest(assembly: Assembly, store: SqliteStore) -> tuple[GateStatus, Problems]:
    """The same of a gate whose daemon does not run."""
    unused = Circumstances(
        "offline", None, SensorChanged(state="not in use"), StoreChanged(state="ready"), None, 0
    )
    return gate_status(assembly, store, unused)


def stopped_status(assembly: Assembly) -> dict[str, Any]:
    """What ``status --json`` prints while no daemon runs; reads the store and writes nothing."""
    nowhere = UplinkChanged(state="disconnected")
    try:
        store = assembly.store_for_reading()
    except NoLedgerYet as fault:
        told = told_of("stopped", nowhere, {"gate": assembly.settings.gate.id, "ledger": None}, {})
        told |= _who_has(assembly)
        if isinstance(fault, NotUpToDate):
            told |= {"problem": str(fault), "message": fault.message.plain()}
        return told
    with closing(store):
        status, problems = at_rest(assembly, store)
        told = told_of("stopped", nowhere, to_builtins(status), problems)
        told["clock"]["believed"] = assembly.settings.clock.trust == "always"
        told |= glance_of(assembly, store, status)
        told |= {"backup": backup_of(assembly, store), "retired": store.retired}
        told |= {"at_broker": bool(store.retired and store.remembered(AT_BROKER))}
        told |= {"other_gate": store.other_gate(assembly.settings.gate.id)}
        told |= {"stopped_at": _stopped_at(store, assembly.zone)}
        told |= _who_has(assembly)
    return told | {"time": gate_time(assembly), "board": to_builtins(board_below())}


def _who_has(assembly: Assembly) -> dict[str, Any]:
    """The daemon that has the database and does not answer, and whether it has just begun."""
    process = daemon_at(assembly.database)
    return {"elsewhere": process, "starting": process is not None and starts(process)}


def _stopped_at(store: SqliteStore, zone: ZoneInfo) -> str | None:
    """Since when the daemon is stopped; None: it was cut off, or did not know the time."""
    for _, last in store.newest_first(TOUCHES | RECORDING):
        return true_time(stamp_of(last), zone) if why_stopped(last) == "stopping" else None
    return None


def glance_of(assembly: Assembly, store: SqliteStore, status: GateStatus) -> dict[str, Any]:
    """What a glance at the ledger shows beside the status."""
    now = assembly.clock.stamp()
    today = local_date(now.wall_ms, assembly.zone)
    told = glance(store, status.ledger.confirmed_seq, assembly.zone, assembly.today())
    put_back = restored(store, now)
    asked = assembly.settings.privacy.consent == "required"
    return told | {
        "without_consent": without_consent(store) if asked else [],
        "overdue": overdue(store, today),
        "restored": put_back,
        "erased_again": erased_again(store) if put_back else [],
        "renamed": renamed(store, now),
        "left_ledgers": to_builtins(assembly.left_ledgers()),
        "templates": to_builtins(templates_of(store, today)),
    }


def templates_of(store: SqliteStore, today: str) -> NextBackup:
    """What is typed to seal the prints, or to bring them back. Raises StoreFault."""
    found = (store.worker(code) for code in store.whose_not_backed_up(FEW + 1))
    lacking = (Lacking(one.code, one.name) for one in found if one is not None)
    return NextBackup.after(store.sealed_backups(), today, lacking, unlisted(store))


def backup_of(assembly: Assembly, store: SqliteStore) -> dict[str, Any]:
    """How old the last backup is. Payroll is not told: it could do nothing about it."""
    now = assembly.clock.stamp()
    told: dict[str, Any] = to_builtins(
        backup_standing(store, assembly.database, now, assembly.zone)
    )
    return told


def gate_time(assembly: Assembly) -> dict[str, str]:
    """The gate's own time, by which whoever has set the wrong zone finds out."""
    now = local_time(time.time_ns() // 1_000_000, assembly.zone)
    return {"local": now, "zone": assembly.zone.key}


def told_of(
    daemon: str,
    uplink: UplinkChanged,
    status: dict[str, Any],
    problems: Problems,
) -> dict[str, Any]:
    """What ``status --json`` prints of a daemon, whether it runs or not."""
    way = {"state": uplink.state, "problem": uplink.detail, "message": uplink.message}
    told = {"daemon": daemon, **status, "uplink": way | status.get("uplink", {})}
    for part, problem in problems.items():
        tell_problem(told[part], problem)
    return told


def tell_problem(part: dict[str, Any], problem: Message | None) -> None:
    """Have a part of the status say what is the matter, in English and by its name."""
    detail = as_detail(problem)
    part["problem"], part["message"] = detail["detail"], detail["message"]
