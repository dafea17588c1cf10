"""Read an entry's ``data`` back from its bytes."""

from typing import Any

import msgspec

from ..domain.chain import Envelope
from ..domain.errors import DamagedLedger


def data_of(wire: bytes) -> dict[str, Any]:
    """The ``data`` of an entry. Raises DamagedLedger where the bytes are none."""
    try:
        envelope = msgspec.json.decode(wire, type=Envelope)
        data: dict[str, Any] = msgspec.json.decode(envelope.data, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise DamagedLedger(
            f"An entry of the ledger cannot be read ({error}): see 'edge-agent ledger verify', and "
            "keep the database as it is."
        ) from error
    return data
