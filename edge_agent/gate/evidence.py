"""Why a finger's punch is credited to its worker, whose touch was refused, and how an entry commits
the gate to it.

The ledger cannot be erased and payroll has a copy of it. So its entries say only a hash, and what
that hash opens to stays at the gate, until the worker's data is erased or it is too old. Whoever
has no salt cannot try out the few fingers, slots and scores, or the codes, that there are.
"""

import hashlib

import msgspec
from msgspec import Struct

SALT_BYTES = 16


class Evidence(Struct, frozen=True, kw_only=True):
    """Which print matched, in which life of its slot, how well."""

    finger: str
    slot: int
    generation: int
    score: int


class Opening(Struct, frozen=True, kw_only=True):
    """What an entry's ``evidence_hash`` opens to, and whose it is. ``salt``: 16 random bytes."""

    worker: str
    evidence: Evidence
    salt: bytes

    @property
    def hash(self) -> str:
        """64 hex digits: SHA-256 over the salt, followed by the RFC 8785 JSON of the evidence.

        Its names are ASCII and its numbers integers: canonical is sorted and without spaces.
        """
        canonical = msgspec.json.encode(self.evidence, order="sorted")
        return hashlib.sha256(self.salt + canonical).hexdigest()


class AttemptOpening(Struct, frozen=True, kw_only=True):
    """Whose a refused touch was: what its entry's ``worker_hash`` opens to.

    ``salt``: 16 random bytes.
    """

    worker: str
    salt: bytes

    @property
    def hash(self) -> str:
        """64 hex digits: SHA-256 over the salt, followed by the code in UTF-8."""
        return hashlib.sha256(self.salt + self.worker.encode()).hexdigest()
