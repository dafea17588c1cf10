"""What the flows need to keep secrets: a seal, and the sensor's passwords."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class KeyPair(NamedTuple):
    """``identity`` opens what was sealed to ``recipient``. Only the recipient may be shown."""

    identity: str
    recipient: str

    def __repr__(self) -> str:
        return f"KeyPair(recipient={self.recipient!r})"


class Sealing(Protocol):
    """Seals bytes to public keys; only who has a private one opens them."""

    def seal(self, data: bytes, recipients: Sequence[str]) -> bytes:
        """Seal to all of ``recipients`` (``age1…``). Raises BadRequest where one is no such key."""

    def open(self, sealed: bytes, identities: Sequence[str]) -> bytes:
        """What was sealed to one of these (``AGE-SECRET-KEY-1…``), whole and unaltered.

        Raises BadRequest that tells a wrong key from damage.
        """

    def new_keys(self) -> KeyPair:
        """A pair of keys that nobody else has."""


class Passwords(Protocol):
    """The passwords that the sensor may have, kept where only this gate reads them."""

    def known(self) -> tuple[int, ...]:
        """The likeliest first; empty where the sensor has none."""

    def keep(self, *passwords: int) -> None:
        """Keep these, durably, in place of those before. None: there is no password."""
