"""Who did not come along from a damaged database: remembered until the damaged file is taken away.

Counted by what entries, tables and snapshot still tell of who there was; whoever is entered and
enrolled again, or restored from a backup, is lost no longer. Whoever is lost when the next database
is damaged is lost there too.
"""

from collections.abc import Collection

import msgspec
from msgspec import Struct

from ...contract.language import Message
from .store.metadata import PEOPLE_LOST
from .store.sqlite_store import SqliteStore

Finger = tuple[str, str]
"""A worker's code and the finger."""


class LostPeople(Struct, frozen=True, kw_only=True):
    """Codes and fingers that are missing, and of how many there were."""

    workers: list[str]
    of_workers: int
    prints: list[Finger]
    of_prints: int

    @property
    def told(self) -> Message:
        """How many of them are missing; no full stop."""
        return Message(
            "problem.lost",
            lost_workers=len(self.workers),
            workers=Message("problem.workers", count=self.of_workers),
            lost_prints=len(self.prints),
            prints=Message("problem.prints", count=self.of_prints),
        )


BRING_BACK = (
    "bring them back with 'edge-agent templates restore FILE --identity - < key.txt' and the last "
    "backup of the templates ('edge-agent workers add' and 'edge-agent enroll' where there is none)"
)


def lost(
    known_workers: Collection[str],
    known_prints: Collection[Finger],
    workers: Collection[str],
    prints: Collection[Finger],
) -> LostPeople | None:
    """Whom of those that are known there is no word of any more; None where nobody is lost."""
    missing = LostPeople(
        workers=sorted(set(known_workers) - set(workers)),
        of_workers=len(set(known_workers)),
        prints=sorted(set(known_prints) - set(prints)),
        of_prints=len(set(known_prints)),
    )
    return missing if missing.workers or missing.prints else None


def still_lost(store: SqliteStore) -> LostPeople | None:
    """Those who have not come back since."""
    if (said := store.remembered(PEOPLE_LOST)) is None:
        return None
    try:
        then = msgspec.json.decode(said, type=LostPeople)
    except msgspec.MsgspecError:
        return None  # A byte of it was altered, and that is no reason for anything to stop.
    workers = {worker.code for worker in store.workers()}
    prints = {(print_.worker, print_.finger) for print_ in store.prints()}
    now = lost(then.workers, then.prints, workers, prints)
    if now is None:
        return None
    return msgspec.structs.replace(now, of_workers=then.of_workers, of_prints=then.of_prints)
