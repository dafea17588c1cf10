"""Seal bytes to public keys by age (age-encryption.org/v1), in X25519 keys only.

pyrage is imported at the first use: a gate seals once a month, and a Pi Zero has 512 MB.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ....contract.errors import BadRequest

_PUBLIC, _PUBLIC_LENGTH = "age1", 62

_NO_KEY_FITS = "No matching keys found"


class KeyPair(NamedTuple):
    """``identity`` opens what was sealed to ``recipient``. Only the recipient may be shown."""

    identity: str
    recipient: str

    def __repr__(self) -> str:
        return f"KeyPair(recipient={self.recipient!r})"


class AgeSealing:
    """Seals bytes to public keys; only who has a private one opens them."""

    def seal(self, data: bytes, recipients: Sequence[str]) -> bytes:
        """Seal to all of ``recipients`` (``age1…``). Raises BadRequest where one is no such key."""
        import pyrage

        keys = []
        for recipient in recipients:
            try:
                keys.append(pyrage.x25519.Recipient.from_str(recipient))
            except pyrage.RecipientError as error:
                if _looks_public(recipient):
                    raise BadRequest("backup.mistyped-key", key=recipient) from error
                # What was typed is not shown: somebody may have given the private key.
                raise BadRequest("backup.no-public-key") from error
        if not keys:
            raise BadRequest("backup.no-recipient")
        sealed: bytes = pyrage.encrypt(data, keys)
        return sealed

    def open(self, sealed: bytes, identities: Sequence[str]) -> bytes:
        """What was sealed to one of these (``AGE-SECRET-KEY-1…``), whole and unaltered.

        Raises BadRequest that tells a wrong key from damage.
        """
        import pyrage

        try:
            keys = [pyrage.x25519.Identity.from_str(identity) for identity in identities]
        except pyrage.IdentityError as error:
            raise BadRequest("backup.no-private-key") from error
        try:
            opened: bytes = pyrage.decrypt(sealed, keys)
        except pyrage.DecryptError as error:
            if str(error) == _NO_KEY_FITS:
                raise BadRequest("backup.other-keys") from error
            raise BadRequest("backup.damaged") from error
        return opened

    def new_keys(self) -> KeyPair:
        """A pair of keys that nobody else has."""
        import pyrage

        identity = pyrage.x25519.Identity.generate()
        return KeyPair(str(identity), str(identity.to_public()))


def _looks_public(recipient: str) -> bool:
    """Whether it is a public key but for a letter: age's keys hold a checksum."""
    return recipient.startswith(_PUBLIC) and len(recipient) == _PUBLIC_LENGTH
