"""Sealing to age keys: the only importer of pyrage."""

from .age import AgeSealing

__all__ = ["AgeSealing"]
