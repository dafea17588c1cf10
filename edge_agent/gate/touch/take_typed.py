"""Take a punch from a reader: from a line that was typed to a lamp that tells the truth.

What it is decides itself: a card or a QR code by what it says, and nobody types one by hand; a PIN
by the worker's number that comes before it, in a line of its own or with a sign in between. One
line gives one outcome, but for that number, which gives amber.
"""

import re

from msgspec import Struct

from ...contract.errors import StoreFault
from ...contract.facts import Method
from ..credentials import CardInbox, Credential, is_pin, is_right
from ..ledger.recorder import Recorder
from ..ports import Panel, Readers, Typed
from ..rules import Proof, Reason, Refused
from .credit import Credit
from .lockout import Lockout

NUMBER_HOLDS_S = 10.0
"""Seconds for which a worker's number waits for the PIN."""

WORKER_LOCKED_S = 900.0
DEVICE_LOCKED_S = 60.0
"""How long no PIN is taken after five wrong ones: of that worker, and at that keypad."""

_NUMBER = re.compile(r"[0-9]{1,32}")
_BOTH = re.compile(r"([0-9]{1,32})[-*#/+.,]([0-9]{4,8})")


class _Number(Struct, frozen=True):
    known: Credential
    at: float
    answers: int
    """How many the gate had given by then: amber is put out only where none came since."""


class TakeTyped:
    """Answers what the readers have read. Lives on the gate's thread."""

    def __init__(
        self,
        gate: Recorder,
        panel: Panel,
        credit: Credit,
        readers: Readers,
        inbox: CardInbox,
        *,
        named_only: bool,
    ) -> None:
        """``named_only``: only whom a supervisor has named may use anything but a finger."""
        self._gate = gate
        self._panel = panel
        self._credit = credit
        self._readers = readers
        self._inbox = inbox
        self._named_only = named_only
        self._numbers: dict[str, _Number] = {}
        """By device: whose PIN comes next."""
        self._by_worker = Lockout(WORKER_LOCKED_S)
        self._by_device = Lockout(DEVICE_LOCKED_S)

    def turn(self) -> None:
        """Answer one line: a flood at a reader leaves the glass its looks."""
        self._forget_numbers(self._gate.clock.monotonic())
        if (typed := self._readers.next()) is not None:
            try:
                self._answer(typed)
            except StoreFault as fault:
                self._credit.not_recorded(fault, self._gate.clock.stamp())

    def _forget_numbers(self, now: float) -> None:
        for device, number in list(self._numbers.items()):
            if now - number.at > NUMBER_HOLDS_S:
                del self._numbers[device]
                if number.answers == self._credit.answers:
                    self._panel.dark()

    def _answer(self, typed: Typed) -> None:
        number = self._numbers.pop(typed.device, None)
        text = typed.text
        if text is None:
            self._refuse(Reason.UNKNOWN)
        elif typed.quick and (card := self._gate.known.credentials.owner(text)) is not None:
            self._prove(card)
        elif typed.quick and self._inbox.offer(text, self._gate.clock.monotonic()):
            pass  # Whoever has asked for it is told.
        elif (both := _BOTH.fullmatch(text)) is not None:
            self._try_pin(self._gate.known.credentials.pin_at(both[1]), both[2], typed)
        elif number is not None and is_pin(text):
            self._try_pin(number.known, text, typed)
        elif _NUMBER.fullmatch(text) and (known := self._gate.known.credentials.pin_at(text)):
            self._panel.touched()
            self._numbers[typed.device] = _Number(known, typed.at, self._credit.answers)
        else:
            self._refuse(Reason.UNKNOWN)

    def _try_pin(self, known: Credential | None, pin: str, typed: Typed) -> None:
        now, device = self._gate.clock.monotonic(), typed.device
        if known is None:
            # Not one of a worker's: only the keypad's own count tells.
            self._by_device.wrong(device, now)
            self._refuse(Reason.UNKNOWN)
        elif self._by_device.locked(device, now) or self._by_worker.locked(known.worker, now):
            self._refuse(Reason.LOCKED, known)
        elif is_right(pin, known):
            self._by_device.right(device)
            self._by_worker.right(known.worker)
            self._prove(known)
        else:
            self._by_device.wrong(device, now)
            self._by_worker.wrong(known.worker, now)
            self._refuse(Reason.WRONG_PIN, known)

    def _prove(self, known: Credential) -> None:
        allowed = not self._named_only or known.worker in self._gate.known.credentials.named
        self._panel.touched()
        proof = Proof(worker=known.worker, method=known.method, allowed=allowed)
        self._credit.proof(proof, self._gate.clock.stamp())

    def _refuse(self, reason: Reason, known: Credential | None = None) -> None:
        self._panel.touched()
        worker, method = (known.worker, known.method) if known else (None, Method.READER)
        refused = Refused(reason, worker, method=method)
        self._credit.refuse(refused, self._gate.clock.stamp())
