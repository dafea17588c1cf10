"""How long what is kept of workers stays, and who has a backup of it, as people read it."""

from collections.abc import Mapping

from ..contract.language import Message
from ..gate.papers.retention import Kept
from ..gate.replaced_sensors import HeldSensor
from ..gate.sealed_backups import HeldBackup
from .show import SHOWN_DIGITS

_GONE = ("prints", "openings", "credentials")
"""What of an erasure is counted, in the order in which it is told."""


def gone_of(erased: Mapping[str, int]) -> list[Message]:
    """What an erasure has taken, and how many of each: of what there was none nothing is said."""
    found = [Message(f"kept.gone-{what}", count=erased[what]) for what in _GONE if erased.get(what)]
    return found or [Message("kept.gone-nothing")]


def how_long(row: Kept) -> Message:
    """For how long, or until what happens."""
    if row.months is not None:
        return Message("kept.months", count=row.months)
    if row.years is not None:
        return Message("kept.years", count=row.years)
    return Message(f"kept.until-{row.what}")


def of_backup(one: HeldBackup) -> Message:
    """Which backup, and who has it, or had it before it was lost."""
    told = {"backup": one.backup[:SHOWN_DIGITS], "made": _day(one.made)}
    holder = one.holder or Message("held.unknown-holder")
    if one.lost is None:
        return Message("held.sealed", holder=holder, **told)
    return Message("held.sealed-lost", holder=holder, lost=_day(one.lost), **told)


def of_sensor(one: HeldSensor) -> Message:
    """Which sensor was replaced, and what it may hold."""
    told = {"backup": one.sensor[:SHOWN_DIGITS], "made": _day(one.replaced)}
    return Message("held.in-sensor", count=one.templates, **told)


def _day(on: str | None) -> Message:
    return Message("words.day", on=on) if on else Message("held.unknown-day")
