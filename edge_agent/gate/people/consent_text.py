"""The texts that workers agree to, word for word: a version that was ever used never changes.

One file a version and a language, ``vi-1``: a heading, and paragraphs with an empty line between.
"""

import hashlib
from pathlib import Path

from msgspec import Struct

from ...contract.errors import BadRequest

_FOLDER = Path(__file__).parent / "consent_texts"


class ConsentText(Struct, frozen=True, kw_only=True):
    """One text. ``name`` is language and version: ``vi-1``."""

    name: str
    body: str

    @property
    def language(self) -> str:
        """In which language it is."""
        return self.name.partition("-")[0]

    @property
    def version(self) -> int:
        """The how many-th in its language."""
        return int(self.name.partition("-")[2])

    @property
    def hash(self) -> str:
        """64 hex digits: SHA-256 of its UTF-8 bytes."""
        return hashlib.sha256(self.body.encode()).hexdigest()


def consent_text(name: str) -> ConsentText:
    """The text of this name. Raises BadRequest with the names that there are."""
    known = names()
    if name not in known:
        raise BadRequest("consent.no-such-text", text=name, known=known)
    return ConsentText(name=name, body=(_FOLDER / f"{name}.txt").read_text("utf-8"))


def newest(language: str) -> ConsentText:
    """The text to be signed today."""
    own = [consent_text(name) for name in names() if name.startswith(f"{language}-")]
    return max(own, key=lambda text: text.version)


def is_newest(name: str) -> bool:
    """Whether whoever signed this text need not be asked again."""
    return name in names() and consent_text(name) == newest(name.partition("-")[0])


def names() -> list[str]:
    """All texts by name."""
    return sorted(path.stem for path in _FOLDER.glob("*.txt"))
