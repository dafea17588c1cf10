"""sqlite-utils, without two libraries that it brings: the parser of dates, for two recipes of its
command line, and what reads archives, in which plugins might lie.

The parser is 1.4 MiB that a daemon would carry along for years.
"""

from ...lazy_import import load_when_used

load_when_used("dateutil.parser")
load_when_used("zipfile")

from sqlite_utils import Database, Migrations  # noqa: E402

__all__ = ["Database", "Migrations"]
