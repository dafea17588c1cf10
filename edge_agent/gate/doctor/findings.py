"""What a check comes to: a message about the facts, and a line of the report."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from msgspec import Struct

from ...contract.language import ENGLISH, Message, is_name, marked, unmarked


class State(StrEnum):
    """``WARN``: the gate works, but not for long or not well. ``FAIL``: something does not work."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


class Judgement(NamedTuple):
    """What was found, with what to do about it."""

    state: State
    message: Message

    @property
    def found(self) -> str:
        """In English; it does not end in a full stop."""
        return unmarked(in_parts(self.message, ENGLISH)[0])

    @property
    def advice(self) -> str:
        """In English; "" where there is nothing to do."""
        return unmarked(in_parts(self.message, ENGLISH)[1])


class Finding(Struct, frozen=True, kw_only=True):
    """One line of the report; as it stands in ``--json``.

    ``name`` and ``fields`` are those of the message that ``found`` and ``advice`` are English for;
    "" where another program has said it.
    """

    check: str
    state: State
    found: str
    advice: str
    name: str = ""
    fields: dict[str, Any] = {}

    @classmethod
    def of(cls, check: str, judgement: Judgement) -> "Finding":
        """The line of what a check came to."""
        message = judgement.message
        return cls(
            check=check,
            state=judgement.state,
            found=judgement.found,
            advice=judgement.advice,
            **(message.plain() if is_name(message.name) else {}),
        )

    def in_parts(self, language: str) -> tuple[str, str]:
        """What was found and what to do, in a language where the words are known; see below."""
        if not self.name:
            own = Message("doctor.look-it-up")
            advice = marked(own, language) if self.advice == str(own) else self.advice
            return self.found, advice
        return in_parts(Message(self.name, **self.fields), language)


class Sentence(NamedTuple):
    """A judgement whose facts are to come. Its advice is the message ``NAME-do``, if there is one.

    Neither ends in a full stop.
    """

    state: State
    name: str

    def __call__(self, **facts: object) -> Judgement:
        """The judgement about these facts."""
        return Judgement(self.state, Message(self.name, **facts))


def age_of(seconds: float) -> Message:
    """In the unit that people would use."""
    hours = int(seconds // 3600)
    if hours >= 48:
        return Message("doctor.days", count=hours // 24)
    if hours >= 2:
        return Message("doctor.hours", count=hours)
    return Message("doctor.minutes", count=int(seconds // 60))


def lateness(late: Mapping[str, int]) -> list[Message]:
    """What is late for workers' data, each with how many: what ``overdue`` tells, ``erasures``."""
    named = {what.replace("_", "-"): count for what, count in late.items()}
    return [Message(f"doctor.late-{what}", count=count) for what, count in named.items() if count]


def passed_on(state: State, message: str | Message) -> Judgement:
    """What another part says; it brings its own advice, or else the guide has it."""
    return Judgement(state, message if isinstance(message, Message) else Message(message))


def in_parts(message: Message, language: str) -> tuple[str, str]:
    """What was found, and what to do: as parts of a sentence, ``marked``."""
    text = marked(message, language)
    if message.name.startswith("doctor."):
        advice = Message(f"{message.name}-do", **message.fields)
        # Several sentences of others' end in a full stop, and a finding gets one.
        return text.removesuffix("."), marked(advice, language) if is_name(advice.name) else ""
    found, told = split(text)
    return found, told or marked(Message("doctor.look-it-up"), language)


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
