"""``edge-agent privacy request``, ``answer``, ``requests``: what workers ask for, until when."""

import click
from msgspec import to_builtins

from ..contract.language import say
from ..contract.stamps import local_date
from ..gate.claims import Claim, What
from ..gate.people.requests import ClaimAnswer, ClaimKind, CloseClaim, OpenClaim
from ..gate.settings.schema import Settings
from .carry_out import carry_out, names_of
from .complete import Keyword, code_argument
from .help import command
from .options import as_json, with_settings
from .sealed_backups import tell_if_lists_lack
from .show import print_json, print_table, shown_day, who
from .since import typed_day
from .tell import tell

_WHATS = [one.value for one in What]


@command(name="request", help="help.privacy-request")
@code_argument
@click.option(
    "--what",
    type=Keyword(_WHATS, lambda one: f"claim.{one}"),
    required=True,
    help="help.requests-what",
)
@click.option("--asked", metavar="2026-11-29", help="help.requests-asked")
@click.option("--due", metavar="2026-12-09", help="help.requests-due")
@as_json
@with_settings
def request(
    settings: Settings,
    code: str,
    what: ClaimKind,
    asked: str | None,
    due: str | None,
    as_json: bool,
) -> None:
    asked = None if asked is None else typed_day(settings, "--asked", asked)
    due = None if due is None else typed_day(settings, "--due", due, to_come=True)
    result = carry_out(settings, OpenClaim(code=code, what=what, asked=asked, due=due))
    if as_json:
        print_json(result)
        return
    whose = who(result["worker"], names_of(settings))
    tell(say("claim.opened", number=result["id"], whose=whose, what=what, due=result["due"]))


@command(name="answer", help="help.privacy-answer")
@click.argument("number", type=click.IntRange(1))
@click.option("--refused", is_flag=True, help="help.requests-refused")
@click.option("--on", metavar="2026-12-05", help="help.requests-on")
@as_json
@with_settings
def answer(settings: Settings, number: int, refused: bool, on: str | None, as_json: bool) -> None:
    on = None if on is None else typed_day(settings, "--on", on)
    came_of_it: ClaimAnswer = "refused" if refused else "done"
    result = carry_out(settings, CloseClaim(number=number, answer=came_of_it, on=on))
    if as_json:
        print_json(result)
    else:
        whose = who(result["worker"], names_of(settings))
        told = {"answer": came_of_it, "on": result["closed"]}
        tell(say("claim.closed", number=number, whose=whose, **told))


@command(name="requests", help="help.privacy-requests")
@click.option("--open", "only_open", is_flag=True, help="help.requests-only-open")
@as_json
@with_settings
def requests(settings: Settings, only_open: bool, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly

    assembly = Assembly(settings)
    today = local_date(assembly.clock.stamp().wall_ms, assembly.zone)
    store = assembly.store_for_reading()
    found = [one for one in store.claims() if one.closed is None or not only_open]
    if as_json:
        print_json([{**to_builtins(one), "overdue": one.overdue(today)} for one in found])
        return
    print_table(
        ("number", "code", "what", "asked", "due", "state"),
        (
            (
                one.id,
                one.worker,
                say(f"claim.{one.what}"),
                shown_day(one.asked),
                shown_day(one.due),
                _state(one, today),
            )
            for one in found
        ),
        empty=say("claim.none"),
    )
    tell_if_lists_lack(store, assembly.zone)


def _state(one: Claim, today: str) -> str:
    if one.closed is not None:
        return say("claim.ended", answer=one.answer, on=one.closed)
    return say("claim.overdue" if one.overdue(today) else "claim.open")
