"""How long what is kept of workers stays, and who has a backup of it, as people read it."""

from ..contract.language import Message
from ..gate.papers.held import HeldBackup
from ..gate.papers.retention import Kept

_SHOWN_DIGITS = 6
"""Of a backup's id, as 'templates list' shows them."""


def how_long(row: Kept) -> Message:
    """For how long, or until what happens."""
    if row.months is not None:
        return Message("kept.months", count=row.months)
    if row.years is not None:
        return Message("kept.years", count=row.years)
    return Message(f"kept.until-{row.what}")


def of_backup(one: HeldBackup) -> Message:
    """Which backup, and who has it."""
    return Message(
        "held.sealed",
        backup=one.backup[:_SHOWN_DIGITS],
        made=Message("words.day", on=one.made) if one.made else Message("held.unknown-day"),
        holder=one.holder or Message("held.unknown-holder"),
    )
