"""The certificate of an erasure as a page, which carries what it was made of, to be checked by."""

import re
from pathlib import Path

import msgspec
from msgspec import Struct

from ..contract.errors import BadRequest
from ..contract.language import LANGUAGES, Message, because, is_name, said
from ..gate.papers.certificate import Certificate, ErasureDocument
from ..gate.replaced_sensors import HeldSensor
from ..gate.sealed_backups import HeldBackup
from .kept_words import of_backup, of_sensor
from .page import field, qr, signatures
from .sections import Section, Text, as_page

_BLOCK = re.compile(rb'<script type="application/json" id="certificate">(.*?)</script>', re.DOTALL)

_LONGEST = 1 << 20

_COUNTED = ("prints", "openings", "credentials")
"""What of an erasure is counted, in the order in which it is told."""


class Carried(Struct, frozen=True, kw_only=True):
    """All that a page is made of; ``version``: of the program that made it; ``backups``: those
    that still held then what was erased, ``sensors``: those that were replaced, and may.
    ``enrolled``: the worker had a print again then, of which the document says nothing;
    ``before``: the erasures before this one.
    """

    document: str
    seq: int | None
    name: str
    language: str
    version: str
    backups: list[HeldBackup] = []
    sensors: list[HeldSensor] = []
    enrolled: bool = False
    before: list[Certificate] = []


def certificate_page(carried: Carried) -> str:
    """The page: of the same, always the same letters, as long as the program is the same.

    Raises BadRequest where there is no document in it.
    """
    made = Certificate(document=carried.document, seq=carried.seq)
    done, language = made.read(), carried.language

    def words(key: str, **fields: object) -> str:
        return said(Message(f"proof.{key}", **fields), language)

    before = [
        qr(f"EDGE-AGENT worker.erased {done.gate} {done.ledger} {done.worker} {made.digest}"),
        field(words("employer")),
        field(words("name"), carried.name),
        field(words("code"), done.worker),
        field(words("gate"), done.gate),
        field(words("begun"), said(_since(done), language)),
        field(words("done"), said(_moment(done, "done"), language)),
    ]
    if done.last_day is not None:
        before.append(field(words("last-day"), words("day", on=done.last_day)))
    kept = tuple((_known("kept", what), _known("why", what)) for what in done.kept)
    aside = (Message("proof.aside", files=done.not_reached),) if done.not_reached else ()
    anew = (Message("proof.enrolled-since", done=done.done),) if carried.enrolled else ()
    sections = [
        _held(Message("proof.held"), done),
        Section(title=Message("proof.checked"), lines=_checked(done)),
        *map(_before, carried.before),
        Section(title=Message("proof.kept"), rows=kept),
        Section(
            title=Message("proof.beyond"),
            lines=(
                *anew,
                Message("proof.backups" if carried.backups else "proof.no-backups"),
                *map(of_backup, carried.backups),
                *map(of_sensor, carried.sensors),
                Message("proof.copies"),
                *aside,
            ),
        ),
    ]
    told = {"ledger": done.ledger, "digest": made.digest}
    seq = carried.seq
    small = (
        Message("proof.small-once", **told)
        if seq is None
        else Message("proof.small", seq=seq, **told)
    )
    inside = msgspec.json.encode(carried).decode().replace("<", "\\u003c")
    after = [
        signatures(words("by"), words("to")),
        f'<script type="application/json" id="certificate">{inside}</script>',
    ]
    return as_page(Message("proof.title"), sections, small, language, before, after)


def _before(one: Certificate) -> Section:
    """An erasure before the one that a page is of."""
    done = one.read()
    told = {"ledger": done.ledger, "digest": one.digest}
    small = (
        Message("proof.before-small-once", **told)
        if one.seq is None
        else Message("proof.before-small", seq=one.seq, **told)
    )
    section = _held(Message("proof.before", done=_moment(done, "done")), done)
    begun = Message("proof.before-begun", begun=_since(done))
    return msgspec.structs.replace(section, lines=(begun,), notes=(*_checked(done), small))


def _held(title: Message, done: ErasureDocument) -> Section:
    """What an erasure has taken: of what there was none nothing is said."""
    counted = (*_COUNTED, *sorted(done.erased.keys() - {*_COUNTED}))
    rows = tuple(
        (_known("held", what), str(done.erased[what])) for what in counted if done.erased.get(what)
    )
    return Section(title=title, rows=rows, lines=() if rows else (Message("proof.held-nothing"),))


def _checked(done: ErasureDocument) -> tuple[Text, ...]:
    return tuple(_known("checked", what) for what in done.checked)


def _since(done: ErasureDocument) -> Message:
    """From when on nobody was recognised by what was erased."""
    return Message("proof.moment", at=done.stopped) if done.stopped else _moment(done, "begun")


def _moment(done: ErasureDocument, name: str) -> Message:
    at = done.begun if name == "begun" else done.done
    return Message("proof.moment" if done.is_sure(name) else "proof.moment-unsure", at=at)


def carried_by(file: Path) -> tuple[bytes, Carried]:
    """The page in a file, and what it carries. Raises BadRequest where it is no certificate."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_LONGEST)
    except OSError as error:
        raise BadRequest("file.unreadable", path=file, why=because(error)) from error
    blocks = _BLOCK.findall(content)
    try:
        [block] = blocks
        carried = msgspec.json.decode(block, type=Carried)
    except (ValueError, RecursionError) as error:
        raise BadRequest("proof.no-certificate", file=file) from error
    if carried.language not in LANGUAGES:
        raise BadRequest("proof.no-certificate", file=file)
    return content, carried


def _known(kind: str, what: str) -> Text:
    """The words for a code of the document; the code itself where only another version has them."""
    name = f"proof.{kind}-{what}"
    return Message(name) if is_name(name) else what
