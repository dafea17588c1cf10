"""How long what is kept of workers stays, as people read it."""

from ..contract.language import Message
from ..gate.papers.retention import Kept


def how_long(row: Kept) -> Message:
    """For how long, or until what happens."""
    if row.months is not None:
        return Message("kept.months", count=row.months)
    if row.years is not None:
        return Message("kept.years", count=row.years)
    return Message(f"kept.until-{row.what}")
