"""Fixtures of the gate's tests: the store's, for whatever works on a real file."""

from tests.gate.ledger.conftest import faulty

__all__ = ["faulty"]
