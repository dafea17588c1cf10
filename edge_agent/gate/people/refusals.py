"""Why a request is refused, and whom one brings back to work, by the database alone.

So that a command can ask for it before it asks a person, and not after the yes.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

from ...contract.attendance import attendance
from ...contract.errors import BadRequest
from ...contract.facts import Method
from ...contract.kinds import CREDITS
from ...contract.language import Message
from ...contract.people import Print, Worker
from ...contract.stamps import DAY_MS, parse_time
from ..credentials import number_of
from ..erasure import WorkerLeaving, is_over
from ..ledger.glance import began_instead
from ..ledger.store.sqlite_store import SqliteStore
from ..replaced_sensors import ReplacedSensor
from ..sealed_backups import SealedBackup


def refuse_leave(
    store: SqliteStore, code: str, day: str | None, today: str | None, zone: ZoneInfo
) -> None:
    """Raise BadRequest where a worker has left, or cannot leave on that day: nobody knows which day
    it is, it was long ago, they have punched since, or they are about to be erased."""
    refuse_left(store, code)
    if day is None:
        return
    if today is None:
        raise BadRequest("privacy.no-clock")
    if is_over(day, today, code):
        _refuse_if_punched_after(store, code, day, zone)
    else:
        refuse_stopped(store, code)


def refuse_stopped(store: SqliteStore, code: str) -> None:
    """Raise BadRequest where a worker is to be erased once a term is over: whatever they were given
    now would go then as well."""
    if code in store.stopped():
        left = store.left_for_good(code)
        raise BadRequest("privacy.leaving" if left else "privacy.withdrawing", code=code)


def refuse_left(store: SqliteStore, code: str) -> None:
    """Raise BadRequest where a worker has left and all that was kept is erased, with what is typed
    where they are back."""
    leaving = store.leavings().get(code)
    if leaving is None or not leaving.left or _is_to_erase(store, code):
        return
    _refuse_undone(store, code)
    back = _back(store, code)
    if leaving.last_day is not None:
        raise BadRequest("privacy.left-after", code=code, day=leaving.last_day, back=back)
    told = "privacy.left-once" if leaving.since is None else "privacy.left-already"
    raise BadRequest(told, code=code, day=leaving.since, back=back)


def refuse_delisted(worker: Worker) -> None:
    """Raise BadRequest where payroll's roster keeps a worker out: payroll brings them back."""
    if worker.listed is not None and not worker.listed.active:
        raise BadRequest("people.delisted", code=worker.code)


def refuse_return(store: SqliteStore, code: str) -> None:
    """Raise BadRequest where somebody who has left cannot be at work again: payroll's roster keeps
    them out, or they are to be erased yet."""
    if code in store.leavings() and (worker := store.worker(code)) is not None:
        refuse_delisted(worker)
    refuse_stopped(store, code)


def brought_back(store: SqliteStore, code: str, *, activated: bool = False) -> WorkerLeaving | None:
    """The leaving of a worker who is at work again once a finger, a card or a consent of theirs is
    here; None: they have not left, or are refused for another reason as well.

    ``activated``: by a person's word alone, which is also that they are refused no more.
    """
    worker = store.worker(code)
    if worker is None or code in store.stopped() or (worker.deactivated and not activated):
        return None
    return store.left(code)


def told_back(
    store: SqliteStore, code: str, today: str | None, *, activated: bool = False
) -> dict[str, Any]:
    """Whether a worker is brought ``back``, and their ``last_day`` as 'workers leave --on' takes it
    for whoever undoes that: None where it is today, of long ago or not known."""
    leaving, day = brought_back(store, code, activated=activated), None
    if leaving is not None and today is not None:
        last = leaving.worked_until
        with suppress(BadRequest):
            day = last if last is not None and is_over(last, today, code) else None
    return {"back": leaving is not None, "last_day": day}


def refuse_withdrawal(store: SqliteStore, code: str) -> None:
    """Raise BadRequest where nothing of a worker's is here."""
    if _is_to_erase(store, code):
        return
    _refuse_undone(store, code)
    withdrawn = store.withdrawn()
    if code in withdrawn:
        day = withdrawn[code]
        told = "privacy.withdrawn-once" if day is None else "privacy.withdrawn-already"
        raise BadRequest(told, code=code, day=day)
    raise BadRequest("privacy.nothing-here", code=code)


def refuse_enrolment(store: SqliteStore, code: str) -> None:
    """Raise BadRequest where a worker is about to be erased, or does not agree any more: also
    where nobody is asked for a consent, for it is they who have said no."""
    refuse_stopped(store, code)
    withdrawn = store.withdrawn()
    if code in withdrawn:
        day = withdrawn[code]
        told = "consent.withdrew-once" if day is None else "consent.withdrew"
        raise BadRequest(told, code=code, day=day)


def refuse_forget(store: SqliteStore, code: str) -> None:
    """Raise BadRequest where anything of a worker's fingers, cards or PIN is still here."""
    if store.has_anything_of(code):
        raise BadRequest("privacy.leave-first", code=code)


def refuse_credential(store: SqliteStore, code: str, method: Method) -> None:
    """Raise BadRequest where a worker has no such card, PIN or QR code."""
    own = {one.method for one in store.credentials() if one.worker == code}
    if method in own:
        return
    others = [Message(f"method.{one}") for one in sorted(own)]
    told = "credential.has-other" if others else "credential.has-none"
    raise BadRequest(told, code=code, kind=method.value, others=others)


def refuse_new_credential(store: SqliteStore, code: str, method: Method) -> None:
    """Raise BadRequest where a worker can be given none: they are about to be erased, or a PIN's
    number, by which it is asked for, is none or another's."""
    refuse_stopped(store, code)
    if method is not Method.PIN:
        return
    number = number_of(code)
    if number is None:
        raise BadRequest("credential.no-number", code=code)
    for one in store.credentials():
        if one.method is Method.PIN and one.worker != code and number_of(one.worker) == number:
            told = {"code": code, "other": one.worker, "number": number}
            raise BadRequest("credential.same-number", **told)


def refuse_finger(prints: Iterable[Print], code: str, finger: str) -> Print:
    """The print, among ``prints``, of a worker's finger. Raises BadRequest where there is none."""
    own = {print_.finger: print_ for print_ in prints if print_.worker == code}
    if finger in own:
        return own[finger]
    others = [Message("people.finger", finger=other) for other in own]
    told = "people.not-enrolled-but" if others else "people.not-enrolled"
    raise BadRequest(told, code=code, finger=finger, others=others)


def _is_to_erase(store: SqliteStore, code: str) -> bool:
    """Whether an erasure has something to do; also one that waits for its term, of whom nothing is
    left but that."""
    return store.has_anything_of(code) or code in store.stopped()


def _refuse_undone(store: SqliteStore, code: str) -> None:
    """Raise BadRequest where an erasure has begun, and the sensor has not done its part."""
    for one in store.erasures():
        if one.worker == code and one.begun and not one.done:
            raise BadRequest("privacy.overdue", code=code, begun=one.begun)


def _back(store: SqliteStore, code: str) -> Message:
    """What is typed where somebody who has left is back."""
    worker = store.worker(code)
    if worker is not None and worker.listed is not None and not worker.listed.active:
        return Message("people.delisted-ask", code=code)
    return Message("privacy.back-activate", code=code)


def listed_as(store: SqliteStore, typed: str) -> tuple[str, SealedBackup | ReplacedSensor]:
    """The backup, or the sensor that was replaced, that goes by a mark, of which the first digits
    suffice; and the whole of it. Raises BadRequest where it is on no list, where another one begins
    like that, and where it was said before that it is no more."""
    listed: dict[str, SealedBackup | ReplacedSensor] = {
        **{one.backup: one for one in store.sealed_backups()},
        **{one.mark: one for one in store.replaced_sensors()},
    }
    if len(typed) < _FEWEST_DIGITS:
        raise BadRequest("backup.mark-too-short", backup=typed)
    meant = [name for name in listed if name.startswith(typed)]
    if len(meant) != 1:
        raise not_listed(store, typed, any_=bool(meant))
    [name] = meant
    one = listed[name]
    if one.destroyed is not None:
        in_sensor = isinstance(one, ReplacedSensor)
        told = "backup.sensor-gone-already" if in_sensor else "backup.destroyed-already"
        raise BadRequest(told, backup=name, day=one.destroyed)
    return name, one


_FEWEST_DIGITS = 6


def not_listed(store: SqliteStore, typed: str, *, any_: bool) -> BadRequest:
    """That no backup is meant by that mark, or not only one, where there is ``any_``; of one that
    only the ledger before a damage had nothing is to be said any more."""
    lacks = not any_ and began_instead(store) is not None
    return BadRequest("backup.not-listed-since" if lacks else "backup.not-listed", backup=typed)


def _refuse_if_punched_after(store: SqliteStore, code: str, day: str, zone: ZoneInfo) -> None:
    """Raise BadRequest where a punch of theirs that counts is of a later day: the day is wrong, or
    the worker, and an erasure is for good."""
    begun_ms = parse_time(f"{day}T00:00:00.000+00:00") - DAY_MS
    entries = list(store.of_worker(code, begun_ms))
    entries.reverse()
    for one in reversed(attendance(entries, zone)):
        if one.kind in CREDITS and one.voided is None and (one.working_day or "") > day:
            last = one.working_day
            told = {"day": day, "at": one.at, "last": last, "seq": one.seq}
            raise BadRequest("privacy.punched-after", code=code, **told)
