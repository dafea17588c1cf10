"""Where a file is no TOML, for whoever has written it by hand. Pure."""

import re

from ..contract.language import Message

_PLACE = re.compile(r"at line (\d+), column (\d+)")


def toml_problem(error: ValueError) -> Message:
    """Of tomllib's error: the place at which the parser stopped, and what a line should be like."""
    if place := _PLACE.search(str(error)):
        return Message("table.toml-line", line=int(place[1]), column=int(place[2]))
    return Message("table.toml-end")
