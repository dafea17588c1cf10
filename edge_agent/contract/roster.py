"""Payroll's roster: what is believed of it, and what it changes at a gate. Pure.

Payroll and the gate's technician each have their own word on a worker, and neither overwrites the
other's: a worker may punch where both say so (docs/decisions/0023-roster.md).
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

import msgspec
from msgspec import UNSET, Struct

from .bounds import LARGEST_NUMBER
from .language import Message
from .messages import Roster, RosterWorker
from .people import Employment, NotAllowed, Worker, checked_code, checked_name
from .reasons import reason

LARGEST_ROSTER = 2_000_000
"""Bytes: 10,000 workers with long names."""

MOST_WORKERS = 10_000

_TOLD = 3
"""Problems that are told of one roster; the importer tells all of them, before it is published."""


class Refusal(StrEnum):
    """Why a roster is not applied. The words are the wire's reason codes."""

    TOO_LARGE = "too-large"
    MALFORMED = "malformed"
    EMPTY = "empty"
    OLDER = "older"
    SAME_VERSION = "same-version"
    NOT_SIGNED = "not-signed"


class Applied(Struct, frozen=True):
    """The roster that is in force: ``version`` 0 where there has been none.

    ``refused`` is why the last one that was refused since then was; the digests tell rosters apart.
    """

    version: int = 0
    digest: bytes = b""
    refused: Refusal | None = None
    refused_digest: bytes = b""


class Listing(Struct, frozen=True, kw_only=True):
    """A worker whom a roster adds or changes, as they are then."""

    worker: Worker
    added: bool


class Heard(Struct, frozen=True, kw_only=True):
    """A roster as it arrived. ``refused``: it cannot even be read, for the reason ``why``."""

    digest: bytes
    roster: Roster | None = None
    refused: Refusal | None = None
    why: Message | None = None

    @property
    def version(self) -> int | None:
        """The version that it states."""
        return self.roster.version if self.roster else None


def read_roster(payload: bytes) -> Heard:
    """Parse what arrived. One wrong row makes the whole roster wrong: nothing is guessed."""
    digest = hashlib.sha256(payload).digest()
    if len(payload) > LARGEST_ROSTER:
        too_large = Message("roster.too-many-bytes", most=LARGEST_ROSTER)
        return Heard(digest=digest, refused=Refusal.TOO_LARGE, why=too_large)
    if not payload:
        return Heard(digest=digest, refused=Refusal.EMPTY, why=Message("roster.taken-back"))
    try:
        roster = msgspec.json.decode(payload, type=Roster)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        unreadable = Message("roster.unreadable", rule=reason(error))
        return Heard(digest=digest, refused=Refusal.MALFORMED, why=unreadable)
    refused: Refusal | None = None
    why: Message | None = None
    if not roster.workers:
        refused, why = Refusal.EMPTY, Message("roster.empty")
    elif len(roster.workers) > MOST_WORKERS:
        refused, why = Refusal.TOO_LARGE, Message("roster.too-many-workers", most=MOST_WORKERS)
    elif found := problems(roster):
        more = [Message("table.more", count=len(found) - _TOLD)] if len(found) > _TOLD else []
        refused, why = Refusal.MALFORMED, Message("roster.wrong", problems=[*found[:_TOLD], *more])
    if refused is None:
        roster = Roster(version=roster.version, workers=[_normal(row) for row in roster.workers])
        digest = hashlib.sha256(msgspec.json.encode(_for_gates(roster))).digest()
    return Heard(digest=digest, roster=roster, refused=refused, why=why)


def problems(roster: Roster) -> list[Message]:
    """Everything that is wrong within a roster."""
    found = []
    if not 1 <= roster.version <= LARGEST_NUMBER:
        found.append(Message("roster.bad-version", version=roster.version, most=LARGEST_NUMBER))
    if roster.count is not None and roster.count != len(roster.workers):
        rows = len(roster.workers)
        found.append(Message("roster.cut", count=rows, stated=roster.count))
    seen: set[str] = set()
    for place, row in enumerate(roster.workers, start=1):
        found += [problem.told(place) for problem in row_problems(row, seen)]
    return found


class RowProblem(Struct, frozen=True):
    """What is wrong with a ``field`` of a worker."""

    field: str
    what: NotAllowed

    def told(self, place: int) -> Message:
        """For a log: without the value, which may be a name wherever it stands."""
        return Message("roster.worker", place=place, field=self.field, rule=self.what.rule)

    @property
    def shown(self) -> Message:
        """For whoever has the file that it stands in."""
        if self.field in _MISSING and not str(self.what.message.fields["text"]).strip():
            return Message(_MISSING[self.field])
        return self.what.message


_MISSING = {"code": "roster.missing-code", "name": "roster.missing-name"}
"""What is said of a field that is empty: it is not wrong, it is not there."""


def row_problems(row: RosterWorker, seen: set[str]) -> list[RowProblem]:
    """What is wrong with one worker; ``seen`` are the codes that came before, and grows."""
    found = []
    try:
        code = checked_code(row.code)
    except NotAllowed as error:
        found.append(RowProblem("code", error))
    else:
        if code in seen:
            found.append(RowProblem("code", NotAllowed("roster.code-twice", text=code)))
        seen.add(code)
    try:
        checked_name(row.name)
    except NotAllowed as error:
        found.append(RowProblem("name", error))
    if row.team and not row.team.isprintable():
        found.append(RowProblem("team", NotAllowed("roster.bad-letter", text=row.team)))
    dates = {"valid_from": row.valid_from, "valid_to": row.valid_to}
    days = [day for day in dates.values() if day is not None and _is_date(day)]
    found += [
        RowProblem(field, NotAllowed("roster.no-date", text=day))
        for field, day in dates.items()
        if day is not None and not _is_date(day)
    ]
    if len(days) == 2 and days[0] > days[1]:
        found.append(RowProblem("valid_from", NotAllowed("roster.ends-before", text=days[0])))
    return found


def is_newer(version: int, than: int) -> bool:
    """Versions count in a circle (as in RFC 1982): after the largest comes 1, so that no number is
    the last one for good. Newer is what lies less than half of it ahead; anything, than none (0).
    """
    return not than or 0 < steps_ahead(version, than) <= LARGEST_NUMBER // 2


def steps_ahead(version: int, than: int) -> int:
    """By how much ``version`` is ahead of ``than`` (0: none) on that circle."""
    return (version - than) % LARGEST_NUMBER if than else version


def version_after(version: int) -> int:
    """The next one."""
    return version % LARGEST_NUMBER + 1


def judge_roster(heard: Heard, applied: Applied) -> Refusal | None:
    """Why a roster is refused beside the one that is in force; None: it is that one, or newer."""
    if heard.refused is not None or heard.roster is None:
        return heard.refused
    if heard.roster.version == applied.version:
        return None if heard.digest == applied.digest else Refusal.SAME_VERSION
    return None if is_newer(heard.roster.version, applied.version) else Refusal.OLDER


def merge(rows: Iterable[RosterWorker], known: Mapping[str, Worker]) -> list[Listing]:
    """The workers whom these rows add or change."""
    changed = []
    for row in rows:
        before = known.get(row.code)
        worker = Worker(
            code=row.code,
            name=row.name,
            active=before.active if before else True,
            listed=Employment(active=row.active, valid_from=row.valid_from, valid_to=row.valid_to),
        )
        if worker != before:
            changed.append(Listing(worker=worker, added=before is None))
    return changed


def _normal(row: RosterWorker) -> RosterWorker:
    return msgspec.structs.replace(row, code=checked_code(row.code), name=checked_name(row.name))


def _for_gates(roster: Roster) -> Roster:
    """Without what is payroll's own: a gate that knew nothing of it tells the same one again."""
    rows = [msgspec.structs.replace(row, team=UNSET) for row in roster.workers]
    return Roster(version=roster.version, workers=rows)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
