"""The list of what is to be decided, as a clerk reads it in 80 columns, with commands to copy."""

import shlex
from collections.abc import Iterator
from datetime import date
from textwrap import wrap
from typing import Any

import msgspec
from msgspec import Struct

from ..contract.stamps import local_time, parse_time
from ..receiver.office.limits import Warned
from ..receiver.office.period import Period
from ..receiver.office.settle import words
from ..receiver.office.settle.items import Item, Press, Proposal, Step
from ..receiver.office.settle.words import Language, told
from ..receiver.worktime.shifts import ZONE

_WIDTH = 80
_INDENT = "    "


class Asked(Struct, frozen=True, kw_only=True):
    """How the list was asked for: what is copied from it is asked for in the same way."""

    period: Period
    actor: str
    language: Language
    database: str | None = None

    @property
    def days(self) -> list[str]:
        """The period as options of a command."""
        if self.period.is_month:
            return ["--month", self.period.name]
        return ["--from", self.period.first.isoformat(), "--to", self.period.last.isoformat()]


def as_builtins(items: list[Item], asked: Asked) -> list[dict[str, Any]]:
    """For programs: each proposal with its command, and whether something has to be filled in."""
    found = []
    for item in items:
        told_item = msgspec.to_builtins(item)
        for number, proposal in enumerate(item.proposals, start=1):
            shown = told_item["proposals"][number - 1]
            shown["command"] = shlex.join(command(item, number, asked))
            shown["complete"] = proposal.complete
        found.append(told_item)
    return found


def lines(items: list[Item], asked: Asked) -> Iterator[str]:
    """What is printed, a line each."""
    name, language = asked.period.name, asked.language
    if not items:
        yield told(words.WORDS, "none", language, name=name)
        return
    yield told(words.WORDS, "left", language, name=name, count=len(items))
    for number, item in enumerate(items, start=1):
        yield ""
        yield from _item(number, item, asked)


def warned_lines(warned: list[Warned], language: Language) -> Iterator[str]:
    """What is near the law's limits, or over them, after the list."""
    if not warned:
        return
    yield ""
    yield from _wrapped("", told(words.LIMITS, "title", language))
    for one in warned:
        day = f" {_date(one.date, language)}" if one.date else ""
        degree = told(words.LIMITS, "over" if one.over else "near", language)
        text = told(words.LIMITS, one.what, language, are=_hours(one.are), may=_hours(one.may))
        yield from _wrapped("    ", f"{one.code}{day}: {degree}: {text}")


def command(item: Item, number: int, asked: Asked) -> list[str]:
    """The words of the command that does what an item's proposal says."""
    proposal = item.proposals[number - 1]
    program = ["edge-agent", "receive", "correct"]
    who = ["--actor", asked.actor]
    who += ["--reason", told(words.REASONS, proposal.name, asked.language)]
    if asked.database is not None:
        who += ["--database", asked.database]
    if any(step.what == "keep" for step in proposal.steps):
        return [*program, "keep", item.key, *asked.days, *who]
    if len(proposal.steps) > 1:
        return [*program, "choose", item.key, str(number), *asked.days, *who]
    (step,) = proposal.steps
    return [*program, *_step(step), *who]


def _step(step: Step) -> list[str]:
    at = step.at or f"{step.day or '____-__-__'}T__:__"
    direction = ["--direction", step.direction] if step.direction else []
    if step.what == "add":
        gate = ["--gate", step.gate] if step.gate else []
        return ["add", step.code or "", at, *direction, *gate]
    key = [step.ledger or "", str(step.seq)]
    if step.what == "void":
        return ["void", *key]
    return ["move", *key, *([at] if step.at or not direction else []), *direction]


def _item(number: int, item: Item, asked: Asked) -> Iterator[str]:
    language = asked.language

    def say(table: dict[str, tuple[str, str]], name: str, /, **fields: object) -> str:
        return told(table, name, language, **fields)

    who = " ".join(part for part in (item.code, item.name) if part)
    head = [who, _day(item, language), say(words.KINDS, item.kind)]
    yield from _wrapped(
        f"{number:2}. ", ", ".join(part for part in head if part) + f" [{item.key}]"
    )
    if item.shift:
        yield f"{_INDENT}{say(words.WORDS, 'shift')}: {item.shift}"
    if item.ledger:
        seqs = (
            ", ".join(map(str, item.seqs)) if item.kind != "gap" else "-".join(map(str, item.seqs))
        )
        yield f"{_INDENT}{say(words.WORDS, 'gate')}: {item.gate}"
        yield from _wrapped(
            _INDENT,
            f"{say(words.WORDS, 'ledger')} {item.ledger}, {say(words.WORDS, 'entries')} {seqs}",
        )
    pressed = "; ".join(_press(one, item, language) for one in item.presses)
    if pressed:
        yield from _wrapped(_INDENT, f"{say(words.WORDS, 'pressed')}: {pressed}")
    if item.kind in words.ASIDE:
        aside = say(words.ASIDE, item.kind, former=item.former_name, name=item.name or item.code)
        yield from _wrapped(_INDENT, aside)
    for place, proposal in enumerate(item.proposals, start=1):
        yield from _wrapped(f"    {place}) ", _proposal(proposal, language))
        yield from _continued(command(item, place, asked))


def _day(item: Item, language: Language) -> str:
    if item.date is not None:
        day = date.fromisoformat(item.date)
        return f"{words.WEEKDAYS[day.weekday()][language == 'en']} {_date(item.date, language)}"
    bounds = [_moment(at, language) if at else "…" for at in (item.not_before, item.not_after)]
    between = told(words.WORDS, "between", language, low=bounds[0], high=bounds[1])
    return f"{told(words.WORDS, 'undated', language)}, {between}"


def _date(day: str, language: Language) -> str:
    return day if language == "en" else f"{day[8:10]}/{day[5:7]}/{day[:4]}"


def _moment(at: str, language: Language) -> str:
    local = local_time(parse_time(at), ZONE)
    return f"{local[11:16]} {_date(local[:10], language)}"


def _press(press: Press, item: Item, language: Language) -> str:
    if press.at is None:
        when = "--:--"
    else:
        local = local_time(parse_time(press.at), ZONE)
        when = local[11:19] if local[:10] == item.date else _moment(press.at, language)
    way = told(words.WORDS, press.direction or "unsure", language)
    return " ".join(part for part in (when, press.gate, way) if part)


def _proposal(proposal: Proposal, language: Language) -> str:
    ways = ", ".join(
        told(words.WORDS, step.direction, language) for step in proposal.steps if step.direction
    )
    text = told(words.PROPOSALS, proposal.name, language, meant=proposal.meant, ways=ways)
    between = ", ".join(f"{_clock(begin)}-{_clock(end)}" for begin, end in proposal.sessions)
    if between:
        text += f": {between}"
    if proposal.seconds is not None:
        text += f" = {_hours(proposal.seconds)}"
    if not proposal.complete:
        text += f" ({told(words.WORDS, 'fill', language)})"
    return text + ":"


def _hours(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}"


def _clock(at: str | None) -> str:
    return "…" if at is None else local_time(parse_time(at), ZONE)[11:16]


def _wrapped(lead: str, text: str) -> list[str]:
    return wrap(
        text, _WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _continued(parts: list[str]) -> Iterator[str]:
    """A command in lines that a shell reads as one; an option stays with its value."""
    line, indent = " " * 7, " " * 11
    words_left = [shlex.quote(part) for part in parts]
    while words_left:
        count = 2 if words_left[0].startswith("--") else 1
        piece = " ".join(words_left[:count])
        del words_left[:count]
        if line.strip() and len(line) + len(piece) + 2 > _WIDTH:
            yield f"{line.rstrip()} \\"
            line = indent
        line += f"{piece} "
    yield line.rstrip()
