"""``edge-agent enroll``: a finger of a worker, guided by the sensor, or a day of many workers."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import BadRequest
from ..contract.language import Message, say
from ..gate.people.requests import Enroll
from ..gate.settings.schema import Settings
from .carry_out import at_the_gate, carry_out, names_of
from .complete import codes, finger_named, finger_option
from .help import command, missing_with_example
from .options import FilePath, as_json, with_settings, yes_option
from .show import print_json, who
from .tell import answer, confirm, somebody_types, tell, tell_notes
from .words import tell_enrolment

if TYPE_CHECKING:
    from .enrolment_day import Person


@command(help="help.enroll")
@click.argument("code", required=False, shell_complete=codes)
@finger_option(required=False)
@click.option("--replace", is_flag=True, help="help.enroll-replace")
@click.option(
    "--list", "listed", type=FilePath(path_type=Path, dir_okay=False), help="help.enroll-list"
)
@click.option("--missing", is_flag=True, help="help.enroll-missing")
@click.option(
    "--notes",
    # Whose file it is matters to a day alone: one finger is enrolled where somebody else's lies.
    type=FilePath(path_type=Path, dir_okay=False, readable=False),
    default="enrolment-day.json",
    show_default=True,
    help="help.enroll-notes",
)
@click.option("--report", "only_report", is_flag=True, help="help.enroll-report")
@yes_option
@as_json
@with_settings
def enroll(
    settings: Settings,
    code: str | None,
    finger: str | None,
    replace: bool,
    listed: Path | None,
    missing: bool,
    notes: Path,
    only_report: bool,
    yes: bool,
    as_json: bool,
) -> None:
    many = listed is not None or missing
    if (code is not None) == many or (listed is not None and missing) or (many and finger):
        raise BadRequest("day.which")
    if code is None:
        _many(settings, listed, notes, only_report, as_json)
        return
    _refuse_beforehand(settings, code, yes)
    others = list[str]()
    if finger is None:
        finger = _ask_which(settings, code, replace=replace)
    if replace:
        person = _person(settings, code)
        replace = finger in person.fingers
        if not replace:
            others = _not_replaced(person, finger, asks=not (as_json or yes))
    _one(settings, Enroll(code=code, finger=finger, replace=replace), others, as_json)


def _refuse_beforehand(settings: Settings, code: str, yes: bool) -> None:
    """Before a finger is asked for. Raises BadRequest where none of the worker's is enrolled."""
    # Only here: a day of many asks the gate.
    from ..gate.people.refusals import refuse_enrolment
    from .retired import refuse_retired
    from .worker_words import ask_if_left, refuse_beforehand

    refuse_retired(settings)
    refuse_beforehand(settings, code, refuse_enrolment)
    ask_if_left(settings, code, yes)


def _ask_which(settings: Settings, code: str, *, replace: bool) -> str:
    """The finger that somebody names, or takes as it is suggested; a script has to name one."""
    if not somebody_types():
        ctx = click.get_current_context()
        raise missing_with_example(ctx, next(p for p in ctx.command.params if p.name == "finger"))
    # Only here: whoever names the finger does without.
    from ..contract.people import FINGERS
    from .enrolment_day import next_finger

    held = _person(settings, code).fingers
    suggested = held[0] if replace and held else next_finger(held, []) or held[0]
    while True:
        typed = answer(say("people.which-finger", finger=suggested)).strip()
        finger = finger_named(typed) if typed else suggested
        if finger in FINGERS:
            return finger
        tell(say("people.bad-finger", text=typed, fingers=FINGERS), err=True)


def _person(settings: Settings, code: str) -> "Person":
    from ..contract.corrections import known_code
    from .enrolment_day import people_of

    with at_the_gate(settings) as perform:
        known = people_of(perform)
    names = {person.code: person.name for person in known.values()}
    return known[known_code(code, known, Message("people.add-first"), names)]


def _not_replaced(person: "Person", finger: str, *, asks: bool) -> list[str]:
    """The worker's fingers beside which this one is enrolled, as it replaces none: whoever types
    --replace thinks of one, so they are told, and asked where somebody is there; not a program
    (``asks``), which cannot answer beforehand."""
    from ..contract.people import FINGERS

    if finger not in FINGERS or person.deactivated or person.withdrawn:
        return []
    whose = who(person.code, {person.code: person.name})
    if not person.fingers:
        tell(say("people.first-print", whose=whose, finger=finger), err=True)
        return []
    held = [Message("people.finger", finger=one) for one in person.fingers]
    tell(say("people.none-to-replace", finger=finger, whose=whose, held=held), err=True)
    tell(say("people.replace-by-another", lines=_removal(person.code, person.fingers)), err=True)
    if asks and somebody_types():
        confirm(say("people.enrol-beside", finger=finger))
    return person.fingers


def _removal(code: str, fingers: list[str]) -> list[Message]:
    """How one of them is erased; of several whoever copies the line has to say which."""
    if len(fingers) == 1:
        return [Message("people.removal", code=code, finger=fingers[0])]
    return [Message("people.removal-of", code=code), Message("people.one-of", fingers=fingers)]


def _one(settings: Settings, request: Enroll, others: list[str], as_json: bool) -> None:
    """``others``: fingers one of which is meant to be replaced by this one."""
    names = names_of(settings)
    whose = say("people.finger-whose", finger=request.finger, whose=who(request.code, names))
    try:
        result = carry_out(settings, request, partial(tell_enrolment, whose, names))
    except KeyboardInterrupt:
        # Whoever breaks off a replacement asks whether somebody now has no print at all.
        told = "people.replacing-broken-off" if request.replace else "people.enrolling-broken-off"
        tell(say(told, code=request.code), err=True)
        raise
    if as_json:
        print_json(result)
    else:
        from .worker_words import tell_back

        whose = who(result["worker"], names)
        _tell_enrolled(result, whose)
        tell_back(result, whose)
        if others:
            tell(say("people.then-remove", lines=_removal(result["worker"], others)))


def _many(
    settings: Settings, listed: Path | None, notes: Path, only_report: bool, as_json: bool
) -> None:
    # Only here: one enrolment does without.
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from .day_notes import read_notes
    from .day_report import report, tell_report
    from .enrolment_day import Called, EnrolmentDay, people_of

    noted, called = read_notes(notes), Called()
    with at_the_gate(settings, called.step) as perform:
        known = people_of(perform)
        called.names = {code: person.name for code, person in known.items()}
        wanted = [known[code] for code in _codes_in(listed, known)] if listed else known.values()
        # Who has withdrawn would be refused, and is not asked at the glass to change their mind.
        people = [one for one in wanted if not one.withdrawn or one.deactivated]
        not_asked = [one for one in wanted if one.withdrawn]
        if not only_report:
            tell(say("day.keys"), err=True)
            try:
                EnrolmentDay(perform, called, people, noted, notes).walk(answer)
            finally:
                tell(say("day.go-on", path=notes), err=True)
    told = report(people, noted, not_asked)
    if as_json:
        print_json(told)
        return
    tell_report(told, datetime.now(ZoneInfo(settings.gate.timezone)))
    if not told["open"]:
        from .sealed_backups import next_of  # Only here: one finger is enrolled without it.

        tell(say("day.back-up", seal=next_of(settings).seal))


def _codes_in(path: Path, known: Any) -> list[str]:
    """The codes in a list, in its order. Raises BadRequest with all that is wrong, by its row."""
    # Only here: what reads tables is not needed for one finger.
    from ..contract.corrections import known_code
    from ..contract.spreadsheet import of_row, read_table, refuse
    from ..receiver.roster.roster_file import CODE_TITLES

    problems, found = [], list[str]()
    table = read_table(path, {"code": CODE_TITLES}, [("code",)])
    tell_notes(path, table.notes, err=True)
    for row in table.rows:
        text = "" if row.cells["code"] is None else str(row.cells["code"])
        try:
            found.append(known_code(text, known, Message("people.add-first")))
        except BadRequest as error:
            problems.append(of_row(row.number, error.message))
    refuse(path, problems)
    if not found:
        raise BadRequest("day.none-in-file", path=path)
    return list(dict.fromkeys(found))


def _tell_enrolled(result: dict[str, Any], whose: str) -> None:
    enrolled = "people.enrolled-anew" if result.get("replaced") else "people.enrolled"
    tell(say(enrolled, finger=result["finger"], whose=whose, slot=result["slot"]))
    if "score" not in result:  # A daemon that has not been started anew since the last update.
        return
    tell(say("score.proof", score=result["score"], quality=result["quality"]))
    if result["quality"] == "weak":
        tell(say("score.weak-advice", code=result["worker"]))
    if (finger := result["next"]) is not None:
        tell(say("people.other-hand", code=result["worker"], finger=finger))
