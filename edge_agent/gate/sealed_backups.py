"""Which backups of the templates there are, and what is to be done with them.

A sealed file cannot be edited: whoever was erased is in it until it is destroyed, and that happens
where no gate sees it. So the gate keeps a list, until somebody says that it was done.
"""

from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import PurePath
from typing import Any, Self
from zoneinfo import ZoneInfo

from msgspec import Struct, convert

from ..contract.language import Message
from ..contract.people import Print
from ..contract.stamps import local_date, local_time, parse_time


class SealedBackup(Struct, frozen=True, kw_only=True):
    """One file, by the id in its header.

    ``made``: when, in UTC, where that was known. ``workers``: the codes whose prints are in it;
    None: not known, of an older version. ``holder``: who has it, as a person has said. ``erased``:
    those of them who were erased since, ``replaced_by``: the file that was made without some of
    them. ``holds``: slot and generation of the prints whose templates are safely in it, None: not
    known, of an older version. ``file``: where it was written at this machine. ``destroyed``: since
    when it is no more, in local time; ``lost``: since when it is said to be in unknown hands.
    """

    backup: str
    made: str | None = None
    prints: int = 0
    recipients: list[str] = []
    workers: list[str] | None = None
    holder: str | None = None
    erased: list[str] = []
    replaced_by: str | None = None
    holds: list[tuple[int, int]] | None = None
    file: str | None = None
    destroyed: str | None = None
    lost: str | None = None

    def made_on(self, zone: ZoneInfo) -> str | None:
        """The day at the gate on which it was made; None: not known."""
        return None if self.made is None else local_date(parse_time(self.made), zone)

    def made_at(self, zone: ZoneInfo) -> str | None:
        """The same with its time, of which there may be several on a day."""
        return None if self.made is None else local_time(parse_time(self.made), zone)

    @property
    def at_hand(self) -> bool:
        """Whether a gate could be restored from it, as far as anybody has said."""
        return self.destroyed is None and self.lost is None

    @property
    def to_destroy(self) -> bool:
        """Whether it must not be kept any longer."""
        return self.destroyed is None and bool(self.erased or self.replaced_by)


def newest_good(backups: Iterable[SealedBackup]) -> SealedBackup | None:
    """The one that a gate would be restored from: the last that is whole and may be kept.

    One of which nothing is on its medium, as far as it is known, was not finished.
    """
    good = [one for one in backups if one.at_hand and not one.to_destroy]
    return next((one for one in reversed(good) if one.holds != []), None)


def _name_of_next(backups: Iterable[SealedBackup], day: str) -> str:
    """How the file of one that is made on a day may be called, in a sentence: by the day, and by a
    number where one is called so already, for nothing is written over."""
    taken = [PurePath(one.file).stem for one in backups if one.file]
    names = (day if number == 1 else f"{day}-{number}" for number in count(1))
    return next(name for name in names if not any(stem.endswith(name) for stem in taken))


def short_key(key: str) -> str:
    """A public key as a list has room for it: all of them begin alike."""
    return f"{key[:4]}…{key[-_LAST:]}"


_LAST = 6

_STICK = PurePath("/media/stick")


FEW = 5
"""People who are told by name."""


class Lacking(Struct, frozen=True):
    """Whose print no backup holds."""

    worker: str
    name: str


class NextBackup(Struct, frozen=True, kw_only=True):
    """What is typed to have the prints sealed again, or brought back: of the newest good backup.

    ``newest``: its mark, ``file``: where it was written, ``recipients``: to whom it was sealed.
    ``next_file``: a name that no backup of this gate has. ``lacking``: code and name of the first
    few whose prints no backup holds. ``unlisted``: how many prints are in a backup only by what the
    ledger before a damaged database's successor knew: the list does not have it.
    """

    newest: str | None = None
    file: str | None = None
    recipients: list[str] = []
    next_file: str | None = None
    lacking: list[Lacking] = []
    unlisted: int = 0

    @classmethod
    def after(
        cls,
        backups: Iterable[SealedBackup],
        today: str,
        lacking: Iterable[Lacking] = (),
        unlisted: int = 0,
    ) -> Self:
        """As the list has them."""
        listed = list(backups)
        newest = newest_good(listed)
        folder = PurePath(newest.file).parent if newest and newest.file else _STICK
        return cls(
            newest=newest.backup if newest else None,
            file=newest.file if newest else None,
            recipients=newest.recipients if newest else [],
            next_file=str(folder / f"{_name_of_next(listed, today)}.templates"),
            lacking=list(lacking),
            unlisted=unlisted,
        )

    @classmethod
    def told(cls, status: Mapping[str, Any]) -> Self:
        """As the status tells it; a daemon of an older version does not."""
        return convert(status.get("templates", {}), cls)

    @property
    def whose(self) -> Message | str:
        """The end of a sentence: whose prints are in none, where those are few enough."""
        if not 0 < len(self.lacking) <= FEW:
            return ""
        people = [
            Message("backup.of-person", name=one.name, code=one.worker) for one in self.lacking
        ]
        return Message("backup.whose", people=people)

    @property
    def _to(self) -> str:
        return self.next_file or str(_STICK / "prints.templates")

    @property
    def after_loss(self) -> Message:
        """What is to be done once a backup is lost: its key may be lost with it."""
        return Message("backup.lost-steps", file=self._to)

    @property
    def seal(self) -> Message:
        """The command that seals all prints, to the keys of the last time, else with what a key
        is."""
        file = self._to
        if not self.recipients:
            return Message("backup.seal-first", file=file)
        keys = " ".join(f"-r {key}" for key in self.recipients)
        return Message("backup.seal", file=file, keys=keys)

    @property
    def bring_back(self) -> Message:
        """The command that brings them back into the sensor."""
        if self.file is None:
            return Message("backup.bring-back-any")
        return Message("backup.bring-back", file=self.file)


def held_by_no_other(
    gone: SealedBackup, backups: Iterable[SealedBackup], prints: Iterable[Print]
) -> list[Print]:
    """The prints that are, or may be, in one file, and surely in no other that is still there."""
    elsewhere = {
        held
        for one in backups
        if one.at_hand and one.backup != gone.backup
        for held in one.holds or ()
    }

    def was_in(print_: Print) -> bool:
        if gone.holds is None:
            return gone.workers is None or print_.worker in gone.workers
        return (print_.slot, print_.generation) in gone.holds

    return [
        print_
        for print_ in prints
        if was_in(print_) and (print_.slot, print_.generation) not in elsewhere
    ]


def in_none_of(prints: Iterable[Print], backups: Iterable[SealedBackup]) -> list[Print]:
    """The prints that none of these holds, or may hold, and that is still there."""
    there = [one for one in backups if one.at_hand]
    held = {slot for one in there for slot in one.holds or ()}
    unknown = [one.workers for one in there if one.holds is None]
    return [
        print_
        for print_ in prints
        if (print_.slot, print_.generation) not in held
        and not any(codes is None or print_.worker in codes for codes in unknown)
    ]


class HeldBackup(Struct, frozen=True, kw_only=True):
    """One that has a worker's templates. ``made``: a day; ``holder``: who has it; None: not known;
    ``lost``: the day since which it is said to be in unknown hands.

    Never who else is in it.
    """

    backup: str
    made: str | None
    holder: str | None
    lost: str | None = None


def backups_with(backups: Iterable[SealedBackup], code: str, zone: ZoneInfo) -> list[HeldBackup]:
    """Those that were not destroyed, and hold a worker's templates as far as it is known."""
    return [_held(one, zone) for one in backups if _may_hold(one, code)]


def backups_with_erased(
    backups: Iterable[SealedBackup], code: str, zone: ZoneInfo
) -> list[HeldBackup]:
    """Those of them that hold, or may, what was erased of the worker: not one that was made since,
    of what they have agreed to anew."""
    return [
        _held(one, zone)
        for one in backups
        if _may_hold(one, code) and (one.workers is None or code in one.erased)
    ]


def _may_hold(one: SealedBackup, code: str) -> bool:
    return one.destroyed is None and (one.workers is None or code in one.workers)


def _held(one: SealedBackup, zone: ZoneInfo) -> HeldBackup:
    return HeldBackup(
        backup=one.backup,
        made=one.made_on(zone),
        holder=one.holder,
        lost=one.lost and one.lost[:10],
    )
