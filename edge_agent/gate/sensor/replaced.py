"""What a module that is replaced takes along: templates that no erasure reaches any more."""

import secrets
from collections import Counter
from collections.abc import Iterable
from typing import Self

from msgspec import Struct, structs

from ...contract.people import Print
from ..erasure import Erasure
from ..ledger.store.change import SqliteChange
from ..ledger.store.sqlite_store import SqliteStore
from ..pairing_mark import TOKEN_BYTES, PairingMark
from ..sealed_backups import SealedBackup


class Replacement(Struct, frozen=True, kw_only=True):
    """One module takes the place of another.

    ``left``: the one before, with what it may hold, None: nothing. ``erasures``: those that it can
    not be asked for any more, without its slots. ``back``: this module, where it was replaced
    before.
    """

    left: SealedBackup | None = None
    erasures: list[Erasure] = []
    back: SealedBackup | None = None

    @classmethod
    def between(
        cls,
        store: SqliteStore,
        found: PairingMark | None,
        prints: Iterable[Print],
        lost: Iterable[Print],
        now: str | None,
    ) -> Self:
        """What is known of the module before the one with the mark ``found``, at the time ``now``.

        ``prints`` were in it, of which ``lost`` are not in this one. Raises StoreFault.
        """
        ours = store.mark()
        back = replaced_before(store, found)
        # Only a module that was here before is another one for sure: in one whose notepad was
        # cleared, what is there to the byte is where it always was.
        held = list(lost if back is None else prints)
        pending = [one for one in store.erasures() if one.begun and not one.done and one.slots]
        slots = [
            *((p.slot, p.generation) for p in held),
            *(s for one in pending for s in one.slots),
        ]
        counts = Counter(print_.worker for print_ in held)
        counts.update({one.worker: len(one.slots) for one in pending})
        if not counts:
            return cls(back=back)
        left = SealedBackup(
            backup=ours.token.hex() if ours else secrets.token_hex(TOKEN_BYTES),
            made=now,
            prints=counts.total(),
            workers=sorted(counts),
            erased=sorted({one.worker for one in pending}),
            holds=sorted(slots),
            in_sensor=dict(sorted(counts.items())),
        )
        return cls(left=left, erasures=[_without_slots(one) for one in pending], back=back)

    def note(self, change: SqliteChange) -> None:
        """Have the one before on the list, and have this one emptied of what it held before."""
        if self.left is not None:
            change.put_sealed_backup(self.left)
        for one in self.erasures:
            change.put_erasure(one)
        if self.back is not None:
            change.drop_sealed_backup(self.back.backup)
            change.announce(*(slot for slot, _ in self.back.holds or ()))


def replaced_before(store: SqliteStore, found: PairingMark | None) -> SealedBackup | None:
    """The module with this mark, where it is on the list."""
    if found is None:
        return None
    listed = (one for one in store.sealed_backups() if one.in_sensor is not None)
    return next((one for one in listed if one.backup == found.token.hex()), None)


def _without_slots(one: Erasure) -> Erasure:
    """It ends without them, and does not count what it could not erase."""
    left = one.counts.prints - len(one.slots)
    return structs.replace(one, slots=[], counts=structs.replace(one.counts, prints=left))
