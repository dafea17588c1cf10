"""English where Vietnamese was asked for."""

import re

from edge_agent.gate.roles import MAY

_ENGLISH = re.compile(
    r"\b(the|is|are|was|were|not|and|which|cannot|have|has|from|with|this|that|of|its|yet)\b", re.I
)
"""Words that hardly an English sentence does without, and that Vietnamese does not have."""

_NO_WORDS = re.compile(r"'[^']*'|\"[^\"]*\"|\S*[/=._]\S*|--[\w-]+|\b[a-z]+-[a-z-]+(?= \()")
"""Commands to be copied, paths and names of settings; a code with its meaning, ``not-read (…)``."""


def english(text: str) -> list[str]:
    """The lines that are English, for all that one can tell."""
    return [row for row in text.splitlines() if _ENGLISH.search(_NO_WORDS.sub(" ", row))]


_SYLLABLE = re.compile(
    r"(?:ngh?|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdghklmnpqrstvx])?"
    r"(?:oai|oay|oeo|uay|uya|uye|uyu|ieu|yeu|uoi|uou|[aou]i|[aou]y|a[ou]|e[ou]|i[aeu]|o[aeo]|u[aeou]"
    r"|ye|[aeiouy])(?:ng|nh|ch|[cmnpt])?",
    re.I,
)
"""A syllable of Vietnamese without marks: nearly all other words of plain letters are foreign."""

_QUOTED = re.compile(r"(?<!\w)'[^']*'(?!\w)|\"[^\"]*\"")

_TYPED = re.compile(
    r"`[^`]*`|\{[^}]*\}|\S*[/=_]\S*|\S+\.\w+|(?<!\w)--?\w[\w-]*|\[[a-z0-9|]+\]|\w+\*?\|[\w|]+"
    r"|\S*\d\S*|[\w-]+-[\w-]+|\w+ \([^)]*\)"
)
"""What is typed or copied: also a word with its meaning in parentheses."""

_COMMANDS = re.compile(
    r"(?:edge-agent|systemctl|journalctl|sudo|apt|pip)(?: [a-z-]+){1,4}|sudo|journalctl"
    r"|\[\w+\](?:,? (?:(?:và|hoặc|hay) )?[a-z]\w*)+"
    r"|^  [a-z-]+(?=  |$)",
    re.M,
)
"""As they are typed, and at the beginning of a list's row."""

_TERMS = frozenset(
    word
    for line in (
        "ansi apn app attlog baud bcm bluetooth broker byte csv db debian dns doctor email excel",
        "exporter gb gnd google gpio gpiod home assistant html id json kb led linux mac mb ms node",
        "mosquitto mqtt nv os overlay pem pin png posix postgresql prometheus python qos qr",
        "raspberry",
        "restart root rtc rx sigterm sigusr socket sql sqlite ssh ssd tcp tls toml topic tx uart",
        "unicode unikey unit url usb utc uuid utf web wi xlsx zalo zip zkteco bhxh cn kl tt iana",
        "smartphone sim card console ctrl enter age ca pi fi windows login port localhost",
        "auto left locale segno adjtimex",
    )
    for word in line.split()
) | {word for command in MAY for word in command.split()}
"""Words of the trade that people at a gate in Vietnam say so, names, and units."""


def foreign(text: str) -> list[str]:
    """The words that are neither Vietnamese nor of the trade, for all that one can tell."""
    for typed in (_QUOTED, _COMMANDS, _TYPED, _NO_WORDS):
        text = typed.sub(" ", text)
    words = re.findall(r"[^\W\d_]+", text)
    return [
        word
        for word in words
        if len(word) > 1
        and word.isascii()
        and not _SYLLABLE.fullmatch(word)
        and word.lower() not in _TERMS
    ]
