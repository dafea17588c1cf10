"""What a gate keeps of a worker's consent: which text was signed, and when."""

from msgspec import Struct


class Consent(Struct, frozen=True, kw_only=True):
    """A consent that lives. ``text_hash``: 32 bytes; ``signed``: a day, ``YYYY-MM-DD``."""

    worker: str
    text: str
    text_hash: bytes
    signed: str
