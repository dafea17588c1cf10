"""Where the versions of the program lie below /opt/edge-agent, and which of them counts.

``versions/NAME`` is a whole one each, as ``stage.sh`` has laid it out. ``current`` is a link to the
one that counts, and ``previous`` to the one before it: ``settle.sh`` exchanges them.
"""

from pathlib import Path

_COMPLETE = "complete"


class Places:
    """All below ``root``, which is / on a gate."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.home = root / "opt/edge-agent"
        self.settings = root / "etc/edge-agent"
        self.workshop = self.home / "upgrade"
        """What an upgrade needs, for root's eyes only: there are names in it."""
        self.journal = self.workshop / "journal.json"
        self.outcome = self.workshop / "outcome.json"
        self.conductor = self.workshop / "by"
        """A link to the version that conducts the upgrade, for the unit that calls it."""

    @property
    def current(self) -> str | None:
        """The version that counts; None: the program is not installed in this way."""
        return self._led_to("current")

    @property
    def previous(self) -> str | None:
        """The one that counted before; None where it is not there any more."""
        return self._led_to("previous")

    def folder(self, version: str) -> Path:
        """All of a version."""
        return self.home / "versions" / version

    def program(self, version: str) -> Path:
        """What is called as ``edge-agent``."""
        return self.folder(version) / "venv/bin/edge-agent"

    def stand_in(self, number: int) -> Path:
        """The copy of the database of one of the machine's gates."""
        return self.workshop / f"stand-in-{number}.db"

    def _led_to(self, name: str) -> str | None:
        try:
            version = (self.home / name).readlink().name
        except OSError:
            return None
        return version if (self.folder(version) / _COMPLETE).exists() else None
