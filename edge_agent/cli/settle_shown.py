"""The list of what is to be decided, as a clerk reads it in 80 columns, with commands to copy."""

import shlex
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from textwrap import wrap
from typing import Any

import msgspec
from msgspec import Struct

from ..contract.language import Message, say
from ..contract.stamps import local_time, parse_time
from ..receiver.office.limits import Warned
from ..receiver.office.period import Period
from ..receiver.office.settle.items import Item, ItemPress, Proposal, Step
from ..receiver.worktime.shifts import ZONE
from .show import shown_day
from .tell import width

_WIDTH = 80
"""Columns at most: a narrower terminal gets shorter lines, a file or a pipe these."""

_INDENT = "    "
_ALONE = ("--", "--force")
"""Of the options, those without a value."""


class Asked(Struct, frozen=True, kw_only=True):
    """How the list was asked for: what is copied from it is asked for in the same way."""

    period: Period
    actor: str
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


def lines(items: list[Item], asked: Asked, not_to_sign: Message | None) -> Iterator[str]:
    """What is printed, a line each; ``not_to_sign``: why it cannot be signed without items too."""
    name = asked.period.name
    if not items:
        yield from _wrapped("", say(not_to_sign or Message("clerk.none-left", name=name)))
        return
    yield say("clerk.left", name=name, count=len(items))
    for number, item in enumerate(items, start=1):
        yield ""
        yield from _item(number, item, asked)


def warned_lines(warned: list[Warned]) -> Iterator[str]:
    """What is near the law's limits, or over them, after the list."""
    if not warned:
        return
    yield ""
    yield from _wrapped("", say("clerk.limits"))
    for one in warned:
        parts = [
            " ".join(part for part in (one.code, shown_day(one.date)) if part),
            say("clerk.over") if one.over else say("clerk.near"),
            say(one.told),
        ]
        yield from _wrapped("    ", ": ".join(parts))


def paragraphs(told: Iterable[Message]) -> Iterator[str]:
    """Sentences after the list, each for itself."""
    for number, one in enumerate(told):
        if number == 0:
            yield ""
        yield from _wrapped("", say(one))


def command(item: Item, number: int, asked: Asked) -> list[str]:
    """The words of the command that does what an item's proposal says."""
    proposal = item.proposals[number - 1]
    options = ["--actor", asked.actor, "--reason", say(f"clerk.reason-{proposal.name}")]
    if asked.database is not None:
        options += ["--database", asked.database]
    if any(step.what == "keep" for step in proposal.steps):
        verb, named, options = "keep", [item.key], [*asked.days, *options]
    elif len(proposal.steps) > 1 or proposal.steps[0].what in ("owner", "successor"):
        verb, named, options = "choose", [item.key, str(number)], [*asked.days, *options]
    else:
        (step,) = proposal.steps
        verb, named, options = step.what, _named(step), [*_options(step), *options]
    program = ["edge-agent", "receive", "correct", verb]
    if any(word.startswith("-") for word in named):  # Whatever a gate has sent is no option.
        return [*program, *options, "--", *named]
    return [*program, *named, *options]


def _named(step: Step) -> list[str]:
    at = step.at or f"{step.day or '____-__-__'}T__:__"
    if step.what == "add":
        return [step.code or "", at]
    key = [step.ledger or "", str(step.seq)]
    return [*key, at] if step.what == "move" and (step.at or not step.direction) else key


def _options(step: Step) -> list[str]:
    direction = ["--direction", step.direction] if step.direction else []
    gate = ["--gate", step.gate] if step.what == "add" and step.gate else []
    return [*direction, *gate, *(["--force"] if step.force else [])]


def _item(number: int, item: Item, asked: Asked) -> Iterator[str]:
    who = " ".join(part for part in (item.code, item.name) if part)
    title = ", ".join(part for part in (who, _day(item), say(f"clerk.kind-{item.kind}")) if part)
    yield from _wrapped(f"{number:2}. ", f"{title} [{item.key}]")
    if item.shift:
        yield from _wrapped(_INDENT, say("clerk.shift", shift=item.shift))
    if item.ledger and item.seqs:
        seqs = ("-" if item.kind == "gap" else ", ").join(map(str, dict.fromkeys(item.seqs)))
        told = say("clerk.ledger", gate=item.gate, ledger=item.ledger, seqs=seqs)
        yield from _wrapped(_INDENT, told)
    if item.presses:
        presses = "; ".join(_press(one, item) for one in item.presses)
        yield from _wrapped(_INDENT, say("clerk.pressed", presses=presses))
    if item.kind == "renamed":
        names = {"former": item.former_name, "name": item.name or item.code}
        yield from _wrapped(_INDENT, say("clerk.aside-renamed", **names))
    elif item.other_gate:
        gates = {"gate": item.gate, "other": item.other_gate, "ledger": item.ledger}
        yield from _wrapped(_INDENT, say(f"clerk.aside-{item.kind}", **gates))
    elif item.kind in _WITH_ASIDE:
        yield from _wrapped(_INDENT, say(f"clerk.aside-{item.kind}"))
    for place, proposal in enumerate(item.proposals, start=1):
        yield from _wrapped(f"    {place}) ", _proposal(proposal, item))
        yield from _continued(command(item, place, asked))


_WITH_ASIDE = ("not-covered", "unknown-worker", "gap", "pending-time", "fork")


def _day(item: Item) -> str:
    if item.date is not None:
        weekday = say(f"clerk.weekday-{date.fromisoformat(item.date).weekday()}")
        return say("clerk.day", weekday=weekday, on=item.date)
    low, high = (_moment(at) if at else "…" for at in (item.not_before, item.not_after))
    return f"{say('clerk.undated')}, {say('clerk.between', low=low, high=high)}"


def _moment(at: str) -> str:
    local = local_time(parse_time(at), ZONE)
    return say("clerk.moment", time=local[11:16], on=local[:10])


def _press(press: ItemPress, item: Item) -> str:
    way = say(f"clerk.way-{press.direction or 'unsure'}")
    return " ".join(part for part in (_when(press, item), press.gate, way) if part)


def _when(press: ItemPress, item: Item) -> str:
    if press.at is None:
        return "--:--"
    local = local_time(parse_time(press.at), ZONE)
    return local[11:19] if local[:10] == item.date else _moment(press.at)


def _proposal(proposal: Proposal, item: Item) -> str:
    text = _title(proposal, item)
    if between := ", ".join(f"{_clock(begin)}-{_clock(end)}" for begin, end in proposal.sessions):
        text += f": {between}"
    if proposal.seconds is not None:
        text += f" = {_hours(proposal.seconds)}"
    if not proposal.complete:
        text += f" ({say('clerk.fill')})"
    return text + ":"


def _title(proposal: Proposal, item: Item) -> str:
    if proposal.name == "add":
        ways = [
            f"{say(f'clerk.way-{step.direction}')} {(step.at or '')[11:16]}".strip()
            for step in proposal.steps
        ]
        return say("clerk.proposal-add", ways=", ".join(ways))
    if proposal.name == "void-extra":
        voided = {(step.ledger, step.seq) for step in proposal.steps}
        times = [_when(one, item) for one in item.presses if (one.ledger, one.seq) in voided]
        return say("clerk.proposal-void-extra", times=times)
    if proposal.name == "of-another":
        return say("clerk.proposal-of-another", meant=proposal.meant)
    return say(f"clerk.proposal-{proposal.name}")


def _hours(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}"


def _clock(at: str | None) -> str:
    if at is None:
        return "…"
    added = "+" if at.startswith("+") else ""
    return added + local_time(parse_time(at.removeprefix("+")), ZONE)[11:16]


def _columns() -> int:
    return min(_WIDTH, width()) if sys.stdout.isatty() else _WIDTH


def _wrapped(lead: str, text: str) -> list[str]:
    return wrap(
        text, _columns(), initial_indent=lead, subsequent_indent=" " * len(lead),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _continued(parts: list[str]) -> Iterator[str]:
    """A command in lines that a shell reads as one; an option stays with its value."""
    line, indent = " " * 7, " " * 11
    words_left = [shlex.quote(part) for part in parts]
    while words_left:
        count = 2 if words_left[0].startswith("--") and words_left[0] not in _ALONE else 1
        piece = " ".join(words_left[:count])
        del words_left[:count]
        if line.strip() and len(line) + len(piece) + 2 > _columns():
            yield f"{line.rstrip()} \\"
            line = indent
        line += f"{piece} "
    yield line.rstrip()
