"""What a check comes to: a sentence about the facts, and a line of the report."""

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct


class State(StrEnum):
    """``WARN``: the gate works, but not for long or not well. ``FAIL``: something does not work."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


class Finding(Struct, frozen=True, kw_only=True):
    """One line of the report; as it stands in ``--json``."""

    check: str
    state: State
    found: str
    advice: str


class Judgement(NamedTuple):
    """What was found, and what to do about it; neither ends in a full stop."""

    state: State
    found: str
    advice: str


class Sentence(NamedTuple):
    """A judgement with ``{places}`` that the facts are put in."""

    state: State
    found: str
    advice: str = ""

    def __call__(self, **facts: object) -> Judgement:
        """The judgement about these facts."""
        return Judgement(self.state, self.found.format(**facts), self.advice.format(**facts))


def counted(count: int, one: str, more: str) -> str:
    """As people count: "1 entry", "2 entries"."""
    return f"{count} {one if count == 1 else more}"


def age_of(seconds: float) -> str:
    """In the unit that people would use."""
    hours = int(seconds // 3600)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} hours" if hours >= 2 else counted(int(seconds // 60), "minute", "minutes")


_GUIDE = "look it up in docs/technician/mend.md"


def passed_on(state: State, message: str) -> Judgement:
    """What another part says; it brings its own advice, or else the guide has it."""
    found, advice = split(message)
    return Judgement(state, found, advice or _GUIDE)


def split(message: str) -> tuple[str, str]:
    """What an error's message found, and its advice: "what happened (where): what to do."

    A colon in parentheses belongs to another program's words. "" where there is no advice.
    """
    depth = 0
    for at, char in enumerate(message):
        depth += (char == "(") - (char == ")")
        if depth <= 0 and message.startswith(": ", at):
            return message[:at], message[at + 2 :].removesuffix(".")
    return message.removesuffix("."), ""
