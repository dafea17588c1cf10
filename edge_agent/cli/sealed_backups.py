"""``edge-agent templates list``: which backups there are, what is in one, and which must go."""

import os
import re
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from msgspec.structs import replace

from ..contract.errors import StoreFault
from ..contract.language import Message, say
from ..contract.stamps import local_time, parse_time, true_time
from ..gate.ledger.glance import began_instead
from ..gate.people.templates.backup_file import BadBackup, outside_of
from ..gate.replaced_sensors import ReplacedSensor
from ..gate.sealed_backups import (
    FEW,
    NextBackup,
    SealedBackup,
    held_by_no_other,
    newest_good,
    short_key,
)
from ..gate.settings.schema import Settings
from .help import command
from .options import FilePath, as_json, with_settings
from .sealed_files import read_file
from .show import SHOWN_DIGITS, print_json, print_table, shown_day, who
from .tell import tell

if TYPE_CHECKING:
    from ..gate.ledger.store.sqlite_store import SqliteStore

held_by_option = click.option("--held-by", metavar="WHO", help="help.held-by")


@command(name="list", help="help.templates-list")
@click.argument("file", type=FilePath(path_type=Path, dir_okay=False), required=False)
@as_json
@with_settings
def templates_list(settings: Settings, file: Path | None, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly

    assembly = Assembly(settings)
    store = assembly.store_for_reading()
    found, names = store.sealed_backups(), _names(store)
    if file is not None:
        if (marked := _by_mark(store, file, found)) is not None:
            shown = marked if as_json else with_name(store, marked)
            _look_up(shown, assembly.zone, names, as_json)
        else:
            all_ = found if as_json else [with_name(store, one) for one in found]
            _look_at(file, all_, assembly.zone, names, as_json)
        return
    if as_json:
        print_json(found)
        return
    files = (
        (
            one.backup[:SHOWN_DIGITS],
            shown_made(one.made, assembly.zone),
            one.prints,
            _what_held(with_name(store, one)),
            ", ".join(map(short_key, one.recipients)),
            state_of_backup(one, _inside(one, names)),
        )
        for one in found
    )
    sensors = (
        (
            one.mark[:SHOWN_DIGITS],
            shown_day(one.replaced_on(assembly.zone)),
            len(one.holds),
            say("backup.replaced-sensor"),
            None,
            state_of_sensor(one),
        )
        for one in store.replaced_sensors()
    )
    print_table(
        ("mark", "made", "prints", "what-held", "sealed-to", "state"),
        (*files, *sensors),
        empty=say("backup.none-listed" if began_instead(store) is None else "backup.none-known"),
    )
    # Of one that was said to be lost it was said then.
    if any(one.to_destroy or _is_missed(one) for one in found if one.at_hand):
        tell(say("backup.lost-is-not-destroyed"), err=True)
    further = next_backup(store, assembly.zone)
    if count := store.not_backed_up():
        tell(say("backup.lacking", count=count, whose=further.whose, seal=further.seal), err=True)
    elif further.unlisted:
        tell(say("backup.before", count=further.unlisted, seal=further.seal), err=True)
    tell_if_lists_lack(store, assembly.zone)


def next_backup(store: "SqliteStore", zone: ZoneInfo) -> NextBackup:
    """What is typed to seal the prints, or to bring them back."""
    # Only here: what shows one file does without it.
    from ..gate.daemon.status import templates_of

    return templates_of(store, datetime.now(zone).date().isoformat())


def with_name(store: "SqliteStore", one: SealedBackup) -> SealedBackup:
    """The same, with the name of who holds it, where they are called by a worker's code."""
    holder = one.holder and store.worker(one.holder)
    return replace(one, holder=f"{holder.name}, {holder.code}") if holder else one


def _names(store: "SqliteStore") -> dict[str, str]:
    return {one.code: one.name for one in store.workers()}


def who_is_in(workers: list[str] | None, names: Mapping[str, str], mark: str) -> Message | str:
    """The end of a sentence about one that is lost: all those have to be told, not only whoever was
    erased. ``mark``: what shows all of them."""
    if workers is None:
        return Message("backup.inside-unknown")
    if not workers:
        return ""
    if len(workers) <= FEW:
        return Message("backup.inside", people=[who(code, names) for code in workers])
    return Message("backup.inside-many", count=len(workers), backup=mark)


def _inside(one: SealedBackup, names: Mapping[str, str]) -> Message | str:
    return who_is_in(one.workers, names, one.backup[:SHOWN_DIGITS])


def newly(result: Mapping[str, Any]) -> Message | str:
    """How many of the prints that no backup holds were in the one that is gone, and how many in
    none before; of a daemon of an older version it is not known."""
    count, now = result["not_backed_up"], result.get("only_there")
    if now in (None, count):
        return ""
    return Message("backup.newly", now=now, before=count - now)


def tell_if_lists_lack(store: "SqliteStore", zone: ZoneInfo) -> None:
    """That the lists of backups and of requests may not be whole: "none" would say that all is
    well."""
    if (began := began_instead(store)) is not None:
        at = true_time(began, zone)
        shown = say("words.moment", at=at) if at else say("backup.day-unknown")
        tell(say("backup.lists-lack", at=shown), err=True)


def _what_held(one: SealedBackup) -> str:
    file = Message("backup.file", file=one.file) if one.file else ""
    if one.holder:
        return say("backup.held-by", holder=one.holder, file=file)
    return say("backup.held-by-none", file=file)


_MARK = re.compile(r"[0-9a-f]{6,32}")


def _by_mark(store: "SqliteStore", file: Path, found: list[SealedBackup]) -> SealedBackup | None:
    """The one of which somebody typed the mark, as the list shows it, where no file is called that.

    Raises BadRequest where there is none, or not only one.
    """
    typed = str(file)
    if not _MARK.fullmatch(typed) or os.path.lexists(file):
        return None
    meant = [one for one in found if one.backup.startswith(typed)]
    if len(meant) != 1:
        # Only here: what shows one does without it.
        from ..gate.people.refusals import not_listed

        raise not_listed(store, typed, any_=bool(meant))
    return meant[0]


def _look_up(one: SealedBackup, zone: ZoneInfo, names: Mapping[str, str], as_json: bool) -> None:
    """What the list says of one, whose file nobody has here."""
    if as_json:
        print_json({"file": None, "header": None, "listed": one})
        return
    told = {"backup": one.backup[:SHOWN_DIGITS], "made": shown_made(one.made, zone)}
    told["file"] = say("backup.written-to", file=one.file) if one.file else ""
    tell(say("backup.looks-mark", count=one.prints, **told))
    _tell_keys(one.recipients)
    _tell_listed(one, names)


def next_of(settings: Settings) -> NextBackup:
    """The same of a gate; nothing is known of it where this user may not look at its database."""
    from ..gate.daemon.assembly import Assembly

    assembly = Assembly(settings)
    with suppress(StoreFault, PermissionError), closing(assembly.store_for_reading()) as store:
        return next_backup(store, assembly.zone)
    return NextBackup()


def _tell_keys(recipients: list[str]) -> None:
    if recipients:
        tell(say("backup.looks-keys", keys=recipients))


def _tell_listed(listed: SealedBackup, names: Mapping[str, str]) -> None:
    holder = listed.holder or say("backup.holder-unknown")
    tell(say("backup.looks-listed", state=state_of_backup(listed), holder=holder))
    if listed.workers:
        people = [who(code, names) for code in listed.workers]
        tell(say("backup.looks-holds", count=len(people), people=people))


def _look_at(
    file: Path, found: list[SealedBackup], zone: ZoneInfo, names: Mapping[str, str], as_json: bool
) -> None:
    """What is said of one file: by its first line, and by the list. Its templates are sealed."""
    try:
        header = outside_of(read_file(file))
    except BadBackup as error:
        raise BadBackup("backup.unusable", file=file, why=error) from error
    listed = next((one for one in found if one.backup == header.backup), None)
    if as_json:
        print_json({"file": str(file), "header": header, "listed": listed})
        return
    told = {"file": file, "backup": header.backup[:SHOWN_DIGITS], "gate": header.gate}
    told["made"] = shown_made(header.at, zone)
    tell(say("backup.looks", count=header.prints, **told))
    _tell_keys(header.recipients)
    if listed is None:
        tell(say("backup.looks-unlisted"))
    else:
        _tell_listed(listed, names)
    tell(say("backup.looks-sealed", file=file))


def tell_what_stays(store: "SqliteStore", zone: ZoneInfo, *gone: SealedBackup) -> None:
    """What is told before backups are destroyed: which one is to be kept, and what is lost."""
    found = store.sealed_backups()
    kept = [one for one in found if not one.to_destroy]
    newest = newest_good(kept)
    for one in gone:
        if newest is not None and newest.backup != one.backup:
            tell(_of_newest(one, newest, zone), err=True)
            break
        if one.at_hand and not one.to_destroy:
            told = {"backup": one.backup[:SHOWN_DIGITS], "keys": _short(one)}
            tell(say("backup.is-newest", **told), err=True)
    prints, backed_up = store.prints(), store.backed_up()
    # What was in one that is lost has been in no backup since then.
    gone = tuple(one for one in gone if one.at_hand)
    if alone := {print_ for one in gone for print_ in held_by_no_other(one, kept, prints)}:
        without = [one for one in prints if (one.slot, one.generation) not in backed_up]
        besides = len({*without} - alone)
        also = Message("backup.besides", count=besides) if besides else ""
        seal = next_backup(store, zone).seal
        tell(say("backup.only-copy", count=len(alone), besides=also, seal=seal), err=True)
    elif gone and not any(one.to_destroy for one in gone):
        tell(say("backup.nothing-lost"), err=True)


def _of_newest(gone: SealedBackup, newest: SealedBackup, zone: ZoneInfo) -> str:
    """Which one is not to be taken by mistake; of one that need not go, what it is sealed to."""
    told = {"newest": newest.backup[:SHOWN_DIGITS], "made": shown_made(newest.made, zone)}
    if gone.to_destroy or not gone.at_hand:
        return say("backup.keep-newest", **told)
    keys = {"keys": _short(gone), "newest_keys": _short(newest)}
    return say("backup.is-older", backup=gone.backup[:SHOWN_DIGITS], **told, **keys)


def _short(one: SealedBackup) -> list[str] | str:
    return [short_key(key) for key in one.recipients] or say("backup.day-unknown")


def shown_made(made: str | None, zone: ZoneInfo) -> str:
    """When a file was made, by the gate's time: to the second, for there may be two of a minute."""
    with suppress(ValueError):  # In the clear, and so whatever somebody has written there.
        return say("words.moment", at=local_time(parse_time(made or ""), zone))
    return say("backup.day-unknown")


def whereabouts(file: Path) -> str | None:
    """A file as the gate remembers it; None: no text, and so nothing that a request can carry."""
    path = str(file.absolute())
    return path if path.isprintable() else None


def state_of_backup(one: SealedBackup, inside: Message | str = "") -> str:
    """What is to be done with a backup, for people; of one that is lost also who is ``inside``."""
    if one.destroyed is not None:
        return say("backup.state-destroyed", at=one.destroyed)
    if one.lost is not None:
        told = "backup.state-lost-erased" if one.erased else "backup.state-lost"
        return say(told, at=one.lost, inside=inside, codes=one.erased)
    if one.erased:
        return say("backup.state-erased", codes=one.erased)
    if one.prints and one.holds == [] and not one.to_destroy:
        return say("backup.state-unfinished")
    if one.replaced_by:
        return say("backup.state-replaced")
    return say("backup.state-kept-unseen" if _is_missed(one) else "backup.state-kept")


def _is_missed(one: SealedBackup) -> bool:
    """Whether a file is not where it was written, although what it was written to is there: a stick
    that is not plugged in is missed by nobody."""
    if one.file is None:
        return False
    folder = Path(one.file).parent
    if not (os.path.isdir(folder) and os.access(folder, os.X_OK)) or os.path.lexists(one.file):
        return False
    of_sticks = one.file.startswith(("/media/", "/mnt/", "/run/media/"))
    return not of_sticks or folder.stat().st_dev != Path("/").stat().st_dev


def state_of_sensor(one: ReplacedSensor) -> str:
    """What is to be done with a sensor that was replaced, for people."""
    if one.destroyed is not None:
        return say("backup.state-destroyed", at=one.destroyed)
    told = "backup.state-in-sensor-erased" if one.erased else "backup.state-in-sensor"
    return say(told, count=len(one.holds), codes=one.erased)


def tell_to_destroy(
    store: "SqliteStore",
    zone: ZoneInfo,
    one: SealedBackup | ReplacedSensor,
    *,
    retired: bool = False,
) -> None:
    """That it must not be kept, and how it is said that it is no more: on paper, where the gate is
    ``retired`` and writes nothing any more."""
    ending = "-retired" if retired else ""
    if isinstance(one, ReplacedSensor):
        told = {"backup": one.mark[:SHOWN_DIGITS], "made": _day(one.replaced_on(zone))}
        asks = f"backup.sensor-to-destroy{ending}"
        tell(say(asks, state=state_of_sensor(one), **told), err=True)
    else:
        told = {"backup": one.backup[:SHOWN_DIGITS], "made": _day(one.made_on(zone))}
        told["holder"] = with_name(store, one).holder or say("backup.holder-unknown")
        told["file"] = say("backup.written-to", file=one.file) if one.file else ""
        asks = f"backup.to-destroy{ending or ('-lost' if one.lost else '')}"
        state = state_of_backup(one, _inside(one, _names(store)))
        tell(say(asks, state=state, **told), err=True)


def _day(day: str | None) -> str:
    return shown_day(day) or say("backup.day-unknown")
