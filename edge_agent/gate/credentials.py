"""Cards, QR codes and PINs: what is known of them, and whose one is. Never which they are.

A card's number and a QR code's token are long: a keyed hash finds one among a thousand at once. A
PIN has ten thousand values, so it says nothing without the number of its worker, and its hash is
slow.
"""

import hashlib
import hmac
import os
import re
from collections.abc import Iterable
from itertools import pairwise

from msgspec import Struct

from ..contract.errors import BadRequest
from ..contract.facts import Method

TOKEN = "EA1:"
"""What our own QR codes begin with."""

SHORTEST_CARD, LONGEST_CARD = 6, 128

KINDS = (Method.CARD, Method.PIN, Method.QR)

_PIN = re.compile(r"[0-9]{4,8}")

_COSTS = {"n": 2**12, "r": 8, "p": 1}
"""Of scrypt: 4 MiB, and about 20 ms on a Pi 4, between two looks at the glass."""


class Credential(Struct, frozen=True, kw_only=True):
    """What is kept of a worker's card, PIN or QR code. ``salt`` is the same for all of a gate's
    cards and QR codes, and each PIN's own."""

    worker: str
    method: Method
    salt: bytes
    hash: bytes


class Credentials:
    """Those of a gate, and whom a supervisor has named."""

    def __init__(self, known: Iterable[Credential] = (), named: Iterable[str] = ()) -> None:
        self._long: dict[bytes, dict[bytes, Credential]] = {}
        self._pins: dict[str, Credential] = {}
        self.named = frozenset(named)
        for one in known:
            if one.method is not Method.PIN:
                self._long.setdefault(one.salt, {})[one.hash] = one
            elif (number := number_of(one.worker)) is not None:
                self._pins[number] = one

    def owner(self, text: str) -> Credential | None:
        """The card or QR code that says this."""
        for salt, found in self._long.items():
            if (one := found.get(hash_of(Method.CARD, text, salt))) is not None:
                return one
        return None

    def pin_at(self, number: str) -> Credential | None:
        """The PIN of the worker who types this number."""
        return self._pins.get(number.lstrip("0"))

    def made(self, worker: str, method: Method, secret: str) -> Credential:
        """What is kept of a new one."""
        known = next(iter(self._long), None) if method is not Method.PIN else None
        salt = known or os.urandom(32)
        return Credential(
            worker=worker, method=method, salt=salt, hash=hash_of(method, secret, salt)
        )


def hash_of(method: Method, secret: str, salt: bytes) -> bytes:
    """32 bytes that tell nobody the secret."""
    text = secret.encode()
    if method is Method.PIN:
        return hashlib.scrypt(text, salt=salt, **_COSTS, dklen=32)
    # Readers differ in whether they write a number's letters large.
    return hmac.digest(salt, secret.upper().encode(), "sha256")


def is_right(pin: str, known: Credential) -> bool:
    """Whether this is the PIN. Takes as long for a wrong one."""
    return hmac.compare_digest(hash_of(Method.PIN, pin, known.salt), known.hash)


def is_pin(text: str) -> bool:
    """Whether this may be one: 4 to 8 digits."""
    return _PIN.fullmatch(text) is not None


def number_of(code: str) -> str | None:
    """What a keypad has of an employee code: its digits, without zeros in front. None: nothing."""
    return "".join(re.findall(r"[0-9]", code)).lstrip("0") or None


def checked_pin(text: str, code: str) -> str:
    """Raises BadRequest where it is none, or the first that anybody would try."""
    if not is_pin(text):
        raise BadRequest("credential.bad-pin")
    steps = {int(after) - int(one) for one, after in pairwise(text)}
    if steps <= {0} or steps <= {1} or steps <= {-1} or text.lstrip("0") == number_of(code):
        raise BadRequest("credential.easy-pin")
    return text


def checked_card(text: str) -> str:
    """Raises BadRequest where so short a number may be a keypad's."""
    card = text.strip()
    if not SHORTEST_CARD <= len(card) <= LONGEST_CARD or not (
        card.isascii() and card.isprintable()
    ):
        raise BadRequest("credential.bad-card", shortest=SHORTEST_CARD, longest=LONGEST_CARD)
    return card


def new_token() -> str:
    """What a QR code of ours says: 130 bits that nobody can guess, in letters that each layout of
    a keyboard but Y and Z has in one place."""
    import secrets  # Only here: it brings four libraries, and the class above is in each status.

    letters = "ABCDEFGHJKLNPRSTUVX23456789"
    return TOKEN + "".join(secrets.choice(letters) for _ in range(28))


class CardInbox:
    """Whose card or QR code the next unknown one is. Lives on the gate's thread."""

    def __init__(self) -> None:
        self.code: str | None = None
        self.method = Method.CARD
        self._until = 0.0
        self._card: str | None = None

    def begin(self, code: str, method: Method, until: float) -> None:
        """Somebody holds it to a reader before ``until``."""
        self.code, self.method, self._until, self._card = code, method, until, None

    def offer(self, text: str, now: float) -> bool:
        """Take what is nobody's yet. False: nobody waits for it, or it is none."""
        if not self.waits(now) or len(text) < SHORTEST_CARD:
            return False
        self._card = text
        return True

    def waits(self, now: float) -> bool:
        """Whether one may still come."""
        return self.code is not None and self._card is None and now <= self._until

    def take(self) -> str | None:
        """What has come, once; it is over then."""
        card, self._card = self._card, None
        self.code = None
        return card
