"""Ed25519 signatures under what payroll says, so that whoever holds the broker cannot say it.

A receipt, command or roster carries its signature in a field of its own, which a reader that knows
nothing of it passes over. What is signed is the topic, a line's end and the canonical JSON (RFC
8785) of the message without that field, after a line that names this use of the key: a message
holds on the one topic for which it was made, and so for one gate, ledger and purpose.

The library is imported at the first use: most gates have no key, and a Pi Zero has 512 MB.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import rfc8785
from msgspec import Meta, Struct

_CONTEXT = b"edge-agent-signature-v1\n"
_ID_DIGITS = 8


class Signature(Struct, frozen=True, kw_only=True):
    """``key``: the first 8 hex digits of the public key; ``value``: the 64 bytes in base64."""

    key: Annotated[str, Meta(pattern=r"^[0-9a-f]{8}$(?!\n)", max_length=8)]
    value: Annotated[str, Meta(pattern=r"^[0-9A-Za-z+/]{86}==$(?!\n)", max_length=88)]


class NotSigned(Exception):
    """Nobody whom we believe has signed this; the text says how it is. It quotes nothing."""


class Believed:
    """Whom a gate believes: whoever signs with one of ``keys``; without keys, everybody."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._keys = {key[:_ID_DIGITS]: bytes.fromhex(key) for key in keys}
        self.refused = 0
        """How many messages were not signed by any of them."""

    @property
    def ids(self) -> list[str]:
        """What a signature calls these keys."""
        return list(self._keys)

    def opened(self, topic: str, payload: bytes, longest: int) -> bytes:
        """Return what was signed, in its canonical form: that is to be read, and nothing else.

        Without keys it is the message as it came. Raises NotSigned; of a message that has more than
        ``longest`` bytes nothing is read.
        """
        if not self._keys:
            return payload
        try:
            return self._checked(topic, payload, longest)
        except NotSigned:
            self.refused += 1
            raise

    def _checked(self, topic: str, payload: bytes, longest: int) -> bytes:
        if len(payload) > longest:
            raise NotSigned("it is too long")
        message, found = _taken_apart(payload)
        if found is None:
            raise NotSigned("it is not signed")
        try:
            signature = msgspec.convert(found, Signature)
            value = base64.b64decode(signature.value, validate=True)
        except (msgspec.ValidationError, binascii.Error):
            raise NotSigned("its signature is none") from None
        key = self._keys.get(signature.key)
        if key is None:
            raise NotSigned(f"it is signed by key {signature.key}, which is not in the settings")
        canonical = _canonical(message)
        if not _holds(key, _signed(topic, canonical), value):
            raise NotSigned("its signature is not that of this message on this topic")
        return canonical


class SigningKey:
    """The key by which payroll signs: ``seed`` has 32 bytes, and nobody else may know them."""

    def __init__(self, seed: bytes) -> None:
        from nacl.signing import SigningKey as Ed25519Key

        self._key = Ed25519Key(seed)
        self.public = bytes(self._key.verify_key).hex()
        """What may be shown, and stands in the gates' settings."""

    @classmethod
    def new(cls) -> "SigningKey":
        """One that nobody else has."""
        from nacl.utils import random

        return cls(random(32))

    @classmethod
    def of_pem(cls, pem: bytes) -> "SigningKey":
        """The key in a file of ours or of ``openssl genpkey -algorithm ed25519`` (RFC 8410).

        Raises ValueError where it is none.
        """
        lines = [line.strip() for line in pem.splitlines() if line.strip()]
        try:
            der = base64.b64decode(b"".join(lines[1:-1]), validate=True)
        except binascii.Error:
            der = b""
        armour = [_BEGIN, _END]
        if lines[:1] + lines[-1:] != armour or len(der) != 48 or der[:16] != _PKCS8:
            raise ValueError("it is no Ed25519 private key in PEM form")
        return cls(der[16:])

    @property
    def pem(self) -> bytes:
        """The file that keeps it (RFC 8410): OpenSSL and every language's library read it."""
        der = base64.b64encode(_PKCS8 + bytes(self._key))
        return b"\n".join((_BEGIN, der, _END, b""))

    def signed(self, topic: str, payload: bytes) -> bytes:
        """A JSON object with its signature for ``topic``; one that it had is replaced."""
        message, _ = _taken_apart(payload)
        value = self._key.sign(_signed(topic, _canonical(message))).signature
        mark = Signature(
            key=self.public[:_ID_DIGITS], value=base64.b64encode(value).decode("ascii")
        )
        return msgspec.json.encode(message | {"signature": mark})


def has_signed(keys: Sequence[str], content: bytes, value: bytes) -> bool:
    """Whether one of these public keys has signed the bytes of a file as they are (RFC 8032).

    Raises NotSigned where that cannot be found out.
    """
    if len(value) != _SIGNATURE_BYTES:
        return False
    return any(_holds(bytes.fromhex(key), content, value) for key in keys)


_SIGNATURE_BYTES = 64

_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")
"""All of a PKCS #8 Ed25519 key before its 32 bytes (RFC 8410, 7)."""

_BEGIN, _END = b"-----BEGIN PRIVATE KEY-----", b"-----END PRIVATE KEY-----"


def _taken_apart(payload: bytes) -> tuple[dict[str, Any], Any]:
    """The message without its signature, and the signature; None where there is none."""
    try:
        message = msgspec.json.decode(payload, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotSigned("it is no JSON object") from None
    return message, message.pop("signature", None)


def _canonical(message: dict[str, Any]) -> bytes:
    try:
        return rfc8785.dumps(message)
    except (rfc8785.CanonicalizationError, ValueError, RecursionError):
        raise NotSigned("it has no canonical form (RFC 8785)") from None


def _signed(topic: str, canonical: bytes) -> bytes:
    return _CONTEXT + topic.encode() + b"\n" + canonical


def _holds(key: bytes, message: bytes, value: bytes) -> bool:
    try:
        from nacl.exceptions import BadSignatureError
        from nacl.signing import VerifyKey
    except (ImportError, OSError):
        # An installation that is not whole must not keep anybody from being recorded.
        raise NotSigned("PyNaCl, which checks signatures, cannot be loaded") from None
    try:
        VerifyKey(key).verify(message, value)
    except BadSignatureError:
        return False
    return True
