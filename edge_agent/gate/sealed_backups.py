"""Which backups of the templates there are, and what is to be done with them.

A sealed file cannot be edited: whoever was erased is in it until it is destroyed, and that happens
where no gate sees it. So the gate keeps a list, until somebody says that it was done.
"""

from msgspec import Struct


class SealedBackup(Struct, frozen=True, kw_only=True):
    """One file, by the id in its header.

    ``made``: when, in UTC, where that was known. ``workers``: the codes whose prints are in it;
    None: not known, of an older version. ``holder``: who has it, as a person has said. ``erased``:
    those of them who were erased since, ``replaced_by``: the file that was made without some of
    them. ``destroyed``: since when it is no more, in local time.
    """

    backup: str
    made: str | None = None
    prints: int = 0
    recipients: list[str] = []
    workers: list[str] | None = None
    holder: str | None = None
    erased: list[str] = []
    replaced_by: str | None = None
    destroyed: str | None = None

    @property
    def to_destroy(self) -> bool:
        """Whether it must not be kept any longer."""
        return self.destroyed is None and bool(self.erased or self.replaced_by)
