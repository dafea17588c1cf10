"""sqlite-utils, without the parser of dates that it imports for two recipes of its command line.

dateutil's parser is 1.4 MiB that a daemon would carry along for years.
"""

from ...lazy_import import load_when_used

load_when_used("dateutil.parser")

from sqlite_utils import Database, Migrations  # noqa: E402

__all__ = ["Database", "Migrations"]
