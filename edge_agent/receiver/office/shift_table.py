"""The clerk tells which shifts there are: a correction like others, safe from a restore."""

from collections.abc import Sequence

from ..databases.database import Database
from ..worktime.decided_shifts import details_of
from ..worktime.known_shifts import shifts_in_force, version_in_force
from ..worktime.shifts import Shift
from .journal import MOST_DETAILS, Who, enter, turn


def tell_shifts(database: Database, who: Who, shifts: Sequence[Shift]) -> int:
    """Put this table in force, and have presses read by it; returns its version.

    Nothing is entered where it is the one in force.
    """
    with turn(database):
        if shifts_in_force(database) != list(shifts):
            for details in details_of(shifts, MOST_DETAILS):
                enter(database, who, "shifts", details=details)
        return version_in_force(database)
