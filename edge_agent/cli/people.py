"""``edge-agent workers``, ``prints``, ``identify``: who may punch, by which finger."""

from typing import TYPE_CHECKING

import click
from msgspec import to_builtins

from ..contract.errors import BadRequest
from ..contract.language import say
from ..contract.people import lacks_digit
from ..gate.erasure import disputes, is_expected, is_over
from ..gate.people.requests import (
    AddWorker,
    DeactivateWorker,
    DropLeave,
    ForgetWorker,
    Identify,
    LeaveWorker,
    RemovePrint,
    RenameWorker,
)
from ..gate.settings.schema import Settings
from .carry_out import carry_out, names_of, whom
from .complete import code_argument, finger_option
from .help import command, group
from .options import as_json, ask_a_person, with_settings, yes_option
from .retired import refuse_retired
from .show import print_json, print_table, who
from .tell import ask, tell
from .worker_words import (
    erase_asks,
    fingers_of,
    refuse_beforehand,
    state_of,
    tell_beside,
    tell_erasure,
    tell_namesakes,
    tell_stays,
)

if TYPE_CHECKING:
    from ..gate.ledger.store.sqlite_store import SqliteStore

_MOST_NAMED = 20
"""Codes in a sentence below a table."""


@group(
    help="help.workers",
    elsewhere={
        "activate": "activate",
        "export": "workers_file",
        "import": "workers_file",
        "merge": "show_worker",
        "show": "show_worker",
    },
)
def workers() -> None:
    """Who may punch."""


@workers.command(help="help.workers-add")
@code_argument
@click.argument("name", nargs=-1)
@click.option("--force", is_flag=True, help="help.force-code")
@as_json
@with_settings
def add(settings: Settings, code: str, name: tuple[str, ...], force: bool, as_json: bool) -> None:
    if not name and not force and lacks_digit(code):  # Before a name is asked for: this is one.
        raise BadRequest("people.code-forgotten", code=code)
    named = _named(settings, code, name)
    result = carry_out(settings, AddWorker(code=code, name=named, force=force))
    if as_json:
        print_json(result)
    else:
        tell(say("people.entered", code=result["code"], name=result["name"]))
        tell_namesakes({result["code"]: result["name"]}, names_of(settings))


@workers.command(help="help.workers-rename")
@code_argument
@click.argument("name", nargs=-1)
@click.option("--force", is_flag=True, help="help.force-person")
@as_json
@with_settings
def rename(
    settings: Settings, code: str, name: tuple[str, ...], force: bool, as_json: bool
) -> None:
    named = _named(settings, code, name)
    result = carry_out(settings, RenameWorker(code=code, name=named, force=force))
    if as_json:
        print_json(result)
    else:
        # A daemon that was not started anew yet does not tell it.
        former = result.get("former", "…")
        told = {"code": result["code"], "former": former}
        if former == result["name"]:
            tell(say("people.named-already", **told))
            return
        tell(say("people.renamed", name=result["name"], **told))
        if former not in ("", "…"):
            back = "people.rename-back" if result.get("force_back") else "people.rename-back-plain"
            tell(say(back, **told))


@workers.command(help="help.workers-deactivate")
@code_argument
@as_json
@with_settings
def deactivate(settings: Settings, code: str, as_json: bool) -> None:
    result = carry_out(settings, DeactivateWorker(code=code))
    if as_json:
        print_json(result)
    else:
        tell(say("people.deactivated-now", code=result["code"], name=result["name"]))


@workers.command(help="help.workers-leave")
@code_argument
@click.option("--on", "day", metavar="2026-11-30", help="help.leave-on")
@click.option("--drop", is_flag=True, help="help.leave-drop")
@yes_option
@as_json
@with_settings
def leave(
    settings: Settings, code: str, day: str | None, drop: bool, yes: bool, as_json: bool
) -> None:
    if drop:
        if day is not None:
            raise BadRequest("people.drop-or-on")
        dropped = carry_out(settings, DropLeave(code=code))
        if as_json:
            print_json(dropped)
        else:
            tell_stays(dropped)
        return
    if day is not None:
        from .since import typed_day  # Only here, and below: others name no day.

        day = typed_day(settings, "--on", day, to_come=True)
    if not _is_planned(settings, code, day):  # Else nothing is changed.
        ask_a_person(yes, lambda: _erase_asks(settings, code, day))
    result = carry_out(settings, LeaveWorker(code=code, on=day))
    if day is not None and (result["begun"] or result["stopped"]) and not as_json:
        tell(say("privacy.counted-today", whose=who(result["worker"], names_of(settings)), day=day))
    tell_erasure(settings, result, as_json)


def _is_planned(settings: Settings, code: str, day: str | None) -> bool:
    """Whether a worker is to leave after that very day already, as far as this user may look."""
    from ..gate.daemon.assembly import Assembly  # Only here: others name no day.

    today = Assembly(settings).today()
    if day is None or today is None or day < today:
        return False
    planned = set[str | None]()

    def look(store: "SqliteStore", code: str) -> None:
        if leaving := store.leavings().get(code):
            planned.add(leaving.after)

    refuse_beforehand(settings, code, look)
    return day in planned


def _erase_asks(settings: Settings, code: str, day: str | None) -> str:
    """What is asked before somebody leaves: a day that is over is no plan, but means now."""
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly
    from ..gate.people.consent import checked_day
    from ..gate.people.refusals import refuse_leave

    whose, assembly = whom(settings, code), Assembly(settings)
    after, today = day and checked_day(day), assembly.today()
    # By a clock that the daemon believes and this command does not, the daemon judges.
    judged = after if today is not None else None
    refuse_beforehand(
        settings, code, lambda store, code: refuse_leave(store, code, judged, today, assembly.zone)
    )
    if after is None:
        return erase_asks(settings, code, whose)
    if today is not None and is_over(after, today, code):
        return f"{say('people.erase-over', day=after)}\n{erase_asks(settings, code, whose)}"
    return say("people.erase-after-asks", whose=whose, day=after)


@workers.command(help="help.workers-forget")
@code_argument
@yes_option
@as_json
@with_settings
def forget(settings: Settings, code: str, yes: bool, as_json: bool) -> None:
    ask_a_person(yes, lambda: _forget_asks(settings, code))
    result = carry_out(settings, ForgetWorker(code=code))
    if as_json:
        print_json(result)
    else:
        done = "privacy.forgotten" if result["done"] else "privacy.forgotten-not-searched"
        tell(say(done, code=result["worker"]))
        tell_beside(result)


def _forget_asks(settings: Settings, code: str) -> str:
    from ..gate.people.refusals import refuse_forget  # Only here: others forget nobody.

    whose = whom(settings, code)
    refuse_beforehand(settings, code, refuse_forget)
    return say("privacy.forget-asks", whose=whose)


@workers.command("list", help="help.workers-list")
@as_json
@with_settings
def list_workers(settings: Settings, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly
    from ..gate.ledger.glance import disputed_leavers

    assembly = Assembly(settings)
    store = assembly.store_for_reading()
    fingers: dict[str, list[str]] = {}
    for print_ in store.prints():
        fingers.setdefault(print_.worker, []).append(print_.finger)
    workers, leavings, today = store.workers(), store.leavings(), assembly.today()
    held = store.held_back()
    rows = [
        {
            "code": worker.code,
            "name": worker.name,
            "active": worker.active,
            "listed": worker.listed,
            "leaving": leavings.get(worker.code),
            "fingers": fingers.get(worker.code, []),
            "held_for": held.get(worker.code),
        }
        for worker in workers
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("code", "name", "state", "fingers"),
        (
            (
                worker.code,
                worker.name,
                state_of(
                    worker,
                    leavings.get(worker.code),
                    today,
                    held.get(worker.code),
                    retired=store.retired,
                ),
                ", ".join(fingers_of(fingers.get(worker.code, []))),
            )
            for worker in workers
        ),
        empty=say("people.none"),
    )
    if store.retired:
        tell(say("people.gate-retired"), indent="  ")
        return
    withdrawn = store.withdrawn()
    without = [
        one.code
        for one in workers
        if one.code not in fingers and one.code not in withdrawn
        if is_expected(one, leavings.get(one.code), today)
    ]
    if without:
        told = "people.without-prints-more" if without[_MOST_NAMED:] else "people.without-prints"
        shown = without[:_MOST_NAMED]
        tell(say(told, count=len(without), codes=shown), indent="  ")
    left = {code for code, one in leavings.items() if one.left}
    if gone := sorted(withdrawn.keys() - left):
        tell(say("people.withdrawn", codes=gone), indent="  ")
    for dispute in disputes(to_builtins(disputed_leavers(store, today))):
        tell(say(dispute), indent="  ")


def _named(settings: Settings, code: str, words: tuple[str, ...]) -> str:
    """A worker's name as typed; asked for where it was left out, for others read the list of
    processes, and sudo's log."""
    if words:
        return " ".join(words)
    refuse_retired(settings)
    return ask(say("people.ask-name", code=code))


@command(help="help.identify")
@as_json
@with_settings
def identify(settings: Settings, as_json: bool) -> None:
    result = carry_out(settings, Identify())
    if as_json:
        print_json(result)
    elif not result["known"]:
        tell(say("people.not-recognised"))
    else:
        told = {name: result[name] for name in ("finger", "slot", "score")}
        known = "people.recognised" if result["active"] else "people.recognised-deactivated"
        tell(say(known, whose=who(result["worker"], names_of(settings)), **told))


@group(help="help.prints")
def prints() -> None:
    """Which fingers are whose."""


@prints.command("list", help="help.prints-list")
@as_json
@with_settings
def list_prints(settings: Settings, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly

    store = Assembly(settings).store_for_reading()
    found = store.prints()
    if as_json:
        print_json(found)
        return
    names = {worker.code: worker.name for worker in store.workers()}
    print_table(
        ("slot", "code", "name", "finger", "generation"),
        ((p.slot, p.worker, names[p.worker], *fingers_of([p.finger]), p.generation) for p in found),
        empty=say("people.no-prints"),
    )


@prints.command("health", help="help.prints-health")
@as_json
@with_settings
def prints_health(settings: Settings, as_json: bool) -> None:
    from .print_health import show_health  # It reads the ledger, which no other one here does.

    show_health(settings, as_json=as_json)


@prints.command(help="help.prints-remove")
@code_argument
@finger_option(required=True)
@yes_option
@as_json
@with_settings
def remove(settings: Settings, code: str, finger: str, yes: bool, as_json: bool) -> None:
    ask_a_person(yes, lambda: _remove_asks(settings, code, finger))
    result = carry_out(settings, RemovePrint(code=code, finger=finger))
    if as_json:
        print_json(result)
    else:
        whose = who(result["worker"], names_of(settings))
        told = {"finger": result["finger"], "slot": result["slot"]}
        tell(say("people.removed", whose=whose, **told))


def _remove_asks(settings: Settings, code: str, finger: str) -> str:
    # Only here: others remove no print.
    from ..contract.people import checked_finger
    from ..gate.people.refusals import refuse_finger

    whose, wanted = whom(settings, code), checked_finger(finger)
    asks = "people.remove-asks"

    def look(store: "SqliteStore", code: str) -> None:
        nonlocal asks
        one = refuse_finger(store.prints(), code, wanted)
        if (one.slot, one.generation) not in store.backed_up():
            asks = "people.remove-asks-unsaved"

    refuse_beforehand(settings, code, look)
    return say(asks, finger=finger, whose=whose)
