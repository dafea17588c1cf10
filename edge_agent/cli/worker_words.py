"""What people read of a worker: whether they may punch, by which fingers, when they did, and that
they are gone.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import click

from ..contract.corrections import known_code
from ..contract.errors import EdgeAgentError, StoreFault
from ..contract.language import Message, say
from ..contract.people import Employment, Worker, namesakes
from ..contract.rights import user
from ..contract.stamps import Stamp, parse_time
from ..gate.consents import Consent
from ..gate.erasure import WorkerLeaving
from ..gate.settings.schema import Settings
from .carry_out import names_of
from .options import ask_a_person
from .retired import refuse_retired
from .show import SHOWN_DIGITS, print_json, shown_day, who
from .tell import tell

if TYPE_CHECKING:
    from ..gate.ledger.store.sqlite_store import SqliteStore


def state_of(
    worker: Worker,
    leaving: WorkerLeaving | None,
    today: str | None,
    held_for: str | None = None,
    *,
    retired: bool = False,
) -> str:
    """Whose word keeps a worker out, or between which dates payroll lets them in.

    ``held_for``: under which name the prints were taken that are held back; ``leaving``: that they
    have left, or are to; ``today``: None where the clock is not to be believed, by which nobody is
    refused; ``retired``: the gate is out of service, and lets nobody in.
    """
    if leaving is not None and leaving.left:
        if leaving.last_day is not None:
            return say("people.state-left-after", day=leaving.last_day)
        if leaving.since is None:
            return say("people.state-left")
        return say("people.state-left-on", on=leaving.since)
    if held_for is not None:
        return say("people.state-held", former=held_for, name=worker.name)
    if not worker.active:
        return say("people.state-deactivated")
    if worker.listed is not None and not worker.listed.active:
        return say("people.state-delisted")
    if retired:
        return say("people.state-retired")
    listed = worker.listed or Employment(active=True)
    first, last = listed.valid_from, listed.valid_to
    if today is not None and last and last < today:
        return say("people.state-over", last=last)
    if leaving is not None and leaving.after and not (last and last < leaving.after):
        last = leaving.after
    if today is not None and first and first > today:
        return say("people.state-not-yet", first=first)
    if first and last:
        return say("people.state-between", first=first, last=last)
    if first:
        return say("people.state-from", first=first)
    return say("people.state-until", last=last) if last else say("people.state-active")


def refuse_beforehand(
    settings: Settings, code: str, refuse: Callable[["SqliteStore", str], object]
) -> None:
    """Raise what the gate would refuse, before anybody is asked. Where the database is not to be
    read the gate says so itself, after the yes."""
    # Only here: few commands erase somebody.
    from ..gate.daemon.assembly import Assembly

    with (
        suppress(StoreFault, PermissionError),
        closing(Assembly(settings).store_for_reading()) as store,
    ):
        names = {one.code: one.name for one in store.workers()}
        refuse(store, known_code(code, names, Message("people.add-first"), names))


def ask_if_left(settings: Settings, code: str, yes: bool, *, activated: bool = False) -> None:
    """Whoever has left is at work again by what comes now, and the code may be mistyped: it is
    asked, unless the answer is there already. That they are is told by ``tell_back`` once it is so:
    what comes now may be refused."""
    if yes:
        return
    # Only here: few commands bring somebody back.
    from ..gate.people.refusals import brought_back

    asked: list[str] = []

    def look(store: "SqliteStore", code: str) -> None:
        worker, leaving = store.worker(code), brought_back(store, code, activated=activated)
        if worker is not None and leaving is not None:
            state = state_of(worker, leaving, None)
            whose = who(code, {code: worker.name})
            asked.append(say("people.back-asks", whose=whose, state=state))

    refuse_beforehand(settings, code, look)
    if asked:
        refuse_retired(settings)
        ask_a_person(yes, lambda: "".join(asked))


def tell_back(result: dict[str, Any], whose: str) -> None:
    """That somebody who had left is at work again, and how that is undone."""
    if result.get("back"):  # A daemon of an older version does not tell.
        told = {"whose": whose, "code": result["worker"]}
        if day := result.get("last_day"):
            tell(say("people.back-from", day=day, **told))
        else:
            tell(say("people.back", **told))


def tell_stays(result: dict[str, Any]) -> None:
    """That somebody who was to leave does not, and how that is undone."""
    tell(say("people.stays", day=result["dropped"], code=result["code"], name=result["name"]))


def consent_state(own: Consent | None) -> str:
    """Whether somebody has agreed to their fingers being used: ``none``, ``lives`` or
    ``ask-again``, where it was to an older text."""
    # Only here: who has agreed is asked by few commands.
    from ..gate.people.consent_text import is_newest

    if own is None:
        return "none"
    return "lives" if is_newest(own.text) else "ask-again"


def consent_told(
    state: str, settings: Settings, withdrawn: Mapping[str, str | None], code: str
) -> str:
    """The same in words: what a gate that asks for no consent lacks, nobody has to ask for; and
    that they have ``withdrawn`` it, by code the day."""
    if code in withdrawn:
        day = withdrawn[code]
        return say("consent.withdrawn-on", on=day) if day else say("consent.withdrawn-once")
    asks = settings.privacy.asks or state == "lives"
    return say(f"consent.state-{state}" if asks else f"consent.state-{state}-off")


OF_THE_GATE = ("payroll", "gate")
"""Who is no user of the machine."""

A_USER = "uid:"


def user_of(actor: str) -> str | None:
    """The name that this machine has today for whom the ledger names by number, or the number."""
    number = actor.removeprefix(A_USER)
    return user(int(number)) if number != actor and number.isdigit() else None


def by_whom(actor: str) -> Message | str:
    """Who has changed something, as people read it."""
    return Message(f"audit.{actor}") if actor in OF_THE_GATE else user_of(actor) or actor


def fingers_of(fingers: Iterable[str]) -> list[str]:
    """Fingers by the names that people have for them."""
    return [say("people.finger", finger=finger) for finger in fingers]


def when_of(punch: Mapping[str, Any]) -> str:
    """When a punch was, or between which times; ``punch`` as ``punches list --json`` has it."""
    if punch["at"]:
        return say("punch.at", at=punch["at"])
    low, high = punch["not_before"], punch["not_after"]
    if low and high:
        return say("punch.between", low=low, high=high)
    if low:
        return say("punch.after", low=low)
    return say("punch.before", high=high) if high else say("punch.unknown-time")


def way_of(punch: Mapping[str, Any]) -> str | None:
    """Which way a punch led; both where the gate has guessed another one. None: not known."""
    way, recorded = punch["way"], punch["direction"]
    if way in (None, recorded) or recorded is None:
        return say(f"direction.{recorded}") if recorded else None
    return say(
        "punch.way-now", way=Message(f"direction.{way}"), was=Message(f"direction.{recorded}")
    )


def note_of(punch: Mapping[str, Any], voided: Container[int], now: Stamp) -> str | None:
    """That its time is not known but for what ``when_of`` says, or cannot be right, whether a punch
    counts, and who has put it there; None: it is one like most.

    ``voided``: the punches that are withdrawn, and with them what repeats them.
    """
    is_between = punch["at"] is None and (punch["not_before"] or punch["not_after"])
    notes = [say("punch.note-no-time")] if is_between else []
    if is_to_come(punch["at"], now):
        notes.append(say("punch.note-to-come"))
    return "; ".join(filter(None, (*notes, _counts_as(punch, voided)))) or None


_A_MINUTE_MS = 60_000


def is_to_come(at: str | None, now: Stamp) -> bool:
    """Whether what is over is said to be of a time that, as far as the clock is right now, has not
    come: the clock was wrong when it was written."""
    return bool(at and now.trusted and parse_time(at) > now.wall_ms + _A_MINUTE_MS)


def _counts_as(punch: Mapping[str, Any], voided: Container[int]) -> str | None:
    if punch["voided"]:
        return say("punch.note-voided", reason=punch["voided"])
    if punch["added"]:
        by, reason = punch["added_by"], punch["added_for"]
        if by and reason:
            return say("punch.note-added-for", by=by_whom(by), reason=reason)
        return say("punch.note-added", by=by_whom(by)) if by else say("punch.note-by-hand")
    if punch["kind"] == "punch.recovered":
        return say("punch.note-recovered")
    if (of := punch["of"]) is None:
        return None
    return say("punch.note-repeat-voided" if of in voided else "punch.note-repeat", of=of)


def tell_namesakes(entered: Mapping[str, str], names: Mapping[str, str]) -> None:
    """Who else of ``names`` is called as one who is entered, both by code."""
    found = [
        codes for codes in namesakes({**names, **entered}) if not entered.keys().isdisjoint(codes)
    ]
    for codes in found:
        name = next(entered[code] for code in codes if code in entered)
        tell(say("people.namesakes", name=name, codes=codes), indent="  ")
    if found:
        tell(say("people.namesakes-are-two"))


def erase_asks(settings: Settings, code: str, whose: str) -> str:
    """What is asked before an erasure: what goes, by name, and when; what stays; and what it does
    not reach."""
    # Only here: few commands erase somebody.
    from ..gate.daemon.assembly import Assembly
    from ..gate.sealed_backups import backups_with

    assembly = Assembly(settings)
    kept, sealed, stays = Message("people.kept-unseen"), 0, "people.erase-stays-sealed"
    days = settings.privacy.erase_within_days if assembly.today() is not None else 0
    with (
        suppress(EdgeAgentError, PermissionError),
        closing(assembly.store_for_reading()) as store,
    ):
        code = known_code(code, (one.code for one in store.workers()), "")
        kept = _kept_of(store, code)
        sealed = len(backups_with(store.sealed_backups(), code, assembly.zone))
        stays = stays if sealed else "people.erase-stays"
        days = 0 if code in store.stopped() else days  # Whoever asks again means now.
    name = "people.erase-within-asks" if days else "people.erase-asks"
    lines = [say(name, whose=whose, what=kept, count=days)]
    if sealed:
        lines.append(say("people.erase-sealed", count=sealed))
    return "\n".join((*lines, say(stays)))


def _kept_of(store: "SqliteStore", code: str) -> Message:
    """What is kept of a worker's fingers, and by what else they punch."""
    fingers = [one.finger for one in store.prints() if one.worker == code]
    named = [Message("people.finger", finger=finger) for finger in fingers]
    kept = [Message("people.kept-prints", fingers=named)] if named else []
    kept += [Message(f"method.{one.method}") for one in store.credentials() if one.worker == code]
    return Message("people.kept", what=kept) if kept else Message("people.kept-nothing")


def tell_erasure(
    settings: Settings, result: dict[str, Any], as_json: bool, *, withdrawn: bool = False
) -> None:
    """What a leaving came to, or that somebody has ``withdrawn``, and how it is undone; ends with 1
    where something is left to do."""
    if as_json:
        print_json(result)
    else:
        _tell_erased(result, who(result["worker"], names_of(settings)), withdrawn)
        if result["begun"] or result["stopped"]:
            tell_beside(result)
        elif result.get("sealed") or result.get("sensors"):  # They work until then.
            tell(say("privacy.beside-later"))
        if result["begun"] and result["done"] and any(result["erased"].values()):
            tell(say("privacy.then-certificate", code=result["worker"]))
        if result["begun"] or result["stopped"]:
            undo = "privacy.undo-withdrawal" if withdrawn else "privacy.undo-leave"
            tell(say(undo, code=result["worker"]))
    if result["begun"] is not None and not result["done"]:
        click.get_current_context().exit(1)


def _tell_erased(result: dict[str, Any], whose: str, withdrawn: bool) -> None:
    told = {"whose": whose, "code": result["worker"]}
    if result["begun"] is None and result["stopped"]:
        stopped = "privacy.stopped-withdrawn" if withdrawn else "privacy.stopped"
        tell(say(stopped, day=result["after"], **told))
    elif result["begun"] is None:
        planned = "privacy.planned-already" if result.get("already") else "privacy.planned"
        tell(say(planned, day=result["after"], **told))
    elif result["done"] and not any(result["erased"].values()):
        empty = "privacy.withdrawn-empty" if withdrawn else "privacy.left-empty"
        tell(say(empty, whose=whose))
    elif result["done"]:
        # Only here: few commands erase somebody.
        from .kept_words import gone_of

        erased = result["erased"]
        name = "privacy.erased" if erased["prints"] else "privacy.erased-no-print"
        tell(say(name, whose=whose, what=gone_of(erased)))
    else:
        tell(say("privacy.not-done", whose=whose), err=True)


def tell_beside(result: dict[str, Any]) -> None:
    """What an erasure does not reach, and somebody has to."""
    for one in result.get("sensors", ()):  # A daemon of an older version does not tell, as below.
        told = {"made": shown_day(one["replaced"]) or "?", "count": one["templates"]}
        tell(say("privacy.in-sensor", backup=one["sensor"][:SHOWN_DIGITS], **told), err=True)
    if sealed := result.get("sealed"):
        tell(say("privacy.sealed", count=len(sealed)), err=True)
    if result["set_aside"]:
        tell(say("privacy.set-aside", files=result["set_aside"]), err=True)
    if result.get("copied"):
        tell(say("privacy.copied"), err=True)
