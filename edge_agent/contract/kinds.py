"""All kinds of entries, and which of them do what: drawn from what each class says of itself."""

from collections.abc import Iterator
from typing import Any

from . import facts, people_facts
from .facts import (
    Fact,
    GateRetired,
    PunchAdded,
    PunchRecorded,
    PunchRecovered,
    PunchRepeated,
    RecordingStopped,
)
from .language import Message, is_name


def kind_of(fact: type[Fact]) -> str:
    """The ``kind`` of a fact on the wire."""
    return str(fact.__struct_config__.tag)


def subject_of(kind: str) -> str:
    """What a kind is of: ``credential`` of ``credential.added`` and ``credentials.allowed``."""
    return kind.partition(".")[0].removesuffix("s")


def words_of(kind: str) -> Message:
    """What an entry is, in words; a kind that only a newer version has stays as it is."""
    name = f"kind.{kind.replace('.', '-')}"
    return Message(name) if is_name(name) else Message("kind.other", kind=kind)


def _kinds_in(module: dict[str, object]) -> Iterator[type[Fact]]:
    for fact in module.values():
        if isinstance(fact, type) and issubclass(fact, Fact) and fact is not Fact:
            yield fact


KINDS = tuple(sorted((*_kinds_in(vars(facts)), *_kinds_in(vars(people_facts))), key=kind_of))
"""Every kind of entry, by name."""

TOUCHES = frozenset(kind_of(fact) for fact in KINDS if fact.answers_touch)
MARKS = frozenset(kind_of(fact) for fact in KINDS if fact.marks)
CREDITS = frozenset(kind_of(fact) for fact in KINDS if fact.credits)
MOVING_TIMES = frozenset(kind_of(fact) for fact in KINDS if fact.moves_times)
RECORDING = frozenset(kind_of(fact) for fact in KINDS if fact.tells_recording)
ERASING = frozenset(kind_of(fact) for fact in KINDS if fact.erases)
ACTS = frozenset(kind_of(fact) for fact in KINDS if "actor" in fact.__struct_fields__)
"""What somebody did: ``uid:NUMBER`` of the gate's machine, ``payroll`` or the ``gate`` itself."""

AMENDMENTS = {kind_of(fact): fact.amends for fact in KINDS if fact.amends}

RECORDED = kind_of(PunchRecorded)
"""The only punches whose time is that of their own entry."""

ADDED = kind_of(PunchAdded)
"""By a supervisor: the only punches that do not stand in the ledger in the order of their times."""

RECOVERED = kind_of(PunchRecovered)
REPEATED = kind_of(PunchRepeated)

RETIRED = kind_of(GateRetired)
"""The last entry of a ledger whose gate was taken out of service."""

STOPPED = kind_of(RecordingStopped)


def why_stopped(data: dict[str, Any]) -> str | None:
    """Why an entry says that no press can be recorded from it on; None: it does not."""
    return data["reason"] if data["kind"] == STOPPED else None
