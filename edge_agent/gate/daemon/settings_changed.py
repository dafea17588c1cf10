"""What becomes of settings that were changed: how they come to count."""

from collections.abc import Iterable

from ...contract.language import Message
from ..host.service import reloading, restarting
from ..settings.in_use import RELOADED


def counts_after(keys: Iterable[str]) -> Message:
    """What makes these changed ``keys`` count, for the end of a sentence: the least that does."""
    if RELOADED.issuperset(keys) and (reload := reloading()) is not None:
        return Message("settings.after-reload", reload=reload)
    return Message("settings.after-restart", restart=restarting())
