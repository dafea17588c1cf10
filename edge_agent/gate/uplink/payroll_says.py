"""Read what payroll tells the gate, and believe only what the ledger bears out.

Asks the ledger by the functions that it is given, and changes nothing.
"""

import re
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from ...contract.messages import Receipt, Reply, Report, Resend
from ...contract.stamps import Stamp, parse_time

LARGEST_MESSAGE = 64 * 1024

_HASH = re.compile("[0-9a-f]{64}")
_LARGEST_NUMBER = 2**53 - 1
_COMMANDS = {str(command.__struct_config__.tag) for command in (Resend, Report)}

_NOT_READABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Ignored(Struct, frozen=True):
    """A receipt that proves nothing."""

    why: str


class Disowned(Struct, frozen=True):
    """A receipt that speaks of entries that are not this ledger's: payroll holds another history.

    That is what an old copy of the database gets to hear, and a gate whose ledger has a twin.
    """

    why: Literal["payroll-is-ahead", "forked"]
    through: int
    detail: str


class _Command(Struct, frozen=True):
    """As much of a command as an error reply needs."""

    id: Annotated[str, Meta(max_length=128)]
    command: Annotated[str, Meta(max_length=128)] = ""


def read_receipt(
    payload: bytes,
    ledger: str,
    last_seq: int,
    hash_of: Callable[[int], bytes | None],
    pruned: int = 0,
) -> Receipt | Disowned | Ignored:
    """Return a receipt whose hash is that of our own entry; any other proves nothing of ours."""
    if len(payload) > LARGEST_MESSAGE:
        return Ignored("it is too long")
    try:
        receipt = msgspec.json.decode(payload, type=Receipt)
    except _NOT_READABLE:
        return Ignored("it is not a receipt")
    if receipt.ledger != ledger:
        return Ignored("it is for another ledger")
    if receipt.through < 1 or not 0 <= receipt.rejected_count <= receipt.through:
        return Ignored("its numbers cannot be right")
    if receipt.through > last_seq:
        if receipt.through > _LARGEST_NUMBER or not _HASH.fullmatch(receipt.hash):
            return Ignored("its numbers cannot be right")
        detail = f"it covers entry {receipt.through} and the ledger ends before"
        return Disowned("payroll-is-ahead", receipt.through, detail)
    if receipt.through < pruned:
        # A payroll that was set back: what it lacks is gone here, and no hash is left to compare.
        return Ignored(f"the entries up to {pruned} were pruned")
    own = hash_of(receipt.through)
    if own is None or receipt.hash != own.hex():
        if not _HASH.fullmatch(receipt.hash):
            return Ignored("its hash is none")
        detail = f"its hash is not that of entry {receipt.through}"
        return Disowned("forked", receipt.through, detail)
    return receipt


def read_command(
    payload: bytes, ledger: str, last_seq: int, now: Stamp, pruned: int = 0
) -> Resend | Report | Reply | None:
    """Return a command to carry out, or the reply why not; None where not even an id is there."""
    if len(payload) > LARGEST_MESSAGE:
        return None
    try:
        asked = msgspec.json.decode(payload, type=_Command)
    except _NOT_READABLE:
        return None
    try:
        command = msgspec.json.decode(payload, type=Resend | Report)
        expired = command.expires is not None and _past(command.expires, now)
    except (*_NOT_READABLE, ValueError):
        known = asked.command in _COMMANDS
        return refusal(asked.id, asked.command, "malformed" if known else "unknown-command")
    if expired:
        return refusal(asked.id, asked.command, "expired")
    if isinstance(command, Report):
        return command
    if command.ledger != ledger:
        return refusal(asked.id, asked.command, "wrong-ledger")
    if not 1 <= command.from_ <= command.to <= last_seq:
        return refusal(asked.id, asked.command, "out-of-range")
    if command.from_ <= pruned:
        return refusal(asked.id, asked.command, "pruned")
    return command


def _past(expires: str, now: Stamp) -> bool:
    """Whether this time is certainly over; a clock that is not trusted says nothing."""
    moment = parse_time(expires)
    return now.trusted and now.wall_ms - (now.uncertainty_ms or 0) > moment


def refusal(id_: str, command: str, error: str) -> Reply:
    """The reply to a command that is not carried out."""
    return Reply(id=id_, command=command, ok=False, error=error)
