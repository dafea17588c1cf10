"""``edge-agent punches``: what was recorded, for people."""

from collections.abc import Iterable
from contextlib import closing, suppress
from typing import Any

import click
from msgspec import structs

from ..contract.attendance import (
    EVIDENCE_OF_DIRECTION,
    Attendance,
    Moved,
    attendance,
    moved_by,
    ways_now,
)
from ..contract.chain import told
from ..contract.corrections import known_code, said_moment
from ..contract.errors import BadRequest, EdgeAgentError
from ..contract.kinds import AMENDMENTS
from ..contract.language import Message, say
from ..contract.stamps import local_time, parse_time
from ..gate.daemon.assembly import Assembly
from ..gate.people.requests import AddPunch, VoidPunch
from ..gate.settings.schema import Settings
from .carry_out import carry_out, names_of, whom
from .complete import (
    OF_VOIDS,
    REASONS,
    code_argument,
    codes,
    direction_option,
    reason_called,
    reason_option,
)
from .help import group, line_with, retype
from .moments import leans_on_today
from .options import as_json, ask_a_person, with_settings, yes_option
from .punch_sums import sums
from .show import print_json, print_table, who
from .since import entries_since, first_of, last_of, tell_span, typed_moment
from .tell import tell
from .worker_words import note_of, way_of, when_of

_INDENT = " " * 4

_AMONG = 20_000
"""How many of the last entries are looked through: two months of eighty workers."""


class _EntryNumber(click.IntRange):
    """Whoever types a code instead is told where the numbers are."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(say("punch.no-number", text=value), param, ctx)


@group(help="help.punches")
def punches() -> None:
    """What was recorded."""


@punches.command("list", help="help.punches-list")
@click.argument("code", required=False, shell_complete=codes)
@click.option("--since", metavar="TIME", help="help.since")
@click.option("--until", metavar="TIME", help="help.until")
@as_json
@with_settings
def list_(
    settings: Settings, code: str | None, since: str | None, until: str | None, as_json: bool
) -> None:
    assembly = Assembly(settings)
    first_ms = first_of(since, assembly.zone)
    last_ms = last_of(until, first_ms, assembly.zone)
    store = assembly.store_for_reading()
    holders = store.holders()
    if code is not None:
        code = _whose(code, {worker.code: worker.name for worker in store.workers()})
    tell_span(since, until, assembly.zone)
    entries = entries_since(store, first_ms)
    ways = ways_now(entries, assembly.zone)
    punches = attendance(entries, assembly.zone)
    voided = {punch.seq for punch in punches if punch.voided}
    found = [
        {
            **structs.asdict(punch),
            "name": holders.at(punch.worker, punch.seq),
            "way": ways.get(punch.seq, punch.direction),
        }
        for punch in punches
        if punch.at is None or (first_ms or 0) <= parse_time(punch.at) <= last_ms
        if code in (None, punch.worker)
    ]
    if as_json:
        print_json(found)
        return
    now = assembly.clock.stamp()
    print_table(
        ("seq", "day", "time", "code", "name", "direction", "note"),
        (
            (
                punch["seq"],
                punch["working_day"] and say("punch.day", day=punch["working_day"]),
                when_of(punch),
                punch["worker"],
                punch["name"],
                way_of(punch),
                note_of(punch, voided, now),
            )
            for punch in found
        ),
        empty=say("punch.none-among")
        if until is not None
        else say("punch.none")
        if first_ms is None
        else say("punch.none-since", since=local_time(first_ms, assembly.zone)),
    )
    if told := [*sums(found, punches, now.wall_ms)]:
        tell(say("punch.sums"), colour="bold")
        for one in told:
            tell(say(one), indent=_INDENT)


def _whose(code: str, names: dict[str, str]) -> str:
    """The code of a worker, by ``names``. Raises BadRequest, with both options where a day was
    typed instead; somebody may be called Mai, which is tomorrow."""
    try:
        return known_code(code, names, Message("people.add-first"), names)
    except BadRequest as error:
        if leans_on_today(code.strip()) and error.message.name != "people.unknown-but":
            raise BadRequest("punch.when-not-whose", text=code, when=code.strip()) from None
        raise


@punches.command(help="help.punches-void")
@click.argument("seq", type=_EntryNumber())
@reason_option("help.reason-void")
@as_json
@with_settings
def void(settings: Settings, seq: int, reason: str, as_json: bool) -> None:
    _refuse_no_reason(click.get_current_context(), reason, OF_VOIDS)
    result = carry_out(settings, VoidPunch(seq=seq, reason=reason))
    if as_json:
        print_json(result)
    else:
        _tell_voided(settings, result)


@punches.command(help="help.punches-add")
@code_argument
@click.option("--at", required=True, metavar="TIME", help="help.at")
@reason_option("help.reason-add")
@direction_option
@click.option("--force", is_flag=True, help="help.force-punch")
@yes_option
@as_json
@with_settings
def add(settings: Settings, yes: bool, as_json: bool, **asked: Any) -> None:
    adding = [one for one in REASONS if one not in OF_VOIDS]
    _refuse_no_reason(click.get_current_context(), asked["reason"], adding)
    asked["at"] = typed_moment(settings, "--at", asked["at"])
    request = AddPunch(**asked)
    moves = _moves(settings, request)
    for one in moves:
        _tell_move(one, err=as_json)
    if moves:
        ask_a_person(yes, lambda: say("punch.moves-asks", whose=whom(settings, request.code)))
    result = carry_out(settings, request)
    if as_json:
        print_json(result | {"moves": [structs.asdict(one) for one in moves]})
    else:
        whose = who(result["worker"], names_of(settings))
        what = _what(say("punch.at-day", at=result["at"]), request.direction)
        tell(say("punch.added", whose=whose, what=what, entry=result["seq"]))


def _tell_voided(settings: Settings, result: dict[str, Any]) -> None:
    """What was withdrawn, what falls with it, and how it is put back where that was wrong."""
    punch, way_is_known = _voided(settings, result)
    whose, seq = who(result["worker"], names_of(settings)), result["of"]
    when = say("punch.at-day", at=punch.at) if punch.at else when_of(structs.asdict(punch))
    what = _what(when, punch.direction)
    tell(say("punch.voided", seq=seq, whose=whose, what=what, entry=result["seq"]))
    if repeats := result.get("repeats"):  # A daemon of an older version does not tell.
        tell(say("punch.void-takes-repeats", count=len(repeats), seqs=repeats))
    if punch.at is None:
        return
    told = {"code": result["worker"], "at": punch.at}
    if way_is_known:
        tell(say("punch.void-undo-way", way=punch.direction, **told))
    else:
        tell(say("punch.void-undo", **told))


def _voided(settings: Settings, result: dict[str, Any]) -> tuple[Attendance, bool]:
    """A withdrawn punch as it stands by now, and whether its way is known and not a guess; what the
    gate answers of it, where this user may not look."""
    with suppress(EdgeAgentError, PermissionError):
        assembly = Assembly(settings)
        with closing(assembly.store_for_reading()) as store:
            entries = store.punches_of(result["worker"], _AMONG)
        for punch in attendance(entries, assembly.zone):
            if punch.seq == result["of"]:
                return punch, any(_shows_way(data, punch.seq) for data in entries)
    seen = Attendance(
        seq=result["of"],
        kind="",
        worker=result["worker"],
        at=result["at"],
        not_before=None,
        not_after=None,
        direction=None,
        of=None,
        voided=None,
    )
    return seen, False


def _shows_way(data: dict[str, Any], seq: int) -> bool:
    """Whether an entry says which way punch ``seq`` led, by more than a guess."""
    if data["seq"] != seq:
        return data.get("of") == seq and AMENDMENTS.get(data["kind"]) == "direction"
    data = told(data)
    by = "key" if data["kind"] == "punch.added" else data.get("direction_source")
    return data.get("direction") is not None and by in EVIDENCE_OF_DIRECTION


def _what(when: str, direction: str | None) -> list[str]:
    """Which way a punch led, where that is known, and when it was."""
    return [*([say(f"direction.{direction}")] if direction else []), when]


def _moves(settings: Settings, request: AddPunch) -> list[Moved]:
    """What later presses become by it; none where that cannot be looked at, or the gate refuses."""
    with suppress(EdgeAgentError, PermissionError):
        assembly = Assembly(settings)
        at_ms = said_moment(request.at, assembly.zone, force=request.force)
        at = local_time(at_ms, assembly.zone)
        with closing(assembly.store_for_reading()) as store:
            code = known_code(request.code, (one.code for one in store.workers()), "")
            entries = store.punches_of(code, _AMONG)
        return moved_by(entries, code, at, request.direction, assembly.zone)
    return []


def _tell_move(one: Moved, *, err: bool) -> None:
    told = {"at": one.at, "seq": one.seq}
    if one.day != one.day_before:
        tell(
            say("punch.moves-day", before=one.day_before, day=one.day, **told), err=err, indent="  "
        )
    if one.way is not None:
        was, way = (Message(f"direction.{way}") for way in (one.recorded, one.way))
        tell(say("punch.moves-way", was=was, way=way, **told), err=err, indent="  ")


def _refuse_no_reason(ctx: click.Context, text: str, usual: Iterable[str]) -> None:
    """Raise NotAllowed where it is none, with the ``usual`` ones and the whole command, and in it a
    reason whose words it has: ``về quên bấm`` was forgotten. None is proposed at random, for it
    would be pasted."""
    from ..contract.people import NotAllowed, checked_reason

    try:
        checked_reason(text)
    except NotAllowed:
        words = text.split()
        parts = (words[a:b] for a in range(len(words)) for b in range(a + 2, len(words) + 1))
        found = (reason_called(" ".join(part)) for part in parts)
        meant = next(filter(None, found), None)
        retype(ctx, "--reason", say(f"reason.{meant}" if meant else "punch.some-reason"))
        reasons = [f"'{say(f'reason.{one}')}'" for one in usual]
        told = {"reasons": reasons, "line": line_with(ctx)}
        raise NotAllowed("punch.no-reason", text=text, **told) from None
