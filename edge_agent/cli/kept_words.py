"""How long what is kept of workers stays, and who has a backup of it, as people read it."""

from ..contract.language import Message
from ..gate.papers.retention import Kept
from ..gate.sealed_backups import HeldBackup
from .show import SHOWN_DIGITS


def how_long(row: Kept) -> Message:
    """For how long, or until what happens."""
    if row.months is not None:
        return Message("kept.months", count=row.months)
    if row.years is not None:
        return Message("kept.years", count=row.years)
    return Message(f"kept.until-{row.what}")


def of_backup(one: HeldBackup) -> Message:
    """Which backup, and who has it; or which sensor was replaced, and what it may hold."""
    if one.in_sensor is not None:
        return Message(
            "held.in-sensor",
            backup=one.backup[:SHOWN_DIGITS],
            made=Message("words.day", on=one.made) if one.made else Message("held.unknown-day"),
            count=one.in_sensor,
        )
    return Message(
        "held.sealed",
        backup=one.backup[:SHOWN_DIGITS],
        made=Message("words.day", on=one.made) if one.made else Message("held.unknown-day"),
        holder=one.holder or Message("held.unknown-holder"),
    )
