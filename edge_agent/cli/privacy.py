"""``edge-agent privacy``: what is kept for how long, and whether what should be erased is."""

import shlex
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import click
from msgspec import to_builtins

from ..contract.errors import StoreFault
from ..contract.language import say
from ..contract.stamps import local_date
from ..gate.erasure import old_databases
from ..gate.ledger.store.metadata import ERASURES_UNKNOWN
from ..gate.people.requests import TellErased
from ..gate.settings.schema import Settings
from .help import group
from .options import as_json, ask_a_person, with_settings, yes_option
from .sealed_backups import tell_if_lists_lack, tell_to_destroy, tell_what_stays
from .show import print_json, print_table, shown_day
from .tell import tell


@group(
    help="help.privacy",
    elsewhere={
        "answer": "privacy_requests",
        "certificate": "privacy_certificate",
        "dossier": "privacy_dossier",
        "methods": "privacy_methods",
        "report": "privacy_report",
        "request": "privacy_requests",
        "requests": "privacy_requests",
        "verify": "privacy_certificate",
    },
)
def privacy() -> None:
    """What is held of workers."""


@privacy.command(help="help.privacy-overdue")
@as_json
@with_settings
def overdue(settings: Settings, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly

    assembly = Assembly(settings)
    store = assembly.store_for_reading()
    today = local_date(assembly.clock.stamp().wall_ms, assembly.zone)
    late = [one for one in store.claims() if one.overdue(today)]
    rows: list[dict[str, Any]] = [
        {"worker": one.worker, "begun": one.begun, "left": [slot for slot, _ in one.slots]}
        for one in store.erasures()
        if one.begun and not one.done
    ]
    backups = [one for one in store.sealed_backups() if one.to_destroy]
    sensors = [one for one in store.replaced_sensors() if one.to_destroy]
    databases = old_databases(store.erasures(), store.set_aside())
    if as_json:
        nobodys: dict[str, Any] = {"worker": None, "begun": None, "left": []}
        listed = [
            *(nobodys | {"backup": to_builtins(one)} for one in backups),
            *(nobodys | {"sensor": one.told()} for one in sensors),
            *(
                nobodys | {"database": {"file": file, "erased": codes}}
                for file, codes in databases.items()
            ),
        ]
        claims = [{"request": one.id, "what": one.what, "due": one.due} for one in late]
        whose = [{"worker": one.worker, "begun": one.asked, "left": []} for one in late]
        asked = [one | claim for one, claim in zip(whose, claims, strict=True)]
        print_json([*rows, *listed, *asked])
    elif not (rows or backups or sensors or databases or late):
        tell(say("privacy.nothing-overdue"))
    else:
        ending = "-retired" if store.retired else ""
        for row in rows:
            tell(say(f"privacy.overdue{ending}", code=row["worker"], begun=row["begun"]))
        for backup in backups:
            tell_to_destroy(store, assembly.zone, backup, retired=store.retired)
        if not store.retired:  # It needs none any more.
            tell_what_stays(store, assembly.zone, *backups)
            if any(one.at_hand for one in backups):
                tell(say("backup.lost-is-not-destroyed"), err=True)
        for sensor in sensors:
            tell_to_destroy(store, assembly.zone, sensor, retired=store.retired)
        if databases:
            told = _of_databases(assembly.database, databases)
            tell(say(f"privacy.databases-to-destroy{ending}", **told), err=True)
        for claim in late:
            told = {"code": claim.worker, "asked": claim.asked, "what": claim.what}
            tell(say(f"claim.late{ending}", number=claim.id, due=claim.due, **told))
    if not as_json:
        tell_if_lists_lack(store, assembly.zone)
    # What a gate out of service is told of the erasures it no longer does.
    asks = store.remembered(ERASURES_UNKNOWN) is not None and not store.retired
    if asks:
        tell(say("privacy.unknown"), err=True)
    if rows or backups or sensors or databases or late or asks:
        click.get_current_context().exit(1)


@privacy.command(help="help.privacy-erased")
@click.argument("codes", nargs=-1, metavar="CODE…")
@click.option("--nobody", is_flag=True, help="help.erased-nobody")
@yes_option
@as_json
@with_settings
def erased(
    settings: Settings, codes: tuple[str, ...], nobody: bool, yes: bool, as_json: bool
) -> None:
    from .carry_out import carry_out

    request = TellErased(codes=list(codes), nobody=nobody)
    if codes:
        ask_a_person(yes, lambda: _erased_asks(settings, request))
    result = carry_out(settings, request)
    if as_json:
        print_json(result)
    else:
        tell(say("privacy.known-now", count=len(result["workers"])))
    if not result["done"]:
        click.get_current_context().exit(1)


def _erased_asks(settings: Settings, request: TellErased) -> str:
    """What is asked before they are erased. Raises BadRequest where nothing is to be told."""
    from ..gate.daemon.assembly import Assembly
    from ..gate.people.leave import refuse_unasked
    from .carry_out import whom

    with suppress(StoreFault), closing(Assembly(settings).store_for_reading()) as store:
        refuse_unasked(store, request)
    return say("privacy.erased-asks", whose=[whom(settings, one) for one in request.codes])


def _of_databases(database: Path, old: dict[str, list[str]]) -> dict[str, object]:
    """Which they are, whom they may hold, and what removes all of them."""
    paths = [str(database.with_name(file)) for file in old]
    codes = sorted({code for may_hold in old.values() for code in may_hold})
    return {"files": [*old], "codes": codes, "remove": shlex.join(["sudo", "shred", "-u", *paths])}


@privacy.command(help="help.privacy-retention")
@as_json
@with_settings
def retention(settings: Settings, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly
    from ..gate.papers.retention import retention
    from .kept_words import how_long

    assembly = Assembly(settings)
    rows = retention(assembly.store_for_reading(), settings, assembly.zone)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("of-what", "held", "how-long", "next", "setting"),
        (
            (
                say(f"kept.{row.what}"),
                row.held,
                say(how_long(row)),
                shown_day(row.next),
                row.setting or "",
            )
            for row in rows
        ),
        empty="",
    )
    tell(say("kept.daily"))
