"""A backup's templates go into the sensor: which of them, into which slots, and no finger twice."""

from .restore import Restore

__all__ = ["Restore"]
