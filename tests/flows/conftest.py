"""Fixtures of the flows' tests: the store's, for flows on a real file."""

from tests.store.conftest import faulty

__all__ = ["faulty"]
