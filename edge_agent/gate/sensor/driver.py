"""pyfingerprint, without the image library that it imports for one method.

Pillow is 2 MiB of a Pi Zero's memory, and nothing here downloads an image by pyfingerprint;
``edge-agent sensor image`` loads it.
"""

from ..lazy_import import load_when_used

load_when_used("PIL.Image")

from pyfingerprint.pyfingerprint import PyFingerprint  # noqa: E402

__all__ = ["PyFingerprint"]
