"""English where Vietnamese was asked for."""

import re

_ENGLISH = re.compile(
    r"\b(the|is|are|was|were|not|and|which|cannot|have|has|from|with|this|that|of|its|yet)\b", re.I
)
"""Words that hardly an English sentence does without, and that Vietnamese does not have."""

_NO_WORDS = re.compile(r"'[^']*'|\"[^\"]*\"|\S*[/=._]\S*|--[\w-]+")
"""Commands to be copied, paths and names of settings."""


def english(text: str) -> list[str]:
    """The lines that are English, for all that one can tell."""
    return [row for row in text.splitlines() if _ENGLISH.search(_NO_WORDS.sub(" ", row))]
