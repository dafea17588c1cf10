"""``edge-agent privacy``: what is kept for how long, and whether what should be erased is."""

from typing import Any

import click
from msgspec import to_builtins

from ..contract.language import say
from ..contract.stamps import local_date
from ..gate.ledger.store.metadata import ERASURES_UNKNOWN
from ..gate.people.requests import TellErased
from ..gate.settings.schema import Settings
from .help import group
from .options import as_json, with_settings
from .privacy_certificate import certificate, verify
from .privacy_dossier import dossier_
from .privacy_methods import methods
from .privacy_report import report
from .privacy_requests import answer, request, requests
from .sealed_backups import tell_to_destroy
from .show import print_json, print_table, shown_day
from .tell import tell


@group(help="help.privacy")
def privacy() -> None:
    """What is held of workers."""


privacy.add_command(report)
privacy.add_command(certificate)
privacy.add_command(verify)
privacy.add_command(request)
privacy.add_command(methods)
privacy.add_command(dossier_)
privacy.add_command(answer)
privacy.add_command(requests)


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
    if as_json:
        listed = [
            {"worker": None, "begun": None, "left": [], "backup": to_builtins(one)}
            for one in backups
        ]
        claims = [{"request": one.id, "what": one.what, "due": one.due} for one in late]
        whose = [{"worker": one.worker, "begun": one.asked, "left": []} for one in late]
        asked = [one | claim for one, claim in zip(whose, claims, strict=True)]
        print_json([*rows, *listed, *asked])
    elif not rows and not backups and not late:
        tell(say("privacy.nothing-overdue"))
    else:
        for row in rows:
            tell(say("privacy.overdue", code=row["worker"], begun=row["begun"]))
        for one in backups:
            tell_to_destroy(one)
        for claim in late:
            told = {"code": claim.worker, "asked": claim.asked, "what": claim.what}
            tell(say("claim.late", number=claim.id, due=claim.due, **told))
    asks = store.remembered(ERASURES_UNKNOWN) is not None
    if asks:
        tell(say("privacy.unknown"), err=True)
    if rows or backups or late or asks:
        click.get_current_context().exit(1)


@privacy.command(help="help.privacy-erased")
@click.argument("codes", nargs=-1, metavar="CODE…")
@click.option("--nobody", is_flag=True, help="help.erased-nobody")
@as_json
@with_settings
def erased(settings: Settings, codes: tuple[str, ...], nobody: bool, as_json: bool) -> None:
    from .carry_out import carry_out

    result = carry_out(settings, TellErased(codes=list(codes), nobody=nobody))
    if as_json:
        print_json(result)
    else:
        tell(say("privacy.known-now", count=len(result["workers"])))
    if not result["done"]:
        click.get_current_context().exit(1)


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


def tell_erasure(result: dict[str, Any], as_json: bool) -> None:
    """What a withdrawal or a leaving came to; ends with 1 where something is left to do."""
    code = result["worker"]
    if as_json:
        print_json(result)
    elif result["begun"] is None and result["stopped"]:
        tell(say("privacy.stopped", code=code, day=result["after"]))
    elif result["begun"] is None:
        tell(say("privacy.planned", code=code, day=result["after"]))
    elif result["done"]:
        tell(say("privacy.erased", code=code, **result["erased"]))
    else:
        tell(say("privacy.not-done", code=code), err=True)
    if not as_json:
        tell_beside(result)
    if result["begun"] is not None and not result["done"]:
        click.get_current_context().exit(1)


def tell_beside(result: dict[str, Any]) -> None:
    """What an erasure does not reach, and somebody has to."""
    if result["set_aside"]:
        tell(say("privacy.set-aside", files=result["set_aside"]), err=True)
    if result.get("copied"):  # A daemon of an older version does not know.
        tell(say("privacy.copied"), err=True)
