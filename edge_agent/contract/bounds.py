"""How large anything may be that comes over a wire, as types that msgspec holds what arrives to.

What lies beyond 2^53 has no canonical JSON (RFC 8785 knows the numbers of JavaScript only), what
lies beyond 2^63 no place in a database; a text of a megabyte has no use anywhere.
"""

from typing import Annotated

from msgspec import Meta

LARGEST_NUMBER = 2**53 - 1
"""RFC 7493, 2.2: what every reader of JSON takes for the same number."""

LARGEST_ENTRY = 64 * 1024
"""Bytes of an entry on the wire, which has a few hundred: no gate writes a longer one."""

LARGEST_KEPT = 1_000_000
"""Bytes of one that payroll still takes, as unreadable: what an older gate wrote from a crafted
file must not hold up all that it recorded since."""

MOST_KNOWN_WORKERS = 20_000
"""Whom a gate, and payroll, knows by all rosters that ever came: nobody is forgotten for not being
in one, so that one after the other with new codes would fill memory and card."""

MOST_ROSTERS_AN_HOUR = 20
MOST_CHANGES_AN_HOUR = 20_000
"""Workers whom rosters change at a gate, an entry each. What comes beyond either waits, the newest
for the others, until the hour is over."""

Number = Annotated[int, Meta(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]

Count = Annotated[int, Meta(ge=0, le=LARGEST_NUMBER)]
"""How many; of milliseconds too."""

Seq = Annotated[int, Meta(ge=1, le=LARGEST_NUMBER)]
"""An entry's place in its ledger; a roster's version."""

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]
"""A SHA-256. ``$`` alone would take a line's end after it."""

LedgerId = Annotated[str, Meta(pattern=r"^[0-9A-Za-z_-]{1,64}$(?!\n)", max_length=64)]
"""It becomes part of a topic and of log lines, so it is not just any text."""

Word = Annotated[str, Meta(max_length=128)]
"""A name of something, a date, a time: never a sentence."""

Line = Annotated[str, Meta(max_length=4096)]
"""A sentence or some."""
