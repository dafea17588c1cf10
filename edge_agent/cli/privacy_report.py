"""``edge-agent privacy report``: all that the gate holds about one worker, for the worker."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec import to_builtins

from .. import __version__
from ..contract.atomic_file import new_private_file
from ..contract.corrections import known_code
from ..contract.kinds import CREDITS
from ..contract.language import Message, current, say
from ..contract.stamps import local_time
from ..gate.claims import Claim
from ..gate.papers.certificate import Certificate
from ..gate.papers.held import Held, held
from ..gate.papers.retention import Kept, retention
from ..gate.settings.schema import Settings
from .complete import code_argument
from .help import command
from .kept_words import gone_of, how_long, of_backup, of_sensor
from .options import as_json, page_option, with_settings
from .sections import Section, Text, as_page, tell_sections
from .show import print_json, who
from .tell import tell
from .words import hint_of
from .worker_words import state_of

_TOLD_OF = (
    *("fingers", "credentials", "evidence", "attempts"),
    *("consents", "ended-consents", "claims", "attendance"),
)
"""What of the table of retention is about a worker."""


@command(name="report", help="help.privacy-report")
@code_argument
@page_option()
@as_json
@with_settings
def report(settings: Settings, code: str, file: Path | None, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly

    assembly = Assembly(settings)
    store = assembly.store_for_reading()
    workers = {worker.code: worker for worker in store.workers()}
    worker = workers[known_code(code, workers, Message("people.add-first"))]
    found = held(store, worker, assembly.zone)
    kept = [row for row in retention(store, settings, assembly.zone) if row.what in _TOLD_OF]
    at = local_time(assembly.clock.stamp().wall_ms, assembly.zone)
    title = Message("held.title", gate=found.gate, name=found.name, code=found.code)
    state = state_of(worker, found.leaving, assembly.today(), retired=store.retired)
    sections = sections_of(found, kept, state, consent_required=settings.privacy.asks)
    if file is not None:
        made = _small_print(found, at)
        with new_private_file(file) as out:
            out.write(as_page(title, sections, made, current()).encode())
    if as_json:
        told = to_builtins(found) | {"retention": to_builtins(kept), "made_at": at}
        print_json(told | ({"file": str(file)} if file else {}))
    elif file is None:
        tell_sections(title, sections)
    else:
        tell(say("held.written", file=file, whose=who(found.code, {found.code: found.name})))


def _small_print(found: Held, at: str) -> Message:
    return Message(
        "held.made",
        at=at,
        gate=found.gate,
        ledger=found.ledger,
        version=__version__,
        count=sum(found.entries.values()),
        code=found.code,
    )


def sections_of(
    found: Held, kept: list[Kept], state: str, *, consent_required: bool
) -> list[Section]:
    """What the worker is told, in this order; ``state``: whether they may punch."""
    return [
        Section(title=Message("held.who"), lines=tuple(_who(found, state))),
        Section(title=Message("held.consent"), lines=tuple(_consents(found, consent_required))),
        Section(title=Message("held.fingers"), lines=tuple(_fingers(found))),
        Section(title=Message("held.else"), lines=tuple(_otherwise(found))),
        _presses(found),
        _refusals(found),
        Section(
            title=Message("held.how-long"),
            rows=tuple((Message(f"kept.{row.what}"), how_long(row)) for row in kept),
        ),
        Section(title=Message("held.elsewhere"), lines=tuple(_elsewhere(found))),
        *(
            [Section(title=Message("held.erased"), lines=tuple(_erasures(found)))]
            if found.erasures
            else []
        ),
        *(
            [Section(title=Message("held.claims"), rows=tuple(map(_claim, found.claims)))]
            if found.claims
            else []
        ),
        Section(
            title=Message("held.rights"), lines=(Message("held.may-ask"), Message("held.no-worse"))
        ),
    ]


def _who(found: Held, state: str) -> Iterator[Message]:
    yield Message("held.name", name=found.name, code=found.code)
    left = found.leaving is not None and found.leaving.left
    if found.fingers or found.credentials or left or not found.erasures:
        yield Message("held.state", state=state)
    if found.listed is not None:
        first, last = (
            Message("words.day", on=day) if day else Message("held.open")
            for day in (found.listed.valid_from, found.listed.valid_to)
        )
        yield Message("held.roster", first=first, last=last)
    if found.vouched_name is not None:
        yield Message("held.vouched-name", name=found.vouched_name)
    if found.former_names:
        yield Message("held.former", names=found.former_names)


def _consents(found: Held, required: bool) -> Iterator[Message]:
    one = found.consent
    if found.has_withdrawn:
        yield _withdrawn("held.withdrawn", found.withdrawn)
        if found.fingers:
            yield Message("held.withdrawn-print-is-here")
    else:
        if not required:
            yield Message("held.consent-off")
        if one is None:
            yield Message("held.consent-none")
        else:
            yield Message("held.consent-lives", text=one.text, signed=one.signed)
    for day in found.withdrew_before:
        yield _withdrawn("held.withdrew-before", day)
    for past in found.ended_consents:
        told = {"text": past.text, "signed": past.signed}
        if past.ended is None:
            yield Message("held.consent-ended-once", **told)
        else:
            yield Message("held.consent-ended", ended=past.ended, **told)
    if found.witnessed:
        yield Message("held.witnessed", codes=list(dict.fromkeys(found.witnessed)))


def _withdrawn(name: str, day: str | None) -> Message:
    return Message(f"{name}-once") if day is None else Message(name, on=day)


def _fingers(found: Held) -> Iterator[Text]:
    if not found.fingers:
        yield Message("held.no-finger")
        return
    for one in found.fingers:
        told = {"finger": one.finger, "slot": one.slot}
        if one.enrolled is not None:
            line = say("held.finger", at=one.enrolled, **told)
        else:
            line = say("held.finger-once", **told)
        if one.restored is not None:
            line += f", {say('held.restored', at=one.restored)}"
        yield f"{line}, {say('held.in-backup')}" if one.backed_up else line
    yield Message("held.no-picture")


def _otherwise(found: Held) -> Iterator[Message]:
    """What is kept of each says otherwise much of it."""
    if not found.credentials:
        yield Message("held.nothing-else")
        return
    methods = [Message(f"method.{method}") for method in found.credentials]
    yield Message("held.has-else", methods=methods)
    for method in found.credentials:
        yield Message(f"held.kept-of-{method}")


def _presses(found: Held) -> Section:
    """By month: all of them would be a book."""
    counts: dict[str, Counter[str]] = {}
    for punch in found.punches:
        column = "voided" if punch.voided else "punches" if punch.kind in CREDITS else "repeats"
        counts.setdefault((punch.at or "")[:7], Counter())[column] += 1
    columns = ("punches", "repeats", "voided")
    rows: tuple[tuple[Text, ...], ...] = tuple(
        (
            Message("held.of-month", month=month[5:], year=month[:4])
            if month
            else Message("held.unknown-month"),
            *(str(told[one]) for one in columns),
        )
        for month, told in sorted(counts.items())
    )
    evidence = [Message("held.evidence", count=found.evidence)] if found.evidence else []
    return Section(
        title=Message("held.presses"),
        lines=() if rows else (Message("held.none-pressed"),),
        head=(Message("held.month"), *(Message(f"held.{one}") for one in columns)),
        rows=rows,
        notes=(*evidence, *((Message("held.each"),) if rows else ())),
    )


def _refusals(found: Held) -> Section:
    rows = tuple(
        (
            Message("words.moment", at=one.at[:19]) if one.at else Message("held.unknown-time"),
            hint_of(one.reason),
            Message(f"method.{one.method}"),
        )
        for one in found.attempts
    )
    lines = () if rows else (Message("held.none-refused"),)
    return Section(title=Message("held.refused"), lines=lines, rows=rows)


def _elsewhere(found: Held) -> Iterator[Message]:
    yield Message("held.at-payroll")
    yield from map(of_backup, found.sealed)
    yield from map(of_sensor, found.sensors)
    yield Message("held.copies")
    yield Message("held.nobody-else")


def _erasures(found: Held) -> Iterator[Message]:
    for one in found.erasures:
        if one.begun is None:
            yield Message("held.planned", after=one.after)
        elif one.document is None:
            yield Message("held.erasing", begun=one.begun)
        else:
            said = Certificate(document=one.document).read()
            yield Message("held.erased-on", begun=said.stopped or said.begun, done=said.done)
            yield Message("held.erased-what", what=gone_of(said.erased))


def _claim(one: Claim) -> tuple[Message, ...]:
    if one.closed is None:
        state = Message("held.claim-due", due=one.due)
    else:
        state = Message("claim.ended", answer=one.answer, on=one.closed)
    return Message("words.day", on=one.asked), Message(f"claim.{one.what}"), state
