"""How far the erasure of a worker is."""

from msgspec import Struct


class Counts(Struct, frozen=True, kw_only=True):
    """How many there were of each."""

    prints: int = 0
    openings: int = 0
    credentials: int = 0


class Erasure(Struct, frozen=True, kw_only=True):
    """One worker's. ``after``: a day, ``YYYY-MM-DD``, after which it begins, where it has not yet.

    ``begun`` is when it did, in local time, from where on nobody is recognised by what is erased;
    ``slots``: slot and generation of templates that the sensor may still hold. ``scrubbed``: the
    database and what lies beside it were searched, and hold none of it. ``document``: what was done
    and how it was checked, as canonical JSON, once all of it is.
    """

    id: int
    worker: str
    after: str | None
    begun: str | None
    slots: list[tuple[int, int]]
    counts: Counts
    scrubbed: bool
    document: str | None

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.document is not None
