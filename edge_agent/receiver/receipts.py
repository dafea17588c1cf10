"""Which receipts are owed. One for each ledger, the newest: it says all that an older one said."""

from .store import Standing


class Receipts:
    """Owed receipts, those that have waited longest first."""

    def __init__(self) -> None:
        self._owed: dict[tuple[str, str], Standing] = {}

    def owe(self, standing: Standing) -> None:
        """The gate that sent this ledger is to hear how far it is held."""
        self._owed[standing.ledger, standing.gate] = standing

    def due(self, room: int) -> list[Standing]:
        """As many as there is room for on the line; they are not owed any more."""
        keys = list(self._owed)[: max(room, 0)]
        return [self._owed.pop(key) for key in keys]
