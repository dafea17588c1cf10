"""``python -m tests.made``: write all of it."""

from . import ROOT
from .completion import SCRIPTS
from .manual import PAGES
from .messages import TABLES
from .recording import PICTURES
from .wiring import DRAWN


def made() -> dict[str, str]:
    """Path from the project's folder → text."""
    return {
        path: make()
        for files in (SCRIPTS, PAGES, TABLES, DRAWN, PICTURES)
        for path, make in files.items()
    }


if __name__ == "__main__":
    for path, text in made().items():
        target = ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
