"""The catalogues of messages: read, and compiled for gettext, which is all that a gate needs.

    make catalogue

writes each ``SUBJECT.mo`` anew from the ``SUBJECT.po`` beside it. Both are kept in git, so that a
checkout runs as it is.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from edge_agent.contract.language import CATALOGUES, LANGUAGES

_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""Who compiles the same words again gets the same file."""


def sources(language: str) -> Iterator[Path]:
    """The catalogues of a language, as people write them."""
    return iter(sorted(Path(CATALOGUES, language, "LC_MESSAGES").glob("*.po")))


def read(path: Path) -> Catalog:
    """What stands in a .po file. Raises where it is none."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], abort_invalid=True)


@cache
def words(language: str) -> dict[str, tuple[str, ...]]:
    """The name of each message of ours → its words, one for each plural form."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sources(language):
        if path.stem == "click":  # Its names are click's own sentences.
            continue
        for message in read(path):
            if message.id:
                name = message.id if isinstance(message.id, str) else message.id[0]
                text = message.string
                found[name] = (text,) if isinstance(text, str) else tuple(text)
    return found


def compile_all() -> None:
    """Write each .mo file."""
    for language in LANGUAGES:
        for path in sources(language):
            catalogue = read(path)
            catalogue.creation_date = catalogue.revision_date = _NO_DATE
            with path.with_suffix(".mo").open("wb") as file:
                write_mo(file, catalogue)


if __name__ == "__main__":
    compile_all()
