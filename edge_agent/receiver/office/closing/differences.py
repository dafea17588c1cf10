"""What has come of a period since: who, on which day, and how much."""

from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct

from .numbers import ClosedLeave, ClosedSession, Numbers, worked_seconds

_PAID = ("in_at", "out_at", "status", "minutes", "seconds", "break_seconds")


class Pressed(Struct, frozen=True):
    """The entry that a press stands in."""

    ledger: str
    seq: int


class Difference(Struct, frozen=True, kw_only=True):
    """Of one worker and day: seconds ``before`` and ``after``, the sessions that were and are,
    the presses that came and went, and the leave where it is another."""

    code: str
    date: str
    before: int
    after: int
    was: list[ClosedSession]
    now: list[ClosedSession]
    came: list[Pressed]
    went: list[Pressed]
    leave_was: list[ClosedLeave] = []
    leave_now: list[ClosedLeave] = []

    @property
    def seconds(self) -> int:
        """How much more there is than before; below zero: less."""
        return self.after - self.before


def differences(before: Mapping[str, Numbers], after: Mapping[str, Numbers]) -> list[Difference]:
    """By worker and day; nothing where nothing that is paid has changed."""
    found = []
    for code in sorted(before.keys() | after.keys()):
        was, now = before.get(code, Numbers()), after.get(code, Numbers())
        days_was, days_now = _by_day(was), _by_day(now)
        for day in sorted(days_was.keys() | days_now.keys()):
            old, new = days_was[day], days_now[day]
            if _paid(old) != _paid(new):
                gone, come = _presses(old), _presses(new)
                found.append(
                    Difference(
                        code=code, date=day,
                        before=worked_seconds(old), after=worked_seconds(new), was=old, now=new,
                        came=[one for one in come if one not in gone],
                        went=[one for one in gone if one not in come],
                    )
                )  # fmt: skip
        if was.leave != now.leave:
            gone_leave = [one for one in was.leave if one not in now.leave]
            come_leave = [one for one in now.leave if one not in was.leave]
            found.append(
                Difference(
                    code=code, date=min(one.day for one in gone_leave + come_leave),
                    before=0, after=0, was=[], now=[], came=[], went=[],
                    leave_was=gone_leave, leave_now=come_leave,
                )
            )  # fmt: skip
    return found


def _by_day(numbers: Numbers) -> dict[str, list[ClosedSession]]:
    days: dict[str, list[ClosedSession]] = defaultdict(list)
    for session in numbers.sessions:
        days[session["date"]].append(session)
    return days


def _paid(sessions: list[ClosedSession]) -> list[tuple[object, ...]]:
    return [tuple(session.get(column) for column in _PAID) for session in sessions]


def _presses(sessions: list[ClosedSession]) -> list[Pressed]:
    return [
        Pressed(session[f"{end}_ledger"], session[f"{end}_seq"])
        for session in sessions
        for end in ("in", "out")
        if session.get(f"{end}_ledger") is not None
    ]
