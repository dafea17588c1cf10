"""What a module that is replaced takes along: templates that no erasure reaches any more."""

import secrets
from collections.abc import Iterable
from typing import Self

from msgspec import Struct, structs

from ...contract.people import Print
from ...contract.stamps import utc_time
from ..erasure import Erasure
from ..ledger.recorder import Recorder
from ..ledger.store.change import SqliteChange
from ..ledger.store.sqlite_store import SqliteStore
from ..pairing_mark import TOKEN_BYTES, PairingMark
from ..replaced_sensors import ReplacedSensor


class Adoption(Struct, frozen=True, kw_only=True):
    """What an adoption came to: prints that were ``forgotten``, for their template is not there,
    and the module that was ``replaced``, None: it holds nothing, or is the same."""

    forgotten: list[Print]
    replaced: ReplacedSensor | None


class Replacement(Struct, frozen=True, kw_only=True):
    """A module gets a mark of the gate's.

    ``is_another``: it takes the place of the one before. ``left``: that one, with what it may hold,
    None: nothing. ``erasures``: those that it can not be asked for any more, without its slots.
    ``back``: this module, where it was replaced before, and is to be emptied of what it held then.
    """

    is_another: bool
    left: ReplacedSensor | None = None
    erasures: list[Erasure] = []
    back: ReplacedSensor | None = None

    @classmethod
    def by_itself(cls, store: SqliteStore) -> Self:
        """It is the same module, which only gets another mark. Raises StoreFault."""
        return cls(is_another=False, back=being_emptied(store))

    @classmethod
    def by_another(
        cls,
        gate: Recorder,
        found: PairingMark | None,
        prints: Iterable[Print],
        lost: Iterable[Print],
    ) -> Self:
        """What is known of the module before the one with the mark ``found``.

        ``prints`` were in it, of which ``lost`` are not in this one. Raises StoreFault.
        """
        store, now = gate.store, gate.clock.stamp()
        ours, before = store.mark(), being_emptied(store)
        back = replaced_before(store, found)
        pending = _pending(store)
        held = {slot: one.worker for one in pending for slot, _ in one.slots}
        # Only a module that was here before is another one for sure: else what is in this one to
        # the byte is where it always was.
        held |= {one.slot: one.worker for one in (lost if back is None else prints)}
        if before is not None:  # It was taken out again before it was emptied.
            held = before.holds | held
        if not held:
            return cls(is_another=True, back=back)
        mark = ours.token.hex() if ours else secrets.token_hex(TOKEN_BYTES)
        left = ReplacedSensor(
            mark=before.mark if before else mark,
            marks=before.marks if before else [mark],
            replaced=utc_time(now.wall_ms) if now.trusted else None,
            holds=held,
            erased=sorted({*(before.erased if before else ()), *(one.worker for one in pending)}),
        )
        erasures = [_without_slots(one) for one in pending]
        return cls(is_another=True, left=left, erasures=erasures, back=back)

    def note(self, change: SqliteChange, mark: PairingMark) -> None:
        """Have the one before on the list, and what this one held announced to be erased.

        This one stays on the list until that is done: the power may fail before its notepad has
        the ``mark``.
        """
        if self.left is not None:
            change.put_replaced_sensor(self.left)
        for one in self.erasures:
            change.put_erasure(one)
        if self.back is not None:
            marks = [*self.back.marks, mark.token.hex()]
            change.put_replaced_sensor(structs.replace(self.back, marks=marks))
            change.announce(*self.back.holds)


def replaced_before(store: SqliteStore, found: PairingMark | None) -> ReplacedSensor | None:
    """The module with this mark, where it is on the list, and was not taken in use again."""
    if found is None:
        return None
    in_use = being_emptied(store)
    listed = (one for one in store.replaced_sensors() if found.token.hex() in one.marks)
    return next((one for one in listed if one != in_use), None)


def being_emptied(store: SqliteStore) -> ReplacedSensor | None:
    """The module in use, as long as it is on the list: it came back, and is not emptied yet."""
    ours = store.mark()
    if ours is None:
        return None
    listed = store.replaced_sensors()
    return next((one for one in listed if ours.token.hex() in one.marks), None)


def slots_to_erase(store: SqliteStore) -> set[int]:
    """Where the module in use may still hold what is to be erased from it."""
    back = being_emptied(store)
    return {slot for one in _pending(store) for slot, _ in one.slots} | {
        *(back.holds if back else ())
    }


def _pending(store: SqliteStore) -> list[Erasure]:
    return [one for one in store.erasures() if one.begun and not one.done and one.slots]


def _without_slots(one: Erasure) -> Erasure:
    """It ends without them, and does not count what it could not erase."""
    left = one.counts.prints - len(one.slots)
    return structs.replace(one, slots=[], counts=structs.replace(one.counts, prints=left))
