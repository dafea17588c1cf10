"""``edge-agent workers show`` and ``merge``: all that the gate has of one worker."""

from collections.abc import Collection, Container, Mapping
from contextlib import closing, suppress
from typing import Any
from zoneinfo import ZoneInfo

import click
from msgspec import structs, to_builtins

from ..contract.attendance import Attendance, attendance, ways_now
from ..contract.chain import stamp_of
from ..contract.errors import BadRequest, StoreFault
from ..contract.kinds import kind_of
from ..contract.language import Message, say
from ..contract.people import lacks_digit, look_alikes, namesakes
from ..contract.people_facts import WorkerLeavePlanned
from ..contract.stamps import Stamp, true_time
from ..gate.consents import Consent
from ..gate.erasure import disputes
from ..gate.ledger.glance import disputed_leavers, last_stop
from ..gate.ledger.store.sqlite_store import SqliteStore
from ..gate.settings.schema import Settings
from .complete import code_argument
from .help import command
from .options import as_json, with_settings
from .show import print_json
from .tell import tell
from .worker_words import (
    by_whom,
    consent_state,
    consent_told,
    fingers_of,
    note_of,
    state_of,
    way_of,
    when_of,
)

_PUNCHES = 5
_AMONG = 20_000
"""How many of the last entries are looked through for them: two months of eighty workers."""

_NARROW = 12
"""Columns of a label: the words beside it have room on a phone."""


@command(name="show", help="help.workers-show")
@code_argument
@as_json
@with_settings
def show(settings: Settings, code: str, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..contract.corrections import known_code
    from ..gate.daemon.assembly import Assembly

    assembly = Assembly(settings)
    store = assembly.store_for_reading()
    workers = {worker.code: worker for worker in store.workers()}
    names = {worker.code: worker.name for worker in workers.values()}
    worker = workers[known_code(code, workers, Message("people.add-first"), names)]
    prints = [print_ for print_ in store.prints() if print_.worker == worker.code]
    methods = [str(one.method) for one in store.credentials() if one.worker == worker.code]
    agreed = store.consents().get(worker.code)
    withdrawn = store.withdrawn()
    leaving = store.leavings().get(worker.code)
    former = store.held_back().get(worker.code)
    entries = store.punches_of(worker.code, _AMONG)
    ways = ways_now(entries, assembly.zone)
    all_ = attendance(entries, assembly.zone)
    voided = {punch.seq for punch in all_ if punch.voided}
    punches = [
        {**structs.asdict(punch), "way": ways.get(punch.seq, punch.direction)}
        for punch in (all_[-_PUNCHES:] if as_json else _shown(all_))
    ]
    if as_json:
        held = [{"finger": p.finger, "slot": p.slot, "generation": p.generation} for p in prints]
        consent = {
            "text": agreed.text if agreed else None,
            "signed": agreed.signed if agreed else None,
            "state": consent_state(agreed),
            "withdrawn": withdrawn.get(worker.code),
            "has_withdrawn": worker.code in withdrawn,
        }
        told = to_builtins(worker) | {"leaving": leaving, "prints": held, "held_for": former}
        told |= {"credentials": methods, "consent": consent}
        print_json(told | {"punches": punches})
        return
    lines = {
        "code": worker.code,
        "name": worker.name,
        "state": state_of(worker, leaving, assembly.today(), former, retired=store.retired),
    }
    if not worker.active and (stop := last_stop(store, worker.code)) is not None:
        lines["stopped"] = _stopped(stop, assembly.zone)
    lines |= {
        "fingers": ", ".join(fingers_of(p.finger for p in prints)) or say("people.show-none"),
        "consent": _consent(
            agreed, consent_told(consent_state(agreed), settings, withdrawn, worker.code)
        ),
        "else": ", ".join(say(f"method.{method}") for method in methods) or say("people.show-none"),
    }
    if leaving is not None and leaving.after is not None:
        lines["leaves"] = _leaves(store, worker.code, leaving.after)
    for name, text in lines.items():
        tell(f"{say(f'people.show-{name}'):<{_NARROW}}{text}", indent=" " * _NARROW)
    for codes in namesakes(names):
        if worker.code in codes:
            tell(say("people.namesakes", name=worker.name, codes=codes))
    leavers = to_builtins(disputed_leavers(store, assembly.today()))
    for dispute in disputes(
        {name: [worker.code] for name, codes in leavers.items() if worker.code in codes}
    ):
        tell(say(dispute))
    tell(say("people.show-punches" if punches else "people.show-no-punches"))
    now = assembly.clock.stamp()
    for punch in reversed(punches):
        tell(f"  {_told(punch, voided, now)}", indent="    ")


def _shown(all_: list[Attendance]) -> list[Attendance]:
    """The last punches, and of each the last repeat only: whoever presses six times has pressed."""
    repeats = {punch.of: punch.seq for punch in all_ if punch.of is not None}
    shown = [punch for punch in all_ if punch.of is None or repeats[punch.of] == punch.seq]
    own = [place for place, punch in enumerate(shown) if punch.of is None]
    return shown[own[-_PUNCHES] if len(own) > _PUNCHES else 0 :]


def _stopped(stop: dict[str, Any], zone: ZoneInfo) -> str:
    """By whom somebody is refused, and since when where that is known."""
    by, at = by_whom(stop["actor"]), true_time(stamp_of(stop), zone)
    return say("people.stopped-by", by=by, at=at) if at else say("people.stopped-by-once", by=by)


def _leaves(store: SqliteStore, code: str, day: str) -> str:
    """After which day, how that is taken back, and who has planned it; an older version did not
    write that down."""
    planned = store.newest_first({kind_of(WorkerLeavePlanned)})
    said_so = next((data for _, data in planned if data["worker"] == code), None)
    if said_so is None:
        return say("people.leaves-after", day=day, code=code)
    return say("people.leaves-after-by", day=day, code=code, by=by_whom(said_so["actor"]))


def _consent(agreed: Consent | None, state: str) -> str:
    if agreed is None:
        return state
    return say("people.consent-signed", state=state, text=agreed.text, on=agreed.signed)


def _told(punch: Mapping[str, Any], voided: Container[int], now: Stamp) -> str:
    parts = (when_of(punch), way_of(punch), note_of(punch, voided, now))
    return "  ".join(part for part in parts if part)


@command(name="merge", help="help.workers-merge")
@click.argument("code")
@click.argument("into")
@with_settings
def merge(settings: Settings, code: str, into: str) -> None:
    raise BadRequest("people.no-merge", **_instead(settings, code, into))


def _instead(settings: Settings, code: str, into: str) -> dict[str, Any]:
    """The codes that are meant, and the ``lines`` that are typed for somebody to have another one,
    as far as this user may look. Raises BadRequest where nobody has the first."""
    # Only here: show looks by itself.
    from ..contract.corrections import known_code
    from ..gate.daemon.assembly import Assembly

    entered, odd, fingers = False, lacks_digit(into), ["right-index"]
    with (
        suppress(StoreFault, PermissionError),
        closing(Assembly(settings).store_for_reading()) as store,
    ):
        names = {worker.code: worker.name for worker in store.workers()}
        code, into = (_looking_like(one, names) for one in (code, into))
        code = known_code(code, names, Message("people.add-first"), names)
        entered = into in names
        odd = odd or bool(look_alikes(into, names))
        fingers = [one.finger for one in store.prints() if one.worker == code]
    told = {"code": code, "into": into}
    lines = [
        *([] if entered else [Message(f"people.instead-add{'-odd' if odd else ''}", **told)]),
        *(Message("people.removal", code=code, finger=finger) for finger in fingers),
        Message("people.instead-enrol", **told),
        Message("people.instead-deactivate", **told),
    ]
    return {**told, "lines": lines}


def _looking_like(code: str, codes: Collection[str]) -> str:
    """The one of ``codes`` that was meant: in another case, or without its zeros."""
    meant = look_alikes(code, codes)
    return meant[0] if code not in codes and len(meant) == 1 else code
