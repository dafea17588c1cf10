"""The topics of one gate (payroll contract, version 1)."""

from msgspec import Struct


class Topics(Struct, frozen=True):
    """Topic names under ``root`` for ``gate``."""

    root: str
    gate: str

    @property
    def ledger(self) -> str:
        """Every entry, in order."""
        return f"{self.root}/{self.gate}/ledger"

    @property
    def status(self) -> str:
        """Birth, health, last will; retained."""
        return f"{self.root}/{self.gate}/status"

    @property
    def commands(self) -> str:
        """What payroll asks of the gate."""
        return f"{self.root}/{self.gate}/commands"

    @property
    def replies(self) -> str:
        """The gate's answers to commands."""
        return f"{self.root}/{self.gate}/replies"

    @property
    def roster(self) -> str:
        """Payroll's list of workers, for all gates; retained."""
        return f"{self.root}/roster"

    def receipts(self, ledger: str) -> str:
        """How far payroll holds ``ledger``; retained."""
        return f"{self.root}/{self.gate}/receipts/{ledger}"
