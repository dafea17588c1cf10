"""Try once more what a fault on the line has spoilt."""

from collections.abc import Callable
from typing import TypeVar

from ...domain.errors import SensorFault
from .pairing import Pairing

T = TypeVar("T")


def persistently(pairing: Pairing, do: Callable[[], T]) -> T:
    """Do something that may be done twice; again where the link could be mended in between.

    Raises SensorFault: one fault in a thousand transfers is no reason to begin anew, two in a row
    are.
    """
    try:
        return do()
    except SensorFault:
        pairing.recover()
        return do()
