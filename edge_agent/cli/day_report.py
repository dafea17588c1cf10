"""What an enrolment day has come to: who, which fingers, how good, and who needs another way."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ..contract.language import say
from .day_notes import DayNotes
from .enrolment_day import WANTED, Person
from .tell import tell

_WEAK = "weak"


def report(
    people: list[Person], notes: DayNotes, withdrawn: Iterable[Person] = ()
) -> dict[str, Any]:
    """The report as JSON has it. ``second_way``: codes without a print that is good enough, and
    without a card, PIN or QR code; ``open``: those who are still to be asked; ``withdrawn``: those
    who are not, for they do not agree any more.
    """
    rows = [_row(person, notes) for person in people if not person.deactivated]
    gone = [person for person in withdrawn if not person.deactivated]
    return {
        "people": rows,
        "second_way": [
            *(row["code"] for row in rows if row["second_way"]),
            *(person.code for person in gone if not person.methods),
        ],
        "withdrawn": [{"code": person.code, "name": person.name} for person in gone],
        "open": [row["code"] for row in rows if row["open"]],
    }


def _row(person: Person, notes: DayNotes) -> dict[str, Any]:
    proofs = notes.proofs.get(person.code, {})
    fingers = [
        {
            "finger": finger,
            "score": proofs[finger].score if finger in proofs else None,
            "quality": proofs[finger].quality if finger in proofs else None,
        }
        for finger in person.fingers
    ]
    mark = notes.marks.get(person.code)
    good = any(one["quality"] != _WEAK for one in fingers)
    refused = bool(fingers) or mark in ("poor", "skipped")
    return {
        "code": person.code,
        "name": person.name,
        "fingers": fingers,
        "unread": [
            {"finger": finger, "count": count}
            for finger, count in notes.unread.get(person.code, {}).items()
            if finger not in person.fingers
        ],
        "methods": person.methods,
        "mark": mark,
        "second_way": refused and not good and not person.methods,
        "open": len(person.fingers) < WANTED and mark in (None, "later"),
    }


def tell_report(told: dict[str, Any], now: datetime) -> None:
    """The same as lines that a phone has room for."""
    tell(say("day.until", at=now.isoformat()))
    for row in told["people"]:
        tell(say("day.person", code=row["code"], name=row["name"]), indent="  ")
        for one in row["fingers"]:
            known = "day.finger" if one["score"] is not None else "day.finger-unknown"
            tell("  " + say(known, **one), indent="    ")
        for one in row["unread"]:
            tell("  " + say("day.unread", **one), indent="    ")
        if row["mark"] is not None:
            tell("  " + say(f"day.mark-{row['mark']}"), indent="    ")
        elif not row["fingers"]:
            tell("  " + say("day.not-asked"), indent="    ")
    for one in told["withdrawn"]:
        tell(say("day.person", **one), indent="  ")
        tell("  " + say("day.withdrawn", code=one["code"]), indent="    ")
    with_prints = sum(bool(row["fingers"]) for row in told["people"])
    tell(say("day.sum", enrolled=with_prints, of=len(told["people"])))
    if told["second_way"]:
        tell(say("day.second-way", codes=told["second_way"]), indent="  ")
    if told["open"]:
        tell(say("day.open", codes=told["open"]), indent="  ")
