"""What a clerk reads in the month's workbook in the place of the words that programs have.

The workbook is Vietnamese, like its titles, in whatever language the command is asked for; and it
is read back (``diff --since``, ``correct import``), also one of before, which had programs' words.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, get_args

from ...contract.language import VIETNAMESE, Message, is_name, said
from ..worktime.sessions import Status
from .journal import What

_CALLED: dict[str, Callable[[str], str]] = {
    "direction": lambda value: f"direction.{value}",
    "direction_source": lambda value: f"paper.direction_by_{value}",
    "source": lambda value: f"method.{value}",
    "state": lambda value: f"paper.state_{value}",
    "status": lambda value: f"paper.status_{value}",
    "what": lambda value: f"clerk.what-{value}",
}
"""Column → what the message of one of its values is called."""

_READ_BACK = {
    "direction": ("in", "out"),
    "status": (*get_args(Status), "not-covered"),
    "what": get_args(What),
}
"""Column → the values that are read of a workbook."""


def shown(column: str, value: Any) -> Any:
    """A value in words; one that nobody here knows, of a gate of another version, as it is."""
    return _word(column, value) if value and column in _CALLED else value


@lru_cache(1000)
def _word(column: str, value: str) -> str:
    name = _CALLED[column](value)
    return said(Message(name), VIETNAMESE) if is_name(name) else value


def meant(column: str, text: Any) -> Any:
    """The value of which a workbook has the words; what is none of them, as it is."""
    return next((one for one in _READ_BACK.get(column, ()) if _word(column, one) == text), text)
